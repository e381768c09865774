package pipeline

import (
	"context"

	"afield/broker"
	"afield/broker/consortium"
	"afield/broker/postgres"
)

// SetUp is Once for a change of how libraries are set up: the transaction sees all
// of them, since what one library says must fit with the others.
func SetUp[R any](ctx context.Context, b *Base, status int, effect func(context.Context, *Turn) (R, error)) (R, error) {
	var made R
	err := b.DB.InTx(ctx, postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) error {
		var err error
		made, err = onceIn(ctx, b, &Turn{Tx: tx, Caller: callOf(ctx).principal, base: b}, status, effect)
		return err
	})
	return made, err
}

// Plan says what a document would change, if the caller may change it. The
// transaction is one of SetUp.
func (t *Turn) Plan(ctx context.Context, document *consortium.Document) (*consortium.Plan, error) {
	in, err := consortium.Load(ctx, t.Tx, t.base.Access, document.File)
	if err != nil {
		return nil, err
	}
	plan, wrong := consortium.NewPlan(document, in, consortium.Surroundings{Now: t.Now(), Protocols: t.base.Protocols})
	if err, is := broker.AsError(wrong.Error()); is {
		for i := range err.Fields {
			err.Fields[i].Pointer = "/document"
		}
		return nil, err
	}
	return plan, plan.Permits(t.Caller)
}

// Applying is what is needed to make the changes of a plan, in the caller's name.
func (t *Turn) Applying(reason string) consortium.Applying {
	return consortium.Applying{Doors: t.base.Access, Vault: t.base.Vault, Actor: t.Caller.Actor(), Reason: reason, Now: t.Now()}
}
