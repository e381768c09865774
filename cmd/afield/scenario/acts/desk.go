package acts

import (
	"cmp"
	"context"
	"time"

	"afield/broker"
	"afield/broker/acts"
	"afield/broker/catalog"
	"afield/broker/loans"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/broker/returns"
	"afield/cmd/afield/scenario/language"
	"afield/cmd/afield/scenario/stage"
	"afield/workflow/desk"
	"afield/workflow/desk/counter"
)

func deskActs() []act {
	return []act{
		{word: "checkout", says: "Lend an item to a patron who shows the card.", fields: []language.Field{
			patronField, itemField,
			{Word: "shows", Kind: language.Text, Says: "What the patron shows instead of the card, in the words of cards.identification (photo_id), or nothing."},
			{Word: "by_other", Kind: language.Flag, Says: "true: somebody else brings the card, who is no proxy."},
			{Word: "scanned_at", Kind: language.Moment, Says: "When it was scanned, where the desk was off line and enters it now."},
			{Word: "take_back", Kind: language.Flag, Says: "true: an item that is still on an account is taken back first."},
			{Word: "due", Kind: language.Date, Says: "A due date that staff choose."},
			{Word: "handed_to", Kind: language.NameOf("patron"), Says: "The proxy who takes it for the patron."},
		}, run: checkout},
		{word: "return", says: "Take an item back.", fields: []language.Field{
			itemField,
			{Word: "drop", Kind: language.Flag, Says: "true: it was found in the book drop."},
			{Word: "counts_for", Kind: language.Date, Says: "The day it counts for, where staff say."},
			{Word: "scanned_at", Kind: language.Moment, Says: "When it was scanned, where the desk was off line and enters it now."},
			{Word: "amnesty", Kind: language.Flag, Says: "true: what the lateness cost is forgiven."},
			{Word: "parts", Kind: language.Count, Says: "How many of its pieces were counted."},
			{Word: "missing", Kind: language.Text, Says: "The piece that is missing (case, audiobook_disc, barcode, disc)."},
			{Word: "obtainable", Kind: language.Flag, Says: "true: that piece can be had singly."},
			{Word: "part_price", Kind: language.Money, Says: "What that piece costs."},
		}, run: takeBack},
		{word: "renew", says: "Renew a loan; a borrowed item's lender is asked.", fields: []language.Field{
			itemField,
			{Word: "channel", Kind: language.OneOf("staff", "online", "phone", "email"), Says: "How it is asked for."},
			{Word: "gives", Kind: language.ListOf(language.Text), Says: "What tells who asks, in the words of loans.renewal_identity (birth_date); what the policy takes when left out."},
		}, run: renew},
		{word: "scan", says: "Scan a barcode and do what is due with the item: receive, shelve, capture, pull, take in.", fields: []language.Field{
			itemField,
			{Word: "patron", Kind: language.NameOf("patron"), Says: "Whose hold to look at afterwards."},
			{Word: "scanned_at", Kind: language.Moment, Says: "When it was scanned, where the desk was off line and enters it now."},
		}, run: scan},
		{word: "undo", says: "Undo the last act at a desk: with an item, or else the last payment.", fields: []language.Field{
			{Word: "item", Kind: language.NameOf("item"), Says: "The item whose last act is undone."},
			{Word: "patron", Kind: language.NameOf("patron"), Says: "Whose loan, hold or account to look at afterwards."},
		}, run: undoAct},
		{word: "mark", says: "Say how an item of the library's own stands that nobody has: missing, withdrawn, being made ready, or found and right. A journey ends by it.", fields: []language.Field{
			itemField,
			{Word: "as", Kind: language.OneOf("missing", "withdrawn", "in_processing", "found"), Must: true, Says: "How it stands."},
			{Word: "patron", Kind: language.NameOf("patron"), Says: "Whose hold to look at afterwards."},
		}, run: mark},
		{word: "recall", says: "Ask for an item of the library's own back early.", fields: []language.Field{itemField}, run: recall},
	}
}

func checkout(p *stage.Play, s language.Step) (stage.Result, error) {
	patron, item := p.PatronOf(s), p.Items[s.Text("item")]
	id, card := patron.ID, ""
	if house, _ := p.At(s); house != p.Home { // elsewhere the card is the only identification
		id, card = broker.NoID, patron.Card
	}
	shows := s.Text("shows")
	if shows == "" {
		shows = lending.ShownCard
	}
	return p.WithDesk(s, func(ctx context.Context, tx *postgres.Tx, at counter.At) (counter.Done, error) {
		return p.Desk.CheckOut(ctx, tx, at, desk.CheckOut{
			Barcode: item.Barcode, Patron: id, Card: card, Due: s.Date("due"), HandedTo: p.Patrons[s.Text("handed_to")].Card,
			Shown: shows, ByOther: s.Flag("by_other"), TakeBack: s.Flag("take_back"), ScannedAt: scannedAt(p, s),
			Overrides: s.Texts("over"), Reason: s.Text("reason"),
		})
	})
}

// scannedAt is the time that a scan says for itself; zero where it says none.
func scannedAt(p *stage.Play, s language.Step) time.Time {
	if !s.Has("scanned_at") {
		return time.Time{}
	}
	return s.Moment("scanned_at").In(p.Home.Zone)
}

func takeBack(p *stage.Play, s language.Step) (stage.Result, error) {
	item := p.Items[s.Text("item")]
	return p.WithDesk(s, func(ctx context.Context, tx *postgres.Tx, at counter.At) (counter.Done, error) {
		return p.Desk.TakeBack(ctx, tx, at, desk.TakeBack{Barcode: item.Barcode, Handed: desk.Handed{
			Drop: s.Flag("drop"), Backdate: s.Date("counts_for"), ScannedAt: scannedAt(p, s), Amnesty: s.Flag("amnesty"),
			Parts: returns.Parts{
				Counted: s.Count("parts"), Missing: s.Text("missing"), Obtainable: s.Flag("obtainable"),
				Price: moneyOf(p, s, "part_price"),
			},
		}})
	})
}

func renew(p *stage.Play, s language.Step) (stage.Result, error) {
	gives := s.Texts("gives")
	if !s.Has("gives") {
		gives = lending.RenewedBy(p.Document, rule.Match{Channel: rule.Channel(s.Text("channel"))}).Value
	}
	return withLoan(p, s, func(ctx context.Context, tx *postgres.Tx, at counter.At, loan broker.ID) (counter.Done, error) {
		done, _, err := p.Desk.RenewAs(ctx, tx, at, desk.Renewal{
			Loan: loan, Channel: rule.Channel(s.Text("channel")), Given: gives, Overrides: s.Texts("over"), Reason: s.Text("reason"),
		})
		return done, err
	})
}

func scan(p *stage.Play, s language.Step) (stage.Result, error) {
	item := p.Items[s.Text("item")]
	return p.WithDesk(s, func(ctx context.Context, tx *postgres.Tx, at counter.At) (counter.Done, error) {
		return p.Desk.Scan(ctx, tx, at, desk.Scan{Barcode: item.Barcode, Handed: desk.Handed{ScannedAt: scannedAt(p, s)}})
	})
}

// undoAct undoes what was done last with an item, or the last payment.
func undoAct(p *stage.Play, s language.Step) (stage.Result, error) {
	house, at := p.At(s)
	err := p.Try(house, func(ctx context.Context, tx *postgres.Tx) error {
		item := broker.NoID
		if s.Has("item") {
			found, err := p.Find(ctx, tx, p.Items[s.Text("item")])
			if err != nil {
				return err
			}
			item = found.ID
		}
		done, err := acts.List(ctx, tx, house.ID, item, broker.Page{Limit: 100})
		if err != nil {
			return err
		}
		for _, act := range done {
			if act.Undone == nil && (item != broker.NoID || act.Kind == acts.Payment) {
				_, err := p.Desk.Undo(ctx, tx, at, act.ID, cmp.Or(s.Text("reason"), "done by mistake"))
				return err
			}
		}
		return broker.NotFound("act")
	})
	return stage.Result{}, err
}

func mark(p *stage.Play, s language.Step) (stage.Result, error) {
	status := catalog.ItemStatus(s.Text("as"))
	if status == "found" {
		status = catalog.OnShelf
	}
	item := p.Items[s.Text("item")]
	return p.WithDesk(s, func(ctx context.Context, tx *postgres.Tx, at counter.At) (counter.Done, error) {
		return p.Desk.Mark(ctx, tx, at, item.Barcode, status)
	})
}

func recall(p *stage.Play, s language.Step) (stage.Result, error) {
	return withLoan(p, s, p.Desk.Recall)
}

// withLoan acts on the loan of a step's item.
func withLoan(p *stage.Play, s language.Step, act func(context.Context, *postgres.Tx, counter.At, broker.ID) (counter.Done, error)) (stage.Result, error) {
	loan, err := loanOf(p, s)
	if err != nil {
		return stage.Result{}, err
	}
	return p.WithDesk(s, func(ctx context.Context, tx *postgres.Tx, at counter.At) (counter.Done, error) {
		return act(ctx, tx, at, loan.ID)
	})
}

// moneyOf is an amount of a step in the library's currency; zero where none is.
func moneyOf(p *stage.Play, s language.Step, word string) broker.Money {
	if !s.Has(word) {
		return broker.Money{}
	}
	return s.Amount(word).Money(p.Home.Currency)
}

// loanOf is the loan of a step's item that is not over.
func loanOf(p *stage.Play, s language.Step) (loan loans.Loan, err error) {
	item := p.Items[s.Text("item")]
	err = p.Everywhere(func(ctx context.Context, tx *postgres.Tx) error {
		found, err := p.Find(ctx, tx, item)
		if err != nil {
			return err
		}
		loan, err = loans.OfItem(ctx, tx, found.Ref())
		return err
	})
	return loan, err
}
