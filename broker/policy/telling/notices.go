package telling

import (
	"slices"
	"time"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
)

// NoticeDue is one notice to send now.
type NoticeDue struct {
	attributes.NoticeStage
	// PassedOver are earlier stages that were missed; this one stands for them,
	// and they are recorded as done.
	PassedOver []string      `json:"passed_over,omitempty"`
	Rule       string        `json:"rule"`
	Source     broker.Clause `json:"source"`
}

// OverdueNotice gives the notice to send today for a loan: the latest stage
// whose day has come and that was not done. Stages missed before it are passed
// over, so that a night without a run sends what was due, once. Nil when there is
// none.
func OverdueNotice(d *policy.Document, at policy.Moment, m rule.Match, due broker.Date, done []string) *NoticeDue {
	at = d.Settle(at)
	entry := d.Rules().OverdueNotices.For(m)
	today := at.Calendar.DateOf(at.Now)
	var notice *NoticeDue
	for _, stage := range entry.Value {
		if today.Before(due.AddDays(stage.DaysAfterDue)) || slices.Contains(done, stage.Stage) {
			continue
		}
		var passed []string
		if notice != nil {
			passed = slices.Concat(notice.PassedOver, []string{notice.Stage})
		}
		notice = &NoticeDue{NoticeStage: stage, PassedOver: passed, Rule: entry.Rule, Source: entry.Clause}
	}
	if notice != nil && laterStageDone(entry.Value, notice.Stage, done) {
		return nil
	}
	return notice
}

// laterStageDone tells whether a stage after this one was sent: the sequence
// never goes back.
func laterStageDone(stages attributes.NoticeStages, stage string, done []string) bool {
	at := slices.IndexFunc(stages, func(s attributes.NoticeStage) bool { return s.Stage == stage })
	return slices.ContainsFunc(stages[at+1:], func(s attributes.NoticeStage) bool { return slices.Contains(done, s.Stage) })
}

// OverdueStages is the whole sequence, for people who want to read it.
func OverdueStages(d *policy.Document, m rule.Match) rule.Entry[attributes.NoticeStages] {
	return d.Rules().OverdueNotices.For(m)
}

// DueSoon tells whether to send a reminder today of a loan due on a date: it is
// due today or within the days of the policy, and not late.
func DueSoon(d *policy.Document, at policy.Moment, m rule.Match, due broker.Date) rule.Entry[bool] {
	at = d.Settle(at)
	entry := d.Rules().DueSoon.For(m)
	days := due.DaysSince(at.Calendar.DateOf(at.Now))
	return rule.Entry[bool]{Source: entry.Source, Value: entry.Value.Is && days >= 0 && days <= entry.Value.Value}
}

// HoldReadyBy gives the channels by which a patron learns that a hold waits, the
// preferred one first.
func HoldReadyBy(d *policy.Document, m rule.Match) rule.Entry[attributes.NoticeChannels] {
	return d.Rules().HoldReady.For(m)
}

// MayCallAt gives the moment from which a call or text may go out: now, or the
// end of the quiet hours.
func MayCallAt(d *policy.Document, at policy.Moment) time.Time {
	at = d.Settle(at)
	quiet := d.Rules().QuietHours.For(rule.Match{}).Value
	if !quiet.Is {
		return at.Now
	}
	zone, today := at.Calendar.Zone(), at.Calendar.DateOf(at.Now)
	clock := func(date broker.Date, text string) time.Time {
		read, err := time.Parse("15:04", text)
		if err != nil {
			return at.Now // checked when the document was read
		}
		return date.At(read.Hour(), read.Minute(), zone).UTC()
	}
	from, until := clock(today, quiet.Value.From), clock(today, quiet.Value.Until)
	switch {
	case until.After(from): // quiet within one day
		if !at.Now.Before(from) && at.Now.Before(until) {
			return until
		}
	case at.Now.Before(until):
		return until
	case !at.Now.Before(from):
		return clock(today.AddDays(1), quiet.Value.Until)
	}
	return at.Now
}

// TitlesOnVoicemail tells whether a message on an answering machine may name
// what waits or is late.
func TitlesOnVoicemail(d *policy.Document) rule.Entry[bool] {
	return d.Rules().VoicemailTitles.For(rule.Match{})
}

// OverdueStagesVary tells whether the sequence depends on the patron or the
// item, so that no one sequence holds for all loans.
func OverdueStagesVary(d *policy.Document) bool {
	for entry := range d.Rules().OverdueNotices.Every() {
		if !entry.When.IsZero() {
			return true
		}
	}
	return false
}

// DueSoonAtMost gives the longest such time there is, whatever the loan.
func DueSoonAtMost(d *policy.Document) (days int, has bool) {
	for entry := range d.Rules().DueSoon.Every() {
		if entry.Value.Is {
			days, has = max(days, entry.Value.Value), true
		}
	}
	return days, has
}

// OverdueFrom gives how late the earliest notice of any sequence is sent; false
// when there is none at all.
func OverdueFrom(d *policy.Document) (days int, has bool) {
	for entry := range d.Rules().OverdueNotices.Every() {
		for _, stage := range entry.Value {
			if !has || stage.DaysAfterDue < days {
				days, has = stage.DaysAfterDue, true
			}
		}
	}
	return days, has
}

// ArrivalNotice gives the channels by which a patron learns of an arrival, the
// preferred one first.
func ArrivalNotice(d *policy.Document, m rule.Match) rule.Entry[attributes.NoticeChannels] {
	return d.Rules().ArrivalNotice.For(m)
}
