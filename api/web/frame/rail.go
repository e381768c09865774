package frame

import "afield/broker/access"

// railGroup is a group of places in the rail at the left.
type railGroup struct {
	Name  string
	Items []railItem
}

type railItem struct {
	Name, To, Icon string
	Here           bool
	// Count is shown where it is known; Us where the number needs us.
	Count int
	Known bool
	Us    bool
}

// rail gives the places, with how much waits at each.
func (v *Visit) rail(here string) []railGroup {
	item := func(at, name, to, icon string) railItem {
		return railItem{Name: name, To: to, Icon: icon, Here: at == here}
	}
	if v.Who.Office {
		return []railGroup{{v.Say("Consortium"), append(v.managed(item), item("policies", v.Say("Policies"), "/policies", "scales"))}}
	}
	counts := v.Counts()
	us := func(item railItem, n int) railItem {
		item.Count, item.Us, item.Known = n, n > 0, true
		return item
	}
	plain := func(item railItem, n int) railItem {
		item.Count, item.Known = n, n > 0
		return item
	}
	library := []railItem{
		item("patrons", v.Say("Patrons"), "/patrons", "person"),
		item("catalogue", v.Say("Catalogue"), "/catalogue", "book"),
		item("calendar", v.Say("Calendar"), "/calendar", "calendar"),
		item("policies", v.Say("Policies"), "/policies", "scales"),
	}
	if v.Who.Holds(access.RoleILL, access.RoleDirector) {
		library = append(library, item("partners", v.Say("Partners"), "/partners", "partners"))
	}
	if v.Manages() {
		library = append(library, v.managed(item)...)
		library = append(library, item("imports", v.Say("Files"), "/imports", "down"))
	}
	return []railGroup{
		{v.Say("Desk"), []railItem{
			item("desk", v.Say("Scan desk"), "/desk", "scan"),
			plain(item("shelf", v.Say("Hold shelf"), "/shelf", "shelf"), counts.OnShelf),
			plain(item("pulls", v.Say("Pull list"), "/pulls", "list"), counts.Pulls),
			plain(item("calls", v.Say("Call list"), "/calls", "phone"), counts.Calls),
			item("till", v.Say("Till"), "/till", "till"),
		}},
		{v.Say("Interlibrary loan"), []railItem{
			us(item("requests", v.Say("Requests"), "/requests", "inbox"), counts.NeedsUs),
			us(item("stuck", v.Say("Stuck"), "/requests?queue=stuck", "clock"), counts.Stuck),
			us(item("lending", v.Say("Lending"), "/lending", "truck"), counts.LendingNeedsUs),
			item("new", v.Say("New request"), "/requests/new", "plus"),
		}},
		{v.Say("Library"), library},
	}
}

// Manages tells whether the visitor sees to how the library is set up: directors,
// and the operators of the consortium's office.
func (v *Visit) Manages() bool { return v.Who.Holds(access.RoleDirector) }

// managed are the places of those who do.
func (v *Visit) managed(item func(at, name, to, icon string) railItem) []railItem {
	return []railItem{
		item("libraries", v.Say("Libraries"), "/libraries", "library"),
		item("staff", v.Say("Staff"), "/staff", "key"),
		item("setup", v.Say("Set up"), "/set-up", "tick"),
		item("jobs", v.Say("Background work"), "/jobs", "gear"),
	}
}
