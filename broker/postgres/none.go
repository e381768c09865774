package postgres

import (
	"errors"

	"github.com/jackc/pgx/v5"
)

// OrNone lets a queued reading that finds nothing leave its target zero.
func OrNone(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	return err
}
