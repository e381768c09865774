package administration

import (
	"net/url"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

// step is one step of setting up, with the page where it is done.
type step struct {
	gen.SetUpStep
	Number    int
	Name, Why string
	// To and Act lead there; "" where it is not for the visitor to do, and then
	// Whose says whose it is.
	To, Act, Whose string
	// Command is what whoever has a shell on the server runs instead.
	Command string
	Now     bool
}

type setUpPage struct {
	Library  string
	Done, Of int
	Steps    []step
	Office   bool
	// Link is where links of databases and link resolvers arrive.
	Link  string
	Today broker.Date
}

// setUp shows how far the set-up has come, and leads to the next step.
func (a Administration) setUp(v *frame.Visit) error {
	seen, err := frame.Ask[gen.GetSetUp200JSONResponse](v, "getSetUp", a.ops.GetSetUp, gen.GetSetUpRequestObject{})
	if err != nil {
		return err
	}
	page := setUpPage{Library: v.Place.Name, Done: seen.Done, Of: seen.Of, Office: v.Who.Office, Today: v.Today}
	page.Link = v.Scheme() + "://" + v.Request().Host + seen.Openurl
	here := "/libraries"
	if !v.Who.Office {
		file, _, err := a.inForce(v)
		if err != nil {
			return err
		}
		if len(file.Libraries) == 1 {
			here = addressOf(file.Libraries[0].Symbols[0])
		}
	}
	now := false
	for i, one := range seen.Steps {
		shown := stepOf(v, one, here)
		shown.Number = i + 1
		if !one.Done && !now {
			shown.Now, now = true, true
		}
		page.Steps = append(page.Steps, shown)
	}
	return v.Show("set-up", frame.Head{Title: v.Say("Set up"), At: "setup"}, page)
}

// addressOf is the page of a library.
func addressOf(symbol string) string { return "/libraries/" + url.PathEscape(symbol) }

// stepOf says what a step is for and where it is done. here is the library's page,
// or the list for the consortium's office.
func stepOf(v *frame.Visit, seen gen.SetUpStep, here string) step {
	office := v.Who.Office
	one := step{SetUpStep: seen}
	part := func(name string) string {
		if office {
			return here
		}
		return here + "?edit=" + name + "#edit"
	}
	switch seen.Step {
	case "operator":
		one.Name, one.Why, one.To, one.Act = v.Say("Operators"), v.Say("Who sees to the whole consortium, from its own office."), "/staff?add=1#add", v.Say("Invite another")
	case "library":
		one.Name, one.Why, one.To, one.Act = v.Say("Library"), v.Say("Its name, where it is, its money and its time."), here, v.Say("See it")
		if office {
			one.Name, one.To, one.Act = v.Say("Libraries"), "/libraries/new", v.Say("Add a library")
		}
	case "branch":
		one.Name, one.Why, one.To, one.Act = v.Say("Branches and hours"), v.Say("Where people are served and when: due dates and days to answer count open days."), part("hours"), v.Say("Branches and hours")
	case "tiers":
		one.Name, one.Why = v.Say("How far we ask"), v.Say("Own shelves first, then the local system, the region, and further.")
		one.Whose = v.Say("the consortium’s office does this")
		if office {
			one.To, one.Act, one.Whose = here, v.Say("Choose the library"), ""
		}
	case "policy":
		one.Name, one.Why, one.To, one.Act = v.Say("Policy"), v.Say("Who may borrow what, how long, and what it costs. Start from one that is near to yours."), part("policy"), v.Say("Choose a policy")
	case "staff":
		one.Name, one.Why, one.To, one.Act = v.Say("Staff"), v.Say("A director for each library, who invites the others. Nobody’s password is known to anybody else."), "/staff?add=1#add", v.Say("Invite somebody")
		if office {
			one.To = here
		}
	case "patrons":
		one.Name, one.Why, one.Command = v.Say("Patrons"), v.Say("One by one at the desk, or a file from the old system."), "afield import patrons"
		one.To, one.Act = "/patrons/new", v.Say("Give a card")
	case "items":
		one.Name, one.Why, one.Command = v.Say("Titles and items"), v.Say("MARC or a table. A trial reads it first and changes nothing."), "afield import items"
	case "partners":
		one.Name, one.Why = v.Say("Others we ask"), v.Say("Libraries that are no members: by a protocol, or by hand.")
		one.Whose = v.Say("the consortium’s office does this")
		if office {
			one.To, one.Act, one.Whose = "/libraries/new?is=partner", v.Say("Add a library"), ""
		}
	}
	if office && (seen.Step == "patrons" || seen.Step == "items") {
		one.To, one.Act, one.Whose = "", "", v.Say("each library does this")
	}
	return one
}
