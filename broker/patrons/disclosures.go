package patrons

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/policy"
	"afield/broker/policy/accounts"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
)

// DisclosureStatus is how far a request for a patron's record has come.
type DisclosureStatus string

// The statuses.
const (
	DisclosureRefused  DisclosureStatus = "refused"
	DisclosureInReview DisclosureStatus = "in_review" // nothing is told until it is decided
	DisclosureApproved DisclosureStatus = "approved"
	DisclosureDeclined DisclosureStatus = "declined"
)

// Disclosure is a request by somebody for what the library knows about a patron.
// It is kept whatever the outcome.
type Disclosure struct {
	Library broker.ID
	ID      broker.ID
	// Patron is the patron it is about; NoID where the library does not say whether
	// there is such a patron.
	Patron broker.ID
	// By is the asker's relation to the patron, AskedBy names the asker by the
	// office they hold.
	By      accounts.Asker
	AskedBy string
	// Paper is what was shown: process, order, subpoena …; "" for none.
	Paper string
	// About is what they want to know.
	About     string
	Status    DisclosureStatus
	Reasons   []broker.Reason
	AskedAt   time.Time
	TakenBy   broker.Actor
	DecidedAt time.Time
	Note      string
}

// AskDisclosure records a request for a patron's record and gives the policy's
// answer: told, refused, or put before whoever reviews such requests. Only an
// approved one may be answered; the answer to all others is the same, whether or
// not there is such a patron.
func AskDisclosure(ctx context.Context, tx *postgres.Tx, library directory.Library, document *policy.Document, d Disclosure, now time.Time) (Disclosure, error) {
	if d.AskedBy == "" {
		return Disclosure{}, broker.Invalid(broker.FieldError{Pointer: "/asked_by", Code: "required", Message: "must say who asks"})
	}
	ask, err := d.facts(ctx, tx, library, now)
	if err != nil {
		return Disclosure{}, err
	}
	decision := accounts.MayDisclose(document, policy.Moment{Now: now, Calendar: library.Calendar}, ask)
	d.Library, d.ID, d.AskedAt, d.Reasons = library.ID, broker.NewID(), now, decision.Reasons
	switch {
	case decision.Allowed:
		d.Status, d.DecidedAt = DisclosureApproved, now
	case decision.Has("review_needed"):
		d.Status = DisclosureInReview
	default:
		d.Status = DisclosureRefused
	}
	if d.Reasons == nil {
		d.Reasons = []broker.Reason{}
	}
	tx.Queue(`insert into disclosures (library_id, id, patron_id, by_whom, asked_by, paper, about, status, reasons, asked_at, taken_by, decided_at, note)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		d.Library, d.ID, d.Patron, d.By, d.AskedBy, d.Paper, d.About, d.Status, d.Reasons, d.AskedAt, d.TakenBy,
		d.DecidedAt, d.Note)
	return d, nil
}

func (d Disclosure) facts(ctx context.Context, tx *postgres.Tx, library directory.Library, now time.Time) (accounts.DisclosureRequest, error) {
	ask := accounts.DisclosureRequest{By: d.By, Paper: d.Paper}
	if d.Patron == broker.NoID {
		return ask, nil
	}
	patron, err := ByID(ctx, tx, Ref{library.ID, d.Patron})
	if err != nil {
		return ask, err
	}
	if age, known := patron.AgeOn(library.Today(now)); known {
		ask.PatronAge = rule.Some(age)
	}
	return ask, nil
}

// DecideDisclosure records what the Board (or whoever the policy names) decided
// about a request in review. It cannot approve one that lacks the legal paper:
// the refusal says what is missing, and the request stays in review. Only a
// director records it.
func DecideDisclosure(ctx context.Context, tx *postgres.Tx, library directory.Library, document *policy.Document, id broker.ID, approve bool, note string, act Act) (Disclosure, error) {
	if !act.Actor.HasRole("director") {
		return Disclosure{}, broker.Forbidden("Only the director records what was decided.")
	}
	d, err := disclosure(ctx, tx, library.ID, id)
	if err != nil {
		return Disclosure{}, err
	}
	if d.Status != DisclosureInReview {
		return Disclosure{}, broker.Conflict("decided_already", "That request is no longer in review.")
	}
	ask, err := d.facts(ctx, tx, library, act.Now)
	if err != nil {
		return Disclosure{}, err
	}
	ask.Reviewed = true
	d.Status, d.DecidedAt, d.Note = DisclosureDeclined, act.Now, note
	if approve {
		decision := accounts.MayDisclose(document, policy.Moment{Now: act.Now, Calendar: library.Calendar}, ask)
		if err := decision.Err("may_not_disclose"); err != nil {
			return Disclosure{}, err
		}
		d.Status = DisclosureApproved
	}
	tx.Queue(`update disclosures set status = $3, decided_at = $4, decided_by = $5, note = $6 where library_id = $1 and id = $2`,
		d.Library, d.ID, d.Status, d.DecidedAt, act.Actor, d.Note)
	return d, nil
}

const disclosureColumns = `library_id, id, patron_id, by_whom, asked_by, paper, about, status, reasons, asked_at, taken_by, decided_at, note`

func scanDisclosure(row pgx.Row) (d Disclosure, err error) {
	err = row.Scan(&d.Library, &d.ID, &d.Patron, &d.By, &d.AskedBy, &d.Paper, &d.About, &d.Status, &d.Reasons, &d.AskedAt,
		&d.TakenBy, &d.DecidedAt, &d.Note)
	d.AskedAt, d.DecidedAt = d.AskedAt.UTC(), d.DecidedAt.UTC()
	return d, err
}

func disclosure(ctx context.Context, tx *postgres.Tx, library, id broker.ID) (Disclosure, error) {
	d, err := scanDisclosure(tx.QueryRow(ctx, `select `+disclosureColumns+` from disclosures
		where library_id = $1 and id = $2 for update`, library, id))
	if errors.Is(err, pgx.ErrNoRows) {
		return d, broker.NotFound("disclosure request")
	}
	return d, err
}

// DisclosureByID gives one of the requests made to a library.
func DisclosureByID(ctx context.Context, tx *postgres.Tx, library, id broker.ID) (Disclosure, error) {
	return disclosure(ctx, tx, library, id)
}

// Disclosures lists the requests made to a library, oldest first: those in review
// only, or all; at most limit of them, after the one named.
func Disclosures(ctx context.Context, tx *postgres.Tx, library broker.ID, inReview bool, after broker.ID, limit int) ([]Disclosure, error) {
	rows, err := tx.Query(ctx, `select `+disclosureColumns+` from disclosures
		where library_id = $1 and (not $2 or status = 'in_review') and ($3::uuid is null or id > $3) order by id limit $4`, library, inReview, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read disclosure requests: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Disclosure, error) { return scanDisclosure(row) })
}
