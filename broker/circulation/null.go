package circulation

import (
	"errors"

	"github.com/jackc/pgx/v5"
)

// orNone lets a queued reading that finds nothing leave its target zero.
func orNone(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	return err
}
