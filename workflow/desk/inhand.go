package desk

import (
	"context"
	"time"

	"afield/broker"
	"afield/broker/acts"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow/desk/counter"
	"afield/workflow/requests/engine"
)

// shown is what was presented at a desk: a barcode, and a card or a patron.
type shown struct {
	barcode string
	card    string
	patron  broker.ID
	proxy   string // the card of who takes it for the patron
}

// inHand is what a desk knows before it acts, asked in one round trip. What was
// not found has the id NoID.
type inHand struct {
	desk   standing.Desk
	item   catalog.Item
	patron patrons.Patron
	card   patrons.Card
	proxy  patrons.Patron
	// loan is the one the item is out on.
	loan loans.Loan
	// touched are the requests that the act may move.
	touched []standing.RequestRef
}

// look finds out everything about what is presented at a desk.
func (s *Service) look(ctx context.Context, tx *postgres.Tx, at counter.At, in shown) (inHand, error) {
	var found inHand
	desk, err := s.counter.DeskAsking(ctx, tx, at, func(site *directory.Site) {
		found = inHand{}
		realm, patron := site.SharingGroup, patrons.Ref{}
		switch {
		case in.card != "":
			patrons.AskByCard(tx, realm, in.card, &found.patron, &found.card)
		case in.patron != broker.NoID:
			patron = patrons.Ref{Library: at.Library, ID: in.patron}
			patrons.Ask(tx, patron, &found.patron)
		}
		if in.proxy != "" {
			patrons.AskByCard(tx, realm, in.proxy, &found.proxy, &patrons.Card{})
		}
		catalog.AskItemByBarcode(tx, realm, in.barcode, &found.item)
		loans.AskInHand(tx, loans.InHand{Realm: realm, Barcode: in.barcode, Card: in.card, Patron: patron}, &found.loan, &found.touched)
	})
	if err != nil {
		return found, err
	}
	found.desk = desk
	return found, nil
}

// borrower is the patron who was shown, by a card or without one. A card that was
// stopped is refused, whatever other cards the patron has.
func (f inHand) borrower(card string) (patrons.Patron, error) {
	mistaken := f.desk.Library.NotTaken("/card", card, directory.CardNumbers)
	switch {
	case f.patron.ID == broker.NoID && len(mistaken) > 0:
		return f.patron, broker.Invalid(mistaken...)
	case f.patron.ID == broker.NoID && card != "":
		return f.patron, broker.NotFound("card")
	case f.patron.ID == broker.NoID:
		return f.patron, broker.NotFound("patron")
	case card != "":
		return f.patron, f.card.Usable()
	}
	return f.patron, nil
}

// lockServed locks the requests that an act on an item may move, before the
// patron and the item, and then reads the item again, now that nobody else can
// move it. Mostly no request is concerned, and there is nothing to lock.
func (s *Service) lockServed(ctx context.Context, tx *postgres.Tx, found *inHand) error {
	if len(found.touched) == 0 {
		return nil
	}
	if err := engine.Lock(ctx, tx, found.touched...); err != nil {
		return err
	}
	return found.lookAgain(ctx, tx)
}

// lookAgain reads an item and its loan.
func (f *inHand) lookAgain(ctx context.Context, tx *postgres.Tx) (err error) {
	if f.item, err = catalog.LoadItem(ctx, tx, f.item.Library, f.item.ID, false); err != nil {
		return err
	}
	f.loan, err = loans.OfItem(ctx, tx, f.item.Ref())
	if broker.IsKind(err, broker.KindNotFound) {
		return nil
	}
	return err
}

// asOf is the act at the time that its scan says for itself, where the desk was off
// line; zero leaves it at now. What it does then counts from that time.
func (s *Service) asOf(ctx context.Context, tx *postgres.Tx, at counter.At, found *inHand, scanned time.Time) (counter.At, error) {
	if scanned.IsZero() {
		return at, nil
	}
	last := found.loan.StartedAt
	if found.item.ID != broker.NoID {
		act, err := acts.LastOf(ctx, tx, at.Library, found.item.ID)
		if err != nil {
			return at, err
		}
		if act.At.After(last) {
			last = act.At
		}
	}
	document, err := s.counter.Policies.Rules(found.desk)
	if err != nil {
		return at, err
	}
	match := rule.Match{Owner: found.desk.OwnerOf(found.item), Item: found.item.Type}
	if err := lending.ScannedAt(document, found.desk.Moment(), match, scanned, last); err != nil {
		return at, err
	}
	at.Now, found.desk.Now = scanned, scanned
	return at, nil
}

// holding is what the desk has in hand when an item is known by its id, for a
// patron (zero for none).
func holding(ctx context.Context, tx *postgres.Tx, desk standing.Desk, item catalog.Item, patron patrons.Patron) (found inHand, err error) {
	found = inHand{desk: desk, item: item, patron: patron}
	if found.touched, err = loans.RequestsTouched(ctx, tx, item.Ref(), patron.Ref()); err != nil {
		return found, err
	}
	return found, found.lookAgain(ctx, tx)
}
