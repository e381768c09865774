package requests

import (
	"context"

	"afield/broker/notices"
	"afield/connectors"
	"afield/workflow"
)

// bindEffects gives every effect of the tables its code. An effect that only
// says one thing, sets one flag or writes one notice is made here.
func (s *Service) bindEffects() {
	s.effects = map[workflow.Effect]func(*step, context.Context) error{
		// routing
		workflow.DoFindHoldings: (*step).findHoldings,
		workflow.DoChooseLender: (*step).chooseLender,
		workflow.DoReroute:      (*step).startOver,
		workflow.DoAskLender:    (*step).askLender,
		workflow.DoAskAgain:     (*step).askAgain,
		workflow.DoAddLender:    (*step).addLender,
		workflow.DoRaiseCeiling: (*step).raiseCeiling,
		workflow.DoKeepCost:     (*step).keepCost,

		// what the borrower says
		workflow.DoSendCancel:   (*step).sendCancel,
		workflow.DoSendAccept:   saying(connectors.KindAcceptConditions),
		workflow.DoSendReject:   saying(connectors.KindRejectConditions),
		workflow.DoSendReceived: saying(connectors.KindReceived),
		workflow.DoSendRenew:    saying(connectors.KindRenew),
		workflow.DoSendReturned: saying(connectors.KindShippedReturn),
		workflow.DoSendLost:     saying(connectors.KindLostByBorrower),
		workflow.DoSendPaid:     saying(connectors.KindPaid),

		// the rota entry
		workflow.DoEntryConfirmed: (*step).entryConfirmed,
		workflow.DoEntryOffered:   (*step).entryOffered,
		workflow.DoEntryPromised:  (*step).entryPromised,
		workflow.DoEntrySupplied:  (*step).entrySupplied,
		workflow.DoEntryReturned:  (*step).entryReturned,
		workflow.DoEntryRefused:   (*step).entryRefused,
		workflow.DoEntryTimedOut:  (*step).entryTimedOut,
		workflow.DoEntryDeclined:  (*step).entryDeclined,
		workflow.DoEntryRetry:     (*step).entryRetryLater,
		workflow.DoEntryFailed:    (*step).entryFailed,
		workflow.DoEntryCancelled: (*step).entryCancelled,

		// the item and the money
		workflow.DoCancelHold:   (*step).cancelHold,
		workflow.DoKeepShipment: (*step).keepShipment,
		workflow.DoMakeItem:     (*step).makeItem,
		workflow.DoKeepVolume:   (*step).keepVolume,
		workflow.DoPutOnShelf:   (*step).putOnShelf,
		workflow.DoKeepPickUp:   (*step).keepPickUpDate,
		workflow.DoTakeOffShelf: (*step).takeOffShelf,
		workflow.DoSendHome:     (*step).sendHome,
		workflow.DoChangeDue:    (*step).changeDue,
		workflow.DoKeepLoanDue:  setting((*step).keepLoanDue),
		workflow.DoAwaitRenewal: (*step).awaitRenewal,
		workflow.DoTakeBackFine: (*step).takeBackFine,
		workflow.DoWaiveLost:    (*step).waiveLost,
		workflow.DoCloseLoan:    (*step).closeLoan,
		workflow.DoKeepCancel:   (*step).keepCancel,
		workflow.DoCheckOffer:   (*step).checkOffer,
		workflow.DoCheckRenewal: (*step).checkRenewal,
		workflow.DoChargeFee:    (*step).chargeFee,
		workflow.DoReverseFee:   (*step).reverseFee,
		workflow.DoChargeLost:   (*step).chargeLost,
		workflow.DoDeclareLost:  (*step).declareLost,

		workflow.DoKeepMisplaced:  (*step).keepMisplaced,
		workflow.DoForgetMisplace: (*step).forgetMisplaced,

		// flags
		workflow.DoFlagUnused:     setting(func(st *step) { st.request.ReturnUnused = true }),
		workflow.DoFlagOverdue:    setting(func(st *step) { st.request.Overdue = true }),
		workflow.DoFlagRecalled:   setting(func(st *step) { st.request.Recalled = true }),
		workflow.DoFlagRenewal:    setting(func(st *step) { st.request.RenewalPending = true }),
		workflow.DoClearRenewal:   (*step).clearRenewal,
		workflow.DoKeepContact:    (*step).keepContact,
		workflow.DoRememberState:  (*step).rememberState,
		workflow.DoCancelByPatron: cancelling(CancelledByPatron),
		workflow.DoCancelByNeedBy: cancelling(CancelledByNeedBy),
		workflow.DoCancelToMoveOn: cancelling(CancelledToMoveOn),
		workflow.DoReopen:         (*step).reopen,
		workflow.DoUndoLast:       (*step).undoLast,

		// people
		workflow.DoTellArrived:    tell(notices.Arrived),
		workflow.DoTellCost:       tell(notices.CostApproval),
		workflow.DoTellUnfilled:   tell(notices.Unfilled),
		workflow.DoTellCancelled:  tell(notices.Cancelled),
		workflow.DoTellExpired:    tell(notices.Expired),
		workflow.DoTellNotShelf:   tell(notices.Expired),
		workflow.DoTellOverdue:    tell(notices.Overdue),
		workflow.DoTellLost:       tell(notices.Lost),
		workflow.DoTellRecalled:   tell(notices.Recalled),
		workflow.DoTellRenewed:    tell(notices.RenewalGranted),
		workflow.DoTellNotRenewed: tell(notices.RenewalRefused),
		workflow.DoDropNotices:    (*step).dropNotices,
		workflow.DoOpenTask:       (*step).openTask,
		workflow.DoCloseTasks:     (*step).closeTasks,

		// what the lender says and does
		workflow.DoSayWillSupply:    answering(connectors.KindWillSupply),
		workflow.DoSayUnfilled:      (*step).sayUnfilled,
		workflow.DoSayConditional:   (*step).sayConditional,
		workflow.DoSayRetry:         (*step).sayRetry,
		workflow.DoSayLoaned:        (*step).sayLoaned,
		workflow.DoSayCopyCompleted: (*step).sayCopyCompleted,
		workflow.DoSayCancelYes:     answeringYes(connectors.KindCancelAnswer, true),
		workflow.DoSayCancelNo:      answeringYes(connectors.KindCancelAnswer, false),
		workflow.DoSayRenewYes:      answeringYes(connectors.KindRenewAnswer, true),
		workflow.DoSayRenewNo:       answeringYes(connectors.KindRenewAnswer, false),
		workflow.DoSayOverdue:       answering(connectors.KindOverdue),
		workflow.DoSayRecalled:      answering(connectors.KindRecalled),
		workflow.DoSayDueChanged:    (*step).sayDueChanged,
		workflow.DoSayCompleted:     answering(connectors.KindLoanCompleted),
		workflow.DoSayInvoice:       (*step).sayInvoice,
		workflow.DoKeepOffer:        (*step).keepOffer,
		workflow.DoChooseItem:       (*step).chooseItem,
		workflow.DoReleaseItem:      (*step).releaseItem,
		workflow.DoItemMissing:      (*step).itemMissing,
		workflow.DoLendItem:         (*step).lendItem,
		workflow.DoTakeItemBack:     (*step).takeItemBack,
		workflow.DoMoveLoanDue:      (*step).moveLoanDue,
		workflow.DoDeclareLentLost:  (*step).declareLost,
		workflow.DoBillBorrower:     (*step).billBorrower,
		workflow.DoCreditBorrower:   (*step).creditBorrower,
		workflow.DoDropInvoice:      (*step).dropInvoice,
	}
}
