package loans_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/loans"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/broker/returns"
	"afield/broker/towntest"
)

// republished is a library whose rules change on a day: two renewals, lost after
// 30 days for the price and 5.00, before; none, lost after 10 days for 9.00
// more, from then on.
func republished(t *testing.T, on string) (town towntest.Ruled, library towntest.House) {
	r := towntest.NewRuled(t)
	before := []string{"loans.renewals", "2", "lost.after", "{days: 30}", "lost.price", `{replaced: {basis: replacement, processing: "5.00"}, not_replaced: {basis: replacement, processing: "5.00"}}`}
	after := []string{"loans.renewals", "0", "lost.after", "{days: 10}", "lost.price", `{replaced: {basis: replacement, processing: "9.00"}, not_replaced: {basis: replacement, processing: "9.00"}}`}
	library, later := r.Under(before...), r.Under(after...)
	named := r.Policies
	r.GoBy(func(of directory.Library, branch broker.ID, day broker.Date) (*policy.Document, error) {
		if of.ID == library.Library.ID && !day.Before(broker.MustDate(on)) {
			of.Policy = later.Library.Policy
		}
		return named(of, branch, day)
	})
	return r, library
}

// What is published while a loan is out, and what class its patron gets, leaves
// its renewals, its loss and the price of that as they were.
func TestALoanKeepsItsOwnTerms(t *testing.T) {
	t.Parallel()
	r, library := republished(t, "2026-03-10")
	price := library.Money("20.00")
	patron := library.Patron("resident")
	old := library.Lend(patron, library.CopyOf(towntest.Priced("book", price)), "2026-03-02 10:00") // due the 23rd
	anew := library.Lend(patron, library.CopyOf(towntest.Priced("book", price)), "2026-03-10 10:00")
	out, err := library.Renews(old, "2026-03-11 10:00")
	r.Must(err)
	towntest.Equal(t, "renewed by the old rules", out.Loan.Renewals, 1)
	_, err = library.Renews(anew, "2026-03-11 10:00")
	towntest.WantReason(t, err, "renewal_limit_reached")

	lost := func(loan loans.Loan, local string) (done []loans.Outcome) {
		r.Do(func(ctx context.Context, tx *postgres.Tx) (err error) {
			done, err = r.Returns.LoseByAge(ctx, tx, library.At(local), []broker.ID{loan.ID}, false)
			return err
		})
		return done
	}
	due := out.Loan.DueOn
	towntest.Equal(t, "not by the new rules", len(lost(old, due.AddDays(29).String()+" 02:30")), 0)
	done := lost(old, due.AddDays(33).String()+" 02:30")
	towntest.Equal(t, "lost", len(done), 1)
	towntest.Equal(t, "on the day of the old rules", done[0].Loan.LostOn, due.AddDays(30))
	towntest.Equal(t, "for the old price", library.Owes(patron), "25.00")
	r.NoBreach()
}

// A renewal from a due date that is long past would end on a day that has
// passed: it is refused.
func TestARenewalNeverEndsOnADayThatHasPassed(t *testing.T) {
	t.Parallel()
	r := towntest.NewRuled(t)
	library := r.Under("loans.renewal_from", "old_due")
	loan := library.Lent(library.Patron("resident"), "book", "2026-01-05 10:00")
	_, err := library.Renews(loan, "2026-03-20 10:00")
	towntest.WantCode(t, err, "renewal_gains_nothing")
	library.Back(returns.Return{Desk: library.At("2026-03-20 10:01"), Item: loan.Item})
}
