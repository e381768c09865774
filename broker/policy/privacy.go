package policy

import (
	"cmp"
	"slices"
	"strings"

	"afield/broker"
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
	PatronAge Optional[int] `json:"patron_age,omitzero"`
	// Paper names the legal paper that was shown, for example subpoena.
	Paper string `json:"paper,omitempty"`
	// Reviewed tells that whoever the policy names has looked at it and agreed.
	Reviewed bool `json:"reviewed,omitempty"`
}

// MayDisclose tells whether a patron's record may be shown. A refusal for want of
// a review names who must look first.
func (d *Document) MayDisclose(at Moment, r DisclosureRequest) Decision {
	guardian, rule := d.Rules().GuardianSees.For(Match{}), d.Rules().Disclosure.For(Match{})
	governing := rule.Source
	if r.By == AskerGuardian {
		governing = guardian.Source
	}
	a := d.ask(at, "see what is on the account", governing)
	switch r.By {
	case AskerPatron:
	case AskerGuardian:
		if under := guardian.Value; !under.Is || !r.PatronAge.Is || r.PatronAge.Value >= under.Value {
			g := ground{
				code: "not_for_guardian", message: "This is told to the patron only.",
				needed: "a patron under " + under.String(), found: "age " + r.PatronAge.String(),
			}
			if !under.Is {
				g.needed, g.found = "the patron in person", "a guardian"
			}
			a.refuse(guardian.Source, g)
		}
	case AskerOther:
		a.legalPaper(r, rule)
	default:
		a.refuse(rule.Source, ground{code: "not_for_others", message: "This is told to the patron only.", needed: "the patron", found: string(r.By)})
	}
	return a.answer()
}

func (a *asking) legalPaper(r DisclosureRequest, rule Entry[Disclosure]) {
	if !slices.Contains(rule.Value.Needs, r.Paper) {
		a.refuse(rule.Source, ground{
			code: "no_legal_paper", message: "Records are shown on a legal paper only.",
			needed: strings.Join(rule.Value.Needs, " or "), found: cmp.Or(r.Paper, "none"),
		})
	}
	if rule.Value.ReviewedBy != "" && !r.Reviewed {
		a.refuse(rule.Source, ground{
			code: "review_needed", message: "It is reviewed first.",
			needed: "the review of the " + rule.Value.ReviewedBy, found: "none yet",
		})
	}
}

// ForgetReturnedBy gives the last day of return whose loans no longer say who
// had the item; zero where the library keeps the history. Charges that are still
// open keep it longer, and so does the patron's own wish.
func (d *Document) ForgetReturnedBy(at Moment) Entry[broker.Date] {
	at = d.settle(at)
	entry := d.Rules().HistoryDays.For(Match{})
	answer := Entry[broker.Date]{Source: entry.Source}
	if entry.Value.Is {
		answer.Value = at.Calendar.DateOf(at.Now).AddDays(-entry.Value.Value)
	}
	return answer
}
