package proof

import (
	"slices"

	"afield/connectors"
	"afield/workflow"
)

// claims says what is wrong with a joint state.
func (w *World) claims(j Joint) (wrong []string) {
	no := func(bad bool, words string) {
		if bad {
			wrong = append(wrong, words)
		}
	}
	bp := w.rows[workflow.SideBorrowing].places[j.B.State]
	b := j.B
	if w.Liar && w.Side == workflow.SideBorrowing {
		name := string(bp.State)
		no(bp.Ended && b.Hold != noHold, "an open hold of a request that has ended ("+name+")")
		no(bp.Ended && b.Loan == openLoan, "an open loan of a request that has ended ("+name+")")
		no(bp.Ended && b.Copy == withLender && b.Loan == lostLoan, "a loan counts as lost whose copy is home ("+name+")")
		no(bp.Ended && b.RenewalPending, "a renewal is pending that nobody can answer ("+name+")")
		no(bp.Ended && !bp.Supplied && !b.ToldEnd && b.Cancel != byPatron, "the patron hears nothing of the end ("+name+")")
		no(bp.State == workflow.AwaitingCostApproval && !b.ToldCost, "the patron is waited for and was not asked")
		no(bp.State != workflow.AwaitingCostApproval && b.ToldCost, "the patron is asked about a cost that is not waited for ("+name+")")
		no(bp.State == workflow.OnHoldShelf && !b.ToldArrived, "it waits on the hold shelf and the patron does not know")
		no(b.ToldArrived && bp.State != workflow.OnHoldShelf && bp.State != workflow.Completed, "the patron is told to come for what is not on the shelf ("+name+")")
		no(bp.State == workflow.OnHoldShelf && b.Hold != onShelf, "on the hold shelf without a place on it")
		no(bp.State == workflow.CheckedOut && b.Loan != openLoan, "with the patron without a loan")
		no(b.Lost == charged && !b.Holder && b.Copy != unaccounted, "the patron pays for what is not lost ("+name+")")
		no(b.Lost == charged && bp.Ended && b.Copy != unaccounted, "the patron pays for what is not lost ("+name+")")
		no(b.Fee == charged && !b.Arrived && !w.Copies, "the patron pays the fee for what never came ("+name+")")
		no(b.RenewalPending && (b.Loan == noLoan), "a renewal is pending and nothing is lent ("+name+")")
	}
	if w.Liar && w.Side == workflow.SideBorrowing || !j.L.There {
		return wrong
	}
	lp := w.rows[workflow.SideLending].places[j.L.State]
	l := j.L
	name := string(lp.State)
	no(lp.Ended && l.RenewalPending, "the lender owes an answer to a renewal it can no longer give ("+name+")")
	no(lp.Ended && l.Loan == openLoan, "the lender's copy stays on loan to a request that has ended ("+name+")")
	no(lp.Ended && l.Invoice == charged && l.Copy == withLender && l.Loan == lostLoan, "an invoice for what is home")
	if !w.Liar && j.ToL.len() == 0 && j.ToB.len() == 0 && bp.Ended && lp.Ended {
		no(j.Where == withLender && b.Late != nowhere, "at rest what came too late is with its lender, and the borrower does not know")
	}
	if w.Liar || j.ToL.len() > 0 || j.ToB.len() > 0 || !bp.Ended || !lp.Ended || b.Lender != firstLender {
		return wrong
	}
	// At rest: both have ended, and nothing is under way.
	no(j.Where == withLender && b.Copy > withLender, "at rest the copy is with its lender, and the borrower does not know")
	no(j.Where == withLender && l.Copy > withLender, "at rest the copy is with its lender, and the lender does not know")
	no(j.Where == inLibrary && b.Copy != inLibrary && b.Late != inLibrary, "at rest the copy is at the borrower's, and it does not know")
	no(b.Lost == charged && l.Invoice != charged && l.Invoice != settled, "at rest the patron pays for a loss that the lender does not ask for")
	return wrong
}

// between says what is wrong with a move.
func (w *World) between(before Joint, s step, m *move) (wrong []string) {
	if (s.Kind == ourTime || s.Kind == theirTime) && m.j == before && !m.told && m.first != nil && m.first.To == workflow.Same && s.Event != workflow.EventHoldingsKnown {
		wrong = append(wrong, string(s.Event)+" passes again and again, and nobody is told ("+string(m.placeName(*m.state()))+")")
	}
	if (s.Kind == ourPeople || s.Kind == theirs) && m.idle() && !slices.Contains(onlyNoted, s.Event) {
		wrong = append(wrong, "nothing comes of what people are offered: "+string(s.Event))
	}
	if late := []workflow.Event{workflow.EventOverdueNotice, workflow.EventRecall, workflow.EventSendRecall, workflow.EventDuePassed}; m.first != nil &&
		m.first.To == workflow.Same && slices.Contains(late, m.first.On) && !m.flagged && before.B.Copy != withLender && before.B.Copy != goingHome && !before.B.RenewalPending {
		wrong = append(wrong, "it is not kept that the copy is overdue or recalled ("+string(m.first.On)+")")
	}
	if before.B.Cancel == byPatron && (m.j.B.Cancel == byNeedBy || m.j.B.Cancel == toMoveOn) {
		wrong = append(wrong, "it is forgotten that the patron cancelled")
	}
	if place := w.rows[workflow.SideBorrowing].places[m.j.B.State]; m.j.B.State != before.B.State && (s.Kind == ourTime || s.Kind == word) && !m.told {
		if place.Owner == workflow.OwnerStaff && place.Queue == "" { // in no list of its own
			wrong = append(wrong, "staff have to do the next thing, and nobody tells them ("+string(place.State)+")")
		}
	}
	return wrong
}

// settles tells whether what staff were asked before has come to its end in a state:
// the copy is lent, on its way back or lost, or the request has ended.
func settles(side workflow.Side, place workflow.Place) bool {
	switch place.State {
	case workflow.CheckedOut, workflow.ReturnShipped:
		return true
	case workflow.LostPending:
		return side == workflow.SideBorrowing
	case workflow.Shipped:
		return side == workflow.SideLending
	}
	return place.Ended
}

// onlyNoted are acts of people that are for the timeline alone.
var onlyNoted = []workflow.Event{
	workflow.EventWait, workflow.EventDispute, workflow.EventWillSupply, // as the lender may say it again
}

// idle tells whether the row of an event leaves everything as it is.
func (m *move) idle() bool {
	return m.first != nil && m.first.To == workflow.Same && len(m.first.Do) == 0 && (m.first.copy == nowhere || m.first.On == workflow.EventBorrowerReceived)
}

// saysNothingNew tells whether what is heard may have been known before.
func saysNothingNew(s saying, place workflow.Place) bool {
	switch s.Kind {
	case connectors.KindWillSupply, connectors.KindExpectToSupply, connectors.KindReceived:
		return true
	case connectors.KindConditional:
		return place.State == workflow.CancelPending
	case connectors.KindLoaned:
		return place.Ended
	}
	return false
}

// mayPass gives why a message that came to nothing need not be told to anybody;
// "" where it must be.
func mayPass(side workflow.Side, s saying, state workflow.State, current bool) string {
	if side == workflow.SideLending {
		return lenderMayIgnore[ignorable{s.Kind, state}]
	}
	switch {
	case s.Kind == connectors.KindCancelAnswer && (!current || state != workflow.CancelPending):
		return "the cancel is answered, or nothing is to be cancelled any more; what is sent all the same announces itself"
	case s.Kind == connectors.KindRenewAnswer && s.Reply == workflow.ReplyNo && (!current || state != workflow.CheckedOut):
		return "nothing changes, and no renewal is waited for"
	case s.Kind != connectors.KindUnfilled && s.Kind != connectors.KindRetryLater:
		return ""
	case !current:
		return "nothing is expected of that lender"
	case !slices.Contains(waitForLender, state):
		return "nothing is expected of the lender any more, or the copy is here"
	}
	return ""
}

// waitForLender are the states in which something is still to come.
var waitForLender = []workflow.State{
	workflow.Requested, workflow.Conditional, workflow.WillSupply, workflow.AwaitingCostApproval, workflow.CancelPending, workflow.Shipped,
}

type ignorable struct {
	kind  connectors.Kind
	state workflow.State
}

// lenderMayIgnore lists what a lender need not tell its staff, and why.
var lenderMayIgnore = func() map[ignorable]string {
	list := map[ignorable]string{
		{connectors.KindLostByBorrower, workflow.LostPending}:   "it is said again",
		{connectors.KindShippedReturn, workflow.ReturnShipped}:  "it is said again",
		{connectors.KindReceived, workflow.Completed}:           "it has come home since",
		{connectors.KindRejectConditions, workflow.LostPending}: "what is declined is lost",
		{connectors.KindRejectConditions, workflow.Completed}:   "what is declined has come home",
		{connectors.KindRejectConditions, workflow.Unfilled}:    "nothing was promised",
		{connectors.KindRejectConditions, workflow.Cancelled}:   "nothing is promised any more",
	}
	for _, place := range workflow.Lending.Places {
		list[ignorable{connectors.KindAcceptConditions, place.State}] = "nothing was offered, or it is accepted already"
	}
	return list
}()
