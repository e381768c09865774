package proof

import (
	"fmt"
	"slices"
	"strings"

	"afield/connectors"
	"afield/workflow"
)

// promises are what every joint state and every move is looked at for.
var promises = []string{
	"Each side can always end by its own people and deadlines, whatever the other library's people do or leave undone.",
	"A date that passes and changes nothing tells a person, each time.",
	"Where a date or another library's word leaves the next thing to staff, outside the lists they work through, somebody is told.",
	"Nobody is asked for what the patron cancelled, or what comes after the day it was needed by.",
	"A request that has ended leaves no open hold, loan or renewal behind, and no loan that counts as lost though its copy is home.",
	"A patron is asked about a cost exactly while that is waited for, is told to come exactly while the copy is on the hold shelf, and hears of an end that brought nothing.",
	"A patron pays a fee at most once and only for what came, and for a loss only what is lost, was in a patron's hands, and is asked for.",
	"Every message has a row in every state, or a task with its words; what may pass in silence is listed below, with the reason.",
	"At rest, with nothing under way, both sides know where the copy is, or a person has been told.",
	"Every row of the tables is reached, or listed below with the reason.",
	"An effect never fires an event that has no row.",
	"What people are offered has an effect; so has every word of another library but one that may have been known before.",
	"Once the copy is lent, on its way back or lost, or the request has ended, nothing stays open that staff were asked before.",
	"While the copy is away from its lender it is kept that it is overdue or recalled.",
}

// readme is the text of README.md, made of what was found.
func readme(results []*Result) string {
	var out strings.Builder
	out.WriteString("# What was searched\n\nMade by the test; refresh it with `AFIELD_WRITE=1 go test ./workflow/proof`, do not edit. ")
	out.WriteString("The search goes through every joint state of the two tables, the nearest first, and takes some seconds. One message may be under way each way; with `AFIELD_UNDER=2` two may, which are some two million joint states of both sides, take a minute and are not searched each time. A number that moves says that the tables now allow more, or less: look at what.\n\n")
	out.WriteString("| what is searched | joint states | moves |\n|---|---|---|\n")
	for _, r := range results {
		fmt.Fprintf(&out, "| %s | %d | %d |\n", r.World, r.States, r.Moves)
	}
	out.WriteString("\n## What must hold\n\n")
	for _, promise := range promises {
		fmt.Fprintf(&out, "- %s\n", promise)
	}
	out.WriteString("\nThat guards and effects mean here what they do is seen on a database: the shortest ways to the rows are walked there (every twelfth one; all with `AFIELD_WAYS=all`), and after every step the facts, and what staff and patron are offered, are compared. What is searched with both sides is not walked: there a message would have to wait on its way, and each side is walked alone.\n")
	out.WriteString("\nTaking an act back is not searched: `workflow/requests` goes over every row that can be taken back and compares all tables before and after, so it leads nowhere new.\n")
	out.WriteString("\n## Rows that are not reached\n\n| row | why |\n|---|---|\n")
	for _, table := range []*workflow.Table{workflow.Borrowing, workflow.Lending} {
		for _, row := range table.Transitions {
			if why, excused := Excused(row); excused {
				fmt.Fprintf(&out, "| %s, `%s`: %s | %s |\n", table.Side, row.On, row.Label, why)
			}
		}
	}
	out.WriteString("\n## What may pass in silence\n\n| said to | message | in | why |\n|---|---|---|---|\n")
	for _, line := range silences() {
		out.WriteString(line)
	}
	return out.String()
}

// silences lists what mayPass lets pass, one line for each reason.
func silences() (lines []string) {
	for _, table := range []*workflow.Table{workflow.Borrowing, workflow.Lending} {
		for _, hearing := range workflow.Hears[table.Side] {
			states := map[string][]string{}
			for _, place := range table.Places {
				if why := mayPass(table.Side, saying{hearing.Kind, hearing.Reply}, place.State, true); why != "" {
					states[why] = append(states[why], string(place.State))
				}
			}
			for why, in := range states {
				where := strings.Join(in, ", ")
				if len(in) == len(table.Places) {
					where = "every state"
				}
				said := string(hearing.Kind)
				if hearing.Kind == connectors.KindCancelAnswer || hearing.Kind == connectors.KindRenewAnswer {
					said += " (" + string(hearing.Reply) + ")"
				}
				lines = append(lines, fmt.Sprintf("| %s | %s | %s | %s |\n", table.Side, said, where, why))
			}
		}
	}
	slices.Sort(lines)
	return lines
}
