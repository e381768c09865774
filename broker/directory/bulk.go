package directory

import (
	"context"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/postgres"
)

// ClosureRecord is a closure as files bring them in.
type ClosureRecord struct {
	Library broker.ID   `json:"library_id"`
	ID      broker.ID   `json:"id"`
	Branch  broker.ID   `json:"branch_id,omitzero"`
	From    broker.Date `json:"from_on"`
	To      broker.Date `json:"to_on"`
	Reason  string      `json:"reason"`
	Kind    string      `json:"kind"`
}

// SaveClosureRecords writes closures; one with the same first and last day for
// the same library or branch is known already and keeps its reason.
func SaveClosureRecords(ctx context.Context, tx *postgres.Tx, records []ClosureRecord) (postgres.Saved, error) {
	return postgres.Upsert{
		Table:   "closures",
		Columns: postgres.Columns("library_id uuid", "id uuid", "branch_id uuid", "from_on date", "to_on date", "reason text", "kind text"),
		Unless: `exists (select 1 from closures k where k.library_id = f.library_id and k.branch_id is not distinct from f.branch_id
			and k.from_on = f.from_on and k.to_on = f.to_on and k.cancelled_at is null)`,
	}.Rows(ctx, tx, records)
}

// SavePlan queues the weekly hours and special days of a library, or of one of
// its branches.
func SavePlan(tx *postgres.Tx, library, branch broker.ID, plan calendar.Plan) error {
	if _, err := calendar.New("UTC", plan); err != nil {
		return err
	}
	text, err := planJSON(&plan)
	if err != nil {
		return err
	}
	if branch == broker.NoID {
		tx.Queue(`update libraries set calendar = $2 where id = $1`, library, text)
	} else {
		tx.Queue(`update branches set calendar = $3 where library_id = $1 and id = $2`, library, branch, text)
	}
	return nil
}

// Listings are the queries for everything a library owns here: its calendar, in
// which a row is a weekday, a special day or a closure.
func Listings() []postgres.Listing {
	return []postgres.Listing{
		{Name: "calendar", SQL: `
			with places as (
				select null::text as branch, calendar from libraries where id = $1
				union all select code, calendar from branches where library_id = $1),
			rows as (
				select p.branch, d.weekday, null::date as "from", null::date as "to", coalesce(p.calendar #>> array['hours', d.weekday], 'closed') as hours, ''::text as reason, ''::text as kind
				from places p, unnest('{mon,tue,wed,thu,fri,sat,sun}'::text[]) d(weekday)
				where p.calendar -> 'hours' <> '{}'
				union all
				select p.branch, '', (s ->> 'on')::date, (s ->> 'on')::date, s ->> 'hours', '', ''
				from places p, jsonb_array_elements(coalesce(p.calendar -> 'special', '[]')) s
				union all
				select p.branch, '', (s ->> 'from')::date, coalesce(s ->> 'to', s ->> 'from')::date, '', coalesce(s ->> 'reason', ''), 'planned'
				from places p, jsonb_array_elements(coalesce(p.calendar -> 'closed', '[]')) s
				union all
				select b.code, '', c.from_on, c.to_on, '', c.reason, c.kind
				from closures c left join branches b on b.library_id = c.library_id and b.id = c.branch_id
				where c.library_id = $1 and c.cancelled_at is null)
			select branch, weekday, "from", "to", hours, reason, kind from rows
			order by branch nulls first, "from" nulls first, array_position('{mon,tue,wed,thu,fri,sat,sun}', weekday), hours, reason`},
		{Name: "branches", SQL: `select code, name from branches where library_id = $1 order by code`},
	}
}
