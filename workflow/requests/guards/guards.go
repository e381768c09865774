package guards

import (
	"context"
	"slices"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/policy/attributes"
	"afield/workflow"
	"afield/workflow/requests/engine"
)

// All gives every guard but the one of package undo.
func All() engine.Guards {
	return engine.Guards{
		workflow.GuardByHold:         flag(ByHold),
		workflow.GuardCopy:           flag(Copy),
		workflow.GuardCostToApprove:  flag(CostToApprove),
		workflow.GuardOfferOpen:      flag(OfferOpen),
		workflow.GuardRetryWaiting:   flag(RetryWaiting),
		workflow.GuardReturnUnused:   flag(ReturnUnused),
		workflow.GuardPatronContact:  flag(PatronContactKeepsIt),
		workflow.GuardPatronCancels:  flag(PatronCancels),
		workflow.GuardNeedByCancels:  flag(NeedByCancels),
		workflow.GuardRenewalPending: flag(RenewalPending),
		workflow.GuardMisplaced:      flag(Misplaced),
		workflow.GuardClaimed:        Claimed,
		workflow.GuardSaidByStaff:    flag(SaidByStaff),
		workflow.GuardSeenHome:       flag(SeenHome),
		workflow.GuardNeverHere:      flag(NeverHere),
		workflow.GuardToShelve:       ToShelve,
		workflow.GuardOthersOut:      flag(others(workflow.InHands)),
		workflow.GuardOthersHere:     flag(others(workflow.InLibrary)),
		workflow.GuardOthersLost:     flag(others(workflow.Unaccounted)),
		workflow.GuardOneOfSeveral:   flag(OneOfSeveral),
		workflow.GuardOthersAway:     flag(others(workflow.ComingHere, workflow.InLibrary, workflow.GoingHome, workflow.Unaccounted)),
		workflow.GuardSomeHere:       flag(SomeHere),
		workflow.GuardSomeOut:        flag(SomeOut),
		workflow.GuardSupplied:       flag(Supplied),
		workflow.GuardOwes:           Owes,
	}
}

// flag makes a guard from a condition that needs no look at the database.
func flag(holds func(*engine.Case) bool) engine.Guard {
	return func(_ context.Context, c *engine.Case) (bool, error) { return holds(c), nil }
}

// ByHold tells whether the active lender fills it by a hold in a shared catalogue.
func ByHold(c *engine.Case) bool { return c.Request.ByHold() }

// Copy tells whether the request is for a copy, which nobody returns, and not
// for a loan.
func Copy(c *engine.Case) bool { return c.Request.Service == "copy" }

// CostToApprove tells whether a fee for the patron is above what was approved.
func CostToApprove(c *engine.Case) bool {
	entry := c.Active()
	return entry != nil && c.Consent(entry).NeedsApproval
}

// OfferOpen tells whether the lender has named conditions or a cost.
func OfferOpen(c *engine.Case) bool {
	entry := c.Active()
	return entry != nil && entry.Status == engine.EntryOffered
}

// RetryWaiting tells whether a lender said when to ask again.
func RetryWaiting(c *engine.Case) bool { return c.Rota.Retry() != nil }

// ReturnUnused tells whether it was cancelled while it was on its way.
func ReturnUnused(c *engine.Case) bool { return c.Request.ReturnUnused }

// PatronContactKeepsIt tells whether the end of the shelf time is a staff
// decision instead of an automatic return because the patron has been in touch.
func PatronContactKeepsIt(c *engine.Case) bool {
	return !c.Request.PatronContactAt.IsZero() && c.AtShelfEnd().Action == attributes.StaffDecision
}

// PatronCancels tells whether the cancel came from the patron.
func PatronCancels(c *engine.Case) bool { return cancelledBy(c, engine.CancelledByPatron) }

// NeedByCancels tells whether the cancel came from the need-by date.
func NeedByCancels(c *engine.Case) bool { return cancelledBy(c, engine.CancelledByNeedBy) }

func cancelledBy(c *engine.Case, why string) bool {
	return c.Request.CancelReason != nil && *c.Request.CancelReason == why
}

// RenewalPending tells whether the lender has not answered a renewal yet.
func RenewalPending(c *engine.Case) bool { return c.Request.RenewalPending }

// Misplaced tells whether the patron reported that it cannot be found.
func Misplaced(c *engine.Case) bool { return !c.Request.MisplacedOn.IsZero() }

// Claimed tells whether the patron says that they returned the item, or never
// had it.
func Claimed(ctx context.Context, c *engine.Case) (bool, error) {
	loan, err := c.OpenLoan(ctx)
	return loan != nil && !loan.ClaimedAt.IsZero(), err
}

// SaidByStaff tells whether our own people say it, and not the other library.
func SaidByStaff(c *engine.Case) bool {
	return c.Firing.By != workflow.ByLender && c.Firing.By != workflow.ByBorrower
}

// SeenHome tells whether the lender says that it has what is still on a patron's
// account here: the volume that the event names, or all that the patron had.
func SeenHome(c *engine.Case) bool {
	if item, named := c.Firing.Input["item"].(broker.ID); named {
		volume := c.Volumes.OfItem(item)
		return volume != nil && volume.Custody == workflow.WithLender
	}
	seen := slices.ContainsFunc(c.Volumes.In(workflow.WithLender), func(v *engine.Volume) bool {
		return v.Was != nil && *v.Was == workflow.InHands
	})
	return seen && !SomeOut(c)
}

// SomeOut tells whether a patron has a volume.
func SomeOut(c *engine.Case) bool { return len(c.Volumes.In(workflow.InHands)) > 0 }

// NeverHere tells whether nothing of what was sent has ever arrived.
func NeverHere(c *engine.Case) bool {
	for _, volume := range c.Volumes {
		if volume.ItemID != broker.NoID {
			return false
		}
	}
	return true
}

// SomeHere tells whether a volume is here.
func SomeHere(c *engine.Case) bool { return len(c.Volumes.In(workflow.InLibrary)) > 0 }

// others makes a guard that holds where the event names one volume, and another
// volume of the request is in one of some custodies.
func others(custodies ...workflow.Custody) func(*engine.Case) bool {
	return func(c *engine.Case) bool {
		item, named := c.Firing.Input["item"].(broker.ID)
		return named && len(c.Volumes.Without(c.Volumes.OfItem(item)).In(custodies...)) > 0
	}
}

// OneOfSeveral tells whether of several volumes one was lost while a patron had it.
func OneOfSeveral(c *engine.Case) bool {
	return len(c.Volumes) > 1 && slices.ContainsFunc(c.Volumes.In(workflow.Unaccounted), func(v *engine.Volume) bool { return v.Patron.ID != broker.NoID })
}

// ToShelve tells whether a volume that arrived is not on the hold shelf yet, or on
// its way there: the one that the event names, or any.
func ToShelve(ctx context.Context, c *engine.Case) (bool, error) {
	named, isNamed := c.Firing.Input["item"].(broker.ID)
	for _, volume := range c.Volumes {
		if !volume.Fresh() || (isNamed && volume.ItemID != named) {
			continue
		}
		item, err := catalog.LoadItem(ctx, c.Tx, volume.LibraryID, volume.ItemID, false)
		if err != nil || item.Status == catalog.Received || item.Status == catalog.InTransit {
			return err == nil, err
		}
	}
	return false, nil
}

// Supplied tells whether the lender that the request depends on, or depended on
// last, has sent it.
func Supplied(c *engine.Case) bool {
	entry := c.Current()
	return entry != nil && (entry.Status == engine.EntrySupplied || entry.Status == engine.EntryReturned)
}

// Owes tells whether the lender is owed something that was not paid yet: its fee,
// or an invoice.
func Owes(ctx context.Context, c *engine.Case) (bool, error) {
	entry := c.Current()
	if entry == nil || entry.Fulfilment == "hold" {
		return false, nil
	}
	last, err := c.Happened(ctx, workflow.EventInvoice, workflow.EventPay)
	if err != nil {
		return false, err
	}
	invoiced, paid := last[workflow.EventInvoice], last[workflow.EventPay]
	return invoiced > paid || (paid == 0 && Supplied(c) && entry.CostMinor > 0), nil
}
