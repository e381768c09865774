package policy

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"afield/broker"
	"afield/broker/calendar"
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
	Match
	// Owes is what the patron owes, of every kind.
	Owes        broker.Money
	CardExpires broker.Date
	Out         []OutItem
	// Due is the due date of a renewal, fine or loss; Returned the day a fine is
	// worked out to, today when zero.
	Due, Returned broker.Date
	Renewals      int
	HeldByOther   bool
	Holds, Active int
	Claims        int
	Paid          broker.Money
	PaidOn        broker.Date
	// Shown is what told who somebody is: at a checkout (cards.identification), of
	// who wants a card (cards.accepted_id) or a renewal (loans.renewal_identity).
	Shown []string
	// Met are the needs brought for a card; Place the words that name a desk
	// (MayUseCardAt).
	Met   []CardNeed
	Place []string
	// ByOther tells that somebody else comes with the card, ByGuardian that a
	// guardian claims for the patron.
	ByOther, ByGuardian bool
}

// Answer explains a question.
type Answer struct {
	// Decision is set on questions of yes or no.
	Decision *Decision `json:"decision,omitempty"`
	// Value says what came out of a question for a date or an amount.
	Value string `json:"value,omitempty"`
	// Steps say which level gives the value, on questions about an attribute.
	Steps []Step `json:"steps,omitempty"`
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
func (d *Document) Explain(q Question) (Answer, error) {
	for _, named := range []struct {
		word, value string
		known       []string
	}{{"class", q.Class, d.Classes()}, {"item", q.Item, d.Items()}} {
		if named.value != "" && !slices.Contains(named.known, named.value) {
			return Answer{}, broker.Invalid(broker.FieldError{
				Pointer: "/" + named.word, Code: "unknown_" + named.word,
				Message: fmt.Sprintf("%q is not known to this policy", named.value) + meant(named.value, named.known),
			})
		}
	}
	at := d.settle(Moment{Now: q.At, Calendar: q.Calendar})
	if !slices.Contains(Questions(), q.Ask) {
		return d.explainAttribute(q)
	}
	switch q.Ask {
	case "due":
		entry := d.DueDate(at, q.Match)
		return Answer{Value: entry.Value.String(), Rule: entry.Rule, Source: entry.Clause}, nil
	case "fine":
		back := q.Returned
		if back.IsZero() {
			back = at.Calendar.DateOf(at.Now)
		}
		fine := OverdueFine(d.ResolveTerms(LoanFacts{Match: q.Match}), q.Due, back, at.Calendar)
		value := fmt.Sprintf("%s for %s", fine.Amount, plural(fine.Days, "day", "days"))
		if fine.Capped {
			value += ", at its cap"
		}
		return Answer{Value: value, Rule: fine.Rule, Source: fine.Clause}, nil
	case "lost":
		lost := d.LostOn(at, q.Match, q.Due, false)
		return Answer{Value: cmp.Or(lost.On.String(), "never by itself"), Rule: lost.Rule, Source: lost.Source}, nil
	}
	decision := d.decide(at, q)
	return Answer{Decision: &decision, Rule: decision.Rule, Source: decision.Source}, nil
}

// meant is what follows a word that is not known: the nearest that is.
func meant(word string, known []string) string {
	if near := broker.Nearest(word, known); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

func (d *Document) explainAttribute(q Question) (Answer, error) {
	steps, err := d.WhereFrom(q.Ask, q.Match)
	if err != nil {
		return Answer{}, broker.Invalid(broker.FieldError{
			Pointer: "/ask", Code: "unknown_question",
			Message: fmt.Sprintf("%q is neither a question nor an attribute", q.Ask) + meant(q.Ask, slices.Concat(Questions(), AttributeIDs())),
		})
	}
	answer := Answer{Steps: steps, Rule: q.Ask}
	for _, step := range steps {
		if step.Decides {
			answer.Source, answer.Value = step.Entry.Clause, step.Entry.Text()
		}
	}
	return answer, nil
}

// decide asks one question of yes or no.
func (d *Document) decide(at Moment, q Question) Decision {
	patron := Patron{Class: q.Class, Age: q.PatronAge, CardExpires: q.CardExpires, HasPhone: true, Owes: OwedInAll(q.Owes)}
	bearer := BearerHolder
	if q.ByOther {
		bearer = BearerOther
	}
	switch q.Ask {
	case "card", "renew_card":
		return d.MayHaveCard(at, CardApplication{
			Class: q.Class, Age: q.PatronAge, Met: q.Met, Shown: q.Shown, Renewal: q.Ask == "renew_card",
		}).Decision
	case "use_card":
		return d.MayUseCardAt(at, q.Class, q.Place...)
	case "computer":
		return d.MayUseComputer(at, ComputerUse{Patron: &patron, Bearer: bearer})
	case "checkout":
		shown := ""
		if len(q.Shown) > 0 {
			shown = q.Shown[0]
		}
		return d.MayCheckOut(at, Checkout{
			Shown: shown, Bearer: bearer, Patron: patron, Owner: q.Owner, Item: q.Item, Audience: q.Audience, Age: q.Age,
			Lendable: true, HeldForOther: q.HeldByOther, Out: q.Out,
		})
	case "ill_request":
		return d.MaySubmitILL(at, Submission{Patron: patron, Channel: ByStaff, Format: broker.Format(cmp.Or(q.Item, "book")), ActiveRequests: q.Active}).Decision
	case "hold":
		return d.MayPlaceHold(at, HoldRequest{Patron: patron, Owner: q.Owner, Item: q.Item, Channel: q.Channel, OpenHolds: q.Holds})
	case "renew":
		return d.MayAskRenewal(at, Renewal{
			Patron: patron, Owner: q.Owner, Item: q.Item, Audience: q.Audience, Age: q.Age,
			Channel: q.Channel, Due: q.Due, Renewals: q.Renewals, HeldByOther: q.HeldByOther,
			Given: q.Shown,
		}).Decision
	case "claim":
		return d.MayClaim(at, Claim{Patron: patron, Owner: q.Owner, Item: q.Item, ShelfChecked: true, Carried: q.Claims, Lifetime: q.Claims, ByGuardian: q.ByGuardian}).Decision
	case "refund":
		return d.MayRefund(at, RefundFacts{Match: q.Match, Paid: q.Paid, PaidOn: q.PaidOn}).Decision
	}
	return d.MayAct(at, Action(q.Ask), patron)
}
