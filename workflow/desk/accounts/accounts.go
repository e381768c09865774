package accounts

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/holds"
	"afield/broker/ledger"
	"afield/broker/loans"
	"afield/broker/notices"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow/desk/counter"
	"afield/workflow/requests/engine"
	"afield/workflow/requests/lookup"
)

// Merged is what came of merging two accounts of one person.
type Merged struct {
	Patron patrons.Patron
	loans.TakenOver
	Requests int64
	Owes     broker.Money
	// Replayed means that there was nothing to do.
	Replayed bool
}

// MergePatrons lets one account take over everything of another: loans, holds
// (of two for the same title one is dropped), requests, everything owed to the
// cent, blocks, links and notices. The other's cards stay as numbers that find
// the account and cannot be used. Blocks that latch are worked out anew.
// Merging an account with itself, or a second time, changes nothing. No policy
// names who may merge; it takes a role that may pass over a rule at the desk.
func (s *Service) MergePatrons(ctx context.Context, tx *postgres.Tx, document *policy.Document, at counter.At, from, to broker.ID) (Merged, error) {
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return Merged{}, err
	}
	one, other := patrons.Ref{Library: at.Library, ID: from}, patrons.Ref{Library: at.Library, ID: to}
	if !slices.ContainsFunc(mayMergeAccounts(), at.Actor.HasRole) {
		return Merged{}, broker.Forbidden("Only the %s may do this.", strings.Join(mayMergeAccounts(), " or the "))
	}
	if from == to {
		patron, err := patrons.ByID(ctx, tx, other)
		return Merged{Patron: patron, Replayed: true}, err
	}
	moved, err := engine.MovePatron(ctx, tx, one, other) // requests are locked before patrons
	if err != nil {
		return Merged{}, err
	}
	source, target, err := patrons.LockBoth(ctx, tx, one, other)
	if err != nil {
		return Merged{}, err
	}
	if source.MergedInto == to {
		return Merged{Patron: target, Replayed: true}, nil
	}
	if err := mayMerge(source, target); err != nil {
		return Merged{}, err
	}
	done := Merged{Patron: target, Requests: moved}
	if done.TakenOver, err = loans.MovePatron(ctx, tx, one, other, at.Now); err != nil {
		return Merged{}, err
	}
	account := patrons.Account(desk.Library, other)
	err = ledger.Move(ctx, tx, patrons.Account(desk.Library, one), account, ledger.Answer{
		Library: at.Library, Cause: "merge:" + from.String() + ":" + to.String(), Note: "moved: two accounts became one",
		Actor: at.Actor, At: at.Now,
	})
	if err != nil {
		return Merged{}, err
	}
	notices.MovePatron(tx, one, other)
	patrons.Merge(tx, source, target)
	if _, err := standing.UpdateLatch(ctx, tx, desk.Library, document, other, at.Now); err != nil {
		return Merged{}, err
	}
	balances, err := ledger.BalancesOf(ctx, tx, account)
	if err != nil {
		return Merged{}, err
	}
	done.Owes = balances.Total()
	done.Patron, err = patrons.ByID(ctx, tx, other)
	return done, err
}

// mayMergeAccounts are the roles of which one is needed.
func mayMergeAccounts() []string { return []string{"desk", "director"} }

// mayMerge refuses accounts that are not both a person's: one of a borrowing
// library, or one that is gone itself.
func mayMerge(source, target patrons.Patron) error {
	for _, patron := range []patrons.Patron{source, target} {
		if patron.Institution != broker.NoID {
			return broker.Conflict("institutional_account", "The account of a borrowing library is never merged.")
		}
		if patron.MergedInto != broker.NoID || !patron.PurgedOn.IsZero() {
			return broker.Conflict("account_gone", "One of the accounts was merged or purged before.")
		}
	}
	return nil
}

// PurgePatron deletes an account if the policy allows it, with everything
// personal wherever it is kept: cards, links, notices, and the names on loans
// and requests that are over. The transaction sees the patron's library and its
// sharing group; where the patron ever asked for something, it sees everything.
func PurgePatron(ctx context.Context, tx *postgres.Tx, library directory.Library, document *policy.Document, patron patrons.Ref, now time.Time) (patrons.Purged, error) {
	open, err := openOf(ctx, tx, library.ID, patron.ID)
	if err != nil {
		return patrons.Purged{}, err
	}
	done, err := patrons.Purge(ctx, tx, library, document, patron, open[patron.ID], now)
	if err != nil || done.By == "" {
		return done, err
	}
	return done, forgetPatrons(ctx, tx, library.ID, []broker.ID{patron.ID}, now)
}

// PurgePatrons does what PurgePatron does for many accounts of a library, and
// returns how many were deleted.
func PurgePatrons(ctx context.Context, tx *postgres.Tx, library directory.Library, document *policy.Document, ids []broker.ID, now time.Time) (int64, error) {
	open, err := openOf(ctx, tx, library.ID, ids...)
	if err != nil {
		return 0, err
	}
	done, err := patrons.PurgeAll(ctx, tx, library, document, ids, open, now)
	if err != nil {
		return 0, err
	}
	var gone []broker.ID
	for i, one := range done {
		if one.By != "" {
			gone = append(gone, ids[i])
		}
	}
	return int64(len(gone)), forgetPatrons(ctx, tx, library.ID, gone, now)
}

// SurrenderCard takes a card back for good, unless something is still lent, on
// hold or asked for. What happens to the money, patrons.SurrenderCard says.
func SurrenderCard(ctx context.Context, tx *postgres.Tx, library directory.Library, document *policy.Document, in patrons.Surrender) (patrons.Surrendered, error) {
	open, err := openOf(ctx, tx, in.Patron.Library, in.Patron.ID)
	if err != nil {
		return patrons.Surrendered{}, err
	}
	in.Open = open[in.Patron.ID]
	return patrons.SurrenderCard(ctx, tx, library, document, in)
}

// openOf locks patrons and counts what is lent to them, on hold for them and
// asked for by them.
func openOf(ctx context.Context, tx *postgres.Tx, library broker.ID, ids ...broker.ID) (map[broker.ID]int, error) {
	open := make(map[broker.ID]int, len(ids))
	patrons.Lock(tx, library, ids...)
	loans.AskOpen(tx, library, ids, open)
	holds.AskOpen(tx, library, ids, open)
	lookup.AskOpenOf(tx, library, ids, open)
	if err := tx.Flush(ctx); err != nil {
		return nil, fmt.Errorf("count what is open: %w", err)
	}
	return open, nil
}

// forgetPatrons removes purged patrons from everything kept outside their
// accounts.
func forgetPatrons(ctx context.Context, tx *postgres.Tx, library broker.ID, gone []broker.ID, now time.Time) error {
	if len(gone) == 0 {
		return nil
	}
	loans.ForgetPatrons(tx, library, gone, now)
	notices.ForgetPatrons(tx, library, gone)
	return engine.ForgetPatrons(ctx, tx, library, gone)
}

// Standing reads everything about one of the library's patrons that a policy may
// look at, with fines up to today, and locks the patron.
func (s *Service) Standing(ctx context.Context, tx *postgres.Tx, at counter.At, patron broker.ID) (patrons.Standing, error) {
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return patrons.Standing{}, err
	}
	return standing.Of(ctx, tx, desk, patrons.Ref{Library: at.Library, ID: patron})
}
