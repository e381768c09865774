package postgres

import (
	"errors"

	"github.com/jackc/pgx/v5"
)

// OrNone makes a queued read that finds no row leave its target zero instead of
// failing.
func OrNone(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	return err
}
