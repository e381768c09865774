package notices

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
	"afield/broker/policy/telling"
	"afield/broker/postgres"
)

// LoanPlace is how far a slice has come among a library's loans, the latest due
// date first. The zero place is before all.
type LoanPlace struct {
	On broker.Date
	ID broker.ID
}

// OverdueSlice looks at up to limit loans of a library's desk, after a place,
// that have reached a stage of the policy's sequence for which no notice was
// sent, and makes those notices. It gives how many it made and how far it came;
// the same place again means that no loan is left.
//
// A stage is a threshold that was crossed and not yet acted on, so nights that
// were missed are caught up. Where several stages were missed, the latest stands
// for all of them: on day 20 of a sequence of days 7 and 14 only the second goes
// out, once, and the first never follows. A renewal begins the sequence anew.
// Patrons are not told about a loan they have said they returned. Borrowing
// libraries are told by messages, not here.
func OverdueSlice(ctx context.Context, tx *postgres.Tx, library directory.Library, document *policy.Document, now time.Time, after LoanPlace, limit int) (made int, last LoanPlace, err error) {
	earliest, has := telling.OverdueFrom(document)
	if !has {
		return 0, after, nil
	}
	sayTitle := telling.TitlesOnVoicemail(document).Value
	today, moment := library.Today(now), policy.Moment{Now: now, Calendar: library.Calendar}
	ask := loansAsked{latest: today.AddDays(-earliest), kind: Overdue, before: after.On, beforeID: after.ID}
	if !telling.OverdueStagesVary(document) {
		ask.told = toldAlready(telling.OverdueStages(document, rule.Match{}).Value, today)
	}
	return eachLoan(ctx, tx, library, ask, now, limit, func(loan lateLoan) (Message, bool) {
		due := telling.OverdueNotice(document, moment, loan.match(today), loan.DueOn, loan.Told)
		if due == nil {
			return Message{}, false
		}
		return Message{
			Kind: Overdue, Stage: due.Stage, Period: loan.Renewals + 1, Loan: loan.ID, Channels: channelsOf(due.Channels), Only: true,
			Facts: Facts{Title: loan.Title, DueOn: loan.DueOn, SayTitle: sayTitle, IfTime: due.IfStaffed},
			Cause: loan.overdueCause(due.Stage),
		}, true
	})
}

// DueSoonSlice makes, like OverdueSlice, reminders of loans of a library's desk
// that are due today or within the policy's days, each once for each due date.
// They go by e-mail or text message, or appear in the account: nobody is called,
// and no letter is printed, for a loan that is not late.
func DueSoonSlice(ctx context.Context, tx *postgres.Tx, library directory.Library, document *policy.Document, now time.Time, after LoanPlace, limit int) (made int, last LoanPlace, err error) {
	days, has := telling.DueSoonAtMost(document)
	if !has {
		return 0, after, nil
	}
	today, moment := library.Today(now), policy.Moment{Now: now, Calendar: library.Calendar}
	ask := loansAsked{earliest: today, latest: today.AddDays(days), kind: DueSoon, before: after.On, beforeID: after.ID}
	return eachLoan(ctx, tx, library, ask, now, limit, func(loan lateLoan) (Message, bool) {
		if !telling.DueSoon(document, moment, loan.match(today), loan.DueOn).Value {
			return Message{}, false
		}
		return Message{
			Kind: DueSoon, Loan: loan.ID, Channels: []Channel{Email, SMS}, Only: true,
			Facts: Facts{Title: loan.Title, DueOn: loan.DueOn},
			Cause: fmt.Sprintf("%s:%s:%s", DueSoon, loan.ID, loan.DueOn),
		}, true
	})
}

// lateLoan is what a notice needs to know of a loan and its patron.
type lateLoan struct {
	ID       broker.ID
	Patron   patrons.Patron
	DueOn    broker.Date
	Renewals int
	Owner    rule.Owner
	Item     string
	Audience string
	Age      string
	Title    string
	// Told are the stages that were sent since the last renewal.
	Told []string
}

func (l lateLoan) match(today broker.Date) rule.Match {
	match := rule.Match{Owner: l.Owner, Class: l.Patron.Class, Item: l.Item, Audience: l.Audience, Age: l.Age}
	if years, known := l.Patron.AgeOn(today); known {
		match.PatronAge = rule.Some(years)
	}
	return match
}

// overdueCause is the key of a stage of a loan since its last renewal.
func (l lateLoan) overdueCause(stage string) string {
	return fmt.Sprintf("%s:%s:%d:%s", Overdue, l.ID, l.Renewals, stage)
}

func channelsOf(texts attributes.NoticeChannels) []Channel {
	channels := make([]Channel, len(texts))
	for i, text := range texts {
		channels[i] = Channel(text)
	}
	return channels
}

// eachLoan reads a page of loans and makes the notices that are due for them, in
// one round trip. It gives how many it made, and the last loan it looked at.
func eachLoan(ctx context.Context, tx *postgres.Tx, library directory.Library, ask loansAsked, now time.Time, limit int, say func(lateLoan) (Message, bool)) (made int, last LoanPlace, err error) {
	last = LoanPlace{ask.before, ask.beforeID}
	if err := widenToBorrowers(ctx, tx, library.ID); err != nil {
		return 0, last, err
	}
	loans, err := askLoans(ctx, tx, library.ID, ask, limit)
	if err != nil {
		return 0, last, err
	}
	var called []Notice
	for _, loan := range loans {
		last = LoanPlace{loan.DueOn, loan.ID}
		if message, wanted := say(loan); wanted {
			called = append(called, newNotice(loan.Patron, message, now))
		}
	}
	if len(called) == 0 {
		return 0, last, nil
	}
	add(tx, called...).Exec(func(tag pgconn.CommandTag) error { made = int(tag.RowsAffected()); return nil })
	if err := tx.Flush(ctx); err != nil {
		return made, last, fmt.Errorf("make notices: %w", err)
	}
	return made, last, nil
}
