package workflow

// DoTellBorrower says to the outside borrower what the row means for it.
const DoTellBorrower Effect = "tell_borrower"

var brokeredAll = statesOf(brokeredPlaces, anyPlace)

// brokeredPlaces says what each state means.
var brokeredPlaces = []Place{
	{State: Submitted, Label: "Submitted", Owner: OwnerSystem, Passing: true},
	{State: NeedsReview, Label: "Needs a person", Owner: OwnerStaff, Deadline: DeadlineReview, Then: EventReviewOverdue},
	{State: Routing, Label: "Choosing a lender", Owner: OwnerSystem, Deadline: DeadlineRouting, Then: EventRoutingOverdue},
	{State: Requested, Label: "Asked a lender", Owner: OwnerLender, Queue: QueueWithLenders, Deadline: DeadlineAnswer, Then: EventNoAnswer, ISO: "ExpectToSupply"},
	{State: Conditional, Label: "The lender named conditions", Owner: OwnerBorrower, Queue: QueueWithLenders, Deadline: DeadlineConditions, Then: EventConditionsLapsed, ISO: "Conditional"},
	{State: WillSupply, Label: "Promised by the lender", Owner: OwnerLender, Queue: QueueWithLenders, Deadline: DeadlineShipment, Then: EventShipmentOverdue, ISO: "WillSupply"},
	{State: Shipped, Label: "On its way to the borrower", Owner: OwnerBorrower, Queue: QueueArriving, Deadline: DeadlineArrival, Then: EventArrivalOverdue, PastNeedBy: true, ISO: "Loaned"},
	{State: Received, Label: "With the borrower", Owner: OwnerBorrower, Queue: QueueArriving, Deadline: DeadlineDue, Then: EventDuePassed, PastNeedBy: true, ISO: "Loaned"},
	{State: ReturnShipped, Label: "On its way home", Owner: OwnerLender, Queue: QueueDueBack, Deadline: DeadlineConfirmation, Then: EventConfirmOverdue, PastNeedBy: true},
	{State: CancelPending, Label: "Asked the lender to stop", Owner: OwnerLender, Queue: QueueWithLenders, Deadline: DeadlineCancelAnswer, Then: EventCancelSilent},
	{State: Completed, Label: "Completed", Owner: OwnerNone, Queue: QueueEnded, Ended: true, Supplied: true, ISO: "LoanCompleted"},
	{State: Unfilled, Label: "Not supplied", Owner: OwnerNone, Queue: QueueEnded, Ended: true, ISO: "Unfilled"},
	{State: Cancelled, Label: "Cancelled", Owner: OwnerNone, Queue: QueueEnded, Ended: true, ISO: "Cancelled"},
}

// Brokered is a request that one outside library sends another through us. It
// is owned by the consortium's own library row.
var Brokered = &Table{
	Side:   SideBrokered,
	Start:  Submitted,
	Places: brokeredPlaces,
	Transitions: []Transition{
		{From: []State{Submitted}, On: EventChecksPassed, To: Routing, By: []Party{BySystem}, Do: []Effect{DoFindHoldings}, Label: "Checks passed"},
		{From: []State{Submitted}, On: EventNeedsPerson, To: NeedsReview, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "A person must decide"},
		{From: []State{NeedsReview}, On: EventApproveReview, To: Routing, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoReroute, DoFindHoldings}, Label: "Look for a lender"},
		{From: []State{NeedsReview}, On: EventReviewOverdue, To: Same, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "Still waiting for a decision"},
		{From: []State{NeedsReview}, On: EventTellPatron, To: Unfilled, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoTellBorrower}, Label: "Tell the borrower it cannot be had", ISO: "Unfilled"},
		{From: []State{Routing}, On: EventHoldingsKnown, To: Same, By: []Party{BySystem}, Do: []Effect{DoChooseLender}, Label: "Holdings looked up"},
		{From: []State{Routing}, On: EventLenderChosen, To: Requested, By: []Party{BySystem}, Do: []Effect{DoAskLender, DoTellBorrower}, Label: "Lender chosen and asked", ISO: "ExpectToSupply"},
		{From: []State{Routing}, On: EventNothingLeft, To: Unfilled, By: []Party{BySystem}, Do: []Effect{DoTellBorrower}, Label: "No lender left to ask", ISO: "Unfilled"},
		{From: []State{Routing}, On: EventRoutingOverdue, To: NeedsReview, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "Choosing a lender did not finish"},
		{From: []State{Requested}, On: EventConfirmed, To: Same, By: []Party{BySystem}, Do: []Effect{DoEntryConfirmed}, Label: "The lender has the request"},
		{From: []State{Requested}, On: EventExpectToSupply, To: Same, By: []Party{ByLender}, Do: []Effect{DoEntryConfirmed}, Label: "The lender expects to supply", ISO: "ExpectToSupply"},
		{From: []State{Requested, Conditional}, On: EventWillSupply, To: WillSupply, By: []Party{ByLender}, Do: []Effect{DoEntryPromised, DoTellBorrower}, Label: "The lender will supply", ISO: "WillSupply"},
		{From: []State{Requested, WillSupply}, On: EventConditional, To: Conditional, By: []Party{ByLender}, Do: []Effect{DoEntryOffered, DoTellBorrower}, Label: "The lender names conditions", ISO: "Conditional"},
		{From: []State{Conditional}, On: EventConditionsTaken, To: WillSupply, By: []Party{ByBorrower}, Do: []Effect{DoSendAccept, DoEntryPromised}, Label: "The borrower accepts"},
		{From: []State{Conditional}, On: EventConditionsLeft, To: Routing, By: []Party{ByBorrower}, Do: []Effect{DoSendReject, DoEntryDeclined, DoChooseLender}, Label: "The borrower declines"},
		{From: []State{Conditional}, On: EventConditionsLapsed, To: Routing, By: []Party{BySystem}, Do: []Effect{DoSendReject, DoEntryDeclined, DoChooseLender}, Label: "The conditions were not answered in time"},
		{From: []State{Requested, Conditional, WillSupply}, On: EventUnfilled, To: Routing, By: []Party{ByLender}, Do: []Effect{DoEntryRefused, DoChooseLender}, Label: "The lender cannot supply; the borrower is not told until nobody is left", ISO: "Unfilled"},
		{From: []State{Requested}, On: EventNoAnswer, To: Routing, By: []Party{BySystem}, Do: []Effect{DoSendCancel, DoEntryTimedOut, DoChooseLender}, Label: "No answer in time; the next lender is asked"},
		{From: []State{Requested}, On: EventDeliveryFailed, To: Routing, By: []Party{BySystem}, Do: []Effect{DoEntryFailed, DoChooseLender}, Label: "The request could not be delivered"},
		{From: []State{WillSupply}, On: EventShipmentOverdue, To: Same, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "Promised, but not shipped yet"},
		{From: []State{Requested, Conditional, WillSupply, CancelPending}, On: EventLoaned, To: Shipped, By: []Party{ByLender}, Do: []Effect{DoEntrySupplied, DoTellBorrower}, Label: "The lender has shipped it", ISO: "Loaned"},
		{From: []State{Shipped}, On: EventArrivalOverdue, To: Same, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "Not arrived when expected"},
		{From: []State{Shipped}, On: EventBorrowerReceived, To: Received, By: []Party{ByBorrower}, Do: []Effect{DoSendReceived}, Label: "The borrower has it", ISO: "Received"},
		{From: []State{Received}, On: EventDuePassed, To: Same, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "Overdue"},
		{From: []State{Shipped, Received}, On: EventBorrowerReturned, To: ReturnShipped, By: []Party{ByBorrower}, Do: []Effect{DoSendReturned, DoEntryReturned}, Label: "The borrower has sent it back", ISO: "ShippedReturn"},
		{From: []State{ReturnShipped, Received}, On: EventLenderConfirms, To: Completed, By: []Party{ByLender, ByStaff}, Do: []Effect{DoCloseTasks, DoTellBorrower}, Label: "The lender has it back", ISO: "LoanCompleted"},
		{From: []State{ReturnShipped}, On: EventConfirmOverdue, To: Same, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "The return is not confirmed"},
		{From: []State{NeedsReview, Routing}, On: EventCancelAsked, To: Cancelled, By: []Party{ByBorrower}, Do: []Effect{DoCloseTasks, DoTellBorrower}, Label: "Cancelled by the borrower", ISO: "Cancel"},
		{From: []State{Requested, Conditional, WillSupply}, On: EventCancelAsked, To: CancelPending, By: []Party{ByBorrower}, Do: []Effect{DoRememberState, DoSendCancel}, Label: "The borrower cancels; the lender is asked to stop", ISO: "Cancel"},
		{From: []State{CancelPending}, On: EventCancelAgreed, To: Cancelled, By: []Party{ByLender}, Do: []Effect{DoEntryCancelled, DoTellBorrower}, Label: "The lender has stopped", ISO: "CancelResponse"},
		{From: []State{CancelPending}, On: EventCancelRefused, To: Previous, By: []Party{ByLender}, Do: []Effect{DoTellBorrower}, Label: "The lender does not stop", ISO: "CancelResponse"},
		{From: []State{CancelPending}, On: EventCancelSilent, To: Cancelled, By: []Party{BySystem}, Do: []Effect{DoEntryCancelled, DoTellBorrower}, Label: "No answer to the cancel; taken as stopped"},
		{From: brokeredAll, On: EventLateYes, To: Same, By: []Party{ByLender}, Do: []Effect{DoOpenTask}, Label: "A lender we had moved on from says yes"},
		{From: brokeredAll, On: EventLateNo, To: Same, By: []Party{ByLender}, Label: "A lender we had moved on from says no"},
		{From: brokeredAll, On: EventNote, To: Same, By: []Party{ByStaff, ByLender, ByBorrower, BySystem}, Label: "Note"},
	},
}
