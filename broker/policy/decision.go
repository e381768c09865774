package policy

import (
	"slices"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/calendar"
)

// Action is something a patron may want to do and a block may stop.
type Action string

// The actions; each has a threshold of its own, because libraries compare
// differently for each.
const (
	ActionCheckout     Action = "checkout"
	ActionILLRequest   Action = "ill_request"
	ActionHold         Action = "hold"
	ActionRenew        Action = "renew"
	ActionRenewOverdue Action = "renew_overdue"
	ActionComputer     Action = "computer"
	ActionSignForMinor Action = "sign_for_minor"
	// ActionCapture is having a returned item kept: a patron whom a block stops
	// here keeps their place, and the item goes to the next who waits.
	ActionCapture Action = "capture"
)

// EveryAction lists the actions there are.
func EveryAction() []Action { return allActions() }

func allActions() []Action {
	return []Action{
		ActionCheckout, ActionILLRequest, ActionHold, ActionRenew, ActionRenewOverdue,
		ActionComputer, ActionSignForMinor, ActionCapture,
	}
}

// Moment is when and where a question is asked.
type Moment struct {
	// Now is business time.
	Now time.Time
	// Calendar is the asking library's or branch's; nil means open every day in
	// the document's zone.
	Calendar *calendar.Calendar
	// Place is the asking library's state or province, for example US-IN; empty
	// means the document's.
	Place string
}

// Decision is an answer with every reason at once.
type Decision struct {
	// Question says what was asked, in plain words.
	Question string `json:"question"`
	Allowed  bool   `json:"allowed"`
	// Reasons are all the grounds for a no; empty on a yes.
	Reasons []broker.Reason `json:"reasons,omitempty"`
	// Notes are things to know that refuse nothing.
	Notes []broker.Reason `json:"notes,omitempty"`
	// Rule and Source are the attribute that governs the question.
	Rule   string        `json:"rule"`
	Source broker.Clause `json:"source"`
}

// Err is nil on a yes, and a refused error with every reason on a no.
func (d Decision) Err(code string) error {
	if d.Allowed {
		return nil
	}
	return broker.Refused(code, "May not "+d.Question+".", d.Reasons...)
}

// Has tells whether a reason with this code is among the grounds.
func (d Decision) Has(code string) bool {
	return slices.ContainsFunc(d.Reasons, func(reason broker.Reason) bool { return reason.Code == code })
}

// OverridableBy tells whether somebody holding these roles may pass over every
// reason of a no.
func (d Decision) OverridableBy(roles []string) bool {
	for _, reason := range d.Reasons {
		if !slices.ContainsFunc(reason.MayOverride, func(role string) bool { return slices.Contains(roles, role) }) {
			return false
		}
	}
	return true
}

// Lines renders the decision for people: the answer, then each reason with its
// rule, clause, what was needed and found, who may override and when it passes,
// by the clock of the zone.
func (d Decision) Lines(zone *time.Location) []string {
	answer := "Yes: may "
	if !d.Allowed {
		answer = "No: may not "
	}
	lines := []string{answer + d.Question + "."}
	for _, reason := range d.Reasons {
		lines = append(lines, "- "+reason.Message+" ["+reason.Rule+"]")
		lines = append(lines, reasonLines(reason, zone, true)...)
	}
	for _, note := range d.Notes {
		lines = append(lines, "* "+note.Message+" ["+note.Rule+"]")
		lines = append(lines, reasonLines(note, zone, false)...)
	}
	if len(d.Reasons) == 0 {
		lines = append(lines, "  rule "+d.Rule+": "+clauseLine(d.Source))
	}
	return lines
}

// Explain is Lines as one text, its times in UTC.
func (d Decision) Explain() string { return strings.Join(d.Lines(time.UTC), "\n") }

func reasonLines(reason broker.Reason, zone *time.Location, refusal bool) []string {
	var lines []string
	if reason.Needed != "" {
		lines = append(lines, "  needed: "+reason.Needed)
	}
	if reason.Found != "" {
		lines = append(lines, "  found: "+reason.Found)
	}
	lines = append(lines, "  source: "+clauseLine(reason.Clause))
	if !refusal {
		return lines
	}
	overrides := "nobody"
	if len(reason.MayOverride) > 0 {
		overrides = strings.Join(reason.MayOverride, ", ")
	}
	lines = append(lines, "  may override: "+overrides)
	if reason.PassesAt != nil {
		lines = append(lines, "  passes at: "+reason.PassesAt.In(zone).Format("2006-01-02 15:04 MST"))
	}
	return lines
}

func clauseLine(clause broker.Clause) string {
	line := clause.Document + ", " + clause.Section + ": " + clause.Says
	if clause.Silent {
		line += " (the text is silent; our choice)"
	}
	return line
}

// asking gathers the reasons of one decision.
type asking struct {
	doc      *Document
	at       Moment
	today    broker.Date
	decision Decision
}

func (d *Document) ask(at Moment, question string, governing Source) *asking {
	at = d.settle(at)
	return &asking{doc: d, at: at, today: at.Calendar.DateOf(at.Now), decision: Decision{
		Question: question, Rule: governing.Rule, Source: governing.Clause,
	}}
}

// settle fills what a Moment leaves out from the document.
func (d *Document) settle(at Moment) Moment {
	if at.Calendar == nil {
		at.Calendar = calendar.EveryDay(d.zone)
	}
	if at.Place == "" {
		at.Place = d.head.Place
	}
	return at
}

// ground is one reason before its source is known.
type ground struct {
	code, message, needed, found string
	override                     []string // by custom; the document may say otherwise
	passesAt                     *time.Time
}

func (a *asking) refuse(source Source, g ground) {
	a.decision.Reasons = append(a.decision.Reasons, g.reason(source))
}

func (a *asking) note(source Source, g ground) {
	a.decision.Notes = append(a.decision.Notes, g.reason(source))
}

func (g ground) reason(source Source) broker.Reason {
	override := g.override
	if source.Override != nil {
		override = source.Override
	}
	return broker.Reason{
		Code: g.code, Rule: source.Rule, Message: g.message, Clause: source.Clause,
		Needed: g.needed, Found: g.found, MayOverride: override, PassesAt: g.passesAt,
	}
}

// answer closes the decision: allowed when nothing speaks against it.
func (a *asking) answer() Decision {
	a.decision.Allowed = len(a.decision.Reasons) == 0
	return a.decision
}

// startOf gives the first instant of a date at the asking library, for
// Reason.PassesAt.
func (a *asking) startOf(date broker.Date) *time.Time {
	start := date.Start(a.at.Calendar.Zone()).UTC()
	return &start
}

// The roles that by custom may pass over a reason, where the document does not
// say otherwise.
func byDesk() []string { return []string{"desk", "director"} }
func byILL() []string  { return []string{"ill", "director"} }
