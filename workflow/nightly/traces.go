package nightly

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/holds"
	"afield/broker/ledger"
	"afield/broker/loans"
	"afield/broker/notices"
	"afield/broker/patrons"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/workflow/requests/lookup"
)

// The traces are what is left elsewhere of loans, holds and requests that no
// longer say whose they were. These steps go by what stands in the database, not
// by what was just forgotten: they follow a purge too, and once a backup is
// restored, the next night forgets again all that is due by then.

// cutMentions cuts what is being forgotten out of the free texts about whoever
// had it: whatever staff wrote of it somewhere, it is told by no text either.
func cutMentions(ctx context.Context, tx *postgres.Tx, had []patrons.Had) error {
	if len(had) == 0 {
		return nil
	}
	whose := map[patrons.Ref][]patrons.Had{}
	for _, one := range had {
		whose[one.Patron] = append(whose[one.Patron], one)
	}
	written := map[patrons.Ref][]patrons.Ref{}
	readers := slices.SortedFunc(maps.Keys(whose), func(a, b patrons.Ref) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	patrons.AskWritten(tx, readers, written)
	if err := tx.Flush(ctx); err != nil {
		return fmt.Errorf("look about whom something was written: %w", err)
	}
	named := make([]catalog.Named, 0, len(had))
	for _, one := range had {
		if written[one.Patron] != nil {
			named = append(named, catalog.Named{Item: one.Item, Title: one.Title})
		}
	}
	if len(named) == 0 {
		return nil
	}
	words := map[broker.ID][]string{}
	catalog.AskNames(tx, named, words)
	if err := tx.Flush(ctx); err != nil {
		return fmt.Errorf("read what is forgotten is called: %w", err)
	}
	var mentions []patrons.Mention
	for _, reader := range readers {
		var all []string
		for _, one := range whose[reader] {
			all = slices.Concat(all, words[one.Item.ID], words[one.Title], one.Words)
		}
		for _, account := range written[reader] {
			if mention, any := patrons.MentionOf(account, all); any {
				mentions = append(mentions, mention)
			}
		}
	}
	patrons.CutMentions(tx, mentions)
	return nil
}

// forgetMoneyTraces cuts the entries of accounts off from loans and requests that
// are forgotten.
func forgetMoneyTraces(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey, limit int) (loans.NightKey, int, error) {
	library := night.Library.ID
	links, err := ledger.Links(ctx, tx, library, after.ID, limit)
	if err != nil || len(links) == 0 {
		return after, 0, err
	}
	var lent, asked []broker.ID
	for _, link := range links {
		lent, asked = append(lent, link.Loan), append(asked, link.Request)
	}
	forgotten, err := askForgotten(ctx, tx, night, lent, asked)
	if err != nil {
		return after, 0, err
	}
	var ofLoans, ofRequests []broker.ID
	for _, link := range links {
		if forgotten[link.Loan] {
			ofLoans = append(ofLoans, link.Entry)
		}
		if forgotten[link.Request] {
			ofRequests = append(ofRequests, link.Entry)
		}
	}
	if len(ofLoans)+len(ofRequests) > 0 {
		ledger.ForgetLinks(tx, library, ofLoans, ofRequests)
	}
	return loans.NightKey{ID: links[len(links)-1].Entry}, len(ofLoans) + len(ofRequests), nil
}

// askForgotten tells which loans, claims and requests no longer say whose they
// were.
func askForgotten(ctx context.Context, tx *postgres.Tx, night *Night, lent, asked []broker.ID) (map[broker.ID]bool, error) {
	forgotten := map[broker.ID]bool{}
	loans.AskForgotten(tx, night.sees, lent, forgotten)
	lookup.AskForgotten(tx, night.Library.ID, asked, forgotten)
	if err := tx.Flush(ctx); err != nil {
		return nil, fmt.Errorf("look what is forgotten: %w", err)
	}
	return forgotten, nil
}

// forgetOverrideTraces removes from overrides what they were about, once that is
// forgotten.
func forgetOverrideTraces(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey, limit int) (loans.NightKey, int, error) {
	library := night.Library.ID
	overridden, err := patrons.OverriddenFor(ctx, tx, library, after.ID, limit)
	if err != nil || len(overridden) == 0 {
		return after, 0, err
	}
	about := make([]broker.ID, len(overridden))
	for i, one := range overridden {
		about[i] = one.About
	}
	known := map[broker.ID]bool{}
	holds.AskKnown(tx, night.sees, about, known)
	forgotten, err := askForgotten(ctx, tx, night, about, about)
	if err != nil {
		return after, 0, err
	}
	var gone []broker.ID
	for _, one := range overridden {
		if forgotten[one.About] || (one.Action == rule.ActionHold && !known[one.About]) {
			gone = append(gone, one.ID)
		}
	}
	patrons.ForgetOverridden(tx, library, gone)
	return loans.NightKey{ID: overridden[len(overridden)-1].ID}, len(gone), nil
}

// forgetNoticeTraces deletes notices about what is forgotten, sent or not: there
// is nothing left to tell.
func forgetNoticeTraces(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey, limit int) (loans.NightKey, int, error) {
	library := night.Library.ID
	told, err := notices.ToldOf(ctx, tx, library, after.ID, limit)
	if err != nil || len(told) == 0 {
		return after, 0, err
	}
	var lent, asked, held []broker.ID
	for _, one := range told {
		lent, asked, held = append(lent, one.Loan), append(asked, one.Request), append(held, one.Hold)
	}
	known := map[broker.ID]bool{broker.NoID: true}
	holds.AskKnown(tx, night.sees, held, known)
	forgotten, err := askForgotten(ctx, tx, night, lent, asked)
	if err != nil {
		return after, 0, err
	}
	var gone []broker.ID
	for _, one := range told {
		if forgotten[one.Loan] || forgotten[one.Request] || !known[one.Hold] {
			gone = append(gone, one.ID)
		}
	}
	notices.Forget(tx, library, gone)
	return loans.NightKey{ID: told[len(told)-1].ID}, len(gone), nil
}
