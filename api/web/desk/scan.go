package desk

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

// patronPage is the patron who stands at the desk.
type patronPage struct {
	gen.Patron
	Loans    []gen.Loan
	Late     int
	Ready    []gen.Hold
	Requests []patronRequest
	Blocked  []gen.Block
}

type patronRequest struct {
	To, Title string
	State     frame.State
}

type deskPage struct {
	counter
	Here     *patronPage
	Found    []gen.PatronLine
	Today    broker.Date
	Currency string
	Now      time.Time
	Branch   string
}

func (d Desk) show(v *frame.Visit) error {
	c := kept(v)
	if id, err := broker.ParseID("patron", v.QueryParam("patron")); err == nil && id != c.Patron {
		if err := d.open(v, &c, id, ""); err != nil {
			return err
		}
		v.Remember(keyCounter, c)
	}
	if mode := v.QueryParam("mode"); slices.Contains([]string{modeRight, modeOut, modeIn, modeDrop}, mode) {
		c.Mode = mode
		v.Remember(keyCounter, c)
	}
	page := deskPage{counter: c, Today: v.Today, Currency: v.Place.Currency, Now: v.Now, Branch: v.Place.Branch(v.Who.Branch)}
	if c.Patron != broker.NoID {
		here, err := d.patron(v, c.Patron)
		if broker.IsKind(err, broker.KindNotFound) {
			c.Patron, c.Card = broker.NoID, ""
			v.Remember(keyCounter, c)
		} else if err != nil {
			return err
		}
		page.Here = here
	}
	return v.Show("desk", frame.Head{Title: v.Say("Scan desk"), At: "desk", Desk: true, Scripts: []string{"desk.js"}}, page)
}

// open puts a patron at the desk.
func (d Desk) open(v *frame.Visit, c *counter, id broker.ID, card string) error {
	if card == "" {
		cards, err := frame.Ask[gen.ListCards200JSONResponse](v, "listCards", d.ops.ListCards, gen.ListCardsRequestObject{ID: id})
		if err != nil {
			return err
		}
		for _, one := range cards.Cards {
			if one.Status == gen.CardStatusActive {
				card = one.Number
			}
		}
	}
	c.Patron, c.Card, c.Out, c.In = id, card, 0, 0
	return nil
}

// patron reads what the desk shows of a patron, blocks first.
func (d Desk) patron(v *frame.Visit, id broker.ID) (*patronPage, error) {
	patron, err := frame.Ask[gen.GetPatron200JSONResponse](v, "getPatron", d.ops.GetPatron, gen.GetPatronRequestObject{ID: id})
	if err != nil {
		return nil, err
	}
	page := &patronPage{Patron: gen.Patron(patron), Blocked: patron.Blocks}
	loans, err := frame.Ask[gen.ListPatronLoans200JSONResponse](v, "listPatronLoans", d.ops.ListPatronLoans, gen.ListPatronLoansRequestObject{ID: id})
	if err != nil {
		return nil, err
	}
	for _, loan := range loans.Loans {
		page.Loans = append(page.Loans, loan)
		if loan.Overdue {
			page.Late++
		}
	}
	holds, err := frame.Ask[gen.ListPatronHolds200JSONResponse](v, "listPatronHolds", d.ops.ListPatronHolds, gen.ListPatronHoldsRequestObject{ID: id})
	if err != nil {
		return nil, err
	}
	for _, hold := range holds.Holds {
		if hold.Status == gen.HoldStatusOnHoldShelf {
			page.Ready = append(page.Ready, hold)
		}
	}
	requests, err := frame.Ask[gen.ListPatronRequests200JSONResponse](v, "listPatronRequests", d.ops.ListPatronRequests,
		gen.ListPatronRequestsRequestObject{ID: id, Params: gen.ListPatronRequestsParams{Limit: 20}})
	if err != nil {
		return nil, err
	}
	for _, one := range requests.Requests {
		if one.ClosedAt.IsZero() {
			page.Requests = append(page.Requests, patronRequest{
				To: fmt.Sprintf("/requests/%d", one.Number), Title: v.TitleOf(one.Citation),
				State: frame.StateOf(string(one.Owner), one.State, one.StateLabel),
			})
		}
	}
	return page, nil
}

// scan takes one scan: a card opens its patron, anything else is an item.
func (d Desk) scan(v *frame.Visit) error {
	c := kept(v)
	if mode := v.Field("mode"); slices.Contains([]string{modeRight, modeOut, modeIn, modeDrop}, mode) {
		c.Mode = mode
	}
	barcode := v.Field("barcode")
	if barcode == "" {
		barcode = c.Result.Accept // an empty Enter accepts what lies there
	}
	if barcode == "" {
		v.Remember(keyCounter, c)
		return v.Go("/desk")
	}
	if err := d.one(v, &c, barcode); err != nil {
		return err
	}
	v.Remember(keyCounter, c)
	return v.Go(v.Back(v.Field("back"), "/desk"))
}

// one does what one scan means and puts the result on the desk.
func (d Desk) one(v *frame.Visit, c *counter, barcode string) error {
	found, err := frame.Ask[gen.SearchPatrons200JSONResponse](v, "searchPatrons", d.ops.SearchPatrons,
		gen.SearchPatronsRequestObject{Params: gen.SearchPatronsParams{Card: strings.ReplaceAll(barcode, " ", "")}})
	if err == nil && len(found.Patrons) == 1 {
		if err := d.open(v, c, found.Patrons[0].ID, strings.ReplaceAll(barcode, " ", "")); err != nil {
			return err
		}
		c.put(result{Icon: "person", Headline: v.Say("Card read"), Said: v.Say("Card read"), Says: v.Say("Scan what is to be lent.")},
			scanned{At: v.Now, Shape: "patron", Text: v.Say("Card read"), Title: v.Say("Patron at the desk")})
		return nil
	}
	if err != nil && v.Trouble(err) == nil && !broker.IsKind(err, broker.KindNotFound) {
		return err
	}
	scan := gen.Scan{Barcode: barcode, Override: v.Request().Form["override"], OverrideReason: v.Field("override_reason"), TakeBack: v.Field("take_back") != "", BranchID: v.Who.Branch}
	if at, err := time.Parse(time.RFC3339, v.Field("scanned_at")); err == nil {
		scan.ScannedAt = at
	}
	switch {
	case c.Mode == modeDrop:
		scan.Mode = gen.BookDrop
	case c.Mode == modeOut && c.Card == "":
		c.put(result{Class: "warn", Icon: "warn", Headline: v.Say("Scan a card first"), Barcode: barcode, Says: v.Say("Check out is chosen, and no patron is at the desk."), Said: v.Say("Scan a card first")},
			scanned{At: v.Now, Shape: "us", Text: v.Say("Scan a card first"), Barcode: barcode, Put: v.Say("keep at the desk")})
		return nil
	case c.Mode != modeIn && c.Card != "":
		scan.Card = c.Card
	}
	done, err := frame.AskOnce[gen.Scan200JSONResponse](v, "scan", v.Key(), d.ops.Scan, gen.ScanRequestObject{Body: &scan})
	if err != nil {
		return d.refused(v, c, scan, err)
	}
	d.took(v, c, barcode, gen.ScanResult(done))
	return nil
}

// put shows a result and lists its scan. What lay there unanswered is set aside, so
// that nothing is lost.
func (c *counter) put(now result, line scanned) {
	if c.Result.Accept != "" && c.Result.Accept != line.Barcode {
		c.Aside = append(c.Aside, scanned{At: line.At, Title: c.Result.Title, Barcode: c.Result.Accept, Text: c.Result.Headline})
	}
	c.Aside = slices.DeleteFunc(c.Aside, func(one scanned) bool { return one.Barcode != "" && one.Barcode == line.Barcode })
	c.Result = now
	c.Scans = append([]scanned{line}, c.Scans...)
	if len(c.Scans) > mostScans {
		c.Scans = c.Scans[:mostScans]
	}
	if len(c.Aside) > mostScans {
		c.Aside = c.Aside[len(c.Aside)-mostScans:]
	}
}

// refused shows why a scan was not done, with every reason, who may pass over it and
// what to do instead.
func (d Desk) refused(v *frame.Visit, c *counter, scan gen.Scan, err error) error {
	trouble := v.Trouble(err)
	if trouble == nil {
		return err
	}
	headline := v.Say("Not done")
	if scan.Card != "" {
		headline = v.Say("Not checked out")
	}
	now := result{
		Class: "bad", Icon: "cross", Headline: headline, Barcode: scan.Barcode, Says: trouble.Detail, Reasons: trouble.Reasons, Overrides: trouble.Overrides,
		TakeBack: trouble.Code == "already_on_loan" && len(trouble.Reasons) > 0,
	}
	if item, err := frame.Ask[gen.FindItem200JSONResponse](v, "findItem", d.ops.FindItem, gen.FindItemRequestObject{Params: gen.FindItemParams{Barcode: scan.Barcode}}); err == nil {
		now.Title = item.Title
	}
	now.Said = headline + ". " + trouble.Detail
	if len(trouble.Reasons) > 0 {
		now.Said = headline + ". " + v.Count(len(trouble.Reasons), "One reason", "{n} reasons")
	}
	c.put(now, scanned{At: v.Now, Shape: "stop", Text: headline, Title: now.Title, Barcode: scan.Barcode, Put: v.Say("keep at the desk")})
	return nil
}

// meaning is how a thing that was done is shown.
type meaning struct{ class, icon, shape, headline string }

func meaningOf(v *frame.Visit, did string) meaning {
	switch did {
	case "received":
		return meaning{"good", "tick", "done", v.Say("Received")}
	case "shelved":
		return meaning{"good", "shelf", "here", v.Say("On the hold shelf")}
	case "checked_out":
		return meaning{"good", "tick", "done", v.Say("Checked out")}
	case "checked_in":
		return meaning{"good", "tick", "done", v.Say("Checked in")}
	case "captured":
		return meaning{"", "here", "here", v.Say("Kept for the next patron")}
	case "sent_on":
		return meaning{"", "move", "move", v.Say("Send it on")}
	case "pulled":
		return meaning{"good", "tick", "done", v.Say("Pulled")}
	case "shipped":
		return meaning{"", "move", "move", v.Say("Shipped")}
	case "returned_home":
		return meaning{"good", "done", "done", v.Say("Home again")}
	case "renewal_asked":
		return meaning{"", "clock", "lender", v.Say("Renewal asked")}
	case "cancelled":
		return meaning{"warn", "stop", "stop", v.Say("Cancelled")}
	case "unmatched":
		return meaning{"warn", "warn", "us", v.Say("Nobody here asked for it")}
	}
	return meaning{"warn", "info", "us", v.Say("Nothing to do")}
}

// took shows what a scan did.
func (d Desk) took(v *frame.Visit, c *counter, barcode string, done gen.ScanResult) {
	means := meaningOf(v, done.Did)
	now := result{Class: means.class, Icon: means.icon, Headline: means.headline, Barcode: barcode, Says: done.Message, Due: done.DueOn, Kept: done.PickUpBy}
	if done.ItemID != broker.NoID {
		if item, err := frame.Ask[gen.GetItem200JSONResponse](v, "getItem", d.ops.GetItem, gen.GetItemRequestObject{ID: done.ItemID}); err == nil {
			now.Title = item.Title
		}
	}
	if done.Did == "checked_out" {
		now.Says, now.Kept = "", broker.Date{} // the due date beside the title says it
	}
	if done.RequestID != broker.NoID {
		d.ofRequest(v, done.RequestID, &now)
	}
	for _, note := range done.Notes {
		now.Notes = append(now.Notes, note.Message)
	}
	if done.CountParts > 1 {
		now.Class, now.Icon = "warn", "warn"
		now.Notes = append(now.Notes, v.Count(done.CountParts, "Count one piece.", "Count {n} pieces."))
	}
	var charged []string
	for _, posting := range done.Charged {
		charged = append(charged, v.Money(posting.Amount, v.Place.Currency))
	}
	now.Charged = strings.Join(charged, ", ")
	if done.Did == "received" {
		now.Accept = barcode
	}
	if done.HoldID != broker.NoID && (done.Did == "captured" || done.Did == "shelved" || done.Did == "sent_on") {
		now.Hold = done.HoldID.String()
	}
	if done.Act.ID != broker.NoID && !done.Act.UndoUntil.IsZero() {
		now.Act, now.Until = done.Act.ID.String(), done.Act.UndoUntil.In(v.Now.Location())
	}
	switch done.Did {
	case "checked_out":
		c.Out++
	case "checked_in", "returned_home":
		c.In++
	}
	now.Said = strings.TrimSpace(means.headline + ". " + now.Title + ". " + done.Message)
	c.put(now, scanned{At: v.Now, Shape: means.shape, Text: means.headline, Title: now.Title, Barcode: barcode, Put: putOf(v, done), Act: now.Act})
}

// ofRequest names the request an item belongs to.
func (d Desk) ofRequest(v *frame.Visit, id broker.ID, now *result) {
	if request, err := frame.Ask[gen.GetRequest200JSONResponse](v, "getRequest", d.ops.GetRequest, gen.GetRequestRequestObject{ID: id}); err == nil {
		now.Request = request.Number
		if now.Title == "" {
			now.Title = v.TitleOf(request.Citation)
		}
		return
	}
	if request, err := frame.Ask[gen.GetLending200JSONResponse](v, "getLending", d.ops.GetLending, gen.GetLendingRequestObject{ID: id}); err == nil {
		now.Request, now.Lending = request.Number, true
		if now.Title == "" {
			now.Title = v.TitleOf(request.Citation)
		}
	}
}

func putOf(v *frame.Visit, done gen.ScanResult) string {
	switch done.Did {
	case "captured", "shelved":
		return v.Say("hold shelf")
	case "sent_on":
		return v.Say("in transit")
	case "checked_out":
		return v.Say("with the patron")
	case "checked_in":
		return v.Say("back on the shelf")
	case "shipped", "returned_home":
		return v.Say("to the parcel shelf")
	case "received":
		return v.Say("to be shelved")
	case "unmatched", "nothing":
		return v.Say("keep at the desk")
	}
	return ""
}

// end says goodbye to the patron: nothing of theirs stays on the screen but titles.
func (d Desk) end(v *frame.Visit) error {
	c := kept(v)
	c.Patron, c.Card, c.Out, c.In, c.Result = broker.NoID, "", 0, 0, result{}
	v.Remember(keyCounter, c)
	return v.Go(v.Back(v.Field("back"), "/desk"))
}

// undo takes an act of this desk back.
func (d Desk) undo(v *frame.Visit) error {
	c := kept(v)
	id, err := broker.ParseID("act", v.Field("act"))
	if err != nil {
		return err
	}
	why := v.Field("reason")
	if why == "" {
		why = v.Say("Taken back at the desk")
	}
	_, err = frame.AskOnce[gen.UndoDeskAct200JSONResponse](v, "undoDeskAct", v.Key(), d.ops.UndoDeskAct, gen.UndoDeskActRequestObject{ID: id, Body: &gen.WithReason{Reason: why}})
	if trouble := v.Trouble(err); trouble != nil {
		c.put(result{Class: "bad", Icon: "cross", Headline: v.Say("Not taken back"), Says: trouble.Detail, Reasons: trouble.Reasons, Said: v.Say("Not taken back") + ". " + trouble.Detail},
			scanned{At: v.Now, Shape: "stop", Text: v.Say("Not taken back")})
		v.Remember(keyCounter, c)
		return v.Go("/desk")
	}
	if err != nil {
		return err
	}
	title := ""
	for i := range c.Scans {
		if c.Scans[i].Act == v.Field("act") {
			c.Scans[i].Undone, title = true, c.Scans[i].Title
		}
	}
	c.put(result{Class: "warn", Icon: "undo", Headline: v.Say("Taken back"), Title: title, Says: v.Say("It is as it was before."), Said: v.Say("Taken back") + ". " + title},
		scanned{At: v.Now, Shape: "system", Text: v.Say("Taken back"), Title: title})
	v.Remember(keyCounter, c)
	return v.Go(v.Back(v.Field("back"), "/desk"))
}
