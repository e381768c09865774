package returns

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/loans"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// MakeClaim is a claim that a patron, or a guardian, makes at a desk.
type MakeClaim struct {
	Desk standing.Desk
	Loan loans.Ref
	Kind loans.ClaimKind
	// ShelfChecked tells that staff looked on the shelves.
	ShelfChecked bool
	ByGuardian   bool
	// Names says who was involved, for the note.
	Names string
	standing.Overriding
}

type claimFacts struct {
	standing          standing.Facts
	item              catalog.Item
	title             catalog.Title
	carried, lifetime int
}

// Claim records that a patron says an item is back or was never theirs, where
// the policy accepts the claim; it refuses (may_not_claim) with every reason.
// From then on the fine does not grow. For another library's item the claim
// waits for the owner. Where a claim is already open, that one is given back.
func (c *Service) Claim(ctx context.Context, tx *postgres.Tx, in MakeClaim) (loans.Outcome, error) {
	loan, err := loans.Locked(ctx, tx, in.Loan)
	if err != nil {
		return loans.Outcome{}, err
	}
	var out loans.Outcome
	out.SetLoan(loan)
	if loan.Status == loans.Returned || loan.Patron.ID == broker.NoID {
		return loans.Outcome{}, broker.Conflict("not_on_loan", "That loan is %s.", loan.Status)
	}
	if !loan.ClaimedAt.IsZero() {
		out.Replayed = true
		out.Say("Claimed already, on %s.", in.Desk.Calendar().DateOf(loan.ClaimedAt))
		return out, nil
	}
	facts, err := readClaim(ctx, tx, in, loan)
	if err != nil {
		return loans.Outcome{}, err
	}
	document, err := c.Rules(in.Desk)
	if err != nil {
		return loans.Outcome{}, err
	}
	decision := facts.decide(document, in, loan)
	reasons, passed := in.Split(decision.Reasons, in.Desk.Actor, true)
	if len(reasons) > 0 {
		return loans.Outcome{}, broker.Refused("may_not_claim", "May not "+decision.Question+".", reasons...)
	}
	claim := loans.Claim{
		Library: loan.Library, ID: broker.NewID(), Loan: loan.ID, Patron: loan.Patron, Kind: in.Kind, Status: loans.ClaimOpen,
		ByGuardian: in.ByGuardian, Note: facts.note(decision.Note, in), ClaimedAt: in.Desk.Now, ClaimedBy: in.Desk.Actor,
	}
	if decision.DecidedBy == attributes.DecidedByOwner && loan.Terms.Owner != rule.OwnerOwn {
		claim.Status = loans.ClaimAskedOwner
		out.Say("The owning library is to be asked.")
	}
	loans.AddClaim(tx, claim)
	if err := in.Record(tx, in.Desk, "claim", loan.Patron, claim.ID, passed); err != nil {
		return loans.Outcome{}, err
	}
	loan.ClaimedAt = in.Desk.Now
	out.SetLoan(loan)
	out.Claim, out.Warnings = &claim, passed
	out.Say("The claim is recorded; the fine stops growing.")
	return out, nil
}

// MayClaim tells what Claim would answer, and changes nothing. A loan that does
// not exist is a not-found error.
func MayClaim(ctx context.Context, tx *postgres.Tx, document *policy.Document, in MakeClaim) (lending.ClaimDecision, error) {
	loan, err := loans.ByID(ctx, tx, in.Loan)
	if err != nil {
		return lending.ClaimDecision{}, err
	}
	facts, err := readClaim(ctx, tx, in, loan)
	if err != nil {
		return lending.ClaimDecision{}, err
	}
	return facts.decide(document, in, loan), nil
}

func (f claimFacts) decide(document *policy.Document, in MakeClaim, loan loans.Loan) lending.ClaimDecision {
	match := loan.MatchOf(f.item)
	return lending.MayClaim(document, in.Desk.Moment(), lending.Claim{
		Patron: f.standing.Facts(in.Desk.Today()), Owner: match.Owner, Item: match.Item, Audience: match.Audience, Age: match.Age, Kind: in.Kind.Word(),
		ShelfChecked: in.ShelfChecked, Carried: f.carried, Lifetime: f.lifetime, ByGuardian: in.ByGuardian,
	})
}

func readClaim(ctx context.Context, tx *postgres.Tx, in MakeClaim, loan loans.Loan) (claimFacts, error) {
	var facts claimFacts
	standing.Ask(tx, in.Desk.Library, in.Desk.Today(), loan.Patron, &facts.standing)
	catalog.AskItem(tx, loan.Item.Library, loan.Item.ID, &facts.item)
	loans.AskClaimCounts(tx, loan.Patron, &facts.carried, &facts.lifetime)
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

// note fills in the fields that a note must have.
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

// ClaimAnswer is what the owner of an item, or staff, say to a claim.
type ClaimAnswer struct {
	Desk standing.Desk
	Loan loans.Ref
	// Status is what the claim becomes: open (the owner agrees), refused,
	// withdrawn, or charged (not found, and declared lost).
	Status loans.ClaimStatus
	// Loss is what staff know about the price, where it is charged.
	Loss Loss
}

// AnswerClaim answers an open claim: the item's owner agreed or refused, the
// patron withdrew it, or the item was not found and is charged as lost. An item
// that was found is returned instead. The same answer again changes nothing.
func (c *Service) AnswerClaim(ctx context.Context, tx *postgres.Tx, in ClaimAnswer) (loans.Outcome, error) {
	loan, err := loans.Locked(ctx, tx, in.Loan)
	if err != nil {
		return loans.Outcome{}, err
	}
	var claim loans.Claim
	loans.AskLastClaim(tx, loan, &claim)
	if err := tx.Flush(ctx); err != nil {
		return loans.Outcome{}, fmt.Errorf("read a claim: %w", err)
	}
	var out loans.Outcome
	out.SetLoan(loan)
	switch {
	case claim.ID == broker.NoID:
		return loans.Outcome{}, broker.NotFound("claim")
	case claim.Status == in.Status:
		out.Claim, out.Replayed = &claim, true
		return out, nil
	case !claim.ClosedAt.IsZero():
		return loans.Outcome{}, broker.Conflict("claim_closed", "That claim is closed: %s.", claim.Status)
	}
	switch in.Status {
	case loans.ClaimOpen:
		if claim.Status != loans.ClaimAskedOwner {
			return loans.Outcome{}, broker.Conflict("claim_not_asked", "That claim does not wait for an owner.")
		}
	case loans.ClaimCharged:
		in.Loss.How = loans.LostByClaim
		if out, err = c.declareLost(ctx, tx, in.Desk, loan, in.Loss); err != nil {
			return loans.Outcome{}, err
		}
		out.TellPatron = true
	case loans.ClaimRefused, loans.ClaimWithdrawn:
	case loans.ClaimAskedOwner, loans.ClaimFoundInLibrary, loans.ClaimFoundByPatron:
		return loans.Outcome{}, broker.Invalid(broker.FieldError{Pointer: "/status", Code: "not_an_answer", Message: "must be open, refused, withdrawn or charged"})
	}
	answerClaim(tx, in.Desk, claim, in.Status, &out)
	return out, nil
}

// answerClaim queues the answer to a claim; open means that the claim goes on.
func answerClaim(tx *postgres.Tx, desk standing.Desk, claim loans.Claim, status loans.ClaimStatus, out *loans.Outcome) {
	claim.Status = status
	if status != loans.ClaimOpen {
		claim.ClosedAt = desk.Now
	}
	loans.SaveClaim(tx, claim, desk.Actor)
	out.Claim = &claim
	out.Say("The claim is %s.", claim.Status)
}

// endClaim closes the claim of an item that came back, and tells whether the
// record is cleared: nothing is owed for it.
func (c *Service) endClaim(tx *postgres.Tx, in Return, document *policy.Document, facts returnFacts, out *loans.Outcome) bool {
	claim := facts.claim
	if claim.ID == broker.NoID || claim.Status == loans.ClaimCharged && !in.InLibrary {
		return false // charged as lost since, and brought back by the patron: settled as a loss
	}
	found := lending.ClaimFoundBy(document, facts.open.MatchOf(facts.item), in.InLibrary)
	claim.Status, claim.ClosedAt = loans.ClaimFoundByPatron, in.Desk.Now
	if in.InLibrary {
		claim.Status = loans.ClaimFoundInLibrary
		out.TellPatron = true
		out.Say("It was claimed and is found: tell the patron.")
	} else {
		out.Say("It was claimed, and the patron brought it.")
	}
	loans.SaveClaim(tx, claim, in.Desk.Actor)
	out.Claim = &claim
	return found.Cleared
}
