package late

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"afield/broker"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/requests/engine"
	"afield/workflow/requests/tasks"
)

// Guards lists the guards of this package by name.
func Guards() engine.Guards {
	return engine.Guards{
		workflow.GuardLeftLender: func(_ context.Context, c *engine.Case) (bool, error) { return len(left(c)) > 0, nil },
		workflow.GuardLateSent:   sent,
	}
}

// Effects lists the effects of this package by name.
func Effects() engine.Effects {
	return engine.Effects{
		workflow.DoKeepLate:     Announce,
		workflow.DoReceiveLate:  Receive,
		workflow.DoSendLateBack: SendBack,
		workflow.DoLateHome:     Home,
	}
}

// left gives the lenders that may send, or have sent, something too late: they
// were asked by a message or by hand, and the request does not depend on them.
func left(c *engine.Case) (entries []*engine.RotaEntry) {
	if c.Request.Service == "copy" {
		return nil // nothing comes that could go back
	}
	for _, entry := range c.Rota {
		supplied := entry.Status == engine.EntrySupplied || entry.Status == engine.EntryReturned
		if !entry.AskedAt.IsZero() && entry.Fulfilment != "hold" && !entry.Active && !supplied {
			entries = append(entries, entry)
		}
	}
	return entries
}

// said is the lender whose message it is.
func said(c *engine.Case) broker.ID {
	if entry, named := c.Firing.Input["entry"].(broker.ID); named {
		return entry
	}
	return c.Request.RotaEntryID
}

func sent(ctx context.Context, c *engine.Case) (bool, error) {
	parcels, err := Of(ctx, c.Tx, c.Request.LibraryID, c.Request.ID)
	return slices.ContainsFunc(parcels, func(p Parcel) bool { return p.EntryID == said(c) && p.goingHome() }), err
}

func (p Parcel) goingHome() bool { return !p.SentAt.IsZero() && p.HomeAt.IsZero() }

// Announce notes what a lender says that it has sent, so that it is known when it
// comes. What is known already gets what was missing of it.
func Announce(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	if c.Request.Service == "copy" {
		return nil, nil
	}
	parcels, err := Of(ctx, c.Tx, c.Request.LibraryID, c.Request.ID)
	if err != nil {
		return nil, err
	}
	parcels = slices.DeleteFunc(parcels, func(p Parcel) bool { return p.EntryID != said(c) })
	named, _ := c.Firing.Input["items"].([]connectors.MessageItem)
	if len(named) == 0 && len(parcels) == 0 {
		named = []connectors.MessageItem{{}}
	}
	for _, item := range named {
		at := slices.IndexFunc(parcels, func(p Parcel) bool {
			return (item.Barcode != "" && p.Barcode == item.Barcode) || (p.Barcode == "" && (p.Volume == "" || p.Volume == item.Volume))
		})
		parcel := Parcel{LibraryID: c.Request.LibraryID, ID: broker.NewID(), RequestID: c.Request.ID, EntryID: said(c)}
		if at >= 0 {
			parcel = parcels[at]
			parcels = slices.Delete(parcels, at, at+1)
		}
		parcel.Barcode, parcel.Volume = cmp.Or(parcel.Barcode, item.Barcode), cmp.Or(parcel.Volume, item.Volume)
		if parcel.AnnouncedAt.IsZero() {
			parcel.AnnouncedAt = c.Now
		}
		parcel.save(c.Tx)
	}
	return nil, nil
}

// Receive takes in what came too late, and tells its lender that it is here. A
// parcel that nobody announced is noted now; staff say whose it is where several
// lenders may have sent it.
func Receive(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	parcel, entry, err := meant(ctx, c, func(p Parcel) bool { return p.ArrivedAt.IsZero() })
	if err != nil {
		return nil, err
	}
	parcel.ArrivedAt = c.Now
	parcel.save(c.Tx)
	return engine.Wants{engine.Say{Message: workflow.Says[workflow.DoReceiveLate].Message(), To: entry}, from(c, entry)}, nil
}

// SendBack notes that what came too late is on its way back, and tells its lender.
func SendBack(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	parcel, entry, err := meant(ctx, c, func(p Parcel) bool { return p.SentAt.IsZero() })
	if err != nil {
		return nil, err
	}
	if parcel.ArrivedAt.IsZero() {
		parcel.ArrivedAt = c.Now
	}
	parcel.SentAt = c.Now
	parcel.save(c.Tx)
	parcels, err := Of(ctx, c.Tx, c.Request.LibraryID, c.Request.ID)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(parcels, func(p Parcel) bool { return p.ID != parcel.ID && p.SentAt.IsZero() }) {
		for _, kind := range settled {
			tasks.Settle(c.Tx, c.Request.LibraryID, c.Request.ID, kind, c.Now)
		}
	}
	return engine.Wants{engine.Say{Message: workflow.Says[workflow.DoSendLateBack].Message(), To: entry}, from(c, entry)}, nil
}

// settled are the kinds of task that ask staff to send back what came too late.
var settled = []string{
	string(workflow.EventLateShipment), string(workflow.EventLoaned), string(workflow.EventLateArrived), string(workflow.EventArrivedAgain),
}

// Home notes that a lender has back what it had sent too late.
func Home(ctx context.Context, c *engine.Case) (engine.Wants, error) {
	parcels, err := Of(ctx, c.Tx, c.Request.LibraryID, c.Request.ID)
	for _, parcel := range parcels {
		if parcel.EntryID == said(c) && parcel.goingHome() {
			parcel.HomeAt = c.Now
			parcel.save(c.Tx)
		}
	}
	return nil, err
}

func from(c *engine.Case, entry *engine.RotaEntry) engine.Fact {
	fact := engine.Fact{Name: "lender"}
	if lender := c.Libraries[entry.LenderID]; lender != nil {
		fact.Value = lender.Name
	}
	return fact
}

// meant finds the parcel that staff mean, among those at a stage: the one that
// was scanned or whose barcode they name, or else that of the lender they name,
// or of the only one. Where none is known, it is one that nobody announced.
func meant(ctx context.Context, c *engine.Case, atStage func(Parcel) bool) (Parcel, *engine.RotaEntry, error) {
	entries, err := whose(c)
	if err != nil {
		return Parcel{}, nil, err
	}
	parcels, err := Of(ctx, c.Tx, c.Request.LibraryID, c.Request.ID)
	if err != nil {
		return Parcel{}, nil, err
	}
	scanned, barcode := c.Firing.Input["parcel"], c.Firing.Input.Text("barcode")
	parcels = slices.DeleteFunc(parcels, func(p Parcel) bool {
		return !atStage(p) || entryOf(entries, p.EntryID) == nil || (scanned != nil && p.ID != scanned)
	})
	for _, parcel := range parcels {
		if barcode != "" && parcel.Barcode == barcode {
			return parcel, entryOf(entries, parcel.EntryID), nil
		}
	}
	parcels = slices.DeleteFunc(parcels, func(p Parcel) bool { return barcode != "" && p.Barcode != "" })
	if len(parcels) > 0 && sameLender(parcels) {
		parcels[0].Barcode = cmp.Or(parcels[0].Barcode, barcode)
		return parcels[0], entryOf(entries, parcels[0].EntryID), nil
	}
	if len(parcels) > 0 || len(entries) > 1 {
		return Parcel{}, nil, broker.Invalid(broker.FieldError{
			Pointer: "/lender", Code: "required", Message: "is needed, because several lenders may have sent it: " + names(c, entries),
		})
	}
	return Parcel{LibraryID: c.Request.LibraryID, ID: broker.NewID(), RequestID: c.Request.ID, EntryID: entries[0].ID, Barcode: barcode}, entries[0], nil
}

func sameLender(parcels []Parcel) bool {
	return !slices.ContainsFunc(parcels, func(p Parcel) bool { return p.EntryID != parcels[0].EntryID })
}

// whose gives the lenders that it may be from: the one that staff name by its id
// or symbol, or all that we had moved on from.
func whose(c *engine.Case) ([]*engine.RotaEntry, error) {
	entries, named := left(c), c.Firing.Input.Text("lender")
	if named == "" {
		return entries, nil
	}
	for _, entry := range slices.Backward(entries) {
		lender := c.Libraries[entry.LenderID]
		if entry.LenderID.String() == named || (lender != nil && strings.EqualFold(lender.Symbol.String(), named)) {
			return []*engine.RotaEntry{entry}, nil
		}
	}
	return nil, broker.Invalid(broker.FieldError{Pointer: "/lender", Code: "not_asked", Message: "is not a lender that was asked before; those are: " + names(c, entries)})
}

func entryOf(entries []*engine.RotaEntry, id broker.ID) *engine.RotaEntry {
	for _, entry := range entries {
		if entry.ID == id {
			return entry
		}
	}
	return nil
}

func names(c *engine.Case, entries []*engine.RotaEntry) string {
	var all []string
	for _, entry := range entries {
		if lender := c.Libraries[entry.LenderID]; lender != nil && !slices.Contains(all, lender.Symbol.String()) {
			all = append(all, lender.Symbol.String())
		}
	}
	return strings.Join(all, ", ")
}
