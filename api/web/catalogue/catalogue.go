package catalogue

import (
	"embed"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

//go:embed *.html
var files embed.FS

// Catalogue is the room's pages.
type Catalogue struct {
	ops gen.StrictServerInterface
}

// Mount brings the pages.
func Mount(e *echo.Echo, site *frame.Site) error {
	c := Catalogue{site.Operations}
	if err := site.Parse(files); err != nil {
		return err
	}
	site.Staff(e, http.MethodGet, "/catalogue", c.search)
	site.Staff(e, http.MethodGet, "/titles/:title", c.title)
	site.Staff(e, http.MethodPost, "/titles/:title/hold", c.hold)
	site.Staff(e, http.MethodPost, "/titles/:title/items/:item/mark", c.mark)
	site.StaffOrOffice(e, http.MethodGet, "/find", c.find)
	site.StaffOrOffice(e, http.MethodGet, "/help", c.help)
	return nil
}

type searchPage struct {
	Q      string
	Titles []gen.Title
	More   string
	// Ask leads to a new request with what was typed.
	Ask     string
	Today   broker.Date
	Trouble *frame.Trouble
}

func (c Catalogue) search(v *frame.Visit) error {
	page := searchPage{Q: v.Field("q"), Ask: "/requests/new?" + url.Values{"title": {v.Field("q")}}.Encode(), Today: v.Today}
	if page.Q != "" {
		// A barcode leads straight to its title.
		if item, err := frame.Ask[gen.FindItem200JSONResponse](v, "findItem", c.ops.FindItem, gen.FindItemRequestObject{Params: gen.FindItemParams{Barcode: page.Q}}); err == nil && item.TitleID != broker.NoID {
			return v.Go("/titles/" + item.TitleID.String())
		}
		found, err := frame.Ask[gen.SearchTitles200JSONResponse](v, "searchTitles", c.ops.SearchTitles,
			gen.SearchTitlesRequestObject{Params: gen.SearchTitlesParams{Q: page.Q, Limit: 50, Cursor: v.QueryParam("cursor")}})
		if page.Trouble = v.Trouble(err); err != nil && page.Trouble == nil {
			return err
		}
		page.Titles = found.Titles
		if found.NextCursor != "" {
			page.More = "/catalogue?" + url.Values{"q": {page.Q}, "cursor": {found.NextCursor}}.Encode()
		}
	}
	return v.Show("catalogue", frame.Head{Title: v.Say("Catalogue"), At: "catalogue"}, page)
}

// copyLine is a copy of a title.
type copyLine struct {
	gen.Copy
	State frame.State
	Due   frame.Due
	Ours  bool
}

type titlePage struct {
	gen.Title
	Copies   []copyLine
	Queue    []gen.Hold
	Branches []gen.Branch
	Here     broker.ID
	Card     string
	Pickup   string
	Ask      string
	Trouble  *frame.Trouble
	Today    broker.Date
}

func (c Catalogue) title(v *frame.Visit) error { return c.showTitle(v, nil) }

func (c Catalogue) showTitle(v *frame.Visit, trouble *frame.Trouble) error {
	id, err := broker.ParseID("title", v.Param("title"))
	if err != nil {
		return broker.NotFound("title")
	}
	found, err := frame.Ask[gen.GetTitle200JSONResponse](v, "getTitle", c.ops.GetTitle, gen.GetTitleRequestObject{ID: id})
	if err != nil {
		return err
	}
	page := titlePage{Title: found.Title, Branches: v.Place.Branches, Here: v.Who.Branch, Card: v.Field("card"), Pickup: v.Field("pickup"), Trouble: trouble, Today: v.Today}
	if page.Pickup == "" && v.Who.Branch != broker.NoID {
		page.Pickup = v.Who.Branch.String()
	}
	isbn := ""
	if len(found.Title.Isbns) > 0 {
		isbn = found.Title.Isbns[0]
	}
	page.Ask = "/requests/new?" + url.Values{"title": {found.Title.Title}, "author": {found.Title.Author}, "isbn": {isbn}, "anyway": {"1"}}.Encode()
	for _, item := range found.Items {
		page.Copies = append(page.Copies, copyLine{Copy: item, State: stateOf(v, string(item.Status)), Due: v.DueOn(item.DueOn), Ours: item.Library.ID == v.Place.ID})
	}
	queue, err := frame.Ask[gen.GetQueue200JSONResponse](v, "getQueue", c.ops.GetQueue, gen.GetQueueRequestObject{ID: id})
	if err != nil {
		return err
	}
	page.Queue = queue.Holds
	return v.ShowWith(trouble, "title", frame.Head{Title: page.Title.Title, At: "catalogue"}, page)
}

func stateOf(v *frame.Visit, status string) frame.State {
	switch status {
	case "on_shelf":
		return frame.Shaped("done", v.Say("On the shelf"))
	case "on_hold_shelf":
		return frame.Shaped("here", v.Say("On the hold shelf"))
	case "on_loan":
		return frame.Shaped("patron", v.Say("With a patron"))
	case "in_transit":
		return frame.Shaped("move", v.Say("In transit"))
	case "received":
		return frame.Shaped("here", v.Say("Arrived, to be shelved"))
	case "missing":
		return frame.Shaped("stop", v.Say("Not on its shelf"))
	case "lost":
		return frame.Shaped("stop", v.Say("Lost"))
	case "withdrawn":
		return frame.Shaped("stop", v.Say("Withdrawn"))
	case "gone_home":
		return frame.Shaped("done", v.Say("Home again"))
	case "on_order":
		return frame.Shaped("system", v.Say("On order"))
	}
	return frame.Shaped("us", v.Say("In processing"))
}

func (c Catalogue) hold(v *frame.Visit) error {
	id, err := broker.ParseID("title", v.Param("title"))
	if err != nil {
		return broker.NotFound("title")
	}
	body := gen.NewHold{TitleID: id, Card: strings.ReplaceAll(v.Field("card"), " ", ""), Override: v.Request().Form["override"], OverrideReason: v.Field("override_reason")}
	if branch, err := broker.ParseID("pickup", v.Field("pickup")); err == nil {
		body.PickupBranchID = branch
	}
	hold, err := frame.AskOnce[gen.PlaceHold201JSONResponse](v, "placeHold", v.Key(), c.ops.PlaceHold, gen.PlaceHoldRequestObject{Body: &body})
	if err == nil {
		said := v.Say("The hold is placed.")
		if hold.Place > 0 {
			said = v.Say("The hold is placed: number {n} in line.", "n", hold.Place)
		}
		return v.Done("/titles/"+id.String(), said)
	}
	return v.Refused(err, func(trouble *frame.Trouble) error { return c.showTitle(v, trouble) })
}

func (c Catalogue) mark(v *frame.Visit) error {
	id, err := broker.ParseID("item", v.Param("item"))
	if err != nil {
		return broker.NotFound("item")
	}
	item, err := frame.AskOnce[gen.MarkItem200JSONResponse](v, "markItem", v.Key(), c.ops.MarkItem, gen.MarkItemRequestObject{ID: id, Body: &gen.ItemMark{As: gen.ItemMarkAs(v.Field("as"))}})
	if err == nil {
		return v.Done("/titles/"+v.Param("title"), strings.TrimSpace(v.Say("Marked: {barcode}.", "barcode", item.Barcode)+" "+item.Said))
	}
	return v.Refused(err, func(trouble *frame.Trouble) error { return c.showTitle(v, trouble) })
}

// place is somewhere to go.
type place struct{ Name, To, Words string }

type findPage struct {
	Q        string
	Requests []gen.RequestSummary
	Patrons  []gen.PatronLine
	Titles   []gen.Title
	Places   []place
	Ask      string
	Nothing  bool
	Today    broker.Date
}

// find looks for anything: a number, a name, a title, or a place to go.
func (c Catalogue) find(v *frame.Visit) error {
	page := findPage{Q: v.Field("q"), Today: v.Today, Ask: "/requests/new?" + url.Values{"title": {v.Field("q")}}.Encode()}
	for _, one := range places(v) {
		if page.Q == "" || strings.Contains(strings.ToLower(one.Name+" "+one.Words), strings.ToLower(page.Q)) {
			page.Places = append(page.Places, one)
		}
	}
	if page.Q != "" {
		// Each list is a help by itself: one that cannot be read is left out.
		if found, err := frame.Ask[gen.ListRequests200JSONResponse](v, "listRequests", c.ops.ListRequests, gen.ListRequestsRequestObject{Params: gen.ListRequestsParams{Q: page.Q, Limit: 8}}); err == nil {
			page.Requests = found.Requests
		}
		if found, err := frame.Ask[gen.SearchPatrons200JSONResponse](v, "searchPatrons", c.ops.SearchPatrons, gen.SearchPatronsRequestObject{Params: gen.SearchPatronsParams{Q: page.Q, Limit: 8}}); err == nil {
			page.Patrons = found.Patrons
		}
		if found, err := frame.Ask[gen.SearchTitles200JSONResponse](v, "searchTitles", c.ops.SearchTitles, gen.SearchTitlesRequestObject{Params: gen.SearchTitlesParams{Q: page.Q, Limit: 8}}); err == nil {
			page.Titles = found.Titles
		}
		page.Nothing = len(page.Requests)+len(page.Patrons)+len(page.Titles)+len(page.Places) == 0
		if number, err := strconv.ParseInt(strings.TrimPrefix(page.Q, "#"), 10, 64); err == nil && len(page.Requests) == 1 && page.Requests[0].Number == number {
			return v.Go(fmt.Sprintf("/requests/%d", number))
		}
	}
	return v.Show("find", frame.Head{Title: v.Say("Find or do"), At: ""}, page)
}

func places(v *frame.Visit) []place {
	var managed []place
	if v.Manages() {
		managed = []place{
			{v.Say("Libraries"), "/libraries", "branches hours lending tiers policy members partners"},
			{v.Say("Staff"), "/staff", "accounts roles passwords sessions locked"},
			{v.Say("Invite somebody"), "/staff?add=1#add", "staff account"},
			{v.Say("Changes"), "/changes", "log undo configuration"},
			{v.Say("Set up"), "/set-up", "steps"},
			{v.Say("Background work"), "/jobs", "jobs queue failed retry night"},
		}
	}
	if v.Manages() && !v.Who.Office {
		managed = append(managed, place{v.Say("Read a file"), "/imports", "import csv marc patrons items"}, place{v.Say("Files of every night"), "/loads", "loads standing"})
	}
	managed = append(managed, place{v.Say("Policies"), "/policies", "rules clauses versions"})
	help := place{v.Say("Help, keys and words"), "/help", "keyboard"}
	if v.Who.Office {
		return append(managed, help)
	}
	return append([]place{
		{v.Say("Scan desk"), "/desk", "check in out return lend"},
		{v.Say("Check out"), "/desk?mode=out", "lend F4"},
		{v.Say("Check in"), "/desk?mode=in", "return F2"},
		{v.Say("Hold shelf"), "/shelf", "ready expired"},
		{v.Say("Pull list"), "/pulls", "fetch print"},
		{v.Say("Call list"), "/calls", "telephone"},
		{v.Say("Till"), "/till", "cash money count close"},
		{v.Say("Requests"), "/requests", "ill queue"},
		{v.Say("New request"), "/requests/new", "ask borrow"},
		{v.Say("Lending"), "/lending", "others"},
		{v.Say("Patrons"), "/patrons", "people account"},
		{v.Say("Give a card"), "/patrons/new", "register"},
		{v.Say("Catalogue"), "/catalogue", "titles copies"},
		{v.Say("Calendar"), "/calendar", "closed days hours snow holidays due dates"},
		{v.Say("Moved due dates"), "/calendar/moves", "adjust loans"},
		{v.Say("Partners"), "/partners", "other systems health messages"},
		{v.Say("What if?"), "/policies/what-if", "policy explain may"},
	}, append(managed, help)...)
}

type helpPage struct {
	States []frame.State
	// Manages tells that the pages of directors are the reader's too.
	Manages bool
}

func (c Catalogue) help(v *frame.Visit) error {
	page := helpPage{Manages: v.Manages(), States: []frame.State{
		frame.Shaped("us", v.Say("we do")), frame.Shaped("lender", v.Say("the lender does")), frame.Shaped("patron", v.Say("the patron does")),
		frame.Shaped("system", v.Say("Afield does")), frame.Shaped("move", v.Say("it travels")), frame.Shaped("here", v.Say("it stands here")),
		frame.Shaped("done", v.Say("it is done")), frame.Shaped("stop", v.Say("it ended, or was refused")),
	}}
	return v.Show("help", frame.Head{Title: v.Say("Help, keys and words")}, page)
}
