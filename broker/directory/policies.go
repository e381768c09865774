package directory

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// RuledBy lists the libraries that a policy document rules, wholly or at one of
// their branches, in order of id.
func RuledBy(ctx context.Context, tx *postgres.Tx, policy string) ([]broker.ID, error) {
	return queryIDs(ctx, tx, `
		select id from libraries where policy = $1
		union select library_id from branches where policy = $1 order by 1`, policy)
}

// BranchPolicies names the policy documents of branches that have one of their
// own, of every library.
func BranchPolicies(ctx context.Context, tx *postgres.Tx) (map[broker.ID]string, error) {
	rows, err := tx.Query(ctx, `select id, policy from branches where policy is not null`)
	if err != nil {
		return nil, fmt.Errorf("read the branches' policies: %w", err)
	}
	policies := map[broker.ID]string{}
	var branch broker.ID
	var policy string
	_, err = pgx.ForEachRow(rows, []any{&branch, &policy}, func() error {
		policies[branch] = policy
		return nil
	})
	return policies, err
}
