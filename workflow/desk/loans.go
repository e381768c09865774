package desk

import (
	"context"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/holds"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/costs"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow"
	"afield/workflow/desk/counter"
	"afield/workflow/requests"
	"afield/workflow/requests/engine"
)

// CheckOut is an item and the patron it is for, by card or id.
type CheckOut struct {
	Barcode string
	Card    string
	Patron  broker.ID
	// Due is a due date that staff chose; zero follows the policy.
	Due broker.Date
	// HandedTo is the card of the proxy who takes it for the patron, or "".
	HandedTo string
	// ByOther means that somebody without a card of their own takes it on the
	// patron's card.
	ByOther bool
	// Shown is how the patron was identified where no card was read: photo_id,
	// or policy/lending.ShownNothing. Empty skips the check, for a program that
	// vouches for its own desks.
	Shown string
	// ScannedAt is when it was scanned, where that is entered later; zero is now. The
	// loan begins then.
	ScannedAt time.Time
	// TakeBack takes an item that is still on an account back first, by the rules of
	// whoever has it there, and lends it then.
	TakeBack bool
	// Overrides are codes of reasons to pass over, where the role allows it, and
	// Reason why, in words.
	Overrides []string
	Reason    string
	// Brief is the record to make where nothing has the barcode: an item at hand
	// that was never catalogued. It is kept only if the item is lent.
	Brief *BriefRecord
}

// identifiedBy is how the patron was identified: by the card that was read, or
// otherwise.
func (in CheckOut) identifiedBy() string {
	if in.Card != "" {
		return lending.ShownCard
	}
	return in.Shown
}

// BriefRecord is what staff note of an item that is not catalogued.
type BriefRecord struct {
	Title string
	// Type is the material type; empty means book.
	Type string
}

// CheckOut lends an item. An item that waits for an ILL request is lent for it,
// with the lender's due date; it is refused with every reason otherwise.
func (s *Service) CheckOut(ctx context.Context, tx *postgres.Tx, at counter.At, in CheckOut) (counter.Done, error) {
	return s.counter.Acting(ctx, tx, at, func() (counter.Done, error) { return s.checkOut(ctx, tx, at, in) })
}

func (s *Service) checkOut(ctx context.Context, tx *postgres.Tx, at counter.At, in CheckOut) (counter.Done, error) {
	found, err := s.look(ctx, tx, at, shown{barcode: in.Barcode, card: in.Card, patron: in.Patron, proxy: in.HandedTo})
	if err != nil {
		return counter.Done{}, err
	}
	patron, err := found.borrower(in.Card)
	if err != nil {
		return counter.Done{}, err
	}
	if found.item.ID == broker.NoID {
		if in.Brief == nil {
			return counter.Done{}, broker.NotFound("item")
		}
		item, err := s.briefItem(ctx, tx, found.desk, in.Barcode, *in.Brief)
		if err != nil {
			return counter.Done{}, err
		}
		proxy := found.proxy
		if found, err = holding(ctx, tx, found.desk, item, patron); err != nil {
			return counter.Done{}, err
		}
		found.proxy = proxy
	}
	in.Shown = in.identifiedBy()
	return s.lend(ctx, tx, at, found, in)
}

// briefItem makes the record of an item that is not catalogued, to be lent at
// once.
func (s *Service) briefItem(ctx context.Context, tx *postgres.Tx, desk standing.Desk, barcode string, brief BriefRecord) (catalog.Item, error) {
	document, err := s.counter.Policies.Rules(desk)
	if err != nil {
		return catalog.Item{}, err
	}
	wrong := append(catalog.CheckItem(document.Items(), catalog.Item{Barcode: barcode, Type: brief.Type, Parts: 1}),
		desk.Library.NotTaken("/barcode", barcode, directory.ItemNumbers)...)
	if wrong != nil {
		return catalog.Item{}, broker.Invalid(underBrief(wrong)...)
	}
	title, err := catalog.SaveTitle(ctx, tx, catalog.Title{Realm: desk.Library.SharingGroup, Title: brief.Title}, desk.Now)
	if err != nil {
		return catalog.Item{}, err
	}
	item := catalog.Item{
		Library: desk.Library.ID, ID: broker.NewID(), Realm: desk.Library.SharingGroup, Barcode: barcode, Title: title,
		Branch: desk.Branch, Type: brief.Type, Lendable: true, Brief: true,
	}
	catalog.SaveItem(tx, item, desk.Now)
	return catalog.LoadItem(ctx, tx, item.Library, item.ID, false)
}

// underBrief names the fields of a record that is made at the checkout.
func underBrief(wrong []broker.FieldError) []broker.FieldError {
	for i, problem := range wrong {
		if problem.Pointer != "/barcode" {
			wrong[i].Pointer = "/brief" + problem.Pointer
		}
	}
	return wrong
}

func (s *Service) lend(ctx context.Context, tx *postgres.Tx, at counter.At, found inHand, in CheckOut) (counter.Done, error) {
	if found.item.Temporary() && found.item.Library != at.Library {
		return counter.Done{}, broker.Conflict("not_lent_here", "That item was borrowed by another library of the catalogue; it is lent at that library's desk.")
	}
	if in.HandedTo != "" && found.proxy.ID == broker.NoID {
		return counter.Done{}, broker.NotFound("card")
	}
	if err := s.lockServed(ctx, tx, &found); err != nil {
		return counter.Done{}, err
	}
	at, err := s.asOf(ctx, tx, at, &found, in.ScannedAt)
	if err != nil {
		return counter.Done{}, err
	}
	back, err := s.takeBackFirst(ctx, tx, at, &found, in)
	if err != nil {
		return counter.Done{}, err
	}
	waits, err := s.waitingFor(ctx, tx, found)
	if err != nil {
		return counter.Done{}, err
	}
	outcome, err := s.counter.Loans.CheckOut(ctx, tx, loans.CheckOut{
		Desk: found.desk, Item: found.item.Ref(), Patron: found.patron.Ref(), Request: waits.request, LenderDue: waits.due, Due: in.Due, Recalled: waits.recalled,
		LenderFine: waits.fine, For: waits.patron, GoesHome: waits.goesHome, HandedTo: found.proxy.ID, ByOther: in.ByOther, Shown: in.Shown,
		Overriding: standing.Overriding{Overrides: in.Overrides, Reason: in.Reason},
	})
	if err != nil {
		return counter.Done{}, err
	}
	if err := s.counter.Follow(ctx, tx, at, outcome, workflow.EventCheckOut, workflow.Input{"due_on": outcome.Loan.DueOn}); err != nil {
		return counter.Done{}, err
	}
	switch found.item.Status {
	case catalog.Missing, catalog.Lost, catalog.Withdrawn: // a copy that nobody expected is there
		if err := s.counter.WatchItem(ctx, tx, at, outcome); err != nil {
			return counter.Done{}, err
		}
	case catalog.OnShelf, catalog.OnHoldShelf, catalog.OnLoan, catalog.InTransit, catalog.Received, catalog.GoneHome, catalog.OnOrder, catalog.InProcess:
	}
	done := counter.DoneOf("checked_out", outcome)
	if back.Message != "" {
		done.Message = back.Message + " " + done.Message
		done.Charged, done.TakenBack = append(back.Charged, done.Charged...), append(back.TakenBack, done.TakenBack...)
		done.Refund = back.Refund
	}
	return done, nil
}

// takeBackFirst takes back what is in hand and yet on an account, where staff or
// the policy say so: it cannot be with two patrons. Otherwise it refuses, and
// says which loan it is and what to do. A loan that the same patron has open is
// for renewing, not for this.
func (s *Service) takeBackFirst(ctx context.Context, tx *postgres.Tx, at counter.At, found *inHand, in CheckOut) (counter.Done, error) {
	loan := found.loan
	same := loan.Patron == found.patron.Ref() && loan.Status == loans.Open && loan.ClaimedAt.IsZero()
	if loan.ID == broker.NoID || same {
		return counter.Done{}, nil
	}
	document, err := s.counter.Policies.Rules(found.desk)
	if err != nil {
		return counter.Done{}, err
	}
	if !in.TakeBack && !lending.TakesBackFirst(document, loan.MatchOf(found.item)).Value {
		refused := broker.Conflict("already_on_loan",
			"That item is already on loan: take it back first, or give take_back to do both at once.")
		refused.Reasons = []broker.Reason{{
			Code: "already_on_loan", Message: "It is still on an account.",
			Needed: "an item that nobody has", Found: "loan " + loan.ID.String() + ", " + string(loan.Status) + ", due " + loan.DueOn.String(),
		}}
		return counter.Done{}, refused
	}
	done, err := s.takeIn(ctx, tx, at, *found, Handed{})
	if err != nil {
		return done, err
	}
	proxy := found.proxy
	*found, err = holding(ctx, tx, found.desk, found.item, found.patron)
	found.proxy = proxy
	return done, err
}

// waiting is the request an item waits for, with the terms of its lender.
type waiting struct {
	request standing.RequestRef
	due     broker.Date
	fine    *costs.LenderFine
	// recalled tells that its lender wants it back already.
	recalled bool
	// patron is the one whom a borrowed copy came for, goesHome whether it is to be
	// lent to nobody any more.
	patron   patrons.Ref
	goesHome bool
}

// waitingFor finds the request an item waits for, by the item and not by title
// and patron: two open requests of one title keep their own due dates.
func (s *Service) waitingFor(ctx context.Context, tx *postgres.Tx, found inHand) (waiting, error) {
	item := found.item
	switch {
	case len(found.touched) == 0:
		return waiting{}, nil
	case !item.Temporary():
		hold, err := holds.OfItem(ctx, tx, item.Ref())
		if broker.IsKind(err, broker.KindNotFound) || (err == nil && hold.Request == broker.NoID) {
			return waiting{}, nil
		}
		return waiting{request: standing.RequestRef{Library: hold.Patron.Library, Request: hold.Request}}, err
	}
	request, err := s.counter.Requests.Load(ctx, tx, item.Library, item.Request)
	if err != nil {
		return waiting{}, err
	}
	if request.LenderDueOn.IsZero() && request.ClosedAt.IsZero() {
		return waiting{}, broker.Conflict("no_due_date", "The lender has not said when this item is due; record its due date first.")
	}
	table := s.counter.Requests.Table(request.Side)
	place, _ := table.Place(request.State)
	return waiting{
		request: standing.RequestRef{Library: item.Library, Request: item.Request}, due: request.LenderDueOn, fine: request.LenderFine(),
		recalled: request.Recalled,
		patron:   patrons.Ref{Library: request.LibraryID, ID: request.PatronID},
		goesHome: !table.Takes(request.State, workflow.EventCheckOut) || (request.Recalled && !place.Serves),
	}, nil
}

// Renewal is a loan to be kept longer.
type Renewal struct {
	Loan broker.ID
	// Channel is how the renewal is asked for; empty skips that check.
	Channel rule.Channel
	// Given is how whoever asks was identified, in the words of
	// loans.renewal_identity.
	Given []string
	// Overrides are codes of reasons to pass over, and Reason why.
	Overrides []string
	Reason    string
}

// Renew renews a loan: our own items at once, a borrowed one by asking its
// lender (pending is true then).
func (s *Service) Renew(ctx context.Context, tx *postgres.Tx, at counter.At, loan broker.ID, overrides []string) (done counter.Done, pending bool, err error) {
	return s.RenewAs(ctx, tx, at, Renewal{Loan: loan, Overrides: overrides})
}

// RenewAs is Renew with how the renewal is asked for, and why a rule is passed
// over.
func (s *Service) RenewAs(ctx context.Context, tx *postgres.Tx, at counter.At, in Renewal) (done counter.Done, pending bool, err error) {
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return counter.Done{}, false, err
	}
	found, err := loans.ByID(ctx, tx, loans.Ref{Library: at.Library, ID: in.Loan})
	if err != nil {
		return counter.Done{}, false, err
	}
	if at.Actor.Kind == broker.ActorPatron && found.Patron.ID != at.Actor.ID {
		return counter.Done{}, false, broker.NotFound("loan")
	}
	if err := s.losesFirst(ctx, tx, at, desk, found); err != nil {
		return counter.Done{}, false, err
	}
	if found.Terms.Owner != rule.OwnerILL || found.Serves() == nil {
		outcome, err := s.counter.Loans.Renew(ctx, tx, loans.Renew{
			Desk: desk, Loan: found.Ref, Channel: in.Channel, Given: in.Given,
			Overriding: standing.Overriding{Overrides: in.Overrides, Reason: in.Reason},
		})
		if err != nil {
			return counter.Done{}, false, err
		}
		return counter.DoneOf("renewed", outcome), false, nil
	}
	if found.Status != loans.Open {
		return counter.Done{}, false, broker.Conflict("not_on_loan", "That loan is %s.", found.Status)
	}
	if err := s.speaksFor(tx, desk, found, in); err != nil {
		return counter.Done{}, false, err
	}
	by := workflow.ByStaff
	if at.Actor.Kind == broker.ActorPatron {
		by = workflow.ByPatron
	}
	served := found.Serves()
	fired, err := s.counter.Requests.Fire(ctx, tx, at.Now, engine.Firing{
		Library: served.Library, Request: served.Request, Event: workflow.EventRenew,
		By: by, Actor: at.Actor, Cause: engine.Cause{Kind: "desk"}, Overriding: standing.Overriding{Overrides: in.Overrides, Reason: in.Reason},
	})
	if err != nil {
		return counter.Done{}, false, err
	}
	return counter.Done{
		Did: "renewal_asked", Message: "The lender is asked; the due date stays until it answers.", Loan: &found,
		Item: found.Item.ID, Request: served.Request, DueOn: found.DueOn, Undo: string(workflow.EventUndo), Notes: fired[0].Notes,
	}, true, nil
}

// speaksFor refuses a renewal of a borrowed copy to somebody who has not been
// identified; the rest is for the request's own rules and the lender.
func (s *Service) speaksFor(tx *postgres.Tx, desk standing.Desk, loan loans.Loan, in Renewal) error {
	document, err := s.counter.Policies.Rules(desk)
	if err != nil {
		return err
	}
	decision := lending.MaySpeakFor(document, policy.Moment{Now: desk.Now, Calendar: desk.Library.Calendar}, lending.Renewal{
		Owner: loan.Terms.Owner, Item: loan.Terms.Item, Channel: in.Channel, Given: in.Given,
	})
	over := standing.Overriding{Overrides: in.Overrides, Reason: in.Reason}
	left, _, err := over.PassOver(tx, desk, rule.ActionRenew, loan.Patron, loan.ID, decision.Reasons)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return decision.Err("may_not_renew")
	}
	return nil
}

// Act does an action of a request's table. What lends or takes back an item is
// lent or returned first; everything else is fired as it is.
func (s *Service) Act(ctx context.Context, tx *postgres.Tx, at counter.At, act requests.Act) (engine.Fired, error) {
	switch act.Action {
	case workflow.EventCheckOut, workflow.EventReturn:
		if at.Actor.Kind != broker.ActorStaff {
			return engine.Fired{}, broker.Forbidden("%q happens at the desk.", act.Action.Words())
		}
		return s.actOnItem(ctx, tx, at, act)
	case workflow.EventHoldNotFound:
		return s.Queue.CopyNotFound(ctx, tx, at, act)
	}
	return s.counter.Requests.Act(ctx, tx, at.Now, at.Actor, act)
}

func (s *Service) actOnItem(ctx context.Context, tx *postgres.Tx, at counter.At, act requests.Act) (engine.Fired, error) {
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return engine.Fired{}, err
	}
	if _, err := workflow.Read(nil, act.Body); err != nil {
		return engine.Fired{}, err
	}
	request, err := s.counter.Requests.Load(ctx, tx, act.Library, act.Request)
	if err != nil {
		return engine.Fired{}, err
	}
	if act.Side != "" && request.Side != act.Side {
		return engine.Fired{}, broker.NotFound("request")
	}
	if request.Side != workflow.SideBorrowing {
		return engine.Fired{}, broker.NotFound("action " + string(act.Action))
	}
	if act.ExpectVersion != 0 && act.ExpectVersion != request.Version {
		return engine.Fired{}, broker.Conflict("changed_meanwhile", "The request has changed since you looked at it.")
	}
	item, err := s.itemOf(ctx, tx, request)
	if err != nil {
		return engine.Fired{}, err
	}
	if act.Action == workflow.EventReturn {
		err = s.takeBack(ctx, tx, at, desk, item)
	} else {
		err = s.lendFor(ctx, tx, at, desk, item, request)
	}
	if err != nil {
		return engine.Fired{}, err
	}
	after, err := s.counter.Requests.Load(ctx, tx, act.Library, act.Request)
	return engine.Fired{Request: after}, err
}

func (s *Service) takeBack(ctx context.Context, tx *postgres.Tx, at counter.At, desk standing.Desk, item catalog.Item) error {
	found, err := holding(ctx, tx, desk, item, patrons.Patron{})
	if err == nil {
		err = s.lockServed(ctx, tx, &found)
	}
	if err == nil {
		_, err = s.takeIn(ctx, tx, at, found, Handed{})
	}
	return err
}

// lendFor lends the item of a request to its patron.
func (s *Service) lendFor(ctx context.Context, tx *postgres.Tx, at counter.At, desk standing.Desk, item catalog.Item, request *engine.Request) error {
	if request.PatronID == broker.NoID {
		return broker.Conflict("no_patron", "The request has no patron any more.")
	}
	patron, err := patrons.ByID(ctx, tx, patrons.Ref{Library: request.LibraryID, ID: request.PatronID})
	if err != nil {
		return err
	}
	found, err := holding(ctx, tx, desk, item, patron)
	if err != nil {
		return err
	}
	_, err = s.lend(ctx, tx, at, found, CheckOut{})
	return err
}

// itemOf finds the item of a request: the temporary one, or the copy its hold
// or loan has.
func (s *Service) itemOf(ctx context.Context, tx *postgres.Tx, request *engine.Request) (catalog.Item, error) {
	item, err := catalog.ItemOfRequest(ctx, tx, request.LibraryID, request.ID, false)
	if err == nil || !broker.IsKind(err, broker.KindNotFound) {
		return item, err
	}
	ref := standing.RequestRef{Library: request.LibraryID, Request: request.ID}
	if hold, err := holds.OfRequest(ctx, tx, ref); err == nil && hold.Item != broker.NoID {
		return catalog.LoadItem(ctx, tx, hold.Library, hold.Item, false)
	}
	lent, err := loans.OfRequest(ctx, tx, request.LibraryID, request.ID)
	if err != nil {
		return catalog.Item{}, err
	}
	for _, loan := range lent {
		if loan.Status != loans.Returned {
			return catalog.LoadItem(ctx, tx, loan.Item.Library, loan.Item.ID, false)
		}
	}
	return catalog.Item{}, broker.Conflict("no_item", "No item is here for this request.")
}
