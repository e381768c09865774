package scenario

import (
	"context"

	"afield/broker"
	"afield/broker/circulation"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/workflow/desk"
)

func deskActs() []act {
	return []act{
		{word: "checkout", says: "Lend an item to a patron who shows the card.", fields: []field{
			patronField, itemField,
			{word: "shows", kind: textKind, says: "What the patron shows instead of the card, in the words of cards.identification (photo_id), or nothing."},
			{word: "by_other", kind: flagKind, says: "true: somebody else brings the card, who is no proxy."},
			{word: "due", kind: dateKind, says: "A due date that staff choose."},
			{word: "handed_to", kind: nameOf("patron"), says: "The proxy who takes it for the patron."},
		}, run: (*play).checkout},
		{word: "return", says: "Take an item back.", fields: []field{
			itemField,
			{word: "drop", kind: flagKind, says: "true: it was found in the book drop."},
			{word: "counts_for", kind: dateKind, says: "The day it counts for, where staff say."},
			{word: "amnesty", kind: flagKind, says: "true: what the lateness cost is forgiven."},
			{word: "parts", kind: countKind, says: "How many of its pieces were counted."},
			{word: "missing", kind: textKind, says: "The piece that is missing (case, audiobook_disc, barcode, disc)."},
			{word: "obtainable", kind: flagKind, says: "true: that piece can be had singly."},
			{word: "part_price", kind: moneyKind, says: "What that piece costs."},
		}, run: (*play).takeBack},
		{word: "renew", says: "Renew a loan; a borrowed item's lender is asked.", fields: []field{
			itemField,
			{word: "channel", kind: oneOf("staff", "online", "phone", "email"), says: "How it is asked for."},
			{word: "gives", kind: listOf(textKind), says: "What tells who asks, in the words of loans.renewal_identity (birth_date); what the policy takes when left out."},
		}, run: (*play).renew},
		{word: "scan", says: "Scan a barcode and do what is due with the item: receive, shelve, capture, pull, take in.", fields: []field{itemField}, run: (*play).scan},
		{word: "recall", says: "Ask for an item of the library's own back early.", fields: []field{itemField}, run: (*play).recall},
	}
}

func (p *play) checkout(s step) (result, error) {
	patron, item := p.patronOf(s), p.items[s.text("item")]
	id, card := patron.ID, ""
	if house, _ := p.at(s); house != p.home { // elsewhere only the card tells who it is
		id, card = broker.NoID, patron.card
	}
	shows := s.text("shows")
	if shows == "" {
		shows = lending.ShownCard
	}
	return p.withDesk(s, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		return p.desk.CheckOut(ctx, tx, at, desk.CheckOut{
			Barcode: item.barcode, Patron: id, Card: card, Due: s.date("due"), HandedTo: p.patrons[s.text("handed_to")].card,
			Shown: shows, ByOther: s.flag("by_other"),
			Overrides: s.texts("over"), Reason: s.text("reason"),
		})
	})
}

func (p *play) takeBack(s step) (result, error) {
	item := p.items[s.text("item")]
	return p.withDesk(s, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		return p.desk.TakeBack(ctx, tx, at, desk.TakeBack{Barcode: item.barcode, Handed: desk.Handed{
			Drop: s.flag("drop"), Backdate: s.date("counts_for"), Amnesty: s.flag("amnesty"),
			Parts: circulation.Parts{
				Counted: s.count("parts"), Missing: s.text("missing"), Obtainable: s.flag("obtainable"),
				Price: p.moneyOf(s, "part_price"),
			},
		}})
	})
}

func (p *play) renew(s step) (result, error) {
	gives := s.texts("gives")
	if !s.has("gives") {
		gives = lending.RenewedBy(p.document).Value
	}
	return p.withLoan(s, func(ctx context.Context, tx *postgres.Tx, at desk.At, loan broker.ID) (desk.Done, error) {
		done, _, err := p.desk.RenewAs(ctx, tx, at, desk.Renewal{
			Loan: loan, Channel: rule.Channel(s.text("channel")), Given: gives, Overrides: s.texts("over"), Reason: s.text("reason"),
		})
		return done, err
	})
}

func (p *play) scan(s step) (result, error) {
	item := p.items[s.text("item")]
	return p.withDesk(s, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		return p.desk.Scan(ctx, tx, at, desk.Scan{Barcode: item.barcode})
	})
}

func (p *play) recall(s step) (result, error) { return p.withLoan(s, p.desk.Recall) }

// withLoan acts on the loan of a step's item.
func (p *play) withLoan(s step, act func(context.Context, *postgres.Tx, desk.At, broker.ID) (desk.Done, error)) (result, error) {
	loan, err := p.loanOf(s)
	if err != nil {
		return result{}, err
	}
	return p.withDesk(s, func(ctx context.Context, tx *postgres.Tx, at desk.At) (desk.Done, error) {
		return act(ctx, tx, at, loan.ID)
	})
}

// moneyOf is an amount of a step in the library's currency; zero where none is.
func (p *play) moneyOf(s step, word string) broker.Money {
	if !s.has(word) {
		return broker.Money{}
	}
	return s.amount(word).money(p.home.Currency)
}

// loanOf is the loan of a step's item that is not over.
func (p *play) loanOf(s step) (loan circulation.Loan, err error) {
	item := p.items[s.text("item")]
	err = p.everywhere(func(ctx context.Context, tx *postgres.Tx) error {
		found, err := p.find(ctx, tx, item)
		if err != nil {
			return err
		}
		loan, err = circulation.LoanOfItem(ctx, tx, found.Ref())
		return err
	})
	return loan, err
}
