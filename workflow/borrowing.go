package workflow

// States of the borrowing side.
const (
	Submitted            State = "submitted"
	NeedsReview          State = "needs_review"
	Routing              State = "routing"
	AwaitingCostApproval State = "awaiting_cost_approval"
	Requested            State = "requested"
	Conditional          State = "conditional"
	WaitingRetry         State = "waiting_retry"
	WillSupply           State = "will_supply"
	Shipped              State = "shipped"
	Received             State = "received"
	OnHoldShelf          State = "on_hold_shelf"
	CheckedOut           State = "checked_out"
	ReturnDue            State = "return_due"
	ReturnShipped        State = "return_shipped"
	ReturnUnconfirmed    State = "return_unconfirmed"
	LostPending          State = "lost_pending"
	CancelPending        State = "cancel_pending"
	Completed            State = "completed"
	Unfilled             State = "unfilled"
	Cancelled            State = "cancelled"
	Expired              State = "expired"
)

// Events of the borrowing side: what people do.
const (
	EventSubmit            Event = "submit"
	EventApproveReview     Event = "approve_review"
	EventRaiseCeiling      Event = "raise_ceiling"
	EventAddLender         Event = "add_lender"
	EventWait              Event = "wait"
	EventTellPatron        Event = "tell_patron"
	EventBuyInstead        Event = "buy_instead"
	EventApproveCost       Event = "approve_cost"
	EventDeclineCost       Event = "decline_cost"
	EventAcceptConditions  Event = "accept_conditions"
	EventDeclineConditions Event = "decline_conditions"
	EventCancel            Event = "cancel"
	EventTryNextLender     Event = "try_next_lender"
	EventReceive           Event = "receive"
	EventShelve            Event = "shelve"
	EventReceiveVolume     Event = "receive_volume"
	EventRejectItem        Event = "reject_item"
	EventPatronContact     Event = "patron_contact"
	EventReturnUnclaimed   Event = "return_unclaimed"
	EventCheckOut          Event = "check_out"
	EventReturn            Event = "return"
	EventRenew             Event = "renew"
	EventReportMisplaced   Event = "report_misplaced"
	EventReportLost        Event = "report_lost"
	EventFound             Event = "found"
	EventForgive           Event = "forgive"
	EventPay               Event = "pay_lender"
	EventShipReturn        Event = "ship_return"
	EventDispute           Event = "dispute"
	EventCloseReturn       Event = "close_return"
	EventStillOut          Event = "still_with_patron"
	EventLostInTransit     Event = "lost_in_transit"
	EventReopen            Event = "reopen"
	EventUndo              Event = "undo"
	EventUnshelve          Event = "unshelve"
	EventSendToPickup      Event = "send_to_pickup"
	EventNote              Event = "note"
	EventAmend             Event = "amend"
	EventChargeVolume      Event = "charge_volume" // a part of the lender's invoice, for one of several volumes
)

// Events of the borrowing side: what a lender says.
const (
	EventExpectToSupply Event = "expect_to_supply"
	EventWillSupply     Event = "will_supply"
	EventConditional    Event = "conditional"
	EventRetryLater     Event = "retry_later"
	EventUnfilled       Event = "unfilled"
	EventLoaned         Event = "loaned"
	EventCopyCompleted  Event = "copy_completed"
	EventCancelAgreed   Event = "cancel_agreed"
	EventCancelRefused  Event = "cancel_refused"
	EventRenewalGranted Event = "renewal_granted"
	EventRenewalUndated Event = "renewal_granted_undated"
	EventRenewalOverdue Event = "renewal_answer_overdue"
	EventRenewalRefused Event = "renewal_refused"
	EventOverdueNotice  Event = "overdue_notice"
	EventRecall         Event = "recall"
	EventDueChanged     Event = "due_changed"
	EventLenderConfirms Event = "lender_confirms"
	EventInvoice        Event = "invoice"
	EventLateYes        Event = "late_yes"
	EventLateNo         Event = "late_no"
	EventLateShipment   Event = "late_shipment"
	EventLateWord       Event = "late_word"
	EventHoldOnShelf    Event = "hold_on_shelf"
	EventHoldInTransit  Event = "hold_in_transit"
	EventHoldNotFound   Event = "hold_not_found"
	EventHoldWaits      Event = "hold_waits" // its copy is gone, and another one should be on the shelf
	EventArrivedAgain   Event = "arrived_again"
	EventLateArrived    Event = "late_arrived"   // something came from a lender we had moved on from
	EventSendLateBack   Event = "send_late_back" // and goes back unused
	EventLateHome       Event = "late_home"
)

// Events of the borrowing side: what the system finds or time brings.
const (
	EventChecksPassed     Event = "checks_passed"
	EventNeedsPerson      Event = "needs_person"
	EventReviewOverdue    Event = "review_overdue"
	EventHoldingsKnown    Event = "holdings_known"
	EventRoutingOverdue   Event = "routing_overdue"
	EventLenderChosen     Event = "lender_chosen"
	EventCostToApprove    Event = "cost_to_approve"
	EventNothingLeft      Event = "nothing_left"
	EventNobodyWaits      Event = "nobody_waits" // it was cancelled, or comes too late
	EventApprovalOverdue  Event = "approval_overdue"
	EventConfirmed        Event = "confirmed"
	EventDeliveryFailed   Event = "delivery_failed"
	EventNoAnswer         Event = "no_answer"
	EventConditionsLapsed Event = "conditions_lapsed"
	EventRetryDue         Event = "retry_due"
	EventShipmentOverdue  Event = "shipment_overdue"
	EventArrivalOverdue   Event = "arrival_overdue"
	EventInspectOverdue   Event = "inspection_overdue"
	EventShelfExpired     Event = "shelf_expired"
	EventDuePassed        Event = "due_passed"
	EventSearchEnded      Event = "search_ended"
	EventReturnOverdue    Event = "return_overdue"
	EventConfirmOverdue   Event = "confirmation_overdue"
	EventSettleOverdue    Event = "settlement_overdue"
	EventCancelSilent     Event = "cancel_silent"
	EventNeedByPassed     Event = "need_by_passed"
)

// Guards of the borrowing side.
const (
	GuardByHold         Guard = "fulfilled_by_hold"    // the active lender fills it by a hold in a shared catalogue
	GuardCostToApprove  Guard = "cost_to_approve"      // a fee for the patron is above what was approved
	GuardOfferOpen      Guard = "offer_open"           // the lender has named conditions or a cost
	GuardRetryWaiting   Guard = "retry_waiting"        // a lender said when to ask again
	GuardReturnUnused   Guard = "return_unused"        // cancelled while it was on its way
	GuardPatronContact  Guard = "patron_made_contact"  // the patron was heard from before the shelf date
	GuardPatronCancels  Guard = "cancelled_by_patron"  // the cancel came from the patron
	GuardNeedByCancels  Guard = "cancelled_by_need_by" // the cancel came from the need-by date
	GuardRenewalPending Guard = "renewal_pending"      // the lender has not answered a renewal yet
	GuardMisplaced      Guard = "reported_misplaced"   // the patron cannot find it
	GuardClaimed        Guard = "claimed"              // the patron says it is back, or never had it
	GuardMessageUnsent  Guard = "message_not_yet_sent" // the last outgoing message can be withdrawn
	GuardSaidByStaff    Guard = "said_by_staff"        // our staff say it, and not the other library
	GuardSeenHome       Guard = "seen_home"            // its lender says that it has it, though it is on loan here
	GuardNeverHere      Guard = "never_here"           // what was sent has never arrived
	GuardToShelve       Guard = "to_be_shelved"        // a volume that arrived is not on the hold shelf yet
	GuardOthersOut      Guard = "another_volume_out"   // the patron has another volume of it
	GuardOthersHere     Guard = "another_volume_here"  // another volume of it is here, too
	GuardOthersLost     Guard = "another_volume_lost"  // another volume of it is lost
	GuardOneOfSeveral   Guard = "one_of_several_lost"  // of several volumes one was lost while a patron had it
	GuardSomeHere       Guard = "a_volume_is_here"     // at least one volume is here, to be sent back
	GuardSomeOut        Guard = "a_volume_is_out"      // a patron has at least one volume
	GuardSupplied       Guard = "supplied"             // the lender has sent it
	GuardOwes           Guard = "lender_is_owed"       // a fee or an invoice of the lender is not paid
	GuardLeftLender     Guard = "moved_on_from_lender" // a lender was asked that the request no longer depends on
	GuardLateSent       Guard = "late_on_its_way_home" // what that lender sent too late was sent back
)

// Effects of the borrowing side.
const (
	DoFindHoldings   Effect = "find_holdings"
	DoChooseLender   Effect = "choose_lender"
	DoReroute        Effect = "build_rota_again"
	DoAskLender      Effect = "ask_lender"
	DoAskAgain       Effect = "ask_again"
	DoSendCancel     Effect = "send_cancel"
	DoSendAccept     Effect = "send_accept_conditions"
	DoSendReject     Effect = "send_reject_conditions"
	DoSendReceived   Effect = "send_received"
	DoSendRenew      Effect = "send_renew"
	DoSendReturned   Effect = "send_shipped_return"
	DoSendLost       Effect = "send_lost"
	DoSendPaid       Effect = "send_paid"
	DoEntryConfirmed Effect = "entry_confirmed"
	DoEntryOffered   Effect = "entry_offered"
	DoEntryPromised  Effect = "entry_promised"
	DoEntrySupplied  Effect = "entry_supplied"
	DoEntryReturned  Effect = "entry_returned"
	DoEntryRefused   Effect = "entry_refused"
	DoEntryTimedOut  Effect = "entry_timed_out"
	DoEntryDeclined  Effect = "entry_declined"
	DoEntryRetry     Effect = "entry_retry_later"
	DoEntryFailed    Effect = "entry_undelivered"
	DoEntryCancelled Effect = "entry_cancelled"
	DoCancelHold     Effect = "cancel_hold"
	DoKeepCost       Effect = "keep_approved_cost"
	DoRaiseCeiling   Effect = "raise_ceiling"
	DoAddLender      Effect = "add_lender"
	DoKeepShipment   Effect = "keep_shipment"
	DoAddShipped     Effect = "add_shipped_volumes"
	DoMakeItem       Effect = "make_temporary_item"
	DoKeepVolume     Effect = "keep_volume"
	DoPutOnShelf     Effect = "put_on_hold_shelf"
	DoKeepPickUp     Effect = "keep_pick_up_date"
	DoAwaitDecision  Effect = "await_decision"
	DoTakeOffShelf   Effect = "take_off_hold_shelf"
	DoSendToPickup   Effect = "send_to_pick_up_place"
	DoSendHome       Effect = "send_item_home"
	DoItemHome       Effect = "note_item_home"
	DoSeenHome       Effect = "stop_the_meter"
	DoNotHome        Effect = "let_the_meter_run"
	DoNameMissing    Effect = "name_missing_volumes"
	DoForgetCancel   Effect = "forget_cancel"
	DoFlagUnused     Effect = "flag_return_unused"
	DoFlagOverdue    Effect = "flag_overdue"
	DoFlagRecalled   Effect = "flag_recalled"
	DoFlagRenewal    Effect = "flag_renewal_pending"
	DoKeepLoanDue    Effect = "keep_loan_due_date"
	DoCheckRenewal   Effect = "check_renewal_window"
	DoAwaitRenewal   Effect = "await_renewal_answer"
	DoWaiveLost      Effect = "waive_what_is_unpaid_of_the_loss"
	DoCloseLoan      Effect = "close_loan"
	DoKeepCancel     Effect = "keep_wish_to_cancel"
	DoCheckOffer     Effect = "check_offer"
	DoClearRenewal   Effect = "clear_renewal_pending"
	DoKeepContact    Effect = "keep_patron_contact"
	DoChangeDue      Effect = "change_due_date"
	DoRecallLoan     Effect = "recall_loan"
	DoChargeFee      Effect = "charge_fee"
	DoReverseFee     Effect = "reverse_fee"
	DoChargeLost     Effect = "charge_lost"
	DoChargeVolume   Effect = "charge_lost_volume"
	DoDeclareLost    Effect = "declare_lost"
	DoKeepMisplaced  Effect = "keep_misplaced"
	DoForgetMisplace Effect = "forget_misplaced"
	DoRememberState  Effect = "remember_state"
	DoCancelByPatron Effect = "cancel_by_patron"
	DoCancelByNeedBy Effect = "cancel_by_need_by"
	DoCancelToMoveOn Effect = "cancel_to_move_on"
	DoTellArrived    Effect = "tell_patron_arrived"
	DoTellCost       Effect = "tell_patron_cost"
	DoTellUnfilled   Effect = "tell_patron_unfilled"
	DoTellCancelled  Effect = "tell_patron_cancelled"
	DoTellExpired    Effect = "tell_patron_expired"
	DoTellOverdue    Effect = "tell_patron_overdue"
	DoTellLost       Effect = "tell_patron_lost"
	DoTellRecalled   Effect = "tell_patron_recalled"
	DoTellDueChanged Effect = "tell_patron_due_changed"
	DoTellRenewed    Effect = "tell_patron_renewed"
	DoTellNotRenewed Effect = "tell_patron_not_renewed"
	DoTellNotShelf   Effect = "tell_patron_not_picked_up"
	DoDropNotices    Effect = "drop_notices"
	DoOpenTask       Effect = "open_task"
	DoCloseTasks     Effect = "close_tasks"
	DoAmend          Effect = "amend_request"
	DoSendAmended    Effect = "send_amended"
	DoHearEarly      Effect = "hear_what_came_early"
	DoMovePickup     Effect = "move_pick_up_place"
	DoUndoLast       Effect = "undo_last"
	DoKeepLate       Effect = "keep_late_parcel"
	DoReceiveLate    Effect = "receive_late_parcel"
	DoSendLateBack   Effect = "send_late_parcel_back"
	DoLateHome       Effect = "note_late_parcel_home"
	DoReopen         Effect = "reopen"
)

// Sets of states that several rows leave.
var (
	ended            = statesOf(borrowingPlaces, endedPlace)
	notAsked         = []State{NeedsReview, Routing, WaitingRetry}
	asked            = []State{Requested, Conditional, WillSupply}
	waitingForLender = []State{Requested, Conditional, WillSupply, AwaitingCostApproval}
	everywhere       = statesOf(borrowingPlaces, anyPlace)
	moneyField       = Field{Name: "cost", Type: FieldMoney, Label: "Cost the lender asks"}
	noteField        = Field{Name: "note", Type: FieldText, Label: "Note"}
	reasonField      = Field{Name: "reason", Type: FieldText, Label: "Reason"}
	dueField         = Field{Name: "due", Type: FieldDate, Label: "Lender's due date"}

	// termFields are what a lender may ask besides its due date and its fee.
	termFields = []Field{
		{Name: "renewals", Type: FieldCount, Label: "How often the lender renews it"},
		{Name: "fine", Type: FieldMoney, Label: "What the lender asks for a late day"},
		{Name: "fine_most", Type: FieldMoney, Label: "The most that comes to"},
	}
	pickupField = Field{Name: "pickup_branch", Type: FieldBranch, Label: "Pick-up place"}
	// newPickupField is the pick-up place of what has been sent already.
	newPickupField = Field{Name: "pickup_branch", Type: FieldBranch, Label: "Pick-up place", Required: true}
	needByField    = Field{Name: "need_by", Type: FieldDate, Label: "Needed by"}
	editionField   = Field{Name: "edition", Type: FieldText, Label: "Edition"}
	barcodeField   = Field{Name: "barcode", Type: FieldBarcode, Label: "Lender's barcode"}

	// lateFields say what came too late, where it is not plain.
	lateFields = []Field{{Name: "lender", Type: FieldLibrary, Label: "Library that sent it, where several may have"}, barcodeField}
)

// borrowingPlaces says what each state means.
var borrowingPlaces = []Place{
	{State: Submitted, Label: "Submitted", Patron: "We have your request", Owner: OwnerSystem, Passing: true, Serves: true, Coming: true},
	{State: NeedsReview, Label: "Needs a person", Patron: "Our staff are looking at your request", Owner: OwnerStaff, Deadline: DeadlineReview, Then: EventReviewOverdue, First: EventApproveReview, Serves: true, Coming: true},
	{State: Routing, Label: "Choosing a lender", Patron: "We are looking for a library that can lend it", Owner: OwnerSystem, Deadline: DeadlineRouting, Then: EventRoutingOverdue, Serves: true, Coming: true},
	{State: AwaitingCostApproval, Label: "Waiting for the patron to approve a cost", Patron: "It has a cost: please tell us whether to go ahead", Owner: OwnerPatron, Queue: QueueWithPatrons, Deadline: DeadlineApproval, Then: EventApprovalOverdue, First: EventApproveCost, Serves: true, Coming: true},
	{State: Requested, Label: "Asked a lender", Patron: "We have asked a library for it", Owner: OwnerLender, Queue: QueueWithLenders, Deadline: DeadlineAnswer, Then: EventNoAnswer, Serves: true, Coming: true},
	{State: Conditional, Label: "The lender named conditions", Patron: "A library will lend it on conditions, and our staff are looking at them", Owner: OwnerStaff, Queue: QueueWithLenders, Deadline: DeadlineConditions, Then: EventConditionsLapsed, First: EventAcceptConditions, Serves: true, Coming: true, ISO: "Conditional"},
	{State: WaitingRetry, Label: "Waiting to ask again", Patron: "A library has asked us to try again later", Owner: OwnerSystem, Queue: QueueWithLenders, Deadline: DeadlineRetry, Then: EventRetryDue, First: EventRetryDue, Serves: true, Coming: true, ISO: "RetryPossible"},
	{State: WillSupply, Label: "Promised by the lender", Patron: "A library has promised to send it", Owner: OwnerLender, Queue: QueueWithLenders, Deadline: DeadlineShipment, Then: EventShipmentOverdue, Serves: true, Coming: true, ISO: "WillSupply"},
	{State: Shipped, Label: "On its way here", Patron: "It is on its way to us", Unwanted: "Cancelled on its way here; it goes back unused", PatronUnwanted: "Cancelled; it goes straight back when it arrives", Owner: OwnerLender, Queue: QueueArriving, Deadline: DeadlineArrival, Then: EventArrivalOverdue, First: EventReceive, Serves: true, Coming: true, PastNeedBy: true, ISO: "Loaned"},
	{State: Received, Label: "Arrived, to be shelved", Patron: "It is here, and we are getting it ready for you", Owner: OwnerStaff, Queue: QueueArriving, Deadline: DeadlineInspection, Then: EventInspectOverdue, First: EventShelve, Serves: true, PastNeedBy: true, ISO: "Loaned"},
	{State: OnHoldShelf, Label: "On the hold shelf", Patron: "It is ready for you to pick up", Owner: OwnerPatron, Queue: QueueOnShelf, Deadline: DeadlinePickUpBy, Then: EventShelfExpired, First: EventCheckOut, Serves: true, PastNeedBy: true, ISO: "Loaned"},
	{State: CheckedOut, Label: "With the patron", Patron: "You have it", Owner: OwnerPatron, Queue: QueueWithPatrons, Deadline: DeadlineDue, Then: EventDuePassed, First: EventReturn, Serves: true, PastNeedBy: true, ISO: "Loaned"},
	{State: ReturnDue, Label: "To be sent back", Patron: "It is to go back to the library that lent it", Owner: OwnerStaff, Queue: QueueDueBack, Deadline: DeadlineReturn, Then: EventReturnOverdue, First: EventShipReturn, PastNeedBy: true, ISO: "Loaned"},
	{State: ReturnShipped, Label: "On its way home", Patron: "It is on its way back to the library that lent it", Owner: OwnerLender, Queue: QueueDueBack, Deadline: DeadlineConfirmation, Then: EventConfirmOverdue, PastNeedBy: true},
	{State: ReturnUnconfirmed, Label: "Return not confirmed by the lender", Patron: "It was sent back to the library that lent it", Owner: OwnerStaff, Queue: QueueDueBack, Deadline: DeadlineConfirmation, Then: EventConfirmOverdue, First: EventLenderConfirms, PastNeedBy: true},
	{State: LostPending, Label: "Lost or damaged, to be settled", Patron: "It is lost or damaged; we are settling it with the library that lent it", Owner: OwnerStaff, Queue: QueueDueBack, Deadline: DeadlineSettlement, Then: EventSettleOverdue, First: EventPay, PastNeedBy: true},
	{State: CancelPending, Label: "Asked the lender to stop", Patron: "We have asked the library not to send it", Owner: OwnerLender, Queue: QueueWithLenders, Deadline: DeadlineCancelAnswer, Then: EventCancelSilent, Serves: true},
	{State: Completed, Label: "Completed", Patron: "Finished", Owner: OwnerNone, Queue: QueueEnded, Ended: true, Supplied: true, ISO: "LoanCompleted"},
	{State: Unfilled, Label: "Not supplied", Patron: "We could not get it for you", Owner: OwnerNone, Queue: QueueEnded, Ended: true, ISO: "Unfilled"},
	{State: Cancelled, Label: "Cancelled", Patron: "Cancelled", Owner: OwnerNone, Queue: QueueEnded, Ended: true, ISO: "Cancelled"},
	{State: Expired, Label: "Expired", Patron: "It did not come by the date you needed it", Owner: OwnerNone, Queue: QueueEnded, Ended: true},
}

// Borrowing is the life of a request at the library whose patron asked.
var Borrowing = &Table{
	Side:   SideBorrowing,
	Start:  Submitted,
	Places: borrowingPlaces,
	Transitions: []Transition{
		// Checks
		{From: []State{Submitted}, On: EventChecksPassed, To: Routing, By: []Party{BySystem}, Do: []Effect{DoFindHoldings}, Label: "Checks passed"},
		{From: []State{Submitted}, On: EventNeedsPerson, To: NeedsReview, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "A person must decide"},

		// A person decides
		{From: []State{NeedsReview}, On: EventApproveReview, To: Routing, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoReroute, DoFindHoldings}, Label: "Look for a lender", Form: []Field{noteField}},
		{
			From: []State{NeedsReview}, On: EventRaiseCeiling, To: Routing, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoRaiseCeiling, DoReroute, DoFindHoldings}, Label: "Raise the cost ceiling",
			Form: []Field{{Name: "max_cost", Type: FieldMoney, Label: "New ceiling", Required: true}},
		},
		{
			From: []State{NeedsReview}, On: EventAddLender, To: Routing, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoAddLender, DoChooseLender}, Label: "Add a lender",
			Form: []Field{{Name: "lender", Type: FieldLibrary, Label: "Library to ask", Required: true}, moneyField},
		},
		{
			From: []State{NeedsReview}, On: EventWait, To: Same, By: []Party{ByStaff}, Label: "Wait until a date",
			Form: []Field{{Name: "until", Type: FieldDate, Label: "Look again on", Required: true}, noteField},
		},
		{From: []State{NeedsReview}, On: EventTellPatron, To: Unfilled, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoTellUnfilled}, Label: "Tell the patron it cannot be had", Form: []Field{reasonField}, Undo: Undo{Kind: UndoBy, Event: EventReopen}},
		{From: []State{NeedsReview}, On: EventBuyInstead, To: Unfilled, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoTellUnfilled}, Label: "Buy it instead", Form: []Field{noteField}, Undo: Undo{Kind: UndoBy, Event: EventReopen}},
		{From: []State{NeedsReview}, On: EventReviewOverdue, To: Same, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "Still waiting for a decision"},

		// Choosing a lender
		{From: []State{Routing}, On: EventHoldingsKnown, To: Same, By: []Party{BySystem}, Do: []Effect{DoChooseLender}, Label: "Holdings looked up"},
		{From: []State{Routing}, On: EventLenderChosen, To: Requested, By: []Party{BySystem}, Do: []Effect{DoAskLender}, Label: "Lender chosen and asked"},
		{From: []State{Routing}, On: EventCostToApprove, To: AwaitingCostApproval, By: []Party{BySystem}, Do: []Effect{DoTellCost}, Label: "The patron is asked to approve a cost"},
		{From: []State{Routing}, On: EventNobodyWaits, When: []Guard{GuardPatronCancels}, To: Cancelled, By: []Party{BySystem}, Do: []Effect{DoCloseTasks, DoTellCancelled}, Label: "Cancelled; nobody else is asked"},
		{From: []State{Routing}, On: EventNobodyWaits, To: Expired, By: []Party{BySystem}, Do: []Effect{DoCloseTasks, DoTellExpired}, Label: "Not supplied by the date it was needed"},
		{From: []State{Routing}, On: EventNothingLeft, When: []Guard{GuardRetryWaiting}, To: WaitingRetry, By: []Party{BySystem}, Label: "Nobody else has it; a lender said when to ask again"},
		{From: []State{Routing}, On: EventNothingLeft, To: NeedsReview, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "No lender left to ask"},
		{From: []State{Routing}, On: EventNeedsPerson, To: NeedsReview, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "A person must decide before it is asked as interlibrary loan"},
		{From: []State{Routing}, On: EventRoutingOverdue, To: NeedsReview, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "Choosing a lender did not finish"},

		// The patron decides about a cost
		{From: []State{AwaitingCostApproval}, On: EventApproveCost, When: []Guard{GuardOfferOpen}, To: WillSupply, By: []Party{ByPatron, ByStaff}, Do: []Effect{DoKeepCost, DoDropNotices, DoSendAccept, DoEntryPromised}, Label: "Approve the cost", Undo: Undo{Kind: UndoUntilSent}, Form: []Field{{Name: "most", Type: FieldMoney, Label: "Most the patron will pay, where the price is not known"}}},
		{From: []State{AwaitingCostApproval}, On: EventApproveCost, To: Requested, By: []Party{ByPatron, ByStaff}, Do: []Effect{DoKeepCost, DoDropNotices, DoAskLender}, Label: "Approve the cost", Undo: Undo{Kind: UndoUntilSent}, Form: []Field{{Name: "most", Type: FieldMoney, Label: "Most the patron will pay, where the price is not known"}}},
		{From: []State{AwaitingCostApproval}, On: EventDeclineCost, When: []Guard{GuardOfferOpen}, To: Routing, By: []Party{ByPatron, ByStaff}, Do: []Effect{DoDropNotices, DoSendReject, DoEntryDeclined, DoChooseLender}, Label: "Decline the cost"},
		{From: []State{AwaitingCostApproval}, On: EventDeclineCost, To: Routing, By: []Party{ByPatron, ByStaff}, Do: []Effect{DoDropNotices, DoEntryDeclined, DoChooseLender}, Label: "Decline the cost"},
		{From: []State{AwaitingCostApproval}, On: EventApprovalOverdue, When: []Guard{GuardOfferOpen}, To: Routing, By: []Party{BySystem}, Do: []Effect{DoDropNotices, DoSendReject, DoEntryDeclined, DoChooseLender}, Label: "No word from the patron about the cost"},
		{From: []State{AwaitingCostApproval}, On: EventApprovalOverdue, To: Routing, By: []Party{BySystem}, Do: []Effect{DoDropNotices, DoEntryDeclined, DoChooseLender}, Label: "No word from the patron about the cost"},

		// The lender answers
		{From: []State{Requested}, On: EventConfirmed, When: []Guard{Not(GuardByHold)}, To: Same, By: []Party{BySystem, ByStaff}, Do: []Effect{DoCloseTasks, DoEntryConfirmed}, Label: "The lender has the request"},
		{From: []State{Requested}, On: EventExpectToSupply, To: Same, By: []Party{ByLender}, Do: []Effect{DoEntryConfirmed}, Label: "The lender expects to supply", ISO: "ExpectToSupply"},
		{From: []State{Requested, Conditional}, On: EventWillSupply, When: []Guard{Not(GuardByHold)}, To: WillSupply, By: []Party{ByLender, ByStaff}, Do: []Effect{DoCloseTasks, DoEntryPromised}, Label: "The lender will supply", ISO: "WillSupply"},
		{From: []State{WillSupply, AwaitingCostApproval}, On: EventWillSupply, To: Same, By: []Party{ByLender, ByStaff}, Label: "The lender will supply", ISO: "WillSupply"},
		{From: waitingForLender, On: EventConditional, When: []Guard{Not(GuardByHold), GuardReturnUnused}, To: Routing, By: []Party{ByLender, ByStaff}, Do: []Effect{DoCloseTasks, DoDropNotices, DoSendReject, DoEntryDeclined, DoChooseLender}, Label: "The lender names conditions for what nobody waits for; they are declined", ISO: "Conditional"},
		{
			From: []State{Requested, WillSupply, Conditional, AwaitingCostApproval}, On: EventConditional, When: []Guard{Not(GuardByHold)}, To: Conditional, By: []Party{ByLender, ByStaff}, Do: []Effect{DoDropNotices, DoEntryOffered, DoOpenTask}, Label: "The lender names conditions", ISO: "Conditional",
			Form: []Field{{Name: "conditions", Type: FieldText, Label: "Conditions"}, moneyField},
		},
		{
			From: waitingForLender, On: EventRetryLater, When: []Guard{Not(GuardByHold)}, To: Routing, By: []Party{ByLender, ByStaff}, Do: []Effect{DoCloseTasks, DoDropNotices, DoEntryRetry, DoChooseLender}, Label: "The lender says to ask again later", ISO: "RetryPossible",
			Form: []Field{{Name: "retry_after", Type: FieldDate, Label: "Ask again on", Required: true}, reasonField},
		},
		{From: waitingForLender, On: EventUnfilled, When: []Guard{Not(GuardByHold)}, To: Routing, By: []Party{ByLender, ByStaff}, Do: []Effect{DoCloseTasks, DoDropNotices, DoEntryRefused, DoChooseLender}, Label: "The lender cannot supply", ISO: "Unfilled", Form: []Field{reasonField}},
		{From: []State{Requested}, On: EventDeliveryFailed, To: Routing, By: []Party{BySystem}, Do: []Effect{DoEntryFailed, DoChooseLender}, Label: "The request could not be delivered"},
		{From: []State{Requested}, On: EventNoAnswer, When: []Guard{GuardByHold}, To: Routing, By: []Party{BySystem}, Do: []Effect{DoCancelHold, DoEntryTimedOut, DoChooseLender}, Label: "The copy did not come in time"},
		{From: []State{Requested}, On: EventNoAnswer, To: Routing, By: []Party{BySystem}, Do: []Effect{DoCloseTasks, DoSendCancel, DoEntryTimedOut, DoChooseLender}, Label: "No answer in time; the next lender is asked"},
		{From: []State{Requested, WillSupply}, On: EventTryNextLender, When: []Guard{Not(GuardByHold), Not(GuardPatronCancels), Not(GuardNeedByCancels)}, To: CancelPending, By: []Party{ByStaff}, Do: []Effect{DoRememberState, DoCancelToMoveOn, DoSendCancel}, Label: "Stop and ask the next lender", Undo: Undo{Kind: UndoUntilSent}},
		{From: []State{Conditional}, On: EventAcceptConditions, When: []Guard{GuardCostToApprove}, To: AwaitingCostApproval, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoTellCost}, Label: "Accept the conditions"},
		{From: []State{Conditional}, On: EventAcceptConditions, To: WillSupply, By: []Party{ByStaff}, Do: []Effect{DoCheckOffer, DoCloseTasks, DoSendAccept, DoEntryPromised}, Label: "Accept the conditions", Undo: Undo{Kind: UndoUntilSent}},
		{From: []State{Conditional}, On: EventDeclineConditions, To: Routing, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoSendReject, DoEntryDeclined, DoChooseLender}, Label: "Decline the conditions"},
		{From: []State{Conditional}, On: EventConditionsLapsed, To: Routing, By: []Party{BySystem}, Do: []Effect{DoCloseTasks, DoSendReject, DoEntryDeclined, DoChooseLender}, Label: "The conditions were not answered in time"},
		{From: []State{WaitingRetry}, On: EventRetryDue, To: Requested, By: []Party{BySystem, ByStaff}, Do: []Effect{DoAskAgain}, Label: "Ask the lender again", ISO: "Retry"},
		{From: []State{WillSupply}, On: EventShipmentOverdue, To: Same, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "Promised, but not shipped yet"},

		// Shipped
		{From: []State{Requested, Conditional, WillSupply, AwaitingCostApproval}, On: EventCopyCompleted, When: []Guard{GuardCopy, Not(GuardByHold)}, To: Completed, By: []Party{ByLender, ByStaff}, Do: []Effect{DoCloseTasks, DoDropNotices, DoKeepShipment, DoEntrySupplied, DoChargeFee, DoEntryReturned, DoTellArrived}, Label: "The copy was delivered", ISO: "CopyCompleted"},
		{
			From: []State{Requested, Conditional, WillSupply, AwaitingCostApproval}, On: EventLoaned, When: []Guard{Not(GuardByHold)}, To: Shipped, By: []Party{ByLender, ByStaff}, Do: []Effect{DoCloseTasks, DoDropNotices, DoKeepShipment, DoEntrySupplied}, Copy: ComingHere, Label: "The lender has shipped it", ISO: "Loaned",
			Form: append([]Field{dueField, moneyField, barcodeField}, termFields...),
		},
		{From: []State{CancelPending}, On: EventCopyCompleted, When: []Guard{GuardCopy}, To: Completed, By: []Party{ByLender, ByStaff}, Do: []Effect{DoCloseTasks, DoKeepShipment, DoEntrySupplied, DoEntryReturned, DoOpenTask}, Label: "The copy was delivered before the lender heard of the cancel", ISO: "CopyCompleted"},
		{
			From: []State{CancelPending}, On: EventLoaned, When: []Guard{GuardPatronCancels}, To: Shipped, By: []Party{ByLender, ByStaff}, Do: []Effect{DoKeepShipment, DoEntrySupplied, DoFlagUnused, DoOpenTask}, Copy: ComingHere, Label: "Shipped before the lender heard of the cancel; it will go back unused", ISO: "Loaned",
			Form: append([]Field{dueField, moneyField, barcodeField}, termFields...),
		},
		{From: []State{CancelPending}, On: EventLoaned, When: []Guard{GuardNeedByCancels}, To: Shipped, By: []Party{ByLender, ByStaff}, Do: []Effect{DoKeepShipment, DoEntrySupplied, DoFlagUnused, DoOpenTask}, Copy: ComingHere, Label: "Shipped after the need-by date; it will go back unused", ISO: "Loaned"},
		{From: []State{CancelPending}, On: EventLoaned, To: Shipped, By: []Party{ByLender, ByStaff}, Do: []Effect{DoKeepShipment, DoEntrySupplied}, Copy: ComingHere, Label: "Shipped before the lender heard of the cancel", ISO: "Loaned"},
		{From: []State{Shipped, Received, OnHoldShelf, CheckedOut, ReturnDue, ReturnShipped, ReturnUnconfirmed, LostPending}, On: EventLoaned, To: Same, By: []Party{ByLender}, Do: []Effect{DoAddShipped, DoChangeDue, DoTellDueChanged}, Label: "The lender says again that it was shipped", ISO: "Loaned"},
		{From: []State{Requested, Conditional, AwaitingCostApproval, WillSupply, CancelPending}, On: EventDueChanged, When: []Guard{Not(GuardByHold)}, To: Same, By: []Party{ByLender}, Do: []Effect{DoChangeDue}, Label: "Due date corrected before we heard of the shipment"},
		{From: []State{Conditional, AwaitingCostApproval, WillSupply, Shipped, Received, OnHoldShelf, CheckedOut, ReturnDue, ReturnShipped, ReturnUnconfirmed, LostPending}, On: EventExpectToSupply, To: Same, By: []Party{ByLender}, Label: "Said before what we have heard already", ISO: "ExpectToSupply"},
		{From: []State{Shipped, Received, OnHoldShelf, CheckedOut, ReturnDue, ReturnShipped, ReturnUnconfirmed, LostPending}, On: EventWillSupply, To: Same, By: []Party{ByLender}, Label: "Said before what we have heard already", ISO: "WillSupply"},
		{From: []State{Shipped}, On: EventUnfilled, When: []Guard{Not(GuardByHold)}, To: Same, By: []Party{ByLender}, Do: []Effect{DoOpenTask}, Label: "The lender says that it cannot supply what it had sent", ISO: "Unfilled"},
		{From: []State{Shipped}, On: EventRetryLater, When: []Guard{Not(GuardByHold)}, To: Same, By: []Party{ByLender}, Do: []Effect{DoOpenTask}, Label: "The lender says that it cannot supply what it had sent", ISO: "RetryPossible"},
		{From: []State{Shipped}, On: EventArrivalOverdue, To: Same, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "Not arrived when expected"},
		{From: []State{Shipped}, On: EventLostInTransit, When: []Guard{Not(GuardByHold)}, To: LostPending, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoSendLost}, Copy: Unaccounted, CopyFrom: ComingHere, Label: "It was lost on the way", Form: []Field{noteField}},

		// Holds in a shared catalogue
		{From: []State{Requested}, On: EventHoldOnShelf, When: []Guard{GuardByHold}, To: OnHoldShelf, By: []Party{BySystem}, Do: []Effect{DoEntrySupplied, DoKeepPickUp, DoTellArrived}, Label: "Found on the shelf and kept for the patron"},
		{From: []State{Shipped}, On: EventHoldOnShelf, When: []Guard{GuardByHold, GuardReturnUnused}, To: Cancelled, By: []Party{BySystem}, Do: []Effect{DoCloseTasks, DoTakeOffShelf, DoEntryReturned}, Label: "Arrived after the patron cancelled"},
		{From: []State{Shipped}, On: EventHoldOnShelf, When: []Guard{GuardByHold}, To: OnHoldShelf, By: []Party{BySystem}, Do: []Effect{DoKeepPickUp, DoTellArrived}, Label: "Arrived and kept for the patron"},
		{From: []State{Requested}, On: EventHoldInTransit, When: []Guard{GuardByHold}, To: Shipped, By: []Party{BySystem}, Do: []Effect{DoEntrySupplied}, Label: "On its way from another branch or library"},
		{From: []State{OnHoldShelf}, On: EventHoldInTransit, When: []Guard{GuardByHold}, To: Shipped, By: []Party{BySystem}, Do: []Effect{DoKeepPickUp, DoDropNotices}, Label: "Not on its hold shelf; on its way to the branch where it is picked up"},
		{From: []State{Requested}, On: EventHoldNotFound, When: []Guard{GuardByHold}, To: Routing, By: []Party{ByDesk}, Do: []Effect{DoEntryRefused, DoChooseLender}, Label: "The copy is not on its shelf"},
		{From: []State{Shipped}, On: EventHoldNotFound, When: []Guard{GuardByHold, GuardReturnUnused}, To: Cancelled, By: []Party{ByDesk}, Do: []Effect{DoCloseTasks, DoEntryReturned}, Label: "The copy was not found, and the patron had cancelled"},
		{From: []State{Shipped, OnHoldShelf}, On: EventHoldNotFound, When: []Guard{GuardByHold}, To: Routing, By: []Party{ByDesk}, Do: []Effect{DoDropNotices, DoEntryRefused, DoChooseLender}, Label: "The copy that was kept is not there"},
		{From: []State{Shipped}, On: EventHoldWaits, When: []Guard{GuardByHold, GuardReturnUnused}, To: Cancelled, By: []Party{ByDesk}, Do: []Effect{DoCloseTasks, DoCancelHold, DoEntryReturned}, Label: "The copy was not found, and the patron had cancelled"},
		{From: []State{Shipped, OnHoldShelf}, On: EventHoldWaits, When: []Guard{GuardByHold}, To: Requested, By: []Party{ByDesk}, Do: []Effect{DoDropNotices}, Label: "The copy that was kept is not there; it waits for another"},

		// At our desk
		{
			From: []State{Shipped, WillSupply, Requested, Conditional, AwaitingCostApproval}, On: EventReceive, When: []Guard{GuardReturnUnused, Not(GuardByHold)}, To: ReturnDue, By: []Party{ByDesk}, Do: []Effect{DoCloseTasks, DoDropNotices, DoKeepShipment, DoMakeItem, DoSendReceived}, Copy: InLibrary, Label: "Receive it; it goes back unused", ISO: "Received",
			Form: []Field{barcodeField, dueField},
		},
		{
			From: []State{CancelPending}, On: EventReceive, When: []Guard{Not(GuardByHold)}, To: ReturnDue, By: []Party{ByDesk}, Do: []Effect{DoCloseTasks, DoKeepShipment, DoEntrySupplied, DoFlagUnused, DoMakeItem, DoSendReceived}, Copy: InLibrary, Label: "Receive it; it was cancelled and goes back unused", ISO: "Received",
			Form: []Field{barcodeField, dueField},
		},
		{
			From: []State{Shipped, WillSupply, Requested, Conditional, AwaitingCostApproval}, On: EventReceive, When: []Guard{Not(GuardByHold)}, To: Received, By: []Party{ByDesk}, Do: []Effect{DoCloseTasks, DoDropNotices, DoKeepShipment, DoEntrySupplied, DoMakeItem, DoChargeFee, DoSendReceived}, Copy: InLibrary, Label: "Receive it", ISO: "Received", Undo: Undo{Kind: UndoUntilSent},
			Form: append([]Field{barcodeField, dueField, moneyField, {Name: "condition", Type: FieldText, Label: "Condition"}}, termFields...),
		},
		{
			From: []State{LostPending}, On: EventReceive, When: []Guard{GuardNeverHere}, To: Received, By: []Party{ByDesk}, Do: []Effect{DoCloseTasks, DoKeepShipment, DoWaiveLost, DoEntrySupplied, DoMakeItem, DoChargeFee, DoSendReceived}, Copy: InLibrary, Label: "It arrived after all", ISO: "Received",
			Form: append([]Field{barcodeField, dueField, moneyField, {Name: "condition", Type: FieldText, Label: "Condition"}}, termFields...),
		},
		{From: []State{Received, OnHoldShelf, CheckedOut, ReturnDue, LostPending}, On: EventReceiveVolume, To: Same, By: []Party{BySystem}, Do: []Effect{DoKeepVolume}, Copy: InLibrary, Label: "Another volume of it arrived"},
		{From: []State{OnHoldShelf, CheckedOut}, On: EventShelve, When: []Guard{GuardToShelve}, To: Same, By: []Party{ByDesk, ByStaff}, Do: []Effect{DoPutOnShelf}, Label: "Another volume of it put on the hold shelf"},
		{From: []State{Received}, On: EventShelve, To: OnHoldShelf, By: []Party{ByDesk, ByStaff}, Do: []Effect{DoPutOnShelf, DoTellArrived}, Label: "Put on the hold shelf", Undo: Undo{Kind: UndoBy, Event: EventUnshelve}},
		{From: []State{OnHoldShelf}, On: EventUnshelve, When: []Guard{Not(GuardByHold)}, To: Received, By: []Party{ByStaff}, Do: []Effect{DoTakeOffShelf, DoDropNotices}, Label: "Take it off the hold shelf again"},
		{From: []State{OnHoldShelf, CheckedOut}, On: EventSendToPickup, When: []Guard{GuardToShelve}, To: Same, By: []Party{BySystem}, Do: []Effect{DoSendToPickup}, Label: "Another volume of it sent to the branch where it is picked up"},
		{From: []State{Received}, On: EventSendToPickup, To: Same, By: []Party{BySystem}, Do: []Effect{DoSendToPickup}, Label: "Sent to the branch where it is picked up"},
		{From: []State{OnHoldShelf}, On: EventSendToPickup, When: []Guard{Not(GuardByHold)}, To: Received, By: []Party{BySystem}, Do: []Effect{DoSendToPickup, DoDropNotices}, Label: "Not on its hold shelf; sent to the branch where it is picked up"},
		{From: []State{Received}, On: EventRejectItem, To: ReturnDue, By: []Party{ByStaff}, Do: []Effect{DoTakeOffShelf, DoReverseFee, DoOpenTask}, Label: "Wrong or damaged: send it back", Form: []Field{{Name: "note", Type: FieldText, Label: "What is wrong", Required: true}}},
		{From: []State{Received}, On: EventInspectOverdue, To: Same, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "Arrived, but not shelved yet"},
		{From: []State{OnHoldShelf}, On: EventPatronContact, To: Same, By: []Party{ByStaff, ByPatron}, Do: []Effect{DoKeepContact}, Label: "The patron was in touch", Form: []Field{noteField}},
		{From: []State{OnHoldShelf}, On: EventShelfExpired, When: []Guard{GuardPatronContact}, To: Same, By: []Party{BySystem}, Do: []Effect{DoAwaitDecision, DoOpenTask}, Label: "Pick-up date passed; the patron was in touch, staff decide"},
		{From: []State{OnHoldShelf}, On: EventShelfExpired, When: []Guard{GuardByHold}, To: Expired, By: []Party{BySystem}, Do: []Effect{DoCloseTasks, DoTakeOffShelf, DoEntryReturned, DoDropNotices, DoTellNotShelf}, Label: "Not picked up; the copy goes to the next in the queue or home"},
		{From: []State{OnHoldShelf}, On: EventShelfExpired, To: ReturnDue, By: []Party{BySystem}, Do: []Effect{DoTakeOffShelf, DoDropNotices, DoTellNotShelf}, Label: "Not picked up; it goes back to its owner"},
		{From: []State{OnHoldShelf}, On: EventReturnUnclaimed, When: []Guard{Not(GuardByHold)}, To: ReturnDue, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoTakeOffShelf, DoDropNotices}, Label: "Send it back unclaimed"},
		{From: []State{OnHoldShelf}, On: EventCheckOut, To: CheckedOut, By: []Party{ByDesk}, Do: []Effect{DoCloseTasks, DoKeepLoanDue, DoDropNotices}, Copy: InHands, Label: "Check out to the patron"},
		{From: []State{Received}, On: EventCheckOut, To: CheckedOut, By: []Party{ByDesk}, Do: []Effect{DoCloseTasks, DoKeepLoanDue, DoDropNotices}, Copy: InHands, Label: "Check out to the patron"},
		{From: []State{Shipped}, On: EventCheckOut, When: []Guard{GuardByHold}, To: CheckedOut, By: []Party{ByDesk}, Do: []Effect{DoCloseTasks, DoKeepLoanDue, DoDropNotices}, Label: "Checked out before it reached its hold shelf"},
		{From: []State{ReturnDue}, On: EventCheckOut, When: []Guard{Not(GuardByHold)}, To: CheckedOut, By: []Party{ByDesk}, Do: []Effect{DoCloseTasks, DoForgetCancel, DoKeepLoanDue, DoDropNotices}, Copy: InHands, Label: "Lent again before it was sent back"},
		{From: []State{LostPending}, On: EventCheckOut, When: []Guard{Not(GuardByHold)}, To: CheckedOut, By: []Party{ByDesk}, Do: []Effect{DoCloseTasks, DoWaiveLost, DoKeepLoanDue, DoDropNotices, DoOpenTask}, Copy: InHands, Label: "Found and lent; tell the lender, who heard that it was lost"},
		{From: []State{CheckedOut}, On: EventCheckOut, When: []Guard{Not(GuardByHold)}, To: Same, By: []Party{ByDesk}, Copy: InHands, Label: "Another volume of it checked out"},
		{From: []State{Requested}, On: EventCheckOut, When: []Guard{GuardByHold}, To: CheckedOut, By: []Party{BySystem}, Do: []Effect{DoCloseTasks, DoEntrySupplied, DoKeepLoanDue}, Label: "Checked out straight from the shelf"},
		{From: []State{OnHoldShelf}, On: EventRecall, When: []Guard{Not(GuardByHold)}, To: ReturnDue, By: []Party{ByLender, ByStaff}, Do: []Effect{DoTakeOffShelf, DoFlagRecalled, DoDropNotices, DoTellRecalled}, Label: "Recalled by the lender", ISO: "Recalled"},

		// With the patron
		{From: []State{CheckedOut}, On: EventReturn, When: []Guard{GuardByHold}, To: Completed, By: []Party{ByDesk}, Do: []Effect{DoCloseTasks, DoEntryReturned, DoDropNotices}, Label: "Returned"},
		{From: []State{CheckedOut}, On: EventReturn, When: []Guard{GuardSeenHome, GuardSomeHere}, To: ReturnDue, By: []Party{ByDesk}, Do: []Effect{DoCloseTasks, DoItemHome, DoDropNotices}, Label: "Taken off the patron's account; its lender has it, and the rest is to be sent back"},
		{From: []State{CheckedOut}, On: EventReturn, When: []Guard{GuardSeenHome}, To: Completed, By: []Party{ByDesk}, Do: []Effect{DoCloseTasks, DoClearRenewal, DoEntryReturned, DoItemHome, DoDropNotices}, Label: "Taken off the patron's account; its lender has it", ISO: "LoanCompleted"},
		{From: []State{CheckedOut}, On: EventReturn, When: []Guard{GuardOthersOut}, To: Same, By: []Party{ByDesk}, Copy: InLibrary, Label: "One volume was returned; the patron has another"},
		{From: []State{LostPending}, On: EventReturn, When: []Guard{GuardOthersLost}, To: Same, By: []Party{ByDesk}, Do: []Effect{DoWaiveLost}, Copy: InLibrary, Label: "One volume was returned; another is still to be settled"},
		{From: []State{CheckedOut, LostPending}, On: EventReturn, To: ReturnDue, By: []Party{ByDesk}, Do: []Effect{DoCloseTasks, DoTakeOffShelf, DoDropNotices, DoWaiveLost}, Copy: InLibrary, Label: "Returned by the patron"},
		{From: ended, On: EventReturn, To: Same, By: []Party{BySystem}, Do: []Effect{DoWaiveLost, DoOpenTask}, Copy: InLibrary, Label: "It came back after the request had ended; settle it with the lender"},
		{From: []State{CheckedOut}, On: EventRenew, When: []Guard{Not(GuardByHold), Not(GuardRenewalPending)}, To: Same, By: []Party{ByStaff, ByPatron}, Do: []Effect{DoCheckRenewal, DoFlagRenewal, DoAwaitRenewal, DoSendRenew}, Label: "Ask the lender to renew", ISO: "Renew", Undo: Undo{Kind: UndoUntilSent}},
		{From: []State{CheckedOut}, On: EventRenewalGranted, To: Same, By: []Party{ByLender, ByStaff}, Do: []Effect{DoCloseTasks, DoChangeDue, DoClearRenewal, DoTellRenewed}, Label: "Renewed by the lender", ISO: "RenewResponse", Form: []Field{{Name: "due", Type: FieldDate, Label: "New due date", Required: true}}},
		{From: []State{CheckedOut}, On: EventRenewalOverdue, To: Same, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "The lender has not answered the renewal"},
		{From: []State{LostPending}, On: EventRenewalGranted, When: []Guard{GuardRenewalPending}, To: Same, By: []Party{ByLender, ByStaff}, Do: []Effect{DoClearRenewal, DoOpenTask}, Label: "Renewed by the lender after it was reported lost", ISO: "RenewResponse"},
		{From: []State{ReturnDue, ReturnShipped, ReturnUnconfirmed}, On: EventRenewalGranted, When: []Guard{GuardRenewalPending}, To: Same, By: []Party{ByLender, ByStaff}, Do: []Effect{DoChangeDue, DoClearRenewal}, Label: "Renewed by the lender after it was returned", ISO: "RenewResponse", Form: []Field{{Name: "due", Type: FieldDate, Label: "New due date", Required: true}}},
		{From: []State{ReturnDue, ReturnShipped, ReturnUnconfirmed, LostPending}, On: EventRenewalUndated, When: []Guard{GuardRenewalPending}, To: Same, By: []Party{ByLender}, Do: []Effect{DoOpenTask}, Label: "The lender renewed it after it was returned, without saying until when", ISO: "RenewResponse"},
		{From: []State{ReturnDue, ReturnShipped, ReturnUnconfirmed, LostPending}, On: EventRenewalRefused, When: []Guard{GuardRenewalPending}, To: Same, By: []Party{ByLender}, Do: []Effect{DoClearRenewal}, Label: "The lender does not renew", ISO: "RenewResponse"},
		{From: []State{CheckedOut}, On: EventRenewalUndated, To: Same, By: []Party{ByLender}, Do: []Effect{DoOpenTask}, Label: "The lender renewed it without saying until when", ISO: "RenewResponse"},
		{From: []State{CheckedOut}, On: EventRenewalRefused, To: Same, By: []Party{ByLender, ByStaff}, Do: []Effect{DoClearRenewal, DoTellNotRenewed}, Label: "The lender does not renew", ISO: "RenewResponse", Form: []Field{reasonField}},
		{From: []State{CheckedOut}, On: EventDuePassed, When: []Guard{GuardSeenHome}, To: Same, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "Due, but its lender says that it is home"},
		{From: []State{CheckedOut}, On: EventDuePassed, When: []Guard{GuardRenewalPending}, To: Same, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "Due, and the lender has not answered the renewal"},
		{From: []State{CheckedOut}, On: EventDuePassed, To: Same, By: []Party{BySystem}, Do: []Effect{DoFlagOverdue, DoTellOverdue, DoOpenTask}, Label: "Overdue"},
		{From: []State{CheckedOut}, On: EventReportMisplaced, When: []Guard{Not(GuardByHold), Not(GuardMisplaced)}, To: Same, By: []Party{ByStaff, ByPatron}, Do: []Effect{DoKeepMisplaced}, Label: "The patron cannot find it", Undo: Undo{Kind: UndoBy, Event: EventFound}},
		{From: []State{CheckedOut}, On: EventFound, When: []Guard{GuardMisplaced}, To: Same, By: []Party{ByStaff, ByPatron}, Do: []Effect{DoForgetMisplace, DoCloseTasks}, Label: "The patron has found it", Form: []Field{noteField}},
		{From: []State{CheckedOut}, On: EventSearchEnded, When: []Guard{GuardSeenHome}, To: Same, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "It would count as lost, but its lender says that it is home"},
		{From: []State{CheckedOut}, On: EventSearchEnded, When: []Guard{GuardClaimed}, To: Same, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "It would count as lost, but the patron says that it is back"},
		{From: []State{CheckedOut}, On: EventSearchEnded, When: []Guard{GuardRenewalPending}, To: Same, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "It would count as lost, but the lender has not answered the renewal"},
		{From: []State{CheckedOut}, On: EventSearchEnded, To: LostPending, By: []Party{BySystem}, Do: []Effect{DoCloseTasks, DoDeclareLost, DoTellLost, DoSendLost, DoOpenTask}, Copy: Unaccounted, CopyFrom: InHands, Label: "Not found in the time there was to search: it counts as lost"},
		{From: []State{CheckedOut, ReturnDue, Shipped, Received, OnHoldShelf}, On: EventOverdueNotice, To: Same, By: []Party{ByLender}, Do: []Effect{DoFlagOverdue, DoOpenTask}, Label: "The lender says it is overdue", ISO: "Overdue"},
		{From: []State{CheckedOut}, On: EventRecall, To: Same, By: []Party{ByLender, ByStaff}, Do: []Effect{DoFlagRecalled, DoRecallLoan, DoTellRecalled, DoOpenTask}, Label: "Recalled by the lender", ISO: "Recalled"},
		{From: []State{Shipped, Received, ReturnDue, ReturnShipped, ReturnUnconfirmed}, On: EventRecall, To: Same, By: []Party{ByLender}, Do: []Effect{DoFlagRecalled, DoRecallLoan, DoOpenTask}, Label: "Recalled by the lender", ISO: "Recalled"},
		{From: []State{Shipped, Received, OnHoldShelf, CheckedOut, ReturnDue}, On: EventDueChanged, To: Same, By: []Party{ByLender, ByStaff}, Do: []Effect{DoChangeDue, DoTellDueChanged}, Label: "Due date corrected", Form: []Field{{Name: "due", Type: FieldDate, Label: "New due date", Required: true}}},
		{From: []State{ReturnShipped, ReturnUnconfirmed, Completed}, On: EventDueChanged, To: Same, By: []Party{ByLender}, Do: []Effect{DoChangeDue}, Label: "Due date corrected after it was returned"},
		{From: []State{CheckedOut}, On: EventReportLost, When: []Guard{Not(GuardByHold), GuardSomeOut}, To: LostPending, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoDeclareLost, DoSendLost}, Copy: Unaccounted, CopyFrom: InHands, Label: "Lost or damaged", Form: []Field{noteField}},
		{From: []State{OnHoldShelf}, On: EventReportLost, When: []Guard{Not(GuardByHold)}, To: LostPending, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoTakeOffShelf, DoDropNotices, DoTellUnfilled, DoSendLost}, Copy: Unaccounted, CopyFrom: InLibrary, Label: "Lost or damaged in the library", Form: []Field{noteField}},
		{From: []State{Received}, On: EventReportLost, When: []Guard{Not(GuardByHold)}, To: LostPending, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoTakeOffShelf, DoTellUnfilled, DoSendLost}, Copy: Unaccounted, CopyFrom: InLibrary, Label: "Lost or damaged in the library", Form: []Field{noteField}},
		{From: []State{ReturnDue}, On: EventReportLost, When: []Guard{Not(GuardByHold)}, To: LostPending, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoSendLost}, Copy: Unaccounted, CopyFrom: InLibrary, Label: "Lost or damaged in the library", Form: []Field{noteField}},
		{From: []State{ReturnUnconfirmed}, On: EventReportLost, When: []Guard{Not(GuardByHold)}, To: LostPending, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoSendLost}, Copy: Unaccounted, CopyFrom: GoingHome, Label: "Lost or damaged on the way back", Form: []Field{noteField}},

		// Getting it home
		{From: []State{ReturnDue}, On: EventShipReturn, When: []Guard{GuardOthersHere}, To: Same, By: []Party{ByDesk}, Do: []Effect{DoSendHome}, Copy: GoingHome, CopyFrom: InLibrary, Label: "One volume sent back; another is still here"},
		{From: []State{LostPending}, On: EventShipReturn, When: []Guard{GuardSomeHere}, To: Same, By: []Party{ByDesk, ByStaff}, Do: []Effect{DoSendHome}, Copy: GoingHome, CopyFrom: InLibrary, Label: "Send back the volumes that are here"},
		{From: ended, On: EventShipReturn, When: []Guard{GuardSomeHere}, To: Same, By: []Party{ByDesk, ByStaff}, Do: []Effect{DoSendHome, DoSendReturned}, Copy: GoingHome, CopyFrom: InLibrary, Label: "Send it back; its request has ended"},
		{From: []State{ReturnDue}, On: EventShipReturn, To: ReturnShipped, By: []Party{ByDesk, ByStaff}, Do: []Effect{DoCloseTasks, DoSendHome, DoSendReturned, DoNameMissing, DoEntryReturned, DoHearEarly}, Copy: GoingHome, CopyFrom: InLibrary, Label: "Send it back", ISO: "ShippedReturn", Undo: Undo{Kind: UndoUntilSent}},
		{From: []State{ReturnDue}, On: EventReturnOverdue, To: Same, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "Still here; it should have been sent back"},
		{From: []State{ReturnShipped, ReturnUnconfirmed, LostPending}, On: EventLenderConfirms, To: Completed, By: []Party{ByLender, ByStaff}, Do: []Effect{DoCloseTasks, DoClearRenewal, DoCloseLoan, DoItemHome, DoWaiveLost}, Copy: WithLender, Label: "The lender has it back", ISO: "LoanCompleted"},
		{From: []State{CheckedOut, ReturnDue}, On: EventLenderConfirms, When: []Guard{GuardSaidByStaff, Not(GuardByHold)}, To: Completed, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoClearRenewal, DoCloseLoan, DoEntryReturned, DoItemHome, DoDropNotices}, Copy: WithLender, Label: "It is home with its lender", ISO: "LoanCompleted"},
		{From: []State{CheckedOut}, On: EventLenderConfirms, When: []Guard{Not(GuardByHold)}, To: Same, By: []Party{ByLender, ByStaff}, Do: []Effect{DoSeenHome, DoDropNotices, DoOpenTask}, Copy: WithLender, CopyFrom: InHands, Label: "The lender says it is home, but it is on the patron's account", ISO: "LoanCompleted"},
		{From: []State{CheckedOut}, On: EventStillOut, When: []Guard{GuardSeenHome}, To: Same, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoNotHome}, Copy: InHands, CopyFrom: WithLender, Label: "The lender is wrong: the patron still has it", Form: []Field{noteField}},
		{From: []State{Shipped}, On: EventLenderConfirms, When: []Guard{GuardSaidByStaff, Not(GuardByHold)}, To: Routing, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoEntryRefused, DoChooseLender}, Copy: WithLender, Label: "It went back to its lender without reaching us"},
		{From: []State{ReturnDue, Received, OnHoldShelf, Shipped}, On: EventLenderConfirms, To: Same, By: []Party{ByLender, ByStaff}, Do: []Effect{DoOpenTask}, Label: "The lender says it is home, but it is not recorded as sent", ISO: "LoanCompleted"},
		{From: ended, On: EventLenderConfirms, When: []Guard{GuardSomeHere}, To: Same, By: []Party{ByLender, ByStaff}, Do: []Effect{DoOpenTask}, Label: "The lender says it is home, but it is here", ISO: "LoanCompleted"},
		{From: ended, On: EventLenderConfirms, To: Same, By: []Party{ByLender, ByStaff}, Do: []Effect{DoCloseLoan, DoItemHome, DoWaiveLost, DoLateHome}, Copy: WithLender, Label: "The lender has it back", ISO: "LoanCompleted"},
		{From: []State{ReturnShipped}, On: EventConfirmOverdue, To: ReturnUnconfirmed, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "The lender has not confirmed the return"},
		{From: []State{ReturnShipped}, On: EventOverdueNotice, To: ReturnUnconfirmed, By: []Party{ByLender}, Do: []Effect{DoOpenTask}, Label: "The lender says it is overdue", ISO: "Overdue"},
		{From: []State{ReturnUnconfirmed}, On: EventConfirmOverdue, To: Same, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "The return is still not confirmed"},
		{From: []State{ReturnUnconfirmed}, On: EventOverdueNotice, To: Same, By: []Party{ByLender}, Do: []Effect{DoOpenTask}, Label: "The lender says it is overdue", ISO: "Overdue"},
		{From: []State{ReturnUnconfirmed}, On: EventDispute, To: Same, By: []Party{ByStaff}, Label: "Dispute with proof of shipment", Form: []Field{{Name: "note", Type: FieldText, Label: "Proof of shipment", Required: true}}},
		{From: []State{ReturnShipped, ReturnUnconfirmed}, On: EventCloseReturn, To: Completed, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoClearRenewal}, Copy: WithLender, CopyFrom: GoingHome, Label: "Close: the lender has it", Form: []Field{noteField}},
		{From: []State{ReturnShipped, ReturnUnconfirmed}, On: EventLostInTransit, To: LostPending, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoSendLost}, Copy: Unaccounted, CopyFrom: GoingHome, Label: "It was lost on the way", Form: []Field{noteField}},

		// Lost or damaged
		{From: []State{LostPending}, On: EventFound, When: []Guard{Not(GuardNeverHere)}, To: ReturnDue, By: []Party{ByDesk, ByStaff}, Do: []Effect{DoCloseTasks, DoCloseLoan, DoWaiveLost}, Copy: InLibrary, CopyFrom: Unaccounted, Label: "Found again", Form: []Field{noteField}},
		{From: []State{LostPending}, On: EventForgive, When: []Guard{GuardSomeHere}, To: ReturnDue, By: []Party{ByStaff, ByLender}, Do: []Effect{DoCloseTasks, DoWaiveLost}, Label: "The lender forgives it; the rest is to be sent back", Form: []Field{noteField}},
		{From: []State{LostPending}, On: EventForgive, To: Completed, By: []Party{ByStaff, ByLender}, Do: []Effect{DoCloseTasks, DoClearRenewal, DoWaiveLost}, Label: "The lender forgives it", Form: []Field{noteField}},
		{From: ended, On: EventForgive, To: Same, By: []Party{ByLender}, Do: []Effect{DoWaiveLost}, Label: "The lender forgives it"},
		{From: []State{LostPending}, On: EventInvoice, To: Same, By: []Party{ByLender, ByStaff}, Do: []Effect{DoChargeLost, DoOpenTask}, Label: "The lender sent an invoice", Form: []Field{{Name: "cost", Type: FieldMoney, Label: "Invoice", Required: true}}},
		{
			From: []State{LostPending, ReturnDue, ReturnShipped, ReturnUnconfirmed, Completed}, On: EventChargeVolume, When: []Guard{GuardOneOfSeveral}, To: Same, By: []Party{ByStaff}, Do: []Effect{DoChargeVolume},
			Label: "Charge whoever lost one volume",
			Form:  []Field{{Name: "barcode", Type: FieldBarcode, Label: "Barcode of the volume", Required: true}, {Name: "cost", Type: FieldMoney, Label: "Its part of the invoice; 0 takes it back", Required: true}},
		},
		{From: []State{LostPending}, On: EventPay, When: []Guard{GuardSomeHere}, To: ReturnDue, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoSendPaid}, Label: "The lender was paid; the rest is to be sent back", Form: []Field{noteField}},
		{From: []State{LostPending}, On: EventPay, To: Completed, By: []Party{ByStaff}, Do: []Effect{DoCloseTasks, DoClearRenewal, DoSendPaid}, Label: "The lender was paid", Form: []Field{noteField}},
		{From: []State{CheckedOut, ReturnDue, ReturnShipped, ReturnUnconfirmed, Completed}, On: EventPay, When: []Guard{GuardOwes}, To: Same, By: []Party{ByStaff}, Do: []Effect{DoSendPaid}, Label: "The lender was paid", Form: []Field{noteField}},
		{From: []State{LostPending}, On: EventSettleOverdue, To: Same, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "Still not settled"},

		// Cancelling, by stage
		{From: notAsked, On: EventCancel, To: Cancelled, By: []Party{ByPatron, ByStaff}, Do: []Effect{DoCloseTasks, DoCancelByPatron, DoDropNotices}, Label: "Cancel", Form: []Field{reasonField}, Undo: Undo{Kind: UndoBy, Event: EventReopen}},
		{From: []State{AwaitingCostApproval}, On: EventCancel, When: []Guard{GuardOfferOpen}, To: CancelPending, By: []Party{ByPatron, ByStaff}, Do: []Effect{DoRememberState, DoCancelByPatron, DoDropNotices, DoSendCancel}, Label: "Cancel", Form: []Field{reasonField}},
		{From: []State{AwaitingCostApproval}, On: EventCancel, To: Cancelled, By: []Party{ByPatron, ByStaff}, Do: []Effect{DoCloseTasks, DoCancelByPatron, DoDropNotices, DoEntryCancelled}, Label: "Cancel", Form: []Field{reasonField}, Undo: Undo{Kind: UndoBy, Event: EventReopen}},
		{From: []State{Requested}, On: EventCancel, When: []Guard{GuardByHold}, To: Cancelled, By: []Party{ByPatron, ByStaff}, Do: []Effect{DoCloseTasks, DoCancelByPatron, DoCancelHold, DoEntryCancelled}, Label: "Cancel", Form: []Field{reasonField}, Undo: Undo{Kind: UndoBy, Event: EventReopen}},
		{From: asked, On: EventCancel, To: CancelPending, By: []Party{ByPatron, ByStaff}, Do: []Effect{DoCloseTasks, DoRememberState, DoCancelByPatron, DoSendCancel}, Label: "Cancel", Form: []Field{reasonField}, Undo: Undo{Kind: UndoUntilSent}, ISO: "Cancel"},
		{From: []State{Shipped}, On: EventCancel, When: []Guard{Not(GuardReturnUnused)}, To: Same, By: []Party{ByPatron, ByStaff}, Do: []Effect{DoCancelByPatron, DoFlagUnused}, Label: "Cancel; it goes back unused", Form: []Field{reasonField}},
		{From: []State{Received}, On: EventCancel, To: ReturnDue, By: []Party{ByPatron, ByStaff}, Do: []Effect{DoCancelByPatron, DoTakeOffShelf, DoFlagUnused}, Label: "Cancel", Form: []Field{reasonField}},
		{From: []State{OnHoldShelf}, On: EventCancel, When: []Guard{GuardByHold}, To: Cancelled, By: []Party{ByPatron, ByStaff}, Do: []Effect{DoCloseTasks, DoCancelByPatron, DoTakeOffShelf, DoEntryReturned, DoDropNotices}, Label: "Cancel", Form: []Field{reasonField}},
		{From: []State{OnHoldShelf}, On: EventCancel, To: ReturnDue, By: []Party{ByPatron, ByStaff}, Do: []Effect{DoCancelByPatron, DoTakeOffShelf, DoDropNotices}, Label: "Cancel", Form: []Field{reasonField}},
		{From: []State{CancelPending}, On: EventCancelAgreed, To: Routing, By: []Party{ByLender, ByStaff}, Do: []Effect{DoCloseTasks, DoEntryCancelled, DoChooseLender}, Label: "The lender has stopped", ISO: "CancelResponse"},
		{From: []State{CancelPending}, On: EventUnfilled, To: Routing, By: []Party{ByLender, ByStaff}, Do: []Effect{DoEntryRefused, DoChooseLender}, Label: "The lender cannot supply anyway", ISO: "Unfilled"},
		{From: []State{CancelPending}, On: EventCancelRefused, When: []Guard{GuardOfferOpen}, To: Routing, By: []Party{ByLender, ByStaff}, Do: []Effect{DoCloseTasks, DoSendReject, DoEntryDeclined, DoChooseLender}, Label: "The lender does not stop; its offer is declined", ISO: "CancelResponse"},
		{From: []State{CancelPending}, On: EventCancelRefused, To: Previous, By: []Party{ByLender, ByStaff}, Do: []Effect{DoKeepCancel, DoOpenTask}, Label: "The lender does not stop", ISO: "CancelResponse"},
		{From: []State{CancelPending}, On: EventCancelSilent, To: Routing, By: []Party{BySystem}, Do: []Effect{DoEntryTimedOut, DoChooseLender}, Label: "No answer to the cancel; taken as stopped"},
		{From: []State{CancelPending}, On: EventExpectToSupply, To: Same, By: []Party{ByLender}, Label: "Said before the lender heard of the cancel", ISO: "ExpectToSupply"},
		{From: []State{CancelPending}, On: EventWillSupply, To: Same, By: []Party{ByLender}, Label: "Said before the lender heard of the cancel", ISO: "WillSupply"},
		{From: []State{CancelPending}, On: EventConditional, To: Same, By: []Party{ByLender}, Label: "Said before the lender heard of the cancel", ISO: "Conditional"},
		{From: []State{CancelPending}, On: EventRetryLater, To: Routing, By: []Party{ByLender}, Do: []Effect{DoEntryRetry, DoChooseLender}, Label: "The lender cannot supply now anyway", ISO: "RetryPossible"},
		{From: []State{CancelPending}, On: EventConfirmed, To: Same, By: []Party{BySystem}, Do: []Effect{DoEntryConfirmed}, Label: "The lender has the request"},

		// The date the patron needs it by
		{From: notAsked, On: EventNeedByPassed, To: Expired, By: []Party{BySystem}, Do: []Effect{DoCloseTasks, DoCancelByNeedBy, DoDropNotices, DoTellExpired}, Label: "Not supplied by the date it was needed"},
		{From: []State{AwaitingCostApproval}, On: EventNeedByPassed, When: []Guard{GuardOfferOpen}, To: CancelPending, By: []Party{BySystem}, Do: []Effect{DoRememberState, DoCancelByNeedBy, DoDropNotices, DoSendCancel}, Label: "Needed by a date that has passed"},
		{From: []State{AwaitingCostApproval}, On: EventNeedByPassed, To: Expired, By: []Party{BySystem}, Do: []Effect{DoCloseTasks, DoCancelByNeedBy, DoDropNotices, DoEntryCancelled, DoTellExpired}, Label: "Not supplied by the date it was needed"},
		{From: []State{Requested}, On: EventNeedByPassed, When: []Guard{GuardByHold}, To: Expired, By: []Party{BySystem}, Do: []Effect{DoCloseTasks, DoCancelByNeedBy, DoCancelHold, DoEntryCancelled, DoTellExpired}, Label: "Not supplied by the date it was needed"},
		{From: asked, On: EventNeedByPassed, To: CancelPending, By: []Party{BySystem}, Do: []Effect{DoCloseTasks, DoRememberState, DoCancelByNeedBy, DoSendCancel}, Label: "Needed by a date that has passed; the lender is asked to stop"},
		{From: []State{CancelPending}, On: EventNeedByPassed, When: []Guard{Not(GuardPatronCancels)}, To: Same, By: []Party{BySystem}, Do: []Effect{DoCancelByNeedBy}, Label: "Needed by a date that has passed; nobody else is asked"},
		{From: []State{CancelPending}, On: EventNeedByPassed, To: Same, By: []Party{BySystem}, Label: "The need-by date passed"},

		// The patron or staff change what was asked for, while it still matters
		{
			From: notAsked, On: EventAmend, To: Same, By: []Party{ByPatron, ByStaff}, Do: []Effect{DoAmend}, Label: "Change what was asked for",
			Form: []Field{pickupField, needByField, editionField},
		},
		{
			From: []State{Requested}, On: EventAmend, When: []Guard{GuardByHold}, To: Same, By: []Party{ByPatron, ByStaff}, Do: []Effect{DoAmend, DoMovePickup}, Label: "Change what was asked for",
			Form: []Field{pickupField, needByField},
		},
		{
			From: []State{AwaitingCostApproval, Requested, Conditional, WillSupply}, On: EventAmend, When: []Guard{Not(GuardByHold)}, To: Same, By: []Party{ByPatron, ByStaff}, Do: []Effect{DoAmend, DoSendAmended}, Label: "Change what was asked for; the lender is told",
			Form: []Field{pickupField, needByField, editionField},
		},
		{
			From: []State{Shipped, Received}, On: EventAmend, When: []Guard{Not(GuardByHold)}, To: Same, By: []Party{ByPatron, ByStaff}, Do: []Effect{DoAmend, DoSendToPickup}, Label: "Change the pick-up place",
			Form: []Field{newPickupField},
		},
		{
			From: []State{OnHoldShelf}, On: EventAmend, When: []Guard{Not(GuardByHold)}, To: Received, By: []Party{ByPatron, ByStaff}, Do: []Effect{DoAmend, DoSendToPickup, DoDropNotices}, Label: "Change the pick-up place; it goes there from its hold shelf",
			Form: []Field{newPickupField},
		},
		{
			From: []State{Shipped}, On: EventAmend, When: []Guard{GuardByHold, Not(GuardReturnUnused)}, To: Same, By: []Party{ByPatron, ByStaff}, Do: []Effect{DoAmend, DoMovePickup}, Label: "Change the pick-up place",
			Form: []Field{newPickupField},
		},
		{
			From: []State{OnHoldShelf}, On: EventAmend, When: []Guard{GuardByHold}, To: Shipped, By: []Party{ByPatron, ByStaff}, Do: []Effect{DoAmend, DoMovePickup, DoDropNotices}, Label: "Change the pick-up place; it goes there from its hold shelf",
			Form: []Field{newPickupField},
		},

		// Late, double and unexpected
		{From: everywhere, On: EventLateYes, To: Same, By: []Party{ByLender}, Do: []Effect{DoOpenTask}, Label: "A lender we had moved on from says yes"},
		{From: everywhere, On: EventLateNo, To: Same, By: []Party{ByLender}, Label: "A lender says no to what is no longer asked"},
		{From: everywhere, On: EventLateWord, To: Same, By: []Party{ByLender}, Do: []Effect{DoOpenTask}, Label: "A lender says something that does not fit the request as it stands"},
		{From: everywhere, On: EventLateShipment, To: Same, By: []Party{ByLender}, Do: []Effect{DoKeepLate, DoOpenTask}, Label: "A lender we had moved on from has shipped; send it back unused"},
		{From: everywhere, On: EventLateArrived, When: []Guard{GuardLeftLender}, To: Same, By: []Party{ByDesk, ByStaff}, Do: []Effect{DoReceiveLate, DoOpenTask}, Label: "Something came from a lender we had moved on from; send it back unused", Form: lateFields},
		{From: everywhere, On: EventSendLateBack, When: []Guard{GuardLeftLender}, To: Same, By: []Party{ByDesk, ByStaff}, Do: []Effect{DoSendLateBack}, Label: "Send back what came too late", Form: lateFields},
		{From: everywhere, On: EventLateHome, When: []Guard{GuardLateSent}, To: Same, By: []Party{ByLender}, Do: []Effect{DoLateHome}, Label: "The lender has back what it sent too late", ISO: "LoanCompleted"},
		{From: everywhere, On: EventLateHome, To: Same, By: []Party{ByLender}, Do: []Effect{DoOpenTask}, Label: "A lender says that it is home, but nothing of it is on its way there"},
		{From: everywhere, On: EventArrivedAgain, To: Same, By: []Party{BySystem}, Do: []Effect{DoOpenTask}, Label: "Another parcel arrived for this request"},
		{From: ended, On: EventLoaned, When: []Guard{GuardSupplied}, To: Same, By: []Party{ByLender}, Label: "The lender says again that it was shipped", ISO: "Loaned"},
		{From: ended, On: EventLoaned, To: Same, By: []Party{ByLender}, Do: []Effect{DoKeepLate, DoOpenTask}, Label: "Shipped after the request had ended; send it back unused", ISO: "Loaned"},
		{From: ended, On: EventInvoice, To: Same, By: []Party{ByLender, ByStaff}, Do: []Effect{DoOpenTask}, Label: "The lender sent an invoice", Form: []Field{{Name: "cost", Type: FieldMoney, Label: "Invoice", Required: true}}},
		{From: []State{Received, OnHoldShelf, CheckedOut, ReturnDue, ReturnShipped, ReturnUnconfirmed, Shipped}, On: EventInvoice, To: Same, By: []Party{ByLender, ByStaff}, Do: []Effect{DoOpenTask}, Label: "The lender sent an invoice", Form: []Field{{Name: "cost", Type: FieldMoney, Label: "Invoice", Required: true}}},
		{From: []State{Completed}, On: EventDispute, To: Same, By: []Party{ByStaff}, Do: []Effect{DoOpenTask}, Label: "Dispute", Form: []Field{{Name: "note", Type: FieldText, Label: "What is disputed", Required: true}}},
		{From: []State{Unfilled, Cancelled, Expired}, On: EventReopen, To: Routing, By: []Party{ByStaff}, Do: []Effect{DoReopen, DoReroute, DoFindHoldings}, Label: "Open it again", Form: []Field{noteField}},
		{From: everywhere, On: EventNote, To: Same, By: []Party{ByStaff, ByPatron, ByLender, BySystem}, Label: "Note", Form: []Field{{Name: "note", Type: FieldText, Label: "Note", Required: true}}},
		{From: everywhere, On: EventUndo, When: []Guard{GuardMessageUnsent}, To: Previous, By: []Party{ByStaff, ByPatron}, Do: []Effect{DoUndoLast}, Label: "Undo"},
	},
}
