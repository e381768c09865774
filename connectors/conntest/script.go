package conntest

import (
	"maps"
	"slices"
	"strings"

	"afield/broker"
	"afield/connectors"
)

// Say is one thing the partner says in answer to a message. Days count from the
// partner's own today when it is said.
type Say struct {
	Kind connectors.Kind
	// AfterDays is how many days of business time pass before it is said; 0 means at
	// once.
	AfterDays int
	// Yes answers a cancel or a renewal; nil there means no.
	Yes *bool
	// Reason, Conditions, Cost, Items and Note go into the message as they are. A
	// loan without Items gets a barcode of its own.
	Reason     string
	Conditions string
	Cost       *broker.Money
	Items      []connectors.MessageItem
	Note       string
	// Renewals, Fine and FineMost are terms of a loan.
	Renewals       *int
	Fine, FineMost *broker.Money
	// Due is the due date; where it is zero, DueInDays counts from today.
	Due       broker.Date
	DueInDays int
	// RetryInDays dates a "retry later".
	RetryInDays int

	// Twice sends the very same message a second time.
	Twice bool
	// Replayed sends it once more, signed thirty days ago, as somebody would who had
	// intercepted it then.
	Replayed bool
}

// Plan says how the partner deals with the requests that fit it.
type Plan struct {
	// Title is a part of the cited title, in any letter case; "" fits every request.
	Title string
	// Times is how many requests the plan serves; 0 means any number.
	Times int
	// On gives the answers to a message of each kind, in order. A kind that is
	// absent gets the natural answer: yes to a cancel before shipment and no
	// after, "loan completed" to a returned item, nothing otherwise. An empty
	// list is silence.
	On map[connectors.Kind][]Say
	// Troubles make the first tries to deliver a message of each kind go wrong.
	Troubles map[connectors.Kind][]Trouble
	// Reordered sends the answers to one message last one first.
	Reordered bool
}

// For gives the plan for requests whose title has this part.
func (p Plan) For(title string) Plan {
	p.Title = title
	return p
}

// Once gives the plan for one request only.
func (p Plan) Once() Plan {
	p.Times = 1
	return p
}

// Then gives the plan with other answers to one kind of message; without
// answers it is silence.
func (p Plan) Then(kind connectors.Kind, answers ...Say) Plan {
	p.On = maps.Clone(p.On)
	if p.On == nil {
		p.On = map[connectors.Kind][]Say{}
	}
	p.On[kind] = answers
	return p
}

// WithTrouble gives the plan with troubles for the first tries of one kind.
func (p Plan) WithTrouble(kind connectors.Kind, troubles ...Trouble) Plan {
	p.Troubles = maps.Clone(p.Troubles)
	if p.Troubles == nil {
		p.Troubles = map[connectors.Kind][]Trouble{}
	}
	p.Troubles[kind] = append(slices.Clone(p.Troubles[kind]), troubles...)
	return p
}

// OutOfOrder gives the plan with its answers sent last one first.
func (p Plan) OutOfOrder() Plan {
	p.Reordered = true
	return p
}

// Lends is the ideal lender: it promises, ships with a due date and a cost (nil
// for none), renews once when asked, and confirms that the item came back.
func Lends(dueInDays int, cost *broker.Money) Plan {
	return Plan{On: map[connectors.Kind][]Say{
		connectors.KindRequest: {WillSupply(), Loaned(dueInDays, cost)},
		connectors.KindRenew:   {Renews(dueInDays)},
	}}
}

// Promises says it will supply and ships only when told (Partner.ShipNow).
func Promises() Plan {
	return Plan{On: map[connectors.Kind][]Say{connectors.KindRequest: {WillSupply()}}}
}

// Refuses says no with a reason.
func Refuses(reason string) Plan {
	return Plan{On: map[connectors.Kind][]Say{connectors.KindRequest: {Unfilled(reason)}}}
}

// Conditions names conditions or a cost, and lends once they are accepted.
func Conditions(conditions string, cost *broker.Money, dueInDays int) Plan {
	return Plan{On: map[connectors.Kind][]Say{
		connectors.KindRequest:          {{Kind: connectors.KindConditional, Conditions: conditions, Cost: cost}},
		connectors.KindAcceptConditions: {WillSupply(), Loaned(dueInDays, cost)},
		connectors.KindRejectConditions: {},
		connectors.KindRenew:            {Renews(dueInDays)},
	}}
}

// RetryLater says to ask again after some days.
func RetryLater(days int) Plan {
	return Plan{On: map[connectors.Kind][]Say{
		connectors.KindRequest: {{Kind: connectors.KindRetryLater, RetryInDays: days, Reason: connectors.ReasonOnLoan}},
	}}
}

// NeverAnswers takes messages and says nothing.
func NeverAnswers() Plan {
	return Plan{On: map[connectors.Kind][]Say{
		connectors.KindRequest: {}, connectors.KindCancel: {}, connectors.KindRenew: {}, connectors.KindShippedReturn: {},
	}}
}

// Contradicts says yes and then no.
func Contradicts() Plan {
	return Plan{On: map[connectors.Kind][]Say{
		connectors.KindRequest: {WillSupply(), Unfilled(connectors.ReasonNotOnShelf)},
	}}
}

// WillSupply promises the item.
func WillSupply() Say { return Say{Kind: connectors.KindWillSupply} }

// Loaned says that the item was shipped, due some days from then.
func Loaned(dueInDays int, cost *broker.Money) Say {
	return Say{Kind: connectors.KindLoaned, DueInDays: dueInDays, Cost: cost}
}

// Unfilled says no.
func Unfilled(reason string) Say { return Say{Kind: connectors.KindUnfilled, Reason: reason} }

// Renews says yes to a renewal, due some days from then.
func Renews(dueInDays int) Say {
	return Say{Kind: connectors.KindRenewAnswer, Yes: truth(true), DueInDays: dueInDays}
}

// AnswersCancel says yes or no to a cancel.
func AnswersCancel(yes bool) Say { return Say{Kind: connectors.KindCancelAnswer, Yes: truth(yes)} }

// Invoices asks to be paid for a lost or damaged item.
func Invoices(cost broker.Money) Say { return Say{Kind: connectors.KindInvoice, Cost: &cost} }

func truth(yes bool) *bool { return &yes }

func (p Plan) fits(message connectors.Message, served int) bool {
	if p.Times > 0 && served >= p.Times {
		return false
	}
	return p.Title == "" || (message.Citation != nil &&
		strings.Contains(strings.ToLower(message.Citation.Title), strings.ToLower(p.Title)))
}

// answers gives what follows a message: the plan's answers, or else the natural
// one.
func (p Plan) answers(kind connectors.Kind, shipped bool) []Say {
	if planned, there := p.On[kind]; there {
		answers := slices.Clone(planned)
		if p.Reordered {
			slices.Reverse(answers)
		}
		return answers
	}
	switch kind {
	case connectors.KindCancel:
		return []Say{AnswersCancel(!shipped)}
	case connectors.KindShippedReturn:
		return []Say{{Kind: connectors.KindLoanCompleted}}
	}
	return nil
}
