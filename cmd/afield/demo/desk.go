package demo

import (
	"fmt"

	"afield/api/gen"
	"afield/broker"
)

// What staff do at a desk: one scan each.

// scan scans a barcode; the server does what is to be done.
func (a *actor) scan(barcode string, card string) (gen.ScanResult, error) {
	var result gen.ScanResult
	err := a.post("/v1/desk/scan", gen.Scan{Barcode: barcode, Card: card}, &result)
	return result, err
}

// scans expects a scan to do one thing.
func (a *actor) scans(barcode, did string) gen.ScanResult {
	result, err := a.scan(barcode, "")
	a.t.must(err)
	a.t.check("what the scan of "+barcode+" did", result.Did, did)
	return result
}

// band is the barcode on the band around a borrowed copy.
func (r *asked) band() string { return fmt.Sprintf("ILL-%d", r.Number) }

// arrives is the parcel from the lender, unpacked at the desk.
func (r *asked) arrives(staff *actor) {
	r.is("shipped")
	barcode := r.band()
	if len(r.Items) > 0 && r.Items[0].Barcode != "" {
		barcode = r.Items[0].Barcode
	}
	staff.scans(barcode, "received")
}

// shelved puts the copy on the hold shelf and gives the last day to pick it up.
func (r *asked) shelved(staff *actor) broker.Date {
	staff.scans(r.band(), "shelved")
	r.is("on_hold_shelf")
	return r.PickUpBy
}

// lent lends the waiting copy to its patron and gives the due date.
func (r *asked) lent(staff *actor, barcode string) broker.Date {
	result, err := staff.scan(barcode, r.patron.person.card())
	staff.t.must(err)
	staff.t.check("what the scan at check-out did", result.Did, "checked_out")
	r.is("checked_out")
	return result.DueOn
}

// comesBack is the patron returning a borrowed copy.
func (r *asked) comesBack(staff *actor) {
	staff.scans(r.band(), "checked_in")
	r.is("return_due")
}

// goesHome sends the copy back to its lender.
func (r *asked) goesHome(staff *actor) {
	staff.scans(r.band(), "shipped")
	r.look()
}

// called expects the patron on the call list for a request, and records the
// call.
func (r *asked) called(staff *actor, kind string) {
	t := staff.t
	t.settle()
	var page gen.NoticePage
	staff.get("/v1/notices?channel=phone&limit=200", &page)
	for _, notice := range page.Notices {
		if notice.RequestID == r.ID && notice.Kind == kind {
			t.must(staff.post("/v1/notices/"+notice.ID.String()+"/outcome", gen.NoticeOutcome{Outcome: "reached"}, nil))
			t.say(staff, "calls the patron: %s; reached.", kind)
			t.checked++
			return
		}
	}
	t.fail("the call list has no call %q for request %d", kind, r.Number)
}

// notCalled expects no such call on the list.
func (r *asked) notCalled(staff *actor, kind string) {
	t := staff.t
	t.settle()
	var page gen.NoticePage
	staff.get("/v1/notices?channel=phone&limit=200", &page)
	for _, notice := range page.Notices {
		if notice.RequestID == r.ID && notice.Kind == kind {
			t.fail("the call list has a call %q for request %d, and should not", kind, r.Number)
		}
	}
	t.checked++
}

// owes expects the patron to owe an exact amount.
func (t *teller) owes(patron *actor, minor int64) gen.Account {
	var account gen.Account
	t.staff(patron.library.key).get("/v1/patrons/"+patron.person.id().String()+"/charges", &account)
	want := broker.Money{Minor: minor, Currency: patron.library.currency}
	t.check("what "+patron.who+" owes", account.Owes, want)
	return account
}

// pays records a payment at the desk.
func (t *teller) pays(patron *actor, minor int64) {
	amount := broker.Money{Minor: minor, Currency: patron.library.currency}
	t.must(t.staff(patron.library.key).post("/v1/patrons/"+patron.person.id().String()+"/payments", gen.NewPayment{Amount: amount, Note: "cash"}, nil))
	t.say(patron, "pays %s at the desk.", amount)
}

// entry finds a lender's rota entry as staff see it.
func (r *asked) entry(lender string) gen.RotaEntry {
	t := r.by.t
	for _, entries := range [][]gen.RotaEntry{r.Rota.Tried, {r.Rota.Now}, r.Rota.Next, r.Rota.PassedOver} {
		for _, entry := range entries {
			if entry.Lender.ID == t.id(lender) {
				return entry
			}
		}
	}
	t.fail("%s is nowhere in the rota of request %d", lender, r.Number)
	return gen.RotaEntry{}
}

// lenderIs expects a lender's rota entry to have a status.
func (r *asked) lenderIs(lender, status string) gen.RotaEntry {
	r.look()
	entry := r.entry(lender)
	r.by.t.check(fmt.Sprintf("status of %s in the rota of request %d", entry.Lender.Name, r.Number), entry.Status, status)
	return entry
}
