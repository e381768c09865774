package workflow

import "afield/connectors"

// Reply tells the possible answers of one kind of message apart.
type Reply string

// The replies. A message that answers nothing has none.
const (
	ReplyAny     Reply = ""
	ReplyYes     Reply = "yes"
	ReplyNo      Reply = "no"
	ReplyUndated Reply = "yes, without a date"
	// ReplyForgiven is of a loan that its lender ends though nothing came home.
	ReplyForgiven Reply = "forgiven"
)

// ReplyOf reads the reply of a message.
func ReplyOf(m connectors.Message) Reply {
	switch {
	case m.Kind == connectors.KindLoanCompleted && m.Reason == string(ReplyForgiven):
		return ReplyForgiven
	case m.Kind != connectors.KindCancelAnswer && m.Kind != connectors.KindRenewAnswer:
		return ReplyAny
	case m.Yes == nil || !*m.Yes:
		return ReplyNo
	case m.Kind == connectors.KindRenewAnswer && m.Due.IsZero():
		return ReplyUndated
	}
	return ReplyYes
}

// Saying is the message that an effect sends to the library at the other end.
type Saying struct {
	Kind  connectors.Kind
	Reply Reply
}

// Message begins a message of that kind and reply.
func (s Saying) Message() connectors.Message {
	message := connectors.Message{Kind: s.Kind}
	if s.Reply == ReplyForgiven {
		message.Reason = string(ReplyForgiven)
	} else if s.Reply != ReplyAny {
		yes := s.Reply != ReplyNo
		message.Yes = &yes
	}
	return message
}

// Says lists every effect that sends a message, with what it says. DoSendCancel
// takes back a request that never left instead of following it with a cancel.
var Says = map[Effect]Saying{
	DoAskLender:    {Kind: connectors.KindRequest},
	DoAskAgain:     {Kind: connectors.KindRequest},
	DoSendCancel:   {Kind: connectors.KindCancel},
	DoSendAccept:   {Kind: connectors.KindAcceptConditions},
	DoSendReject:   {Kind: connectors.KindRejectConditions},
	DoSendReceived: {Kind: connectors.KindReceived},
	DoSendRenew:    {Kind: connectors.KindRenew},
	DoSendReturned: {Kind: connectors.KindShippedReturn},
	DoSendLost:     {Kind: connectors.KindLostByBorrower},
	DoSendPaid:     {Kind: connectors.KindPaid},
	DoSendAmended:  {Kind: connectors.KindNote},
	DoReceiveLate:  {Kind: connectors.KindReceived},
	DoSendLateBack: {Kind: connectors.KindShippedReturn},

	DoSayWillSupply:    {Kind: connectors.KindWillSupply},
	DoSayUnfilled:      {Kind: connectors.KindUnfilled},
	DoSayConditional:   {Kind: connectors.KindConditional},
	DoSayRetry:         {Kind: connectors.KindRetryLater},
	DoSayLoaned:        {Kind: connectors.KindLoaned},
	DoSayCopyCompleted: {Kind: connectors.KindCopyCompleted},
	DoSayCancelYes:     {connectors.KindCancelAnswer, ReplyYes},
	DoSayCancelNo:      {connectors.KindCancelAnswer, ReplyNo},
	DoSayRenewYes:      {connectors.KindRenewAnswer, ReplyYes},
	DoSayRenewNo:       {connectors.KindRenewAnswer, ReplyNo},
	DoSayOverdue:       {Kind: connectors.KindOverdue},
	DoSayRecalled:      {Kind: connectors.KindRecalled},
	DoSayDueChanged:    {Kind: connectors.KindDueChanged},
	DoSayCompleted:     {Kind: connectors.KindLoanCompleted},
	DoSayInvoice:       {Kind: connectors.KindInvoice},
	DoSayForgiven:      {connectors.KindLoanCompleted, ReplyForgiven},
	DoSettleRenewal:    {connectors.KindRenewAnswer, ReplyNo},
}

// Unsaid lists the kinds of message that no effect sends, and why.
var Unsaid = map[connectors.Kind]string{
	connectors.KindExpectToSupply: "we answer with a yes or a no, and have nothing to say before",
}

// Hearing is what a message becomes at the library that gets it.
type Hearing struct {
	Kind  connectors.Kind
	Reply Reply
	// Event is what happens to the request the message is about.
	Event Event
	// Late is what happens instead when the message comes too late: the request
	// has moved on from the lender that sent it, or the state has no row for
	// Event.
	Late Event
}

// Hears lists, for each side, what each kind of message becomes there: the
// borrowing side hears lenders, the lending side borrowers.
var Hears = map[Side][]Hearing{
	SideBorrowing: {
		{Kind: connectors.KindExpectToSupply, Event: EventExpectToSupply, Late: EventLateYes},
		{Kind: connectors.KindWillSupply, Event: EventWillSupply, Late: EventLateYes},
		{Kind: connectors.KindConditional, Event: EventConditional, Late: EventLateYes},
		{Kind: connectors.KindRetryLater, Event: EventRetryLater, Late: EventLateNo},
		{Kind: connectors.KindUnfilled, Event: EventUnfilled, Late: EventLateNo},
		{Kind: connectors.KindLoaned, Event: EventLoaned, Late: EventLateShipment},
		{Kind: connectors.KindCopyCompleted, Event: EventCopyCompleted, Late: EventLateShipment},
		{Kind: connectors.KindCancelAnswer, Reply: ReplyYes, Event: EventCancelAgreed, Late: EventLateNo},
		{Kind: connectors.KindCancelAnswer, Reply: ReplyNo, Event: EventCancelRefused, Late: EventLateNo},
		{Kind: connectors.KindRenewAnswer, Reply: ReplyYes, Event: EventRenewalGranted, Late: EventLateWord},
		{Kind: connectors.KindRenewAnswer, Reply: ReplyUndated, Event: EventRenewalUndated, Late: EventLateWord},
		{Kind: connectors.KindRenewAnswer, Reply: ReplyNo, Event: EventRenewalRefused, Late: EventLateNo},
		{Kind: connectors.KindOverdue, Event: EventOverdueNotice, Late: EventLateWord},
		{Kind: connectors.KindRecalled, Event: EventRecall, Late: EventLateWord},
		{Kind: connectors.KindDueChanged, Event: EventDueChanged, Late: EventLateWord},
		{Kind: connectors.KindLoanCompleted, Event: EventLenderConfirms, Late: EventLateHome},
		{Kind: connectors.KindLoanCompleted, Reply: ReplyForgiven, Event: EventForgive, Late: EventLateWord},
		{Kind: connectors.KindInvoice, Event: EventInvoice, Late: EventLateWord},
		{Kind: connectors.KindStatus, Event: EventNote, Late: EventNote},
		{Kind: connectors.KindNote, Event: EventNote, Late: EventNote},
	},
	SideLending: {
		{Kind: connectors.KindCancel, Event: EventCancelAsked, Late: EventTooLate},
		{Kind: connectors.KindAcceptConditions, Event: EventConditionsTaken, Late: EventTooLate},
		{Kind: connectors.KindRejectConditions, Event: EventConditionsLeft, Late: EventTooLate},
		{Kind: connectors.KindReceived, Event: EventBorrowerReceived, Late: EventTooLate},
		{Kind: connectors.KindRenew, Event: EventRenewAsked, Late: EventTooLate},
		{Kind: connectors.KindShippedReturn, Event: EventBorrowerReturned, Late: EventTooLate},
		{Kind: connectors.KindLostByBorrower, Event: EventBorrowerLost, Late: EventTooLate},
		{Kind: connectors.KindPaid, Event: EventPaid, Late: EventTooLate},
		{Kind: connectors.KindNote, Event: EventNote, Late: EventNote},
	},
}

// Strange is what a kind of message becomes that the side does not know.
var Strange = map[Side]Hearing{
	SideBorrowing: {Event: EventNote, Late: EventLateWord},
	SideLending:   {Event: EventTooLate, Late: EventTooLate},
}

// Unheard lists the kinds of message that become no event on a side, and why.
var Unheard = map[Side]map[connectors.Kind]string{
	SideBorrowing: {
		connectors.KindRequest:          onlyBorrowers,
		connectors.KindCancel:           onlyBorrowers,
		connectors.KindAcceptConditions: onlyBorrowers,
		connectors.KindRejectConditions: onlyBorrowers,
		connectors.KindReceived:         onlyBorrowers,
		connectors.KindRenew:            onlyBorrowers,
		connectors.KindShippedReturn:    onlyBorrowers,
		connectors.KindLostByBorrower:   onlyBorrowers,
		connectors.KindPaid:             onlyBorrowers,
	},
	SideLending: {
		connectors.KindRequest:        "it becomes a new request, which starts where the table does",
		connectors.KindStatusRequest:  "the inbox answers it with the request's state; nothing moves",
		connectors.KindExpectToSupply: onlyLenders,
		connectors.KindWillSupply:     onlyLenders,
		connectors.KindConditional:    onlyLenders,
		connectors.KindRetryLater:     onlyLenders,
		connectors.KindUnfilled:       onlyLenders,
		connectors.KindLoaned:         onlyLenders,
		connectors.KindCopyCompleted:  onlyLenders,
		connectors.KindCancelAnswer:   onlyLenders,
		connectors.KindRenewAnswer:    onlyLenders,
		connectors.KindOverdue:        onlyLenders,
		connectors.KindRecalled:       onlyLenders,
		connectors.KindDueChanged:     onlyLenders,
		connectors.KindLoanCompleted:  onlyLenders,
		connectors.KindInvoice:        onlyLenders,
	},
}

const (
	onlyBorrowers = "only a borrower says it, to a lender"
	onlyLenders   = "only a lender says it, to a borrower"
)

// Heard gives what a message becomes on a side.
func Heard(side Side, m connectors.Message) Hearing {
	for _, hearing := range Hears[side] {
		if hearing.Kind == m.Kind && hearing.Reply == ReplyOf(m) {
			return hearing
		}
	}
	return Strange[side]
}
