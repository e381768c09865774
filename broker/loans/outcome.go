package loans

import (
	"context"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/holds"
	"afield/broker/ledger"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// Service is the use cases of loans: checkout, renewal, due dates and fines.
// Its only state is the source of policies; one Service serves every library.
type Service struct{ standing.Policies }

// New makes a Service over a source of policies. The source is asked in every
// act, so it should answer from memory.
func New(policies standing.Policies) *Service { return &Service{policies} }

// Outcome is what an act did with a loan.
type Outcome struct {
	holds.Outcome
	Loan *Loan
	// Charged are the charges posted.
	Charged []ledger.Entry
	// TakenBack are the reversals of what had been overcharged.
	TakenBack []ledger.Entry
	// Refund is how much of what was paid is to be refunded; zero for nothing.
	Refund broker.Money
	// CountParts is how many pieces staff are to count; 0 where there is one.
	CountParts int
	// Claim is the claim the act opened or closed.
	Claim *Claim
	// TellPatron tells that the patron is to be told what was found.
	TellPatron bool
}

// SetLoan notes the loan as it is after the act, and the request it serves.
func (o *Outcome) SetLoan(loan Loan) {
	o.Loan = &loan
	o.Serves = loan.Serves()
}

// LookAt says what staff should check on an item in hand: how many pieces
// belong to it, and the note on it.
func (o *Outcome) LookAt(item catalog.Item) {
	if item.Parts > 1 {
		o.CountParts = item.Parts
		o.Say("Count its parts: %d.", item.Parts)
	}
	if item.PartsMissing != "" {
		o.Say("Missing of it: %s.", item.PartsMissing)
	}
	if item.LoanNote != "" {
		o.Say("%s", item.LoanNote)
	}
}

// Follow adds where the item of an ended loan goes. The request of the hold
// that gets it goes on next.
func (o *Outcome) Follow(sent holds.Outcome) {
	o.Item, o.Given, o.Transit, o.NextAct, o.Next = sent.Item, sent.Given, sent.Transit, sent.NextAct, sent.Serves
	o.Said = append(o.Said, sent.Said...)
	o.Warnings = append(o.Warnings, sent.Warnings...)
}

// LatchLate updates the blocks of the patron's home library after an act ended
// a loan's lateness: that may leave a block behind, though nothing was charged.
func LatchLate(ctx context.Context, tx *postgres.Tx, policies standing.Policies, desk standing.Desk, loan Loan, daysLate int, out Outcome) error {
	if len(out.Charged)+len(out.TakenBack) == 0 && daysLate <= 0 {
		return nil
	}
	return policies.LatchAfter(ctx, tx, desk, loan.Patron, standing.Late{Owner: loan.Terms.Owner, Days: daysLate})
}
