package exchange

import (
	"context"
	"strings"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/holds"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
)

func holdsKind() kind {
	return kind{
		name: Holds,
		columns: []Column{
			{Name: "card", Says: "the patron's card number"},
			{Name: "patron", Says: "or the patron's key"},
			{Name: "title_key", Says: "the title's key, ISBN or id"},
			{Name: "barcode", Says: "of the one copy that will do; with any_copy, of any copy of the title"},
			{Name: "any_copy", Says: "yes: the barcode only names the title"},
			{Name: "copy", Says: "the barcode of the copy that was given to it"},
			{Name: "queued_at", Needed: true, Says: "when it was asked for: 2026-08-01 14:30"},
			{Name: "placed_at", Says: "when it joined the queue, where later"},
			{Name: "branch", Says: "the code of the pick-up branch"},
			{Name: "status", Says: "placed, on_hold_shelf, in_transit, fulfilled, cancelled, expired, unfilled"},
			{Name: "captured_at", Says: "when the copy was given to it"},
			{Name: "on_shelf_at", Says: "when it reached the hold shelf"},
			{Name: "pick_up_by", Says: "the last day there"},
			{Name: "closed_at", Says: "when it ended"},
			{Name: "suspended_from", Says: "a date"},
			{Name: "suspended_until", Says: "a date"},
			{Name: "channel", Says: "how it was asked for: " + strings.Join(askedBy(), ", ")},
		},
		names: func(r *row) []string {
			return []string{"hold of " + r.text("card") + r.text("patron") + " for " + r.text("title_key") + r.text("barcode") + " from " + r.text("queued_at")}
		},
		save: saveHolds,
	}
}

// askedBy are the ways in which a hold can have been asked for, the usual one
// first.
func askedBy() (words []string) {
	for _, channel := range rule.EveryChannel() {
		words = append(words, string(channel))
	}
	return words
}

func saveHolds(ctx context.Context, tx *postgres.Tx, j *job, rows []*row) error {
	waiting, err := j.people(ctx, tx, rows, "card", "patron")
	if err != nil {
		return err
	}
	items, err := j.items(ctx, tx, rows, "barcode", "copy")
	if err != nil {
		return err
	}
	keys := make([]string, len(rows))
	for i, read := range rows {
		keys[i] = read.text("title_key")
	}
	titles, err := catalog.TitlesByKey(ctx, tx, j.Library, keys)
	if err != nil {
		return err
	}
	var held []holds.Record
	var ids []broker.ID
	for _, read := range rows {
		hold := j.hold(read, waiting, items)
		if err := j.titleOf(ctx, tx, read, &hold, titles, items); err != nil {
			return err
		}
		j.judgeHold(read, hold, items)
		if read.errors == nil {
			held, ids = append(held, hold), append(ids, hold.ID)
		}
	}
	saved, err := holds.Bring(ctx, tx, held)
	settle(good(rows), ids, saved)
	return err
}

func (j *job) hold(read *row, waiting people, items map[string]catalog.Item) holds.Record {
	holder, _ := waiting.borrower(j, read)
	zone := j.library.Zone
	hold := holds.Record{
		Library: j.Library, ID: broker.NewID(), ForLibrary: holder.Library, Patron: holder.ID, Pickup: j.branch(read),
		QueuedAt: read.moment("queued_at", zone), PlacedAt: read.moment("placed_at", zone), CapturedAt: orNil(read.moment("captured_at", zone)),
		OnShelfAt: orNil(read.moment("on_shelf_at", zone)), PickUpBy: read.date("pick_up_by"), ClosedAt: orNil(read.moment("closed_at", zone)),
		SuspendedFrom: read.date("suspended_from"), SuspendedUntil: read.date("suspended_until"), Channel: orElse(strings.ToLower(read.text("channel")), string(rule.ByStaff)),
		Status: holds.Status(read.oneOf("status", "placed", "on_hold_shelf", "in_transit", "fulfilled", "cancelled", "expired", "unfilled")),
	}
	read.needed("queued_at")
	if hold.PlacedAt.IsZero() {
		hold.PlacedAt = hold.QueuedAt
	}
	given, isGiven := itemNamed(read, "copy", items)
	hold.Item = given.ID
	if hold.Status == holds.OnHoldShelf || hold.Status == holds.InTransit {
		if isGiven && given.Status != catalog.OnShelf && given.Status != catalog.OnHoldShelf && given.Status != catalog.InTransit {
			read.wrong("copy", "%s is %s, so it cannot be kept for a hold", shown(given.Barcode), given.Status)
		}
		if hold.CapturedAt == nil {
			hold.CapturedAt = &j.Now
		}
	}
	if isGiven && given.Library != j.Library {
		read.wrong("copy", "%s is another library's item; its hold is in that library's files", shown(given.Barcode))
	}
	return hold
}

// judgeHold judges a row as a hold that is placed at a desk is judged.
func (j *job) judgeHold(read *row, record holds.Record, items map[string]catalog.Item) {
	columns := map[string]string{
		"/title_id": "title_key", "/channel": "channel", "/queued_at": "queued_at", "/until": "suspended_until", "/item_id": "copy",
		"/pick_up_by": "pick_up_by",
	}
	if read.text("title_key") != "" || read.text("barcode") != "" || read.text("copy") != "" {
		delete(columns, "/title_id") // what they name was looked for
	}
	if read.text("copy") != "" {
		delete(columns, "/item_id")
	}
	read.judge(columns, holds.Check(record.Hold(), j.Now, j.library.Today(j.Now)), "title_key", "copy", "pick_up_by")
	if wanted, found := items[read.text("barcode")]; found && record.WantedItem != broker.NoID && record.Status.Open() {
		if wrong, ours := broker.AsError(holds.CheckWanted(record.Title, wanted)); ours {
			read.wrongAs(wrong.Code, "barcode", "%s: %s", shown(wanted.Barcode), wrong.Detail)
		}
	}
}

// titleOf finds what a hold waits for.
func (j *job) titleOf(ctx context.Context, tx *postgres.Tx, read *row, hold *holds.Record, titles map[string]catalog.Title, items map[string]catalog.Item) error {
	key := read.text("title_key")
	if read.text("barcode") != "" {
		item, found := itemNamed(read, "barcode", items)
		if hold.Title = item.Title; found && !read.yes("any_copy", false) {
			hold.WantedItem = item.ID
		}
	}
	switch title, found := titles[key]; {
	case key == "" && hold.Title == broker.NoID:
		hold.Title = items[read.text("copy")].Title
	case key == "":
	case found:
		hold.Title = title.ID
	default:
		title, found, err := catalog.WithNumber(ctx, tx, catalog.Title{ISBNs: []string{key}, Realm: j.library.SharingGroup})
		if err != nil {
			return err
		}
		if !found {
			read.wrong("title_key", "%q is no title here; read the titles or items in first, or correct it", shown(key))
		}
		hold.Title = title.ID
	}
	return nil
}
