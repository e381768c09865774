package views

import (
	"afield/api/gen"
	"afield/broker/acts"
)

// DeskAct shows an act at a desk; none shows nothing.
func DeskAct(act acts.Act) gen.DeskAct {
	if act.None() {
		return gen.DeskAct{}
	}
	view := gen.DeskAct{
		ID: act.ID, Kind: gen.DeskActKind(act.Kind), At: UTC(act.At), By: Actor(act.By, false), ItemID: act.Item, LoanID: act.Loan,
		RequestID: act.Request, Receipt: act.Receipt, UndoUntil: UTC(act.UndoUntil),
	}
	if act.UndoUntil.IsZero() {
		view.WhyNot = "The policy lets no act at a desk be undone (desk.undo)."
	}
	if act.Undone != nil {
		view.UndoneAt, view.UndoneBy, view.UndoneWhy = UTC(act.Undone.At), Actor(act.Undone.By, false), act.Undone.Why
	}
	return view
}
