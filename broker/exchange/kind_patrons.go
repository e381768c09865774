package exchange

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"afield/broker"
	"afield/broker/csvfile"
	"afield/broker/directory"
	"afield/broker/patrons"
	"afield/broker/policy/accounts"
	"afield/broker/postgres"
)

func patronsKind() kind {
	return kind{
		name: Patrons,
		columns: []Column{
			{Name: "card", Needed: true, Says: "the card number; by it the patron is known again"},
			{Name: "class", Needed: true, Says: "a class the library's policy knows"},
			{Name: "key", Says: "the patron's number in the old system, where a patron has no card or changes it"},
			{Name: "card_status", Says: strings.Join(cardStatuses(), ", ") + "; empty: active, or as it is"},
			{Name: "other_cards", Says: "earlier cards, as 2123=lost;2124=replaced"},
			{Name: "institution", Says: "for the class library: its symbol, as ISIL:US-NWPTL"},
			{Name: "name", Says: "the patron's name"},
			{Name: "birth_date", Says: "2001-05-30"},
			{Name: "phone", Says: "a telephone number"},
			{Name: "phone_checked", Says: "when staff last confirmed it"},
			{Name: "email", Says: "an address"},
			{Name: "notices_by", Says: strings.Join(patrons.NoticeChannels(), ", ") + "; empty: as the policy says"},
			{Name: "expires", Says: "the last day of the account"},
			{Name: "status", Says: "active, suspended, closed"},
			{Name: "note", Says: "for staff"},
			{Name: "branch", Says: "the code of the home branch"},
			{Name: "household", Says: "the key of the household or business"},
			{Name: "household_name", Says: "its name"},
			{Name: "household_kind", Says: "household, business"},
			{Name: "household_paid_until", Says: "a date"},
			{Name: "address", Says: "where letters go"},
			{Name: "language", Says: "en"},
			{Name: "not_for", Says: "types and audiences kept from this account, as dvd;adult"},
			{Name: "home_library", Says: "of a reciprocal borrower"},
			{Name: "keep_history", Says: "yes, no, or empty: as the policy says"},
			{Name: "registered", Says: "a date"},
			{Name: "last_active", Says: "a date"},
			{Name: "guardian_card", Says: "card numbers or keys of those who answer for the patron, divided by ;"},
			{Name: "created", Says: "when the record was made"},
		},
		names: func(r *row) []string {
			var names []string
			for _, column := range []string{"card", "key"} {
				if text := r.text(column); text != "" {
					names = append(names, column+" "+text)
				}
			}
			return names
		},
		ids:   []string{"key", "household"},
		save:  savePatrons,
		waits: func(r *row) bool { return r.text("guardian_card") != "" },
		after: linkPatrons,
	}
}

// patronColumns are the table's columns that the file's columns fill.
func patronColumns(file rowReader) (columns []string) {
	for name, column := range map[string]string{
		"class": "class", "name": "name", "birth_date": "born_on", "phone": "phone", "phone_checked": "phone_checked_on",
		"email": "email", "notices_by": "notice_channel", "expires": "expires_on", "status": "status", "note": "note",
		"branch": "branch_id", "household": "household_id", "address": "address", "language": "language", "not_for": "not_for",
		"home_library": "home_library", "keep_history": "keep_history", "registered": "registered_on", "last_active": "last_active_on",
	} {
		if file.has(name) {
			columns = append(columns, column)
		}
	}
	slices.Sort(columns)
	return columns
}

func savePatrons(ctx context.Context, tx *postgres.Tx, j *job, rows []*row) error {
	known, err := j.people(ctx, tx, rows, "card", "key", "guardian_card", "other_cards")
	if err != nil {
		return err
	}
	institutions, err := j.institutions(ctx, tx, rows)
	if err != nil {
		return err
	}
	var records []patrons.Record
	var cards []patrons.CardRecord
	households := map[broker.ID]patrons.HouseholdRecord{}
	var kept []*row
	var ids []broker.ID
	owner := map[broker.ID]broker.ID{} // of a card
	for _, read := range rows {
		record := j.patron(read, known, institutions)
		j.guardians(read, record, known)
		own := j.cards(read, record, known)
		household := j.household(read)
		if read.errors != nil {
			continue
		}
		record.Household = household.ID
		if household.ID != broker.NoID {
			households[household.ID] = household
		}
		records, kept, ids = append(records, record), append(kept, read), append(ids, record.ID)
		for _, card := range own {
			owner[card.ID] = record.ID
		}
		cards = append(cards, own...)
	}
	if err := j.saveHouseholds(ctx, tx, households); err != nil {
		return err
	}
	saved, err := patrons.SaveRecords(ctx, tx, patronColumns(j.file), records)
	if err != nil {
		return err
	}
	savedCards, err := patrons.SaveCardRecords(ctx, tx, cards)
	if err != nil {
		return err
	}
	for card, patron := range owner {
		if savedCards.Has(card) {
			saved.Changed[patron] = true
		}
	}
	settle(kept, ids, saved)
	return j.hintAlike(ctx, tx, kept, records)
}

// hintAlike says of new patrons who else may be the same person, as registering
// them at a desk does.
func (j *job) hintAlike(ctx context.Context, tx *postgres.Tx, rows []*row, records []patrons.Record) error {
	var brought []patrons.Patron
	line := map[broker.ID]int{}
	for i, read := range rows {
		if line[records[i].ID] = read.line; read.outcome == isNew && records[i].Class != patrons.ClassLibrary {
			brought = append(brought, patrons.Patron{
				Library: j.Library, ID: records[i].ID, Name: records[i].Name, BornOn: records[i].BornOn, Email: records[i].Email, Phone: records[i].Phone,
			})
		}
	}
	if len(brought) == 0 {
		return nil
	}
	alike, err := patrons.Alike(ctx, tx, j.Library, brought...)
	if err != nil {
		return err
	}
	for i, read := range rows {
		var others []string
		for _, other := range alike[records[i].ID] {
			if at, inFile := line[other]; inFile {
				others = append(others, fmt.Sprintf("line %d", at))
			} else {
				others = append(others, "account "+other.String())
			}
		}
		if others != nil {
			read.hint = &csvfile.RowError{
				Line: read.line, Column: "name", Code: "alike", Message: "may be the same person as " + strings.Join(others, ", ") + "; merge them if so",
			}
		}
	}
	return nil
}

func (j *job) saveHouseholds(ctx context.Context, tx *postgres.Tx, households map[broker.ID]patrons.HouseholdRecord) error {
	var records []patrons.HouseholdRecord
	for _, household := range households {
		records = append(records, household)
	}
	var update []string
	for name, column := range map[string]string{"household_name": "name", "household_kind": "kind", "household_paid_until": "paid_until"} {
		if j.file.has(name) {
			update = append(update, column)
		}
	}
	_, err := patrons.SaveHouseholdRecords(ctx, tx, update, records)
	return err
}

func (j *job) patron(read *row, known people, institutions map[string]broker.ID) patrons.Record {
	record := patrons.Record{
		Library: j.Library, Class: read.text("class"), Name: read.text("name"), Branch: j.branch(read),
		BornOn: read.date("birth_date"), Phone: read.text("phone"), PhoneCheckedOn: read.date("phone_checked"), Email: read.text("email"),
		NoticeChannel: strings.ToLower(read.text("notices_by")), ExpiresOn: read.date("expires"),
		Status: patrons.Status(read.oneOf("status", "active", "suspended", "closed")), Note: read.text("note"),
		Address: read.text("address"), Language: orElse(read.text("language"), "en"), NotFor: read.list("not_for"),
		HomeLibrary: read.text("home_library"), KeepHistory: read.yesNo("keep_history"),
		RegisteredOn: read.date("registered"), LastActiveOn: read.date("last_active"), CreatedAt: read.moment("created", j.library.Zone),
	}
	if record.CreatedAt.IsZero() {
		record.CreatedAt = j.Now
	}
	j.person(read, record, j.isHere(read, known))
	institution := read.text("institution")
	record.Institution = institutions[institution]
	switch {
	case (record.Class == patrons.ClassLibrary) != (institution != ""):
		read.wrong("institution", "goes with the class library, and only with it")
	case institution != "" && record.Institution == broker.NoID:
		read.wrong("institution", "%q is no library of the directory; write a symbol it knows, as ISIL:US-NWPTL", shown(institution))
	}
	j.identify(read, &record, known)
	return record
}

// isHere tells whether a row is about a patron who is in the library already.
func (j *job) isHere(read *row, known people) bool {
	_, byCard := known.byCard[read.text("card")]
	_, byKey := known.byID[j.keyed("patron", read.text("key")).String()]
	return byCard || byKey
}

// person judges what a row says of a person; a library that borrows is none. A
// patron who is here without a name may stay so.
func (j *job) person(read *row, record patrons.Record, here bool) {
	if record.Class == patrons.ClassLibrary {
		return
	}
	columns := map[string]string{
		"/class": "class", "/name": "name", "/born_on": "birth_date", "/notice_channel": "notices_by", "/email": "email", "/phone": "phone",
		"/language": "language", "/not_for": "not_for",
	}
	if here {
		delete(columns, "/name")
	}
	read.judge(columns, patrons.Check(j.document, patrons.Patron{
		Class: record.Class, Name: record.Name, BornOn: record.BornOn, NoticeChannel: record.NoticeChannel, Email: record.Email,
		Phone: record.Phone, Language: record.Language, NotFor: record.NotFor,
	}, j.library.Today(j.Now)))
}

// identify finds who a row is about: by card, else by key; else somebody new.
func (j *job) identify(read *row, record *patrons.Record, known people) {
	card, key := read.text("card"), read.text("key")
	if card == "" && key == "" {
		read.wrong("card", "is empty; a patron has a card number, or at least a key")
		return
	}
	byCard, hasCard := known.byCard[card]
	byKey, hasKey := known.byID[j.keyed("patron", key).String()]
	switch {
	case hasCard && byCard.Library != j.Library:
		read.wrong("card", "%s is the card of another library's patron", shown(card))
	case key != "" && hasKey && hasCard && byCard.ID != byKey.ID:
		read.wrong("card", "%s is the card of another patron than the one with the key %s", shown(card), shown(key))
	case hasCard:
		record.ID = byCard.ID
	case key != "":
		record.ID = j.keyed("patron", key)
	default:
		record.ID = broker.NewID()
	}
	if hasCard && byCard.Class == patrons.ClassLibrary != (record.Class == patrons.ClassLibrary) {
		read.wrong("class", "a person does not become a library, nor a library a person")
	}
}

// cardStatuses are those of a card, the usual one first.
func cardStatuses() []string { return []string{"active", "lost", "stolen", "replaced", "surrendered"} }

func (j *job) cards(read *row, record patrons.Record, known people) []patrons.CardRecord {
	var cards []patrons.CardRecord
	add := func(column, number, status string) {
		card := patrons.CardRecord{
			Library: j.Library, ID: broker.NewID(), Realm: j.library.SharingGroup, Number: number, Patron: record.ID,
			Status: patrons.CardStatus(status), CreatedAt: record.CreatedAt,
		}
		if holder, taken := known.byCard[number]; taken {
			card.ID = holder.Card
			if holder.ID != record.ID && column != "card" {
				read.wrong(column, "%s is the card of another patron", shown(number))
			}
		}
		if status != string(patrons.CardActive) {
			card.StoppedOn = j.library.Today(j.Now)
			if _, known := known.byCard[number]; known {
				card.StoppedOn = broker.Date{}
			}
		}
		cards = append(cards, card)
	}
	for _, other := range read.list("other_cards") {
		number, status, _ := strings.Cut(other, "=")
		if !slices.Contains(cardStatuses(), status) || number == "" {
			read.wrong("other_cards", "%q is not a card with its status; write them as 2123=lost;2124=replaced", shown(other))
			continue
		}
		add("other_cards", number, status)
	}
	status := read.oneOf("card_status", cardStatuses()...)
	if number := read.text("card"); number != "" {
		if holder, found := known.byCard[number]; found && read.text("card_status") == "" {
			status = string(holder.CardStatus) // a file that gives no status does not bring a stopped card back
		}
		if _, known := known.byCard[number]; !known {
			read.judge(map[string]string{"/card": "card"}, patrons.CheckNumber(j.library, j.document, "/card", number))
		}
		add("card", number, status)
	}
	return cards
}

func (j *job) household(read *row) patrons.HouseholdRecord {
	key := read.text("household")
	paid := read.date("household_paid_until")
	kind := read.oneOf("household_kind", "household", "business")
	if key == "" {
		return patrons.HouseholdRecord{}
	}
	return patrons.HouseholdRecord{
		Library: j.Library, ID: j.keyed("household", key), Kind: kind, Name: orElse(read.text("household_name"), key), PaidUntil: paid, CreatedAt: j.Now,
	}
}

// guardians checks that those who answer for a patron are here, or come in the
// same file.
func (j *job) guardians(read *row, record patrons.Record, known people) {
	named := read.list("guardian_card")
	if read.says("guardian_card") && len(named) == 0 && !j.isHere(read, known) && accounts.GuardianNamed(j.document, record.Class).Value {
		read.wrongAs("guardian_missing", "guardian_card", "is empty; somebody answers for a patron of the class %s", shown(record.Class))
	}
	for _, name := range named {
		holder, found := known.holder(j, name)
		switch {
		case name == read.text("card") || name == read.text("key") || (found && holder.ID == record.ID):
			read.wrong("guardian_card", "is the patron's own")
		case found && holder.Library != j.Library:
			read.wrong("guardian_card", "%q belongs to another library's patron", shown(name))
		case !found && j.first.Line("card "+name) == 0 && j.first.Line("key "+name) == 0:
			read.wrong("guardian_card", "%q is no patron of this library, nor in this file", shown(name))
		}
	}
}

// linkPatrons links children to guardians when everybody is in.
func linkPatrons(ctx context.Context, tx *postgres.Tx, j *job, rows []*row) error {
	known, err := j.people(ctx, tx, rows, "card", "key", "guardian_card")
	if err != nil {
		return err
	}
	var parents, children []broker.ID
	of := map[broker.ID]*row{}
	for _, read := range rows {
		child, found := known.holder(j, orElse(read.text("card"), read.text("key")))
		if !found {
			continue // it was refused, and reported
		}
		of[child.ID] = read
		for _, name := range read.list("guardian_card") {
			parent, found := known.holder(j, name)
			if !found {
				j.half(read, csvfile.RowError{Line: read.line, Column: "guardian_card", Message: "names a patron whose own row was refused; correct that row and read the file in again"})
				continue
			}
			parents, children = append(parents, parent.ID), append(children, child.ID)
		}
	}
	gained, err := patrons.SaveLinks(ctx, tx, j.Library, parents, children, j.library.Today(j.Now))
	for child := range gained {
		j.gained(of[child])
	}
	return err
}

// institutions finds the libraries that rows name as borrowers.
func (j *job) institutions(ctx context.Context, tx *postgres.Tx, rows []*row) (map[string]broker.ID, error) {
	found := map[string]broker.ID{}
	for _, read := range rows {
		text := read.text("institution")
		symbol, err := broker.ParseSymbol(text)
		if text == "" || err != nil || found[text] != broker.NoID {
			continue
		}
		library, err := directory.BySymbol(ctx, tx, symbol)
		if broker.IsKind(err, broker.KindNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found[text] = library.ID
	}
	return found, nil
}
