package returns

import (
	"context"
	"fmt"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/loans"
	"afield/broker/policy/costs"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// Parts is what staff counted of an item that has several pieces.
type Parts struct {
	// Counted is how many are there; 0 means not counted.
	Counted int
	// Missing names the part that is missing, in the words of the policy: case,
	// audiobook_disc, barcode. It is charged.
	Missing string
	// Obtainable tells that the part can be bought singly, and Price for how much.
	Obtainable bool
	Price      broker.Money
}

// look compares what was counted with what belongs to the item, notes what is
// missing, and gives the item as it is then.
func (p Parts) look(tx *postgres.Tx, item catalog.Item, out *loans.Outcome) catalog.Item {
	out.LookAt(item)
	missing := p.Missing
	if missing == "" && p.Counted > 0 && p.Counted < item.Parts {
		missing = fmt.Sprintf("%d of %d parts", item.Parts-p.Counted, item.Parts)
	}
	if missing == "" && p.Counted < item.Parts {
		return item // not counted: what was missing still is
	}
	if missing != item.PartsMissing {
		catalog.SetMissingParts(tx, item.Library, item.ID, missing)
		item.PartsMissing = missing
	}
	return item
}

// checkPart refuses a part that whoever prices the item does not know.
func (c *Service) checkPart(ctx context.Context, tx *postgres.Tx, lender standing.Desk, loan loans.Loan, item catalog.Item, part string) error {
	if part == "" {
		return nil
	}
	pricing, err := c.pricedBy(ctx, tx, lender, loan, item)
	if err != nil {
		return err
	}
	if wrong := costs.CheckPart(pricing.document, pricing.match, part); wrong != nil {
		return broker.Invalid(wrong...)
	}
	return nil
}

// chargePart charges for the part that did not come back: its own price, what a
// single one costs, or the whole set, by the policy of whichever library prices
// the item. If it cannot be charged the outcome says so, and the item is taken
// back all the same.
func (c *Service) chargePart(ctx context.Context, tx *postgres.Tx, r returned, out *loans.Outcome) error {
	parts := r.in.Parts
	if parts.Missing == "" || r.loan.SettledElsewhere() {
		return nil
	}
	pricing, err := c.pricedBy(ctx, tx, r.lender, r.loan, r.facts.item)
	if err != nil {
		return err
	}
	lost := Loss{}.item(pricing.match, r.facts.item)
	lost.WillReplace = true
	lost.Part, lost.PartObtainable, lost.PartPrice = parts.Missing, parts.Obtainable, parts.Price
	charges, err := costs.LostCharges(pricing.document, lost)
	charges, err = priced(r.loan, charges, err)
	if ours, ok := broker.AsError(err); ok && ours.Kind == broker.KindConflict {
		out.Warnings = append(out.Warnings, ours.Reasons...)
		out.Say("%s", ours.Detail)
		return nil
	}
	if err != nil {
		return err
	}
	if err := postCharges(tx, r.in.Desk, r.loan, charges, "part:"+r.loan.ID.String()+":"+parts.Missing, out); err != nil {
		return err
	}
	return pricing.invoice(ctx, tx, r.in.Desk, r.loan, numberOf("PART", r.loan), charges, out)
}
