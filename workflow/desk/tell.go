package desk

import (
	"context"
	"slices"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/holds"
	"afield/broker/ledger"
	"afield/broker/loans"
	"afield/broker/notices"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/telling"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// tell sends patrons notices of an act that serves no request: a hold is ready
// or no longer kept, a claim is settled, an item is recalled or counts as lost.
// Requests tell their patrons themselves. Telling twice makes the same notice.
func (s *Service) tell(ctx context.Context, tx *postgres.Tx, at At, outcome loans.Outcome) error {
	if outcome.Replayed {
		return nil
	}
	if err := s.tellOfHolds(ctx, tx, at, holdsOf(outcome.Outcome)); err != nil {
		return err
	}
	if outcome.TellPatron && outcome.Loan != nil {
		return s.tellOfLoan(ctx, tx, at, outcome)
	}
	return nil
}

// holdsOf gives the holds of an outcome whose patrons no request tells.
func holdsOf(outcome holds.Outcome) (held []holds.Hold) {
	for _, hold := range []*holds.Hold{outcome.Hold, outcome.Given} {
		if hold != nil && hold.Request == broker.NoID && !outcome.Replayed {
			held = append(held, *hold)
		}
	}
	return held
}

// messageOfHold is what a patron is told about what just became of a hold;
// known is false where there is nothing to tell.
func messageOfHold(hold holds.Hold, now time.Time) (message notices.Message, known bool) {
	message = notices.Message{Hold: hold.ID, Facts: notices.Facts{PickUpBy: hold.PickUpBy}}
	switch {
	case hold.Status == holds.OnHoldShelf && hold.OnShelfAt.Equal(now):
		message.Kind, message.Cause = notices.Arrived, "arrived:"+hold.ID.String()+":"+hold.PickUpBy.String()
	case hold.Status == holds.Expired && hold.ClosedAt.Equal(now):
		message.Kind, message.Cause = notices.Expired, "expired:"+hold.ID.String()
		message.Facts.PickUpBy = broker.Date{}
	case hold.Status == holds.Unfilled && hold.ClosedAt.Equal(now):
		message.Kind, message.Cause = notices.Unfilled, "unfilled:"+hold.ID.String()
		message.Facts.PickUpBy = broker.Date{}
	default:
		return message, false
	}
	return message, true
}

// tellOfHolds tells patrons what just became of their holds, in a few round
// trips however many there are.
func (s *Service) tellOfHolds(ctx context.Context, tx *postgres.Tx, at At, held []holds.Hold) error {
	held = slices.DeleteFunc(held, func(hold holds.Hold) bool { _, known := messageOfHold(hold, at.Now); return !known })
	if len(held) == 0 {
		return nil
	}
	told, whose, titles := map[patrons.Ref]patrons.Patron{}, make([]patrons.Ref, len(held)), make([]broker.ID, len(held))
	for i, hold := range held {
		whose[i], titles[i] = hold.Patron, hold.Title
	}
	patrons.AskAll(tx, whose, told)
	named, err := catalog.TitlesByID(ctx, tx, titles) // and with it who is to be told
	if err != nil {
		return err
	}
	rules, news := s.rulesAt(at.Now), make([]notices.News, len(held))
	for i, hold := range held {
		message, _ := messageOfHold(hold, at.Now)
		document, err := rules(ctx, tx, hold.Patron.Library, hold.Pickup)
		if err != nil {
			return err
		}
		patron, found := told[hold.Patron]
		if !found {
			return broker.NotFound("patron")
		}
		for _, channel := range telling.HoldReadyBy(document, patron.Class).Value {
			message.Channels = append(message.Channels, notices.Channel(channel))
		}
		message.Facts.Title, message.Facts.SayTitle = named[hold.Title].Title, telling.TitlesOnVoicemail(document).Value
		news[i] = notices.News{Patron: patron, Message: message}
	}
	notices.MakeAll(tx, news, at.Now)
	return nil
}

// rulesAt returns a function that finds the rules of a library's branch and
// reads each library only once.
func (s *Service) rulesAt(now time.Time) func(ctx context.Context, tx *postgres.Tx, library, branch broker.ID) (*policy.Document, error) {
	libraries := map[broker.ID]directory.Library{}
	return func(ctx context.Context, tx *postgres.Tx, id, branch broker.ID) (*policy.Document, error) {
		library, found := libraries[id]
		if !found {
			var err error
			if library, err = directory.Load(ctx, tx, id); err != nil {
				return nil, err
			}
			libraries[id] = library
		}
		return s.policies.Rules(standing.Desk{Library: library, Branch: branch, Now: now})
	}
}

// ExpireUnfilled ends up to limit holds that were not filled in their time,
// tells their patrons, and returns how many.
func (s *Service) ExpireUnfilled(ctx context.Context, tx *postgres.Tx, at At, limit int) (int, error) {
	desk, err := s.deskAt(ctx, tx, at)
	if err != nil {
		return 0, err
	}
	ended, err := holds.ExpireUnfilledSlice(ctx, tx, at.Library, desk.Library.Today(at.Now), at.Now, limit)
	if err != nil {
		return 0, err
	}
	count := len(ended)
	ended = slices.DeleteFunc(ended, func(hold holds.Hold) bool { return hold.Request != broker.NoID })
	return count, s.tellOfHolds(ctx, tx, at, ended)
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

func (s *Service) tellOfLoan(ctx context.Context, tx *postgres.Tx, at At, outcome loans.Outcome) error {
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
	if message.Facts.Title, err = titleOf(ctx, tx, item.Title); err != nil {
		return err
	}
	notices.Make(tx, patron, message, at.Now)
	return nil
}

// tellOfLoans tells patrons of many loans at once; each outcome has its item.
func tellOfLoans(ctx context.Context, tx *postgres.Tx, at At, outcomes []loans.Outcome) error {
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

func titleOf(ctx context.Context, tx *postgres.Tx, title broker.ID) (string, error) {
	if title == broker.NoID {
		return "", nil
	}
	found, err := catalog.LoadTitle(ctx, tx, title)
	return found.Title, err
}

// LoseByAge declares those of some loans lost that are long overdue, or ends
// the claims whose item was not found in time, and tells the patrons what it
// costs. It returns how many were lost, and those with no known price, which
// stay as they are.
func (s *Service) LoseByAge(ctx context.Context, tx *postgres.Tx, at At, lent []broker.ID, claimed bool) (lost int, unpriced []loans.Outcome, err error) {
	desk, err := s.deskAt(ctx, tx, at)
	if err != nil {
		return 0, nil, err
	}
	outcomes, err := s.returns.LoseByAge(ctx, tx, desk, lent, claimed)
	if err != nil {
		return 0, nil, err
	}
	var done []loans.Outcome
	for _, outcome := range outcomes {
		if outcome.Failed != nil {
			unpriced = append(unpriced, outcome)
		} else {
			done = append(done, outcome)
		}
	}
	return len(done), unpriced, tellOfLoans(ctx, tx, at, done)
}

// RenewByItself renews a loan where the policy does so without being asked, and
// tells the patron the new due date. It returns whether it was renewed; if not,
// nobody is told.
func (s *Service) RenewByItself(ctx context.Context, tx *postgres.Tx, at At, loan broker.ID) (bool, error) {
	desk, err := s.deskAt(ctx, tx, at)
	if err != nil {
		return false, err
	}
	outcome, err := s.loans.RenewByItself(ctx, tx, desk, loans.Ref{Library: at.Library, ID: loan})
	if err != nil || outcome.Loan == nil {
		return false, err
	}
	renewed := *outcome.Loan
	patron, err := patrons.ByID(ctx, tx, renewed.Patron)
	if err != nil {
		return false, err
	}
	title, err := titleOf(ctx, tx, outcome.Item.Title)
	if err != nil {
		return false, err
	}
	notices.Make(tx, patron, notices.Message{
		Kind: notices.RenewalGranted, Loan: renewed.ID, Cause: "renewed:" + renewed.ID.String() + ":" + renewed.DueOn.String(),
		Facts: notices.Facts{Title: title, DueOn: renewed.DueOn},
	}, at.Now)
	return true, nil
}
