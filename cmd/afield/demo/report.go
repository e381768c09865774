package demo

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/postgres"
)

// line is one line of a story's timeline.
type line struct {
	At time.Time `json:"at"`
	// On is the date and time in the library's own zone.
	On string `json:"on"`
	// Request is its number; 0 for what the story says itself.
	Request int64  `json:"request,omitempty"`
	Side    string `json:"side,omitempty"`
	Who     string `json:"who"`
	What    string `json:"what"`
	// From and To are the states, where they changed.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// order keeps what happened at one instant in order.
	order int64
}

// accountOf is the account of a patron at the end.
type accountOf struct {
	patron  *actor
	staff   *actor
	account gen.Account
}

// rotaOf is which lenders a request was sent to, and why.
type rotaOf struct {
	Request int64       `json:"request"`
	Places  []rotaPlace `json:"places"`
}

type rotaPlace struct {
	Lender string `json:"lender"`
	Tier   string `json:"tier"`
	Status string `json:"status"`
	Cost   string `json:"cost,omitempty"`
	Answer string `json:"answer,omitempty"`
	Why    string `json:"why"`
}

// gather reads what the story's requests went through, as staff see it.
func (t *teller) gather() {
	for _, r := range t.requests {
		var page gen.EventPage
		r.by.get("/v1/requests/"+r.id.String()+"/timeline?limit=200", &page)
		for _, event := range page.Events {
			one := line{At: event.At, On: local(event.At, r.by.zone), Request: r.no, Who: t.actorOf(event, r), What: event.Label, order: 2 * event.ID}
			if r.side == "lending" {
				one.Side = "lending"
			}
			if event.FromState != event.ToState {
				one.From, one.To = event.FromState, event.ToState
			}
			t.lines = append(t.lines, one)
		}
		if r.side != "requests" {
			continue
		}
		var request gen.Request
		r.by.get("/v1/requests/"+r.id.String(), &request)
		t.rotas = append(t.rotas, rotaFrom(request))
	}
	for _, said := range t.remarks {
		t.lines = append(t.lines, line{At: said.at, On: local(said.at, said.zone), Who: said.who, What: said.text, order: 2*said.after + 1})
	}
	slices.SortStableFunc(t.lines, func(a, b line) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.order, b.order)) })
	for i, one := range t.accounts {
		one.staff.get("/v1/patrons/"+one.patron.person.id().String()+"/charges", &t.accounts[i].account)
	}
}

func local(at time.Time, zone *time.Location) string {
	return at.In(zone).Format("Mon 2 Jan 2006 15:04")
}

// actorOf says who did something: a role and, for staff and partners, where.
func (t *teller) actorOf(event gen.Event, r tracked) string {
	switch event.Actor.Kind {
	case gen.ActorKindPartner:
		for _, p := range places() {
			if p.id() == event.Actor.ID {
				return p.name
			}
		}
		return "partner"
	case gen.ActorKindStaff:
		for _, p := range places() {
			if p.id() == event.Actor.LibraryID && p.id() != r.by.library.id() {
				return "staff at " + p.name
			}
		}
		return "staff"
	}
	return string(event.Actor.Kind)
}

func rotaFrom(request gen.Request) rotaOf {
	rota := rotaOf{Request: request.Number}
	entries := slices.Clone(request.Rota.Tried)
	if request.Rota.Now.ID != broker.NoID {
		entries = append(entries, request.Rota.Now)
	}
	entries = append(append(entries, request.Rota.Next...), request.Rota.PassedOver...)
	for _, entry := range entries {
		place := rotaPlace{Lender: entry.Lender.Name, Tier: entry.TierName, Status: entry.Status, Answer: entry.Answer, Why: inOneLine(entry)}
		if !entry.Cost.IsZero() {
			place.Cost = entry.Cost.String()
		}
		rota.Places = append(rota.Places, place)
	}
	return rota
}

// inOneLine gives the most telling reasons: why a lender was passed over, or
// its copy and the factor that weighed most.
func inOneLine(entry gen.RotaEntry) string {
	var texts []string
	for _, reason := range entry.Why {
		if reason.Code == "tier" && len(entry.Why) > 1 {
			continue
		}
		texts = append(texts, strings.TrimSuffix(reason.Message, "."))
		if len(texts) == 2 {
			break
		}
	}
	return strings.Join(texts, "; ")
}

// Report is the result of the demo.
type Report struct {
	From    broker.Date   `json:"from"`
	To      broker.Date   `json:"to"`
	Stories []StoryReport `json:"stories"`
	// Breaches are the invariants that do not hold; there should be none.
	Breaches []postgres.Invariant `json:"breaches"`
	Passed   bool                 `json:"passed"`
}

// StoryReport is one story as it was told.
type StoryReport struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Shows string `json:"shows"`
	// Passed is true when everything came out as the story says; Failure says what
	// did not.
	Passed  bool   `json:"passed"`
	Failure string `json:"failure,omitempty"`
	// Checked counts the facts checked against the story.
	Checked  int             `json:"checked"`
	Lines    []line          `json:"timeline"`
	Rotas    []rotaOf        `json:"rotas,omitempty"`
	Accounts []AccountReport `json:"accounts,omitempty"`
}

// AccountReport is what a patron was charged and paid.
type AccountReport struct {
	Who     string   `json:"who"`
	Owes    string   `json:"owes"`
	Entries []string `json:"entries,omitempty"`
}

func (t *teller) report() StoryReport {
	if !t.told && len(t.lines) == 0 {
		t.gatherWhatThereIs()
	}
	told := StoryReport{
		ID: t.story.id, Title: t.story.title, Shows: t.story.shows, Passed: t.told && t.failure == "",
		Failure: t.failure, Checked: t.checked, Lines: t.lines, Rotas: t.rotas,
	}
	for _, one := range t.accounts {
		account := AccountReport{Who: one.patron.who, Owes: one.account.Owes.String()}
		entries := slices.Clone(one.account.Entries)
		slices.Reverse(entries)
		for _, entry := range entries {
			account.Entries = append(account.Entries, fmt.Sprintf("%s %s %s %s", local(entry.At, one.patron.zone), entry.Kind, entry.ChargeKind, entry.Amount))
		}
		told.Accounts = append(told.Accounts, account)
	}
	return told
}

// gatherWhatThereIs reads what timelines it can of a story that failed; where
// even that fails, the report has none.
func (t *teller) gatherWhatThereIs() {
	defer func() {
		if failed := recover(); failed != nil {
			if _, ours := failed.(storyFailed); !ours {
				panic(failed)
			}
		}
	}()
	t.gather()
}

// write prints a story as a timeline to read.
func (r StoryReport) write(out io.Writer) {
	mark := "as told"
	if !r.Passed {
		mark = "NOT AS TOLD"
	}
	fmt.Fprintf(out, "\n(%s) %s — %s, %d facts checked\n    %s\n", r.ID, r.Title, mark, r.Checked, r.Shows)
	for _, one := range r.Lines {
		subject := ""
		if one.Request != 0 {
			subject = fmt.Sprintf("#%d ", one.Request)
			if one.Side != "" {
				subject += "(" + one.Side + ") "
			}
		}
		change := ""
		if one.To != "" {
			change = "  → " + one.To
		}
		fmt.Fprintf(out, "    %-22s %s%s: %s%s\n", one.On, subject, one.Who, one.What, change)
	}
	for _, rota := range r.Rotas {
		for i, place := range rota.Places {
			cost := ""
			if place.Cost != "" {
				cost = ", asks " + place.Cost
			}
			if place.Answer != "" {
				cost += ", " + place.Answer
			}
			fmt.Fprintf(out, "    rota #%d %d. %s [%s] %s%s: %s\n", rota.Request, i+1, place.Lender, place.Tier, place.Status, cost, place.Why)
		}
	}
	for _, account := range r.Accounts {
		for _, entry := range account.Entries {
			fmt.Fprintf(out, "    account of %s: %s\n", account.Who, entry)
		}
		fmt.Fprintf(out, "    account of %s: owes %s\n", account.Who, account.Owes)
	}
	if r.Failure != "" {
		fmt.Fprintf(out, "    FAILED: %s\n", r.Failure)
	}
}

// write prints the whole report.
func (r Report) write(out io.Writer) {
	fmt.Fprintf(out, "Stories from %s to %s\n", r.From, r.To)
	passed := 0
	for _, told := range r.Stories {
		told.write(out)
		if told.Passed {
			passed++
		}
	}
	fmt.Fprintf(out, "\n%d of %d stories came out as told.\n", passed, len(r.Stories))
	if len(r.Breaches) == 0 {
		fmt.Fprintln(out, "Every invariant holds.")
	}
	for _, breach := range r.Breaches {
		fmt.Fprintf(out, "BREACH %s (%d rows in %s)\n", breach.Rule, breach.Count, breach.View)
	}
}
