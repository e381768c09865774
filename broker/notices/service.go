package notices

import (
	"context"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/telling"
	"afield/broker/postgres"
)

// Make queues a notice to a patron, by the first channel that reaches them. A
// notice of the same cause that was made before is left as it is. A notice that
// only appears in the account is done at once.
func Make(tx *postgres.Tx, patron patrons.Patron, message Message, now time.Time) Notice {
	notice := newNotice(patron, message, now)
	add(tx, notice)
	return notice
}

// News is what one patron is to be told.
type News struct {
	Patron  patrons.Patron
	Message Message
}

// MakeAll is Make for many patrons, in one statement.
func MakeAll(tx *postgres.Tx, news []News, now time.Time) []Notice {
	if len(news) == 0 {
		return nil
	}
	made := make([]Notice, len(news))
	for i, one := range news {
		made[i] = newNotice(one.Patron, one.Message, now)
	}
	add(tx, made...)
	return made
}

// newNotice makes a notice of a message to a patron.
func newNotice(patron patrons.Patron, message Message, now time.Time) Notice {
	chain := channelsTo(message, patron)
	notice := Notice{
		Library: patron.Library, ID: broker.NewID(), Patron: patron.ID, Request: message.Request,
		Loan: message.Loan, Hold: message.Hold, Kind: message.Kind, Stage: message.Stage, Period: message.Period, DueAt: message.DueAt,
		Status: Due, Facts: message.Facts, Cause: message.Cause, CreatedAt: now,
	}
	if notice.DueAt.IsZero() {
		notice.DueAt = now
	}
	return notice.by(chain, now)
}

// by puts a notice on the first of some channels, with the rest to follow.
func (n Notice) by(chain []Channel, now time.Time) Notice {
	n.Channel, n.NextChannels = chain[0], chain[1:]
	switch n.Channel {
	case Phone:
		if !n.Facts.SayTitle {
			n.Facts.Title = "" // whoever picks up the list or the phone need not know
		}
	case Account:
		n.Status, n.Outcome, n.DoneAt = Done, Shown, now
	case Voice, Email, SMS, Letter:
	}
	return n
}

// Call is one line of the call list.
type Call struct {
	Notice
	// Number is the patron's telephone number.
	Number string
	// Script is what to say; it may be left on a machine, so it names the title
	// only where the library allows that.
	Script string
	// DaysLeft counts to the pick-up or due date; nil when there is none. It is
	// negative when that date has passed.
	DaysLeft *int
	// NotBefore is the end of the quiet hours; zero outside them.
	NotBefore time.Time
}

// CallList gives the calls that are due, oldest first, with what to say in the
// patron's language. Within the policy's quiet hours each says when it may be
// made. Calls about a loan that is back or renewed meanwhile are left out.
func CallList(ctx context.Context, tx *postgres.Tx, library directory.Library, document *policy.Document, page broker.Page, now time.Time) ([]Call, error) {
	withdrawSettled(tx, library.ID, Phone, now)
	due, err := DueBy(ctx, tx, library.ID, Phone, page, now)
	if err != nil {
		return nil, err
	}
	contacts, err := patrons.Contacts(ctx, tx, library.ID, patronsOf(due))
	if err != nil {
		return nil, err
	}
	texts, err := textsOfLibrary(ctx, tx, library)
	if err != nil {
		return nil, err
	}
	var notBefore time.Time
	if from := mayCallAt(document, library, now); from.After(now) {
		notBefore = from
	}
	calls := make([]Call, len(due))
	for i, notice := range due {
		contact := contacts[notice.Patron]
		text, err := texts.of(notice, contact.Language)
		if err != nil {
			return nil, err
		}
		calls[i] = Call{
			Notice: notice, Number: contact.Phone, Script: text.Body,
			DaysLeft: daysLeft(notice.Facts, library.Today(now)), NotBefore: notBefore,
		}
	}
	return calls, nil
}

func patronsOf(list []Notice) []broker.ID {
	ids := make([]broker.ID, len(list))
	for i, notice := range list {
		ids[i] = notice.Patron
	}
	return ids
}

// mayCallAt gives when a call or text may go out: now, or when the quiet hours end.
func mayCallAt(document *policy.Document, library directory.Library, now time.Time) time.Time {
	return telling.MayCallAt(document, policy.Moment{Now: now, Calendar: library.Calendar})
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

// Result is the effect of recording an outcome.
type Result struct {
	Notice Notice
	// Reached is set when the patron was spoken to. That is our contact with them:
	// only their contact with the library stops the clock of the hold shelf, so the
	// caller must say whether the call was that.
	Reached bool
	// GivenUp is set when the patron cannot be told this way: staff should know.
	GivenUp bool
}

// Record records the outcome of a call (or of handing a notice to mail or post).
// A call without answer is tried again when the library next opens on another day
// and the quiet hours are over, five times in all. A wrong number is taken off
// the patron's record. A notice that cannot be given by telephone goes on to the
// next channel that reaches the patron, if there is one. A notice that is no
// longer due is the conflict notice_not_due.
func Record(ctx context.Context, tx *postgres.Tx, library directory.Library, document *policy.Document, id broker.ID, outcome Outcome, actor broker.Actor, now time.Time) (Result, error) {
	notice, err := byIDLocked(ctx, tx, library.ID, id)
	if err != nil {
		return Result{}, err
	}
	before := notice
	notice, err = afterCall(notice, outcome, mayCallAt(document, library, nextOpening(library, now)))
	if err != nil {
		return Result{}, err
	}
	if outcome == WrongNumber {
		patrons.FlagPhone(tx, patrons.Ref{Library: notice.Library, ID: notice.Patron})
	}
	if notice.Status == Failed {
		contacts, err := patrons.Contacts(ctx, tx, library.ID, []broker.ID{notice.Patron})
		if err != nil {
			return Result{}, err
		}
		before.LastError = "Nobody was reached by telephone."
		if on := before.passedOn(contacts[notice.Patron], now); on.Channel != Account {
			moveOn(tx, on)
			return Result{Notice: on}, nil
		}
	}
	notice.DoneBy = actor
	if notice.Status != Due {
		notice.DoneAt = now
	}
	update(tx, notice)
	return Result{Notice: notice, Reached: outcome == Reached, GivenUp: notice.Status == Failed}, nil
}

// nextOpening gives the moment the library opens on the next open day after today.
func nextOpening(library directory.Library, now time.Time) time.Time {
	next := library.Calendar.NextOpenDay(library.Today(now).AddDays(1))
	opens, _ := library.Calendar.Opens(next)
	return opens
}

// WithdrawForRequest queues withdrawing a request's notices that have not been
// given yet: all of them, or those of the given kinds.
func WithdrawForRequest(tx *postgres.Tx, library, request broker.ID, now time.Time, kinds ...Kind) {
	texts := make([]string, 0, len(kinds))
	for _, kind := range kinds {
		texts = append(texts, string(kind))
	}
	tx.Queue(`update notices set status = 'cancelled', done_at = $3
		where library_id = $1 and request_id = $2 and status = 'due' and ($4::text[] = '{}' or kind = any ($4))`,
		library, request, now, texts)
}

// withdrawSettled withdraws notices of a channel about something that is no
// longer so: reminders of a loan that is back, lost, or due later, notices of an
// item that has left the hold shelf, and of copies that can come again.
func withdrawSettled(tx *postgres.Tx, library broker.ID, channel Channel, now time.Time) {
	tx.Queue(`update notices n set status = 'cancelled', done_at = $3 from loans l
		where n.library_id = $1 and n.channel = $2 and n.status = 'due' and n.due_at <= $3 and n.kind in ('overdue', 'due_soon')
			and l.patron_library_id = n.library_id and l.id = n.loan_id
			and (l.status <> 'open' or l.due_on > (n.facts ->> 'due_on')::date)`, library, string(channel), now)
	tx.Queue(`update notices n set status = 'cancelled', done_at = $3
		where n.library_id = $1 and n.channel = $2 and n.status = 'due' and n.due_at <= $3 and n.kind = 'arrived' and n.hold_id is not null
			and not exists (select 1 from holds h where h.for_library_id = n.library_id and h.patron_id = n.patron_id
				and h.id = n.hold_id and h.status = 'on_hold_shelf')`, library, string(channel), now)
	tx.Queue(`update notices n set status = 'cancelled', done_at = $3
		where n.library_id = $1 and n.channel = $2 and n.status = 'due' and n.due_at <= $3 and n.kind = 'no_copy'
			and not exists (select 1 from holds h where h.for_library_id = n.library_id and h.patron_id = n.patron_id
				and h.id = n.hold_id and h.status = 'placed' and h.stranded_at is not null)`, library, string(channel), now)
}

// WithdrawDates queues withdrawing what was to be said of a loan's due date as it
// was: that it changed, or that it is near; and, where it is not late any more,
// that it is.
func WithdrawDates(tx *postgres.Tx, library, loan broker.ID, inTime bool, now time.Time) {
	tx.Queue(`update notices set status = 'cancelled', done_at = $3
		where library_id = $1 and loan_id = $2 and status = 'due' and (kind in ('due_changed', 'due_soon') or (kind = 'overdue' and $4))`,
		library, loan, now, inTime)
}

// StandingOfRequest is an SQL expression for the notices of a request that are
// due, library $1 and request $2, as PutBack takes them.
const StandingOfRequest = `(select coalesce(array_agg(n.id), '{}') from notices n where n.library_id = $1 and n.request_id = $2 and n.status = 'due')`

// PutBack queues making those of some notices due again that were withdrawn at
// one of some instants, because what withdrew them was undone.
func PutBack(tx *postgres.Tx, library broker.ID, notices []broker.ID, withdrawnAt []time.Time) {
	tx.Queue(`update notices set status = 'due', done_at = null
		where library_id = $1 and id = any ($2) and status = 'cancelled' and done_at = any ($3)`, library, notices, withdrawnAt)
}

// WithdrawMade queues withdrawing the notices of some causes that have not been
// given yet, because what made them was undone.
func WithdrawMade(tx *postgres.Tx, library broker.ID, causes []string, now time.Time) {
	tx.Queue(`update notices set status = 'cancelled', done_at = $3 where library_id = $1 and cause = any ($2) and status = 'due'`, library, causes, now)
}
