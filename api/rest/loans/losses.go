package loans

import (
	"context"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/broker"
	"afield/broker/access"
	"afield/broker/loans"
	"afield/broker/returns"
	"afield/workflow/desk"
	"afield/workflow/desk/counter"
)

// ClaimLoan records a patron's claim to have returned an item, or never to have
// had it.
func (l Loans) ClaimLoan(ctx context.Context, request gen.ClaimLoanRequestObject) (gen.ClaimLoanResponseObject, error) {
	in := request.Body
	if err := pipeline.Overriding(in.Override, in.OverrideReason); err != nil {
		return nil, err
	}
	view, err := l.act(ctx, request.ID, func(ctx context.Context, t *pipeline.Turn, at counter.At) (counter.Done, error) {
		return l.Desk.Claim(ctx, t.Tx, at, desk.Claim{
			Loan: request.ID, Kind: loans.ClaimKind(in.Kind), ShelfChecked: in.ShelfChecked, ByGuardian: in.ByGuardian,
			Names: in.Names, Overrides: in.Override, Reason: in.OverrideReason,
		})
	})
	return gen.ClaimLoan200JSONResponse(view), err
}

// AnswerClaim records the outcome of a claim.
func (l Loans) AnswerClaim(ctx context.Context, request gen.AnswerClaimRequestObject) (gen.AnswerClaimResponseObject, error) {
	in := request.Body
	view, err := l.act(ctx, request.ID, func(ctx context.Context, t *pipeline.Turn, at counter.At) (counter.Done, error) {
		if err := amounts(ctx, t, lossAmounts("/loss", in.Loss)); err != nil {
			return counter.Done{}, err
		}
		return l.Desk.ClaimAnswer(ctx, t.Tx, at, request.ID, loans.ClaimStatus(in.Status), lossOf(in.Loss))
	})
	return gen.AnswerClaim200JSONResponse(view), err
}

func lossOf(in gen.Loss) returns.Loss {
	return returns.Loss{WillReplace: in.WillReplace, Price: in.Price, Shipping: in.Shipping, ForgiveOverdue: in.ForgiveOverdue}
}

func lossAmounts(at string, in gen.Loss) map[string]broker.Money {
	return map[string]broker.Money{at + "/price": in.Price, at + "/shipping": in.Shipping}
}

// LoseLoan declares an item lost.
func (l Loans) LoseLoan(ctx context.Context, request gen.LoseLoanRequestObject) (gen.LoseLoanResponseObject, error) {
	in := views.OrZero(request.Body)
	view, err := l.act(ctx, request.ID, func(ctx context.Context, t *pipeline.Turn, at counter.At) (counter.Done, error) {
		if err := amounts(ctx, t, lossAmounts("", in)); err != nil {
			return counter.Done{}, err
		}
		return l.Desk.Lost(ctx, t.Tx, at, request.ID, lossOf(in))
	})
	return gen.LoseLoan200JSONResponse(view), err
}

// FindLoan takes back that an item was declared lost.
func (l Loans) FindLoan(ctx context.Context, request gen.FindLoanRequestObject) (gen.FindLoanResponseObject, error) {
	view, err := l.act(ctx, request.ID, func(ctx context.Context, t *pipeline.Turn, at counter.At) (counter.Done, error) {
		return l.Desk.FoundAgain(ctx, t.Tx, at, request.ID)
	})
	return gen.FindLoan200JSONResponse(view), err
}

// DamageLoan takes a damaged item back and charges the damage.
func (l Loans) DamageLoan(ctx context.Context, request gen.DamageLoanRequestObject) (gen.DamageLoanResponseObject, error) {
	in := views.OrZero(request.Body)
	view, err := l.act(ctx, request.ID, func(ctx context.Context, t *pipeline.Turn, at counter.At) (counter.Done, error) {
		given := lossAmounts("/loss", in.Loss)
		given["/assessed"] = in.Assessed
		if err := amounts(ctx, t, given); err != nil {
			return counter.Done{}, err
		}
		return l.Desk.Damaged(ctx, t.Tx, at, desk.Damaged{Loan: request.ID, Beyond: in.Beyond, Assessed: in.Assessed, Loss: lossOf(in.Loss)})
	})
	return gen.DamageLoan200JSONResponse(view), err
}

// DonateForLoan takes a like item in place of payment. Only a director may record
// that the director approves.
func (l Loans) DonateForLoan(ctx context.Context, request gen.DonateForLoanRequestObject) (gen.DonateForLoanResponseObject, error) {
	approved := views.OrZero(request.Body).Approved
	view, err := l.act(ctx, request.ID, func(ctx context.Context, t *pipeline.Turn, at counter.At) (counter.Done, error) {
		if approved && !t.Caller.Holds(access.RoleDirector) {
			return counter.Done{}, broker.Forbidden("Only a director can approve it.")
		}
		return l.Desk.Donate(ctx, t.Tx, at, request.ID, approved)
	})
	return gen.DonateForLoan200JSONResponse(view), err
}

// ReferLoan hands the debt of a lost loan on for recovery.
func (l Loans) ReferLoan(ctx context.Context, request gen.ReferLoanRequestObject) (gen.ReferLoanResponseObject, error) {
	expenses := views.OrZero(request.Body).Expenses
	view, err := l.act(ctx, request.ID, func(ctx context.Context, t *pipeline.Turn, at counter.At) (counter.Done, error) {
		if err := amounts(ctx, t, map[string]broker.Money{"/expenses": expenses}); err != nil {
			return counter.Done{}, err
		}
		return l.Desk.Refer(ctx, t.Tx, at, request.ID, expenses)
	})
	return gen.ReferLoan200JSONResponse(view), err
}

// RecallLoan asks for an item back early.
func (l Loans) RecallLoan(ctx context.Context, request gen.RecallLoanRequestObject) (gen.RecallLoanResponseObject, error) {
	view, err := l.act(ctx, request.ID, func(ctx context.Context, t *pipeline.Turn, at counter.At) (counter.Done, error) {
		return l.Desk.Recall(ctx, t.Tx, at, request.ID)
	})
	return gen.RecallLoan200JSONResponse(view), err
}
