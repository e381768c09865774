package undo_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/notices"
	"afield/broker/patrons"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/requests"
	"afield/workflow/requests/engine"
	"afield/workflow/requests/tasks"
	"afield/workflow/routing"
	"afield/workflow/town"
)

// notRestored are rows that can be undone and of which the test asks nothing,
// with the reason.
var notRestored = map[workflow.Event]string{
	workflow.EventReopen: "a request that is opened again begins anew, with whichever lender is best by then; its patron may have been told that it had ended",
}

// aYearOn is later than all that the test does.
var aYearOn = time.Date(2027, 3, 2, 0, 0, 0, 0, time.UTC)

// unlooked are tables of the program itself; nothing in them is undone.
var unlooked = []string{"river_", "schema_migrations", "live_changes"}

// A row is one row of a table as columns by name.
type row map[string]any

// snapshot is every row of every table, by table and primary key.
type snapshot map[string]map[string]row

// lookAt reads every table there is, so that a new one is looked at without
// being named here.
func lookAt(ctx context.Context, tx *postgres.Tx) (snapshot, error) {
	found, err := tx.Query(ctx, `select c.relname::text, coalesce((select string_agg('t.' || quote_ident(a.attname), ', ' order by a.attnum) from pg_index i
			join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey) where i.indrelid = c.oid and i.indisprimary), 't.ctid::text')
		from pg_class c join information_schema.tables t on t.table_schema = current_schema() and t.table_name = c.relname and t.table_type = 'BASE TABLE'
		where c.relnamespace = current_schema()::regnamespace and has_table_privilege(c.oid, 'select') order by 1`)
	if err != nil {
		return nil, err
	}
	keys := map[string]string{}
	var table, key string
	if _, err := pgx.ForEachRow(found, []any{&table, &key}, func() error {
		if !slices.ContainsFunc(unlooked, func(prefix string) bool { return strings.HasPrefix(table, prefix) }) {
			keys[table] = key
		}
		return nil
	}); err != nil {
		return nil, err
	}
	seen := snapshot{}
	for table, key := range keys {
		tx.Queue(`select jsonb_build_array(` + key + `)::text, to_jsonb(t) from ` + table + ` t`).Query(func(found pgx.Rows) error {
			var id string
			var text []byte
			_, err := pgx.ForEachRow(found, []any{&id, &text}, func() error {
				columns := row{}
				if seen[table] == nil {
					seen[table] = map[string]row{}
				}
				seen[table][id] = columns
				return json.Unmarshal(text, &columns)
			})
			return err
		})
	}
	if err := tx.Flush(ctx); err != nil {
		return nil, err
	}
	for _, balance := range seen["lending_balances"] { // what it comes to on one day: it halves by itself
		asOf, err := time.Parse(time.RFC3339, balance["as_of"].(string))
		if err != nil {
			return nil, err
		}
		balance["balance"] = routing.Decayed(balance["balance"].(float64), asOf, aYearOn)
		delete(balance, "as_of")
	}
	return seen, nil
}

// record tells of each table which new rows are the record of an act and of its
// undoing, and no effect of either; and settles what is the same said otherwise.
var record = map[string]func(row) bool{
	"request_events": func(row) bool { return true },
	"request_notes":  func(row) bool { return true },
	"messages":       func(r row) bool { return r["status"] == "withdrawn" },
	"notices":        func(r row) bool { return r["status"] == "cancelled" },
	"holds":          func(r row) bool { return r["status"] == "cancelled" },
	"blocks":         func(r row) bool { return r["lifted_at"] != nil },
	"overrides":      func(row) bool { return true },
	"ledger_entries": func(row) bool { return true }, // that they come to nothing is asked for all together
	"lender_figures": func(r row) bool {
		for name, value := range r {
			if number, is := value.(float64); is && math.Abs(number) > 1e-6 && name != "lender_id" {
				return false
			}
		}
		return true
	},
	"lending_balances": func(r row) bool { return math.Abs(r["balance"].(float64)) < 1e-6 },
}

// counters are columns that count what happened.
var counters = map[string][]string{"requests": {"version"}}

// differences says what is not as it was before.
func differences(before, after snapshot) (found []string) {
	tables := slices.Sorted(maps.Keys(after))
	for table := range before {
		if after[table] == nil {
			tables = append(tables, table)
		}
	}
	for _, table := range tables {
		for id, was := range before[table] {
			is := after[table][id]
			if is == nil {
				found = append(found, fmt.Sprintf("%s %s is gone", table, id))
				continue
			}
			for name, value := range was {
				if !slices.Contains(counters[table], name) && !same(value, is[name]) {
					found = append(found, fmt.Sprintf("%s %s: %s was %v and is %v", table, id, name, value, is[name]))
				}
			}
		}
		sums := map[string]float64{}
		for id, is := range after[table] {
			if before[table][id] != nil {
				continue
			}
			if may := record[table]; may == nil || !may(is) {
				found = append(found, fmt.Sprintf("%s %s is new: %v", table, id, is))
			}
			if table == "ledger_entries" {
				sums[fmt.Sprint(is["patron_id"], is["debtor_library_id"], is["currency"])] += is["amount_minor"].(float64)
			}
		}
		for account, sum := range sums {
			if sum != 0 {
				found = append(found, fmt.Sprintf("%s: account %s is left with %v", table, account, sum))
			}
		}
	}
	slices.Sort(found)
	return found
}

// same compares two values; sums of hours may differ in their last digits.
func same(was, is any) bool {
	if number, isNumber := was.(float64); isNumber {
		other, isNumber := is.(float64)
		return isNumber && math.Abs(number-other) < 1e-6
	}
	left, _ := json.Marshal(was)
	right, _ := json.Marshal(is)
	return string(left) == string(right)
}

// A trial tries every row that leaves a state and can be undone, each on the
// request as it stands, and takes it back in the same transaction, which is then
// given up.
type trial struct {
	*town.Town
	home    *town.House
	side    workflow.Side
	request broker.ID
	// tried are the rows that were taken, by table, number and state.
	tried map[string]bool
}

var errGivenUp = errors.New("given up")

// filledIn are forms of acts that ask for something.
var filledIn = map[workflow.Event]map[string]any{
	workflow.EventAnswerNo:          {"reason": "on_loan", "note": "Ask again in spring."},
	workflow.EventAnswerConditional: {"conditions": "Use it in the library.", "cost": town.USD(5000)},
	workflow.EventAnswerRetry:       {"retry_after": "2026-05-04"},
	workflow.EventReceive:           {"due": "2026-05-01", "cost": town.USD(400), "renewals": 1, "fine": town.USD(25), "condition": "worn"},
}

func (r *trial) here() {
	r.T.Helper()
	state := r.home.Request(r.request).State
	table := workflow.TableOf(r.side)
	seen := map[workflow.Event]bool{}
	for number, line := range table.Transitions {
		taker := line.Undo.Taker()
		if taker == "" || !slices.Contains(line.From, state) || seen[line.On] {
			continue
		}
		seen[line.On] = true
		for _, crowded := range []bool{false, true} {
			before, after, took, err := r.undone(table, line.On, taker, crowded)
			if took < 0 {
				break // no row fits what the request is now
			}
			name := fmt.Sprintf("%s, %s to %s (%d, crowded: %v)", state, line.On, table.Transitions[took].To, number, crowded)
			if err != nil {
				r.T.Errorf("%s: %v", name, err)
				continue
			}
			for _, difference := range differences(before, after) {
				r.T.Errorf("%s: %s", name, difference)
			}
			r.tried[fmt.Sprintf("%s %d %s", r.side, took, state)] = true
		}
	}
}

// undone acts and takes the act back, and gives what was there before and after;
// took is the row that the act took, -1 for none that can be undone. Crowded puts
// tasks and notices there first, for the act to settle.
func (r *trial) undone(table *workflow.Table, act, taker workflow.Event, crowded bool) (before, after snapshot, took int, err error) {
	r.T.Helper()
	took = -1
	now := r.Clock.Now()
	err = r.home.Try(func(ctx context.Context, tx *postgres.Tx) error {
		if crowded {
			if err := r.crowd(ctx, tx, now); err != nil {
				return err
			}
		}
		at := r.home.At()
		at.Now = now.Add(time.Minute)
		before, err = lookAt(ctx, tx)
		if err != nil {
			return err
		}
		do := func(action workflow.Event) (move engine.Move, err error) {
			body := map[string]json.RawMessage{}
			for name, value := range filledIn[action] {
				text, err := json.Marshal(value)
				r.Must(err)
				body[name] = text
			}
			fired, err := r.home.Desk.Act(ctx, tx, at, requests.Act{Library: r.home.Library.ID, Request: r.request, Action: action, Body: body})
			if err != nil || len(fired.Moves) != 1 { // what more follows by itself cannot be undone
				return move, err
			}
			return fired.Moves[0], nil
		}
		move, err := do(act)
		if code, is := broker.AsError(err); is && (code.Code == "not_now" || code.Code == "not_in_this_state") || (err == nil && move.Label == "") {
			return errGivenUp
		}
		if err != nil {
			took = 0
			return fmt.Errorf("the act: %w", err)
		}
		took = slices.IndexFunc(table.Transitions, func(line workflow.Transition) bool {
			return line.On == act && line.Label == move.Label && slices.Contains(line.From, move.From) &&
				(line.To == move.To || line.To == workflow.Same) && line.Undo.Taker() == taker
		})
		if took < 0 {
			return errGivenUp
		}
		at.Now = at.Now.Add(time.Minute)
		if _, err := do(taker); err != nil {
			return fmt.Errorf("taking it back: %w", err)
		}
		if after, err = lookAt(ctx, tx); err != nil {
			return err
		}
		return errGivenUp
	})
	if errors.Is(err, errGivenUp) {
		err = nil
	}
	return before, after, took, err
}

// crowd puts before the request what an act may settle: tasks and notices.
func (r *trial) crowd(ctx context.Context, tx *postgres.Tx, now time.Time) error {
	for _, kind := range []string{"shipment_overdue", "arrival_overdue", "cost_above_approved", "volumes_missing", "note_received", "due_passed"} {
		tasks.Open(tx, r.home.Library.ID, r.request, kind, "Look at it.", now)
	}
	request := r.home.Request(r.request)
	if request.PatronID == broker.NoID {
		return nil
	}
	patron, err := patrons.ByID(ctx, tx, r.home.Ref(request.PatronID))
	if err != nil {
		return err
	}
	for _, kind := range []notices.Kind{notices.CostApproval, notices.DueSoon, notices.Arrived} {
		notices.Make(tx, patron, notices.Message{Kind: kind, Request: r.request, Cause: "crowd:" + string(kind) + ":" + r.request.String()}, now)
	}
	return nil
}

// Whatever can be undone is as it was before, wherever it is done: every row of
// the tables that can be undone, from every state that it leaves.
func TestAnUndoneActLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	tried := map[string]bool{}
	borrows(t, tried)
	lends(t, tried)
	for _, table := range []*workflow.Table{workflow.Borrowing, workflow.Lending} {
		for number, line := range table.Transitions {
			if line.Undo.Kind == workflow.UndoNever || notRestored[line.Undo.Event] != "" {
				continue
			}
			for _, from := range line.From {
				name := fmt.Sprintf("%s %d %s", table.Side, number, from)
				if !tried[name] {
					t.Errorf("nothing tried to undo %q (%s) from %s", line.On, line.Label, from)
				}
			}
		}
	}
}

// borrows leads requests through their lives, and tries at every stop what can be
// undone there.
func borrows(t *testing.T, tried map[string]bool) {
	t.Helper()
	tw, home, lender, request, patron := town.AsksPartner(t, 500)
	r := &trial{Town: tw, home: home, side: workflow.SideBorrowing, request: request, tried: tried}
	stop := func(state workflow.State) {
		t.Helper()
		home.Expects(r.request, state)
		r.here()
	}
	conditional := func(minor int64) {
		cost := town.USD(minor)
		lender.Says(home, connectors.Message{Kind: connectors.KindConditional, Conditions: "insure it", Cost: &cost})
	}
	stop(workflow.AwaitingCostApproval)
	home.Does(request, workflow.EventApproveCost, nil)
	stop(workflow.Requested)
	conditional(500)
	stop(workflow.Conditional)
	conditional(900)
	home.Does(request, workflow.EventAcceptConditions, nil)
	stop(workflow.AwaitingCostApproval)
	home.Does(request, workflow.EventApproveCost, nil)
	stop(workflow.WillSupply)
	lender.Says(home, town.Shipped("VT-1", "2026-05-20"))
	stop(workflow.Shipped)
	home.Scans("VT-1", "")
	stop(workflow.Received)
	home.Does(request, workflow.EventShelve, nil)
	home.Lends("ILL-"+home.Number(request), patron)
	stop(workflow.CheckedOut)
	home.Scans("ILL-"+home.Number(request), "")
	stop(workflow.ReturnDue)

	// Asked, but the question has not got through.
	tw.Sent.Answer = connectors.Delivery{Outcome: connectors.TryAgain, Detail: "connection refused"}
	again, err := home.Asks(requests.Submission{Patron: home.Patron("resident"), Citation: town.Citation(), NeedBy: town.Due("2026-06-20")})
	tw.Must(err)
	r.request = again.ID
	home.Does(r.request, workflow.EventApproveCost, nil)
	stop(workflow.Requested)
}

// lends is borrows for what another library asks of us.
func lends(t *testing.T, tried map[string]bool) {
	t.Helper()
	tw := town.New(t, "2026-03-02T15:00:00Z")
	home, title := tw.Library("westport", "NY", broker.NoID), tw.Title("A title nobody here owns", town.ISBN)
	home.Owns(title)
	borrower := tw.Partner("VT", 0)
	citation := town.Citation()
	borrower.Borrows(home, connectors.Message{Kind: connectors.KindRequest, RequestID: "vt-1", Citation: &citation, Service: "loan"})
	r := &trial{Town: tw, home: home, side: workflow.SideLending, request: home.Lending(), tried: tried}
	home.Expects(r.request, workflow.Requested)
	r.here()
}
