package accounts

import (
	"cmp"
	"slices"
	"strings"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
)

// Asker is who wants to know what a patron has borrowed.
type Asker string

// Who may ask.
const (
	AskerPatron   Asker = "patron"
	AskerGuardian Asker = "guardian"
	AskerOther    Asker = "other" // police, press, a spouse, anybody else
)

// DisclosureRequest is what is known when somebody wants to see a record.
type DisclosureRequest struct {
	By Asker `json:"by"`
	// PatronAge is the age of the patron the record is about.
	PatronAge rule.Optional[int] `json:"patron_age,omitzero"`
	// Paper names the legal paper that was shown, for example subpoena.
	Paper string `json:"paper,omitempty"`
	// Reviewed tells that whoever the policy names has looked at it and agreed.
	Reviewed bool `json:"reviewed,omitempty"`
}

// MayDisclose tells whether a patron's record may be shown. A refusal for want of
// a review names who must look first.
func MayDisclose(d *policy.Document, at policy.Moment, r DisclosureRequest) policy.Decision {
	guardian, rule := d.Rules().GuardianSees.For(rule.Match{}), d.Rules().Disclosure.For(rule.Match{})
	governing := rule.Source
	if r.By == AskerGuardian {
		governing = guardian.Source
	}
	a := d.Ask(at, "see what is on the account", governing)
	switch r.By {
	case AskerPatron:
	case AskerGuardian:
		if under := guardian.Value; !under.Is || !r.PatronAge.Is || r.PatronAge.Value >= under.Value {
			g := policy.Ground{
				Code: "not_for_guardian", Message: "This is told to the patron only.",
				Needed: "a patron under " + under.String(), Found: "age " + r.PatronAge.String(),
			}
			if !under.Is {
				g.Needed, g.Found = "the patron in person", "a guardian"
			}
			a.Refuse(guardian.Source, g)
		}
	case AskerOther:
		checkPaper(a, r, rule)
	default:
		a.Refuse(rule.Source, policy.Ground{Code: "not_for_others", Message: "This is told to the patron only.", Needed: "the patron", Found: string(r.By)})
	}
	return a.Answer()
}

func checkPaper(a *policy.Asking, r DisclosureRequest, rule rule.Entry[attributes.Disclosure]) {
	if !slices.Contains(rule.Value.Needs, r.Paper) {
		a.Refuse(rule.Source, policy.Ground{
			Code: "no_legal_paper", Message: "Records are shown on a legal paper only.",
			Needed: strings.Join(rule.Value.Needs, " or "), Found: cmp.Or(r.Paper, "none"),
		})
	}
	if rule.Value.ReviewedBy != "" && !r.Reviewed {
		a.Refuse(rule.Source, policy.Ground{
			Code: "review_needed", Message: "It is reviewed first.",
			Needed: "the review of the " + rule.Value.ReviewedBy, Found: "none yet",
		})
	}
}

// ForgetReturnedBy gives a day for patrons of a class: loans returned on it or
// before no longer say who had the item; zero where the library keeps the
// history. Charges that are still open keep it longer, and so does the patron's
// own wish.
func ForgetReturnedBy(d *policy.Document, at policy.Moment, class string) rule.Entry[broker.Date] {
	at = d.Settle(at)
	entry := d.Rules().HistoryDays.For(rule.Match{Class: class})
	answer := rule.Entry[broker.Date]{Source: entry.Source}
	if entry.Value.Is {
		answer.Value = at.Calendar.DateOf(at.Now).AddDays(-entry.Value.Value)
	}
	return answer
}

// HistoryDiffers lists the classes for which ForgetReturnedBy may differ from
// that for all others.
func HistoryDiffers(d *policy.Document) []string {
	var classes []string
	for entry := range d.Rules().HistoryDays.Every() {
		classes = append(classes, entry.When.Class...)
	}
	return classes
}
