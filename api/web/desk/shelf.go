package desk

import (
	"time"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

type shelfLine struct {
	ID           broker.ID
	Title, By    string
	Barcode      string
	Kept         broker.Date
	Request      bool
	Then         string
	Clause       broker.Clause
	Clear        bool
	ContactedAt  time.Time
	PickupBranch string
}

type shelfPage struct {
	Tab     string
	Tabs    []shelfTab
	Lines   []shelfLine
	More    string
	Today   broker.Date
	Live    frame.Live
	Trouble *frame.Trouble
}

type shelfTab struct {
	Name, To string
	Here     bool
}

func (d Desk) shelf(v *frame.Visit) error { return d.showShelf(v, nil) }

func (d Desk) showShelf(v *frame.Visit, trouble *frame.Trouble) error {
	page := shelfPage{Tab: v.QueryParam("tab"), Today: v.Today, Live: v.Live("hold"), Trouble: trouble}
	if page.Tab != "expiring" && page.Tab != "expired" {
		page.Tab = "ready"
	}
	for _, one := range []shelfTab{{Name: v.Say("Ready"), To: "ready"}, {Name: v.Say("Expiring by tomorrow"), To: "expiring"}, {Name: v.Say("Take off today"), To: "expired"}} {
		page.Tabs = append(page.Tabs, shelfTab{Name: one.Name, To: "/shelf?tab=" + one.To, Here: one.To == page.Tab})
	}
	params := gen.ListShelfParams{Cursor: v.QueryParam("cursor"), Limit: 100}
	if page.Tab != "ready" {
		params.Due = gen.ListShelfParamsDue(page.Tab)
	}
	held, err := frame.Ask[gen.ListShelf200JSONResponse](v, "listShelf", d.ops.ListShelf, gen.ListShelfRequestObject{Params: params})
	if err != nil {
		return err
	}
	for _, hold := range held.Holds {
		page.Lines = append(page.Lines, shelfLine{
			ID: hold.ID, Title: hold.Title, By: hold.Author, Barcode: hold.Barcode, Kept: hold.PickUpBy, Request: hold.RequestID != broker.NoID,
			Then: hold.Clearing.Say, Clause: hold.Clearing.Clause, Clear: page.Tab == "expired", ContactedAt: hold.ContactAt, PickupBranch: v.Place.Branch(hold.PickupBranchID),
		})
	}
	if held.NextCursor != "" {
		page.More = "/shelf?tab=" + page.Tab + "&cursor=" + held.NextCursor
	}
	return v.ShowWith(trouble, "shelf", frame.Head{Title: v.Say("Hold shelf"), At: "shelf"}, page)
}

func (d Desk) extend(v *frame.Visit) error {
	id, err := broker.ParseID("hold", v.Param("hold"))
	if err != nil {
		return broker.NotFound("hold")
	}
	hold, err := frame.AskOnce[gen.ExtendHold200JSONResponse](v, "extendHold", v.Key(), d.ops.ExtendHold, gen.ExtendHoldRequestObject{ID: id, Body: &gen.HoldExtension{}})
	if err == nil {
		return v.Done("/shelf?tab="+v.Field("tab"), v.Say("{title} is kept until {day}.", "title", hold.Title, "day", v.Date(hold.PickUpBy, v.Today)))
	}
	return v.Refused(err, func(trouble *frame.Trouble) error { return d.showShelf(v, trouble) })
}

func (d Desk) clear(v *frame.Visit) error {
	id, err := broker.ParseID("hold", v.Param("hold"))
	if err != nil {
		return broker.NotFound("hold")
	}
	hold, err := frame.AskOnce[gen.ClearHold200JSONResponse](v, "clearHold", v.Key(), d.ops.ClearHold, gen.ClearHoldRequestObject{ID: id})
	if err == nil {
		says := hold.Said
		if hold.Clearing.Say != "" {
			says = hold.Clearing.Say
		}
		return v.Done("/shelf?tab=expired", v.Say("{title}: {what}", "title", hold.Title, "what", says))
	}
	return v.Refused(err, func(trouble *frame.Trouble) error { return d.showShelf(v, trouble) })
}

type slipPage struct {
	Slip  gen.Slip
	Today broker.Date
}

// slip shows what to put into an item, for paper.
func (d Desk) slip(v *frame.Visit) error {
	id, err := broker.ParseID("hold", v.Param("hold"))
	if err != nil {
		return broker.NotFound("hold")
	}
	slip, err := frame.Ask[gen.GetSlip200JSONResponse](v, "getSlip", d.ops.GetSlip, gen.GetSlipRequestObject{ID: id})
	if err != nil {
		return err
	}
	return v.Show("slip", frame.Head{Title: v.Say("Slip"), At: "shelf"}, slipPage{gen.Slip(slip), v.Today})
}
