package directory

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/postgres"
)

// The writers below queue onto the transaction: their errors come back with the
// next read or the commit. Each is an upsert, so loading the same directory
// twice changes nothing.

// SaveSharingGroup writes a sharing group.
func SaveSharingGroup(tx *postgres.Tx, group SharingGroup) {
	tx.Queue(`insert into sharing_groups (id, name) values ($1, $2)
		on conflict (id) do update set name = excluded.name`, group.ID, group.Name)
}

// SaveLibrary writes a library. Empty Kind, Status, Country and Currency mean
// library, active, US and USD. It refuses a plan that makes no calendar; a
// currency that is not that of the library's sharing group is the conflict
// mixed_currencies.
func SaveLibrary(tx *postgres.Tx, library Library, now time.Time) error {
	zone := zoneName(library.Zone)
	if _, err := calendar.New(zone, library.Plan); err != nil {
		return err
	}
	plan, err := planJSON(&library.Plan)
	if err != nil {
		return err
	}
	tx.Queue(`
		insert into libraries (id, name, kind, member, state, country, latitude, longitude, time_zone, currency,
			sharing_group_id, policy, calendar, status, yearly_loans, source_key, created_at)
		values ($1, $2, $3, $4, nullif($5, ''), $6, $7, $8, $9, $10, $11, nullif($12, ''), $13, $14, $15, nullif($16, ''), $17)
		on conflict (id) do update set name = excluded.name, kind = excluded.kind, member = excluded.member,
			state = excluded.state, country = excluded.country, latitude = excluded.latitude, longitude = excluded.longitude,
			time_zone = excluded.time_zone, currency = excluded.currency, sharing_group_id = excluded.sharing_group_id,
			policy = excluded.policy, calendar = excluded.calendar, status = excluded.status,
			yearly_loans = excluded.yearly_loans, source_key = coalesce(excluded.source_key, libraries.source_key)`,
		library.ID, library.Name, orDefault(library.Kind, KindLibrary), library.Member, library.State,
		orDefault(library.Country, "US"), library.Latitude, library.Longitude, zone, orDefault(library.Currency, "USD"),
		library.SharingGroup, library.Policy, plan, orDefault(library.Status, StatusActive),
		library.YearlyLoans, library.SourceKey, now)
	return nil
}

// SaveSymbols gives a library symbols; those it has already stay. A symbol that
// another library has is the caller's fault and fails the transaction.
func SaveSymbols(tx *postgres.Tx, library broker.ID, symbols ...broker.Symbol) {
	for _, symbol := range symbols {
		symbol = broker.NewSymbol(symbol.Namespace, symbol.Value)
		// The update writes the row's own owner unless it is another's; then the null
		// in a column that must not be null fails the insert, loudly.
		tx.Queue(`
			insert into symbols (namespace, value, library_id) values ($1, $2, $3)
			on conflict (namespace, value) do update
			set library_id = case when symbols.library_id = excluded.library_id then excluded.library_id end`,
			symbol.Namespace, symbol.Value, library)
	}
}

// SaveBranch writes a branch.
func SaveBranch(tx *postgres.Tx, branch Branch) error {
	plan, err := planJSON(branch.Plan)
	if err != nil {
		return err
	}
	tx.Queue(`
		insert into branches (library_id, id, code, name, calendar, policy) values ($1, $2, $3, $4, $5, nullif($6, ''))
		on conflict (library_id, id) do update set code = excluded.code, name = excluded.name, calendar = excluded.calendar,
			policy = excluded.policy`,
		branch.Library, branch.ID, branch.Code, branch.Name, plan, branch.Policy)
	return nil
}

// SaveGroup writes a group and makes these libraries its members, and no others.
func SaveGroup(tx *postgres.Tx, group Group, members ...broker.ID) {
	tx.Queue(`insert into library_groups (id, name, kind) values ($1, $2, $3)
		on conflict (id) do update set name = excluded.name, kind = excluded.kind`, group.ID, group.Name, group.Kind)
	tx.Queue(`delete from group_members where group_id = $1 and library_id <> all($2)`, group.ID, notNil(members))
	tx.Queue(`insert into group_members (group_id, library_id) select $1, unnest($2::uuid[])
		on conflict do nothing`, group.ID, notNil(members))
}

// SaveTiers replaces the tiers of a library. The order given is the order in
// which they are tried; Position is set from it.
func SaveTiers(tx *postgres.Tx, library broker.ID, tiers []Tier) error {
	var wrong []broker.FieldError
	for i, tier := range tiers {
		at := fmt.Sprintf("/tiers/%d", i)
		if (tier.Members == TierGroup) != (tier.Group != broker.NoID) {
			wrong = append(wrong, broker.FieldError{
				Pointer: at + "/group", Code: "group_mismatch",
				Message: "must be given for a tier of a group, and only there",
			})
		}
		if (tier.Members == TierStates) != (len(tier.States) > 0) {
			wrong = append(wrong, broker.FieldError{
				Pointer: at + "/states", Code: "states_mismatch",
				Message: "must be given for a tier of states, and only there",
			})
		}
		if tier.Members == TierOwn && tier.Fulfilment != FulfilHold {
			wrong = append(wrong, broker.FieldError{
				Pointer: at + "/fulfilment", Code: "own_is_hold",
				Message: "must be hold: a copy of one's own is never borrowed from another",
			})
		}
	}
	if wrong != nil {
		return broker.Invalid(wrong...)
	}
	tx.Queue(`delete from tiers where library_id = $1`, library)
	for position, tier := range tiers {
		tx.Queue(`
			insert into tiers (library_id, position, name, members, group_id, states, cost_rule, days_to_respond, fulfilment)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			library, position, tier.Name, tier.Members, tier.Group, notNil(tier.States),
			orDefault(tier.CostRule, CostFree), orDefault(tier.DaysToRespond, 4), tier.Fulfilment)
	}
	return nil
}

// SaveTerms writes a library's lending terms. Nil Formats and zero LoanDays
// mean the usual ones; an empty currency means USD.
func SaveTerms(tx *postgres.Tx, terms LendingTerms) {
	usual := UsualTerms(terms.Library, "USD")
	if terms.Formats == nil {
		terms.Formats = usual.Formats
	}
	tx.Queue(`
		insert into lending_terms (library_id, lends, formats, loan_days, renewals, fee_minor, currency, free_in_state,
			free_groups, paused_from, paused_until)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		on conflict (library_id) do update set lends = excluded.lends, formats = excluded.formats,
			loan_days = excluded.loan_days, renewals = excluded.renewals, fee_minor = excluded.fee_minor,
			currency = excluded.currency, free_in_state = excluded.free_in_state, free_groups = excluded.free_groups,
			paused_from = excluded.paused_from, paused_until = excluded.paused_until`,
		terms.Library, terms.Lends, formatTexts(terms.Formats), orDefault(terms.LoanDays, usual.LoanDays), terms.Renewals,
		terms.Fee.Minor, orDefault(terms.Fee.Currency, "USD"), terms.FreeInState, notNil(terms.FreeGroups),
		terms.PausedFrom, terms.PausedUntil)
}

func formatTexts(formats []broker.Format) []string {
	texts := make([]string, len(formats))
	for i, format := range formats {
		texts[i] = string(format)
	}
	return texts
}

// planJSON writes a plan for its column; an empty or missing one is null.
func planJSON(plan *calendar.Plan) ([]byte, error) {
	if plan == nil || len(plan.Hours)+len(plan.Closed)+len(plan.Special) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(plan)
	if err != nil {
		return nil, fmt.Errorf("write a calendar: %w", err)
	}
	return text, nil
}

func orDefault[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// notNil gives an empty array for nil, because the columns are not null.
func notNil[T any](list []T) []T { return append([]T{}, slices.Clip(list)...) }
