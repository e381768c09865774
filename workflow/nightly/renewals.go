package nightly

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/loans"
	"afield/broker/policy/lending"
	"afield/broker/postgres"
)

// renewalStep is the step's name; it finds the last night that did the step.
const renewalStep = "auto_renewals"

// soonDue gives the loans that may renew themselves: due within the policy's
// days, or since the last night that looked. No loan is missed between two
// nights, however far apart they were.
func soonDue(ctx context.Context, tx *postgres.Tx, night *Night, after loans.NightKey, limit int) ([]loans.NightKey, error) {
	days, has, err := night.renewWithin(ctx, tx)
	if err != nil || !has {
		return nil, err
	}
	since := night.On
	err = tx.QueryRow(ctx, `select coalesce(max(night), $2) from nightly_steps
		where library_id = $1 and step = $3 and night < $2 and finished_at is not null`, night.Library.ID, night.On, renewalStep).Scan(&since)
	if err != nil {
		return nil, fmt.Errorf("find the last night that renewed: %w", err)
	}
	return loans.DueBetween(ctx, tx, night.Library.ID, since, night.On.AddDays(days), after, limit)
}

// renewWithin gives how many days before they are due loans may renew themselves,
// by the rules that any open loan was lent by; has is false where none ever does.
func (n *Night) renewWithin(ctx context.Context, tx *postgres.Tx) (days int, has bool, err error) {
	if n.openBy == nil {
		if n.openBy, err = n.rulesInUse(ctx, tx, broker.MustDate("9999-12-31")); err != nil {
			return 0, false, err
		}
	}
	for _, document := range n.openBy {
		if most, renews := lending.AutoRenewAtMost(document); renews {
			days, has = max(days, most), true
		}
	}
	return days, has, nil
}

// renewByItself renews a loan, and again as often as it would have been renewed
// in the nights that were missed.
func renewByItself(ctx context.Context, tx *postgres.Tx, night *Night, loan broker.ID) (renewed bool, err error) {
	for {
		again, err := night.nights.config.Desk.RenewByItself(ctx, tx, night.at(), loan)
		if err != nil || !again {
			return renewed, err
		}
		renewed = true
	}
}
