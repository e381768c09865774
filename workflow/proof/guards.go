package proof

import "afield/workflow"

// asks is what a guard asks of the facts. by is who brings the event.
type asks func(m *move) bool

// guards says what each guard of the tables asks.
var guards = map[workflow.Guard]asks{
	workflow.GuardByHold:         func(m *move) bool { return m.j.B.ByHold },
	workflow.GuardCostToApprove:  func(m *move) bool { return m.j.B.Active && m.j.B.Costly && !m.j.B.Approved },
	workflow.GuardOfferOpen:      func(m *move) bool { return m.j.B.Active && m.j.B.Entry == offered },
	workflow.GuardRetryWaiting:   func(m *move) bool { return m.j.B.Retry },
	workflow.GuardReturnUnused:   func(m *move) bool { return m.j.B.Unused },
	workflow.GuardPatronContact:  func(m *move) bool { return m.j.B.Contact },
	workflow.GuardPatronCancels:  func(m *move) bool { return m.j.B.Cancel == byPatron },
	workflow.GuardNeedByCancels:  func(m *move) bool { return m.j.B.Cancel == byNeedBy },
	workflow.GuardRenewalPending: func(m *move) bool { return m.renewalPending() },
	workflow.GuardMisplaced:      func(m *move) bool { return m.j.B.Misplaced },
	workflow.GuardClaimed:        func(m *move) bool { return m.j.B.Claim && m.j.B.Loan == openLoan },
	workflow.GuardSaidByStaff:    func(m *move) bool { return m.by != workflow.ByLender && m.by != workflow.ByBorrower },
	workflow.GuardSeenHome:       func(m *move) bool { return m.j.B.Copy == withLender && m.j.B.Loan != noLoan && m.j.B.Arrived },
	workflow.GuardNeverHere:      func(m *move) bool { return !m.j.B.Arrived },
	workflow.GuardToShelve:       func(m *move) bool { return m.j.B.Copy == inLibrary && m.j.B.Hold == noHold && m.j.B.Loan == noLoan },
	workflow.GuardSomeHere:       func(m *move) bool { return m.j.B.Copy == inLibrary },
	workflow.GuardSomeOut:        func(m *move) bool { return m.j.B.Copy == inHands },
	// One volume is searched here; several are walked through on a database.
	workflow.GuardOthersOut:    func(*move) bool { return false },
	workflow.GuardOthersHere:   func(*move) bool { return false },
	workflow.GuardOthersLost:   func(*move) bool { return false },
	workflow.GuardOthersAway:   func(*move) bool { return false },
	workflow.GuardOneOfSeveral: func(*move) bool { return false },
	workflow.GuardSupplied:     func(m *move) bool { return m.j.B.Sent },
	workflow.GuardOwes:         func(m *move) bool { return m.j.B.Owes },
	workflow.GuardLeftLender: func(m *move) bool {
		return !m.w.Copies && (m.j.B.Earlier || (m.j.B.Entry == left && !m.j.B.ByHold && !m.j.B.Sent))
	},
	workflow.GuardLateSent: func(m *move) bool { return m.j.B.Late == goingHome && !(m.current && m.j.B.Active) },
	workflow.GuardCopy:     func(m *move) bool { return m.w.Copies },
}

func (m *move) renewalPending() bool {
	if m.side == workflow.SideLending {
		return m.j.L.RenewalPending
	}
	return m.j.B.RenewalPending
}
