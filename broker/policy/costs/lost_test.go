package costs_test

import (
	"testing"

	"pgregory.net/rapid"

	"afield/broker"
	"afield/broker/policy/costs"
	"afield/broker/policy/policytest"
	"afield/broker/policy/rule"
)

// The nightly search never leaves out what the rule itself would find: an item
// due on the day it names is lost, one due the day after is not.
func TestTheLatestDueDateThatMayBeLostIsExact(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"western-district", "delaware", "perth"} {
		document := policytest.Preset(t, name)
		rapid.Check(t, func(t *rapid.T) {
			today := broker.MustDate("2024-01-01").AddDays(rapid.IntRange(0, 1500).Draw(t, "day"))
			moment := policytest.Noon(today.String())
			due, any := costs.LostDueBy(document, moment)
			if !any {
				t.Fatalf("%s never loses anything", name)
			}
			own := rule.Match{Owner: rule.OwnerOwn, Item: "book", Class: "resident"}
			if !costs.LostOn(document, moment, own, due, false).Now {
				t.Fatalf("%s, %s: due %s is not lost", name, today, due)
			}
			for days := 1; days < 5; days++ {
				if costs.LostOn(document, moment, own, due.AddDays(days), false).Now {
					t.Fatalf("%s, %s: due %s is lost as well", name, today, due.AddDays(days))
				}
			}
		})
	}
}

// A part that is missing is one of the usual ones, or one that the policy prices.
func TestAPartThatIsMissingHasAKnownName(t *testing.T) {
	t.Parallel()
	document, match := policytest.Preset(t, "western-district"), rule.Match{Owner: rule.OwnerOwn, Item: "audiobook", Class: "resident"}
	for part, known := range map[string]bool{"": true, "booklet": true, "audiobook_disc": true, "dust jacket": false} {
		wrong := costs.CheckPart(document, match, part)
		policytest.MustBe(t, "known: "+part, len(wrong) == 0, known)
		if !known {
			policytest.MustBe(t, "what is said", wrong[0].Message, "must be one of audiobook_disc, barcode, booklet, cable, case, disc, map, piece")
		}
	}
}
