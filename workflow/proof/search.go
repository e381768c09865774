package proof

import (
	"fmt"
	"slices"
	"strings"

	"afield/workflow"
)

// Breach is a promise broken, with the shortest way there.
type Breach struct {
	World, Words string
	Trace        []string
	// Steps are the same way, to be walked on a database.
	Steps []Taken
}

func (b Breach) String() string {
	return b.World + ": " + b.Words + "\n    " + strings.Join(b.Trace, "\n    ")
}

// Result is what a search found.
type Result struct {
	World  string
	States int
	Moves  int
	// Unreached are the rows that nothing leads to, by side and place in the table.
	Unreached map[workflow.Side][]int
	Breaches  []Breach
	// Ways gives the shortest way to every row that is reached.
	Ways []Way
}

// Way is the shortest way to a row of a table, from a request that was just
// submitted.
type Way struct {
	Side  workflow.Side
	Row   int // its place in the table
	Steps []Taken
}

// Taken is one step of a way, with the choices that it made and what stands after
// it.
type Taken struct {
	step    step
	choices []choice
	after   Joint
}

// choice is what an effect chose, where it can do one thing or another.
type choice struct {
	effect workflow.Effect
	pick   int
}

type node struct {
	j      Joint
	parent int32
	step   step
	chosen []choice
}

type edge struct {
	to   int32
	kind kind
}

// Search goes through every joint state of a world, the nearest first. Most
// bounds how many; 0 is all. Errors: a name of the tables without a meaning,
// or more states than most.
func (w *World) Search(most int) (*Result, error) {
	if err := w.prepare(); err != nil {
		return nil, err
	}
	start := w.start()
	known := map[Joint]int32{start: 0}
	nodes := []node{{j: start, parent: -1}}
	var edges [][]edge
	breaches := map[string]Breach{}
	breach := func(at int32, s step, words string) {
		if _, ok := breaches[words]; !ok {
			trace := append(w.trace(nodes, at), "→ "+w.inWords(s))
			breaches[words] = Breach{World: w.Name, Words: words, Trace: trace, Steps: append(w.taken(nodes, at), Taken{step: s})}
		}
	}
	result := &Result{World: w.Name}
	first := map[workflow.Side]map[int]bool{workflow.SideBorrowing: {}, workflow.SideLending: {}}
	for at := int32(0); int(at) < len(nodes); at++ {
		if most > 0 && len(nodes) > most {
			return nil, fmt.Errorf("proof: more than %d joint states", most)
		}
		j := nodes[at].j
		for _, words := range w.claims(j) {
			if _, ok := breaches[words]; !ok {
				breaches[words] = Breach{World: w.Name, Words: words, Trace: w.trace(nodes, at), Steps: w.taken(nodes, at)}
			}
		}
		var out []edge
		w.successors(j, func(s step, m *move) {
			result.Moves++
			for _, words := range m.faults {
				breach(at, s, words)
			}
			for _, words := range w.between(j, s, m) {
				breach(at, s, words)
			}
			to, ok := known[m.j]
			chosen := m.chosen()
			if !ok {
				to = int32(len(nodes))
				known[m.j] = to
				nodes = append(nodes, node{j: m.j, parent: at, step: s, chosen: chosen})
			}
			for _, row := range m.ran {
				if rows := first[m.side]; !rows[row] {
					rows[row] = true
					steps := append(w.taken(nodes, at), Taken{s, chosen, m.j})
					result.Ways = append(result.Ways, Way{Side: m.side, Row: row, Steps: steps})
				}
			}
			if e := (edge{to, s.Kind}); to != at && !slices.Contains(out, e) {
				out = append(out, e)
			}
		})
		edges = append(edges, out)
	}
	result.States = len(nodes)
	for _, stuck := range w.cannotEnd(nodes, edges) {
		if _, ok := breaches[stuck.words]; !ok {
			breaches[stuck.words] = Breach{World: w.Name, Words: stuck.words, Trace: w.trace(nodes, stuck.at), Steps: w.taken(nodes, stuck.at)}
		}
	}
	for _, b := range breaches {
		result.Breaches = append(result.Breaches, b)
	}
	slices.SortFunc(result.Breaches, func(a, b Breach) int {
		if len(a.Trace) != len(b.Trace) {
			return len(a.Trace) - len(b.Trace)
		}
		return strings.Compare(a.Words, b.Words)
	})
	result.Unreached = map[workflow.Side][]int{}
	for side, x := range w.rows {
		for i, taken := range x.taken {
			if !taken {
				result.Unreached[side] = append(result.Unreached[side], i)
			}
		}
	}
	return result, nil
}

type stuck struct {
	at    int32
	words string
}

// cannotEnd finds the joint states from which a side cannot end by its own
// people and deadlines alone.
func (w *World) cannotEnd(nodes []node, edges [][]edge) (found []stuck) {
	sides := []workflow.Side{workflow.SideBorrowing, workflow.SideLending}
	if w.Liar {
		sides = []workflow.Side{w.Side}
	}
	for _, side := range sides {
		own := []kind{ourPeople, ourTime, word} // what is under way arrives by itself
		if side == workflow.SideLending {
			own = []kind{theirs, theirTime, word}
		}
		back := make([][]int32, len(nodes))
		for from, out := range edges {
			for _, e := range out {
				if slices.Contains(own, e.kind) && (e.kind != word || !w.Liar) {
					back[e.to] = append(back[e.to], int32(from))
				}
			}
		}
		ends := make([]bool, len(nodes))
		var queue []int32
		for i, n := range nodes {
			state := *stateOf(&n.j, side)
			if (side == workflow.SideLending && !n.j.L.There) || w.rows[side].places[state].Ended {
				ends[i] = true
				queue = append(queue, int32(i))
			}
		}
		for len(queue) > 0 {
			at := queue[0]
			queue = queue[1:]
			for _, from := range back[at] {
				if !ends[from] {
					ends[from] = true
					queue = append(queue, from)
				}
			}
		}
		for i := range nodes {
			if !ends[i] {
				state := w.rows[side].places[*stateOf(&nodes[i].j, side)].State
				found = append(found, stuck{int32(i), fmt.Sprintf("the %s side cannot end from %s without the other's people", side, state)})
			}
		}
	}
	return found
}

func (w *World) trace(nodes []node, at int32) []string {
	var trace []string
	for at > 0 {
		trace = append(trace, w.inWords(nodes[at].step)+"  ["+w.brief(nodes[at].j)+"]")
		at = nodes[at].parent
	}
	slices.Reverse(trace)
	return trace
}

// taken gives the steps to a joint state.
func (w *World) taken(nodes []node, at int32) (steps []Taken) {
	for ; at > 0; at = nodes[at].parent {
		steps = append(steps, Taken{nodes[at].step, nodes[at].chosen, nodes[at].j})
	}
	slices.Reverse(steps)
	return steps
}

// inWords gives a step of a trace in words.
func (w *World) inWords(s step) string {
	if s.What != "" {
		return s.What
	}
	return fmt.Sprintf("%s, %s: %s", s.Side, s.By, s.Event)
}

func (w *World) brief(j Joint) string {
	text := string(w.rows[workflow.SideBorrowing].places[j.B.State].State)
	if j.L.There {
		text += " / " + string(w.rows[workflow.SideLending].places[j.L.State].State)
	}
	for _, q := range []Queue{j.ToL, j.ToB} {
		for _, m := range q {
			if m != none {
				text += " · " + w.name(m)
			}
		}
	}
	return text
}
