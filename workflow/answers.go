package workflow

import (
	"strconv"
	"strings"

	"afield/broker"
	"afield/connectors"
)

// Answer is what a lender that has no system says on the page its mail leads to.
// It becomes an ordinary message, heard as any other lender's.
type Answer struct {
	Name string
	// Saying is the message it becomes.
	Saying
	// Label is the button, in the lender's words.
	Label string
	Form  []Field
	// Late tells that it can be said by a lender that is no longer asked.
	Late bool
}

// Answers lists every answer, in the order of a page.
var Answers = []Answer{
	{Name: "yes", Saying: Saying{Kind: connectors.KindWillSupply}, Label: "Yes, we will send it"},
	{Name: "shipped", Saying: Saying{Kind: connectors.KindLoaned}, Label: "It is on its way", Late: true, Form: []Field{
		{Name: "due", Type: FieldDate, Label: "Your due date"},
		{Name: "barcodes", Type: FieldText, Label: "Barcode of each volume, one a line"},
		{Name: "cost", Type: FieldMoney, Label: "What you charge"},
	}},
	{Name: "delivered", Saying: Saying{Kind: connectors.KindCopyCompleted}, Label: "The copy has been sent", Late: true},
	{Name: "no", Saying: Saying{Kind: connectors.KindUnfilled}, Label: "No", Form: []Field{
		{Name: "reason", Type: FieldChoice, Label: "Why", Required: true, Choices: []string{
			connectors.ReasonNotOnShelf, connectors.ReasonOnLoan, connectors.ReasonNotOwned, connectors.ReasonNonCirculating, connectors.ReasonPolicy,
			connectors.ReasonLost, connectors.ReasonPoorCondition, connectors.ReasonCostExceeds, connectors.ReasonOther,
		}},
	}},
	{Name: "conditional", Saying: Saying{Kind: connectors.KindConditional}, Label: "Yes, on a condition or for a cost", Form: []Field{
		{Name: "conditions", Type: FieldText, Label: "Condition"},
		{Name: "cost", Type: FieldMoney, Label: "What you charge"},
	}},
	{Name: "later", Saying: Saying{Kind: connectors.KindRetryLater}, Label: "Not now, ask again later", Form: []Field{
		{Name: "retry_after", Type: FieldDate, Label: "Ask again on", Required: true},
	}},
	{Name: "stopped", Saying: Saying{connectors.KindCancelAnswer, ReplyYes}, Label: "We have stopped"},
	{Name: "not_stopped", Saying: Saying{connectors.KindCancelAnswer, ReplyNo}, Label: "It is too late to stop"},
	{Name: "renewed", Saying: Saying{connectors.KindRenewAnswer, ReplyYes}, Label: "You may keep it longer", Form: []Field{
		{Name: "due", Type: FieldDate, Label: "New due date", Required: true},
	}},
	{Name: "not_renewed", Saying: Saying{connectors.KindRenewAnswer, ReplyNo}, Label: "It cannot be renewed"},
	{Name: "home", Saying: Saying{Kind: connectors.KindLoanCompleted}, Label: "It is home again", Late: true},
	{Name: "due_changed", Saying: Saying{Kind: connectors.KindDueChanged}, Label: "The due date has changed", Form: []Field{
		{Name: "due", Type: FieldDate, Label: "New due date", Required: true},
	}},
	{Name: "overdue", Saying: Saying{Kind: connectors.KindOverdue}, Label: "It should have come back"},
	{Name: "recall", Saying: Saying{Kind: connectors.KindRecalled}, Label: "Please send it back now"},
	{Name: "invoice", Saying: Saying{Kind: connectors.KindInvoice}, Label: "Our invoice for what was lost or damaged", Form: []Field{
		{Name: "cost", Type: FieldMoney, Label: "Amount", Required: true},
	}},
	{Name: "forgiven", Saying: Saying{connectors.KindLoanCompleted, ReplyForgiven}, Label: "Nothing more is owed for it"},
	{Name: "question", Saying: Saying{Kind: connectors.KindNote}, Label: "We have a question, or something to say", Late: true, Form: []Field{
		{Name: "note", Type: FieldText, Label: "Your message", Required: true},
	}},
}

// Event is what the answer is to a borrower that depends on the lender.
func (a Answer) Event() Event { return Heard(SideBorrowing, a.Message()).Event }

// Say makes the message of the answer from the fields of its form. Volumes are
// told apart by their barcodes.
func (a Answer) Say(input Input) connectors.Message {
	message := a.Message()
	text := func(name string) string { value, _ := input[name].(string); return value }
	date := func(name string) broker.Date { value, _ := input[name].(broker.Date); return value }
	message.Due, message.RetryAfter = date("due"), date("retry_after")
	message.Conditions, message.Note = text("conditions"), text("note")
	if reason := text("reason"); reason != "" {
		message.Reason = reason
	}
	if cost, given := input["cost"].(broker.Money); given {
		message.Cost = &cost
	}
	barcodes := strings.Fields(text("barcodes"))
	for i, barcode := range barcodes {
		item := connectors.MessageItem{Barcode: barcode}
		if len(barcodes) > 1 {
			item.Volume = strconv.Itoa(i + 1)
		}
		message.Items = append(message.Items, item)
	}
	return message
}
