package patrons

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/blocks"
	"afield/broker/postgres"
)

// Restrict puts a block on an account as the library's policy allows it: on one
// of the grounds it names, by staff of a role that may. The desk may block, only
// the director suspends, and interlibrary loan may be ended by those who run it.
// It waits for acts in progress for the patron: once the block is put, no act
// gets past it. A block put again in the same words while it stands is the same
// block.
func Restrict(ctx context.Context, tx *postgres.Tx, document *policy.Document, block Block) (Block, error) {
	grounds := blocks.BlockGrounds(document)
	if wrong := CheckGround(document, block.Ground); wrong != nil {
		return Block{}, broker.Invalid(wrong...)
	}
	if err := mayRestrict(block.Kind, block.PutBy); err != nil {
		return Block{}, err
	}
	if block.Rule == "" {
		block.Rule = grounds.Rule
	}
	var patron Patron
	AskLocked(tx, Ref{block.Library, block.Patron}, &patron)
	if err := tx.Flush(ctx); err != nil {
		return Block{}, fmt.Errorf("read whom to block: %w", err)
	}
	if patron.ID == broker.NoID {
		return Block{}, broker.NotFound("patron")
	}
	var standing []Block
	askBlocks(tx, patron.Ref(), &standing) // as they are under the lock
	if err := tx.Flush(ctx); err != nil {
		return Block{}, fmt.Errorf("read the blocks of a patron: %w", err)
	}
	if at := slices.IndexFunc(standing, block.says); at >= 0 {
		return standing[at], nil
	}
	return PutBlock(tx, block)
}

// says tells whether another block was put for the same reason, in the same
// words.
func (b Block) says(other Block) bool {
	return b.Kind == other.Kind && b.Ground == other.Ground && b.Reason == other.Reason && b.From == other.From && b.Until == other.Until &&
		(len(b.Stops) == 0 || slices.Equal(b.Stops, other.Stops))
}

func mayRestrict(kind BlockKind, actor broker.Actor) error {
	roles := []string{"desk", "director"}
	switch kind {
	case BlockSuspended:
		roles = []string{"director"}
	case BlockILLSuspended:
		roles = []string{"ill", "director"}
	case BlockManual, BlockLatched:
	}
	if slices.ContainsFunc(roles, actor.HasRole) {
		return nil
	}
	return broker.Forbidden("Only the %s may do this.", strings.Join(roles, " or the "))
}

// Release lifts a block that staff put, by a role that could have put it. A
// latched block is lifted by paying, or by a director.
func Release(ctx context.Context, tx *postgres.Tx, library, id broker.ID, actor broker.Actor, now time.Time) error {
	var kind BlockKind
	err := tx.QueryRow(ctx, `select kind from blocks where library_id = $1 and id = $2 and lifted_at is null for update`, library, id).Scan(&kind)
	if errors.Is(err, pgx.ErrNoRows) {
		return broker.NotFound("block")
	}
	if err != nil {
		return fmt.Errorf("read a block: %w", err)
	}
	if kind == BlockLatched {
		kind = BlockSuspended
	}
	if err := mayRestrict(kind, actor); err != nil {
		return err
	}
	liftBlock(tx, library, id, now)
	return nil
}
