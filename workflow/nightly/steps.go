package nightly

import (
	"context"
	"fmt"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/acts"
	"afield/broker/holds"
	"afield/broker/loans"
	"afield/broker/notices"
	"afield/broker/patrons"
	"afield/broker/policy/accounts"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
	"afield/workflow/requests/engine"
	"afield/workflow/requests/lookup"
)

// steps lists the nightly work in the order it is done: what a patron owes
// before what follows from it, what is lost before notices about it.
func steps() []step {
	return []step{
		{name: renewalStep, size: 100, work: keyed(soonDue, each(renewByItself))},
		{name: "fines", size: 10000, work: pagedBy(overdueLoans, accrueFines)},
		{name: "blocks", size: 200, work: keyed(growingAccounts, each(latchBlocks))},
		{name: "claims", size: 500, work: keyed(oldClaims, together(chargeClaims))},
		{name: "lost", size: 500, work: keyed(longOverdue, together(declareLost))},
		// A lock of a queue each: as many as the nights of four libraries may take at once.
		{name: shelfStep, size: 1000, work: again(clearShelf)},
		{name: "unfilled_holds", size: 500, work: again(endUnfilled)},
		{name: "stranded_holds", size: 200, work: again(watchQueues)},
		{name: "overdue_notices", size: 500, work: paged(tellOfOverdue)},
		{name: "reminders", size: 500, work: paged(remindOfDue)},
		{name: "coming_of_age", size: 200, work: keyed(newAdults, each(promptForAdult))},
		{name: "accounts", size: 500, timelines: true, work: keyed(oldAccounts, together(purgeAccounts))},
		{name: "histories", size: 5000, timelines: true, work: keyed(returnedLoans, ranged(forgetBorrowers))},
		{name: "lost_histories", size: 1000, timelines: true, work: paged(forgetLost)},
		{name: "hold_histories", size: 1000, timelines: true, work: again(forgetHolds)},
		{name: "request_histories", size: 500, timelines: true, work: again(forgetRequests)},
		{name: "old_notices", size: 2000, work: paged(forgetNotices)},
		// After what forgets: these follow it, whichever road it went.
		{name: "traces_in_money", size: 2000, timelines: true, work: paged(forgetMoneyTraces)},
		{name: "traces_in_overrides", size: 2000, work: paged(forgetOverrideTraces)},
		{name: "traces_in_acts", size: 2000, work: again(forgetActs)},
		{name: "traces_in_notices", size: 2000, work: paged(forgetNoticeTraces)},
	}
}

// words says a step's name aloud.
func words(step string) string { return strings.ReplaceAll(step, "_", " ") }

func overdueLoans(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey, limit int) ([]loans.NightKey, error) {
	return loans.OverdueBound(ctx, tx, night.Library.ID, night.Library.Today(night.Now), after, limit)
}

func accrueFines(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey, limit int) (loans.NightKey, int, error) {
	return loans.AccrueSlice(ctx, tx, night.Library, night.Branches, night.Now, after, limit)
}

func tellOfOverdue(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey, limit int) (loans.NightKey, int, error) {
	made, last, err := notices.OverdueSlice(ctx, tx, night.Library, night.Document, night.Now, notices.LoanPlace(after), limit)
	return loans.NightKey(last), made, err
}

func remindOfDue(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey, limit int) (loans.NightKey, int, error) {
	made, last, err := notices.DueSoonSlice(ctx, tx, night.Library, night.Document, night.Now, notices.LoanPlace(after), limit)
	return loans.NightKey(last), made, err
}

func returnedLoans(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey, limit int) ([]loans.NightKey, error) {
	return loans.ReturnedBound(ctx, tx, night.Library.ID, after, limit)
}

func forgetBorrowers(ctx context.Context, tx *postgres.Tx, night *Night, after, upTo loans.NightKey) (int64, error) {
	returnedBy := night.forgetBy()
	done, recent, had, err := loans.ForgetRange(ctx, tx, night.Library.ID, returnedBy, night.Now, night.postsSince(), after, upTo)
	if err != nil {
		return 0, err
	}
	access.ForgetPosts(tx, recent)
	return done, cutMentions(ctx, tx, had)
}

// forgetLost forgets who lost what, once it is settled, with the other library
// too, and nothing can be refunded for it any more.
func forgetLost(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey, limit int) (loans.NightKey, int, error) {
	byAge, byWish := night.forgetBy(), costs.NoRefundSince(night.Document, night.moment())
	for class, day := range byAge {
		if !day.IsZero() {
			byAge[class] = day.Earlier(byWish)
		}
	}
	lost, err := loans.LostForGood(ctx, tx, night.Library.ID, night.Library.Zone, byAge, byWish, after.ID, limit)
	if err != nil || len(lost) == 0 {
		return after, 0, err
	}
	asked, open := map[broker.ID][]broker.ID{}, map[broker.ID]bool{}
	for _, loan := range lost {
		if loan.Request != broker.NoID {
			asked[loan.Patron.Library] = append(asked[loan.Patron.Library], loan.Request)
		}
	}
	for library, requests := range asked {
		lookup.AskOpen(tx, library, requests, open)
	}
	if err := tx.Flush(ctx); err != nil {
		return after, 0, fmt.Errorf("look which losses are not settled yet: %w", err)
	}
	last := lost[len(lost)-1].ID
	var gone []broker.ID
	for _, loan := range lost {
		if !open[loan.Request] {
			gone = append(gone, loan.ID)
		}
	}
	had, err := loans.ForgetLost(ctx, tx, night.Library.ID, gone, night.Now)
	if err != nil {
		return after, 0, err
	}
	access.ForgetPosts(tx, gone)
	return loans.NightKey{ID: last}, len(had), cutMentions(ctx, tx, had)
}

// forgetBy is the last day of what is forgotten, by class of patron.
func (n *Night) forgetBy() patrons.Until[broker.Date] {
	days := patrons.Until[broker.Date]{}
	for _, class := range append(accounts.HistoryDiffers(n.Document), "") {
		days[class] = accounts.ForgetReturnedBy(n.Document, n.moment(), class).Value
	}
	return days
}

// forgottenBefore is the instant before which what ended is forgotten, by class
// of patron; zero where the library keeps the history.
func forgottenBefore(night *Night) patrons.Until[time.Time] {
	before := patrons.Until[time.Time]{}
	for class, last := range night.forgetBy() {
		before[class] = time.Time{}
		if !last.IsZero() {
			before[class] = last.End(night.Library.Zone)
		}
	}
	return before
}

func forgetHolds(ctx context.Context, tx *postgres.Tx, night *Night, limit int) (int, error) {
	recent, had, err := holds.ForgetSlice(ctx, tx, night.Library.ID, forgottenBefore(night), night.postsSince(), limit)
	if err != nil {
		return 0, err
	}
	access.ForgetPosts(tx, recent)
	return len(had), cutMentions(ctx, tx, had)
}

func forgetRequests(ctx context.Context, tx *postgres.Tx, night *Night, limit int) (int, error) {
	recent, had, err := engine.ForgetSlice(ctx, tx, night.Library.ID, forgottenBefore(night), night.postsSince(), limit)
	if err != nil {
		return 0, err
	}
	access.ForgetPosts(tx, recent)
	return len(had), cutMentions(ctx, tx, had)
}

// postsSince is when the oldest POST was made that is still kept: what ended
// before can be named in none.
func (n *Night) postsSince() time.Time { return n.Now.Add(-access.KeyKept) }

// forgetNotices lets settled notices go, but what was sent of a loan that is
// still out or of a request that is still open stays.
func forgetNotices(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey, limit int) (loans.NightKey, int, error) {
	library := night.Library.ID
	settled, err := notices.SettledBefore(ctx, tx, library, forgottenBefore(night), after.ID, limit)
	if err != nil || len(settled) == 0 {
		return after, 0, err
	}
	lent, asked := make([]broker.ID, len(settled)), make([]broker.ID, len(settled))
	for i, one := range settled {
		lent[i], asked[i] = one.Loan, one.Request
	}
	needed := map[broker.ID]bool{}
	loans.AskStillOut(tx, library, lent, needed)
	lookup.AskOpen(tx, library, asked, needed)
	if err := tx.Flush(ctx); err != nil {
		return after, 0, fmt.Errorf("look which notices are still needed: %w", err)
	}
	var gone []broker.ID
	for _, one := range settled {
		if !needed[one.Loan] && !needed[one.Request] {
			gone = append(gone, one.ID)
		}
	}
	notices.Forget(tx, library, gone)
	return loans.NightKey{ID: settled[len(settled)-1].ID}, len(gone), nil
}

// forgetActs forgets what the rows were that acts at the desk changed, once they
// can no longer be undone.
func forgetActs(ctx context.Context, tx *postgres.Tx, night *Night, limit int) (int, error) {
	return acts.Forget(ctx, tx, night.Library.ID, night.Now, limit)
}

// watchQueues finds holds that no copy can ever fill, for whatever reason the
// last one went.
func watchQueues(ctx context.Context, tx *postgres.Tx, night *Night, _ int) (int, error) {
	return night.nights.config.Desk.Queue.Watch(ctx, tx, night.at())
}

const shelfStep = "hold_shelf"

// clearShelf takes off the hold shelf what nobody picked up. Rows that could not
// be worked are put aside one by one; the slice leaves them out from then on.
func clearShelf(ctx context.Context, tx *postgres.Tx, night *Night, limit int) (int, error) {
	aside, err := asideOf(ctx, tx, night, shelfStep)
	if err != nil {
		return 0, err
	}
	done, err := night.nights.config.Desk.Queue.ExpireShelf(ctx, tx, night.at(), limit, aside)
	if err != nil {
		return 0, err
	}
	for _, outcome := range done {
		if outcome.Failed != nil && outcome.Hold != nil {
			note(tx, night, shelfStep, outcome.Hold.ID, outcome.Failed)
		}
	}
	return len(done), nil
}

// endUnfilled ends holds that nobody filled in their time, and tells whose they
// were.
func endUnfilled(ctx context.Context, tx *postgres.Tx, night *Night, limit int) (int, error) {
	return night.nights.config.Desk.Queue.ExpireUnfilled(ctx, tx, night.at(), limit)
}
