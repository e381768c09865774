package consortium

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
)

// Recorded is one row of the log: what was changed together at one library, or in
// what libraries have in common.
type Recorded struct {
	ID broker.ID `json:"id"`
	// Change names the rows that were changed together.
	Change broker.ID `json:"change_id"`
	// Library is NoID for what libraries have in common.
	Library broker.ID    `json:"library_id,omitzero"`
	At      time.Time    `json:"at"`
	By      broker.Actor `json:"by"`
	Reason  string       `json:"reason"`
	Lines   []Change     `json:"changes"`
	// Before and After are parts of a consortium's file. Applying Before undoes the
	// change: what did not exist then becomes closed, disabled or empty.
	Before string `json:"before"`
	After  string `json:"after"`
}

// record writes the changes of a plan into the log.
func (p *Plan) record(tx *postgres.Tx, as Applying, change broker.ID) error {
	about := map[*target][]Change{}
	for _, one := range p.Changes {
		about[one.library] = append(about[one.library], one)
	}
	before, after := p.sharedParts()
	if err := as.write(tx, change, broker.NoID, about[nil], before, after); err != nil {
		return err
	}
	for _, t := range p.targets {
		if err := as.write(tx, change, t.id, about[t], File{Libraries: []Library{t.before()}}, File{Libraries: []Library{t.Library}}); err != nil {
			return err
		}
	}
	return nil
}

// write queues one row of the log; without lines there is nothing to write.
func (as Applying) write(tx *postgres.Tx, change, library broker.ID, lines []Change, before, after File) error {
	if len(lines) == 0 {
		return nil
	}
	by, err := json.Marshal(as.Actor)
	if err != nil {
		return fmt.Errorf("write who changed the set-up: %w", err)
	}
	words, err := json.Marshal(lines)
	if err != nil {
		return fmt.Errorf("write what was changed: %w", err)
	}
	was, err := before.YAML()
	if err != nil {
		return err
	}
	is, err := after.YAML()
	if err != nil {
		return err
	}
	tx.Queue(`insert into configuration_changes (id, change_id, library_id, at, by, reason, lines, before, after)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		broker.NewID(), change, library, as.Now, by, as.Reason, words, string(was), string(is))
	return nil
}

// before is a library as it was, in a form that undoes what was changed.
func (t *target) before() Library {
	was := Library{Symbols: t.Symbols, Status: string(directory.StatusClosed)}
	if t.was != nil {
		was = t.was.said
	}
	was.Staff, was.Branches = slices.Clone(was.Staff), slices.Clone(was.Branches)
	for i := range was.Branches {
		was.Branches[i].Policy = cmp.Or(was.Branches[i].Policy, noPolicy)
	}
	for _, member := range t.Staff {
		if t.staffBefore(member.Username) == nil {
			was.Staff = append(was.Staff, StaffMember{Username: member.Username, Status: staffDisabled})
		}
	}
	if was.Search == nil && t.Search != nil {
		was.Search = &Search{URL: searchedNowhere}
	}
	if was.Reached != nil && t.Is == isMember {
		was.Reached = nil // a member stays one
	}
	return was
}

// sharedParts are what changed in what libraries have in common, before and after.
func (p *Plan) sharedParts() (before, after File) {
	if p.consortium != nil {
		before.Consortium, after.Consortium = p.in.Consortium, p.consortium
	}
	for _, one := range p.groups {
		if !one.inFile || one.was != nil && one.was.Kind == one.Kind && joined(one.was.Libraries) == joined(one.Libraries) {
			continue
		}
		was := Group{Name: one.Name, Kind: one.Kind, Libraries: []string{}}
		if one.was != nil {
			was = *one.was
		}
		before.Groups, after.Groups = append(before.Groups, was), append(after.Groups, one.Group)
	}
	shared := func(name string, catalogue func(*target) string) SharingGroup {
		group := SharingGroup{Name: name}
		for _, t := range p.targets {
			if t.Is == isMember && groupKey(catalogue(t)) == groupKey(name) {
				group.Libraries = append(group.Libraries, t.symbol())
			}
		}
		return group
	}
	for _, one := range p.catalogues {
		if one.was != "" {
			before.SharingGroups = append(before.SharingGroups, shared(one.was, func(t *target) string {
				if t.was == nil {
					return ""
				}
				return t.was.catalogue
			}))
			after.SharingGroups = append(after.SharingGroups, shared(one.name, func(t *target) string { return t.catalogue }))
		}
	}
	for _, one := range p.policies {
		after.Policies = append(after.Policies, PolicyText{one.name, string(one.text)})
		if text, err := p.in.register.TextOn(p.today())(one.name); err == nil {
			before.Policies = append(before.Policies, PolicyText{one.name, string(text)})
		}
	}
	return before, after
}

// Log reads the log, the newest first: the rows that the transaction may see of
// one change, or of all where it is NoID. before is the id of the last row of the
// page before, NoID for the first.
func Log(ctx context.Context, tx *postgres.Tx, change, before broker.ID, limit int) ([]Recorded, error) {
	rows, err := tx.Query(ctx, `select id, change_id, library_id, at, by, reason, lines, before, after from configuration_changes
		where ($1::uuid is null or change_id = $1) and ($2::uuid is null or id < $2) order by id desc limit $3`, change, before, limit)
	if err != nil {
		return nil, fmt.Errorf("read the log of changes: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Recorded, error) {
		var one Recorded
		var by, lines []byte
		if err := row.Scan(&one.ID, &one.Change, &one.Library, &one.At, &by, &one.Reason, &lines, &one.Before, &one.After); err != nil {
			return Recorded{}, err
		}
		one.At = one.At.UTC()
		if err := json.Unmarshal(by, &one.By); err != nil {
			return Recorded{}, err
		}
		return one, json.Unmarshal(lines, &one.Lines)
	})
}

// UndoingLast is Undoing where nothing was changed since at the libraries that the
// change touched; otherwise it is the conflict changed_since. only narrows the
// change to its part at one library, NoID does not.
func UndoingLast(ctx context.Context, tx *postgres.Tx, change, only broker.ID) (*Document, error) {
	rows, err := part(ctx, tx, change, only)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		var reason string
		err := tx.QueryRow(ctx, `select reason from configuration_changes
			where library_id is not distinct from $1 and change_id <> $2 and id > $3 and before <> after order by id desc limit 1`,
			row.Library, change, row.ID).Scan(&reason)
		switch {
		case err == nil:
			return nil, broker.Conflict("changed_since", "Something was changed there since (%s). Take that back first.", reason)
		case !errors.Is(err, pgx.ErrNoRows):
			return nil, fmt.Errorf("look for later changes: %w", err)
		}
	}
	return undoing(rows)
}

// part reads the rows of one change, all or those of one library.
func part(ctx context.Context, tx *postgres.Tx, change, only broker.ID) ([]Recorded, error) {
	rows, err := Log(ctx, tx, change, broker.NoID, 100_000)
	if only != broker.NoID {
		rows = slices.DeleteFunc(rows, func(row Recorded) bool { return row.Library != only })
	}
	if err == nil && len(rows) == 0 {
		err = broker.NotFound("change")
	}
	return rows, err
}

// Undoing is the file that takes a change back. A change that was not recorded
// is not found; the transaction sees all libraries, or takes back only its part.
func Undoing(ctx context.Context, tx *postgres.Tx, change broker.ID) (*Document, error) {
	rows, err := part(ctx, tx, change, broker.NoID)
	if err != nil {
		return nil, err
	}
	return undoing(rows)
}

func undoing(rows []Recorded) (*Document, error) {
	var whole File
	for _, row := range rows {
		part := Read([]byte(row.Before), nil)
		if err := Mistakes(part.written.Mistakes()).Error(); err != nil {
			return nil, fmt.Errorf("the log of changes cannot be read: %w", err)
		}
		if part.Consortium != nil {
			whole.Consortium = part.Consortium
		}
		whole.SharingGroups = append(whole.SharingGroups, part.SharingGroups...)
		whole.Groups = append(whole.Groups, part.Groups...)
		whole.Policies = append(whole.Policies, part.Policies...)
		whole.Libraries = append(whole.Libraries, part.Libraries...)
	}
	text, err := whole.YAML()
	return Read(text, nil), err
}
