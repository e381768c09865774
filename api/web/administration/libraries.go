package administration

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
	"afield/broker/consortium"
)

// libraryLine is one library in the list.
type libraryLine struct {
	Name, Symbol string
	// To is its page; "" where it is not the visitor's to see.
	To       string
	Branches int
	State    frame.State
	May      string
	// Paused says until when it does not lend.
	Paused string
	Policy string
	// Status is what the act in the row makes of it: suspended or active; "" for no
	// act.
	Status string
}

type tab struct {
	Name, To string
	Here     bool
	Count    int
	Known    bool
	// Late marks a number that somebody should look at.
	Late bool
}

type librariesPage struct {
	Consortium string
	Office     bool
	Others     bool
	Tabs       []tab
	Lines      []libraryLine
	Today      broker.Date
}

// libraries lists the members, or with t=others those who are asked and are none.
func (a Administration) libraries(v *frame.Visit) error {
	file, _, err := a.inForce(v)
	if err != nil {
		return err
	}
	page := librariesPage{Office: v.Who.Office, Others: v.QueryParam("t") == "others", Today: v.Today}
	var members, others []libraryLine
	if v.Who.Office {
		if file.Consortium != nil {
			page.Consortium = file.Consortium.Name
		}
		for _, library := range file.Libraries {
			if library.Is == "member" {
				members = append(members, lineOf(v, library))
			} else {
				others = append(others, lineOf(v, library))
			}
		}
	} else if members, others, err = a.neighbours(v, file); err != nil {
		return err
	}
	page.Lines = members
	if page.Others {
		page.Lines = others
	}
	page.Tabs = []tab{
		{Name: v.Say("Members"), To: "/libraries", Here: !page.Others, Count: len(members), Known: true},
		{Name: v.Say("Others we ask"), To: "/libraries?t=others", Here: page.Others, Count: len(others), Known: true},
		{Name: v.Say("As a document"), To: "/libraries/document"},
		{Name: v.Say("Changes"), To: "/changes"},
	}
	return v.Show("libraries", frame.Head{Title: v.Say("Libraries"), At: "libraries"}, page)
}

// neighbours are all libraries as anybody sees them, with the visitor's own first.
func (a Administration) neighbours(v *frame.Visit, own consortium.File) (members, others []libraryLine, err error) {
	for _, library := range own.Libraries {
		members = append(members, lineOf(v, library))
	}
	for cursor := ""; ; {
		found, err := frame.Ask[gen.ListLibraries200JSONResponse](v, "listLibraries", a.ops.ListLibraries, gen.ListLibrariesRequestObject{Params: gen.ListLibrariesParams{Cursor: cursor, Limit: 200}})
		if err != nil {
			return nil, nil, err
		}
		for _, library := range found.Libraries {
			if library.ID == v.Place.ID || len(library.Symbols) == 0 {
				continue
			}
			line := libraryLine{Name: library.Name, Symbol: library.Symbols[0].String(), Branches: len(library.Branches), State: statusOf(v, string(library.Status)), Policy: library.Policy}
			if library.Member {
				members = append(members, line)
			} else {
				others = append(others, line)
			}
		}
		if cursor = found.NextCursor; cursor == "" {
			return members, others, nil
		}
	}
}

func lineOf(v *frame.Visit, library consortium.Library) libraryLine {
	line := libraryLine{
		Name: library.Name, Symbol: library.Symbols[0], To: addressOf(library.Symbols[0]), Branches: len(library.Branches),
		State: statusOf(v, library.Status), Policy: library.Policy, May: v.Say("circulate, ask, lend"),
	}
	if library.Is != "member" {
		line.May = v.Say("lend, by hand")
		if library.Reached != nil && library.Reached.By != "" {
			line.May = v.Say("lend, by {protocol}", "protocol", library.Reached.By)
		}
	}
	if lending := library.Lending; lending != nil {
		if lending.Lends != nil && !*lending.Lends {
			line.May = v.Say("circulate, ask")
			if library.Is != "member" {
				line.May = v.Say("nothing: it does not lend")
			}
		}
		if pause := lending.Paused; pause != nil && *pause != (consortium.Pause{}) {
			line.Paused = pausedOf(v, *pause)
		}
	}
	if v.Who.Office {
		switch library.Status {
		case "suspended":
			line.Status = "active"
		case "closed":
		default:
			line.Status = "suspended"
		}
	}
	return line
}

func pausedOf(v *frame.Visit, pause consortium.Pause) string {
	day := func(text string) string {
		date, err := broker.ParseDate(text)
		if err != nil {
			return text
		}
		return v.Date(date, v.Today)
	}
	switch {
	case pause.From != "" && pause.Until != "":
		return v.Say("lending paused {from} to {until}", "from", day(pause.From), "until", day(pause.Until))
	case pause.Until != "":
		return v.Say("lending paused to {until}", "until", day(pause.Until))
	}
	return v.Say("lending paused from {from}", "from", day(pause.From))
}

func statusOf(v *frame.Visit, status string) frame.State {
	switch status {
	case "suspended":
		return frame.Shaped("stop", v.Say("Suspended"))
	case "closed":
		return frame.Shaped("stop", v.Say("Closed for good"))
	}
	return frame.Shaped("done", v.Say("Active"))
}

// part is one thing about a library, with the form that changes it.
type part struct{ Name, Title string }

type libraryPage struct {
	consortium.Library
	Line   libraryLine
	Symbol string
	Office bool
	// Edit is the part whose form stands open.
	Edit    part
	Parts   []part
	Typed   map[string]string
	Planned *planned
	Trouble *frame.Trouble
	Days    []weekday
	// Rows are the places of a list that a form shows.
	Rows     []int
	Policies []string
	Groups   []string
	Currency string
	Today    broker.Date
}

// Of gives what a field of the open form holds.
func (p libraryPage) Of(parts ...any) string {
	name := ""
	for _, each := range parts {
		switch value := each.(type) {
		case int:
			name += strconv.Itoa(value)
		case string:
			name += value
		}
	}
	return p.Typed[name]
}

// Member tells whether the library works here.
func (p libraryPage) Member() bool { return p.Is == "member" }

// Opening gives the hours of each day of a week, Monday first.
func (p libraryPage) Opening(week *consortium.Week) []string {
	if week == nil {
		week = &consortium.Week{}
	}
	return []string{week.Mon, week.Tue, week.Wed, week.Thu, week.Fri, week.Sat, week.Sun}
}

// weekday is a day of opening hours.
type weekday struct{ Name, Code string }

var weekCodes = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

func weekdays(v *frame.Visit) []weekday {
	days := make([]weekday, 0, len(weekCodes))
	for i, code := range weekCodes {
		days = append(days, weekday{v.Long.Weekdays[i], code})
	}
	return days
}

// find gives one library of those the visitor sees to.
func (a Administration) find(v *frame.Visit) (consortium.Library, consortium.File, error) {
	symbol, err := url.PathUnescape(v.Param("symbol"))
	if err != nil {
		return consortium.Library{}, consortium.File{}, broker.NotFound("library")
	}
	file, _, err := a.inForce(v)
	if err != nil {
		return consortium.Library{}, file, err
	}
	for _, library := range file.Libraries {
		if slices.Contains(library.Symbols, symbol) {
			return library, file, nil
		}
	}
	return consortium.Library{}, file, broker.NotFound("library")
}

func (a Administration) library(v *frame.Visit) error {
	library, file, err := a.find(v)
	if err != nil {
		return err
	}
	page := a.pageOf(v, library, file, v.QueryParam("edit"))
	return v.Show("library", frame.Head{Title: library.Name, At: "libraries"}, page)
}

// pageOf is a library's page with one part's form open, which holds what is in
// force.
func (a Administration) pageOf(v *frame.Visit, library consortium.Library, file consortium.File, edit string) libraryPage {
	page := libraryPage{Library: library, Line: lineOf(v, library), Symbol: library.Symbols[0], Office: v.Who.Office, Currency: library.Currency, Days: weekdays(v), Today: v.Today}
	page.Parts = []part{{"name", v.Say("Name")}, {"lending", v.Say("What it lends to others")}}
	if page.Member() {
		page.Parts = append(page.Parts, part{"hours", v.Say("Opening hours")}, part{"branch", v.Say("Branches")}, part{"policy", v.Say("Policy")})
		if page.Office {
			page.Parts = append(page.Parts, part{"tiers", v.Say("How far it asks")})
		}
	}
	if page.Office {
		page.Parts = append(page.Parts, part{"status", v.Say("Status")})
		if !page.Member() && library.Reached != nil {
			page.Parts = append(page.Parts, part{"reached", v.Say("How it is reached")})
		}
	}
	for _, one := range page.Parts {
		if one.Name == edit {
			page.Edit = one
		}
	}
	for _, group := range file.Groups {
		page.Groups = append(page.Groups, group.Name)
	}
	switch edit {
	case "policy":
		page.Policies = a.policies(v)
	case "tiers":
		for i := range len(library.Tiers) + 2 {
			page.Rows = append(page.Rows, i)
		}
	}
	page.Typed = typed(library, edit, v.QueryParam("branch"))
	return page
}

// policies are the names of those that can be chosen; none where they cannot be
// read now, and then the name is typed.
func (a Administration) policies(v *frame.Visit) []string {
	found, err := frame.Ask[gen.ListPolicies200JSONResponse](v, "listPolicies", a.ops.ListPolicies, gen.ListPoliciesRequestObject{})
	if err != nil {
		return nil
	}
	var names []string
	for _, one := range found.Policies {
		names = append(names, one.Name)
	}
	slices.Sort(names)
	return names
}

// changeLibrary shows what a form would change, and changes it once that was seen.
func (a Administration) changeLibrary(v *frame.Visit) error {
	library, file, err := a.find(v)
	if err != nil {
		return err
	}
	what := v.Field("what")
	page := a.pageOf(v, library, file, what)
	if page.Edit.Name == "" {
		return broker.NotFound("form")
	}
	_ = v.FormValue("what") // the form is read by now
	for name := range v.Request().Form {
		page.Typed[name] = v.Field(name)
	}
	show := func(would *planned, trouble *frame.Trouble) error {
		page.Planned, page.Trouble = would, plain(trouble)
		return v.ShowWith(trouble, "library", frame.Head{Title: library.Name, At: "libraries"}, page)
	}
	changed, err := composed(v, library, what)
	if err != nil {
		return v.Refused(err, func(trouble *frame.Trouble) error { return show(nil, trouble) })
	}
	document, err := consortium.File{Libraries: []consortium.Library{changed}}.YAML()
	if err != nil {
		return err
	}
	return a.plan(v, string(document), addressOf(library.Symbols[0]), show)
}

type newLibraryPage struct {
	Name, Symbol, Is, Place, Zone, Currency, Policy, By, URL string
	Policies                                                 []string
	Planned                                                  *planned
	Trouble                                                  *frame.Trouble
	Today                                                    broker.Date
}

func (a Administration) newLibraryTyped(v *frame.Visit) (newLibraryPage, error) {
	page := newLibraryPage{
		Name: v.Field("name"), Symbol: v.Field("symbol"), Is: v.Field("is"), Place: v.Field("place"), Zone: v.Field("zone"), Currency: strings.ToUpper(v.Field("currency")),
		Policy: v.Field("policy"), By: v.Field("by"), URL: v.Field("url"), Policies: a.policies(v), Today: v.Today,
	}
	if page.Is == "" {
		page.Is = "member"
	}
	if !v.Who.Office {
		return page, broker.Forbidden("Only the consortium's office adds libraries.")
	}
	return page, nil
}

func (a Administration) newLibrary(v *frame.Visit) error {
	page, err := a.newLibraryTyped(v)
	if err != nil {
		return err
	}
	return v.Show("library-new", frame.Head{Title: v.Say("Add a library"), At: "libraries"}, page)
}

// addLibrary adds a member, a partner, or a library that is reached by hand.
func (a Administration) addLibrary(v *frame.Visit) error {
	page, err := a.newLibraryTyped(v)
	if err != nil {
		return err
	}
	library := consortium.Library{Symbols: []string{page.Symbol}, Name: page.Name, Is: page.Is, Place: page.Place, Zone: page.Zone, Currency: page.Currency}
	switch page.Is {
	case "member":
		library.Policy = page.Policy
		library.Tiers = []consortium.Tier{{Name: v.Say("Own shelves"), Of: "own", Fulfilment: "hold"}}
	case "partner":
		library.Reached = &consortium.Reached{By: page.By, URL: page.URL}
	}
	document, err := consortium.File{Libraries: []consortium.Library{library}}.YAML()
	if err != nil {
		return err
	}
	return a.plan(v, string(document), addressOf(page.Symbol), func(would *planned, trouble *frame.Trouble) error {
		page.Planned, page.Trouble = would, plain(trouble)
		return v.ShowWith(trouble, "library-new", frame.Head{Title: v.Say("Add a library"), At: "libraries"}, page)
	})
}

type documentPage struct {
	InForce, Document string
	Planned           *planned
	Trouble           *frame.Trouble
	Today             broker.Date
}

// document shows how libraries are set up as a part of a consortium's file.
func (a Administration) document(v *frame.Visit) error {
	_, text, err := a.inForce(v)
	if err != nil {
		return err
	}
	return v.Show("configuration", frame.Head{Title: v.Say("As a document"), At: "libraries"}, documentPage{InForce: text, Document: text, Today: v.Today})
}

func (a Administration) changeDocument(v *frame.Visit) error {
	_, text, err := a.inForce(v)
	if err != nil {
		return err
	}
	// A browser sends lines as CRLF; the document's places count characters.
	page := documentPage{InForce: text, Document: strings.ReplaceAll(v.FormValue("document"), "\r\n", "\n"), Today: v.Today}
	return a.plan(v, page.Document, "/libraries/document", func(would *planned, trouble *frame.Trouble) error {
		page.Planned, page.Trouble = would, trouble
		return v.ShowWith(trouble, "configuration", frame.Head{Title: v.Say("As a document"), At: "libraries"}, page)
	})
}
