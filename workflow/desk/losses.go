package desk

import (
	"context"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/broker/returns"
	"afield/broker/standing"
	"afield/workflow/desk/counter"
	"afield/workflow/requests/engine"
)

// loanAct does one act on a loan of a desk's library, as it stands by today's
// rules, says what it did, and tells the patron where that is called for.
func (s *Service) loanAct(ctx context.Context, tx *postgres.Tx, at counter.At, loan broker.ID, did string,
	act func(desk standing.Desk, ref loans.Ref) (loans.Outcome, error),
) (counter.Done, error) {
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return counter.Done{}, err
	}
	found, err := loans.ByID(ctx, tx, loans.Ref{Library: at.Library, ID: loan})
	if err != nil {
		return counter.Done{}, err
	}
	if err := s.losesFirst(ctx, tx, at, desk, found); err != nil {
		return counter.Done{}, err
	}
	outcome, err := act(desk, found.Ref)
	if err != nil {
		return counter.Done{}, err
	}
	if err := s.counter.Tell(ctx, tx, at, outcome); err != nil {
		return counter.Done{}, err
	}
	return counter.DoneOf(did, outcome), s.counter.WatchItem(ctx, tx, at, outcome)
}

// Claim is a patron's claim that an item was returned or was never theirs.
type Claim struct {
	Loan         broker.ID
	Kind         loans.ClaimKind
	ShelfChecked bool
	ByGuardian   bool
	// Names says who was involved, for the note on the account.
	Names     string
	Overrides []string
	Reason    string
}

// Claim records a claim, where the policy takes it.
func (s *Service) Claim(ctx context.Context, tx *postgres.Tx, at counter.At, in Claim) (counter.Done, error) {
	return s.loanAct(ctx, tx, at, in.Loan, "claimed", func(desk standing.Desk, ref loans.Ref) (loans.Outcome, error) {
		return s.counter.Returns.Claim(ctx, tx, returns.MakeClaim{
			Desk: desk, Loan: ref, Kind: in.Kind, ShelfChecked: in.ShelfChecked, ByGuardian: in.ByGuardian, Names: in.Names,
			Overriding: standing.Overriding{Overrides: in.Overrides, Reason: in.Reason},
		})
	})
}

// ClaimFound checks in a claimed item that was found on the library's shelves:
// the record is cleared, and the patron is to be told.
func (s *Service) ClaimFound(ctx context.Context, tx *postgres.Tx, at counter.At, barcode string) (counter.Done, error) {
	return s.TakeBack(ctx, tx, at, TakeBack{Barcode: barcode, Handed: Handed{InLibrary: true}})
}

// ClaimAnswer moves an open claim: to open or refused by the item's owner, to
// withdrawn, or to charged when the item was not found.
func (s *Service) ClaimAnswer(ctx context.Context, tx *postgres.Tx, at counter.At, loan broker.ID, status loans.ClaimStatus, loss returns.Loss) (counter.Done, error) {
	return s.loanAct(ctx, tx, at, loan, "claim_"+string(status), func(desk standing.Desk, ref loans.Ref) (loans.Outcome, error) {
		return s.counter.Returns.AnswerClaim(ctx, tx, returns.ClaimAnswer{Desk: desk, Loan: ref, Status: status, Loss: loss})
	})
}

// Lost declares an item of our own lost, as somebody reported it, and charges
// it. For a borrowed one its request says what happens.
func (s *Service) Lost(ctx context.Context, tx *postgres.Tx, at counter.At, loan broker.ID, loss returns.Loss) (counter.Done, error) {
	return s.loanAct(ctx, tx, at, loan, "declared_lost", func(desk standing.Desk, ref loans.Ref) (loans.Outcome, error) {
		found, err := loans.ByID(ctx, tx, ref)
		if err != nil {
			return loans.Outcome{}, err
		}
		if found.Terms.Owner == "ill" {
			return loans.Outcome{}, broker.Conflict("lender_decides", "A borrowed item is reported lost on its request.")
		}
		return s.counter.Returns.DeclareLost(ctx, tx, returns.DeclareLost{Desk: desk, Loan: ref, Loss: loss})
	})
}

// FoundAgain takes a declaration of loss back: the patron has the item after all.
func (s *Service) FoundAgain(ctx context.Context, tx *postgres.Tx, at counter.At, loan broker.ID) (counter.Done, error) {
	return s.loanAct(ctx, tx, at, loan, "found_again", func(desk standing.Desk, ref loans.Ref) (loans.Outcome, error) {
		return s.counter.Returns.FoundAgain(ctx, tx, desk, ref)
	})
}

// Damaged is an item that comes back damaged, or came back so.
type Damaged struct {
	Loan broker.ID
	// Beyond means that it cannot be lent again.
	Beyond   bool
	Assessed broker.Money
	Loss     returns.Loss
}

// Damaged takes an item back where it is still out, and charges its damage.
func (s *Service) Damaged(ctx context.Context, tx *postgres.Tx, at counter.At, in Damaged) (counter.Done, error) {
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return counter.Done{}, err
	}
	ref := loans.Ref{Library: at.Library, ID: in.Loan}
	found, err := loans.ByID(ctx, tx, ref)
	if err != nil {
		return counter.Done{}, err
	}
	var back counter.Done
	if found.Status != loans.Returned {
		if back, err = s.TakeBack(ctx, tx, at, TakeBack{Loan: in.Loan, Handed: Handed{Ruined: in.Beyond}}); err != nil {
			return counter.Done{}, err
		}
	}
	outcome, err := s.counter.Returns.Damage(ctx, tx, returns.Damage{Desk: desk, Loan: ref, Beyond: in.Beyond, Assessed: in.Assessed, Loss: in.Loss})
	if err != nil {
		return counter.Done{}, err
	}
	done := counter.DoneOf("damaged", outcome)
	done.Charged = append(back.Charged, done.Charged...)
	if back.Message != "" {
		done.Message = back.Message + " " + done.Message
	}
	return done, s.counter.WatchItem(ctx, tx, at, outcome)
}

// Donate accepts a similar item in place of payment for a lost one.
func (s *Service) Donate(ctx context.Context, tx *postgres.Tx, at counter.At, loan broker.ID, approved bool) (counter.Done, error) {
	return s.loanAct(ctx, tx, at, loan, "donated", func(desk standing.Desk, ref loans.Ref) (loans.Outcome, error) {
		return s.counter.Returns.Donate(ctx, tx, desk, ref, approved)
	})
}

// Refer hands a lost loan's debt on for recovery.
func (s *Service) Refer(ctx context.Context, tx *postgres.Tx, at counter.At, loan broker.ID, expenses broker.Money) (counter.Done, error) {
	return s.loanAct(ctx, tx, at, loan, "referred", func(desk standing.Desk, ref loans.Ref) (loans.Outcome, error) {
		return s.counter.Returns.Refer(ctx, tx, desk, ref, expenses)
	})
}

// Recall asks for an item of our own back early.
func (s *Service) Recall(ctx context.Context, tx *postgres.Tx, at counter.At, loan broker.ID) (counter.Done, error) {
	return s.loanAct(ctx, tx, at, loan, "recalled", func(desk standing.Desk, ref loans.Ref) (loans.Outcome, error) {
		return s.counter.Loans.Recall(ctx, tx, desk, ref)
	})
}

// MarkDamaged puts an item aside as withdrawn, and says that it is damaged each
// time it is scanned, until it is marked as found.
func (s *Service) MarkDamaged(ctx context.Context, tx *postgres.Tx, at counter.At, barcode string) (counter.Done, error) {
	done, err := s.Mark(ctx, tx, at, barcode, catalog.Withdrawn)
	if err != nil {
		return counter.Done{}, err
	}
	desk, err := s.counter.Desk(ctx, tx, at)
	if err == nil {
		catalog.SetDamaged(tx, at.Library, done.Item, desk.Today())
	}
	return done, err
}

// Mark notes that an item is missing, withdrawn, being made ready, or found again
// on its shelf. Whoever it was kept for, or was on its way to, waits on in the
// first place.
func (s *Service) Mark(ctx context.Context, tx *postgres.Tx, at counter.At, barcode string, status catalog.ItemStatus) (counter.Done, error) {
	desk, err := s.counter.Desk(ctx, tx, at)
	if err != nil {
		return counter.Done{}, err
	}
	item, err := catalog.ItemByBarcode(ctx, tx, desk.Library.SharingGroup, barcode, false)
	if err != nil {
		return counter.Done{}, err
	}
	// Whoever it is kept for may have a request, which comes before the item.
	served, err := loans.RequestsTouched(ctx, tx, item.Ref(), patrons.Ref{})
	if err != nil {
		return counter.Done{}, err
	}
	if err := engine.Lock(ctx, tx, served...); err != nil {
		return counter.Done{}, err
	}
	outcome, err := s.counter.Returns.MarkItem(ctx, tx, desk, item.Ref(), status)
	if err != nil {
		return counter.Done{}, err
	}
	if err := s.counter.NotThere(ctx, tx, at, outcome.Outcome); err != nil {
		return counter.Done{}, err
	}
	return counter.DoneOf("marked_"+string(status), outcome), s.counter.WatchItem(ctx, tx, at, outcome)
}
