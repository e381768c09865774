package patrons

import (
	"context"
	"slices"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/policy"
	"afield/broker/policy/accounts"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
)

// Renewal makes a card good for longer.
type Renewal struct {
	Patron Ref
	Papers
	Fee   Fee
	Until broker.Date // shortens the time; zero does not
	Act
}

// RenewCard makes an account good for another period from today, with the papers
// and the fee that the policy asks for. Two renewals on one day cost one fee.
func RenewCard(ctx context.Context, tx *postgres.Tx, library directory.Library, document *policy.Document, in Renewal) (Registered, error) {
	standing, err := StandingOf(ctx, tx, library, in.Patron)
	if err != nil {
		return Registered{}, err
	}
	patron := standing.Patron
	ask, household, err := applicationOf(ctx, tx, library, document, patron, Application{Papers: in.Papers, Act: in.Act})
	if err != nil {
		return Registered{}, err
	}
	ask.Renewal = true
	// What the household paid covers this card only for time that it does not have
	// yet: the first to renew pays for the next year.
	ask.HouseholdPaid = ask.HouseholdPaid && household.PaidUntil.After(patron.ExpiresOn)
	decided, err := decide(tx, library, document, ask, patron, in.Fee, in.Act)
	if err != nil {
		return Registered{}, err
	}
	if decided.shared {
		decided.expires = decided.expires.Earlier(household.PaidUntil)
	}
	if !in.Until.IsZero() && (decided.expires.IsZero() || in.Until.Before(decided.expires)) {
		decided.expires = in.Until
	}
	patron.ExpiresOn = decided.expires
	charges, err := decided.post(ctx, tx, library, patron, "card:"+patron.ID.String()+":until:"+patron.ExpiresOn.String(), in.Fee, in.Act)
	if err != nil {
		return Registered{}, err
	}
	return Registered{Patron: patron, Charges: charges, Passed: decided.passed}, SavePatron(tx, patron)
}

// cardOf finds one of a patron's cards, the patron being locked.
func cardOf(ctx context.Context, tx *postgres.Tx, ref Ref, id broker.ID) (card Card, others []Card, err error) {
	var patron Patron
	AskLocked(tx, ref, &patron)
	cards, err := Cards(ctx, tx, ref)
	if err != nil {
		return card, nil, err
	}
	at := slices.IndexFunc(cards, func(card Card) bool { return card.ID == id })
	if at < 0 {
		return card, nil, broker.NotFound("card")
	}
	return cards[at], slices.Delete(slices.Clone(cards), at, at+1), nil
}

// ReportCard stops a card at once because it was lost or stolen. The patron's
// other cards stay good; reported again, it keeps the day of the first report.
func ReportCard(ctx context.Context, tx *postgres.Tx, ref Ref, id broker.ID, as CardStatus, today broker.Date) (Card, error) {
	if as != CardLost && as != CardStolen {
		return Card{}, broker.Invalid(broker.FieldError{Pointer: "/as", Code: "not_a_report", Message: "must be lost or stolen"})
	}
	card, _, err := cardOf(ctx, tx, ref, id)
	switch {
	case err != nil:
		return Card{}, err
	case card.Status == as:
		return card, nil
	case card.Status != CardActive && card.Status != CardLost && card.Status != CardStolen:
		return Card{}, broker.Conflict("card_ended", "That card is no longer in use: it was %s.", card.Status)
	case card.Status == CardActive:
		card.StoppedOn = today
	}
	card.Status = as
	return card, SaveCard(tx, card)
}

// Replacement is a new card in place of a lost one.
type Replacement struct {
	Patron Ref
	// Card is the old card; Number is the new one's.
	Card   broker.ID
	Number string
	Act
}

// ReplaceCard gives a new card in place of another, which is stopped for good. It
// costs what the policy's ladder says: more when another card was lost within the
// period before, counted from loss to loss.
func ReplaceCard(ctx context.Context, tx *postgres.Tx, library directory.Library, document *policy.Document, in Replacement) (Registered, error) {
	if wrong := CheckNumber(library, document, "/number", in.Number); wrong != nil {
		return Registered{}, broker.Invalid(wrong...)
	}
	old, others, err := cardOf(ctx, tx, in.Patron, in.Card)
	if err != nil {
		return Registered{}, err
	}
	if old.Status == CardReplaced || old.Status == CardSurrendered {
		return Registered{}, broker.Conflict("card_ended", "That card is no longer in use: it was %s.", old.Status)
	}
	patron, err := ByID(ctx, tx, in.Patron)
	if err != nil {
		return Registered{}, err
	}
	if old.StoppedOn.IsZero() {
		old.StoppedOn = library.Today(in.Now)
	}
	card := Card{
		Library: library.ID, ID: broker.NewID(), Realm: library.SharingGroup, Number: in.Number,
		Patron: patron.ID, Replaces: old.ID, Deposit: old.Deposit, CreatedAt: in.Now,
	}
	if old.Status != CardStolen {
		card.PINHash, card.PINSetAt = old.PINHash, old.PINSetAt // who has a stolen card may have seen its number typed
	}
	done := Registered{Patron: patron, Card: card}
	charge := accounts.CardReplacement(document, policy.Moment{Now: old.StoppedOn.At(12, 0, library.Zone), Calendar: library.Calendar},
		patron.Match(old.StoppedOn), lossesBefore(others, old.StoppedOn)...)
	if charge.Amount.Minor > 0 {
		entry, err := ledger.Post(tx, ledger.Charge{
			Account: Account(library, in.Patron), Kind: charge.Kind, Amount: charge.Amount, Cause: "replace:" + old.ID.String(),
			Rule: charge.Rule, Clause: charge.Clause, Actor: in.Actor, At: in.Now,
		})
		if err != nil {
			return Registered{}, err
		}
		done.Charges = append(done.Charges, entry)
	}
	old.Status, old.Deposit = CardReplaced, broker.NoID
	if err := SaveCard(tx, old); err != nil {
		return Registered{}, err
	}
	return done, SaveCard(tx, card)
}

// lossesBefore gives the days on which a patron's other cards were lost, up to
// a day.
func lossesBefore(cards []Card, day broker.Date) []broker.Date {
	var losses []broker.Date
	for _, card := range cards {
		if !card.StoppedOn.IsZero() && !card.StoppedOn.After(day) && card.Status != CardSurrendered {
			losses = append(losses, card.StoppedOn)
		}
	}
	return losses
}

// Usable tells whether a card may be used to borrow: a lost or stolen one is
// refused at once, whatever other cards the patron has.
func (c Card) Usable() error {
	if c.Status == CardActive {
		return nil
	}
	return broker.Refused("card_stopped", "This card may not be used.", broker.Reason{
		Code: "card_stopped", Rule: "cards.stopped", Message: "The card is stopped: it was " + string(c.Status) + ".",
		Needed: "a card in use", Found: "a card that was " + string(c.Status),
		Clause: broker.Clause{Document: "Afield", Section: "Cards", Says: "A card that was reported or replaced is stopped at once.", Silent: true},
	})
}

// InUse finds the card named, or the one card in use where none is.
func InUse(cards []Card, id broker.ID) (Card, error) {
	var found []Card
	for _, card := range cards {
		if id == card.ID || id == broker.NoID && card.Status == CardActive {
			found = append(found, card)
		}
	}
	switch {
	case len(found) == 0 && id != broker.NoID:
		return Card{}, broker.NotFound("card")
	case len(found) == 0:
		return Card{}, broker.Conflict("no_card", "No card of this account is in use.")
	case len(found) > 1:
		return Card{}, broker.Invalid(broker.FieldError{Pointer: "/card_id", Code: "required", Message: "must say which card: several are in use"})
	case found[0].Status != CardActive:
		return Card{}, broker.Conflict("card_ended", "That card is no longer in use: it was %s.", found[0].Status)
	}
	return found[0], nil
}

// Surrender gives a card back for good.
type Surrender struct {
	Patron Ref
	Card   broker.ID
	// NetOfDebt takes what is owed out of the deposit; otherwise the deposit is
	// given back in full and the debt stays: the choice of staff.
	NetOfDebt bool
	How       string // how the money is given back: cash, check …
	// Open is how much is still lent, on hold or asked for, counted while the
	// patron is locked.
	Open int
	Act
}

// Surrendered is what the surrender of a card came to.
type Surrendered struct {
	Card Card
	// Back is the money to hand out, Left what the account still owes.
	Back broker.Money
	Left broker.Money
}

// SurrenderCard takes a card back, ends the account's use and gives the deposit
// back, less what is owed or in full. It is refused while something is still
// lent, on hold or asked for.
func SurrenderCard(ctx context.Context, tx *postgres.Tx, library directory.Library, document *policy.Document, in Surrender) (Surrendered, error) {
	if in.How != "" {
		patron, err := ByID(ctx, tx, in.Patron)
		if err != nil {
			return Surrendered{}, err
		}
		moment := policy.Moment{Now: in.Now, Calendar: library.Calendar}
		if err := costs.MayPayBy(document, moment, patron.Match(library.Today(in.Now)), in.How).Err("may_not_pay_so"); err != nil {
			return Surrendered{}, err
		}
	}
	card, others, err := cardOf(ctx, tx, in.Patron, in.Card)
	if err != nil {
		return Surrendered{}, err
	}
	if card.Status == CardSurrendered || card.Status == CardReplaced {
		return Surrendered{}, broker.Conflict("card_ended", "That card is no longer in use: it was %s.", card.Status)
	}
	if in.Open > 0 {
		return Surrendered{}, broker.Conflict("account_in_use", "Something is still lent, on hold or asked for on this account.")
	}
	deposit := card.Deposit
	card.Status, card.StoppedOn = CardSurrendered, library.Today(in.Now)
	if err := SaveCard(tx, card); err != nil {
		return Surrendered{}, err
	}
	if !slices.ContainsFunc(others, func(other Card) bool { return other.Status == CardActive }) {
		tx.Queue(`update patrons set status = 'closed' where library_id = $1 and id = $2`, in.Patron.Library, in.Patron.ID)
	}
	done := Surrendered{Card: card}
	if done.Back, err = giveDepositBack(ctx, tx, Account(library, in.Patron), deposit, in); err != nil {
		return Surrendered{}, err
	}
	balances, err := ledger.BalancesOf(ctx, tx, Account(library, in.Patron))
	done.Left = balances.Total()
	return done, err
}

// giveDepositBack takes the deposit's charge back, which makes it credit, and
// hands it out. What is owed is paid from it first, where staff choose so.
func giveDepositBack(ctx context.Context, tx *postgres.Tx, account ledger.Account, deposit broker.ID, in Surrender) (broker.Money, error) {
	none := broker.Money{Currency: account.Currency}
	if deposit == broker.NoID {
		return none, nil
	}
	cause := "surrender:" + in.Card.String()
	_, err := ledger.Reverse(ctx, tx, ledger.Answer{
		Library: account.Library, Charge: deposit, Cause: cause + ":deposit", Note: "deposit given back", Actor: in.Actor, At: in.Now,
	})
	if err != nil {
		return none, err
	}
	held, err := ledger.GiveDepositBack(ctx, tx, account, deposit, ledger.Answer{
		Library: account.Library, Charge: deposit, Cause: cause + ":back", Note: in.How, Actor: in.Actor, At: in.Now,
	})
	if err != nil || held.Minor == 0 {
		return held, err
	}
	balances, err := ledger.BalancesOf(ctx, tx, account)
	if err != nil {
		return none, err
	}
	net, full := accounts.DepositBack(held, balances.Total())
	if !in.NetOfDebt || net == full {
		return full, nil
	}
	_, err = ledger.Pay(ctx, tx, ledger.Payment{
		Account: account, Amount: broker.Money{Minor: full.Minor - net.Minor, Currency: account.Currency}, Cause: cause + ":debt",
		Note: "from the deposit", Actor: in.Actor, At: in.Now,
	})
	return net, err
}
