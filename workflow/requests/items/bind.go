package items

import (
	"afield/broker/circulation"
	"afield/workflow"
	"afield/workflow/requests/engine"
)

// room is what the effects here need besides the request.
type room struct{ circulation *circulation.Circulation }

// Effects are the effects of this room.
func Effects(circulation *circulation.Circulation) engine.Effects {
	r := room{circulation: circulation}
	return engine.Effects{
		// borrowing
		workflow.DoKeepShipment:   KeepShipment,
		workflow.DoMakeItem:       r.MakeItem,
		workflow.DoKeepVolume:     KeepVolume,
		workflow.DoPutOnShelf:     r.PutOnShelf,
		workflow.DoKeepPickUp:     KeepPickUpDate,
		workflow.DoTakeOffShelf:   r.TakeOffShelf,
		workflow.DoAwaitDecision:  AwaitDecision,
		workflow.DoCancelHold:     r.CancelHold,
		workflow.DoSendHome:       r.SendHome,
		workflow.DoCloseLoan:      r.CloseLoan,
		workflow.DoDeclareLost:    r.DeclareLost,
		workflow.DoKeepMisplaced:  KeepMisplaced,
		workflow.DoForgetMisplace: ForgetMisplaced,

		// due dates and renewals
		workflow.DoKeepLoanDue:  KeepLoanDue,
		workflow.DoChangeDue:    r.ChangeDue,
		workflow.DoMoveLoanDue:  r.MoveLoanDue,
		workflow.DoCheckRenewal: CheckRenewal,
		workflow.DoAwaitRenewal: AwaitRenewal,
		workflow.DoClearRenewal: ClearRenewal,

		// lending
		workflow.DoChooseItem:      ChooseItem,
		workflow.DoReleaseItem:     ReleaseItem,
		workflow.DoItemMissing:     ItemMissing,
		workflow.DoLendItem:        r.LendItem,
		workflow.DoTakeItemBack:    r.TakeItemBack,
		workflow.DoDeclareLentLost: r.DeclareLost,
	}
}
