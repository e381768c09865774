package policy

import (
	"slices"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/policy/rule"
)

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

// Asking gathers the reasons of one decision.
type Asking struct {
	// Doc is the document asked.
	Doc *Document
	// At is the moment of asking, with everything it left out filled in; Today is
	// its date at the asking library.
	At       Moment
	Today    broker.Date
	decision Decision
}

// Ask begins a decision: what is asked, in words that follow "may", and the
// attribute that governs it.
func (d *Document) Ask(at Moment, question string, governing rule.Source) *Asking {
	at = d.Settle(at)
	return &Asking{Doc: d, At: at, Today: at.Calendar.DateOf(at.Now), decision: Decision{
		Question: question, Rule: governing.Rule, Source: governing.Clause,
	}}
}

// Settle fills what a Moment leaves out from the document.
func (d *Document) Settle(at Moment) Moment {
	if at.Calendar == nil {
		at.Calendar = calendar.EveryDay(d.zone)
	}
	if at.Place == "" {
		at.Place = d.head.Place
	}
	return at
}

// Ground is one reason before its source is known; its fields are those of a
// broker.Reason.
type Ground struct {
	Code, Message, Needed, Found string
	// Override lists who by custom may pass over it; the document may say
	// otherwise.
	Override []string
	// PassesAt is when it passes by itself, nil for never.
	PassesAt *time.Time
}

// Refuse adds a ground for a no.
func (a *Asking) Refuse(source rule.Source, g Ground) {
	a.decision.Reasons = append(a.decision.Reasons, g.Reason(source))
}

// Note adds something to know that refuses nothing.
func (a *Asking) Note(source rule.Source, g Ground) {
	a.decision.Notes = append(a.decision.Notes, g.Reason(source))
}

// Reason gives the ground with its source.
func (g Ground) Reason(source rule.Source) broker.Reason {
	override := g.Override
	if source.Override != nil {
		override = source.Override
	}
	return broker.Reason{
		Code: g.Code, Rule: source.Rule, Message: g.Message, Clause: source.Clause,
		Needed: g.Needed, Found: g.Found, MayOverride: override, PassesAt: g.PassesAt,
	}
}

// Answer closes the decision: allowed when nothing speaks against it.
func (a *Asking) Answer() Decision {
	a.decision.Allowed = len(a.decision.Reasons) == 0
	return a.decision
}

// StartOf gives the first instant of a date at the asking library, for
// Reason.PassesAt.
func (a *Asking) StartOf(date broker.Date) *time.Time {
	start := date.Start(a.At.Calendar.Zone()).UTC()
	return &start
}

// ByDesk are the roles that by custom may pass over what the desk decides, where
// the document does not say otherwise.
func ByDesk() []string { return []string{"desk", "director"} }

// ByILL are the roles that by custom may pass over what the ILL office decides.
func ByILL() []string { return []string{"ill", "director"} }
