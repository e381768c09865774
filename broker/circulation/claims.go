package circulation

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
)

// MakeClaim is a patron, or a guardian, saying so at a desk.
type MakeClaim struct {
	Desk Desk
	Loan LoanRef
	Kind ClaimKind
	// ShelfChecked tells that staff looked on the shelves.
	ShelfChecked bool
	ByGuardian   bool
	// Names says who was involved, for the note.
	Names string
	Overriding
}

type claimFacts struct {
	standing          Facts
	item              catalog.Item
	title             catalog.Title
	carried, lifetime int
}

// Claim records that a patron says an item is back or was never theirs, where
// the policy takes the claim; it refuses (may_not_claim) with every reason. From
// then on its fine does not grow. For another library's item the claim waits
// for its owner. A claim that is open already is answered as it is.
func (c *ReturnService) Claim(ctx context.Context, tx *postgres.Tx, in MakeClaim) (Outcome, error) {
	loan, err := loanLocked(ctx, tx, in.Loan)
	if err != nil {
		return Outcome{}, err
	}
	var out Outcome
	out.setLoan(loan)
	if loan.Status == LoanReturned || loan.Patron.ID == broker.NoID {
		return Outcome{}, broker.Conflict("not_on_loan", "That loan is %s.", loan.Status)
	}
	if !loan.ClaimedAt.IsZero() {
		out.Replayed = true
		out.Say("Claimed already, on %s.", in.Desk.Calendar().DateOf(loan.ClaimedAt))
		return out, nil
	}
	facts, err := readClaim(ctx, tx, in, loan)
	if err != nil {
		return Outcome{}, err
	}
	document, err := c.Rules(in.Desk)
	if err != nil {
		return Outcome{}, err
	}
	decision := facts.decide(document, in, loan)
	reasons, passed := in.Split(decision.Reasons, in.Desk.Actor, true)
	if len(reasons) > 0 {
		return Outcome{}, broker.Refused("may_not_claim", "May not "+decision.Question+".", reasons...)
	}
	claim := Claim{
		Library: loan.Library, ID: broker.NewID(), Loan: loan.ID, Patron: loan.Patron, Kind: in.Kind, Status: ClaimOpen,
		ByGuardian: in.ByGuardian, Note: facts.note(decision.Note, in), ClaimedAt: in.Desk.Now, ClaimedBy: in.Desk.Actor,
	}
	if decision.DecidedBy == attributes.DecidedByOwner && loan.Terms.Owner != rule.OwnerOwn {
		claim.Status = ClaimAskedOwner
		out.Say("The owning library is to be asked.")
	}
	addClaim(tx, claim)
	if err := in.Record(tx, in.Desk, "claim", loan.Patron, claim.ID, passed); err != nil {
		return Outcome{}, err
	}
	loan.ClaimedAt = in.Desk.Now
	out.setLoan(loan)
	out.Claim, out.Warnings = &claim, passed
	out.Say("The claim is recorded; the fine stops growing.")
	return out, nil
}

// MayClaim tells what Claim would answer, and changes nothing. A loan that is
// not there is a not-found error.
func MayClaim(ctx context.Context, tx *postgres.Tx, document *policy.Document, in MakeClaim) (lending.ClaimDecision, error) {
	loan, err := LoanByID(ctx, tx, in.Loan)
	if err != nil {
		return lending.ClaimDecision{}, err
	}
	facts, err := readClaim(ctx, tx, in, loan)
	if err != nil {
		return lending.ClaimDecision{}, err
	}
	return facts.decide(document, in, loan), nil
}

func (f claimFacts) decide(document *policy.Document, in MakeClaim, loan Loan) lending.ClaimDecision {
	return lending.MayClaim(document, in.Desk.Moment(), lending.Claim{
		Patron: f.standing.Facts(in.Desk.Today()), Owner: loan.Terms.Owner, Item: loan.Terms.Item, Kind: in.Kind.word(),
		ShelfChecked: in.ShelfChecked, Carried: f.carried, Lifetime: f.lifetime, ByGuardian: in.ByGuardian,
	})
}

func readClaim(ctx context.Context, tx *postgres.Tx, in MakeClaim, loan Loan) (claimFacts, error) {
	var facts claimFacts
	Ask(tx, in.Desk.Library, in.Desk.Today(), loan.Patron, &facts.standing)
	catalog.AskItem(tx, loan.Item.Library, loan.Item.ID, &facts.item)
	askClaimCounts(tx, loan.Patron, &facts.carried, &facts.lifetime)
	if err := tx.Flush(ctx); err != nil {
		return facts, fmt.Errorf("read for a claim: %w", err)
	}
	if facts.item.Title == broker.NoID {
		return facts, nil
	}
	var err error
	facts.title, err = catalog.LoadTitle(ctx, tx, facts.item.Title)
	return facts, err
}

// note fills the fields a note must name.
func (f claimFacts) note(fields []string, in MakeClaim) map[string]string {
	known := map[string]string{
		"title": f.title.Title, "author": f.title.Author, "barcode": f.item.Barcode, "names": in.Names, "date": in.Desk.Today().String(),
	}
	note := map[string]string{}
	for _, field := range fields {
		note[field] = known[field]
	}
	return note
}

// ClaimAnswer is what the owner of an item, or staff, say of a claim.
type ClaimAnswer struct {
	Desk Desk
	Loan LoanRef
	// Status is what it becomes: open (the owner agrees), refused, withdrawn, or
	// charged (not found, and declared lost).
	Status ClaimStatus
	// Loss is what staff know of the price, where it is charged.
	Loss Loss
}

// AnswerClaim moves an open claim: its owner agreed or refused, the patron took
// it back, or it was not found and is charged as lost. Found items are returned.
// The same answer again changes nothing.
func (c *ReturnService) AnswerClaim(ctx context.Context, tx *postgres.Tx, in ClaimAnswer) (Outcome, error) {
	loan, err := loanLocked(ctx, tx, in.Loan)
	if err != nil {
		return Outcome{}, err
	}
	var claim Claim
	askLastClaim(tx, loan, &claim)
	if err := tx.Flush(ctx); err != nil {
		return Outcome{}, fmt.Errorf("read a claim: %w", err)
	}
	var out Outcome
	out.setLoan(loan)
	switch {
	case claim.ID == broker.NoID:
		return Outcome{}, broker.NotFound("claim")
	case claim.Status == in.Status:
		out.Claim, out.Replayed = &claim, true
		return out, nil
	case !claim.ClosedAt.IsZero():
		return Outcome{}, broker.Conflict("claim_closed", "That claim is closed: %s.", claim.Status)
	}
	switch in.Status {
	case ClaimOpen:
		if claim.Status != ClaimAskedOwner {
			return Outcome{}, broker.Conflict("claim_not_asked", "That claim does not wait for an owner.")
		}
	case ClaimCharged:
		in.Loss.How = LostByClaim
		if out, err = c.declareLost(ctx, tx, in.Desk, loan, in.Loss); err != nil {
			return Outcome{}, err
		}
		out.TellPatron = true
	case ClaimRefused, ClaimWithdrawn:
	case ClaimAskedOwner, ClaimFoundInLibrary, ClaimFoundByPatron:
		return Outcome{}, broker.Invalid(broker.FieldError{Pointer: "/status", Code: "not_an_answer", Message: "must be open, refused, withdrawn or charged"})
	}
	answerClaim(tx, in.Desk, claim, in.Status, &out)
	return out, nil
}

// answerClaim queues the answer to a claim; open means that it goes on.
func answerClaim(tx *postgres.Tx, desk Desk, claim Claim, status ClaimStatus, out *Outcome) {
	claim.Status = status
	if status != ClaimOpen {
		claim.ClosedAt = desk.Now
	}
	moveClaim(tx, claim, desk.Actor)
	out.Claim = &claim
	out.Say("The claim is %s.", claim.Status)
}

// endClaim closes the claim of an item that came back, and tells whether the
// record is cleared: nothing is owed for it.
func (c *ReturnService) endClaim(tx *postgres.Tx, in Return, document *policy.Document, facts returnFacts, out *Outcome) bool {
	claim := facts.claim
	if claim.ID == broker.NoID || claim.Status == ClaimCharged && !in.InLibrary {
		return false // charged as lost since, and brought by the patron: it is settled as a loss
	}
	found := lending.ClaimFoundBy(document, facts.open.MatchOf(facts.item), in.InLibrary)
	claim.Status, claim.ClosedAt = ClaimFoundByPatron, in.Desk.Now
	if in.InLibrary {
		claim.Status = ClaimFoundInLibrary
		out.TellPatron = true
		out.Say("It was claimed and is found: tell the patron.")
	} else {
		out.Say("It was claimed, and the patron brought it.")
	}
	moveClaim(tx, claim, in.Desk.Actor)
	out.Claim = &claim
	return found.Cleared
}
