package exchange

import (
	"context"
	"slices"
	"strings"

	"afield/broker"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

// The kinds of file that can be read in.
const (
	Patrons  = "patrons"
	Links    = "links"
	Proxies  = "proxies"
	Blocks   = "blocks"
	Items    = "items"
	Loans    = "loans"
	Holds    = "holds"
	Charges  = "charges"
	Calendar = "calendar"
	MARC     = "marc"
	Requests = "requests"
)

// Kinds lists the kinds of file, in the order in which a library brings them in.
func Kinds() []string {
	return []string{Calendar, Patrons, Links, Proxies, Blocks, MARC, Items, Loans, Holds, Charges, Requests}
}

// ColumnsOf lists the columns of a kind of file; none for MARC.
func ColumnsOf(name string) []Column {
	kind, err := kindNamed(name)
	if err != nil {
		return nil
	}
	return kind.columns
}

// ColumnNames are the columns of every kind of file.
func ColumnNames() map[string][]string {
	names := map[string][]string{}
	for _, kind := range Kinds() {
		for _, column := range ColumnsOf(kind) {
			names[kind] = append(names[kind], column.Name)
		}
	}
	return names
}

func kindNamed(name string) (kind, error) {
	for _, one := range []kind{patronsKind(), linksKind(), proxiesKind(), blocksKind(), itemsKind(), loansKind(), holdsKind(), chargesKind(), calendarKind(), marcKind(), requestsKind()} {
		if one.name == name {
			return one, nil
		}
	}
	return kind{}, broker.Invalid(broker.FieldError{Pointer: "/kind", Code: "unknown", Message: "must be one of " + strings.Join(Kinds(), ", ")})
}

// good gives the rows in which nothing is wrong so far.
func good(rows []*row) []*row {
	return slices.DeleteFunc(slices.Clone(rows), func(r *row) bool { return r.errors != nil })
}

// settle notes on rows what became of them; ids[i] belongs to rows[i].
func settle(rows []*row, ids []broker.ID, saved postgres.Saved) {
	for i, read := range rows {
		switch {
		case saved.New[ids[i]]:
			read.outcome = isNew
		case saved.Changed[ids[i]] && read.outcome == unchanged:
			read.outcome = changed
		}
	}
}

// branch reads a branch's code.
func (j *job) branch(read *row) broker.ID {
	const column = "branch"
	code := read.text(column)
	if code == "" {
		return broker.NoID
	}
	branch, known := j.branches[code]
	if !known {
		var codes []string
		for code := range j.branches {
			codes = append(codes, code)
		}
		slices.Sort(codes)
		read.wrong(column, "%q is not a branch of this library; right are %s", shown(code), orElse(strings.Join(codes, ", "), "none: leave it empty"))
	}
	return branch.ID
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// keyed makes the id of a thing that a file names by a key of its own. A key that
// is an id, as in an export, is that id.
func (j *job) keyed(what, key string) broker.ID {
	if id, err := broker.ParseID("key", key); err == nil && id != broker.NoID {
		return id
	}
	return broker.DeriveID(what, j.Library.String(), key)
}

// people finds the patrons that rows name, by card number or by key.
type people struct{ byCard, byID map[string]patrons.Holder }

func (j *job) people(ctx context.Context, tx *postgres.Tx, rows []*row, columns ...string) (found people, err error) {
	var cards []string
	var ids []broker.ID
	for _, read := range rows {
		for _, column := range columns {
			for _, name := range read.list(column) {
				name, _, _ = strings.Cut(name, "=") // of other_cards: the status follows
				cards, ids = append(cards, name), append(ids, j.keyed("patron", name))
			}
		}
	}
	if found.byCard, err = patrons.HoldersOf(ctx, tx, j.library.SharingGroup, cards); err != nil {
		return found, err
	}
	found.byID, err = patrons.HoldersByID(ctx, tx, ids)
	return found, err
}

// holder finds the patron that a card number or a key names.
func (p people) holder(j *job, name string) (patrons.Holder, bool) {
	if holder, found := p.byCard[name]; found {
		return holder, true
	}
	holder, found := p.byID[j.keyed("patron", name).String()]
	return holder, found
}

// borrower reads the patron a row is about: by its column card, else by patron.
func (p people) borrower(j *job, read *row) (patrons.Holder, bool) {
	for _, column := range []string{"card", "patron"} {
		name := read.text(column)
		if name == "" {
			continue
		}
		holder, found := p.holder(j, name)
		if !found && column == "card" && read.text("patron") != "" {
			continue
		}
		if !found {
			read.wrong(column, "%q is no patron of this library; read the patrons in first, or correct it", shown(name))
		}
		return holder, found
	}
	read.wrong("card", "is empty; write the patron's card number, or the key in the column patron")
	return patrons.Holder{}, false
}
