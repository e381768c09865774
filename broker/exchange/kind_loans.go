package exchange

import (
	"context"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/policy/accounts"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
)

func loansKind() kind {
	return kind{
		name: Loans,
		columns: []Column{
			{Name: "barcode", Needed: true, Says: "of the item"},
			{Name: "card", Says: "the patron's card number"},
			{Name: "patron", Says: "or the patron's key; both empty only where an ended loan was anonymised"},
			{Name: "started", Needed: true, Says: "2026-08-01 14:30"},
			{Name: "due", Needed: true, Says: "2026-08-22"},
			{Name: "renewals", Says: "how many there were"},
			{Name: "status", Says: "open, returned, lost"},
			{Name: "returned", Says: "when it came back"},
			{Name: "returned_on", Says: "the day that counts"},
			{Name: "lost_on", Says: "a date"},
			{Name: "lost_how", Says: "overdue, reported, claim"},
			{Name: "referred_on", Says: "when it went to a collection agency"},
			{Name: "branch", Says: "the code of the desk's branch"},
			{Name: "terms", Says: "as an export writes them; empty takes the library's policy of today"},
		},
		names: func(r *row) []string {
			if r.text("returned") == "" && (r.text("status") == "" || r.text("status") == "open") {
				return []string{"open loan of " + r.text("barcode")}
			}
			return []string{"loan of " + r.text("barcode") + " from " + r.text("started")}
		},
		save: saveLoans,
	}
}

func saveLoans(ctx context.Context, tx *postgres.Tx, j *job, rows []*row) error {
	borrowers, err := j.people(ctx, tx, rows, "card", "patron")
	if err != nil {
		return err
	}
	items, err := j.items(ctx, tx, rows, "barcode")
	if err != nil {
		return err
	}
	out, err := loans.OnLoanSince(ctx, tx, idsOf(items))
	if err != nil {
		return err
	}
	var lent []loans.Record
	for _, read := range rows {
		lent = append(lent, j.loan(read, borrowers, items, out))
	}
	var kept []loans.Record
	var ids []broker.ID
	for i, read := range rows {
		if read.errors == nil {
			kept, ids = append(kept, lent[i]), append(ids, lent[i].ID)
		}
	}
	saved, err := loans.Bring(ctx, tx, kept)
	settle(good(rows), ids, saved)
	return err
}

func (j *job) items(ctx context.Context, tx *postgres.Tx, rows []*row, columns ...string) (map[string]catalog.Item, error) {
	var barcodes []string
	for _, read := range rows {
		for _, column := range columns {
			barcodes = append(barcodes, read.text(column))
		}
	}
	return catalog.ItemsByBarcode(ctx, tx, j.library.SharingGroup, barcodes)
}

func idsOf(items map[string]catalog.Item) []broker.ID {
	ids := []broker.ID{}
	for _, item := range items {
		ids = append(ids, item.ID)
	}
	return ids
}

// itemNamed reads a barcode; false when it names no item.
func itemNamed(read *row, column string, items map[string]catalog.Item) (catalog.Item, bool) {
	item, found := items[read.text(column)]
	if !found && read.text(column) != "" {
		read.wrong(column, "%q is no item here; read the items in first, or correct it", shown(read.text(column)))
	}
	return item, found
}

func (j *job) loan(read *row, borrowers people, items map[string]catalog.Item, out map[broker.ID]time.Time) loans.Record {
	read.needed("barcode")
	item, _ := itemNamed(read, "barcode", items)
	loan := loans.Record{
		Library: j.Library, ID: broker.NewID(), ItemLibrary: item.Library, Item: item.ID, PatronLibrary: j.Library,
		Branch: j.branch(read), StartedAt: read.moment("started", j.library.Zone), DueOn: read.date("due"),
		Renewals: read.count("renewals", 0), ReturnedAt: orNil(read.moment("returned", j.library.Zone)), ReturnedOn: read.date("returned_on"),
		Status: loans.Status(read.oneOf("status", "open", "returned", "lost")), LostOn: read.date("lost_on"),
		LostHow: read.oneOf("lost_how", "", "overdue", "reported", "claim"), ReferredOn: read.date("referred_on"),
	}
	if loan.ReturnedAt != nil && read.text("status") == "" {
		loan.Status = loans.Returned
	}
	read.needed("started")
	read.needed("due")
	j.checkLoan(read, &loan, out)
	var holder patrons.Holder
	if loan.Status != loans.Returned || read.text("card")+read.text("patron") != "" {
		holder, _ = borrowers.borrower(j, read)
		loan.PatronLibrary, loan.Patron = orLibrary(holder.Library, j.Library), holder.ID
	}
	opening := j.library.Calendar
	for _, branch := range j.branches {
		if branch.ID == loan.Branch {
			opening = branch.Calendar
		}
	}
	loan.DueAt = opening.EndOfBusiness(loan.DueOn)
	match := rule.Match{Owner: rule.OwnerOwn, Class: holder.Class, Item: item.Type, Audience: item.Audience, Age: item.AgeMark}
	if item.Library != j.Library {
		match.Owner = rule.OwnerConsortium
	}
	if !holder.BornOn.IsZero() && !loan.StartedAt.IsZero() {
		match.PatronAge = rule.Some(accounts.AgeOn(holder.BornOn, j.library.Today(loan.StartedAt)))
	}
	var err error
	if loan.Terms, err = loans.ResolveTerms(j.document, match, read.text("terms")); err != nil {
		read.wrong("terms", "are not what an export wrote there; leave it empty")
	}
	return loan
}

func orLibrary(id, otherwise broker.ID) broker.ID {
	if id == broker.NoID {
		return otherwise
	}
	return id
}

func (j *job) checkLoan(read *row, loan *loans.Record, out map[broker.ID]time.Time) {
	since, isOut := out[loan.Item]
	switch {
	case loan.StartedAt.IsZero() || loan.DueOn.IsZero():
	case loan.StartedAt.After(j.Now):
		read.wrong("started", "lies in the future")
	case loan.DueOn.Before(j.library.Today(loan.StartedAt)):
		read.wrong("due", "lies before the loan began")
	case loan.Status != loans.Returned && isOut && !since.Equal(loan.StartedAt):
		read.wrong("barcode", "%s is on loan already, since %s", shown(read.text("barcode")), since.In(j.library.Zone).Format("2006-01-02 15:04"))
	}
	if (loan.Status == loans.Returned) != (loan.ReturnedAt != nil) {
		read.wrong("returned", "is given for a loan that is returned, and only there")
	}
	if loan.ReturnedAt == nil {
		return
	}
	if loan.ReturnedAt.Before(loan.StartedAt) {
		read.wrong("returned", "lies before the loan began")
	}
	if loan.ReturnedOn.IsZero() {
		loan.ReturnedOn = j.library.Today(*loan.ReturnedAt)
	}
}
