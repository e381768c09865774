package consortium

// File is a consortium as its file says it. What the file leaves out is empty or
// nil; in what is in force nothing is left out.
type File struct {
	Consortium    *Consortium    `yaml:"consortium,omitzero"`
	SharingGroups []SharingGroup `yaml:"sharing_groups,omitzero"`
	Groups        []Group        `yaml:"groups,omitzero"`
	Policies      []PolicyText   `yaml:"policies,omitzero"`
	Libraries     []Library      `yaml:"libraries,omitzero"`
}

// PolicyText is a policy document written in the file itself.
type PolicyText struct {
	Name string `yaml:"name,omitzero"`
	Text string `yaml:"text,omitzero"`
}

// Consortium is the consortium's own entry in the directory, under which requests
// of outside libraries are brokered.
type Consortium struct {
	Symbols  []string `yaml:"symbols,omitzero,flow"`
	Name     string   `yaml:"name,omitzero"`
	Place    string   `yaml:"place,omitzero"`
	Zone     string   `yaml:"zone,omitzero"`
	Currency string   `yaml:"currency,omitzero"`
}

// SharingGroup is a shared catalogue with its libraries, by symbol.
type SharingGroup struct {
	Name      string   `yaml:"name,omitzero"`
	Libraries []string `yaml:"libraries,omitzero"`
}

// Group is a local system, a regional network, a state or a set of partners.
type Group struct {
	Name      string   `yaml:"name,omitzero"`
	Kind      string   `yaml:"kind,omitzero"`
	Libraries []string `yaml:"libraries"`
}

// Library is one library. The symbols know it again; the first names it in plans.
type Library struct {
	Symbols     []string      `yaml:"symbols,omitzero,flow"`
	Name        string        `yaml:"name,omitzero"`
	Is          string        `yaml:"is,omitzero"`
	Status      string        `yaml:"status,omitzero"`
	Place       string        `yaml:"place,omitzero"`
	Latitude    *float64      `yaml:"latitude,omitzero"`
	Longitude   *float64      `yaml:"longitude,omitzero"`
	Zone        string        `yaml:"zone,omitzero"`
	Currency    string        `yaml:"currency,omitzero"`
	YearlyLoans *int          `yaml:"yearly_loans,omitzero"`
	Policy      string        `yaml:"policy,omitzero"`
	Hours       *Week         `yaml:"hours,omitzero,flow"`
	Closed      []ClosedDays  `yaml:"closed,omitzero"`
	Special     []SpecialDay  `yaml:"special,omitzero"`
	Branches    []Branch      `yaml:"branches,omitzero"`
	Tiers       []Tier        `yaml:"tiers,omitzero"`
	Lending     *Lending      `yaml:"lending,omitzero"`
	Numbers     *Numbers      `yaml:"numbers,omitzero"`
	Reached     *Reached      `yaml:"reached,omitzero"`
	Search      *Search       `yaml:"search,omitzero"`
	Staff       []StaffMember `yaml:"staff,omitzero"`
}

// Week is the opening hours by weekday; a day without is closed.
type Week struct {
	Mon string `yaml:"mon,omitzero"`
	Tue string `yaml:"tue,omitzero"`
	Wed string `yaml:"wed,omitzero"`
	Thu string `yaml:"thu,omitzero"`
	Fri string `yaml:"fri,omitzero"`
	Sat string `yaml:"sat,omitzero"`
	Sun string `yaml:"sun,omitzero"`
}

// ClosedDays is one day, or several in a row, on which nobody is served.
type ClosedDays struct {
	From   string `yaml:"from,omitzero"`
	To     string `yaml:"to,omitzero"`
	Reason string `yaml:"reason,omitzero"`
}

// SpecialDay is a day with hours of its own.
type SpecialDay struct {
	On    string `yaml:"on,omitzero"`
	Hours string `yaml:"hours,omitzero"`
}

// Branch is one building of a member library.
type Branch struct {
	Code    string       `yaml:"code,omitzero"`
	Name    string       `yaml:"name,omitzero"`
	Policy  string       `yaml:"policy,omitzero"`
	Hours   *Week        `yaml:"hours,omitzero,flow"`
	Closed  []ClosedDays `yaml:"closed,omitzero"`
	Special []SpecialDay `yaml:"special,omitzero"`
}

// Tier is one step outward, nearest first.
type Tier struct {
	Name       string   `yaml:"name,omitzero"`
	Of         string   `yaml:"of,omitzero"`
	Group      string   `yaml:"group,omitzero"`
	States     []string `yaml:"states,omitzero,flow"`
	Cost       string   `yaml:"cost,omitzero"`
	Days       *int     `yaml:"days,omitzero"`
	Fulfilment string   `yaml:"fulfilment,omitzero"`
}

// Lending is what a library lends to others, for how long and at what price.
type Lending struct {
	Lends       *bool    `yaml:"lends,omitzero"`
	Formats     []string `yaml:"formats,omitzero,flow"`
	Days        *int     `yaml:"days,omitzero"`
	Renewals    *int     `yaml:"renewals,omitzero"`
	Fee         string   `yaml:"fee,omitzero"`
	FreeInState *bool    `yaml:"free_in_state,omitzero"`
	FreeGroups  []string `yaml:"free_groups,omitzero"`
	Paused      *Pause   `yaml:"paused,omitzero,flow"`
}

// Pause is a stretch of days without lending, both included; an end that is left
// out is open, and no end at all is no pause.
type Pause struct {
	From  string `yaml:"from,omitzero"`
	Until string `yaml:"until,omitzero"`
}

// Numbers are the patterns of card numbers and item barcodes.
type Numbers struct {
	Cards []Pattern `yaml:"cards,omitzero"`
	Items []Pattern `yaml:"items,omitzero"`
}

// Pattern is a number's first characters and its length.
type Pattern struct {
	Prefix string `yaml:"prefix,omitzero"`
	Length *int   `yaml:"length,omitzero"`
}

// Reached is how a partner is reached.
type Reached struct {
	By  string `yaml:"by,omitzero"`
	URL string `yaml:"url,omitzero"`
	// Edition, Dialect and Account are of ISO 18626.
	Edition string `yaml:"edition,omitzero"`
	Dialect string `yaml:"dialect,omitzero"`
	Account string `yaml:"account,omitzero"`
	Timeout string `yaml:"timeout,omitzero"`
	Private *bool  `yaml:"private,omitzero"`
	Paused  *bool  `yaml:"paused,omitzero"`
}

// Search is where a library's catalogue can be searched, by SRU, whichever way it is
// reached. The URL "none" takes it away.
type Search struct {
	URL      string            `yaml:"url,omitzero"`
	System   string            `yaml:"system,omitzero"`
	Version  string            `yaml:"version,omitzero"`
	Schema   string            `yaml:"schema,omitzero"`
	Holdings string            `yaml:"holdings,omitzero"`
	Indexes  map[string]string `yaml:"indexes,omitzero,flow"`
	Owner    string            `yaml:"owner,omitzero"`
	Account  string            `yaml:"account,omitzero"`
	Private  *bool             `yaml:"private,omitzero"`
}

// searchedNowhere is the address of a catalogue that is searched no longer.
const searchedNowhere = "none"

// StaffMember is somebody who signs in at a member library.
type StaffMember struct {
	Username string   `yaml:"username,omitzero"`
	Roles    []string `yaml:"roles,omitzero,flow"`
	Branch   string   `yaml:"branch,omitzero"`
	Status   string   `yaml:"status,omitzero"`
}

// The words of what a library is here.
const (
	isMember  = "member"
	isPartner = "partner"
	isByHand  = "by hand"
)

// The words of a staff user's status.
const (
	staffActive   = "active"
	staffDisabled = "disabled"
)
