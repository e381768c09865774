package patrons

import (
	"context"
	"fmt"
	"slices"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/policy"
	"afield/broker/policy/accounts"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
)

// Act says who does something to an account, when, and which refusals they
// override: codes of reasons with why, for roles that may.
type Act struct {
	Actor broker.Actor
	Now   time.Time
	// PassOver are the codes of reasons to override; Why is needed with any.
	PassOver []string
	Why      string
}

// Fee is what is paid for a card.
type Fee struct {
	// Set is what staff enter where somebody else sets the fee; nil otherwise.
	Set *broker.Money
	// Paid is paid now; the zero Money for nothing.
	Paid broker.Money
	// How is the method: cash, check …
	How string
}

// Papers are what somebody shows to get a card.
type Papers struct {
	// Met are the needs that were shown to be met.
	Met []attributes.CardNeed
	// Shown are the papers shown as proof of identity, in the words of
	// cards.accepted_id.
	Shown []string
}

// Application is one person's application for a card.
type Application struct {
	// Patron is the account to be made; its ID may be NoID. Household names the
	// group that shares its fee or card.
	Patron Patron
	// Number is the card's number, scanned from an unused card.
	Number string
	Papers
	// Guardian is the standing, as of today, of the adult who answers for a minor;
	// nil for nobody.
	Guardian *Standing
	Fee      Fee
	// Until shortens the card's life, for example to the day of leaving; zero does
	// not.
	Until broker.Date
	// Wrong is what the caller found wrong besides; it is told with the rest.
	Wrong []broker.FieldError
	Act
}

// Registered is the outcome of a registration or renewal.
type Registered struct {
	Patron  Patron
	Card    Card
	Charges []ledger.Entry
	// Passed are the reasons that were overridden.
	Passed []broker.Reason
	// Alike are accounts that were here before and may be of the same person.
	Alike []broker.ID
}

// Register gives somebody a card as the library's policy says: with what they
// showed, what it costs, until when it is good, and who answers for it. It
// refuses with every reason at once, and posts fee and deposit as charges; what
// is paid now is taken at once. A household that has paid does not pay again, and
// the card ends when the time paid for does.
func Register(ctx context.Context, tx *postgres.Tx, library directory.Library, document *policy.Document, in Application) (Registered, error) {
	patron := in.Patron
	if patron.Library, patron.RegisteredOn = library.ID, library.Today(in.Now); patron.ID == broker.NoID {
		patron.ID = broker.NewID()
	}
	if patron.CreatedAt.IsZero() {
		patron.CreatedAt = in.Now
	}
	wrong := append(Check(document, patron, patron.RegisteredOn), CheckNumber(library, document, "/card", in.Number)...)
	if wrong = append(wrong, in.Wrong...); wrong != nil {
		return Registered{}, broker.Invalid(wrong...)
	}
	ask, household, err := applicationOf(ctx, tx, library, document, patron, in)
	if err != nil {
		return Registered{}, err
	}
	decided, err := decide(tx, library, document, ask, patron, in.Fee, in.Act)
	if err != nil {
		return Registered{}, err
	}
	if decided.shared && !decided.expires.IsZero() {
		decided.expires = decided.expires.Earlier(household.PaidUntil)
	}
	if patron.ExpiresOn = decided.expires; !in.Until.IsZero() && (patron.ExpiresOn.IsZero() || in.Until.Before(patron.ExpiresOn)) {
		patron.ExpiresOn = in.Until
	}
	card := Card{
		Library: library.ID, ID: broker.NewID(), Realm: library.SharingGroup, Number: in.Number,
		Patron: patron.ID, CreatedAt: in.Now,
	}
	if err := SavePatron(tx, patron); err != nil {
		return Registered{}, err
	}
	alike, err := Alike(ctx, tx, library.ID, patron)
	if err != nil {
		return Registered{}, err
	}
	done := Registered{Patron: patron, Passed: decided.passed, Alike: alike[patron.ID]}
	if done.Charges, err = decided.post(ctx, tx, library, patron, "card:"+card.ID.String(), in.Fee, in.Act); err != nil {
		return Registered{}, err
	}
	for _, charge := range done.Charges {
		if charge.ChargeKind == Deposit {
			card.Deposit = charge.ID
		}
	}
	done.Card = card
	if err := SaveCard(tx, card); err != nil {
		return Registered{}, err
	}
	if in.Guardian != nil {
		if err := Link(tx, in.Guardian.Patron.Ref(), patron.Ref(), patron.RegisteredOn); err != nil {
			return Registered{}, err
		}
	}
	return done, nil
}

// Deposit and CardFee are the kinds of charge for cards.
const (
	Deposit = "deposit"
	CardFee = "card"
)

// applicationOf gathers what the policy needs to know about an application.
func applicationOf(ctx context.Context, tx *postgres.Tx, library directory.Library, document *policy.Document, patron Patron, in Application) (ask accounts.CardApplication, household Household, err error) {
	ask = accounts.CardApplication{Class: patron.Class, Met: in.Met, Shown: in.Shown}
	if age, known := patron.AgeOn(library.Today(in.Now)); known {
		ask.Age = rule.Some(age)
	}
	if in.Guardian != nil {
		facts := in.Guardian.Facts(library.Today(in.Now))
		ask.Guardian = &facts
	}
	if patron.Household == broker.NoID {
		return ask, household, nil
	}
	if household, err = lockHousehold(ctx, tx, library.ID, patron.Household); err != nil {
		return ask, household, err
	}
	ask.HouseholdPaid = !household.PaidUntil.IsZero() && !household.PaidUntil.Before(library.Today(in.Now))
	if accounts.CardsPer(document, patron.Class).Value != attributes.PerPerson {
		ask.Cards, err = householdCards(ctx, tx, library.ID, patron.Household)
	}
	return ask, household, err
}

// decided is what the policy says about a card, and what is to be posted for it.
type decided struct {
	expires      broker.Date
	fee, deposit broker.Money
	source       accounts.CardDecision
	passed       []broker.Reason
	// shared is set where a fee that the household paid before covers this card.
	shared bool
}

// decide asks the policy. A fee that is paid in full now counts as a need that is
// met.
func decide(tx *postgres.Tx, library directory.Library, document *policy.Document, ask accounts.CardApplication, patron Patron, fee Fee, act Act) (decided, error) {
	moment := policy.Moment{Now: act.Now, Calendar: library.Calendar}
	if fee.Paid.Minor > 0 || fee.How != "" {
		ask.PaysBy = fee.How
	}
	priced := accounts.MayHaveCard(document, moment, ask)
	first := ask
	first.HouseholdPaid = false
	alone := accounts.MayHaveCard(document, moment, first)
	answer := decided{expires: priced.Expires, fee: priced.Fee, deposit: priced.Deposit, source: priced}
	switch {
	case priced.FeeUnknown && fee.Set == nil:
		return decided{}, broker.Invalid(broker.FieldError{Pointer: "/fee", Code: "required", Message: "must be entered: it is not the library that sets it"})
	case priced.FeeUnknown:
		answer.fee = *fee.Set
	}
	answer.shared = ask.HouseholdPaid && alone.Fee.Minor > priced.Fee.Minor
	if total := answer.fee.Plus(answer.deposit); fee.Paid.Minor >= total.Minor {
		ask.Met = append(slices.Clone(ask.Met), attributes.NeedPayment)
	}
	decision := accounts.MayHaveCard(document, moment, ask)
	standing, passed, err := act.passOver(tx, patron.Ref(), "card", decision.Reasons)
	if err != nil {
		return decided{}, err
	}
	if len(standing) > 0 {
		return decided{}, broker.Refused("may_not_have_card", "May not "+decision.Question+".", standing...)
	}
	answer.passed = passed
	return answer, nil
}

// passOver separates the reasons that stand from those the actor overrides, and
// records each of the latter.
func (act Act) passOver(tx *postgres.Tx, patron Ref, about rule.Action, reasons []broker.Reason) (standing, passed []broker.Reason, err error) {
	if standing, passed = PassOver(reasons, act.PassOver, act.Actor); len(standing) > 0 {
		return standing, nil, nil
	}
	for _, reason := range passed {
		err := RecordOverride(tx, Override{
			Library: patron.Library, Patron: patron.ID, Action: about, Code: reason.Code, Rule: reason.Rule,
			Reason: act.Why, Actor: act.Actor, At: act.Now,
		})
		if err != nil {
			return nil, nil, err
		}
	}
	return nil, passed, nil
}

// post charges fee and deposit and takes what was paid; cause names the card or
// the renewal, so that the same is never charged twice.
func (d *decided) post(ctx context.Context, tx *postgres.Tx, library directory.Library, patron Patron, cause string, fee Fee, act Act) ([]ledger.Entry, error) {
	account := Account(library, patron.Ref())
	var charges []ledger.Entry
	for _, due := range []struct {
		kind   string
		amount broker.Money
	}{{CardFee, d.fee}, {Deposit, d.deposit}} {
		if due.amount.Minor == 0 {
			continue
		}
		entry, err := ledger.Post(tx, ledger.Charge{
			Account: account, Kind: due.kind, Amount: due.amount, Cause: cause + ":" + due.kind,
			Rule: d.source.Rule, Clause: d.source.Source, Actor: act.Actor, At: act.Now,
		})
		if err != nil {
			return nil, err
		}
		charges = append(charges, entry)
	}
	if d.fee.Minor > 0 && patron.Household != broker.NoID {
		payHousehold(tx, library.ID, patron.Household, paidUntil(d.expires, library.Today(act.Now)))
	}
	if fee.Paid.Minor == 0 {
		return charges, nil
	}
	_, err := ledger.Pay(ctx, tx, ledger.Payment{
		Account: account, Amount: fee.Paid, Cause: cause + ":paid", Note: fee.How, Actor: act.Actor, At: act.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("take the payment for a card: %w", err)
	}
	return charges, nil
}

// paidUntil is the last day a household's fee covers: the card's, or a year.
func paidUntil(expires, today broker.Date) broker.Date {
	if expires.IsZero() {
		return today.AddMonths(12)
	}
	return expires
}
