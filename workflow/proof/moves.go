package proof

import (
	"afield/connectors"
	"afield/workflow"
)

// kind is who makes a move.
type kind uint8

const (
	ourPeople kind = iota // of the borrowing library: patron, staff, desk
	ourTime               // its deadlines and jobs
	theirs                // people and deadlines of the lender
	theirTime
	word  // a message arrives, or is refused
	world // a parcel goes astray, or somebody does something by themselves
)

// step says who did what, for the trace.
type step struct {
	Kind  kind
	Side  workflow.Side
	By    workflow.Party
	Event workflow.Event
	// What says it in words, where it is not an event of a person or a deadline.
	What string
	// Said is what the other library says; of a lender we moved on from where Late.
	Said saying
	Late bool
}

// skipped lists the events of people that lead nowhere new, and why.
var skipped = map[workflow.Event]string{
	workflow.EventNote: "it changes nothing, and every state takes it",
	workflow.EventUndo: "it restores what was; a test over every row that can be taken back shows it on a database",
}

// successors gives every move from a joint state.
func (w *World) successors(j Joint, emit func(step, *move)) {
	if !w.Liar || w.Side == workflow.SideBorrowing {
		w.people(j, workflow.SideBorrowing, emit)
		w.time(j, workflow.SideBorrowing, emit)
	}
	if (!w.Liar || w.Side == workflow.SideLending) && j.L.There {
		w.people(j, workflow.SideLending, emit)
		w.time(j, workflow.SideLending, emit)
	}
	w.words(j, emit)
	w.shelves(j, emit)
	w.astray(j, emit)
}

// try explores one kind of move with all its choices.
func (w *World) try(j Joint, s step, emit func(step, *move), do func(m *move) bool) {
	c := &chooser{}
	for {
		m := &move{w: w, j: j, chooser: c}
		if do(m) && !m.full {
			w.settle(&m.j)
			emit(s, m)
		}
		if !c.next() {
			return
		}
	}
}

func (w *World) people(j Joint, side workflow.Side, emit func(step, *move)) {
	x, state, whose := w.rows[side], j.B.State, ourPeople
	parties := []workflow.Party{workflow.ByStaff, workflow.ByPatron, workflow.ByDesk}
	if side == workflow.SideLending {
		state, whose, parties = j.L.State, theirs, []workflow.Party{workflow.ByStaff, workflow.ByDesk}
	}
	look := &move{w: w, j: j, side: side}
	for _, event := range x.events[state] {
		for _, by := range parties {
			look.by = by
			row, ok := look.find(event)
			if !ok || !x.rows[row].May(by) {
				continue
			}
			w.try(j, step{Kind: whose, Side: side, By: by, Event: event}, emit, func(m *move) bool {
				return w.may(&m.j, side, event, &x.rows[row]) && m.take(side, event, by)
			})
		}
	}
}

func (w *World) time(j Joint, side workflow.Side, emit func(step, *move)) {
	whose, state := ourTime, j.B.State
	if side == workflow.SideLending {
		whose, state = theirTime, j.L.State
	}
	fire := func(event workflow.Event) {
		w.try(j, step{Kind: whose, Side: side, By: workflow.BySystem, Event: event}, emit, func(m *move) bool {
			if !m.take(side, event, workflow.BySystem) {
				m.side = side
				m.fault("a deadline fires " + string(event) + ", which has no row in " + string(m.placeName(state)))
			}
			return true
		})
	}
	place := w.rows[side].places[state]
	if place.Then != "" {
		fire(place.Then)
	}
	if side == workflow.SideLending {
		return
	}
	if place.Passing {
		fire(workflow.EventChecksPassed)
		fire(workflow.EventNeedsPerson)
	}
	if place.State == workflow.Routing {
		fire(workflow.EventHoldingsKnown) // the look-up of holdings comes back
	}
	if j.B.NeedBy && !place.Passing {
		fire(workflow.EventNeedByPassed)
	}
	if j.B.RenewalWait {
		fire(workflow.EventRenewalOverdue)
	}
	if place.State == workflow.CheckedOut && !j.B.ByHold {
		fire(workflow.EventSearchEnded)
	}
}

// words delivers the oldest message of each direction, or what a liar says.
func (w *World) words(j Joint, emit func(step, *move)) {
	if w.Liar {
		for i, said := range w.said {
			fromLender := w.Side == workflow.SideBorrowing
			if said.Kind == connectors.KindRequest || said.Kind == connectors.KindNote || said.Kind == connectors.KindStatus || (said.Kind == connectors.KindCopyCompleted && !w.Copies) || said.Kind.FromLender() != fromLender {
				continue
			}
			if !fromLender || (j.B.Entry >= asked && !j.B.ByHold) {
				w.hear(j, w.Side, uint8(i), true, emit)
			}
			if fromLender && j.B.Earlier {
				w.hear(j, w.Side, uint8(i), false, emit)
			}
		}
		if w.Side == workflow.SideBorrowing && !j.B.ByHold {
			w.system(j, workflow.EventConfirmed, "the request is delivered", emit)
			w.system(j, workflow.EventDeliveryFailed, "the request cannot be delivered", emit)
		}
		return
	}
	if head := j.ToL[0]; head != none {
		rest := j
		rest.ToL.pop()
		w.arrivesAtLender(rest, head, emit)
	}
	if head := j.ToB[0]; head != none {
		rest := j
		rest.ToB.pop()
		w.hear(rest, workflow.SideBorrowing, head, j.B.Lender == firstLender, emit)
	}
}

func (w *World) arrivesAtLender(j Joint, head uint8, emit func(step, *move)) {
	current := j.B.Lender == firstLender
	switch w.said[head].Kind {
	case connectors.KindRequest:
		w.try(j, step{Kind: word, What: "the request reaches the lender"}, emit, func(m *move) bool {
			m.j.L.There = true
			if current {
				m.take(workflow.SideBorrowing, workflow.EventConfirmed, workflow.BySystem)
			}
			return true
		})
		w.try(j, step{Kind: word, What: "the request cannot be delivered"}, emit, func(m *move) bool {
			if current {
				m.take(workflow.SideBorrowing, workflow.EventDeliveryFailed, workflow.BySystem)
			}
			return true
		})
		return
	case connectors.KindCancel:
		if !j.L.There {
			w.try(j, step{Kind: word, What: "the lender knows nothing of what it is to cancel"}, emit, func(m *move) bool {
				if current {
					m.take(workflow.SideBorrowing, workflow.EventCancelAgreed, workflow.BySystem)
				}
				return true
			})
			return
		}
	}
	if !j.L.There { // refused: staff are told
		w.try(j, step{Kind: word, What: "the lender refuses " + w.name(head)}, emit, func(m *move) bool {
			m.j.B.Task = true
			return true
		})
		return
	}
	w.hear(j, workflow.SideLending, head, true, emit)
}

func (w *World) system(j Joint, event workflow.Event, words string, emit func(step, *move)) {
	w.try(j, step{Kind: word, Event: event, What: words}, emit, func(m *move) bool {
		return m.take(workflow.SideBorrowing, event, workflow.BySystem)
	})
}

func (w *World) name(m uint8) string {
	said := w.said[m]
	if said.Reply == workflow.ReplyAny {
		return string(said.Kind)
	}
	return string(said.Kind) + " (" + string(said.Reply) + ")"
}

// hear lets a side hear a message, as Receive does. current is false where it
// is from a lender that the request has moved on from.
func (w *World) hear(j Joint, side workflow.Side, said uint8, current bool, emit func(step, *move)) {
	hearing := workflow.Strange[side]
	for _, h := range w.Hears[side] {
		if h.Kind == w.said[said].Kind && h.Reply == w.said[said].Reply {
			hearing = h
		}
	}
	by, who := workflow.ByLender, "the lender says "
	if side == workflow.SideLending {
		by, who = workflow.ByBorrower, "the borrower says "
	}
	if !current {
		who = "a lender we have moved on from says "
	}
	w.try(j, step{Kind: word, Side: side, What: who + w.name(said), Said: w.said[said], Late: !current}, emit, func(m *move) bool {
		state := *stateOf(&m.j, side)
		m.current = current
		if current && hearing.Event != hearing.Late && m.take(side, hearing.Event, by) {
			if m.idle() && !saysNothingNew(w.said[said], m.place(state)) {
				m.fault("nothing comes of " + m.w.name(said) + " in " + string(m.placeName(state)))
			}
			return true
		}
		m.faults, m.told = nil, false
		if !m.take(side, hearing.Late, by) {
			m.side = side
			m.fault("nothing hears " + w.name(said) + " in " + string(m.placeName(state)))
			return true
		}
		if j.B.Late != goingHome || m.j.B.Late == goingHome { // it is not what came too late that is home
			m.late(said, state, current)
		}
		return true
	})
}

func stateOf(j *Joint, side workflow.Side) *uint8 {
	if side == workflow.SideLending {
		return &j.L.State
	}
	return &j.B.State
}

// late tells of a message that came to nothing although it says something that
// somebody must act on, where nobody is told.
func (m *move) late(said, state uint8, current bool) {
	if m.told || m.full {
		return
	}
	s := m.w.said[said]
	who := "from the lender"
	if m.side == workflow.SideLending {
		who = "from the borrower"
	} else if !current {
		who = "from a lender we moved on from"
	}
	if mayPass(m.side, s, m.placeName(state), current) != "" {
		return
	}
	words := "nobody hears " + m.w.name(said) + " " + who
	m.w.unheard(words, m.placeName(state))
	m.fault(words)
}
