package rest

import (
	"context"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/access"
	"afield/broker/circulation"
	"afield/broker/postgres"
	"afield/workflow/desk"
)

// ClaimLoan records that the patron says it is back, or was never theirs.
func (s *Server) ClaimLoan(ctx context.Context, request gen.ClaimLoanRequestObject) (gen.ClaimLoanResponseObject, error) {
	in := request.Body
	if err := overriding(in.Override, in.OverrideReason); err != nil {
		return nil, err
	}
	view, err := s.loanAct(ctx, request.ID, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		return s.Desk.Claim(ctx, tx, at, desk.Claim{
			Loan: request.ID, Kind: circulation.ClaimKind(in.Kind), ShelfChecked: in.ShelfChecked, ByGuardian: in.ByGuardian,
			Names: in.Names, Overrides: in.Override, Reason: in.OverrideReason,
		})
	})
	if err != nil {
		return nil, err
	}
	return gen.ClaimLoan200JSONResponse(view), nil
}

// AnswerClaim records what comes of a claim.
func (s *Server) AnswerClaim(ctx context.Context, request gen.AnswerClaimRequestObject) (gen.AnswerClaimResponseObject, error) {
	in := request.Body
	view, err := s.loanAct(ctx, request.ID, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		if err := s.amounts(ctx, tx, lossAmounts("/loss", in.Loss)); err != nil {
			return desk.Done{}, err
		}
		return s.Desk.ClaimAnswer(ctx, tx, at, request.ID, circulation.ClaimStatus(in.Status), lossOf(in.Loss))
	})
	if err != nil {
		return nil, err
	}
	return gen.AnswerClaim200JSONResponse(view), nil
}

func lossOf(in gen.Loss) circulation.Loss {
	return circulation.Loss{WillReplace: in.WillReplace, Price: in.Price, Shipping: in.Shipping, ForgiveOverdue: in.ForgiveOverdue}
}

func lossAmounts(at string, in gen.Loss) map[string]broker.Money {
	return map[string]broker.Money{at + "/price": in.Price, at + "/shipping": in.Shipping}
}

// LoseLoan declares an item lost.
func (s *Server) LoseLoan(ctx context.Context, request gen.LoseLoanRequestObject) (gen.LoseLoanResponseObject, error) {
	in := orZero(request.Body)
	view, err := s.loanAct(ctx, request.ID, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		if err := s.amounts(ctx, tx, lossAmounts("", in)); err != nil {
			return desk.Done{}, err
		}
		return s.Desk.Lost(ctx, tx, at, request.ID, lossOf(in))
	})
	if err != nil {
		return nil, err
	}
	return gen.LoseLoan200JSONResponse(view), nil
}

// FindLoan takes a declaration of loss back.
func (s *Server) FindLoan(ctx context.Context, request gen.FindLoanRequestObject) (gen.FindLoanResponseObject, error) {
	view, err := s.loanAct(ctx, request.ID, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		return s.Desk.FoundAgain(ctx, tx, at, request.ID)
	})
	if err != nil {
		return nil, err
	}
	return gen.FindLoan200JSONResponse(view), nil
}

// DamageLoan takes a damaged item back and charges the damage.
func (s *Server) DamageLoan(ctx context.Context, request gen.DamageLoanRequestObject) (gen.DamageLoanResponseObject, error) {
	in := orZero(request.Body)
	view, err := s.loanAct(ctx, request.ID, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		amounts := lossAmounts("/loss", in.Loss)
		amounts["/assessed"] = in.Assessed
		if err := s.amounts(ctx, tx, amounts); err != nil {
			return desk.Done{}, err
		}
		return s.Desk.Damaged(ctx, tx, at, desk.Damaged{Loan: request.ID, Beyond: in.Beyond, Assessed: in.Assessed, Loss: lossOf(in.Loss)})
	})
	if err != nil {
		return nil, err
	}
	return gen.DamageLoan200JSONResponse(view), nil
}

// DonateForLoan takes a like item in place of payment. That the director
// approves is for a director to say.
func (s *Server) DonateForLoan(ctx context.Context, request gen.DonateForLoanRequestObject) (gen.DonateForLoanResponseObject, error) {
	approved := orZero(request.Body).Approved
	if approved && !callOf(ctx).principal.Holds(access.RoleDirector) {
		return nil, broker.Forbidden("Only a director can approve it.")
	}
	view, err := s.loanAct(ctx, request.ID, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		return s.Desk.Donate(ctx, tx, at, request.ID, approved)
	})
	if err != nil {
		return nil, err
	}
	return gen.DonateForLoan200JSONResponse(view), nil
}

// ReferLoan hands the debt of a lost loan on for recovery.
func (s *Server) ReferLoan(ctx context.Context, request gen.ReferLoanRequestObject) (gen.ReferLoanResponseObject, error) {
	expenses := orZero(request.Body).Expenses
	view, err := s.loanAct(ctx, request.ID, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		if err := s.amounts(ctx, tx, map[string]broker.Money{"/expenses": expenses}); err != nil {
			return desk.Done{}, err
		}
		return s.Desk.Refer(ctx, tx, at, request.ID, expenses)
	})
	if err != nil {
		return nil, err
	}
	return gen.ReferLoan200JSONResponse(view), nil
}

// RecallLoan asks for an item back early.
func (s *Server) RecallLoan(ctx context.Context, request gen.RecallLoanRequestObject) (gen.RecallLoanResponseObject, error) {
	view, err := s.loanAct(ctx, request.ID, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		return s.Desk.Recall(ctx, tx, at, request.ID)
	})
	if err != nil {
		return nil, err
	}
	return gen.RecallLoan200JSONResponse(view), nil
}
