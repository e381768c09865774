package patrons_test

import (
	"context"
	"testing"

	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
)

var today = broker.MustDate("2026-03-02")

func usd(t testing.TB, text string) broker.Money {
	t.Helper()
	amount, err := broker.ParseMoney(text, "USD")
	must(t, err)
	return amount
}

func preset(t testing.TB, name string) *policy.Document {
	t.Helper()
	document, err := policy.Preset(name)
	must(t, err)
	return document
}

// owe charges a patron; the cause is its own each time.
func (d desk) owe(ref patrons.Ref, amount string) {
	d.t.Helper()
	must(d.t, d.try(d.here, func(_ context.Context, tx *postgres.Tx) error {
		_, err := ledger.Post(tx, ledger.Charge{
			Account: patrons.Account(d.here, ref), Kind: ledger.Overdue, Amount: usd(d.t, amount),
			Cause: "test:" + broker.NewID().String(), Actor: broker.System(ref.Library), At: noon,
		})
		return err
	}))
}

func (d desk) pay(ref patrons.Ref, amount string) {
	d.t.Helper()
	must(d.t, d.try(d.here, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := ledger.Pay(ctx, tx, ledger.Payment{
			Account: patrons.Account(d.here, ref), Amount: usd(d.t, amount),
			Cause: "test:" + broker.NewID().String(), Actor: broker.System(ref.Library), At: noon,
		})
		return err
	}))
}

func (d desk) link(parent, child patrons.Ref) {
	d.t.Helper()
	must(d.t, d.try(d.here, func(_ context.Context, tx *postgres.Tx) error { return patrons.Link(tx, parent, child, today) }))
}

func (d desk) facts(ref patrons.Ref, on broker.Date) policy.Patron {
	d.t.Helper()
	return d.standing(ref).Facts(on)
}

func (d desk) standing(ref patrons.Ref) (standing patrons.Standing) {
	d.t.Helper()
	must(d.t, d.try(d.here, func(ctx context.Context, tx *postgres.Tx) (err error) {
		standing, err = patrons.StandingOf(ctx, tx, d.here, ref)
		return err
	}))
	return standing
}

// mayCheckOut asks a preset whether the patron may borrow a book of our own.
func (d desk) mayCheckOut(preset *policy.Document, ref patrons.Ref) policy.Decision {
	d.t.Helper()
	return lending.MayCheckOut(preset, policy.Moment{Now: noon, Calendar: d.here.Calendar}, lending.Checkout{
		Patron: d.facts(ref, today), Owner: rule.OwnerOwn, Item: "book", Lendable: true,
	})
}

func (d desk) blocked(preset *policy.Document, ref patrons.Ref, want bool) {
	d.t.Helper()
	decision := d.mayCheckOut(preset, ref)
	if got := decision.Has("linked_account_blocked"); got != want {
		d.t.Errorf("blocked by a linked account: %v, want %v\n%s", got, want, decision.Explain())
	}
}

func (d desk) block(ref patrons.Ref, block patrons.Block) patrons.Block {
	d.t.Helper()
	block.Library, block.Patron, block.PutBy = ref.Library, ref.ID, broker.System(ref.Library)
	if block.Kind == "" {
		block.Kind, block.Reason = patrons.BlockManual, "conduct"
	}
	must(d.t, d.try(d.here, func(_ context.Context, tx *postgres.Tx) (err error) {
		block, err = patrons.PutBlock(tx, block)
		return err
	}))
	return block
}

// family is a parent with two children.
func (d desk) family() (parent, childA, childB patrons.Ref) {
	parent, childA, childB = d.patron(d.here, "1"), d.patron(d.here, "2"), d.patron(d.here, "3")
	d.link(parent, childA)
	d.link(parent, childB)
	return parent, childA, childB
}

func TestBlocksSpreadThroughTheLinkGroup(t *testing.T) {
	t.Parallel()
	westchester := preset(t, "westchester")

	t.Run("BLK-13 a child at 5.00 blocks parent and sibling, one at 4.99 nobody", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		parent, childA, childB := d.family()
		d.owe(childA, "4.99")
		d.blocked(westchester, parent, false)
		d.blocked(westchester, childB, false)
		d.owe(childA, "0.01")
		d.blocked(westchester, parent, true)
		d.blocked(westchester, childB, true)
		d.owe(childA, "0.01")
		d.blocked(westchester, parent, true)
	})
	t.Run("BLK-14 the block spreads, the sum does not", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		parent, childA, childB := d.family()
		d.owe(childA, "3.00")
		d.owe(childB, "3.00")
		d.blocked(westchester, parent, false)
		if decision := d.mayCheckOut(westchester, parent); !decision.Allowed {
			t.Error(decision.Explain())
		}
	})
	t.Run("BLK-15 a spread block ends with its cause", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		parent, childA, childB := d.family()
		d.owe(childA, "6.00")
		d.blocked(westchester, parent, true)
		d.blocked(westchester, childB, true)
		d.pay(childA, "1.00") // exactly 5.00 still blocks
		d.blocked(westchester, parent, true)
		d.pay(childA, "0.01")
		d.blocked(westchester, parent, false)
		d.blocked(westchester, childB, false)
	})
	t.Run("BLK-16 a guarantor answers for what children owe together, not for others' debts", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		document, err := policy.Parse("test", []byte(guarantees))
		must(t, err)
		parent, childA, childB := d.family()
		other := d.patron(d.here, "4") // the second parent of one child
		d.link(other, childB)
		d.owe(childA, "3.00")
		d.owe(childB, "3.00")
		asked := func(ref patrons.Ref, want bool) {
			t.Helper()
			if decision := d.mayCheckOut(document, ref); decision.Has("guarantees_too_much") != want {
				t.Errorf("want %v:\n%s", want, decision.Explain())
			}
		}
		asked(parent, true)  // 6.00 together
		asked(other, false)  // answers for child B's 3.00 only
		asked(childA, false) // a child answers for nobody
	})
	t.Run("WCH-B5 causes are followed through the whole group", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		_, childA, childB := d.family()
		other, cousin := d.patron(d.here, "4"), d.patron(d.here, "5")
		d.link(other, childB)
		d.link(other, cousin)
		d.owe(cousin, "5.00")
		d.blocked(westchester, childA, true) // cousin, their parent, child B, our parent, child A
		must(t, d.try(d.here, func(_ context.Context, tx *postgres.Tx) error {
			patrons.Unlink(tx, childB, other)
			return nil
		}))
		d.blocked(westchester, childA, false)
		d.blocked(westchester, other, true)
	})
	t.Run("WCH-B6 a block put by staff goes from the parent to the children only", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t)
		parent, childA, childB := d.family()
		other := d.patron(d.here, "4")
		d.link(other, childB)
		onChild := d.block(childA, patrons.Block{From: today})
		d.blocked(westchester, parent, false)
		d.blocked(westchester, childB, false)
		must(t, d.release(onChild.ID, "desk", "director"))
		d.block(parent, patrons.Block{From: today})
		d.blocked(westchester, childA, true)
		d.blocked(westchester, childB, true)
		d.blocked(westchester, other, false) // another parent is not a child
	})
}

// guarantees is a policy that counts what a guarantor answers for.
const guarantees = `
policy: test
title: Test
document: A text
zone: UTC
currency: USD
classes: [adult]
items: [book]
attributes:
  blocks.guarantee_debt:
    value: {blocked_when: ">=", amount: "5.00", counts: all}
    clause: {section: A, says: b}
`

func TestLinksAreRefusedWhereTheyMeanNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	one, foreign := d.patron(d.here, "1"), d.patron(d.there, "1")
	for name, pair := range map[string][2]patrons.Ref{"to itself": {one, one}, "across libraries": {one, foreign}} {
		err := d.try(d.here, func(_ context.Context, tx *postgres.Tx) error { return patrons.Link(tx, pair[0], pair[1], today) })
		if !broker.IsKind(err, broker.KindInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := d.patron(d.here, "2")
	d.link(one, other)
	d.link(one, other) // a double click
	if facts := d.facts(one, today); len(facts.Linked) != 1 || facts.Linked[0].Parent {
		t.Errorf("linked: %+v", facts.Linked)
	}
	if facts := d.facts(other, today); len(facts.Linked) != 1 || !facts.Linked[0].Parent {
		t.Errorf("linked: %+v", facts.Linked)
	}
}

func TestFactsTellAgeAndWhatIsKeptFromTheAccount(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ref := d.patron(d.here, "1")
	must(t, d.try(d.here, func(ctx context.Context, tx *postgres.Tx) error {
		patron, err := patrons.ByID(ctx, tx, ref)
		if err != nil {
			return err
		}
		patron.BornOn, patron.NotFor = broker.MustDate("2012-03-02"), []string{"dvd"}
		patrons.TouchActive(tx, ref, today)
		patrons.TouchActive(tx, ref, today.AddDays(-3))
		return patrons.SavePatron(tx, patron)
	}))
	for on, want := range map[string]int{"2026-03-01": 13, "2026-03-02": 14} {
		if facts := d.facts(ref, broker.MustDate(on)); facts.Age.Value != want || len(facts.NotFor) != 1 {
			t.Errorf("on %s: %+v", on, facts)
		}
	}
	must(t, d.try(d.here, func(ctx context.Context, tx *postgres.Tx) error {
		patron, err := patrons.ByID(ctx, tx, ref)
		if patron.LastActiveOn != today {
			t.Errorf("last active on %s", patron.LastActiveOn)
		}
		return err
	}))
}

func TestAnOverrideNeedsAWrittenReason(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	override := patrons.Override{Library: d.here.ID, Action: rule.ActionCheckout, Code: "owes_too_much", Actor: broker.System(d.here.ID), At: noon}
	record := func() error {
		return d.try(d.here, func(_ context.Context, tx *postgres.Tx) error { return patrons.RecordOverride(tx, override) })
	}
	if err := record(); !broker.IsKind(err, broker.KindInvalid) {
		t.Errorf("without a reason: %v", err)
	}
	override.Reason = "pays on Friday"
	must(t, record())
}
