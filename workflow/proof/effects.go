package proof

import (
	"afield/workflow"
)

// does is what an effect does to the facts.
type does func(m *move)

// nothing is for effects that change none of the facts searched here: dates,
// amounts, texts, statistics.
func nothing(*move) {}

// effects says what each effect of the borrowing and lending tables does.
var effects = map[workflow.Effect]does{
	// choosing and asking
	workflow.DoFindHoldings: func(m *move) { m.follow(workflow.EventHoldingsKnown) },
	workflow.DoChooseLender: chooseLender,
	workflow.DoReroute:      nothing,
	workflow.DoAskLender:    askLender,
	workflow.DoAskAgain: func(m *move) {
		m.j.B.Retry, m.j.B.Lender, m.j.B.Active, m.j.B.ByHold, m.j.B.Earlier = false, laterLender, true, false, true
		askLender(m)
	},
	workflow.DoAddLender:    nothing,
	workflow.DoRaiseCeiling: nothing,

	// the lender asked
	workflow.DoEntryConfirmed: nothing,
	workflow.DoEntryOffered:   func(m *move) { m.j.B.Entry, m.j.B.Costly = offered, m.choose(2) == 1 },
	workflow.DoEntryPromised:  entryIs(promised),
	workflow.DoEntrySupplied: func(m *move) {
		if m.j.B.Active {
			m.j.B.Entry, m.j.B.Sent = supplied, true
			m.j.B.Owes = m.j.B.Owes || (m.j.B.Costly && !m.j.B.ByHold)
		}
	},
	workflow.DoEntryReturned:  func(m *move) { was := m.j.B.Sent; leave(m); m.j.B.Sent = was },
	workflow.DoEntryRefused:   leave,
	workflow.DoEntryTimedOut:  leave,
	workflow.DoEntryDeclined:  leave,
	workflow.DoEntryFailed:    leave,
	workflow.DoEntryCancelled: leave,
	workflow.DoEntryRetry: func(m *move) {
		m.j.B.Retry = m.choose(2) == 0 // once too often counts as a no
		leave(m)
	},
	workflow.DoCheckOffer: nothing,
	workflow.DoKeepCost:   func(m *move) { m.j.B.Approved = true },

	// what a borrower says
	workflow.DoSendCancel:   sendCancel,
	workflow.DoSendAccept:   says,
	workflow.DoSendReject:   says,
	workflow.DoSendReceived: says,
	workflow.DoSendRenew:    says,
	workflow.DoSendReturned: says,
	workflow.DoSendLost:     says,
	workflow.DoSendPaid:     says,
	workflow.DoSendAmended:  nothing, // a note: every state of a lender takes it

	// the copy
	workflow.DoKeepShipment:  func(m *move) { m.volume() },
	workflow.DoMakeItem:      arrive,
	workflow.DoAddShipped:    nothing, // of several volumes
	workflow.DoKeepVolume:    arrive,
	workflow.DoPutOnShelf:    func(m *move) { m.j.B.Hold = onShelf },
	workflow.DoKeepPickUp:    nothing,
	workflow.DoTakeOffShelf:  func(m *move) { m.j.B.Hold = noHold },
	workflow.DoCancelHold:    func(m *move) { m.j.B.Hold = noHold },
	workflow.DoAwaitDecision: nothing,
	workflow.DoSendHome:      nothing, // the custody moves with the row
	workflow.DoItemHome:      nothing,
	workflow.DoSeenHome:      nothing,
	workflow.DoNotHome:       nothing,
	workflow.DoNameMissing:   nothing, // of several volumes
	workflow.DoMovePickup: func(m *move) {
		switch {
		case m.j.B.Hold == onShelf:
			m.j.B.Hold = inTransit
		case m.j.B.Hold == inTransit && m.choose(2) == 1: // it has not left that branch yet
			m.j.B.Hold = onShelf
			m.follow(workflow.EventHoldOnShelf)
		}
	},
	workflow.DoSendToPickup: func(m *move) {
		if m.j.B.Hold == onShelf {
			m.j.B.Hold = inTransit
		}
	},
	workflow.DoAmend: nothing,

	// what came too late
	workflow.DoKeepLate: func(m *move) {
		if m.j.B.Late == nowhere && !m.w.Copies {
			m.j.B.Late = coming
		}
	},
	workflow.DoReceiveLate:  func(m *move) { m.j.B.Late = inLibrary; m.sayToFirst() },
	workflow.DoSendLateBack: func(m *move) { m.j.B.Late = goingHome; m.sayToFirst() },
	workflow.DoLateHome: func(m *move) {
		if m.j.B.Late == goingHome {
			m.j.B.Late = nowhere
		}
	},

	// the patron's loan
	workflow.DoKeepLoanDue:    nothing,
	workflow.DoChangeDue:      nothing,
	workflow.DoRecallLoan:     nothing,
	workflow.DoCheckRenewal:   nothing,
	workflow.DoAwaitRenewal:   func(m *move) { m.j.B.RenewalWait = true },
	workflow.DoCloseLoan:      closeLoan,
	workflow.DoDeclareLost:    func(m *move) { m.j.B.lose() },
	workflow.DoKeepMisplaced:  func(m *move) { m.j.B.Misplaced = true },
	workflow.DoForgetMisplace: func(m *move) { m.j.B.Misplaced = false },

	// flags
	workflow.DoFlagUnused:     func(m *move) { m.j.B.Unused = true },
	workflow.DoFlagOverdue:    func(m *move) { m.flagged = true },
	workflow.DoFlagRecalled:   func(m *move) { m.flagged = true },
	workflow.DoFlagRenewal:    func(m *move) { m.setRenewal(true) },
	workflow.DoClearRenewal:   func(m *move) { m.setRenewal(false) },
	workflow.DoForgetCancel:   func(m *move) { m.j.B.Cancel, m.j.B.Unused = noReason, false },
	workflow.DoCancelByPatron: func(m *move) { m.j.B.Cancel = byPatron },
	workflow.DoCancelByNeedBy: func(m *move) {
		if m.j.B.Cancel != byPatron {
			m.j.B.Cancel = byNeedBy
		}
	},
	workflow.DoCancelToMoveOn: func(m *move) { m.j.B.Cancel = toMoveOn },
	workflow.DoRememberState:  func(m *move) { m.j.B.Previous = m.from },
	workflow.DoKeepContact:    func(m *move) { m.j.B.Contact = true },
	workflow.DoKeepCancel: func(m *move) {
		switch m.j.B.Cancel {
		case noReason:
		case toMoveOn:
			m.j.B.Cancel = noReason
		default:
			m.j.B.Unused = true
		}
	},
	workflow.DoReopen: func(m *move) {
		b := &m.j.B
		b.Cancel, b.Previous, b.Unused, b.RenewalPending, b.Contact = noReason, none, false, false, false
		b.Earlier, b.Entry = b.Earlier || b.Entry >= asked, noEntry
		b.Sent, b.Owes = false, false
		b.Approved, b.Lender, b.ByHold, b.ToldEnd = false, nobody, false, false
		b.NeedBy = m.w.Liar && m.choose(2) == 0 // or the day has passed
	},

	// money
	workflow.DoChargeFee: func(m *move) {
		b := &m.j.B
		if !b.Active || !b.Costly || b.ByHold || !b.Approved { // no more than was approved
			return
		}
		if b.Fee == charged {
			m.fault("the patron is charged the lender's fee a second time")
		}
		b.Fee = charged
	},
	workflow.DoReverseFee: func(m *move) {
		if m.j.B.Fee == charged {
			m.j.B.Fee = waived
		}
	},
	workflow.DoChargeLost: func(m *move) {
		if m.j.B.Copy == unaccounted && m.j.B.Holder {
			m.j.B.Lost = charged
		}
	},
	workflow.DoChargeVolume: nothing, // one volume is searched
	workflow.DoWaiveLost: func(m *move) {
		if m.j.B.Lost == charged {
			m.j.B.Lost = waived
		}
	},

	// telling people
	workflow.DoTellArrived:    func(m *move) { m.j.B.ToldArrived = true },
	workflow.DoTellCost:       func(m *move) { m.j.B.ToldCost = true },
	workflow.DoTellUnfilled:   func(m *move) { m.j.B.ToldEnd = true },
	workflow.DoTellCancelled:  func(m *move) { m.j.B.ToldEnd = true },
	workflow.DoTellExpired:    func(m *move) { m.j.B.ToldEnd = true },
	workflow.DoTellNotShelf:   func(m *move) { m.j.B.ToldEnd = true },
	workflow.DoTellOverdue:    nothing,
	workflow.DoTellLost:       nothing,
	workflow.DoTellRecalled:   nothing,
	workflow.DoTellDueChanged: nothing,
	workflow.DoTellRenewed:    nothing,
	workflow.DoTellNotRenewed: nothing,
	workflow.DoDropNotices:    func(m *move) { m.j.B.ToldArrived, m.j.B.ToldCost, m.j.B.ToldEnd = false, false, false },
	workflow.DoOpenTask:       func(m *move) { m.setTask(true) },
	workflow.DoCloseTasks:     func(m *move) { m.setTask(false); m.closed = true },

	// what a lender says
	workflow.DoSayWillSupply:    says,
	workflow.DoSayUnfilled:      says,
	workflow.DoSayConditional:   says,
	workflow.DoSayRetry:         says,
	workflow.DoSayLoaned:        says,
	workflow.DoSayCopyCompleted: says,
	workflow.DoSayCancelYes:     says,
	workflow.DoSayCancelNo:      says,
	workflow.DoSayRenewYes:      says,
	workflow.DoSayRenewNo:       says,
	workflow.DoSayOverdue:       says,
	workflow.DoSayRecalled:      says,
	workflow.DoSayDueChanged:    says,
	workflow.DoSayCompleted:     says,
	workflow.DoSayInvoice:       says,
	workflow.DoSayForgiven:      says,
	workflow.DoSettleRenewal: func(m *move) {
		if m.j.L.RenewalPending {
			m.j.L.RenewalPending = false
			says(m)
		}
	},
	workflow.DoHearEarly: hearEarly,

	// the lender's copy and books
	workflow.DoChooseItem:  chooseItem,
	workflow.DoAddVolume:   nothing,
	workflow.DoReleaseItem: nothing,
	workflow.DoItemMissing: nothing,
	workflow.DoLendItem: func(m *move) {
		m.j.L.Loan = openLoan
		if m.j.L.Copy == nowhere {
			m.j.L.Copy = withLender
		}
	},
	workflow.DoTakeItemBack: func(m *move) {
		if m.j.L.Loan == openLoan || m.j.L.Loan == lostLoan {
			m.j.L.Loan = closedLoan
		}
	},
	workflow.DoMoveLoanDue: nothing,
	workflow.DoDeclareLentLost: func(m *move) {
		if m.j.L.Loan == openLoan {
			m.j.L.Loan = lostLoan
		}
	},
	workflow.DoKeepOffer: nothing,
	workflow.DoBillBorrower: func(m *move) {
		if m.event == workflow.EventSendInvoice {
			m.j.L.Invoice = charged
		} else if m.choose(2) == 1 {
			m.j.L.Fee = charged
		}
	},
	workflow.DoCreditBorrower: func(m *move) {
		if m.j.L.Invoice != charged && m.j.L.Fee != charged {
			m.setTask(true) // nothing is owed: staff give it back or keep it
		}
		if m.j.L.Invoice == charged {
			m.j.L.Invoice = settled
		}
		if m.j.L.Fee == charged {
			m.j.L.Fee = settled
		}
	},
	workflow.DoDropInvoice: func(m *move) {
		if m.j.L.Invoice == charged {
			m.j.L.Invoice = waived
		}
	},
}

// The lenders that a request may depend on.
const (
	nobody uint8 = iota
	firstLender
	laterLender
)

// chooseLender goes over what the rota may give: nobody, a lender that asks
// nothing, one whose cost the patron is asked about, one of the own catalogue, a
// look-up that takes its time,
// or a question to staff before it is asked as interlibrary loan.
func chooseLender(m *move) {
	b := &m.j.B
	if b.Cancel == byPatron || b.Cancel == byNeedBy {
		m.follow(workflow.EventNobodyWaits)
		return
	}
	if !m.w.Liar && b.Entry >= asked { // in the joint search the first lender is the only one
		m.follow(workflow.EventNothingLeft)
		return
	}
	pick := m.choose(6)
	switch pick {
	case 4: // partners' systems are asked live; a job goes on
		return
	case 5:
		m.follow(workflow.EventNeedsPerson)
		return
	}
	if pick == 3 && !m.w.Holds {
		pick = 0
	}
	if pick == 0 {
		m.follow(workflow.EventNothingLeft)
		return
	}
	b.Earlier = b.Earlier || b.Entry >= asked
	b.Lender = laterLender
	if !b.Earlier && !m.w.Liar {
		b.Lender = firstLender
	}
	b.Active, b.Entry, b.Costly, b.ByHold, b.Sent, b.Owes = true, chosen, pick == 2, pick == 3, false, false
	if pick == 2 && !b.Approved {
		m.follow(workflow.EventCostToApprove)
		return
	}
	m.follow(workflow.EventLenderChosen)
}

func askLender(m *move) {
	b := &m.j.B
	if b.Cancel == byPatron || b.Cancel == byNeedBy || b.TooLate {
		m.fault("a lender is asked though nobody waits for it any more")
	}
	b.Entry = asked
	if b.ByHold {
		b.Hold = waiting
		return
	}
	says(m)
}

func entryIs(status entry) does {
	return func(m *move) {
		if m.j.B.Active {
			m.j.B.Entry = status
		}
	}
}

// leave ends the part of a lender; one that was never asked is as if it had not
// been chosen.
func leave(m *move) {
	b := &m.j.B
	if !b.Active {
		return
	}
	b.Active, b.Sent = false, false
	if b.Entry == chosen {
		b.Entry = noEntry
		return
	}
	b.Entry = left
}

// says puts the message of the effect that runs onto its way.
func says(m *move) { m.say(m.w.saying[m.effect]) }

// sendCancel takes a request back that nobody has fetched yet.
func sendCancel(m *move) {
	if m.j.B.ByHold {
		return
	}
	if request := m.w.saying[workflow.DoAskLender]; m.j.B.Lender == firstLender && !m.w.Liar {
		for i, said := range m.j.ToL {
			if said != request || m.choose(2) == 0 {
				continue
			}
			m.j.ToL.drop(i)
			if m.table().Takes(m.placeName(m.j.B.State), workflow.EventCancelAgreed) {
				m.follow(workflow.EventCancelAgreed)
			}
			return
		}
	}
	says(m)
}

func closeLoan(m *move) {
	if b := &m.j.B; b.Loan == openLoan || b.Loan == lostLoan {
		b.Loan = closedLoan
	}
}

func (b *Borrower) lose() {
	if b.Loan == openLoan {
		b.Loan = lostLoan
	}
}

// chooseItem sets a copy aside; where the borrower accepts an offer and no copy
// is free, staff are told.
func chooseItem(m *move) {
	if m.w.Copies {
		return
	}
	if m.event == workflow.EventConditionsTaken && m.choose(2) == 1 {
		m.setTask(true)
	}
}

// volume makes the volume of a request known, where none is.
func (m *move) volume() {
	if m.j.B.Copy == nowhere && !m.w.Copies {
		m.j.B.Copy = withLender
	}
}

// arrive makes what is here a volume; also what a lender sent that was to deliver
// a copy, for it is to go back.
func arrive(m *move) {
	if m.j.B.Arrived = true; m.j.B.Copy == nowhere {
		m.j.B.Copy = withLender
	}
}

func (m *move) setRenewal(pending bool) {
	if m.side == workflow.SideLending {
		m.j.L.RenewalPending = pending
		return
	}
	m.j.B.RenewalPending = pending
	if !pending {
		m.j.B.RenewalWait = false
	}
}

func (m *move) setTask(open bool) {
	if m.side == workflow.SideLending {
		m.j.L.Task = open
	} else {
		m.j.B.Task = open
	}
	if open {
		m.told = true
	}
}

// What a borrower may say of a copy that is not recorded as sent.
const (
	saidReceived uint8 = 1 << iota
	saidReturned
	saidLost
)

// hearEarly takes up what the other side said before we had recorded what it is
// about.
func hearEarly(m *move) {
	if m.side == workflow.SideBorrowing {
		if m.j.B.EarlyHome {
			m.follow(workflow.EventLenderConfirms)
		}
		return
	}
	early := m.j.L.Early
	m.j.L.Early = 0
	for _, word := range []struct {
		bit   uint8
		event workflow.Event
	}{{saidReceived, workflow.EventBorrowerReceived}, {saidReturned, workflow.EventBorrowerReturned}, {saidLost, workflow.EventBorrowerLost}} {
		if early&word.bit != 0 {
			m.follow(word.event)
		}
	}
}

// remember keeps what came too early, as the timeline does.
func (m *move) remember(to uint8) {
	place := m.place(to)
	if m.side == workflow.SideBorrowing {
		switch {
		case m.event == workflow.EventReceive, m.event == workflow.EventStillOut, place.Ended:
			m.j.B.EarlyHome = false
		case m.event == workflow.EventLenderConfirms && m.by == workflow.ByLender:
			m.j.B.EarlyHome = true
		}
		switch m.event {
		case workflow.EventInvoice:
			m.j.B.Owes = true
		case workflow.EventPay:
			m.j.B.Owes = false
		}
		return
	}
	if m.j.L.Loan != noLoan || place.Ended {
		m.j.L.Early = 0
		return
	}
	switch m.event {
	case workflow.EventBorrowerReceived:
		m.j.L.Early |= saidReceived
	case workflow.EventBorrowerReturned:
		m.j.L.Early |= saidReturned
	case workflow.EventBorrowerLost:
		m.j.L.Early |= saidLost
	}
}
