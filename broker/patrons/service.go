package patrons

import (
	"context"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
)

// SavePatron queues a patron, new or changed. It refuses a patron without a
// class; an institutional patron is made by Institution.
func SavePatron(tx *postgres.Tx, patron Patron) error {
	var wrong []broker.FieldError
	if patron.Class == "" || patron.Class == ClassLibrary && patron.Institution == broker.NoID {
		wrong = append(wrong, broker.FieldError{Pointer: "/class", Code: "required", Message: "must be a class the policy knows"})
	}
	if patron.Library == broker.NoID || patron.ID == broker.NoID {
		wrong = append(wrong, broker.FieldError{Pointer: "/id", Code: "required", Message: "must name library and patron"})
	}
	if wrong != nil {
		return broker.Invalid(wrong...)
	}
	if patron.Status == "" {
		patron.Status = Active
	}
	savePatron(tx, patron)
	return nil
}

// SaveCard queues a card, new or changed. A number that another card of the
// realm has is the conflict card_number_taken.
func SaveCard(tx *postgres.Tx, card Card) error {
	if card.Number == "" || card.Patron == broker.NoID || card.Realm == broker.NoID {
		return broker.Invalid(broker.FieldError{
			Pointer: "/number", Code: "required",
			Message: "a card has a number, a patron and a realm",
		})
	}
	if card.Status == "" {
		card.Status = CardActive
	}
	saveCard(tx, card)
	return nil
}

// Institution gives the institutional patron under which another library
// borrows, making it the first time.
func Institution(ctx context.Context, tx *postgres.Tx, library, borrower directory.Library, now time.Time) (Patron, error) {
	patron, err := institution(ctx, tx, library.ID, borrower.ID)
	if !broker.IsKind(err, broker.KindNotFound) {
		return patron, err
	}
	// Two first requests at once: the second waits for the first and finds it.
	insertInstitution(tx, Patron{
		Library: library.ID, ID: broker.NewID(), Class: ClassLibrary, Name: borrower.Name,
		Institution: borrower.ID, CreatedAt: now,
	})
	return institution(ctx, tx, library.ID, borrower.ID)
}

// PutBlock queues a block that staff put: manual, suspended or ill_suspended.
func PutBlock(tx *postgres.Tx, block Block) (Block, error) {
	var wrong []broker.FieldError
	if block.Kind == BlockLatched || block.Kind == "" {
		wrong = append(wrong, broker.FieldError{Pointer: "/kind", Code: "not_a_kind", Message: "must be manual, suspended or ill_suspended"})
	}
	if block.Reason == "" {
		wrong = append(wrong, broker.FieldError{Pointer: "/reason", Code: "required", Message: "a block says why"})
	}
	wrong = append(wrong, CheckDays(block.From, block.Until)...)
	if wrong != nil {
		return Block{}, broker.Invalid(wrong...)
	}
	if block.Kind == BlockILLSuspended && len(block.Stops) == 0 {
		block.Stops = []string{string(rule.ActionILLRequest)}
	}
	if block.Stops == nil {
		block.Stops = []string{}
	}
	block.ID = broker.NewID()
	addBlock(tx, block)
	return block, nil
}

// FlagPhone queues a record that a patron's number turned out wrong: it counts as
// unconfirmed until staff ask again.
func FlagPhone(tx *postgres.Tx, ref Ref) {
	tx.Queue(`update patrons set phone_checked_on = null, phone = null,
			note = concat_ws(E'\n', nullif(note, ''), 'Telephone number was wrong: ' || phone)
		where library_id = $1 and id = $2 and phone is not null`, ref.Library, ref.ID)
}

// TouchActive queues a record that a patron used the library on a day. A day
// before the latest one known changes nothing.
func TouchActive(tx *postgres.Tx, ref Ref, day broker.Date) {
	tx.Queue(`update patrons set last_active_on = $3 where library_id = $1 and id = $2
		and (last_active_on is null or last_active_on < $3)`, ref.Library, ref.ID, day)
}
