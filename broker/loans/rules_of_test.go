package loans_test

import (
	"context"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/loans"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/broker/towntest"
)

// wherever gives the preset policies, with Western District's rules applying to
// its patrons wherever they borrow. The library named renewsItself also renews
// loans automatically a day before the due date.
func wherever(renewsItself string) standing.Policies {
	return standing.ByName(func(name string) (*policy.Document, error) {
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
// Westchester lends it for 28 days and renews it once. Automatic renewal
// follows the same rules, whichever of the two libraries has it.
func TestWhoseHomeKeepsItsRulesBorrowsAndRenewsByThemElsewhere(t *testing.T) {
	t.Parallel()
	for renewsItself, renews := range map[string]bool{"western-district": true, "westchester": false} {
		t.Run(renewsItself+" renews by itself", func(t *testing.T) {
			t.Parallel()
			home := towntest.OneLibrary(t, "western-district", "America/Chicago")
			here := home.AddLibrary("westchester", "America/Chicago")
			home.GoBy(wherever(renewsItself))
			loan := here.Lend(home.Patron("resident"), here.CopyOf(towntest.Of("book")), "2026-03-02 10:00", "2026-03-23")
			var out loans.Outcome
			here.Do(func(ctx context.Context, tx *postgres.Tx) (err error) {
				out, err = here.Loans.RenewByItself(ctx, tx, here.At("2026-03-22 02:00"), loan.Ref)
				return err
			})
			towntest.Equal(t, "renewed by itself", out.Loan != nil, renews)
			for _, due := range []string{"2026-04-13", "2026-05-04"}[here.Loan(loan.Ref).Renewals:] {
				renewed, err := towntest.Act(here.Town, here.Loans.Renew, loans.Renew{
					Desk: here.At(here.Loan(loan.Ref).DueOn.String() + " 10:00"), Loan: loan.Ref,
				})
				here.Must(err)
				towntest.Equal(t, "due", renewed.Loan.DueOn, broker.MustDate(due))
			}
			_, err := towntest.Act(here.Town, here.Loans.Renew, loans.Renew{Desk: here.At("2026-05-04 11:00"), Loan: loan.Ref})
			towntest.WantCode(t, err, "may_not_renew")
		})
	}
}
