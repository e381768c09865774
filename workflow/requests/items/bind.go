package items

import (
	"afield/broker/holds"
	"afield/broker/loans"
	"afield/broker/returns"
	"afield/broker/standing"
	"afield/workflow"
	"afield/workflow/requests/engine"
	"afield/workflow/requests/waiting"
)

// room is what the effects here need besides the request.
type room struct {
	holds   *holds.Service
	loans   *loans.Service
	returns *returns.Service
	waiting waiting.Room
}

// Effects lists the effects of this package by name.
func Effects(policies standing.Policies) engine.Effects {
	holds := holds.New(policies)
	r := room{holds: holds, loans: loans.New(policies), returns: returns.New(policies, holds), waiting: waiting.New(policies)}
	return engine.Effects{
		// borrowing
		workflow.DoKeepShipment:   KeepShipment,
		workflow.DoAddShipped:     AddShipped,
		workflow.DoMakeItem:       r.MakeItem,
		workflow.DoKeepVolume:     r.MakeItem,
		workflow.DoNameMissing:    NameMissing,
		workflow.DoPutOnShelf:     r.PutOnShelf,
		workflow.DoKeepPickUp:     KeepPickUpDate,
		workflow.DoTakeOffShelf:   r.TakeOffShelf,
		workflow.DoSendToPickup:   r.SendToPickup,
		workflow.DoAwaitDecision:  AwaitDecision,
		workflow.DoCancelHold:     r.CancelHold,
		workflow.DoMovePickup:     r.MovePickup,
		workflow.DoSendHome:       r.SendHome,
		workflow.DoItemHome:       ItemHome,
		workflow.DoSeenHome:       SeenHome,
		workflow.DoNotHome:        NotHome,
		workflow.DoCloseLoan:      r.CloseLoan,
		workflow.DoDeclareLost:    r.DeclareLost,
		workflow.DoKeepMisplaced:  KeepMisplaced,
		workflow.DoForgetMisplace: ForgetMisplaced,

		// due dates and renewals
		workflow.DoKeepLoanDue:  KeepLoanDue,
		workflow.DoChangeDue:    r.ChangeDue,
		workflow.DoRecallLoan:   r.RecallLoan,
		workflow.DoMoveLoanDue:  r.MoveLoanDue,
		workflow.DoCheckRenewal: r.CheckRenewal,
		workflow.DoAwaitRenewal: AwaitRenewal,
		workflow.DoClearRenewal: ClearRenewal,

		// lending
		workflow.DoChooseItem:      ChooseItem,
		workflow.DoAddVolume:       AddVolume,
		workflow.DoReleaseItem:     ReleaseItem,
		workflow.DoItemMissing:     r.ItemMissing,
		workflow.DoLendItem:        r.LendItem,
		workflow.DoTakeItemBack:    r.TakeItemBack,
		workflow.DoDeclareLentLost: r.DeclareLost,
	}
}
