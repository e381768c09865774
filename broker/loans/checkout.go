package loans

import (
	"context"
	"fmt"
	"slices"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/holds"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/accounts"
	"afield/broker/policy/costs"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// CheckOut is a patron borrowing an item at a desk.
type CheckOut struct {
	Desk   standing.Desk
	Item   catalog.Ref
	Patron patrons.Ref
	// Request is the request it serves; zero for none.
	Request standing.RequestRef
	// LenderDue is the lender's due date of a borrowed copy; the patron's is the
	// last open day on or before it.
	LenderDue broker.Date
	// Recalled tells that the lender of a borrowed copy wants it back already: the
	// patron has it no longer than after a recall.
	Recalled bool
	// LenderFine is what the lender charges for lateness, if it said.
	LenderFine *costs.LenderFine
	// For is the patron whom a borrowed copy came for; zero for the library's own.
	For patrons.Ref
	// GoesHome tells that a borrowed copy is to go back to its lender, and to be
	// lent to nobody.
	GoesHome bool
	// Due sets the due date outright (staff, or a date agreed with the lender).
	Due broker.Date
	// HandedTo is the proxy who takes it for the patron, of the patron's library;
	// NoID where the patron does.
	HandedTo broker.ID
	// ByOther tells that somebody else takes it on the patron's card and shows no
	// card of their own.
	ByOther bool
	// Shown is how the patron was identified at the desk (lending.Checkout.Shown).
	Shown string
	standing.Overriding
}

// checkoutFacts is what the desk must know before it lends.
type checkoutFacts struct {
	standing  standing.Facts
	item      catalog.Item
	open      Loan
	captured  holds.Hold // the hold the item is kept for
	own       holds.Hold // the patron's own hold for its title
	transit   holds.Transit
	out       []lending.OutItem
	permitted bool // by the patron it is kept for
	proxy     bool // whoever takes it is the patron's proxy
	home      directory.CardHome
}

func askCheckout(tx *postgres.Tx, in CheckOut, facts *checkoutFacts) {
	today := in.Desk.Today()
	standing.Ask(tx, in.Desk.Library, today, in.Patron, &facts.standing)
	holds.AskItemAndKept(tx, in.Item, in.Patron, &facts.item)
	AskOutOn(tx, in.Item, &facts.open)
	holds.AskCaptured(tx, in.Item, &facts.captured)
	holds.AskOwn(tx, in.Item, in.Patron, &facts.own)
	holds.AskTransit(tx, in.Item, &facts.transit)
	askOut(tx, in.Patron, &facts.out)
	holds.AskPermission(tx, in.Item, in.Patron, today, &facts.permitted)
	if in.HandedTo != broker.NoID {
		patrons.AskProxy(tx, in.Patron, patrons.Ref{Library: in.Patron.Library, ID: in.HandedTo}, today, &facts.proxy)
	}
	if in.Patron.Library != in.Desk.Library.ID {
		directory.AskCardHome(tx, in.Patron.Library, in.Desk.Library.ID, &facts.home)
	}
}

// CheckOut lends an item. It refuses (refused, code may_not_check_out) with
// every reason of the policy at once; an item that is out is the conflict
// already_on_loan, one that cannot be lent from where it is the conflict
// item_not_available. Of two desks at the same instant one succeeds; so does
// one of two checkouts where the limit allows one more item. The same scan
// again within seconds gives the loan it made, and renews nothing.
func (c *Service) CheckOut(ctx context.Context, tx *postgres.Tx, in CheckOut) (Outcome, error) {
	if err := in.Request.BelongsTo(in.Patron); err != nil {
		return Outcome{}, err
	}
	var facts checkoutFacts
	askCheckout(tx, in, &facts)
	if err := tx.Flush(ctx); err != nil {
		return Outcome{}, fmt.Errorf("read for a checkout: %w", err)
	}
	if facts.standing.Patron.ID == broker.NoID {
		return Outcome{}, broker.NotFound("patron")
	}
	if out, done, err := facts.state(in); done || err != nil {
		return out, err
	}
	document, err := c.RulesFor(ctx, tx, in.Desk, facts.standing.Patron.Ref())
	if err != nil {
		return Outcome{}, err
	}
	if err := facts.standing.AsOfToday(ctx, tx, standing.LendersFrom(in.Desk)); err != nil {
		return Outcome{}, err
	}
	notGood, err := c.notGoodHere(document, in, facts)
	if err != nil {
		return Outcome{}, err
	}
	passed, notes, err := facts.allowed(document, in, notGood)
	if err != nil {
		return Outcome{}, err
	}
	facts.standing.Latch(tx, in.Desk, document)
	loan := facts.loan(document, in)
	addLoan(tx, loan)
	if err := in.Record(tx, in.Desk, rule.ActionCheckout, in.Patron, loan.ID, passed); err != nil {
		return Outcome{}, err
	}
	patrons.TouchActive(tx, in.Patron, in.Desk.Today())
	var out Outcome
	out.Warnings, out.NextAct = slices.Concat(passed, notes), standing.GiveToPatron
	out.Say("Lent until %s.", loan.DueOn)
	facts.sayFound(&out)
	for _, reason := range passed {
		out.Say("Passed over: %s", reason.Message)
	}
	out.SetLoan(loan)
	if err := c.fulfil(ctx, tx, in, facts, &out); err != nil {
		return Outcome{}, err
	}
	facts.item.Status = catalog.OnLoan
	catalog.SetItemStatus(tx, facts.item.Library, facts.item.ID, catalog.OnLoan)
	out.SetItem(facts.item)
	out.LookAt(facts.item)
	return out, nil
}

// state answers what needs no policy: no such item, already out, not where it
// can be lent from.
func (f checkoutFacts) state(in CheckOut) (out Outcome, done bool, err error) {
	switch {
	case f.item.ID == broker.NoID:
		return out, false, broker.NotFound("item")
	case f.open.ID != broker.NoID && sameScan(f.open, in):
		out.Replayed, out.NextAct = true, standing.GiveToPatron
		out.Say("Already lent to this patron, until %s.", f.open.DueOn)
		out.SetLoan(f.open)
		out.SetItem(f.item)
		return out, true, nil
	case f.open.ID != broker.NoID && f.open.Patron == in.Patron:
		return out, false, broker.Conflict("already_on_loan", "This patron has that item on loan, until %s. Renew it instead.", f.open.DueOn)
	case f.open.ID != broker.NoID:
		return out, false, broker.Conflict("already_on_loan", "That item is already on loan.")
	case !f.placeable(in):
		return out, false, broker.Conflict("item_not_available",
			"That item cannot be lent from where it is recorded: it is %s. Scan it without a card: that says what is due with it.", f.item.Status.Words())
	}
	return out, false, nil
}

// sayFound tells that an item in hand is not where it was recorded to be.
func (f checkoutFacts) sayFound(out *Outcome) {
	switch f.item.Status {
	case catalog.Missing, catalog.Lost:
		out.Say("It was marked %s; it is found.", f.item.Status.Words())
	case catalog.OnOrder, catalog.InProcess:
		out.Say("It was %s; it is here.", f.item.Status.Words())
	case catalog.Withdrawn:
		out.Say("It was withdrawn; it is in use again.")
	case catalog.InTransit:
		out.Say("Its journey has ended.")
	case catalog.OnShelf, catalog.OnHoldShelf, catalog.OnLoan, catalog.Received, catalog.GoneHome:
	}
}

// heldForOther tells whether the item is kept for, or on its way to, somebody
// else, or was borrowed for somebody else.
func (f checkoutFacts) heldForOther(in CheckOut) bool {
	if f.item.Temporary() && in.For.ID != broker.NoID {
		return in.For != in.Patron
	}
	return f.captured.ID != broker.NoID && f.captured.Patron != in.Patron
}

// notGoodHere asks the policy of the library that issued the card whether it is
// accepted at this desk. A library that borrows has no card.
func (c *Service) notGoodHere(document *policy.Document, in CheckOut, facts checkoutFacts) ([]broker.Reason, error) {
	if facts.standing.Patron.Class == patrons.ClassLibrary {
		return nil, nil
	}
	places := []string{accounts.AtOwn, in.Desk.BranchCode}
	if in.Patron.Library != in.Desk.Library.ID {
		home := directory.Library{ID: in.Patron.Library, Policy: facts.home.Policy, Zone: in.Desk.Library.Zone}
		var err error
		if document, err = c.Policies(home, broker.NoID, in.Desk.Today()); err != nil {
			return nil, err
		}
		places = facts.home.Here
	}
	places = slices.DeleteFunc(places, func(place string) bool { return place == "" })
	return accounts.MayUseCardAt(document, in.Desk.Moment(), facts.standing.Patron.Match(in.Desk.Today()), places...).Reasons, nil
}

// bearer is who takes the item.
func (f checkoutFacts) bearer(in CheckOut) policy.Bearer {
	switch {
	case in.HandedTo != broker.NoID && f.proxy:
		return policy.BearerProxy
	case in.HandedTo != broker.NoID || in.ByOther:
		return policy.BearerOther
	}
	return policy.BearerHolder
}

// allowed asks the policy, and gives the reasons that were overridden and what
// staff should know.
func (f checkoutFacts) allowed(document *policy.Document, in CheckOut, notGood []broker.Reason) (passed, notes []broker.Reason, err error) {
	decision := lending.MayCheckOut(document, in.Desk.Moment(), lending.Checkout{
		Patron: f.standing.Facts(in.Desk.Today()), Owner: in.Desk.OwnerOf(f.item), Item: f.item.Type, Audience: f.item.Audience, Age: f.item.AgeMark,
		Lendable: f.item.Lendable, HeldForOther: f.heldForOther(in), Permission: f.permitted, GoesHome: in.GoesHome,
		OnItsWay: f.item.Status == catalog.InTransit, Withdrawn: f.item.Status == catalog.Withdrawn,
		LenderDue: in.LenderDue, Due: in.Due, Out: f.out,
		Shown: in.Shown, Bearer: f.bearer(in),
	})
	standing, passed := in.Split(append(decision.Reasons, notGood...), in.Desk.Actor, f.captured.Request == broker.NoID || f.item.Temporary())
	if len(standing) > 0 {
		decision.Reasons, decision.Allowed = standing, false
		return nil, nil, decision.Err("may_not_check_out")
	}
	return passed, decision.Notes, nil
}

func (f checkoutFacts) match(in CheckOut) rule.Match {
	return rule.Match{
		Owner: in.Desk.OwnerOf(f.item), Class: f.standing.Patron.Class, PatronAge: f.standing.Facts(in.Desk.Today()).Age,
		Item: f.item.Type, Audience: f.item.Audience, Age: f.item.AgeMark,
	}
}

func (f checkoutFacts) loan(document *policy.Document, in CheckOut) Loan {
	match := f.match(in)
	due, set := in.Due, in.Due
	if due.IsZero() {
		due, set = lending.DueAtCheckout(document, in.Desk.Moment(), match, in.LenderDue), lending.SetDue(document, in.Desk.Moment(), match, in.LenderDue)
	}
	var recalledOn broker.Date
	var times []costs.Period
	if in.Recalled {
		recalledOn = in.Desk.Today()
		by := lending.RecallDue(document, in.Desk.Moment(), match, broker.Date{}).Value
		due = due.Earlier(by)
		times = []costs.Period{{Set: set, SetAt: in.Desk.Now, Recalled: by, Due: due}}
	}
	request := in.Request.Request
	if request == broker.NoID {
		request = f.heldFor(in).Request
	}
	facts := costs.LoanFacts{Match: match, LenderDue: in.LenderDue, LenderFine: in.LenderFine}
	if f.item.Price != nil {
		facts.Price = *f.item.Price
	}
	return Loan{
		Ref: Ref{in.Desk.Library.ID, broker.NewID()}, Item: in.Item, Patron: in.Patron, Request: request,
		Branch: in.Desk.Branch, StartedAt: in.Desk.Now, DueOn: due, DueAt: in.Desk.Calendar().EndOfBusiness(due), SetDue: set,
		Terms: costs.ResolveTerms(document, facts), Status: Open, HandedTo: in.HandedTo, RecalledOn: recalledOn, Periods: times,
	}
}

// heldFor is the patron's own hold that this item fills: the one it is kept
// for, else the one for its title, whatever copy may be kept for that.
func (f checkoutFacts) heldFor(in CheckOut) holds.Hold {
	if f.captured.ID != broker.NoID && f.captured.Patron == in.Patron {
		return f.captured
	}
	return f.own
}

// fulfil ends the patron's own hold by the loan, and any transit of the item.
// Somebody else it was kept for is first in the queue again. Another copy that
// was kept for the patron is let go.
func (c *Service) fulfil(ctx context.Context, tx *postgres.Tx, in CheckOut, f checkoutFacts, out *Outcome) error {
	if f.transit.ID != broker.NoID {
		holds.EndTransit(tx, f.transit, in.Desk.Now)
		out.Transit = &f.transit
	}
	switch {
	case !f.heldForOther(in):
	case f.item.Temporary():
		holds.GiveUp(tx, f.captured, in.Desk.Now)
		out.Say("It was borrowed for somebody else, who is to be told.")
	default:
		holds.BackInLine(tx, in.Desk, f.captured)
		out.Say("Whom it was kept for is first in the queue again.")
	}
	kept := f.heldFor(in)
	if kept.ID == broker.NoID {
		return nil
	}
	hold := holds.Fulfil(tx, kept, in.Item, in.Desk.Now)
	out.Hold = &hold
	out.Say("The hold is fulfilled.")
	if kept.Item == broker.NoID || (catalog.Ref{Library: kept.Library, ID: kept.Item}) == in.Item {
		return nil
	}
	freed, err := holds.New(c.Policies).Free(ctx, tx, in.Desk, kept)
	if err != nil {
		return err
	}
	out.Freed = &freed
	out.Say("Another copy was kept for this patron.")
	out.Said = append(out.Said, freed.Said...)
	return nil
}

// doubleClick is how long after a checkout the same scan counts as the same
// act, and not as a wish to renew.
const doubleClick = 30 * time.Second

// sameScan tells whether a checkout repeats the one that began this loan.
func sameScan(loan Loan, in CheckOut) bool {
	return loan.Status == Open && loan.Patron == in.Patron && in.Desk.Now.Sub(loan.StartedAt) < doubleClick
}

// placeable tells whether an item can be lent to a patron from where it is: the
// open shelf, the hold shelf, on its way, or received from its lender. An item of the library's own that is in the patron's
// hand is neither missing, lost nor still on order; whether one that is kept for
// somebody else, or was withdrawn, may be lent is for the policy to say.
func (f checkoutFacts) placeable(in CheckOut) bool {
	switch f.item.Status {
	case catalog.OnHoldShelf:
		return true
	case catalog.Lost: // in the library or by the patron, and found
		return true
	case catalog.OnShelf, catalog.Missing, catalog.Withdrawn, catalog.OnOrder, catalog.InProcess:
		return !f.item.Temporary()
	case catalog.InTransit:
		return !f.item.Temporary() || f.item.Library == in.Desk.Library.ID || f.captured.ID != broker.NoID || holds.ArrivedAt(in.Desk, f.item, f.transit)
	case catalog.Received:
		return f.item.Temporary()
	case catalog.OnLoan, catalog.GoneHome:
	}
	return false
}
