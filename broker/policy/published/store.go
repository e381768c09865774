package published

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/postgres"
)

// Table owned here: policy_versions.

// Version is one published version and who published it.
type Version struct {
	policy.Published
	// Library is who published it; NoID for a document above libraries.
	Library broker.ID    `json:"library_id"`
	By      broker.Actor `json:"published_by"`
	At      time.Time    `json:"published_at"`
}

// Versions lists the published versions of one document, or of all when the
// name is empty: by document, oldest first.
func Versions(ctx context.Context, tx *postgres.Tx, name string) ([]Version, error) {
	rows, err := tx.Query(ctx, `
		select policy, number, effective_on, text, library_id, published_by, published_at
		from policy_versions where $1 = '' or policy = $1 order by policy, number`, name)
	if err != nil {
		return nil, fmt.Errorf("read published policies: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Version, error) {
		var version Version
		var text string
		var by []byte
		if err := row.Scan(&version.Policy, &version.Number, &version.Effective, &text, &version.Library, &by, &version.At); err != nil {
			return Version{}, err
		}
		version.Text = []byte(text)
		return version, json.Unmarshal(by, &version.By)
	})
}

// Load reads everything that was published, ready to answer.
func Load(ctx context.Context, tx *postgres.Tx) (policy.Register, error) {
	versions, err := Versions(ctx, tx, "")
	if err != nil {
		return policy.Register{}, err
	}
	return registerOf(versions), nil
}

func registerOf(versions []Version) policy.Register {
	published := make([]policy.Published, len(versions))
	for i, version := range versions {
		published[i] = version.Published
	}
	return policy.NewRegister(published...)
}

// publishingLock lets one publish at a time, so that each is checked under all
// that came before it.
const publishingLock = 4_715_003

func insert(tx *postgres.Tx, version Version) error {
	by, err := json.Marshal(version.By)
	if err != nil {
		return fmt.Errorf("write who published a policy: %w", err)
	}
	tx.Queue(`
		insert into policy_versions (policy, number, effective_on, text, library_id, published_by, published_at)
		values ($1, $2, $3, $4, $5, $6, $7)`,
		version.Policy, version.Number, version.Effective, string(version.Text), version.Library, by, version.At)
	return nil
}
