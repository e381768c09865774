package desk

import (
	"slices"
	"time"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

// tillEntry is one line of what went in or out.
type tillEntry struct {
	gen.TillEntry
	At time.Time
	// In and Out: one of them is set, and is never below zero.
	In, Out broker.Money
}

// tillLine is one way of paying: what should be there, and what was counted.
type tillLine struct {
	Method string
	Should broker.Money
	// Counted is what was typed; Off the difference, once it can be told.
	Counted string
	Off     *broker.Money
	Wrong   string
}

type tillPage struct {
	Tab  string
	Tabs []shelfTab
	Here string
	// Till is the open one, or an earlier one that is looked at.
	Till     *gen.Till
	Opened   time.Time
	ClosedAt time.Time
	Lines    []tillLine
	Entries  []tillEntry
	Earlier  []earlierTill
	More     string
	// Compared tells that the count was compared, and is to be confirmed; Off that
	// something is missing or too much.
	Compared, Off bool
	Float, Note   string
	Trouble       *frame.Trouble
	Today         broker.Date
	Currency      string
}

type earlierTill struct {
	gen.Till
	Opened, ClosedAt time.Time
	Branch           string
	Off              []broker.Money
}

func (d Desk) till(v *frame.Visit) error { return d.showTill(v, broker.NoID, nil) }

// earlier shows one till that was counted.
func (d Desk) earlierTill(v *frame.Visit) error {
	id, err := broker.ParseID("till", v.Param("till"))
	if err != nil {
		return broker.NotFound("till")
	}
	return d.showTill(v, id, nil)
}

// showTill shows the till that is open here, or the one with the id.
func (d Desk) showTill(v *frame.Visit, id broker.ID, trouble *frame.Trouble) error {
	page := tillPage{Tab: v.QueryParam("tab"), Here: v.Place.Branch(v.Who.Branch), Trouble: trouble, Today: v.Today, Currency: v.Place.Currency, Float: v.Field("float"), Note: v.Field("note")}
	page.Tabs = []shelfTab{{Name: v.Say("Open now"), To: "/till", Here: page.Tab != "earlier" && id == broker.NoID}, {Name: v.Say("Earlier tills"), To: "/till?tab=earlier", Here: page.Tab == "earlier" || id != broker.NoID}}
	if page.Tab == "earlier" {
		return d.earlierTills(v, page)
	}
	if id != broker.NoID {
		till, err := frame.Ask[gen.GetTill200JSONResponse](v, "getTill", d.ops.GetTill, gen.GetTillRequestObject{ID: id})
		if err != nil {
			return err
		}
		page.Till = (*gen.Till)(&till)
	} else {
		open, err := frame.Ask[gen.ListTills200JSONResponse](v, "listTills", d.ops.ListTills, gen.ListTillsRequestObject{Params: gen.ListTillsParams{BranchID: v.Who.Branch, Limit: 1}})
		if err != nil {
			return err
		}
		if len(open.Tills) > 0 {
			page.Till = &open.Tills[0]
		}
	}
	if page.Till != nil {
		if err := d.fillTill(v, &page); err != nil {
			return err
		}
	}
	return v.ShowWith(trouble, "till", frame.Head{Title: v.Say("Till"), At: "till"}, page)
}

func (d Desk) fillTill(v *frame.Visit, page *tillPage) error {
	zone := v.Now.Location()
	page.Opened = page.Till.OpenedAt.In(zone)
	if page.Till.Closed {
		page.ClosedAt = page.Till.ClosedAt.In(zone)
	}
	entries, err := frame.Ask[gen.ListTillEntries200JSONResponse](v, "listTillEntries", d.ops.ListTillEntries, gen.ListTillEntriesRequestObject{ID: page.Till.ID})
	if err != nil {
		return err
	}
	for _, one := range entries.Entries {
		shown := tillEntry{TillEntry: one, At: one.At.In(zone)}
		if one.Amount.Minor < 0 {
			shown.Out = one.Amount.Negated()
		} else {
			shown.In = one.Amount
		}
		page.Entries = append(page.Entries, shown)
	}
	slices.Reverse(page.Entries)
	minor := func(lines []gen.TillLine, method string) *int64 {
		for _, line := range lines {
			if line.Method == method {
				return &line.Minor
			}
		}
		return nil
	}
	for _, line := range page.Till.Expected {
		shown := tillLine{Method: line.Method, Should: broker.Money{Minor: line.Minor, Currency: page.Currency}, Counted: v.Field("counted-" + line.Method), Wrong: page.Trouble.Of("counted-" + line.Method)}
		if page.Till.Closed {
			if counted := minor(page.Till.Counted, line.Method); counted != nil {
				shown.Counted = v.Money(broker.Money{Minor: *counted, Currency: page.Currency}, page.Currency)
			}
			if off := minor(page.Till.Difference, line.Method); off != nil {
				shown.Off = &broker.Money{Minor: *off, Currency: page.Currency}
			}
		} else if counted, err := v.Amount(shown.Counted); err == nil && page.Compared {
			shown.Off = &broker.Money{Minor: counted.Minor - line.Minor, Currency: page.Currency}
		}
		page.Off = page.Off || shown.Off != nil && shown.Off.Minor != 0
		page.Lines = append(page.Lines, shown)
	}
	return nil
}

func (d Desk) earlierTills(v *frame.Visit, page tillPage) error {
	found, err := frame.Ask[gen.ListTills200JSONResponse](v, "listTills", d.ops.ListTills,
		gen.ListTillsRequestObject{Params: gen.ListTillsParams{BranchID: v.Who.Branch, Closed: true, Cursor: v.QueryParam("cursor"), Limit: 50}})
	if err != nil {
		return err
	}
	for _, till := range found.Tills {
		if !till.Closed {
			continue
		}
		shown := earlierTill{Till: till, Opened: till.OpenedAt.In(v.Now.Location()), ClosedAt: till.ClosedAt.In(v.Now.Location()), Branch: v.Place.Branch(till.BranchID)}
		for _, line := range till.Difference {
			if line.Minor != 0 {
				shown.Off = append(shown.Off, broker.Money{Minor: line.Minor, Currency: page.Currency})
			}
		}
		page.Earlier = append(page.Earlier, shown)
	}
	if found.NextCursor != "" {
		page.More = "/till?tab=earlier&cursor=" + found.NextCursor
	}
	return v.Show("till", frame.Head{Title: v.Say("Earlier tills"), At: "till"}, page)
}

// openTill opens the till of this branch with what lies in it.
func (d Desk) openTill(v *frame.Visit) error {
	read := v.Reading()
	float := read.Amount("float")
	err := read.Err()
	if err == nil {
		if _, err = frame.AskOnce[gen.OpenTill201JSONResponse](v, "openTill", v.Key(), d.ops.OpenTill, gen.OpenTillRequestObject{Body: &gen.NewTill{BranchID: v.Who.Branch, Float: float}}); err == nil {
			return v.Done("/till", v.Say("The till is open."))
		}
	}
	return v.Refused(err, func(trouble *frame.Trouble) error { return d.showTill(v, broker.NoID, trouble) })
}

// closeTill compares what was counted with what should be there; once the
// difference was seen it closes the till, for good.
func (d Desk) closeTill(v *frame.Visit) error {
	id, err := broker.ParseID("till", v.Param("till"))
	if err != nil {
		return broker.NotFound("till")
	}
	till, err := frame.Ask[gen.GetTill200JSONResponse](v, "getTill", d.ops.GetTill, gen.GetTillRequestObject{ID: id})
	if err != nil {
		return err
	}
	read, count := v.Reading(), gen.TillCount{Note: v.Field("note")}
	for _, line := range till.Expected {
		count.Counted = append(count.Counted, gen.TillLine{Method: line.Method, Minor: read.Amount("counted-" + line.Method).Minor})
	}
	err = read.Err()
	if err == nil && v.Field("go") == "" {
		page := tillPage{Compared: true, Tabs: []shelfTab{{Name: v.Say("Open now"), To: "/till", Here: true}, {Name: v.Say("Earlier tills"), To: "/till?tab=earlier"}}, Here: v.Place.Branch(v.Who.Branch), Till: (*gen.Till)(&till), Note: v.Field("note"), Today: v.Today, Currency: v.Place.Currency}
		if err := d.fillTill(v, &page); err != nil {
			return err
		}
		return v.Show("till", frame.Head{Title: v.Say("Till"), At: "till"}, page)
	}
	if err == nil {
		if _, err = frame.AskOnce[gen.CloseTill200JSONResponse](v, "closeTill", v.Key(), d.ops.CloseTill, gen.CloseTillRequestObject{ID: id, Body: &count}); err == nil {
			return v.Done("/till/"+id.String(), v.Say("The till is counted and closed."))
		}
	}
	return v.Refused(err, func(trouble *frame.Trouble) error { return d.showTill(v, id, trouble) })
}
