package consortium

import (
	"fmt"
	"slices"
	"strings"

	"afield/broker/directory"
)

// Facts are what is there of a set-up, counted.
type Facts struct {
	// Operators are those of the consortium's office who may sign in; Consortium is
	// its name, "" where there is none yet.
	Operators  int
	Consortium string
	// Members are the member libraries that are looked at.
	Members []MemberFacts
	// Partners are other libraries that can be asked, by a protocol or by hand.
	Partners int
}

// MemberFacts are what is there at one member library. Patrons and Items count no
// further than Enough.
type MemberFacts struct {
	Name                string
	Status              directory.Status
	Branches, OpenHours int // all, and those with hours of their own or their library's
	Tiers               int
	Policy              string
	Directors, Others   int // staff who may sign in, or are invited
	Patrons, Items      int
}

// Enough is as far as patrons and items are counted.
const Enough = 10_000

// StepName names one step of setting a consortium up.
type StepName string

// The steps, in their order.
const (
	StepOperator StepName = "operator"
	StepLibrary  StepName = "library"
	StepBranch   StepName = "branch"
	StepTiers    StepName = "tiers"
	StepPolicy   StepName = "policy"
	StepStaff    StepName = "staff"
	StepPatrons  StepName = "patrons"
	StepItems    StepName = "items"
	StepPartners StepName = "partners"
)

// Step is one step with what is there, what is not, and what to do next.
type Step struct {
	Name StepName `json:"step"`
	Done bool     `json:"done"`
	// There and Missing are in words; Missing and Next are "" where the step is done.
	There   string `json:"there"`
	Missing string `json:"missing,omitempty"`
	Next    string `json:"next,omitempty"`
}

// Steps says which steps of a set-up are done. A step is done when what it is for
// exists at every member library that is not closed.
func Steps(f Facts) []Step {
	members := slices.DeleteFunc(slices.Clone(f.Members), func(m MemberFacts) bool { return m.Status == directory.StatusClosed })
	all := func(lacks func(MemberFacts) bool) (missing string) {
		var names []string
		for _, m := range members {
			if lacks(m) {
				names = append(names, m.Name)
			}
		}
		switch {
		case len(members) == 0:
			return "there is no member library yet"
		case len(names) > 5:
			return fmt.Sprintf("missing at %s and %d more", strings.Join(names[:5], ", "), len(names)-5)
		case len(names) > 0:
			return "missing at " + strings.Join(names, ", ")
		}
		return ""
	}
	sum := func(of func(MemberFacts) int) (sum int) {
		for _, m := range members {
			sum += of(m)
		}
		return sum
	}
	policies := map[string]bool{}
	for _, m := range members {
		if m.Policy != "" {
			policies[m.Policy] = true
		}
	}
	steps := []Step{
		{
			Name: StepLibrary, There: counted(len(members), "member library", "member libraries"),
			Missing: all(func(MemberFacts) bool { return false }),
			Next:    "Write the libraries into a file (afield consortium example shows one) and apply it: afield consortium apply FILE --reason …, or POST /v1/configuration.",
		},
		{
			Name: StepBranch, There: counted(sum(func(m MemberFacts) int { return m.Branches }), "branch", "branches"),
			Missing: hours(all(func(m MemberFacts) bool { return m.Branches == 0 }), all(func(m MemberFacts) bool { return m.OpenHours < m.Branches })),
			Next:    "Give each library its branches and its opening hours: branches and hours in the consortium's file or POST /v1/configuration.",
		},
		{
			Name: StepTiers, There: counted(sum(func(m MemberFacts) int { return m.Tiers }), "step outward", "steps outward"),
			Missing: all(func(m MemberFacts) bool { return m.Tiers == 0 }),
			Next:    "Say how far each library looks for lenders, nearest first: tiers in the consortium's file or POST /v1/configuration.",
		},
		{
			Name: StepPolicy, There: counted(len(policies), "policy in force", "policies in force"),
			Missing: all(func(m MemberFacts) bool { return m.Policy == "" }),
			Next:    "Choose a policy that ships (afield policy list) or publish one, and name it: policy in the consortium's file or POST /v1/configuration.",
		},
		{
			Name: StepStaff, There: fmt.Sprintf("%s, %d others", counted(sum(func(m MemberFacts) int { return m.Directors }), "director", "directors"), sum(func(m MemberFacts) int { return m.Others })),
			Missing: all(func(m MemberFacts) bool { return m.Directors == 0 }),
			Next:    "Invite a director for each library: staff in the consortium's file, or POST /v1/staff; the director invites the others.",
		},
		{
			Name: StepPatrons, There: upTo(sum(func(m MemberFacts) int { return m.Patrons }), "patron", "patrons"),
			Missing: all(func(m MemberFacts) bool { return m.Patrons == 0 }),
			Next:    "Bring patrons in from a file (afield import patrons) or register one at the desk (POST /v1/patrons).",
		},
		{
			Name: StepItems, There: upTo(sum(func(m MemberFacts) int { return m.Items }), "item", "items"),
			Missing: all(func(m MemberFacts) bool { return m.Items == 0 }),
			Next:    "Bring titles and items in from MARC or a table (afield import items, afield import marc) or make one (POST /v1/items).",
		},
		{
			Name: StepPartners, There: counted(f.Partners, "other library to ask", "other libraries to ask"),
			Missing: none(f.Partners, "nobody outside can be asked yet"),
			Next:    "Add a partner: afield partner add, or libraries that are partners or reached by hand in the consortium's file.",
		},
	}
	for i := range steps {
		if steps[i].Done = steps[i].Missing == ""; steps[i].Done {
			steps[i].Next = ""
		}
	}
	return steps
}

// OfficeSteps are Steps with what comes before them: somebody who runs the
// consortium.
func OfficeSteps(f Facts) []Step {
	first := Step{Name: StepOperator, There: counted(f.Operators, "operator", "operators"), Done: f.Operators > 0}
	if f.Consortium != "" {
		first.There += " of " + f.Consortium
	}
	if !first.Done {
		first.Missing = "nobody runs the consortium yet"
		first.Next = FirstOperator
	}
	return append([]Step{first}, Steps(f)...)
}

// FirstOperator says how the first operator is made. It has no secret in it: the
// command is for whoever has a shell on the server.
const FirstOperator = `On this server, run: afield operator add USERNAME --consortium "NAME" --symbol ISIL:XX-NAME --place US-NY`

// hours says what of branches is missing first: branches at all, then hours.
func hours(branches, open string) string {
	if branches == "" && open != "" {
		return "hours are " + open
	}
	return branches
}

func none(count int, missing string) string {
	if count > 0 {
		return ""
	}
	return missing
}

// upTo says a count that goes no further than Enough.
func upTo(count int, one, many string) string {
	if count > Enough {
		return fmt.Sprintf("more than %d %s", Enough, many)
	}
	return counted(count, one, many)
}
