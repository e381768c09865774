package proof

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"afield/broker"
	"afield/broker/holds"
	"afield/broker/loans"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow"
	"afield/workflow/requests"
	"afield/workflow/requests/engine"
	"afield/workflow/requests/late"
)

// compare says where the request stands otherwise than the search says.
func (p *player) compare(model Joint) (wrong []string) {
	differ := func(what string, database, search any) {
		if database != search {
			wrong = append(wrong, fmt.Sprintf("%s is %v, and %v in the search", what, database, search))
		}
	}
	now := p.stands(model)
	if p.w.Side == workflow.SideLending {
		state := func(i uint8) workflow.State { return p.w.rows[workflow.SideLending].places[i].State }
		differ("the state", state(now.L.State), state(model.L.State))
		now.L.State = model.L.State
		each(now.L, model.L, differ)
	} else {
		state := func(i uint8) workflow.State { return p.w.rows[workflow.SideBorrowing].places[i].State }
		differ("the state", state(now.B.State), state(model.B.State))
		now.B.State = model.B.State
		each(now.B, model.B, differ)
	}
	parties := map[workflow.Party]requests.Viewer{workflow.ByStaff: {Library: p.home.ID}}
	if p.w.Side == workflow.SideBorrowing {
		parties[workflow.ByPatron] = requests.Viewer{Library: p.home.ID, Patron: p.patron}
	}
	for by, viewer := range parties {
		differ("what the "+string(by)+" may do", p.offers(viewer), p.searched(model, by))
	}
	return wrong
}

// each compares the fields of two structs.
func each(database, search any, differ func(what string, database, search any)) {
	one, other := reflect.ValueOf(database), reflect.ValueOf(search)
	for i := range one.NumField() {
		differ(one.Type().Field(i).Name, one.Field(i).Interface(), other.Field(i).Interface())
	}
}

// offers lists what a viewer may do with the request.
func (p *player) offers(viewer requests.Viewer) string {
	var names []string
	p.Must(p.home.Try(func(ctx context.Context, tx *postgres.Tx) error {
		view, err := p.home.Requests.Look(ctx, tx, p.Clock.Now(), viewer, p.request, p.w.Side)
		for _, action := range view.Actions {
			if skipped[action.Name] == "" {
				names = append(names, string(action.Name))
			}
		}
		return err
	}))
	slices.Sort(names)
	return strings.Join(names, " ")
}

// searched lists what the search lets people do.
func (p *player) searched(j Joint, by workflow.Party) string {
	var names []string
	x := p.w.rows[p.w.Side]
	m := &move{w: p.w, j: j, side: p.w.Side, by: by, chooser: &chooser{}}
	for _, event := range x.events[*stateOf(&j, p.w.Side)] {
		for _, row := range x.by[*stateOf(&j, p.w.Side)][event] {
			if !m.holds(x.rows[row].when) {
				continue
			}
			if x.rows[row].May(by) || (by == workflow.ByStaff && x.rows[row].May(workflow.ByDesk)) {
				names = append(names, string(event))
				break
			}
		}
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " ")
}

// stands reads the facts of the search from the database; what has no trace there
// is taken from the search.
func (p *player) stands(model Joint) Joint {
	j := model
	p.Must(p.home.Try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		r := p.home.Request(p.request)
		x := p.w.rows[p.w.Side]
		lent, err := loans.OfRequest(ctx, tx, p.home.ID, p.request)
		if err != nil {
			return err
		}
		volumes, err := engine.VolumesOf(ctx, tx, p.home.ID, p.request)
		if err != nil {
			return err
		}
		previous := none
		if r.PreviousState != nil {
			previous = x.place(workflow.State(*r.PreviousState))
		}
		lending, at := noLoan, nowhere
		for _, l := range lent {
			lending = map[loans.Status]loan{loans.Open: openLoan, loans.Lost: lostLoan, loans.Returned: closedLoan}[l.Status]
		}
		if len(volumes) > 0 {
			at = custodies[volumes[0].Custody]
		}
		if p.w.Side == workflow.SideLending {
			j.L.State, j.L.Previous, j.L.RenewalPending = x.place(r.State), previous, r.RenewalPending
			if j.L.Loan = lending; at != withLender || model.L.Copy != nowhere { // it is known before it goes, and that decides nothing
				j.L.Copy = at
			}
			return nil
		}
		b := &j.B
		b.State, b.Previous, b.Loan, b.Copy = x.place(r.State), previous, lending, at
		b.Unused, b.Contact, b.RenewalPending, b.Misplaced = r.ReturnUnused, !r.PatronContactAt.IsZero(), r.RenewalPending, !r.MisplacedOn.IsZero()
		b.ByHold = r.ByHold()
		b.Arrived = len(volumes) > 0 && volumes[0].ItemID != broker.NoID
		b.Holder = len(volumes) > 0 && volumes[0].Patron.ID != broker.NoID
		b.Cancel = noReason
		if r.CancelReason != nil {
			b.Cancel = map[string]reason{engine.CancelledByPatron: byPatron, engine.CancelledByNeedBy: byNeedBy, engine.CancelledToMoveOn: toMoveOn}[*r.CancelReason]
		}
		b.Approved = r.ApprovedCostMinor > 0
		kept, err := holds.AllOfRequest(ctx, tx, standing.RequestRef{Library: p.home.ID, Request: p.request})
		if err != nil {
			return err
		}
		b.Hold = noHold
		for _, one := range kept {
			b.Hold = map[holds.Status]hold{holds.Placed: waiting, holds.InTransit: inTransit, holds.OnHoldShelf: onShelf}[one.Status]
		}
		return p.rota(ctx, tx, b)
	}))
	p.w.settle(&j)
	return j
}

// stands tells where a charge stands by what is left of it, and how often it was
// made.
func stands(left int64, made int) charge {
	switch {
	case made == 0:
		return notCharged
	case left == 0:
		return waived
	}
	return charged
}

// rota reads what stands of the lenders, of money, of deadlines and of notices.
func (p *player) rota(ctx context.Context, tx *postgres.Tx, b *Borrower) error {
	var status engine.EntryStatus
	var cost, fee, lost int64
	var feeCharged, lostCharged int
	parcels, err := late.Of(ctx, tx, p.home.ID, p.request)
	if err != nil {
		return err
	}
	b.Late = nowhere
	for _, parcel := range parcels {
		switch {
		case !parcel.HomeAt.IsZero():
		case !parcel.SentAt.IsZero():
			b.Late = goingHome
		case !parcel.ArrivedAt.IsZero():
			b.Late = inLibrary
		default:
			b.Late = coming
		}
	}
	told := func(kinds ...string) (is bool, err error) {
		err = tx.QueryRow(ctx, `select exists (select from notices where library_id = $1 and request_id = $2 and kind = any ($3) and status <> 'cancelled'
				and split_part(cause, ':', 3)::int > coalesce((select max(version) from request_events where request_id = $2 and event = 'reopen'), 0))`,
			p.home.ID, p.request, kinds).Scan(&is)
		return is, err
	}
	err = tx.QueryRow(ctx, `select case when e.active or e.asked_at is not null or e.status in ('supplied', 'returned') then e.status else '' end, coalesce(e.active, false), coalesce(e.cost_minor, 0),
			exists (select from rota_entries x where x.request_id = r.id and x.status = 'retry_later'),
			(select coalesce(sum(amount_minor), 0) from ledger_entries l where l.request_id = r.id and l.kind = 'ill_fee'),
			(select count(*) from ledger_entries l where l.request_id = r.id and l.kind = 'ill_fee' and amount_minor > 0),
			(select coalesce(sum(amount_minor), 0) from ledger_entries l where l.request_id = r.id and l.kind = 'lost'),
			(select count(*) from ledger_entries l where l.request_id = r.id and l.kind = 'lost' and amount_minor > 0),
			exists (select from deadlines d where d.request_id = r.id and d.kind = 'need_by'),
			exists (select from deadlines d where d.request_id = r.id and d.kind = 'renewal_answer')
		from requests r left join rota_entries e on e.library_id = r.library_id and e.id = r.rota_entry_id where r.library_id = $1 and r.id = $2`,
		p.home.ID, p.request).Scan(&status, &b.Active, &cost, &b.Retry, &fee, &feeCharged, &lost, &lostCharged, &b.NeedBy, &b.RenewalWait)
	if err != nil {
		return err
	}
	b.Entry = map[engine.EntryStatus]entry{
		"": noEntry, engine.EntryNext: chosen, engine.EntryApproval: chosen, engine.EntryAsked: asked, engine.EntryOffered: offered,
		engine.EntryPromised: promised, engine.EntrySupplied: supplied,
	}[status]
	if status != "" && b.Entry == noEntry {
		b.Entry = left
	}
	b.Costly = b.Active && cost > 0
	b.Fee, b.Lost = stands(fee, feeCharged), stands(lost, lostCharged)
	if b.ToldArrived, err = told("arrived"); err != nil {
		return err
	}
	if b.ToldCost, err = told("cost_approval"); err != nil {
		return err
	}
	b.ToldEnd, err = told("unfilled", "cancelled", "expired")
	return err
}
