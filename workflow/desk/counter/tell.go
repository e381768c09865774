package counter

import (
	"context"
	"slices"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/holds"
	"afield/broker/ledger"
	"afield/broker/loans"
	"afield/broker/notices"
	"afield/broker/patrons"
	"afield/broker/postgres"
)

// Tell sends patrons notices of an act that serves no request: a hold is ready
// or no longer kept, a claim is settled, an item is recalled or counts as lost.
// Requests tell their patrons themselves. Telling twice makes the same notice.
func (c *Counter) Tell(ctx context.Context, tx *postgres.Tx, at At, outcome loans.Outcome) error {
	if outcome.Replayed {
		return nil
	}
	if err := c.Waiting.Tell(ctx, tx, at.Now, HoldsOf(outcome.Outcome)); err != nil {
		return err
	}
	if outcome.TellPatron && outcome.Loan != nil {
		return c.tellOfLoan(ctx, tx, at, outcome)
	}
	return nil
}

// HoldsOf gives the holds of an outcome whose patrons no request tells.
func HoldsOf(outcome holds.Outcome) (held []holds.Hold) {
	for _, hold := range []*holds.Hold{outcome.Hold, outcome.Given} {
		if hold != nil && hold.Request == broker.NoID && !outcome.Replayed {
			held = append(held, *hold)
		}
	}
	return held
}

// messageOf is what a patron is told about what became of a loan; known is
// false where there is nothing to tell.
func messageOf(outcome loans.Outcome) (message notices.Message, known bool) {
	loan := *outcome.Loan
	message = notices.Message{Loan: loan.ID, Facts: notices.Facts{DueOn: loan.DueOn}}
	switch {
	case loan.Patron.ID == broker.NoID:
		return message, false
	case outcome.Claim != nil && outcome.Claim.Status == loans.ClaimFoundInLibrary:
		message.Kind, message.Cause = notices.ClaimSettled, "claim_settled:"+outcome.Claim.ID.String()
	case loan.Status == loans.Lost:
		message.Kind, message.Cause = notices.Lost, "lost:"+loan.ID.String()+":"+loan.LostOn.String()
		message.Facts.Amount = lossOf(outcome.Charged)
	case !loan.RecalledOn.IsZero():
		message.Kind, message.Cause = notices.Recalled, "recalled:"+loan.ID.String()+":"+loan.DueOn.String()
	default:
		return message, false
	}
	return message, true
}

func (c *Counter) tellOfLoan(ctx context.Context, tx *postgres.Tx, at At, outcome loans.Outcome) error {
	loan := *outcome.Loan
	message, known := messageOf(outcome)
	if !known {
		return nil
	}
	patron, err := patrons.ByID(ctx, tx, loan.Patron)
	if err != nil {
		return err
	}
	item := outcome.Item
	if item == nil {
		found, err := catalog.LoadItem(ctx, tx, loan.Item.Library, loan.Item.ID, false)
		if err != nil {
			return err
		}
		item = &found
	}
	if message.Facts.Title, err = TitleOf(ctx, tx, item.Title); err != nil {
		return err
	}
	notices.Make(tx, patron, message, at.Now)
	return nil
}

// TellOfLoans tells patrons of many loans at once; each outcome has its item.
func TellOfLoans(ctx context.Context, tx *postgres.Tx, at At, outcomes []loans.Outcome) error {
	if len(outcomes) == 0 {
		return nil
	}
	told, whose, titles := map[patrons.Ref]patrons.Patron{}, make([]patrons.Ref, len(outcomes)), make([]broker.ID, len(outcomes))
	for i, outcome := range outcomes {
		whose[i], titles[i] = outcome.Loan.Patron, outcome.Item.Title
	}
	patrons.AskAll(tx, whose, told)
	named, err := catalog.TitlesByID(ctx, tx, titles) // and with it who is to be told
	if err != nil {
		return err
	}
	var news []notices.News
	for _, outcome := range outcomes {
		message, known := messageOf(outcome)
		patron, found := told[outcome.Loan.Patron]
		if !known || !found {
			continue
		}
		message.Facts.Title = named[outcome.Item.Title].Title
		news = append(news, notices.News{Patron: patron, Message: message})
	}
	notices.MakeAll(tx, news, at.Now)
	return nil
}

// lossOf sums what a loss costs, lateness apart; nil where nothing was charged.
func lossOf(charged []ledger.Entry) *broker.Money {
	var sum *broker.Money
	for _, entry := range charged {
		if entry.ChargeKind == ledger.Overdue {
			continue
		}
		if sum == nil {
			sum = &broker.Money{Currency: entry.Amount.Currency}
		}
		sum.Minor += entry.Amount.Minor
	}
	return sum
}

// TitleOf is what a title is called; "" for none.
func TitleOf(ctx context.Context, tx *postgres.Tx, title broker.ID) (string, error) {
	if title == broker.NoID {
		return "", nil
	}
	found, err := catalog.LoadTitle(ctx, tx, title)
	return found.Title, err
}

// TellMoved tells patrons that the due dates of their open loans were moved: as
// it stands now, so what was about to be said of the old dates is withdrawn, and
// a date that is again what it was when the day began is no news. A later date is
// written or shows in the account; of an earlier one the patron hears as of
// anything that matters. It counts the patrons who hear of it.
func TellMoved(ctx context.Context, tx *postgres.Tx, at At, moved []loans.Loan) (int, error) {
	moved = slices.DeleteFunc(slices.Clone(moved), func(l loans.Loan) bool { return l.Terms.Class == patrons.ClassLibrary })
	if len(moved) == 0 {
		return 0, nil
	}
	told, whose := map[patrons.Ref]patrons.Patron{}, make([]patrons.Ref, len(moved))
	items, titles := make([]catalog.Item, len(moved)), make([]broker.ID, len(moved))
	for i, loan := range moved {
		whose[i] = loan.Patron
		catalog.AskItem(tx, loan.Item.Library, loan.Item.ID, &items[i])
	}
	patrons.AskAll(tx, whose, told)
	if err := tx.Flush(ctx); err != nil {
		return 0, err
	}
	for i, item := range items {
		titles[i] = item.Title
	}
	named, err := catalog.TitlesByID(ctx, tx, titles)
	if err != nil {
		return 0, err
	}
	var news []notices.News
	hear := map[patrons.Ref]bool{}
	for i, loan := range moved {
		notices.WithdrawDates(tx, loan.Patron.Library, loan.ID, loan.DueAt.After(at.Now), at.Now)
		times := loan.Times()
		last, patron := times[len(times)-1], told[loan.Patron]
		if last.Due == last.Before || patron.ID == broker.NoID {
			continue
		}
		hear[loan.Patron] = true
		news = append(news, notices.News{Patron: patron, Message: notices.Message{
			Kind: notices.DueChanged, Loan: loan.ID, Request: loan.Request,
			Channels: []notices.Channel{notices.Email, notices.SMS}, Only: last.Due.After(last.Before),
			Facts: notices.Facts{Title: named[items[i].Title].Title, DueOn: last.Due},
			Cause: "due_changed:" + loan.ID.String() + ":" + last.Due.String() + ":" + at.Now.UTC().Format(time.RFC3339Nano),
		}})
	}
	notices.MakeAll(tx, news, at.Now)
	return len(hear), nil
}
