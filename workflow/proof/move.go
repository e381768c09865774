package proof

import (
	"afield/workflow"
)

// move is one event being taken, with everything that follows by itself.
type move struct {
	w *World
	j Joint
	*chooser

	side   workflow.Side
	by     workflow.Party
	event  workflow.Event
	effect workflow.Effect
	row    *row
	first  *row // the row that the event itself took
	from   uint8
	// current: what is heard is from the lender that the request depends on.
	current bool

	then []workflow.Event
	// ran are the rows that were taken, by their place in the table.
	ran []int
	// full: a message did not fit on its way; the move is not searched.
	full bool
	// told: a person was told, by a task or a notice. closed: the tasks that waited
	// for the request were closed. flagged: it is kept that the copy is overdue or
	// recalled.
	told, closed, flagged bool

	faults []string
}

func (m *move) table() *workflow.Table { return m.w.rows[m.side].table }

func (m *move) state() *uint8 {
	if m.side == workflow.SideLending {
		return &m.j.L.State
	}
	return &m.j.B.State
}

func (m *move) previous() *uint8 {
	if m.side == workflow.SideLending {
		return &m.j.L.Previous
	}
	return &m.j.B.Previous
}

func (m *move) place(state uint8) workflow.Place { return m.w.rows[m.side].places[state] }

func (m *move) placeName(state uint8) workflow.State { return m.place(state).State }

func (m *move) follow(event workflow.Event) { m.then = append(m.then, event) }

func (m *move) fault(words string) { m.faults = append(m.faults, words) }

func (m *move) say(word uint8) {
	switch {
	case m.w.Liar:
	case m.side == workflow.SideLending:
		m.full = m.full || !m.j.ToB.push(word, m.w.Under)
	case m.j.B.Lender == firstLender:
		m.full = m.full || !m.j.ToL.push(word, m.w.Under)
	}
}

// sayToFirst says something to the lender that was asked first, whichever the
// request depends on now.
func (m *move) sayToFirst() {
	if !m.w.Liar {
		m.full = m.full || !m.j.ToL.push(m.w.saying[m.effect], m.w.Under)
	}
}

// chosen gives the choices that the move made.
func (m *move) chosen() (made []choice) {
	for i, pick := range m.picks[:m.at] {
		made = append(made, choice{m.of[i], pick})
	}
	return made
}

// find gives the row that answers an event, as Table.Next does.
func (m *move) find(event workflow.Event) (int, bool) {
	x := m.w.rows[m.side]
	for _, i := range x.by[*m.state()][event] {
		if m.holds(x.rows[i].when) {
			return i, true
		}
	}
	return 0, false
}

func (m *move) holds(when []condition) bool {
	for _, c := range when {
		if c.ask == nil || c.ask(m) == c.negated {
			return false
		}
	}
	return true
}

// take moves one side by an event and by what follows from it; false where no
// row takes the event, or the party may not bring it.
func (m *move) take(side workflow.Side, event workflow.Event, by workflow.Party) bool {
	m.side, m.by, m.event, m.then = side, by, event, nil
	row, ok := m.find(event)
	if !ok || !mayBring(&m.w.rows[side].rows[row], by) {
		return false
	}
	m.run(row)
	for len(m.then) > 0 {
		m.event, m.by = m.then[0], workflow.BySystem
		m.then = m.then[1:]
		if row, ok = m.find(m.event); !ok {
			m.fault("an effect fires " + string(m.event) + ", which has no row then")
			return true
		}
		m.run(row)
	}
	return true
}

func mayBring(row *row, by workflow.Party) bool {
	return by == workflow.BySystem || row.May(by) || (by == workflow.ByStaff && row.May(workflow.ByDesk)) || (by == workflow.ByDesk && row.May(workflow.BySystem))
}

// run does what the engine does with a row.
func (m *move) run(i int) {
	x := m.w.rows[m.side]
	m.ran = append(m.ran, i)
	x.taken[i] = true
	r := &x.rows[i]
	m.row, m.from = r, *m.state()
	if m.first == nil {
		m.first = r
	}
	to := m.from
	switch {
	case r.to != none:
		to = r.to
	case r.To == workflow.Previous && *m.previous() != none:
		to = *m.previous()
	}
	*m.state() = to
	if *m.previous() != none && !x.returns[to] {
		*m.previous() = none
	}
	for _, act := range r.do {
		m.effect = act.effect
		act.does(m)
	}
	m.moveCopy()
	if to != m.from && !m.closed && settles(m.side, x.places[to]) && !x.places[m.from].Ended {
		m.fault("what staff were asked before stays open (" + string(x.places[to].State) + ", by " + string(r.On) + ")")
	}
	m.deadlines(to)
	m.remember(to)
	if m.side == workflow.SideBorrowing && x.places[to].Ended {
		m.j.B.Active = false
	}
	m.told = m.told || r.tells
}

func (m *move) moveCopy() {
	at := &m.j.B.Copy
	if m.side == workflow.SideLending {
		at = &m.j.L.Copy
	}
	to := m.row.copy
	if to == nowhere || !m.row.moves[*at] {
		return
	}
	*at = to
	if m.side == workflow.SideBorrowing {
		m.j.B.Holder = to == inHands || (to == unaccounted && m.j.B.Holder)
	}
}

// deadlines keeps the deadlines beside that of the state as the engine does.
func (m *move) deadlines(to uint8) {
	if m.side != workflow.SideBorrowing {
		return
	}
	b, place := &m.j.B, m.place(to)
	if m.event == workflow.EventNeedByPassed {
		b.NeedBy, b.TooLate = false, true
	}
	if m.event == workflow.EventRenewalOverdue {
		b.RenewalWait = false
	}
	if to != m.from {
		b.RenewalWait = false
		if place.PastNeedBy || place.Ended {
			b.NeedBy = false
		}
	}
}
