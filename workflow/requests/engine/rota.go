package engine

import (
	"encoding/json"
	"time"

	"afield/broker"
	"afield/broker/postgres"
)

// EntryStatus is where one lender of the rota stands.
type EntryStatus string

// The statuses of a rota entry.
const (
	EntryNext      EntryStatus = "next"
	EntryApproval  EntryStatus = "awaiting_approval"
	EntryAsked     EntryStatus = "asked"
	EntryOffered   EntryStatus = "conditional"
	EntryPromised  EntryStatus = "promised"
	EntrySupplied  EntryStatus = "supplied"
	EntryReturned  EntryStatus = "returned"
	EntryRefused   EntryStatus = "refused"
	EntryTimedOut  EntryStatus = "timed_out"
	EntryDeclined  EntryStatus = "declined"
	EntryRetry     EntryStatus = "retry_later"
	EntryFailed    EntryStatus = "undelivered"
	EntryCancelled EntryStatus = "cancelled"
	EntryPassed    EntryStatus = "passed_over"
)

// RotaEntry is one lender of a request's rota; its id is the request id that
// lender sees.
type RotaEntry struct {
	LibraryID  broker.ID       `db:"library_id"`
	RequestID  broker.ID       `db:"request_id"`
	ID         broker.ID       `db:"id"`
	Position   int             `db:"position"`
	LenderID   broker.ID       `db:"lender_id"`
	Tier       int             `db:"tier"`
	TierName   string          `db:"tier_name"`
	Fulfilment string          `db:"fulfilment"`
	Status     EntryStatus     `db:"status"`
	Active     bool            `db:"active"`
	Why        []broker.Reason `db:"why"`
	// CostKnown is false while nobody knows what the lender asks; that is not
	// the same as nothing.
	CostKnown       bool        `db:"cost_known"`
	CostMinor       int64       `db:"cost_minor"`
	PatronCostMinor int64       `db:"patron_cost_minor"`
	Currency        string      `db:"currency"`
	DaysToRespond   int         `db:"days_to_respond"`
	RetryOf         broker.ID   `db:"retry_of"`
	RetryAfter      broker.Date `db:"retry_after"`
	Conditions      string      `db:"conditions"`
	Answer          string      `db:"answer"`
	AskedAt         time.Time   `db:"asked_at"`
	ConfirmedAt     time.Time   `db:"confirmed_at"`
	AnsweredAt      time.Time   `db:"answered_at"`

	changed bool // must be written
	added   bool // is not in the database yet
}

// Cost gives what the lender asks.
func (e *RotaEntry) Cost() broker.Money {
	return broker.Money{Minor: e.CostMinor, Currency: e.Currency}
}

// Touch marks an entry as changed, so that it is written.
func (e *RotaEntry) Touch() { e.changed = true }

// Leave ends the request's dependence on this lender, with how it ended and the
// answer in a few words; "" keeps the answer that is there.
func (e *RotaEntry) Leave(now time.Time, status EntryStatus, answer string) {
	e.Status, e.Active, e.changed = status, false, true
	if answer != "" {
		e.Answer = answer
	}
	e.AnsweredAt = now
}

// Rota is the lenders of one request, in the order they are asked.
type Rota []*RotaEntry

// Active gives the entry being asked or supplying, or nil.
func (r Rota) Active() *RotaEntry {
	for _, entry := range r {
		if entry.Active {
			return entry
		}
	}
	return nil
}

// Retry gives the entry whose lender said when to ask again, the soonest first,
// or nil.
func (r Rota) Retry() *RotaEntry {
	var soonest *RotaEntry
	for _, entry := range r {
		if entry.Status == EntryRetry && (soonest == nil || entry.RetryAfter.Before(soonest.RetryAfter)) {
			soonest = entry
		}
	}
	return soonest
}

// TimesAsked counts how often a lender was asked for this request.
func (r Rota) TimesAsked(lender broker.ID) int {
	asked := 0
	for _, entry := range r {
		if entry.LenderID == lender && !entry.AskedAt.IsZero() {
			asked++
		}
	}
	return asked
}

// LastPosition is the highest position taken.
func (r Rota) LastPosition() int {
	last := 0
	for _, entry := range r {
		last = max(last, entry.Position)
	}
	return last
}

// Add puts a new entry at the end.
func (r *Rota) Add(entry *RotaEntry) {
	entry.added = true
	*r = append(*r, entry)
}

// AddFirst puts a new entry before all others, to be asked next.
func (r *Rota) AddFirst(entry *RotaEntry) {
	entry.added = true
	*r = append(Rota{entry}, *r...)
}

// HasUnused tells whether some entries were neither asked nor left yet.
func (r Rota) HasUnused() bool {
	for _, entry := range r {
		if entry.unused() {
			return true
		}
	}
	return false
}

// ForgetUnused drops the entries not used yet, so that choosing looks anew.
func (r *Rota) ForgetUnused(tx *postgres.Tx) {
	var kept Rota
	for _, entry := range *r {
		if entry.unused() {
			tx.Queue(`delete from rota_entries where library_id = $1 and id = $2`, entry.LibraryID, entry.ID)
			continue
		}
		kept = append(kept, entry)
	}
	*r = kept
}

func (e *RotaEntry) unused() bool { return e.Status == EntryNext || e.Status == EntryPassed }

// EntryColumns are the columns of a RotaEntry.
const EntryColumns = `library_id, request_id, id, position, lender_id, tier, tier_name, fulfilment, status, active, why, cost_known, cost_minor,
	patron_cost_minor, currency, days_to_respond, retry_of, retry_after, conditions, answer, asked_at, confirmed_at, answered_at`

// save queues what changed: it leaves one lender before it asks the next.
func (r Rota) save(tx *postgres.Tx) {
	for _, active := range []bool{false, true} {
		for _, entry := range r {
			if entry.Active == active {
				entry.save(tx)
			}
		}
	}
}

func (e *RotaEntry) save(tx *postgres.Tx) {
	if !e.changed && !e.added {
		return
	}
	why, _ := json.Marshal(e.Why)
	tx.Queue(`insert into rota_entries (`+EntryColumns+`)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)
		on conflict (library_id, id) do update set status = excluded.status, fulfilment = excluded.fulfilment, active = excluded.active, why = excluded.why,
			cost_known = excluded.cost_known, cost_minor = excluded.cost_minor, patron_cost_minor = excluded.patron_cost_minor, currency = excluded.currency,
			retry_after = excluded.retry_after, conditions = excluded.conditions, answer = excluded.answer,
			asked_at = excluded.asked_at, confirmed_at = excluded.confirmed_at, answered_at = excluded.answered_at`,
		e.LibraryID, e.RequestID, e.ID, e.Position, e.LenderID, e.Tier, e.TierName, e.Fulfilment, string(e.Status), e.Active, why,
		e.CostKnown, e.CostMinor, e.PatronCostMinor, e.Currency, e.DaysToRespond, e.RetryOf, e.RetryAfter, e.Conditions, e.Answer,
		e.AskedAt, e.ConfirmedAt, e.AnsweredAt)
	e.changed, e.added = false, false
}
