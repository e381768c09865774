package exchange

import (
	"context"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
)

// Begun is an interlibrary-loan request that began in another system, as a row of
// a file tells it.
type Begun struct {
	// Number is its number in that system.
	Number string
	// State is how far it had come there, in our words.
	State    string
	Patron   broker.ID
	Citation broker.Citation
	// Lender is who was asked; NoID for nobody yet.
	Lender broker.ID
	// Due is the lender's due date, PatronDue that of the loan to the patron; zero
	// where the file does not say.
	Due, PatronDue broker.Date
	// Barcode is the lender's.
	Barcode string
	// AskedAt is when the patron asked; zero where the file does not say.
	AskedAt time.Time
	NeedBy  broker.Date
	Pickup  broker.ID
	Note    string
}

// Taker takes in requests that began in another system.
type Taker interface {
	// Check tells what is wrong with a row by itself; it asks nobody.
	Check(Begun) []broker.FieldError
	// Take stores a request with everything about it; false when it is here already,
	// and then nothing changes. The error is one of ours when the row is at fault.
	Take(ctx context.Context, tx *postgres.Tx, library broker.ID, begun Begun) (isNew bool, err error)
}

func requestsKind() kind {
	return kind{
		name: Requests,
		columns: []Column{
			{Name: "number", Needed: true, Says: "of the request in the other system"},
			{Name: "state", Needed: true, Says: "needs_review, requested, will_supply, shipped, received, on_hold_shelf, checked_out, return_due, return_shipped"},
			{Name: "card", Says: "the patron's card number"},
			{Name: "patron", Says: "or the patron's key"},
			{Name: "title", Needed: true, Says: "what was asked for"},
			{Name: "author", Says: "who wrote it"},
			{Name: "isbn", Says: "10 or 13 digits"},
			{Name: "oclc", Says: "the OCLC number"},
			{Name: "format", Says: "book, dvd, … ; empty is book"},
			{Name: "lender", Says: "the symbol of the library that was asked"},
			{Name: "due", Says: "when the lender wants it back: 2026-08-22"},
			{Name: "barcode", Says: "the lender's barcode"},
			{Name: "patron_due", Says: "when the patron brings it back; empty is by the policy"},
			{Name: "asked", Says: "when the patron asked: 2026-08-01 14:30"},
			{Name: "need_by", Says: "a date"},
			{Name: "branch", Says: "the code of the pick-up branch"},
			{Name: "note", Says: "for staff"},
		},
		names: func(r *row) []string {
			names := []string{"number " + r.text("number")}
			if barcode := r.text("barcode"); barcode != "" {
				names = append(names, "barcode "+barcode+" of "+r.text("lender"))
			}
			return names
		},
		save: saveRequests,
	}
}

func saveRequests(ctx context.Context, tx *postgres.Tx, j *job, rows []*row) error {
	asked, err := j.people(ctx, tx, rows, "card", "patron")
	if err != nil {
		return err
	}
	lenders := map[string]broker.ID{}
	for _, read := range rows {
		begun, err := j.begun(ctx, tx, read, asked, lenders)
		if err != nil {
			return err
		}
		if read.errors != nil {
			continue
		}
		brought, err := j.Taker.Take(ctx, tx, j.Library, begun)
		if err != nil {
			return err // the slice is halved until the row stands alone
		}
		if brought {
			read.outcome = isNew
		}
	}
	return nil
}

// begun reads a row.
func (j *job) begun(ctx context.Context, tx *postgres.Tx, read *row, asked people, lenders map[string]broker.ID) (Begun, error) {
	holder, _ := asked.borrower(j, read)
	if holder.ID != broker.NoID && holder.Library != j.Library {
		read.wrong("card", "is a patron of another library; the request is in that library's file")
	}
	begun := Begun{
		Number: read.needed("number"), State: read.needed("state"), Patron: holder.ID, Pickup: j.branch(read),
		Citation: broker.Citation{
			Title: read.needed("title"), Author: read.text("author"), ISBN: read.text("isbn"), OCLC: read.text("oclc"),
			Format: broker.Format(orElse(read.text("format"), string(broker.FormatBook))),
		},
		Due: read.date("due"), PatronDue: read.date("patron_due"), Barcode: read.text("barcode"),
		AskedAt: read.moment("asked", j.library.Zone), NeedBy: read.date("need_by"), Note: read.text("note"),
	}
	if name := read.text("lender"); name != "" {
		id, known := lenders[name]
		if !known {
			library, err := directory.Named(ctx, tx, name)
			if err != nil && !broker.IsKind(err, broker.KindNotFound) && !broker.IsKind(err, broker.KindInvalid) {
				return begun, err
			}
			id, lenders[name] = library.ID, library.ID
		}
		if begun.Lender = id; id == broker.NoID {
			read.wrong("lender", "%q is no library of the directory; write its symbol, such as ISIL:US-NWPTL, or add it first", shown(name))
		}
	}
	read.judge(map[string]string{
		"/state": "state", "/lender": "lender", "/due": "due", "/barcode": "barcode", "/patron_due": "patron_due", "/asked": "asked",
		"/citation/isbn": "isbn", "/citation/format": "format",
	}, j.Taker.Check(begun), "lender", "due", "barcode")
	return begun, nil
}
