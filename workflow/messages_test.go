package workflow

import (
	"slices"
	"testing"

	"afield/broker"
	"afield/connectors"
)

// Every kind of message is either heard on each side or listed as unheard, with
// the reason; never both.
func TestEveryKindOfMessageIsHeardOrSaysWhyNot(t *testing.T) {
	t.Parallel()
	for side, hears := range Hears {
		for _, kind := range connectors.EveryKind() {
			known := slices.ContainsFunc(hears, func(h Hearing) bool { return h.Kind == kind })
			if why := Unheard[side][kind]; known == (why != "") {
				t.Errorf("%s, %s: heard %v, and not heard because %q", side, kind, known, why)
			}
		}
		for _, hearing := range append(slices.Clone(hears), Strange[side]) {
			table := TableOf(side)
			if len(table.Taking(hearing.Event)) == 0 {
				t.Errorf("%s: %s becomes %s, which the table does not have", side, hearing.Kind, hearing.Event)
			}
			if late := table.Taking(hearing.Late); len(late) != len(table.Places) {
				t.Errorf("%s: %s that comes late becomes %s, which happens in %v only", side, hearing.Kind, hearing.Late, late)
			}
		}
	}
	for _, reply := range []connectors.Message{{Yes: new(bool)}, {Yes: yes(), Due: broker.MustDate("2026-03-02")}, {Yes: yes()}} {
		for _, kind := range []connectors.Kind{connectors.KindCancelAnswer, connectors.KindRenewAnswer} {
			reply.Kind = kind
			if Heard(SideBorrowing, reply).Kind != kind {
				t.Errorf("%s with %q is not heard", kind, ReplyOf(reply))
			}
		}
	}
}

func yes() *bool { value := true; return &value }

// Every kind of message is either said by an effect of a table or listed as
// unsaid, with the reason.
func TestEveryKindOfMessageIsSaidOrSaysWhyNot(t *testing.T) {
	t.Parallel()
	said := map[connectors.Kind]bool{}
	for effect, says := range Says {
		said[says.Kind] = true
		var sides []*Table
		if !says.Kind.FromLender() {
			sides = append(sides, Borrowing)
		}
		if !says.Kind.FromBorrower() {
			sides = append(sides, Lending)
		}
		if !slices.ContainsFunc(sides, func(side *Table) bool { return slices.Contains(side.Effects(), effect) }) {
			t.Errorf("%s says %s, but no row of a side that says it does it", effect, says.Kind)
		}
		if ReplyOf(says.Message()) == ReplyAny != (says.Reply == ReplyAny) {
			t.Errorf("%s: a reply of %q to a kind that %s", effect, says.Reply, says.Kind)
		}
	}
	for _, kind := range connectors.EveryKind() {
		if said[kind] == (Unsaid[kind] != "") {
			t.Errorf("%s: said %v, and not said because %q", kind, said[kind], Unsaid[kind])
		}
	}
}
