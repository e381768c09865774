package proof

import (
	"slices"

	"afield/workflow"
)

// may tells whether people can do a thing with the copy as it really stands, and
// does the part of it that is not the table's: the copy moves, circulation lends
// and takes back. People say what is true; what a liar's copy does is free.
func (w *World) may(j *Joint, side workflow.Side, event workflow.Event, row *row) bool {
	if side == workflow.SideLending {
		return w.lenderMay(j, event, row)
	}
	b := &j.B
	if event == workflow.EventLateArrived || event == workflow.EventSendLateBack {
		return w.lateMay(j, event)
	}
	if b.ByHold {
		return w.holdMay(j, event)
	}
	free := w.Liar || b.Lender != firstLender
	at := func(places ...custody) bool { return free || slices.Contains(places, j.Where) }
	moved := func(to custody) bool {
		if !free {
			j.Where = to
		}
		return true
	}
	switch event {
	case workflow.EventReceive:
		return at(coming) && moved(inLibrary)
	case workflow.EventFound:
		if b.Misplaced && j.B.Loan == openLoan {
			return true
		}
		return at(unaccounted) && moved(inLibrary)
	case workflow.EventCheckOut:
		if !b.Arrived || b.Loan == openLoan || !at(inLibrary) {
			return false
		}
		b.Loan, b.Hold, b.Claim = openLoan, noHold, false
		return moved(inHands)
	case workflow.EventReturn:
		if b.Loan != openLoan && b.Loan != lostLoan {
			return false
		}
		b.Loan, b.Claim = closedLoan, false
		if at(inHands, unaccounted) {
			return moved(inLibrary)
		}
		return j.Where == withLender // taken off the account; the book is at home
	case workflow.EventShipReturn:
		return at(inLibrary) && moved(goingHome)
	case workflow.EventShelve, workflow.EventRejectItem:
		return at(inLibrary)
	case workflow.EventLostInTransit:
		return at(coming, goingHome, unaccounted)
	case workflow.EventReportLost:
		return at(inHands, goingHome, unaccounted)
	case workflow.EventLenderConfirms, workflow.EventCloseReturn:
		return at(withLender)
	case workflow.EventStillOut:
		return at(inHands)
	case workflow.EventReopen:
		return w.Liar || b.Late == nowhere
	case workflow.EventRenewalGranted, workflow.EventRenewalRefused, workflow.EventDueChanged, workflow.EventRecall, workflow.EventInvoice,
		workflow.EventCancelAgreed, workflow.EventCancelRefused, workflow.EventUnfilled, workflow.EventRetryLater, workflow.EventWillSupply,
		workflow.EventConditional, workflow.EventLoaned, workflow.EventCopyCompleted, workflow.EventForgive, workflow.EventConfirmed:
		return free // staff enter what a lender says that is reached by hand
	}
	return true
}

// lateMay is may for what a lender sent that the request no longer depends on.
func (w *World) lateMay(j *Joint, event workflow.Event) bool {
	comes, to := j.B.Late <= coming, inLibrary
	here := j.B.Late == inLibrary
	if !w.Liar {
		// What comes while another lender is asked is searched with a liar.
		comes = comes && j.Where == coming && !j.B.Active && !j.B.Earlier
		here = here && j.Where == inLibrary
	}
	if event == workflow.EventSendLateBack {
		comes, to = comes || here, goingHome
	}
	if comes && !w.Liar {
		j.Where = to
	}
	return comes
}

// holdMay is may for a request that a hold of the own catalogue fills.
func (w *World) holdMay(j *Joint, event workflow.Event) bool {
	b := &j.B
	switch event {
	case workflow.EventCheckOut:
		if b.Hold == noHold || b.Loan == openLoan {
			return false
		}
		b.Loan, b.Hold = openLoan, noHold
	case workflow.EventReturn:
		if b.Loan != openLoan && b.Loan != lostLoan {
			return false
		}
		b.Loan = closedLoan
	case workflow.EventHoldNotFound:
		if b.Hold == noHold {
			return false
		}
		b.Hold = noHold
	case workflow.EventHoldWaits:
		if b.Hold != inTransit && b.Hold != onShelf {
			return false
		}
		b.Hold = waiting
	}
	return true
}

// shelves is what circulation does by itself for a hold: a copy is found and
// kept, or sent to where the patron waits.
func (w *World) shelves(j Joint, emit func(step, *move)) {
	if j.B.Hold == onShelf && !j.B.ByHold { // found at another branch
		w.try(j, step{Kind: ourPeople, Side: workflow.SideBorrowing, By: workflow.BySystem, Event: workflow.EventSendToPickup}, emit, func(m *move) bool {
			return m.take(workflow.SideBorrowing, workflow.EventSendToPickup, workflow.BySystem)
		})
	}
	if !j.B.ByHold || j.B.Hold == noHold {
		return
	}
	fire := func(event workflow.Event, to hold) {
		w.try(j, step{Kind: ourPeople, Side: workflow.SideBorrowing, By: workflow.BySystem, Event: event}, emit, func(m *move) bool {
			m.j.B.Hold = to
			return m.take(workflow.SideBorrowing, event, workflow.BySystem)
		})
	}
	if j.B.Hold == onShelf {
		fire(workflow.EventHoldInTransit, inTransit) // found at another branch
		return
	}
	fire(workflow.EventHoldOnShelf, onShelf)
	if j.B.Hold == waiting {
		fire(workflow.EventHoldInTransit, inTransit)
		w.try(j, step{Kind: ourPeople, Side: workflow.SideBorrowing, By: workflow.BySystem, Event: workflow.EventCheckOut}, emit, func(m *move) bool {
			m.j.B.Hold, m.j.B.Loan = noHold, openLoan
			return m.take(workflow.SideBorrowing, workflow.EventCheckOut, workflow.BySystem)
		})
	}
}

func (w *World) lenderMay(j *Joint, event workflow.Event, row *row) bool {
	l := &j.L
	at := func(places ...custody) bool { return w.Liar || slices.Contains(places, j.Where) }
	moved := func(to custody) bool {
		if !w.Liar {
			j.Where = to
		}
		return true
	}
	switch event {
	case workflow.EventShip:
		if row.To != workflow.Shipped {
			return true
		}
		return at(withLender) && moved(coming)
	case workflow.EventReceiveReturn:
		if l.Loan == noLoan || !at(goingHome, coming) {
			return false
		}
		return moved(withLender)
	case workflow.EventBorrowerReceived:
		return at(inLibrary, inHands)
	case workflow.EventBorrowerReturned:
		return at(goingHome)
	case workflow.EventBorrowerLost:
		return at(coming, inLibrary, inHands, goingHome, unaccounted) // or staff give it up
	case workflow.EventConditionsTaken, workflow.EventConditionsLeft:
		return w.Liar
	}
	return true
}

// astray is what happens to the copy without anybody's saying so: the post loses
// it or brings it after all, it is lost here, the patron takes it straight to its
// lender. The patron may say that it is back.
func (w *World) astray(j Joint, emit func(step, *move)) {
	if !w.Liar {
		ways := map[custody][]custody{
			coming: {unaccounted}, goingHome: {unaccounted}, inLibrary: {unaccounted}, inHands: {unaccounted, goingHome},
		}
		if j.B.Late == inLibrary {
			delete(ways, inLibrary)
		}
		switch {
		case j.Where != unaccounted:
		case j.B.Late == nowhere && !j.B.Arrived:
			ways[unaccounted] = []custody{coming}
		case j.B.Copy == goingHome || j.B.Late == goingHome:
			ways[unaccounted] = []custody{goingHome}
		}
		words := map[custody]string{unaccounted: "the copy is lost", coming: "the copy turns up on its way", goingHome: "the copy turns up on its way home"}
		if j.Where == inHands {
			words[goingHome] = "the patron takes it straight to its lender"
		}
		for _, to := range ways[j.Where] {
			w.try(j, step{Kind: world, What: words[to]}, emit, func(m *move) bool { m.j.Where = to; return true })
		}
	}
	if ended := w.rows[workflow.SideBorrowing].places[j.B.State].Ended; ended && j.B.Copy == unaccounted && j.B.Arrived && (w.Liar || j.Where == unaccounted) {
		w.try(j, step{Kind: ourPeople, Side: workflow.SideBorrowing, By: workflow.ByDesk, Event: workflow.EventReturn}, emit, func(m *move) bool {
			if closeLoan(m); !w.Liar {
				m.j.Where = inLibrary
			}
			return m.take(workflow.SideBorrowing, workflow.EventReturn, workflow.ByDesk)
		})
	}
	if j.B.Loan == openLoan && !j.B.Claim {
		w.try(j, step{Kind: world, What: "the patron says that it is back"}, emit, func(m *move) bool { m.j.B.Claim = true; return true })
	}
}
