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
	"afield/broker/postgres"
)

// OverdueSlice makes up to limit notices for loans of a library's desk that are
// late enough for a stage of the policy's sequence and were not told of it. It
// gives how many it made; 0 means that nobody is left to tell.
//
// A stage is a threshold that was crossed and not yet acted on, so nights that
// were missed are caught up. Where several stages were missed, the latest stands
// for all of them: on day 20 of a sequence of days 7 and 14 only the second goes
// out, once, and the first never follows. A renewal begins the sequence anew.
// Nobody is told of a loan they have said they returned. Borrowing libraries are
// told by messages, not here.
func OverdueSlice(ctx context.Context, tx *postgres.Tx, library directory.Library, document *policy.Document, now time.Time, limit int) (made int, err error) {
	earliest, has := document.OverdueFrom()
	if !has {
		return 0, nil
	}
	today, moment := library.Today(now), policy.Moment{Now: now, Calendar: library.Calendar}
	ask := loansAsked{latest: today.AddDays(-earliest), kind: Overdue}
	if !document.OverdueStagesVary() {
		ask.told = toldAlready(document.OverdueStages(policy.Match{}).Value, today)
	}
	return eachLoan(ctx, tx, library, ask, now, limit, func(loan lateLoan) (Message, bool) {
		due := document.OverdueNotice(moment, loan.match(today), loan.DueOn, loan.Told)
		if due == nil {
			return Message{}, false
		}
		return Message{
			Kind: Overdue, Stage: due.Stage, Loan: loan.ID, Channels: channelsOf(due.Channels), Only: true,
			Facts: Facts{Title: loan.Title, DueOn: loan.DueOn, IfTime: due.IfStaffed},
			Cause: loan.overdueCause(due.Stage),
		}, true
	})
}

// DueSoonSlice makes up to limit reminders of loans of a library's desk that are
// due today or within the policy's days, each once for each due date. They go by
// e-mail or text message, or stand in the account: nobody is called, and no letter is
// printed, for a loan that is not late.
func DueSoonSlice(ctx context.Context, tx *postgres.Tx, library directory.Library, document *policy.Document, now time.Time, limit int) (made int, err error) {
	days, has := document.DueSoonAtMost()
	if !has {
		return 0, nil
	}
	today, moment := library.Today(now), policy.Moment{Now: now, Calendar: library.Calendar}
	ask := loansAsked{earliest: today, latest: today.AddDays(days), kind: DueSoon}
	return eachLoan(ctx, tx, library, ask, now, limit, func(loan lateLoan) (Message, bool) {
		if !document.DueSoon(moment, loan.match(today), loan.DueOn).Value {
			return Message{}, false
		}
		return Message{
			Kind: DueSoon, Loan: loan.ID, Channels: []Channel{Email, SMS}, Only: true,
			Facts: Facts{Title: loan.Title, DueOn: loan.DueOn},
			Cause: fmt.Sprintf("%s:%s:%s", DueSoon, loan.ID, loan.DueOn),
		}, true
	})
}

// lateLoan is what a notice needs of a loan and its patron.
type lateLoan struct {
	ID       broker.ID
	Patron   patrons.Patron
	DueOn    broker.Date
	Renewals int
	Owner    policy.Owner
	Item     string
	Audience string
	Age      string
	Title    string
	// Told are the stages that were sent since the last renewal.
	Told []string
}

func (l lateLoan) match(today broker.Date) policy.Match {
	match := policy.Match{Owner: l.Owner, Class: l.Patron.Class, Item: l.Item, Audience: l.Audience, Age: l.Age}
	if years, known := l.Patron.AgeOn(today); known {
		match.PatronAge = policy.Some(years)
	}
	return match
}

// overdueCause names a stage of a loan since its last renewal.
func (l lateLoan) overdueCause(stage string) string {
	return fmt.Sprintf("%s:%s:%d:%s", Overdue, l.ID, l.Renewals, stage)
}

func channelsOf(texts policy.NoticeChannels) []Channel {
	channels := make([]Channel, len(texts))
	for i, text := range texts {
		channels[i] = Channel(text)
	}
	return channels
}

// eachLoan asks for loans in pages and makes the notices they call for, until
// limit were made or no loan is left.
func eachLoan(ctx context.Context, tx *postgres.Tx, library directory.Library, ask loansAsked, now time.Time, limit int, say func(lateLoan) (Message, bool)) (int, error) {
	if err := widenToBorrowers(ctx, tx, library.ID); err != nil {
		return 0, err
	}
	made := 0
	for made < limit {
		loans, err := askLoans(ctx, tx, library.ID, ask, max(limit, leastPage))
		if err != nil || len(loans) == 0 {
			return made, err
		}
		queued := 0
		for _, loan := range loans {
			if made+queued == limit {
				break
			}
			ask.before, ask.beforeID = loan.DueOn, loan.ID
			message, wanted := say(loan)
			if !wanted {
				continue
			}
			queued++
			add(tx, newNotice(loan.Patron, message, now)).Exec(func(tag pgconn.CommandTag) error {
				made += int(tag.RowsAffected())
				return nil
			})
		}
		if err := tx.Flush(ctx); err != nil {
			return made, fmt.Errorf("make notices: %w", err)
		}
	}
	return made, nil
}

// leastPage is how many loans are looked at together at least.
const leastPage = 200
