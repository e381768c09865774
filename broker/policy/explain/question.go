package explain

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/policy"
	"afield/broker/policy/accounts"
	"afield/broker/policy/attributes"
	"afield/broker/policy/blocks"
	"afield/broker/policy/costs"
	"afield/broker/policy/ill"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
	"afield/broker/policy/shelf"
)

// Question is what somebody wants explained, in the words of a desk. Which facts
// matter depends on Ask; the others are passed over.
type Question struct {
	// Ask is one of Questions, or the id of an attribute: then the answer says
	// where its value comes from.
	Ask string
	// At is the moment of asking.
	At time.Time
	// Calendar is the library's; nil is open every day.
	Calendar *calendar.Calendar
	rule.Match
	// Owes is what the patron owes, of every kind.
	Owes        broker.Money
	CardExpires broker.Date
	Out         []lending.OutItem
	// Due is the due date of a renewal, fine or loss; Returned the day a fine is
	// worked out to, today when zero.
	Due, Returned broker.Date
	Renewals      int
	HeldByOther   bool
	Holds, Active int
	Claims        int
	Paid          broker.Money
	PaidOn        broker.Date
	// Shown is how somebody was identified: at a checkout (cards.identification),
	// when asking for a card (cards.accepted_id) or for a renewal
	// (loans.renewal_identity).
	Shown []string
	// Met are the needs brought for a card; Place the words that name a desk
	// (MayUseCardAt).
	Met   []attributes.CardNeed
	Place []string
	// ByOther tells that somebody else comes with the card, ByGuardian that a
	// guardian claims for the patron.
	ByOther, ByGuardian bool
}

// Answer explains a question.
type Answer struct {
	// Decision is set on questions of yes or no.
	Decision *policy.Decision `json:"decision,omitempty"`
	// Value says what came out of a question for a date or an amount.
	Value string `json:"value,omitempty"`
	// Note is set on an attribute that nothing in Afield decides by, and says why.
	Note string `json:"note,omitempty"`
	// Steps say which level gives the value, on questions about an attribute.
	Steps []policy.Step `json:"steps,omitempty"`
	// Rule and Source are the attribute that governs the answer.
	Rule   string        `json:"rule"`
	Source broker.Clause `json:"source"`
}

// Questions are what Explain knows besides the attributes.
func Questions() []string {
	return []string{"checkout", "ill_request", "hold", "renew", "card", "renew_card", "use_card", "computer", "sign_for_minor", "claim", "refund", "due", "fine", "lost"}
}

// Explain answers a question with its rule, clause, what was needed and found,
// who may override and when it would pass. A word that is neither a question nor
// an attribute, or a class or type of material that the document does not know,
// is an invalid error.
func Explain(d *policy.Document, q Question) (Answer, error) {
	for _, named := range []struct {
		word, value string
		known       []string
	}{{"class", q.Class, d.Classes()}, {"item", q.Item, d.Items()}} {
		if named.value != "" && !slices.Contains(named.known, named.value) {
			return Answer{}, broker.Invalid(broker.FieldError{
				Pointer: "/" + named.word, Code: "unknown_" + named.word,
				Message: fmt.Sprintf("%q is not known to this policy", named.value) + broker.Meant(named.value, named.known),
			})
		}
	}
	q.Owner, q.Item = cmp.Or(q.Owner, rule.OwnerOwn), cmp.Or(q.Item, string(broker.FormatBook))
	at := d.Settle(policy.Moment{Now: q.At, Calendar: q.Calendar})
	if !slices.Contains(Questions(), q.Ask) {
		return explainAttribute(d, q)
	}
	switch q.Ask {
	case "due":
		entry := lending.DueDate(d, at, q.Match)
		return Answer{Value: entry.Value.String(), Rule: entry.Rule, Source: entry.Clause}, nil
	case "fine":
		back := q.Returned
		if back.IsZero() {
			back = at.Calendar.DateOf(at.Now)
		}
		fine := costs.OverdueFine(costs.ResolveTerms(d, costs.LoanFacts{Match: q.Match}), q.Due, back, at.Calendar)
		value := fmt.Sprintf("%s for %s", fine.Amount, rule.Plural(fine.Days, "day", "days"))
		if fine.Capped {
			value += ", at its cap"
		}
		return Answer{Value: value, Rule: fine.Rule, Source: fine.Clause}, nil
	case "lost":
		lost := costs.LostOn(d, at, q.Match, q.Due, false)
		return Answer{Value: cmp.Or(lost.On.String(), "never by itself"), Rule: lost.Rule, Source: lost.Source}, nil
	}
	decision := decide(d, at, q)
	return Answer{Decision: &decision, Rule: decision.Rule, Source: decision.Source}, nil
}

func explainAttribute(d *policy.Document, q Question) (Answer, error) {
	steps, err := d.WhereFrom(q.Ask, q.Match)
	if err != nil {
		return Answer{}, broker.Invalid(broker.FieldError{
			Pointer: "/ask", Code: "unknown_question",
			Message: fmt.Sprintf("%q is neither a question nor an attribute", q.Ask) + broker.Meant(q.Ask, slices.Concat(Questions(), attributes.IDs())),
		})
	}
	answer := Answer{Steps: steps, Rule: q.Ask}
	if why := attributes.Informative(q.Ask); why != "" {
		answer.Note = "for information; nothing in Afield decides by it. " + why
	}
	for _, step := range steps {
		if step.Decides {
			answer.Source, answer.Value = step.Entry.Clause, step.Entry.Text()
		}
	}
	return answer, nil
}

// decide asks one question of yes or no.
func decide(d *policy.Document, at policy.Moment, q Question) policy.Decision {
	patron := policy.Patron{Class: q.Class, Age: q.PatronAge, CardExpires: q.CardExpires, HasPhone: true, Owes: policy.OwedInAll(q.Owes)}
	bearer := policy.BearerHolder
	if q.ByOther {
		bearer = policy.BearerOther
	}
	switch q.Ask {
	case "card", "renew_card":
		return accounts.MayHaveCard(d, at, accounts.CardApplication{
			Class: q.Class, Age: q.PatronAge, Met: q.Met, Shown: q.Shown, Renewal: q.Ask == "renew_card",
		}).Decision
	case "use_card":
		return accounts.MayUseCardAt(d, at, q.Match, q.Place...)
	case "computer":
		return blocks.MayUseComputer(d, at, blocks.ComputerUse{Patron: &patron, Bearer: bearer})
	case "checkout":
		shown := ""
		if len(q.Shown) > 0 {
			shown = q.Shown[0]
		}
		return lending.MayCheckOut(d, at, lending.Checkout{
			Shown: shown, Bearer: bearer, Patron: patron, Owner: q.Owner, Item: q.Item, Audience: q.Audience, Age: q.Age,
			Lendable: true, HeldForOther: q.HeldByOther, Out: q.Out,
		})
	case "ill_request":
		return ill.MaySubmitILL(d, at, ill.Submission{Patron: patron, Channel: rule.ByStaff, Format: broker.Format(q.Item), ActiveRequests: q.Active}).Decision
	case "hold":
		return shelf.MayPlaceHold(d, at, shelf.HoldRequest{Patron: patron, Owner: q.Owner, Item: q.Item, Audience: q.Audience, Age: q.Age, Channel: q.Channel, OpenHolds: q.Holds})
	case "renew":
		return lending.MayAskRenewal(d, at, lending.Renewal{
			Patron: patron, Owner: q.Owner, Item: q.Item, Audience: q.Audience, Age: q.Age,
			Channel: q.Channel, Due: q.Due, Renewals: q.Renewals, HeldByOther: q.HeldByOther,
			Given: q.Shown,
		}).Decision
	case "claim":
		return lending.MayClaim(d, at, lending.Claim{Patron: patron, Owner: q.Owner, Item: q.Item, Audience: q.Audience, Age: q.Age, ShelfChecked: true, Carried: q.Claims, Lifetime: q.Claims, ByGuardian: q.ByGuardian}).Decision
	case "refund":
		return costs.MayRefund(d, at, costs.RefundFacts{Match: q.Match, Paid: q.Paid, PaidOn: q.PaidOn}).Decision
	}
	return blocks.MayAct(d, at, rule.Action(q.Ask), patron)
}
