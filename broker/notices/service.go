package notices

import (
	"context"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

// Make queues a notice to a patron, by the first channel that reaches them. A
// notice of the same cause that was made before is left as it is. What stands
// in the account only is done at once.
func Make(tx *postgres.Tx, patron patrons.Patron, message Message, now time.Time) Notice {
	notice := Notice{
		Library: patron.Library, ID: broker.NewID(), Patron: patron.ID, Request: message.Request,
		Loan: message.Loan, Kind: message.Kind, Channel: chooseChannel(message.Channels, patron), DueAt: message.DueAt,
		Status: Due, Facts: message.Facts, Cause: message.Cause, CreatedAt: now,
	}
	if notice.DueAt.IsZero() {
		notice.DueAt = now
	}
	switch notice.Channel {
	case Phone:
		notice.Facts.Title = "" // whoever picks up the list or the phone need not know
	case Account:
		notice.Status, notice.Outcome, notice.DoneAt = Done, Shown, now
	case Email, SMS, Letter:
	}
	add(tx, notice)
	return notice
}

// Call is one line of the call list.
type Call struct {
	Notice
	// Number is the patron's telephone number.
	Number string
	// Script is what to say; it names no title, so it may be left on a machine.
	Script string
	// DaysLeft counts to the pick-up or due date; nil when there is none. It is
	// negative when that has passed.
	DaysLeft *int
}

// CallList gives the calls that are due, oldest first.
func CallList(ctx context.Context, tx *postgres.Tx, library directory.Library, page Page, now time.Time) ([]Call, error) {
	due, err := DueBy(ctx, tx, library.ID, Phone, page, now)
	if err != nil {
		return nil, err
	}
	ids := make([]broker.ID, len(due))
	for i, notice := range due {
		ids[i] = notice.Patron
	}
	numbers, err := patrons.Phones(ctx, tx, library.ID, ids)
	if err != nil {
		return nil, err
	}
	calls := make([]Call, len(due))
	for i, notice := range due {
		calls[i] = Call{
			Notice: notice, Number: numbers[notice.Patron],
			Script:   Script(notice.Kind, notice.Facts, library.Name),
			DaysLeft: daysLeft(notice.Facts, library.Today(now)),
		}
	}
	return calls, nil
}

func daysLeft(facts Facts, today broker.Date) *int {
	for _, date := range []broker.Date{facts.PickUpBy, facts.AnswerBy, facts.DueOn} {
		if !date.IsZero() {
			days := date.DaysSince(today)
			return &days
		}
	}
	return nil
}

// Result is what came of recording an outcome.
type Result struct {
	Notice Notice
	// Reached is set when the patron was spoken to. That is our contact with
	// them: only their contact with the library stops a shelf clock, so whether
	// the call was that is for the caller to say.
	Reached bool
	// GivenUp is set when the patron cannot be told this way: staff should know.
	GivenUp bool
}

// Record writes down what came of a call (or of handing a notice to mail or
// post). No answer: tried again when the library next opens on another day, five times in
// all. A wrong number is taken off the patron's record. A notice that is no
// longer due is the conflict notice_not_due.
func Record(ctx context.Context, tx *postgres.Tx, library directory.Library, id broker.ID, outcome Outcome, actor broker.Actor, now time.Time) (Result, error) {
	notice, err := byIDLocked(ctx, tx, library.ID, id)
	if err != nil {
		return Result{}, err
	}
	notice, err = afterCall(notice, outcome, nextOpening(library, now))
	if err != nil {
		return Result{}, err
	}
	notice.DoneBy = actor
	if notice.Status != Due {
		notice.DoneAt = now
	}
	update(tx, notice)
	if outcome == WrongNumber {
		patrons.FlagPhone(tx, patrons.Ref{Library: notice.Library, ID: notice.Patron})
	}
	return Result{Notice: notice, Reached: outcome == Reached, GivenUp: notice.Status == Failed}, nil
}

// nextOpening gives the moment the library opens on the next open day after today.
func nextOpening(library directory.Library, now time.Time) time.Time {
	next := library.Calendar.NextOpenDay(library.Today(now).AddDays(1))
	opens, _ := library.Calendar.Opens(next)
	return opens
}

// WithdrawForRequest queues the end of a request's notices that nobody has been
// told yet: all of them, or those of the given kinds.
func WithdrawForRequest(tx *postgres.Tx, library, request broker.ID, now time.Time, kinds ...Kind) {
	texts := make([]string, 0, len(kinds))
	for _, kind := range kinds {
		texts = append(texts, string(kind))
	}
	tx.Queue(`update notices set status = 'cancelled', done_at = $3
		where library_id = $1 and request_id = $2 and status = 'due' and ($4::text[] = '{}' or kind = any ($4))`,
		library, request, now, texts)
}
