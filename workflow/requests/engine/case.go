package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/costs"
	"afield/broker/policy/ill"
	"afield/broker/policy/rule"
	"afield/broker/policy/shelf"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow"
	"afield/workflow/routing"
)

// Case is one request while it is being moved or looked at: what guards and
// effects know of it.
type Case struct {
	// Tx is the transaction that moves the request.
	Tx  *postgres.Tx
	Now time.Time
	// Library is the request's own library, Policy the document it follows.
	Library *directory.Lender
	Policy  *policy.Document
	Request *Request
	Rota    Rota
	// Volumes are what was sent for the request.
	Volumes Volumes
	// Libraries are those the request deals with.
	Libraries map[broker.ID]*directory.Lender
	// Table is the table of the request's side.
	Table *workflow.Table
	// Firing is the event being taken, Row what the table says to it, and From the
	// state the request was in before. All three are empty where a request is only
	// looked at, but for the party that looks.
	Firing Firing
	Row    workflow.Transition
	From   workflow.State
	// DueMoved tells that an effect of the row moved the patron's due date.
	DueMoved bool

	cache *directory.Cache

	about     *Volume // the volume the event is about, where an effect found it
	forgotten Volumes // taken off the request

	counts []routing.Count // what the row added to the figures of lenders
}

// Guard tells whether a condition of the table holds. It changes nothing.
type Guard func(context.Context, *Case) (bool, error)

// Guards are guards by the names the tables give them.
type Guards map[workflow.Guard]Guard

// Effect does what a row of the table names, and gives back what else it wants
// done.
type Effect func(context.Context, *Case) (Wants, error)

// Effects are effects by the names the tables give them.
type Effects map[workflow.Effect]Effect

// Place is what the request's state means.
func (c *Case) Place() workflow.Place {
	place, _ := c.Table.Place(c.Request.State)
	return place
}

// WithPatron tells whether a patron has the copy, and is to bring it back.
func (c *Case) WithPatron() bool {
	return c.Request.Side == workflow.SideBorrowing && c.Place().Deadline == workflow.DeadlineDue
}

// Moment is the time and library for which the policy is asked.
func (c *Case) Moment() policy.Moment {
	return policy.Moment{Now: c.Now, Calendar: c.Library.Calendar, Place: c.Library.Place()}
}

// Today is the date at the request's library.
func (c *Case) Today() broker.Date { return c.Library.Today(c.Now) }

// Asked is what the policy's entries are matched against for the request.
func (c *Case) Asked() rule.Match { return c.Request.Asked(c.Today()) }

// Active gives the rota entry being asked or supplying, or nil.
func (c *Case) Active() *RotaEntry { return c.Rota.Active() }

// Current gives the active entry, or else the one the request last depended on.
func (c *Case) Current() *RotaEntry {
	if entry := c.Active(); entry != nil {
		return entry
	}
	for _, entry := range c.Rota {
		if c.Request.RotaEntryID != broker.NoID && entry.ID == c.Request.RotaEntryID {
			return entry
		}
	}
	return nil
}

// Depend makes an entry the one the request depends on.
func (c *Case) Depend(entry *RotaEntry) {
	for _, other := range c.Rota {
		if other.Active && other != entry {
			other.Active = false
			other.Touch()
		}
	}
	entry.Active = true
	entry.Touch()
	c.Request.RotaEntryID = entry.ID
	c.Request.Fulfilment = &entry.Fulfilment
	c.Request.ForgetTerms() // of an earlier lender
}

// Consent asks the policy who pays what a lender asks.
func (c *Case) Consent(entry *RotaEntry) ill.FeeDecision {
	cost := ill.Cost{Match: c.Asked(), Approved: c.Request.Money(c.Request.ApprovedCostMinor), Rush: c.Request.Rush, AsHold: entry.Fulfilment == "hold"}
	if entry.CostKnown {
		asks := entry.Cost()
		cost.Amount = &asks
	}
	if lender := c.Libraries[entry.LenderID]; lender != nil {
		cost.LenderPlace = lender.Place()
	}
	return ill.FeeConsent(c.Policy, c.Moment(), cost)
}

// Lender reads a library, through the cache.
func (c *Case) Lender(ctx context.Context, id broker.ID) (*directory.Lender, error) {
	found, err := c.cache.Lenders(ctx, c.Tx, []broker.ID{id})
	if err != nil {
		return nil, err
	}
	if found[id] == nil {
		return nil, broker.NotFound("library")
	}
	return found[id], nil
}

// Meet reads the libraries the request deals with, through the cache, after the
// rota was changed: whether a fee is passed on depends on where the lender is.
func (c *Case) Meet(ctx context.Context) (err error) {
	var ids []broker.ID
	if c.Request.BorrowerLibraryID != broker.NoID {
		ids = append(ids, c.Request.BorrowerLibraryID)
	}
	for _, entry := range c.Rota {
		if entry.Status != EntryPassed {
			ids = append(ids, entry.LenderID)
		}
	}
	c.Libraries, err = c.cache.Lenders(ctx, c.Tx, ids)
	return err
}

// Desk is the desk at which circulation acts for the request. Only the borrowing
// side has a branch.
func (c *Case) Desk() standing.Desk {
	return standing.Desk{Library: c.Library.Library, Branch: c.Request.Branch(), Actor: c.Firing.Actor, Now: c.Now}
}

// KeepCitation queues writing the citation as it is now.
func (c *Case) KeepCitation() {
	c.Tx.Queue(`update requests set citation = $3 where library_id = $1 and id = $2`, c.Request.LibraryID, c.Request.ID, c.Request.Citation)
}

// Ref names the request to circulation.
func (c *Case) Ref() standing.RequestRef {
	return standing.RequestRef{Library: c.Request.LibraryID, Request: c.Request.ID}
}

// Patron names the patron who asked.
func (c *Case) Patron() patrons.Ref {
	return patrons.Ref{Library: c.Request.LibraryID, ID: c.Request.PatronID}
}

// OpenLoan finds a loan that serves the request and is open, or nil.
func (c *Case) OpenLoan(ctx context.Context) (*loans.Loan, error) {
	open, err := c.Lent(ctx, loans.Open)
	if err != nil || len(open) == 0 {
		return nil, err
	}
	return &open[0], nil
}

// Lent gives the loans that serve the request, one for each volume, that have
// one of some statuses. Where the event names an item, only that item's.
func (c *Case) Lent(ctx context.Context, statuses ...loans.Status) ([]loans.Loan, error) {
	lent, err := loans.OfRequest(ctx, c.Tx, c.Request.LibraryID, c.Request.ID)
	if err != nil {
		return nil, err
	}
	item, named := c.Firing.Input["item"].(broker.ID)
	return slices.DeleteFunc(lent, func(loan loans.Loan) bool {
		return !slices.Contains(statuses, loan.Status) || (named && loan.Item.ID != item)
	}), nil
}

// RenewalAsked gives the day on which the renewal was asked for that the lender
// has not answered yet; zero where none is open.
func (c *Case) RenewalAsked(ctx context.Context) (broker.Date, error) {
	var asked time.Time
	if !c.Request.RenewalPending {
		return broker.Date{}, nil
	}
	err := c.Tx.QueryRow(ctx, `select coalesce(max(at), 'epoch') from request_events where library_id = $1 and request_id = $2 and event = $3`,
		c.Request.LibraryID, c.Request.ID, string(workflow.EventRenew)).Scan(&asked)
	if err != nil || asked.Unix() == 0 {
		return broker.Date{}, err
	}
	return c.Library.Calendar.DateOf(asked), nil
}

// LendingDesk is the desk at which circulation acts for a lender: no branch of
// it is named.
func (c *Case) LendingDesk() standing.Desk {
	return standing.Desk{Library: c.Library.Library, Actor: c.Firing.Actor, Now: c.Now}
}

// MatchTitle looks the citation up in the catalogue, once.
func (c *Case) MatchTitle(ctx context.Context) error {
	if c.Request.TitleID != broker.NoID {
		return nil
	}
	title, found, err := catalog.MatchCitation(ctx, c.Tx, c.Library.SharingGroup, c.Request.Citation)
	if err != nil {
		return err
	}
	if found {
		c.Request.TitleID = title
	}
	return nil
}

// Promised returns those of some copies that are already chosen for another
// open lending request.
func (c *Case) Promised(ctx context.Context, items ...broker.ID) ([]broker.ID, error) {
	rows, err := c.Tx.Query(ctx, `select item_id from requests where library_id = $1 and side = 'lending' and closed_at is null
			and id <> $2 and item_id = any ($3)
		union select v.item_id from request_items v join requests r on r.library_id = v.library_id and r.id = v.request_id
			where v.library_id = $1 and r.side = 'lending' and r.closed_at is null and v.request_id <> $2 and v.custody = 'lender' and v.item_id = any ($3)`,
		c.Request.LibraryID, c.Request.ID, items)
	if err != nil {
		return nil, fmt.Errorf("look which copies are promised: %w", err)
	}
	promised, err := pgx.CollectRows(rows, pgx.RowTo[broker.ID])
	if err != nil {
		return nil, fmt.Errorf("look which copies are promised: %w", err)
	}
	return promised, nil
}

// LostOn is the first day on which the policy says that the borrowed copy with
// the patron is lost; zero where it never does.
func (c *Case) LostOn() broker.Date {
	r := c.Request
	if !c.WithPatron() || r.ByHold() || r.PatronDueOn.IsZero() {
		return broker.Date{}
	}
	return costs.BorrowedLostOn(c.Policy, c.Asked(), r.PatronDueOn, r.MisplacedOn).Value
}

// SearchDeadline sets the deadline, beside that of the due date, at which a
// copy with the patron counts as lost, or drops it where the policy names none.
func (c *Case) SearchDeadline() Want {
	const kind = "search"
	on := c.LostOn()
	if on.IsZero() {
		return DropDeadline{Kind: kind}
	}
	return SetDeadline{Kind: kind, Event: workflow.EventSearchEnded, At: on.Start(c.Library.Zone)}
}

// AtShelfEnd asks the policy what happens to the copy when the shelf time ends
// and the patron has been in touch.
func (c *Case) AtShelfEnd() shelf.ExpiryDecision {
	facts := shelf.Facts{Match: c.Asked(), LenderDue: c.Request.LenderDueOn}
	if c.Request.ByHold() {
		facts.Owner = rule.OwnerConsortium
	}
	return shelf.OnShelfExpiry(c.Policy, c.Moment(), facts, true)
}

// Invoiced gives the lender's last invoice; ok is false where it sent none.
func (c *Case) Invoiced(ctx context.Context) (invoice broker.Money, ok bool, err error) {
	err = c.Tx.QueryRow(ctx, `select data -> 'cost' from request_events where library_id = $1 and request_id = $2 and event = $3 and data ? 'cost'
		order by version desc limit 1`, c.Request.LibraryID, c.Request.ID, string(workflow.EventInvoice)).Scan(&invoice)
	if errors.Is(err, pgx.ErrNoRows) {
		return invoice, false, nil
	}
	if err != nil {
		return invoice, false, fmt.Errorf("look for an invoice in a timeline: %w", err)
	}
	return invoice, true, nil
}

// Happened gives the versions at which each of some events last happened to the
// request; none for one that never did.
func (c *Case) Happened(ctx context.Context, events ...workflow.Event) (map[workflow.Event]int, error) {
	names := make([]string, len(events))
	for i, event := range events {
		names[i] = string(event)
	}
	rows, err := c.Tx.Query(ctx, `select event, max(version)::int from request_events where library_id = $1 and request_id = $2 and event = any ($3) group by 1`,
		c.Request.LibraryID, c.Request.ID, names)
	if err != nil {
		return nil, fmt.Errorf("look for events in a timeline: %w", err)
	}
	last := map[workflow.Event]int{}
	var event workflow.Event
	var version int
	if _, err := pgx.ForEachRow(rows, []any{&event, &version}, func() error { last[event] = version; return nil }); err != nil {
		return nil, fmt.Errorf("look for events in a timeline: %w", err)
	}
	return last, nil
}
