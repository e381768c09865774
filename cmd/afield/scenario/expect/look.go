package expect

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/holds"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/cmd/afield/scenario/language"
	"afield/cmd/afield/scenario/stage"
	"afield/workflow"
	"afield/workflow/requests/engine"
)

// View is the state, at one moment, of the patron, item and request of a step.
type View struct {
	entries []entryRow
	notices []noticeRow
	tasks   []taskRow

	loan    *loans.Loan
	lostOn  broker.Date
	claim   string // of the loan
	hold    *holds.Hold
	keptFor broker.ID // the patron; NoID for nobody
	place   int
	item    *catalog.Item
	request *engine.Request
	asked   []broker.ID // lenders of the request
	custody workflow.Custody

	standing *patrons.Standing
}

type entryRow struct {
	ID         broker.ID
	Kind       string
	ChargeKind string
	Minor      int64
}

type noticeRow struct {
	ID      broker.ID
	Kind    string
	Channel string
	Stage   string
	Status  string
	IfTime  bool
}

type taskRow struct {
	ID   broker.ID
	Kind string
}

// Look reads the View of a step, and changes nothing.
func Look(p *stage.Play, s language.Step) (View, error) {
	var seen View
	err := p.Everywhere(func(ctx context.Context, tx *postgres.Tx) error {
		var err error
		library := p.Home.ID
		if seen.entries, err = rowsOf[entryRow](ctx, tx, `select id, kind, charge_kind, amount_minor from ledger_entries
			where library_id = $1 and patron_id is not null order by id`, library); err != nil {
			return err
		}
		if seen.notices, err = rowsOf[noticeRow](ctx, tx, `select id, kind, channel, stage, status, coalesce((facts ->> 'if_time')::bool, false) from notices where library_id = $1 order by id`, library); err != nil {
			return err
		}
		if seen.tasks, err = rowsOf[taskRow](ctx, tx, `select id, kind from staff_tasks where library_id = $1 order by id`, library); err != nil {
			return err
		}
		if err := lookAtItem(p, ctx, tx, s, &seen); err != nil {
			return err
		}
		if err := lookAtHold(p, ctx, tx, s, &seen); err != nil {
			return err
		}
		if id, known := p.RequestOf(s); known {
			if seen.request, err = p.Stage.Requests.Load(ctx, tx, library, id); err != nil {
				return err
			}
			if seen.custody, err = custodyOf(p, ctx, tx, s, id); err != nil {
				return err
			}
			asked, err := rowsOf[struct{ ID broker.ID }](ctx, tx, `select lender_id from rota_entries
				where library_id = $1 and request_id = $2 and asked_at is not null order by asked_at, position`, library, id)
			if err != nil {
				return err
			}
			for _, one := range asked {
				seen.asked = append(seen.asked, one.ID)
			}
		}
		return lookAtPatron(p, ctx, tx, s, &seen)
	})
	return seen, err
}

// custodyOf tells in whose hands the volume of a request is that the step names,
// or its only one.
func custodyOf(p *stage.Play, ctx context.Context, tx *postgres.Tx, s language.Step, request broker.ID) (workflow.Custody, error) {
	volumes, err := engine.VolumesOf(ctx, tx, p.Home.ID, request)
	for _, volume := range volumes {
		thing, named := p.Items[s.Text("item")]
		if !named || len(volumes) == 1 || (volume.Barcode != nil && *volume.Barcode == thing.Barcode) {
			return volume.Custody, err
		}
	}
	return "", err
}

func rowsOf[T any](ctx context.Context, tx *postgres.Tx, sql string, args ...any) ([]T, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("look how things stand: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[T])
}

func lookAtItem(p *stage.Play, ctx context.Context, tx *postgres.Tx, s language.Step, seen *View) error {
	name := s.Text("item")
	thing, known := p.Items[name]
	if !known {
		return nil
	}
	item, err := p.Find(ctx, tx, thing)
	if broker.IsKind(err, broker.KindNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	seen.item = &item
	var ref loans.Ref
	var lostOn broker.Date
	err = tx.QueryRow(ctx, `select library_id, id, lost_on, coalesce((select c.status from claims c
			where c.library_id = l.library_id and c.loan_id = l.id order by c.claimed_at desc, c.id desc limit 1), 'none')
		from loans l where item_library_id = $1 and item_id = $2
		order by started_at desc, id desc limit 1`, item.Library, item.ID).Scan(&ref.Library, &ref.ID, &lostOn, &seen.claim)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at a loan: %w", err)
	}
	loan, err := loans.ByID(ctx, tx, ref)
	seen.loan, seen.lostOn = &loan, lostOn
	return err
}

func lookAtHold(p *stage.Play, ctx context.Context, tx *postgres.Tx, s language.Step, seen *View) error {
	var item, title, patron any
	if seen.item != nil {
		item, title = seen.item.ID, seen.item.Title
	} else if thing, known := p.Items[s.Text("item")]; known {
		title = thing.Title
	} else {
		return nil
	}
	if name := s.Text("patron"); name != "" {
		patron = p.Patrons[name].ID
	}
	if seen.item != nil {
		kept, err := rowsOf[struct{ ID *broker.ID }](ctx, tx, `select patron_id from holds
			where item_id = $1 and status in ('on_hold_shelf', 'in_transit')`, seen.item.ID)
		if err != nil {
			return err
		}
		if len(kept) > 0 && kept[0].ID != nil {
			seen.keptFor = *kept[0].ID
		}
	}
	var ref holds.Ref
	err := tx.QueryRow(ctx, `select library_id, id from holds where (item_id = $1 or title_id = $2) and ($3::uuid is null or patron_id = $3)
		order by status in ('on_hold_shelf', 'in_transit') desc, closed_at desc nulls last, (item_id = $1) desc nulls last,
			placed_at desc, id desc limit 1`, item, title, patron).Scan(&ref.Library, &ref.ID)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at a hold: %w", err)
	}
	hold, err := holds.ByID(ctx, tx, ref)
	if err != nil {
		return err
	}
	seen.hold = &hold
	seen.place, err = holds.Position(ctx, tx, ref)
	return err
}

func lookAtPatron(p *stage.Play, ctx context.Context, tx *postgres.Tx, s language.Step, seen *View) error {
	ref := p.Patrons[s.Text("patron")].Ref
	switch {
	case ref.ID != broker.NoID:
	case seen.loan != nil && seen.loan.Patron.ID != broker.NoID:
		ref = seen.loan.Patron
	case seen.request != nil && seen.request.PatronID != broker.NoID:
		ref = patrons.Ref{Library: seen.request.LibraryID, ID: seen.request.PatronID}
	default:
		return nil
	}
	standing, err := standing.Of(ctx, tx, standing.Desk{Library: p.Home.Library, Actor: stage.Staff(p.Home.ID), Now: p.Now()}, ref)
	if broker.IsKind(err, broker.KindNotFound) {
		return nil
	}
	seen.standing = &standing
	return err
}

// added gives what a list has that it did not have before.
func added[T comparable](before, after []T) []T {
	had := make(map[T]bool, len(before))
	for _, row := range before {
		had[row] = true
	}
	var more []T
	for _, row := range after {
		if !had[row] {
			more = append(more, row)
		}
	}
	return more
}

// money sums, by charge kind, the entries of some kinds written between two
// views.
func money(before, after View, kinds ...string) language.Amounts {
	sums := language.Amounts{}
	for _, entry := range added(before.entries, after.entries) {
		for _, kind := range kinds {
			if entry.Kind == kind {
				sums[entry.ChargeKind] += language.Amount(entry.Minor)
			}
		}
	}
	return sums
}

func dateText(date broker.Date) string {
	if date.IsZero() {
		return "none"
	}
	return date.String()
}
