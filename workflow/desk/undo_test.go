package desk_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"afield/workflow/town"

	"afield/broker"
	"afield/broker/acts"
	"afield/broker/ledger"
	"afield/broker/postgres"
	"afield/broker/returns"
	"afield/workflow"
	"afield/workflow/desk"
	"afield/workflow/desk/cashier"
	"afield/workflow/desk/counter"
)

// records are what an act and its undoing leave behind on purpose, and what is not
// about the things that were acted on.
var records = map[string]string{
	"desk_acts": "the record of both", "request_events": "the record of both", "request_notes": "why it was undone",
	"ledger_entries": "an account is only ever added to; its balance is compared", "messages": "withdrawn, not deleted",
	"patrons": "the day a patron was last seen", "lender_figures": "what lenders are like, by what they answered",
	"idempotency_keys": "the record of both", "live_changes": "what followers are told, of both", "request_undo": "what a request was before its last act, which is the undoing now", "schema_migrations": "the schema's own",
}

// everything reads all rows of all tables, and what each account owes of what.
func everything(tw *town.Town) map[string][]string {
	tw.T.Helper()
	rows := map[string][]string{}
	tw.Do(func(ctx context.Context, tx *postgres.Tx) error {
		found, err := tx.Query(ctx, `select table_name::text from information_schema.tables
			where table_schema = current_schema() and table_type = 'BASE TABLE' and table_name not like 'river%' order by 1`)
		if err != nil {
			return err
		}
		tables, err := pgx.CollectRows(found, pgx.RowTo[string])
		if err != nil {
			return err
		}
		asked := map[string]string{
			"owed": `select library_id || ' ' || coalesce(patron_id, debtor_library_id) || ' ' || charge_kind || ' ' || sum(amount_minor)
				from ledger_entries group by library_id, patron_id, debtor_library_id, charge_kind having sum(amount_minor) <> 0`,
		}
		for _, table := range tables {
			if records[table] == "" {
				asked[table] = `select (to_jsonb(t) - afield_passed_over('` + table + `'))::text from ` + table + ` t`
			}
		}
		for table, sql := range asked {
			found, err := tx.Query(ctx, sql)
			if err != nil {
				return err
			}
			if rows[table], err = pgx.CollectRows(found, pgx.RowTo[string]); err != nil {
				return err
			}
			slices.Sort(rows[table])
		}
		return nil
	})
	return rows
}

// differences names the rows that are on one side only.
func differences(before, after map[string][]string) (found []string) {
	for table := range after {
		for _, row := range before[table] {
			if !slices.Contains(after[table], row) {
				found = append(found, "- "+table+" "+row)
			}
		}
		for _, row := range after[table] {
			if !slices.Contains(before[table], row) {
				found = append(found, "+ "+table+" "+row)
			}
		}
	}
	return found
}

func undo(h *town.House, act acts.Act) (acts.Act, error) { return undoFor(h, act, "the wrong one") }

func undoFor(h *town.House, act acts.Act, why string) (acts.Act, error) {
	var undone acts.Act
	err := h.Try(func(ctx context.Context, tx *postgres.Tx) (err error) {
		undone, err = h.Desk.Undo(ctx, tx, h.At(), act.ID, why)
		return err
	})
	return undone, err
}

// Each kind of act at the desk is done, undone, done and undone again; nothing is
// different from before, in any table, but the records of both.
func TestAnActUndoneIsAsIfItHadNotBeen(t *testing.T) {
	t.Parallel()
	const start = "2026-03-02T15:00:00Z"
	own := func(t *testing.T) (*town.House, broker.ID, string) {
		h := town.New(t, start).Library("western-district", "IL", broker.NoID)
		title := h.Title("A plain book", "9780306406157")
		return h, title, h.Owns(title)
	}
	scan := func(h *town.House, barcode, card string) func() acts.Act {
		return func() acts.Act { return h.Scans(barcode, card).Act }
	}
	cases := map[string]func(*testing.T) (*town.House, acts.Kind, func() acts.Act){
		"a check-out": func(t *testing.T) (*town.House, acts.Kind, func() acts.Act) {
			h, _, barcode := own(t)
			return h, acts.CheckOut, scan(h, barcode, h.Card(h.Patron("adult")))
		},
		"a check-out from the hold shelf": func(t *testing.T) (*town.House, acts.Kind, func() acts.Act) {
			h, title, barcode := own(t)
			patron := h.Patron("adult")
			h.Hold(title, patron)
			if done := h.Scans(barcode, ""); done.Did != "captured" {
				t.Fatalf("did %s", done.Did)
			}
			h.On("2026-03-04 11:00")
			return h, acts.CheckOut, scan(h, barcode, h.Card(patron))
		},
		"a check-out of another copy than the one that is kept": func(t *testing.T) (*town.House, acts.Kind, func() acts.Act) {
			h, title, barcode := own(t)
			patron, other := h.Patron("adult"), h.Owns(title)
			h.Hold(title, patron)
			h.Hold(title, h.Patron("adult"))
			h.Scans(barcode, "")
			return h, acts.CheckOut, scan(h, other, h.Card(patron))
		},
		"a check-in": func(t *testing.T) (*town.House, acts.Kind, func() acts.Act) {
			h, _, barcode := own(t)
			h.Scans(barcode, h.Card(h.Patron("adult")))
			h.On("2026-03-05 11:00")
			return h, acts.CheckIn, scan(h, barcode, "")
		},
		"a check-in with a fine": func(t *testing.T) (*town.House, acts.Kind, func() acts.Act) {
			h, _, barcode := own(t)
			patron := h.Patron("adult")
			h.Scans(barcode, h.Card(patron))
			h.On("2026-05-05 11:00")
			return h, acts.CheckIn, func() acts.Act {
				act := h.Scans(barcode, "").Act
				if h.Owed(patron) == 0 {
					t.Error("nothing is owed for two months")
				}
				return act
			}
		},
		"a check-in of what is counted as lost": func(t *testing.T) (*town.House, acts.Kind, func() acts.Act) {
			h, _, barcode := own(t)
			patron := h.Patron("adult")
			done, price := h.Scans(barcode, h.Card(patron)), h.Money(2500)
			h.On("2026-05-05 11:00")
			h.Door(func(ctx context.Context, tx *postgres.Tx) (counter.Done, error) {
				return h.Desk.Lost(ctx, tx, h.At(), done.Loan.ID, returns.Loss{Price: price})
			})
			h.On("2026-05-07 11:00")
			return h, acts.CheckIn, scan(h, barcode, "")
		},
		"a check-in that keeps it for the next": func(t *testing.T) (*town.House, acts.Kind, func() acts.Act) {
			h, title, barcode := own(t)
			h.Scans(barcode, h.Card(h.Patron("adult")))
			h.Hold(title, h.Patron("adult"))
			h.Hold(title, h.Patron("adult"))
			h.On("2026-03-05 11:00")
			return h, acts.CheckIn, scan(h, barcode, "")
		},
		"a copy put on the hold shelf": func(t *testing.T) (*town.House, acts.Kind, func() acts.Act) {
			h, title, barcode := own(t)
			h.Hold(title, h.Patron("adult"))
			return h, acts.Shelve, scan(h, barcode, "")
		},
		"a payment": func(t *testing.T) (*town.House, acts.Kind, func() acts.Act) {
			h, _, _ := own(t)
			patron := h.Patron("adult")
			h.Owe(patron, ledger.Lost, 2500)
			h.Owe(patron, ledger.Other, 300)
			return h, acts.Payment, func() acts.Act {
				paid, err := h.Takes(cashier.Payment{Patron: patron, Amount: h.Money(2700), Method: ledger.Cash})
				h.Must(err)
				return paid.Act
			}
		},
		"a payment of what grows": func(t *testing.T) (*town.House, acts.Kind, func() acts.Act) {
			h, _, barcode := own(t)
			patron := h.Patron("adult")
			h.Scans(barcode, h.Card(patron))
			h.On("2026-04-20 11:00")
			return h, acts.Payment, func() acts.Act {
				paid, err := h.Takes(cashier.Payment{Patron: patron, Amount: h.Money(50), Method: ledger.Cash})
				h.Must(err)
				return paid.Act
			}
		},
		"a borrowed copy put on the hold shelf": func(t *testing.T) (*town.House, acts.Kind, func() acts.Act) {
			_, h, lender, request, _ := town.AsksPartner(t, 0)
			lender.Says(h, town.Shipped("VT-1", "2026-04-20"))
			band := h.Scans("VT-1", "")
			h.Settle()
			h.Expects(request, workflow.Received)
			return h, acts.Shelve, scan(h, bandOf(h, band), "")
		},
		"a borrowed copy received": func(t *testing.T) (*town.House, acts.Kind, func() acts.Act) {
			_, h, lender, request, _ := town.AsksPartner(t, 300)
			h.Does(request, workflow.EventApproveCost, nil)
			lender.Says(h, town.Shipped("VT-1", "2026-04-20"))
			lender.ByHand()
			h.Expects(request, workflow.Shipped)
			return h, acts.Receive, scan(h, "VT-1", "")
		},
		"a borrowed copy sent home": func(t *testing.T) (*town.House, acts.Kind, func() acts.Act) {
			h, lender, request, _ := town.Borrowed(t)
			lender.ByHand()
			band := "ILL-" + h.Number(request)
			h.Scans(band, "")
			h.Expects(request, workflow.ReturnDue)
			return h, acts.Send, scan(h, band, "")
		},
		"a borrowed copy checked out": func(t *testing.T) (*town.House, acts.Kind, func() acts.Act) {
			_, h, _, _, patron, band := town.Shelved(t)
			h.Settle()
			return h, acts.CheckOut, scan(h, band, h.Card(patron))
		},
		"a borrowed copy checked in": func(t *testing.T) (*town.House, acts.Kind, func() acts.Act) {
			_, h, _, _, patron, band := town.Shelved(t)
			h.Scans(band, h.Card(patron))
			h.Settle()
			return h, acts.CheckIn, scan(h, band, "")
		},
	}
	for name, arrange := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, kind, act := arrange(t)
			for _, time := range []string{"once", "again"} {
				before := everything(h.Town)
				done := act()
				if done.Kind != kind || done.UndoUntil.Before(h.Clock.Now()) {
					t.Fatalf("%s: it is the act %+v", time, done)
				}
				if len(differences(before, everything(h.Town))) == 0 {
					t.Fatalf("%s: it did nothing", time)
				}
				undone, err := undo(h, done)
				h.Must(err)
				if found := differences(before, everything(h.Town)); len(found) > 0 {
					t.Fatalf("%s: undone, there is\n%s", time, strings.Join(found, "\n"))
				}
				twice, err := undo(h, done)
				if err != nil || fmt.Sprint(twice.Undone.At, twice.Undone.Why) != fmt.Sprint(undone.Undone.At, undone.Undone.Why) {
					t.Errorf("%s: undone twice it is %+v, %v", time, twice.Undone, err)
				}
				for _, breach := range breaches(h.Town) {
					t.Errorf("%s: %s", time, breach)
				}
			}
		})
	}
}

// While anything has followed from an act it is refused, with what has followed,
// and nothing is written.
func TestAnActThatWasFollowedStays(t *testing.T) {
	t.Parallel()
	type place struct {
		*town.House
		title, patron broker.ID
		barcode       string
	}
	scanned := func(p place, card string) acts.Act { return p.Scans(p.barcode, card).Act }
	cases := map[string]func(p place) (acts.Act, string){
		"the item was lent again": func(p place) (acts.Act, string) {
			scanned(p, p.Card(p.patron))
			act := scanned(p, "")
			scanned(p, p.Card(p.Patron("adult")))
			return act, "act_followed"
		},
		"the item was lent again and is back": func(p place) (acts.Act, string) {
			scanned(p, p.Card(p.patron))
			act := scanned(p, "")
			scanned(p, p.Card(p.Patron("adult")))
			scanned(p, "")
			return act, "act_followed"
		},
		"the loan was renewed": func(p place) (acts.Act, string) {
			done := p.Door(func(ctx context.Context, tx *postgres.Tx) (counter.Done, error) {
				return p.Desk.CheckOut(ctx, tx, p.At(), desk.CheckOut{Barcode: p.barcode, Patron: p.patron, Due: town.Due("2026-03-10")})
			})
			p.Door(func(ctx context.Context, tx *postgres.Tx) (counter.Done, error) {
				renewed, _, err := p.Desk.Renew(ctx, tx, p.At(), done.Loan.ID, nil)
				return renewed, err
			})
			return done.Act, "loan_moved_on"
		},
		"the hold it was kept for was collected": func(p place) (acts.Act, string) {
			p.Hold(p.title, p.patron)
			act := scanned(p, "")
			scanned(p, p.Card(p.patron))
			return act, "act_followed"
		},
		"the patron was told": func(p place) (acts.Act, string) {
			p.Hold(p.title, p.patron)
			act := scanned(p, "")
			p.Do(func(_ context.Context, tx *postgres.Tx) error {
				tx.Queue(`update notices set status = 'done', outcome = 'reached', done_at = $1`, p.Clock.Now())
				return nil
			})
			return act, "patron_told"
		},
		"the hold was cancelled": func(p place) (acts.Act, string) {
			p.Hold(p.title, p.patron)
			done := p.Scans(p.barcode, "")
			_, err := p.ChangesHold(func(ctx context.Context, tx *postgres.Tx, at counter.At) (counter.Done, error) {
				return p.Desk.Queue.CancelHold(ctx, tx, at, done.Hold.Ref)
			})
			p.Must(err)
			return done.Act, "hold_moved_on"
		},
		"the fine was paid": func(p place) (acts.Act, string) {
			scanned(p, p.Card(p.patron))
			p.On("2026-05-05 11:00")
			act := scanned(p, "")
			p.Pays(p.patron, p.Owed(p.patron))
			return act, "paid_since"
		},
		"the till was counted": func(p place) (acts.Act, string) {
			p.Owe(p.patron, ledger.Other, 300)
			var till ledger.Till
			p.Must(p.Try(func(ctx context.Context, tx *postgres.Tx) (err error) {
				till, err = p.Desk.Cashier.OpenTill(ctx, tx, p.At(), p.Money(0))
				return err
			}))
			paid, err := p.Takes(cashier.Payment{Patron: p.patron, Amount: p.Money(300), Method: ledger.Cash})
			p.Must(err)
			p.Must(p.Try(func(ctx context.Context, tx *postgres.Tx) error {
				_, err := p.Desk.Cashier.CloseTill(ctx, tx, p.At(), till.ID, map[string]int64{ledger.Cash: 300}, "")
				return err
			}))
			return paid.Act, "till_counted"
		},
		"the day is over": func(p place) (acts.Act, string) {
			act := scanned(p, p.Card(p.patron))
			p.On("2026-03-03 11:00")
			return act, "too_late_to_undo"
		},
	}
	for name, arrange := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := town.New(t, "2026-03-02T15:00:00Z").Library("western-district", "IL", broker.NoID)
			title := h.Title("A plain book", "9780306406157")
			act, code := arrange(place{House: h, title: title, patron: h.Patron("adult"), barcode: h.Owns(title)})
			before := everything(h.Town)
			_, err := undo(h, act)
			ours, _ := broker.AsError(err)
			if ours == nil || ours.Code != "cannot_undo" || !slices.ContainsFunc(ours.Reasons, func(r broker.Reason) bool { return r.Code == code }) {
				t.Errorf("undone, it is %v, not refused with %s", err, code)
			}
			if found := differences(before, everything(h.Town)); len(found) > 0 {
				t.Errorf("refused, it wrote\n%s", strings.Join(found, "\n"))
			}
		})
	}
}

// The message of a borrowed copy that was received has gone out.
func TestAMessageThatWasSentKeepsItsAct(t *testing.T) {
	t.Parallel()
	_, h, lender, _, _ := town.AsksPartner(t, 0)
	lender.Says(h, town.Shipped("VT-1", "2026-04-20"))
	_, err := undo(h, h.Scans("VT-1", "").Act)
	h.Wants("cannot_undo", err)
	if ours, ok := broker.AsError(err); ok && ours.Reasons[0].Code != "message_sent" {
		t.Errorf("refused with %+v", ours.Reasons)
	}
}

// Two who undo an act at once undo it once, and hear the same.
func TestTwoUndoAtOnce(t *testing.T) {
	t.Parallel()
	h := town.New(t, "2026-03-02T15:00:00Z").Library("western-district", "IL", broker.NoID)
	patron := h.Patron("adult")
	h.Owe(patron, ledger.Other, 300)
	paid, err := h.Takes(cashier.Payment{Patron: patron, Amount: h.Money(300), Method: ledger.Cash})
	h.Must(err)
	var both sync.WaitGroup
	who := make([]broker.ID, 2)
	for i := range who {
		both.Go(func() {
			at := h.At()
			at.Actor.ID = broker.NewID()
			err := h.Try(func(ctx context.Context, tx *postgres.Tx) error {
				undone, err := h.Desk.Undo(ctx, tx, at, paid.Act.ID, "the wrong patron")
				if err == nil {
					who[i] = undone.Undone.By.ID
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if who[0] != who[1] || h.Owed(patron) != 300 {
		t.Errorf("undone by %v, owed %d", who, h.Owed(patron))
	}
	_, err = undoFor(h, paid.Act, " ")
	h.Wants("invalid_input", err)
	_, err = undoFor(h, acts.Act{ID: broker.NewID()}, "no such act")
	h.Wants("not_found", err)
}

// breaches are the invariants that do not hold.
func breaches(tw *town.Town) (found []string) {
	invariants, err := tw.DB.Invariants(tw.T.Context())
	tw.Must(err)
	for _, one := range invariants {
		if one.Count > 0 {
			found = append(found, fmt.Sprintf("%s: %d", one.View, one.Count))
		}
	}
	return found
}

func bandOf(h *town.House, done counter.Done) (band string) {
	h.Must(h.Try(func(ctx context.Context, tx *postgres.Tx) error {
		return tx.QueryRow(ctx, `select barcode from items where id = $1`, done.Item).Scan(&band)
	}))
	return band
}
