package circulation

import (
	"context"
	"fmt"
	"strconv"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/postgres"
)

// Return is an item handed in at a desk.
type Return struct {
	Desk Desk
	Item ItemRef
}

type returnFacts struct {
	item catalog.Item
	open Loan
	head Hold
}

// Return takes an item back, on the day it is scanned. It closes the loan,
// charges what lateness costs on the loan's own terms, and sends the item on: a
// borrowed copy home to its lender, never to a local hold; one of our own to
// the next in the queue, home, or to the shelf. Handed in elsewhere than it was
// borrowed, it is returned all the same, with a warning. Scanned again, nothing
// changes and nothing is charged twice.
func (c *Circulation) Return(ctx context.Context, tx *postgres.Tx, in Return) (Outcome, error) {
	var facts returnFacts
	lockBorrower(tx, in.Item)
	catalog.AskItemLocked(tx, in.Item.Library, in.Item.ID, &facts.item)
	askOpenLoan(tx, in.Item, &facts.open)
	askHead(tx, in.Desk, in.Item, &facts.head)
	if err := tx.Flush(ctx); err != nil {
		return Outcome{}, fmt.Errorf("read for a return: %w", err)
	}
	if facts.item.ID == broker.NoID {
		return Outcome{}, broker.NotFound("item")
	}
	if facts.open.ID == broker.NoID {
		return notOut(ctx, tx, facts.item)
	}
	return c.close(ctx, tx, in.Desk, facts)
}

// notOut answers the scan of an item that nobody has: the second scan of a
// return, or a stray.
func notOut(ctx context.Context, tx *postgres.Tx, item catalog.Item) (Outcome, error) {
	var last Loan
	askLastLoan(tx, RefOf(item), &last)
	if err := tx.Flush(ctx); err != nil {
		return Outcome{}, fmt.Errorf("read the last loan: %w", err)
	}
	out := Outcome{Replayed: true}
	out.setItem(item)
	if item.Temporary() && item.Status == catalog.Received {
		out.NextAct = ShipToLender
	}
	if last.ID == broker.NoID {
		out.say("It was not on loan: it is %s.", words(item.Status))
		return out, nil
	}
	out.setLoan(last)
	out.say("It was returned already, on %s: it is %s.", last.ReturnedOn, words(item.Status))
	return out, nil
}

func (c *Circulation) close(ctx context.Context, tx *postgres.Tx, desk Desk, facts returnFacts) (Outcome, error) {
	loan := facts.open
	wasLost := loan.Status == LoanLost
	loan.Status, loan.ReturnedAt, loan.ReturnedOn = LoanReturned, desk.Now, desk.today()
	moveLoan(tx, loan)
	var out Outcome
	out.setLoan(loan)
	out.say("Returned on %s.", loan.ReturnedOn)
	if wasLost {
		out.say("It had been declared lost.")
	}
	lender, document, err := c.rulesOf(ctx, tx, desk, loan.Library)
	if err != nil {
		return Outcome{}, err
	}
	warnPlace(document, desk, facts.item, loan, &out)
	if err := c.place(ctx, tx, desk, facts.item, facts.head, &out); err != nil {
		return Outcome{}, err
	}
	err = c.chargeOverdue(ctx, tx, lender, loan, loan.ReturnedOn, &out)
	return out, err
}

// warnPlace tells what the borrowing library's policy says of an interlibrary
// loan that came back somewhere else: advice or obligation, never a refusal.
func warnPlace(document *policy.Document, desk Desk, item catalog.Item, loan Loan, out *Outcome) {
	if !item.Temporary() {
		return
	}
	if warning := document.ReturnPlaceOf(loan.Library == desk.Library.ID).Warn; warning != nil {
		out.Warnings = append(out.Warnings, *warning)
	}
}

// chargeOverdue posts what a loan's lateness costs up to a date, once for each
// due date it had, and lets blocks that latch follow.
func (c *Circulation) chargeOverdue(ctx context.Context, tx *postgres.Tx, desk Desk, loan Loan, through broker.Date, out *Outcome) error {
	fine := policy.OverdueFine(loan.Terms, loan.DueOn, through, desk.calendar())
	if fine.Amount.Minor <= 0 {
		return nil
	}
	entry, err := ledger.Post(tx, ledger.Charge{
		Account: ledger.OfPatron(loan.Patron.Library, loan.Patron.ID, fine.Amount.Currency), Kind: ledger.Overdue,
		Amount: fine.Amount, Cause: "overdue:" + loan.ID.String() + ":" + strconv.Itoa(loan.Renewals),
		Rule: fine.Rule, Clause: fine.Clause, Note: fineNote(fine, loan.DueOn), Loan: loan.ID, Request: loan.Request,
		Actor: desk.Actor, At: desk.Now,
	})
	if err != nil {
		return err
	}
	out.Charged = append(out.Charged, entry)
	out.say("Overdue fine: %s, for %d days.", fine.Amount, fine.Days)
	return c.updateLatch(ctx, tx, desk, loan.Patron)
}

func fineNote(fine policy.Fine, due broker.Date) string {
	note := fmt.Sprintf("due %s, %d days late", due, fine.Days)
	if fine.Capped {
		note += ", at most " + fine.Amount.String()
	}
	return note
}

// updateLatch follows a posting with the blocks of the patron's home library.
func (c *Circulation) updateLatch(ctx context.Context, tx *postgres.Tx, desk Desk, patron patrons.Ref) error {
	home, document, err := c.rulesOf(ctx, tx, desk, patron.Library)
	if err != nil {
		return err
	}
	_, err = patrons.UpdateLatch(ctx, tx, home.Library, document, patron, desk.Now)
	return err
}

// rulesOf gives the desk and policy of a library: the desk itself, or, where an
// item of a shared catalogue was lent or a patron is at home elsewhere, that
// library as if it were the desk.
func (c *Circulation) rulesOf(ctx context.Context, tx *postgres.Tx, desk Desk, library broker.ID) (Desk, *policy.Document, error) {
	if library != desk.Library.ID {
		loaded, err := directory.Load(ctx, tx, library)
		if err != nil {
			return desk, nil, err
		}
		desk = Desk{Library: loaded, Actor: desk.Actor, Now: desk.Now}
	}
	document, err := c.Rules(desk)
	return desk, document, err
}
