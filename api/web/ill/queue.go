package ill

import (
	"net/url"
	"slices"
	"time"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

// tab is one pile of work.
type tab struct {
	Name, To string
	Here     bool
	Count    int
	// Known tells that it is counted; Class is us or late where the number calls.
	Known bool
	Class string
}

// line is one request in a list.
type line struct {
	To, Title string
	Number    int64
	Who       string
	State     frame.State
	// Sub says why it stands there.
	Sub    string
	Reach  int
	Tier   string
	Lender string
	Age    int
	Cost   broker.Money
	Due    frame.Due
	// Dates are what stands under the deadline.
	NeedBy, PatronDue, LenderDue broker.Date
	Rush                         bool
	// Act is what staff most often do next: a form's address, or a page where Asks.
	Act, ActLabel string
	Asks          bool
	Version       int
}

// group is a heading with its lines.
type group struct {
	Name  string
	Lines []line
}

type queuePage struct {
	Queue    string
	Heading  string
	Tabs     []tab
	Q        string
	Order    string
	Groups   []group
	Count    int
	More     string
	Today    broker.Date
	Currency string
	Live     frame.Live
	// Empty says what an empty list means, and what comes next by itself.
	Empty, EmptyNext string
	Trouble          *frame.Trouble
}

// queues are the tabs, in the order in which a book travels.
var queues = []gen.Queue{gen.QueueNeedsMe, gen.QueueWithLenders, gen.QueueArriving, gen.QueueOnShelf, gen.QueueWithPatrons, gen.QueueDueBack, "stuck", gen.QueueEnded}

func (d Desk) queue(v *frame.Visit) error {
	page := queuePage{Queue: v.QueryParam("queue"), Q: v.QueryParam("q"), Order: v.QueryParam("order"), Today: v.Today, Currency: v.Place.Currency, Live: v.Live("request")}
	if page.Queue == "" {
		page.Queue = string(gen.QueueNeedsMe)
		if page.Q != "" {
			page.Queue = "all"
		}
	}
	var err error
	page.Tabs = tabs(v, page.Queue)
	page.Heading = d.headingOf(v, page.Queue)
	if page.Queue == "stuck" {
		err = d.stuck(v, &page)
	} else {
		err = d.lines(v, &page)
	}
	if page.Trouble = v.Trouble(err); page.Trouble != nil {
		err = nil
	}
	if err != nil {
		return err
	}
	page.Empty, page.EmptyNext = empty(v, page)
	return v.Show("requests", frame.Head{Title: page.Heading, At: at(page.Queue)}, page)
}

func at(queue string) string {
	if queue == "stuck" {
		return "stuck"
	}
	return "requests"
}

func (d Desk) headingOf(v *frame.Visit, queue string) string {
	for _, one := range tabs(v, queue) {
		if one.Here {
			return one.Name
		}
	}
	return v.Say("Requests")
}

func tabs(v *frame.Visit, here string) []tab {
	counts := v.Counts()
	names := map[gen.Queue]tab{
		gen.QueueNeedsMe:     {Name: v.Say("Needs me"), Count: counts.NeedsUs, Known: true, Class: "us"},
		gen.QueueWithLenders: {Name: v.Say("With lenders"), Count: counts.WithLenders, Known: true},
		gen.QueueArriving:    {Name: v.Say("Arriving"), Count: counts.Arriving, Known: true},
		gen.QueueOnShelf:     {Name: v.Say("On the shelf"), Count: counts.OnShelf, Known: true},
		gen.QueueWithPatrons: {Name: v.Say("With patrons"), Count: counts.WithPatrons, Known: true},
		gen.QueueDueBack:     {Name: v.Say("Due back"), Count: counts.DueBack, Known: true},
		"stuck":              {Name: v.Say("Stuck"), Count: counts.Stuck, Known: true, Class: "late"},
		gen.QueueEnded:       {Name: v.Say("Ended")},
	}
	shown := make([]tab, len(queues))
	for i, queue := range queues {
		one := names[queue]
		one.To, one.Here = "/requests?queue="+string(queue), string(queue) == here
		if one.Count == 0 {
			one.Class = ""
		}
		shown[i] = one
	}
	return shown
}

func (d Desk) lines(v *frame.Visit, page *queuePage) error {
	params := gen.ListRequestsParams{Q: page.Q, Cursor: v.QueryParam("cursor"), Limit: 50, Order: gen.Order(page.Order)}
	if page.Queue != "all" {
		params.Queue = gen.Queue(page.Queue)
	}
	found, err := frame.Ask[gen.ListRequests200JSONResponse](v, "listRequests", d.ops.ListRequests, gen.ListRequestsRequestObject{Params: params})
	if err != nil {
		return err
	}
	lines := make([]line, len(found.Requests))
	for i, request := range found.Requests {
		lines[i] = lineOf(v, request)
	}
	page.Count = len(lines)
	page.Groups = []group{{Lines: lines}}
	if page.Queue == string(gen.QueueNeedsMe) {
		page.Groups = grouped(v, found.Requests, lines)
	}
	if found.NextCursor != "" {
		query := url.Values{"queue": {page.Queue}, "q": {page.Q}, "order": {page.Order}, "cursor": {found.NextCursor}}
		page.More = "/requests?" + query.Encode()
	}
	return nil
}

// grouped sorts what needs us by what it takes: to decide, to do with the item in
// hand, to hear from somebody.
func grouped(v *frame.Visit, requests []gen.RequestSummary, lines []line) []group {
	groups := []group{{Name: v.Say("Decide")}, {Name: v.Say("In hand")}, {Name: v.Say("Hear from somebody")}}
	for i, request := range requests {
		into := 2
		switch request.State {
		case "needs_review", "conditional":
			into = 0
		case "received", "return_due":
			into = 1
		}
		groups[into].Lines = append(groups[into].Lines, lines[i])
	}
	return slices.DeleteFunc(groups, func(g group) bool { return len(g.Lines) == 0 })
}

func lineOf(v *frame.Visit, request gen.RequestSummary) line {
	to := address(string(request.Side), request.Number)
	shown := line{
		To: to, Title: v.TitleOf(request.Citation), Number: request.Number, Who: request.PatronName,
		State: frame.StateOf(string(request.Owner), request.State, request.StateLabel), Sub: request.Task,
		Reach: request.Reach, Tier: request.TierName, Lender: request.Lender.Name, Age: ageOf(v, request.SubmittedAt),
		Cost: request.Cost, Due: v.Due(request.Deadline.DueAt, request.Deadline.ThenLabel), NeedBy: request.NeedBy,
		PatronDue: request.PatronDueOn, LenderDue: request.LenderDueOn, Rush: request.Rush, Version: request.Version,
		ActLabel: request.FirstLabel, Asks: request.FirstAsks,
	}
	if request.Side == gen.RequestSummarySideLending {
		shown.Who, shown.Lender = request.Borrower.Name, ""
	}
	if shown.Sub == "" && request.Tried > 0 {
		shown.Sub = v.Count(request.Tried, "One lender could not", "{n} lenders could not")
	}
	if request.FirstAction != "" {
		shown.Act = to + "/" + request.FirstAction
		if shown.Asks {
			shown.Act = to + "?act=" + request.FirstAction + "#act-" + request.FirstAction
		}
	}
	if request.Flags.Overdue {
		shown.Sub = v.Say("Overdue")
	}
	if request.Flags.Recalled {
		shown.Sub = v.Say("Recalled by the lender")
	}
	if request.Flags.RenewalPending {
		shown.Sub = v.Say("A renewal is asked, and not answered yet")
	}
	if request.Flags.ReturnUnused {
		shown.Sub = v.Say("Nobody waits for it any more; it goes back unused")
	}
	return shown
}

func ageOf(v *frame.Visit, since time.Time) int {
	return max(v.Today.DaysSince(broker.DateIn(since, v.Now.Location())), 0)
}

func (d Desk) stuck(v *frame.Visit, page *queuePage) error {
	found, err := frame.Ask[gen.ListStuckRequests200JSONResponse](v, "listStuckRequests", d.ops.ListStuckRequests,
		gen.ListStuckRequestsRequestObject{Params: gen.ListStuckRequestsParams{Limit: 100}})
	if err != nil {
		return err
	}
	page.Count = found.Count
	lines := make([]line, len(found.Requests))
	for i, request := range found.Requests {
		lines[i] = line{
			To: address(string(request.Side), request.Number), Title: v.TitleOf(request.Citation), Number: request.Number,
			State: frame.StateOf(string(request.Owner), request.State, request.StateLabel), Sub: request.Words, Age: ageOf(v, request.Since),
		}
	}
	page.Groups = []group{{Lines: lines}}
	return nil
}

// empty says what an empty list means.
func empty(v *frame.Visit, page queuePage) (heading, next string) {
	if page.Count > 0 {
		return "", ""
	}
	if page.Q != "" {
		return v.Say("Nothing found"), v.Say("No request has that number, nor these words in its title or author.")
	}
	counts := v.Counts()
	switch page.Queue {
	case string(gen.QueueNeedsMe):
		return v.Say("Nothing needs you"), v.Count(counts.WithLenders, "One request is with a lender. When an answer comes that needs somebody, it shows up here by itself.",
			"{n} requests are with lenders. When an answer comes that needs somebody, it shows up here by itself.")
	case "stuck":
		return v.Say("Nothing is stuck"), v.Say("Every open request has somebody who does the next thing, and a day by which it moves on by itself.")
	case string(gen.QueueEnded):
		return v.Say("Nothing has ended yet"), v.Say("What is finished, cancelled or could not be had is kept here.")
	}
	return v.Say("Nothing here just now"), v.Say("Requests come here by themselves when they are at this point.")
}
