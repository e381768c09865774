package proof

import (
	"fmt"
	"slices"
	"strings"

	"afield/workflow"
)

// World is what is searched: the tables, and who stands on the other side.
type World struct {
	Name               string
	Borrowing, Lending *workflow.Table
	// Hears says what each side makes of a message.
	Hears map[workflow.Side][]workflow.Hearing
	// Liar: the other side has no table; it says anything at any time, and the
	// copy turns up anywhere.
	Liar bool
	// Side is whose side a liar is met on; both sides are searched otherwise.
	Side workflow.Side
	// Holds: lenders of the own catalogue fill requests by holds.
	Holds bool
	// Under is how many messages may be under way each way: 1 or 2.
	Under int
	// Copies: what is asked for is a copy, which nobody returns.
	Copies bool

	saying map[workflow.Effect]uint8
	said   []saying
	rows   map[workflow.Side]*index
	silent map[string][]workflow.State
}

// unheard notes in which states a message is not heard.
func (w *World) unheard(words string, state workflow.State) {
	if w.silent == nil {
		w.silent = map[string][]workflow.State{}
	}
	if !slices.Contains(w.silent[words], state) {
		w.silent[words] = append(w.silent[words], state)
	}
}

// index finds the rows of a table by state and event, and holds them with their
// names looked up.
type index struct {
	table  *workflow.Table
	places []workflow.Place
	rows   []row
	by     []map[workflow.Event][]int
	taken  []bool             // which rows were reached
	events [][]workflow.Event // what people may bring in each state
	// returns tells which states may give way to the one they were entered from.
	returns []bool
}

// row is a row of a table with the meaning of its names.
type row struct {
	workflow.Transition
	when  []condition
	do    []action
	to    uint8 // none where the state stays or the previous one comes back
	copy  custody
	moves [unaccounted + 1]bool // from where the copy is moved
	tells bool
}

type condition struct {
	ask     asks
	negated bool
}

type action struct {
	effect workflow.Effect
	does   does
}

func indexOf(table *workflow.Table) *index {
	x := &index{table: table, places: table.Places, taken: make([]bool, len(table.Transitions))}
	x.by = make([]map[workflow.Event][]int, len(x.places))
	x.events = make([][]workflow.Event, len(x.places))
	for i := range x.by {
		x.by[i] = map[workflow.Event][]int{}
	}
	for _, place := range x.places {
		x.returns = append(x.returns, table.Returns(place.State))
	}
	for i, transition := range table.Transitions {
		x.rows = append(x.rows, x.compiled(transition))
		for _, from := range transition.From {
			at := x.place(from)
			x.by[at][transition.On] = append(x.by[at][transition.On], i)
			if transition.IsAction() && skipped[transition.On] == "" && !slices.Contains(x.events[at], transition.On) {
				x.events[at] = append(x.events[at], transition.On)
			}
		}
	}
	return x
}

func (x *index) compiled(transition workflow.Transition) row {
	r := row{Transition: transition, to: x.place(transition.To), copy: custodies[transition.Copy]}
	for _, guard := range transition.When {
		positive, negated := plain(guard)
		r.when = append(r.when, condition{guards[positive], negated})
	}
	for _, effect := range transition.Do {
		if does := effects[effect]; does != nil {
			r.do = append(r.do, action{effect, does})
		}
		r.tells = r.tells || tells(effect)
	}
	for _, from := range transition.Moves() {
		r.moves[custodies[from]] = true
	}
	return r
}

// plain tells a guard from its negation.
func plain(guard workflow.Guard) (positive workflow.Guard, negated bool) {
	text, negated := strings.CutPrefix(string(guard), "not ")
	return workflow.Guard(text), negated
}

// tells lists the effects by which a patron hears something.
func tells(effect workflow.Effect) bool { return strings.HasPrefix(string(effect), "tell_patron_") }

func (x *index) place(state workflow.State) uint8 {
	i := slices.IndexFunc(x.places, func(p workflow.Place) bool { return p.State == state })
	if i < 0 {
		return none
	}
	return uint8(i)
}

// prepare makes the lists a search works with. Errors: a guard or effect that
// has no meaning here.
func (w *World) prepare() error {
	w.rows = map[workflow.Side]*index{workflow.SideBorrowing: indexOf(w.Borrowing), workflow.SideLending: indexOf(w.Lending)}
	w.saying = map[workflow.Effect]uint8{}
	for _, table := range []*workflow.Table{w.Borrowing, w.Lending} {
		for _, guard := range table.Guards() {
			if guards[guard] == nil && guard != workflow.GuardMessageUnsent {
				return fmt.Errorf("proof: guard %q of the %s table has no meaning here", guard, table.Side)
			}
		}
		for _, effect := range table.Effects() {
			if effects[effect] == nil && effect != workflow.DoUndoLast {
				return fmt.Errorf("proof: effect %q of the %s table has no meaning here", effect, table.Side)
			}
			if says, ok := workflow.Says[effect]; ok {
				w.saying[effect] = w.word(saying(says))
			}
		}
	}
	for _, side := range []workflow.Side{workflow.SideBorrowing, workflow.SideLending} {
		for _, hearing := range workflow.Hears[side] {
			w.word(saying{hearing.Kind, hearing.Reply})
		}
	}
	return nil
}

func (w *World) word(s saying) uint8 {
	if i := slices.Index(w.said, s); i >= 0 {
		return uint8(i)
	}
	w.said = append(w.said, s)
	return uint8(len(w.said) - 1)
}

// start is a request that was just submitted, and a lender that has not heard
// of it.
func (w *World) start() Joint {
	j := Joint{
		B:   Borrower{State: w.rows[workflow.SideBorrowing].place(w.Borrowing.Start), Previous: none, NeedBy: true},
		L:   Lender{State: w.rows[workflow.SideLending].place(w.Lending.Start), Previous: none},
		ToL: emptyQueue, ToB: emptyQueue, Where: withLender,
	}
	if w.Liar && w.Side == workflow.SideLending {
		j.L.There = true
	}
	return j
}

// chooser goes through every combination of the choices that a move has.
type chooser struct {
	picks, sizes []int
	of           []workflow.Effect // whose choice each is
	at           int
}

// choose makes a choice of n for the effect that runs.
func (m *move) choose(n int) int {
	c := m.chooser
	if c.at == len(c.picks) {
		c.picks, c.sizes, c.of = append(c.picks, 0), append(c.sizes, n), append(c.of, m.effect)
	}
	pick := c.picks[c.at]
	c.at++
	return pick
}

// next goes to the next combination; false where there is none left.
func (c *chooser) next() bool {
	c.at = 0
	for i := len(c.picks) - 1; i >= 0; i-- {
		if c.picks[i]++; c.picks[i] < c.sizes[i] {
			c.picks, c.sizes, c.of = c.picks[:i+1], c.sizes[:i+1], c.of[:i+1]
			return true
		}
	}
	return false
}
