package nightly

import (
	"context"

	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/policy/blocks"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow/desk/accounts"
	"afield/workflow/requests/tasks"
)

// keysOf turns ids in order into keys without a date.
func keysOf(ids []broker.ID, err error) ([]loans.NightKey, error) {
	keys := make([]loans.NightKey, len(ids))
	for i, id := range ids {
		keys[i].ID = id
	}
	return keys, err
}

// growingAccounts gives the patrons whose fines grow, where the policy has a
// block that latches: the block must be set before a part payment could hide
// the cause.
func growingAccounts(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey, limit int) ([]loans.NightKey, error) {
	if !blocks.Latching(night.Document) {
		return nil, nil
	}
	return keysOf(ledger.Growing(ctx, tx, night.Library.ID, after.ID, limit))
}

func latchBlocks(ctx context.Context, tx *postgres.Tx, night *Night, patron broker.ID) (bool, error) {
	ref := patrons.Ref{Library: night.Library.ID, ID: patron}
	change, err := standing.UpdateLatch(ctx, tx, night.Library, night.Document, ref, night.Now)
	return len(change.Put)+len(change.Lifted) > 0, err
}

func newAdults(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey, limit int) ([]loans.NightKey, error) {
	return keysOf(patrons.AdultsToPrompt(ctx, tx, night.Library, night.Document, night.On, after.ID, limit))
}

// promptForAdult asks staff to look at the account of a patron who came of age.
// The task carries the account's id, by which staff open it, and no name.
func promptForAdult(ctx context.Context, tx *postgres.Tx, night *Night, patron broker.ID) (bool, error) {
	on, err := patrons.PromptAdult(ctx, tx, night.Library, night.Document, patrons.Ref{Library: night.Library.ID, ID: patron})
	if err != nil {
		return false, err
	}
	tasks.OpenForLibrary(tx, night.Library.ID, "came_of_age",
		"The patron of account "+patron.String()+" came of age on "+on.String()+": look at the card with them when they next come in.", night.Now)
	return true, nil
}

func oldAccounts(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey, limit int) ([]loans.NightKey, error) {
	return keysOf(patrons.PurgeCandidates(ctx, tx, night.Library, night.Document, night.On, after.ID, limit))
}

func purgeAccounts(ctx context.Context, tx *postgres.Tx, night *Night, old []broker.ID) (int64, error) {
	return accounts.PurgePatrons(ctx, tx, night.Library, night.Document, old, night.Now)
}
