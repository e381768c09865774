package workflow

// States of the lending side that the borrowing side does not have.
const (
	ToPull               State = "to_pull"
	SecondSearch         State = "second_search"
	ToShip               State = "to_ship"
	WithBorrowingLibrary State = "with_borrowing_library"
)

// Events of the lending side.
const (
	EventAnswerYes         Event = "answer_yes"
	EventAnswerNo          Event = "answer_no"
	EventAnswerConditional Event = "answer_conditional"
	EventAnswerRetry       Event = "answer_retry"
	EventRespondOverdue    Event = "respond_overdue"
	EventConditionsTaken   Event = "conditions_accepted"
	EventConditionsLeft    Event = "conditions_rejected"
	EventCancelAsked       Event = "cancel_asked"
	EventFoundOnShelf      Event = "found_on_shelf"
	EventNotFound          Event = "not_found"
	EventPullOverdue       Event = "pull_overdue"
	EventShip              Event = "ship"
	EventAddVolume         Event = "add_volume"
	EventBorrowerReceived  Event = "borrower_received"
	EventRenewAsked        Event = "renew_asked"
	EventAnswerRenewYes    Event = "answer_renewal_yes"
	EventAnswerRenewNo     Event = "answer_renewal_no"
	EventSendRecall        Event = "send_recall"
	EventCorrectDue        Event = "correct_due_date"
	EventBorrowerReturned  Event = "borrower_returned"
	EventReceiveReturn     Event = "receive_return"
	EventBorrowerLost      Event = "borrower_lost"
	EventSendInvoice       Event = "send_invoice"
	EventPaid              Event = "paid"
	EventTooLate           Event = "asked_too_late"
)

// Effects of the lending side.
const (
	DoSayWillSupply    Effect = "say_will_supply"
	DoSayUnfilled      Effect = "say_unfilled"
	DoSayConditional   Effect = "say_conditional"
	DoSayRetry         Effect = "say_retry_later"
	DoSayLoaned        Effect = "say_loaned"
	DoSayCopyCompleted Effect = "say_copy_completed"
	DoSayCancelYes     Effect = "say_cancel_yes"
	DoSayCancelNo      Effect = "say_cancel_no"
	DoSayRenewYes      Effect = "say_renewal_yes"
	DoSayRenewNo       Effect = "say_renewal_no"
	DoSayOverdue       Effect = "say_overdue"
	DoSayRecalled      Effect = "say_recalled"
	DoSayDueChanged    Effect = "say_due_changed"
	DoSayCompleted     Effect = "say_loan_completed"
	DoSayInvoice       Effect = "say_invoice"
	DoSayForgiven      Effect = "say_forgiven"
	DoSettleRenewal    Effect = "settle_renewal"
	DoChooseItem       Effect = "choose_item"
	DoAddVolume        Effect = "add_volume"
	DoReleaseItem      Effect = "release_item"
	DoItemMissing      Effect = "mark_item_missing"
	DoLendItem         Effect = "lend_item"
	DoTakeItemBack     Effect = "take_item_back"
	DoMoveLoanDue      Effect = "move_loan_due"
	DoDeclareLentLost  Effect = "declare_lent_item_lost"
	DoBillBorrower     Effect = "bill_borrower"
	DoCreditBorrower   Effect = "credit_borrower"
	DoDropInvoice      Effect = "drop_unpaid_invoice"
	DoKeepOffer        Effect = "keep_offer"
)

// GuardCopy holds where the request is for a copy, which nobody returns, and
// not for a loan.
const GuardCopy Guard = "a_copy"

// GuardOthersAway holds where another volume of what we lent is not home.
const GuardOthersAway Guard = "another_volume_away"

var (
	lendingBefore    = []State{Requested, Conditional, ToPull, SecondSearch, ToShip}
	lendingOut       = []State{Shipped, WithBorrowingLibrary, ReturnShipped}
	lendingNotOut    = []State{Requested, Conditional, ToPull, SecondSearch, ToShip, ReturnShipped, LostPending, Completed, Unfilled, Cancelled}
	lendingPayable   = []State{Shipped, WithBorrowingLibrary, ReturnShipped, Completed}
	lendingUnpayable = []State{Requested, Conditional, ToPull, SecondSearch, ToShip, Unfilled, Cancelled}
	lendingEnded     = statesOf(lendingPlaces, endedPlace)
	lendingAll       = statesOf(lendingPlaces, anyPlace)
	noReasons        = []string{"not_on_shelf", "on_loan", "not_owned", "non_circulating", "policy_problem", "lost", "poor_condition", "cost_exceeds_maximum", "other"}
)

// lendingPlaces says what each state means.
var lendingPlaces = []Place{
	{State: Requested, Label: "To answer", Owner: OwnerStaff, Deadline: DeadlineRespond, Then: EventRespondOverdue, First: EventAnswerYes},
	{State: Conditional, Label: "Waiting for the borrower to accept", Owner: OwnerBorrower, Deadline: DeadlineConditions, Then: EventConditionsLapsed, ISO: "Conditional"},
	{State: ToPull, Label: "To pull from the shelf", Owner: OwnerStaff, Deadline: DeadlinePull, Then: EventPullOverdue, First: EventFoundOnShelf, ISO: "WillSupply"},
	{State: SecondSearch, Label: "To search a second time", Owner: OwnerStaff, Deadline: DeadlinePull, Then: EventPullOverdue, First: EventFoundOnShelf, ISO: "WillSupply"},
	{State: ToShip, Label: "To ship", Owner: OwnerStaff, Deadline: DeadlinePull, Then: EventPullOverdue, First: EventShip, ISO: "WillSupply"},
	{State: Shipped, Label: "On its way to the borrower", Owner: OwnerBorrower, Deadline: DeadlineDue, Then: EventDuePassed, PastNeedBy: true, ISO: "Loaned"},
	{State: WithBorrowingLibrary, Label: "With the borrowing library", Owner: OwnerBorrower, Deadline: DeadlineDue, Then: EventDuePassed, PastNeedBy: true, ISO: "Loaned"},
	{State: ReturnShipped, Label: "On its way home", Owner: OwnerStaff, Deadline: DeadlineArrival, Then: EventArrivalOverdue, First: EventReceiveReturn, PastNeedBy: true, ISO: "Loaned"},
	{State: LostPending, Label: "Lost or damaged, to be invoiced and paid", Owner: OwnerStaff, Deadline: DeadlineSettlement, Then: EventSettleOverdue, First: EventSendInvoice, PastNeedBy: true, ISO: "Loaned"},
	{State: Completed, Label: "Completed", Owner: OwnerNone, Ended: true, Supplied: true, ISO: "LoanCompleted"},
	{State: Unfilled, Label: "Not supplied", Owner: OwnerNone, Ended: true, ISO: "Unfilled"},
	{State: Cancelled, Label: "Cancelled by the borrower", Owner: OwnerNone, Ended: true, ISO: "Cancelled"},
}

// Lending is the life of one ask at the library that was asked.
var Lending = &Table{
	Side:   SideLending,
	Start:  Requested,
	Places: lendingPlaces,
	Transitions: []Transition{
		// Answering
		{
			From: []State{Requested}, On: EventAnswerYes, To: ToPull, By: []Party{ByStaff, BySystem}, Do: []Effect{DoChooseItem, DoSayWillSupply}, Label: "Yes, we will supply", ISO: "WillSupply", Undo: Undo{Kind: UndoUntilSent},
			Form: []Field{{Name: "barcode", Type: FieldBarcode, Label: "Copy to send"}},
		},
		{
			From: []State{Requested}, On: EventAnswerNo, To: Unfilled, By: []Party{ByStaff, BySystem}, Do: []Effect{DoCloseTasks, DoSayUnfilled}, Label: "No", ISO: "Unfilled", Undo: Undo{Kind: UndoUntilSent},
			Form: []Field{{Name: "reason", Type: FieldChoice, Label: "Why not", Required: true, Choices: noReasons}, noteField},
		},
		{
			From: []State{Requested}, On: EventAnswerConditional, To: Conditional, By: []Party{ByStaff}, Do: []Effect{DoKeepOffer, DoSayConditional}, Label: "Yes, with conditions", ISO: "Conditional", Undo: Undo{Kind: UndoUntilSent},
			Form: []Field{{Name: "conditions", Type: FieldText, Label: "Conditions", Required: true}, moneyField},
		},
		{
			From: []State{Requested}, On: EventAnswerRetry, To: Unfilled, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoSayRetry}, Label: "Ask again later", ISO: "RetryPossible", Undo: Undo{Kind: UndoUntilSent},
			Form: []Field{{Name: "retry_after", Type: FieldDate, Label: "Ask again on", Required: true}, reasonField},
		},
		{From: []State{Requested}, On: EventRespondOverdue, To: Unfilled, By: []Party{BySystem}, Do: []Effect{DoCloseTasks, DoSayUnfilled}, Label: "Nobody answered in time", ISO: "Unfilled"},
		{From: []State{Conditional}, On: EventConditionsTaken, To: ToPull, By: []Party{ByBorrower, ByStaff}, Do: []Effect{DoChooseItem, DoSayWillSupply}, Label: "The borrower accepts", ISO: "Notification"},
		{From: []State{Unfilled, Cancelled}, On: EventConditionsTaken, To: Same, By: []Party{ByBorrower}, Do: []Effect{DoSayUnfilled}, Label: "The borrower accepts an offer that no longer stands", ISO: "Unfilled"},
		{From: []State{Requested, Conditional}, On: EventConditionsLeft, To: Cancelled, By: []Party{ByBorrower, ByStaff}, Do: []Effect{DoCloseTasks}, Label: "The borrower declines", ISO: "Notification"},
		{From: []State{ToPull, SecondSearch, ToShip}, On: EventConditionsLeft, To: Cancelled, By: []Party{ByBorrower}, Do: []Effect{DoCloseTasks, DoReleaseItem}, Label: "The borrower declines what we promised", ISO: "Notification"},
		{From: lendingOut, On: EventConditionsLeft, To: Same, By: []Party{ByBorrower}, Do: []Effect{DoOpenTask}, Label: "The borrower declines what is on its way", ISO: "Notification"},
		{From: []State{Conditional}, On: EventConditionsLapsed, To: Unfilled, By: []Party{BySystem}, Do: []Effect{DoCloseTasks, DoSayUnfilled}, Label: "The borrower did not answer", ISO: "Unfilled"},

		// Pulling and shipping
		{From: []State{ToPull, SecondSearch}, On: EventFoundOnShelf, To: ToShip, By: []Party{ByDesk, ByStaff}, Do: []Effect{DoChooseItem}, Label: "Found", Form: []Field{{Name: "barcode", Type: FieldBarcode, Label: "Copy to send"}}},
		{
			From: []State{ToPull, SecondSearch, ToShip}, On: EventAddVolume, When: []Guard{Not(GuardCopy)}, To: Same, By: []Party{ByStaff}, Do: []Effect{DoAddVolume}, Label: "Add another volume",
			Form: []Field{{Name: "barcode", Type: FieldBarcode, Label: "Barcode of the volume", Required: true}, {Name: "volume", Type: FieldText, Label: "Which volume it is"}},
		},
		{From: []State{ToPull}, On: EventNotFound, To: SecondSearch, By: []Party{ByStaff}, Label: "Not on the shelf"},
		{From: []State{SecondSearch}, On: EventNotFound, To: Unfilled, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoItemMissing, DoSayUnfilled}, Label: "Still not found", ISO: "Unfilled"},
		{From: []State{ToPull, SecondSearch, ToShip}, On: EventPullOverdue, To: Same, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "Promised, but not shipped yet"},
		{
			From: []State{ToPull, SecondSearch, ToShip}, On: EventAnswerNo, To: Unfilled, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoReleaseItem, DoSayUnfilled}, Label: "Cannot supply after all", ISO: "Unfilled",
			Form: []Field{{Name: "reason", Type: FieldChoice, Label: "Why not", Required: true, Choices: noReasons}, noteField},
		},
		{From: []State{ToPull, SecondSearch, ToShip}, On: EventShip, When: []Guard{GuardCopy}, To: Completed, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoBillBorrower, DoSayCopyCompleted}, Label: "The copy was delivered", ISO: "CopyCompleted", Form: []Field{moneyField}},
		{
			From: []State{ToPull, SecondSearch, ToShip}, On: EventShip, To: Shipped, By: []Party{ByDesk, ByStaff}, Do: []Effect{DoCloseTasks, DoChooseItem, DoLendItem, DoBillBorrower, DoSayLoaned, DoHearEarly}, Copy: ComingHere, Label: "Ship it", ISO: "Loaned", Undo: Undo{Kind: UndoNever},
			Form: []Field{{Name: "barcode", Type: FieldBarcode, Label: "Copy to send"}, dueField, moneyField},
		},

		// The borrower cancels
		{From: []State{Requested, Conditional}, On: EventCancelAsked, To: Cancelled, By: []Party{ByBorrower}, Do: []Effect{DoCloseTasks, DoSayCancelYes}, Label: "Cancelled by the borrower", ISO: "Cancel"},
		{From: []State{ToPull, SecondSearch, ToShip}, On: EventCancelAsked, To: Cancelled, By: []Party{ByBorrower}, Do: []Effect{DoCloseTasks, DoReleaseItem, DoSayCancelYes}, Label: "Cancelled by the borrower", ISO: "Cancel"},
		{From: lendingOut, On: EventCancelAsked, To: Same, By: []Party{ByBorrower}, Do: []Effect{DoSayCancelNo}, Label: "The borrower cancelled too late", ISO: "Cancel"},
		{From: []State{LostPending, Completed}, On: EventCancelAsked, To: Same, By: []Party{ByBorrower}, Do: []Effect{DoSayCancelNo}, Label: "The borrower cancelled too late", ISO: "Cancel"},
		{From: []State{Unfilled, Cancelled}, On: EventCancelAsked, To: Same, By: []Party{ByBorrower}, Do: []Effect{DoSayCancelYes}, Label: "Cancelled by the borrower", ISO: "Cancel"},

		// Out on loan
		{From: lendingBefore, On: EventBorrowerReceived, To: Same, By: []Party{ByBorrower}, Do: []Effect{DoOpenTask}, Label: "The borrower has it, but it is not recorded as sent", ISO: "Received"},
		{From: lendingBefore, On: EventBorrowerReturned, To: Same, By: []Party{ByBorrower}, Do: []Effect{DoOpenTask}, Label: "The borrower has sent it back, but it is not recorded as sent", ISO: "ShippedReturn"},
		{From: lendingBefore, On: EventBorrowerLost, To: Same, By: []Party{ByBorrower}, Do: []Effect{DoOpenTask}, Label: "The borrower reports it lost or damaged, but it is not recorded as sent"},
		{From: []State{LostPending}, On: EventBorrowerReceived, To: Same, By: []Party{ByBorrower}, Do: []Effect{DoOpenTask}, Copy: InLibrary, CopyFrom: Unaccounted, Label: "The borrower has it after all", ISO: "Received"},
		{From: []State{Unfilled, Cancelled}, On: EventBorrowerReceived, To: Same, By: []Party{ByBorrower}, Do: []Effect{DoOpenTask}, Label: "The borrower has something of ours for a request that has ended", ISO: "Received"},
		{From: lendingEnded, On: EventBorrowerReturned, To: Same, By: []Party{ByBorrower}, Do: []Effect{DoOpenTask}, Copy: GoingHome, CopyFrom: Unaccounted, Label: "Something comes home for a request that has ended", ISO: "ShippedReturn"},
		{From: lendingEnded, On: EventBorrowerLost, To: Same, By: []Party{ByBorrower}, Do: []Effect{DoOpenTask}, Label: "The borrower reports it lost or damaged after the request had ended"},
		{From: []State{Shipped}, On: EventBorrowerReceived, To: WithBorrowingLibrary, By: []Party{ByBorrower, ByStaff}, Copy: InLibrary, Label: "The borrower has it", ISO: "Received"},
		{From: []State{WithBorrowingLibrary}, On: EventBorrowerReceived, To: Same, By: []Party{ByBorrower}, Copy: InLibrary, Label: "The borrower has it", ISO: "Received"},
		{From: []State{ReturnShipped}, On: EventBorrowerReceived, To: Same, By: []Party{ByBorrower}, Label: "The borrower has it", ISO: "Received"},
		{From: []State{Shipped, WithBorrowingLibrary}, On: EventRenewAsked, To: Same, By: []Party{ByBorrower}, Do: []Effect{DoFlagRenewal, DoOpenTask}, Label: "The borrower asks to renew", ISO: "Renew"},
		{From: lendingNotOut, On: EventRenewAsked, To: Same, By: []Party{ByBorrower}, Do: []Effect{DoSayRenewNo}, Label: "The borrower asks to renew what it does not have", ISO: "Renew"},
		{
			From: []State{Shipped, WithBorrowingLibrary}, On: EventAnswerRenewYes, When: []Guard{GuardRenewalPending}, To: Same, By: []Party{ByStaff, BySystem}, Do: []Effect{DoCloseTasks, DoClearRenewal, DoMoveLoanDue, DoSayRenewYes}, Label: "Renew it", ISO: "RenewResponse",
			Form: []Field{{Name: "due", Type: FieldDate, Label: "New due date", Required: true}},
		},
		{From: []State{Shipped, WithBorrowingLibrary}, On: EventAnswerRenewNo, When: []Guard{GuardRenewalPending}, To: Same, By: []Party{ByStaff, BySystem}, Do: []Effect{DoCloseTasks, DoClearRenewal, DoSayRenewNo}, Label: "Do not renew it", ISO: "RenewResponse", Form: []Field{reasonField}},
		{From: []State{Shipped, WithBorrowingLibrary}, On: EventDuePassed, To: Same, By: []Party{BySystem}, Do: []Effect{DoFlagOverdue, DoSayOverdue, DoOpenTask}, Label: "Overdue; the borrower is told", ISO: "Overdue"},
		{From: []State{Shipped, WithBorrowingLibrary}, On: EventSendRecall, To: Same, By: []Party{ByStaff}, Do: []Effect{DoFlagRecalled, DoSayRecalled}, Label: "Recall it", ISO: "Recalled"},
		{From: []State{Shipped, WithBorrowingLibrary}, On: EventCorrectDue, To: Same, By: []Party{ByStaff, BySystem}, Do: []Effect{DoMoveLoanDue, DoSayDueChanged}, Label: "Correct the due date", Form: []Field{{Name: "due", Type: FieldDate, Label: "New due date", Required: true}}},
		{From: []State{Shipped, WithBorrowingLibrary}, On: EventBorrowerReturned, To: ReturnShipped, By: []Party{ByBorrower, ByStaff}, Do: []Effect{DoCloseTasks, DoSettleRenewal}, Copy: GoingHome, Label: "The borrower has sent it back", ISO: "ShippedReturn"},
		{From: []State{Shipped, WithBorrowingLibrary, ReturnShipped, LostPending}, On: EventReceiveReturn, When: []Guard{GuardOthersAway}, To: Same, By: []Party{ByDesk}, Do: []Effect{DoTakeItemBack}, Copy: WithLender, Label: "One volume is home; another is still away"},
		{From: []State{Shipped, WithBorrowingLibrary, ReturnShipped}, On: EventReceiveReturn, To: Completed, By: []Party{ByDesk, ByStaff}, Do: []Effect{DoCloseTasks, DoTakeItemBack, DoDropInvoice, DoSettleRenewal, DoSayCompleted}, Copy: WithLender, Label: "It is home", ISO: "LoanCompleted", Form: []Field{{Name: "condition", Type: FieldText, Label: "Condition"}}},
		{From: []State{ReturnShipped}, On: EventArrivalOverdue, To: Same, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "Sent back, but not arrived"},

		// Lost
		{From: lendingOut, On: EventBorrowerLost, To: LostPending, By: []Party{ByBorrower, ByStaff}, Do: []Effect{DoDeclareLentLost, DoSettleRenewal, DoOpenTask}, Copy: Unaccounted, Label: "The borrower reports it lost or damaged"},
		{From: []State{LostPending}, On: EventSendInvoice, To: Same, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoBillBorrower, DoSayInvoice}, Label: "Send an invoice", Form: []Field{{Name: "cost", Type: FieldMoney, Label: "Invoice", Required: true}}},
		{From: []State{LostPending}, On: EventPaid, To: Completed, By: []Party{ByBorrower, ByStaff}, Do: []Effect{DoCloseTasks, DoCreditBorrower}, Label: "Paid"},
		{From: lendingPayable, On: EventPaid, To: Same, By: []Party{ByBorrower, ByStaff}, Do: []Effect{DoCreditBorrower}, Label: "The borrower has paid"},
		{From: lendingUnpayable, On: EventPaid, To: Same, By: []Party{ByBorrower}, Do: []Effect{DoOpenTask}, Label: "The borrower says that it has paid, but nothing is owed"},
		{From: []State{LostPending}, On: EventForgive, To: Completed, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoDropInvoice, DoSayForgiven}, Label: "Forgive it", Form: []Field{noteField}},
		{From: []State{LostPending}, On: EventReceiveReturn, To: Completed, By: []Party{ByDesk, ByStaff}, Do: []Effect{DoCloseTasks, DoTakeItemBack, DoDropInvoice, DoSayCompleted}, Copy: WithLender, Label: "It came home after all", ISO: "LoanCompleted"},
		{From: []State{LostPending}, On: EventBorrowerReturned, To: ReturnShipped, By: []Party{ByBorrower}, Do: []Effect{DoCloseTasks}, Copy: GoingHome, Label: "Found; the borrower has sent it back", ISO: "ShippedReturn"},
		{From: []State{LostPending}, On: EventSettleOverdue, To: Same, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "Still not settled"},
		{From: []State{Completed}, On: EventSendInvoice, When: []Guard{Not(GuardCopy)}, To: Same, By: []Party{ByStaff}, Do: []Effect{DoBillBorrower, DoSayInvoice}, Label: "Send an invoice for damage", Form: []Field{{Name: "cost", Type: FieldMoney, Label: "Invoice", Required: true}}},

		// Late, double and unexpected
		{From: []State{Completed}, On: EventReceiveReturn, To: Same, By: []Party{ByDesk, ByStaff}, Do: []Effect{DoTakeItemBack, DoDropInvoice, DoSayCompleted, DoOpenTask}, Copy: WithLender, Label: "It came home after the request had ended"},
		{From: lendingAll, On: EventTooLate, To: Same, By: []Party{ByBorrower}, Do: []Effect{}, Label: "The borrower said something that no longer applies"},
		{From: lendingAll, On: EventNote, To: Same, By: []Party{ByStaff, ByBorrower, BySystem}, Label: "Note", Form: []Field{{Name: "note", Type: FieldText, Label: "Note", Required: true}}},
		{From: lendingAll, On: EventUndo, When: []Guard{GuardMessageUnsent}, To: Previous, By: []Party{ByStaff}, Do: []Effect{DoUndoLast}, Label: "Undo"},
	},
}
