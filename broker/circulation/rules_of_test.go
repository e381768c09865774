package circulation_test

import (
	"context"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/circulation"
	"afield/broker/policy"
	"afield/broker/postgres"
)

// wherever are the preset policies, of which Western District's keeps its own
// rules for its patrons wherever they borrow, and renews a day before the due
// date, or never, by itself; Westchester's does the other.
func wherever(renewsItself string) circulation.Policies {
	return circulation.ByName(func(name string) (*policy.Document, error) {
		text, err := policy.PresetText(name)
		if err != nil {
			return nil, err
		}
		added := ""
		if name == "western-district" {
			added += "  loans.rules_of:\n    value: home\n    clause: {section: Loans, says: \"Ours, wherever they borrow.\"}\n"
		}
		if name == renewsItself {
			added += "  loans.auto_renew_days:\n    value: 1\n    clause: {section: Renewals, says: \"The day before.\"}\n"
		}
		return policy.ParseUnder(name, []byte(strings.Replace(string(text), "\nattributes:\n", "\nattributes:\n"+added, 1)), policy.PresetText)
	})
}

// A patron whose home keeps its own rules wherever they borrow has a book of
// Westchester's for Western District's 21 days and two renewals, where
// Westchester lends it for 28 days and renews it once. What renews itself does so
// by the same rules, whichever of the two libraries has such a rule.
func TestWhoseHomeKeepsItsRulesBorrowsAndRenewsByThemElsewhere(t *testing.T) {
	t.Parallel()
	for renewsItself, renews := range map[string]bool{"western-district": true, "westchester": false} {
		t.Run(renewsItself+" renews by itself", func(t *testing.T) {
			t.Parallel()
			home := oneLibrary(t, "western-district", "America/Chicago")
			here := home.addLibrary("westchester", "America/Chicago")
			home.goBy(wherever(renewsItself))
			loan := here.lend(home.patron("resident"), here.copyOf(of("book")), "2026-03-02 10:00", "2026-03-23")
			var out circulation.Outcome
			here.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
				out, err = here.Circ.RenewByItself(ctx, tx, here.at("2026-03-22 02:00"), loan.LoanRef)
				return err
			})
			equal(t, "renewed by itself", out.Loan != nil, renews)
			for _, due := range []string{"2026-04-13", "2026-05-04"}[here.loan(loan.LoanRef).Renewals:] {
				renewed, err := act(here.town, here.Circ.Renew, circulation.Renew{
					Desk: here.at(here.loan(loan.LoanRef).DueOn.String() + " 10:00"), Loan: loan.LoanRef,
				})
				here.must(err)
				equal(t, "due", renewed.Loan.DueOn, broker.MustDate(due))
			}
			_, err := act(here.town, here.Circ.Renew, circulation.Renew{Desk: here.at("2026-05-04 11:00"), Loan: loan.LoanRef})
			wantCode(t, err, "may_not_renew")
		})
	}
}
