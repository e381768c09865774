package policies

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/explain"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
	"afield/cmd/afield/shell"
)

// policyExplainCommand answers a question from a policy.
type policyExplainCommand struct {
	Policy string `arg:"" help:"A policy that ships, a file, or a published version: ours@2."`
	Ask    string `arg:"" help:"checkout, ill_request, hold, renew, card, renew_card, use_card, computer, sign_for_minor, claim, refund, due, fine, lost; or the id of an attribute."`

	On          string         `help:"Ask the published policy that rules on this day." placeholder:"DATE"`
	At          string         `help:"The moment of asking at the library; now when left out." placeholder:"2026-03-02T15:00"`
	Class       string         `help:"The patron's class." default:"resident"`
	PatronAge   int            `help:"The patron's age in years." default:"-1" placeholder:"YEARS"`
	Owes        string         `help:"What the patron owes." default:"0.00"`
	CardExpires string         `help:"The card's last day." placeholder:"DATE"`
	Owner       string         `help:"own, consortium or ill." enum:"own,consortium,ill" default:"own"`
	Item        string         `help:"The material type." default:"book"`
	Audience    string         `help:"adult, teen or child." default:"adult"`
	ItemAge     string         `help:"new or high_demand."`
	Out         map[string]int `help:"What is on loan already, by type." placeholder:"dvd=4"`
	Due         string         `help:"The due date." placeholder:"DATE"`
	Returned    string         `help:"The day the return counts for." placeholder:"DATE"`
	Renewals    int            `help:"Renewals already had."`
	Held        bool           `help:"Somebody else waits for it."`
	Holds       int            `help:"Open holds of the patron."`
	Active      int            `help:"Active interlibrary loan requests of the patron."`
	Claims      int            `help:"Claims of the patron."`
	Paid        string         `help:"What was paid for a lost item." default:"0.00"`
	PaidOn      string         `help:"When it was paid." placeholder:"DATE"`
	Channel     string         `help:"staff, online, phone or email."`
	Shown       []string       `help:"What told who it is: card, photo_id, birth_date, drivers_licence …" placeholder:"WORD"`
	Met         []string       `help:"What is brought for a card: application, id, proof_of_address …" placeholder:"NEED"`
	Place       []string       `help:"The desk of use_card: own, a branch's code, another library's symbol." placeholder:"WORD"`
	ByOther     bool           `help:"Somebody else comes with the card."`
	ByGuardian  bool           `help:"A guardian claims for the patron."`
	ClosedOn    []string       `help:"Days closed: weekdays (sun) or dates." placeholder:"sun,2026-07-03"`
}

// Help is shown by afield policy explain --help.
func (policyExplainCommand) Help() string {
	return `Asks a policy one question and prints the answer: each rule with its clause, what was needed, what was found, who may override and when it would pass. Asked about an attribute it walks the levels (branch, library, consortium, state, default) and says which one decides. A refusal is an answer: the status is 0.

Examples:
  afield policy explain westchester checkout --item dvd --out dvd=5 --owes 5.00
  afield policy explain western-district renew --due 2026-08-01 --owes 5.00 --at 2026-08-03T10:00
  afield policy explain delaware fine --item dvd --due 2026-03-06 --returned 2026-03-10 --closed-on sun
  afield policy explain delaware fines.overdue --item dvd --json
  afield policy explain westchester checkout --owes 5.00 --on 2026-09-01`
}

// Run asks and prints.
func (c policyExplainCommand) Run(a *shell.App) error {
	document, err := readPolicyOn(a, c.Policy, c.On)
	if err != nil {
		return err
	}
	question, err := c.question(document)
	if err != nil {
		return fmt.Errorf("%w: %w", shell.ErrUsage, err)
	}
	answer, err := explain.Explain(document, question)
	if err != nil {
		return fmt.Errorf("%w: %w", shell.ErrUsage, err)
	}
	return a.Print(answer, func(out io.Writer) { printAnswer(out, answer, document.Zone()) })
}

// printAnswer prints an answer, its times by the clock of the zone.
func printAnswer(out io.Writer, answer explain.Answer, zone *time.Location) {
	if answer.Decision != nil {
		fmt.Fprintln(out, strings.Join(answer.Decision.Lines(zone), "\n"))
		return
	}
	fmt.Fprintf(out, "%s\n  rule %s\n  source: %s, %s: %s\n", answer.Value, answer.Rule, answer.Source.Document, answer.Source.Section, answer.Source.Says)
	if answer.Note != "" {
		fmt.Fprintln(out, "  "+answer.Note)
	}
	for _, step := range answer.Steps {
		mark, said := " ", "says nothing"
		if step.Decides {
			mark = "*"
		}
		if step.Entry != nil {
			said = fmt.Sprintf("%s (%s)", step.Entry.Text(), step.Entry.WhereText())
		}
		fmt.Fprintf(out, "%s %-10s %-18s %s\n", mark, step.Level, step.Policy, said)
	}
}

// reading keeps the first mistake among several values.
type reading struct{ err error }

func (r *reading) date(text string) broker.Date {
	if text == "" || r.err != nil {
		return broker.Date{}
	}
	date, err := broker.ParseDate(text)
	r.err = err
	return date
}

func (r *reading) money(text, currency string) broker.Money {
	amount, err := broker.ParseMoney(text, currency)
	if r.err == nil {
		r.err = err
	}
	return amount
}

func (c policyExplainCommand) question(document *policy.Document) (explain.Question, error) {
	opening, err := closedOn(document.Zone().String(), c.ClosedOn)
	if err != nil {
		return explain.Question{}, err
	}
	at := broker.SystemClock{}.Now()
	if c.At != "" {
		if at, err = time.ParseInLocation("2006-01-02T15:04", c.At, document.Zone()); err != nil {
			return explain.Question{}, fmt.Errorf("--at %q: write it as 2026-03-02T15:00", c.At)
		}
	}
	var read reading
	question := explain.Question{
		Ask: c.Ask, At: at, Calendar: opening,
		Match: rule.Match{
			Owner: rule.Owner(c.Owner), Class: c.Class, Item: c.Item, Audience: c.Audience, Age: c.ItemAge,
			Channel: rule.Channel(c.Channel),
		},
		Owes: read.money(c.Owes, document.Currency()), CardExpires: read.date(c.CardExpires), Due: read.date(c.Due),
		Returned: read.date(c.Returned), Renewals: c.Renewals, HeldByOther: c.Held, Holds: c.Holds, Active: c.Active,
		Claims: c.Claims, Paid: read.money(c.Paid, document.Currency()), PaidOn: read.date(c.PaidOn),
		Shown: c.Shown, Place: c.Place, ByOther: c.ByOther, ByGuardian: c.ByGuardian,
	}
	for _, need := range c.Met {
		question.Met = append(question.Met, attributes.CardNeed(need))
	}
	if c.PatronAge >= 0 {
		question.PatronAge = rule.Some(c.PatronAge)
	}
	for item, count := range c.Out {
		question.Out = append(question.Out, lending.OutItem{Owner: rule.OwnerOwn, Item: item, Count: count})
	}
	if slices.Contains([]string{"fine", "renew", "lost"}, c.Ask) && c.Due == "" && read.err == nil {
		read.err = fmt.Errorf("%s needs --due", c.Ask)
	}
	return question, read.err
}

// closedOn makes a calendar that is open around the clock except on the days
// named.
func closedOn(zone string, days []string) (*calendar.Calendar, error) {
	week := calendar.Week{}
	for day := time.Sunday; day <= time.Saturday; day++ {
		week[day] = calendar.MustHours("00:00-24:00")
	}
	plan := calendar.Plan{Hours: week}
	for _, text := range days {
		if day, named := weekdayNamed(text); named {
			delete(week, day)
			continue
		}
		date, err := broker.ParseDate(text)
		if err != nil {
			return nil, err
		}
		plan.Closed = append(plan.Closed, calendar.Closure{From: date})
	}
	return calendar.New(zone, plan)
}

func weekdayNamed(text string) (time.Weekday, bool) {
	for day := time.Sunday; day <= time.Saturday; day++ {
		if strings.EqualFold(day.String()[:3], text) {
			return day, true
		}
	}
	return 0, false
}
