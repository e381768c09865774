package money

import (
	"afield/workflow"
	"afield/workflow/requests/engine"
)

// Effects lists the effects of this package by name.
func Effects() engine.Effects {
	return engine.Effects{
		workflow.DoRaiseCeiling:   RaiseCeiling,
		workflow.DoCheckOffer:     CheckOffer,
		workflow.DoKeepCost:       KeepCost,
		workflow.DoChargeFee:      ChargeFee,
		workflow.DoReverseFee:     ReverseFee,
		workflow.DoChargeLost:     ChargeLost,
		workflow.DoChargeVolume:   ChargeVolume,
		workflow.DoWaiveLost:      WaiveLost,
		workflow.DoKeepOffer:      KeepOffer,
		workflow.DoBillBorrower:   BillBorrower,
		workflow.DoCreditBorrower: CreditBorrower,
		workflow.DoDropInvoice:    DropInvoice,
	}
}
