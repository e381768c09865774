package workflow

import (
	"fmt"
	"strings"
)

// Description is a table as GET /v1/workflow and `afield workflow --json` give it.
type Description struct {
	Side        Side              `json:"side"`
	Start       State             `json:"start"`
	States      []StateDescribed  `json:"states"`
	Transitions []MoveDescribed   `json:"transitions"`
	Guards      map[Guard]string  `json:"guards"`
	Effects     map[Effect]string `json:"effects"`
}

// StateDescribed is one state.
type StateDescribed struct {
	State          State        `json:"state"`
	Label          string       `json:"label"`
	Patron         string       `json:"patron_label,omitempty"`
	Unwanted       string       `json:"unwanted_label,omitempty"`
	PatronUnwanted string       `json:"unwanted_patron_label,omitempty"`
	Owner          Owner        `json:"owner"`
	Queue          Queue        `json:"queue,omitempty"`
	Passing        bool         `json:"passing,omitempty"`
	Deadline       DeadlineKind `json:"deadline,omitempty"`
	Then           Event        `json:"then,omitempty"`
	First          Event        `json:"first,omitempty"`
	Coming         bool         `json:"coming,omitempty"`
	Serves         bool         `json:"serves,omitempty"`
	PastNeedBy     bool         `json:"past_need_by,omitempty"`
	Ended          bool         `json:"ended"`
	Supplied       bool         `json:"supplied,omitempty"`
	ISO            string       `json:"iso18626,omitempty"`
}

// MoveDescribed is one transition.
type MoveDescribed struct {
	From    []State  `json:"from"`
	Event   Event    `json:"event"`
	When    []Guard  `json:"when"`
	To      State    `json:"to"`
	By      []Party  `json:"by"`
	Effects []Effect `json:"effects"`
	// Copy is the custody that the volumes come into, of those that are at
	// CopyFrom or, where that is empty, wherever they may come from.
	Copy     Custody `json:"copy,omitempty"`
	CopyFrom Custody `json:"copy_from,omitempty"`
	Undo     Undo    `json:"undo"`
	Label    string  `json:"label"`
	Form     []Field `json:"form"`
	ISO      string  `json:"iso18626,omitempty"`
}

// Describe gives the whole table as data.
func (t *Table) Describe() Description {
	out := Description{Side: t.Side, Start: t.Start, Guards: map[Guard]string{}, Effects: map[Effect]string{}}
	for _, p := range t.Places {
		out.States = append(out.States, StateDescribed(p))
	}
	for _, row := range t.Transitions {
		out.Transitions = append(out.Transitions, MoveDescribed{
			From: row.From, Event: row.On, When: orEmpty(row.When), To: row.To, By: row.By, Effects: orEmpty(row.Do), Copy: row.Copy, CopyFrom: row.CopyFrom,
			Undo: row.Undo, Label: row.Label, Form: orEmpty(row.Form), ISO: row.ISO,
		})
	}
	for _, guard := range t.Guards() {
		out.Guards[guard] = strings.ReplaceAll(string(guard), "_", " ")
	}
	for _, effect := range t.Effects() {
		out.Effects[effect] = strings.ReplaceAll(string(effect), "_", " ")
	}
	return out
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// Mermaid draws the table as a state diagram. Rows that leave the state as it
// is are left out: they are in the list below the diagram.
func (t *Table) Mermaid() string {
	var out strings.Builder
	out.WriteString("stateDiagram-v2\n")
	fmt.Fprintf(&out, "    [*] --> %s\n", t.Start)
	seen := map[string]bool{}
	for _, row := range t.Transitions {
		if row.To == Same || row.On == EventUndo {
			continue
		}
		to := row.To
		for _, from := range row.From {
			line := fmt.Sprintf("    %s --> %s : %s\n", from, to, row.On)
			if to == Previous {
				line = fmt.Sprintf("    %s --> %s_previous : %s\n", from, t.Side, row.On)
			}
			if !seen[line] {
				seen[line] = true
				out.WriteString(line)
			}
		}
	}
	for _, place := range t.Places {
		if place.Ended {
			fmt.Fprintf(&out, "    %s --> [*]\n", place.State)
		}
	}
	return out.String()
}

// Readme is the whole of workflow/README.md: a diagram and a list for each table.
func Readme() string {
	var out strings.Builder
	out.WriteString("# How a request moves\n\nMade from the tables in `borrowing.go`, `lending.go` and `brokered.go` by `make generate`; do not edit. Everything that can happen by them is searched: [proof](proof/README.md) says what was found.\n")
	for _, table := range Tables() {
		fmt.Fprintf(&out, "\n## The %s side\n\n```mermaid\n%s```\n", table.Side, table.Mermaid())
		out.WriteString("\n| state | meaning | a patron is told | next thing is done by | queue | waits for | then |\n|---|---|---|---|---|---|---|\n")
		for _, p := range table.Places {
			fmt.Fprintf(&out, "| `%s` | %s | %s | %s | %s | %s | %s |\n", p.State, p.Label, p.Patron, p.Owner, p.Queue, p.Deadline, p.Then)
		}
		out.WriteString("\n| from | event | when | to | by | effects | undo |\n|---|---|---|---|---|---|---|\n")
		for _, row := range table.Transitions {
			fmt.Fprintf(&out, "| %s | `%s` | %s | %s | %s | %s | %s |\n", joined(row.From), row.On, joined(row.When), row.To,
				joined(row.By), joined(row.Do), strings.TrimSpace(string(row.Undo.Kind)+" "+string(row.Undo.Event)))
		}
	}
	return out.String()
}

func joined[T ~string](list []T) string {
	parts := make([]string, len(list))
	for i, item := range list {
		parts[i] = string(item)
	}
	return strings.Join(parts, ", ")
}
