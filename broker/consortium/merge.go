package consortium

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/directory"
)

// over lays what a file says of a library over what is in force; what the file
// leaves out stays.
func over(said, was Library) Library {
	merged := Library{
		Symbols: union(said.Symbols, was.Symbols), Name: cmp.Or(said.Name, was.Name), Is: cmp.Or(said.Is, was.Is),
		Status: cmp.Or(said.Status, was.Status), Place: cmp.Or(said.Place, was.Place), Zone: cmp.Or(said.Zone, was.Zone),
		Currency: cmp.Or(said.Currency, was.Currency), Policy: cmp.Or(said.Policy, was.Policy),
		Latitude: given(said.Latitude, was.Latitude), Longitude: given(said.Longitude, was.Longitude),
		YearlyLoans: given(said.YearlyLoans, was.YearlyLoans), Hours: given(said.Hours, was.Hours),
		Closed: list(said.Closed, was.Closed), Special: list(said.Special, was.Special), Tiers: list(said.Tiers, was.Tiers),
		Lending: within(said.Lending, was.Lending, overLending), Numbers: within(said.Numbers, was.Numbers, overNumbers),
		Reached: within(said.Reached, was.Reached, overReached), Search: within(said.Search, was.Search, overSearch),
	}
	if merged.Search != nil && merged.Search.URL == searchedNowhere {
		merged.Search = nil
	}
	merged.Branches = byKey(said.Branches, was.Branches, func(b Branch) string { return b.Code }, overBranch)
	merged.Staff = byKey(said.Staff, was.Staff, func(s StaffMember) string { return s.Username }, overStaff)
	return merged
}

func overBranch(said, was Branch) Branch {
	return Branch{
		Code: said.Code, Name: cmp.Or(said.Name, was.Name), Policy: cmp.Or(said.Policy, was.Policy), Hours: given(said.Hours, was.Hours),
		Closed: list(said.Closed, was.Closed), Special: list(said.Special, was.Special),
	}
}

func overStaff(said, was StaffMember) StaffMember {
	return StaffMember{
		Username: said.Username, Roles: list(said.Roles, was.Roles), Branch: cmp.Or(said.Branch, was.Branch),
		Status: cmp.Or(said.Status, was.Status, staffActive),
	}
}

func overLending(said, was Lending) Lending {
	return Lending{
		Lends: given(said.Lends, was.Lends), Formats: list(said.Formats, was.Formats), Days: given(said.Days, was.Days),
		Renewals: given(said.Renewals, was.Renewals), Fee: cmp.Or(said.Fee, was.Fee), FreeInState: given(said.FreeInState, was.FreeInState),
		FreeGroups: list(said.FreeGroups, was.FreeGroups), Paused: given(said.Paused, was.Paused),
	}
}

func overNumbers(said, was Numbers) Numbers {
	return Numbers{Cards: list(said.Cards, was.Cards), Items: list(said.Items, was.Items)}
}

func overReached(said, was Reached) Reached {
	if said.By != "" && said.By != was.By { // what only the former protocol knows goes with it
		was.Edition, was.Dialect, was.Account = "", "", ""
	}
	return Reached{
		By: cmp.Or(said.By, was.By), URL: cmp.Or(said.URL, was.URL), Timeout: cmp.Or(said.Timeout, was.Timeout),
		Edition: cmp.Or(said.Edition, was.Edition), Dialect: cmp.Or(said.Dialect, was.Dialect), Account: cmp.Or(said.Account, was.Account),
		Private: given(said.Private, was.Private), Paused: given(said.Paused, was.Paused),
	}
}

func overSearch(said, was Search) Search {
	if said.System != "" && said.System != was.System { // what only the former system needed goes with it
		was.Version, was.Schema, was.Holdings, was.Indexes = "", "", "", nil
	}
	if said.Indexes == nil {
		said.Indexes = was.Indexes
	}
	return Search{
		URL: cmp.Or(said.URL, was.URL), System: cmp.Or(said.System, was.System), Version: cmp.Or(said.Version, was.Version),
		Schema: cmp.Or(said.Schema, was.Schema), Holdings: cmp.Or(said.Holdings, was.Holdings), Indexes: said.Indexes,
		Owner: cmp.Or(said.Owner, was.Owner), Account: cmp.Or(said.Account, was.Account), Private: given(said.Private, was.Private),
	}
}

func overConsortium(said, was Consortium) Consortium {
	return Consortium{
		Symbols: union(said.Symbols, was.Symbols), Name: cmp.Or(said.Name, was.Name), Place: cmp.Or(said.Place, was.Place),
		Zone: cmp.Or(said.Zone, was.Zone), Currency: cmp.Or(said.Currency, was.Currency),
	}
}

func given[T any](said, was *T) *T {
	if said != nil {
		return said
	}
	return was
}

func list[T any](said, was []T) []T {
	if said != nil {
		return said
	}
	return was
}

func within[T any](said, was *T, over func(said, was T) T) *T {
	if said == nil {
		return was
	}
	var before T
	if was != nil {
		before = *was
	}
	merged := over(*said, before)
	return &merged
}

// byKey merges two lists whose entries have names of their own: those said, in
// their order, then those in force that were not said.
func byKey[T any](said, was []T, key func(T) string, over func(said, was T) T) []T {
	merged := make([]T, 0, len(said))
	for _, one := range said {
		var before T
		if at := slices.IndexFunc(was, func(w T) bool { return key(w) == key(one) }); at >= 0 {
			before = was[at]
		}
		merged = append(merged, over(one, before))
	}
	for _, one := range was {
		if !slices.ContainsFunc(said, func(s T) bool { return key(s) == key(one) }) {
			merged = append(merged, one)
		}
	}
	return merged
}

func union(said, was []string) []string {
	all := slices.Clone(said)
	for _, one := range was {
		if !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return all
}

// usual fills what is left out and has a usual answer.
func (l Library) usual(isNew bool) Library {
	l.Status = cmp.Or(l.Status, string(directory.StatusActive))
	country, state, _ := strings.Cut(l.Place, "-")
	if zone, known := directory.ZoneOf(country, state); known && l.Zone == "" {
		l.Zone = zone.String()
	}
	l.Currency = cmp.Or(l.Currency, directory.CurrencyOf(country))
	if isNew && l.Is == isMember && len(l.Branches) == 0 {
		l.Branches = []Branch{{Code: "main", Name: "Main"}}
	}
	if l.Reached != nil {
		l.Reached.Timeout = cmp.Or(l.Reached.Timeout, "10s")
		if l.Reached.By == string(directory.ProtocolISO18626) {
			l.Reached.Edition = cmp.Or(l.Reached.Edition, directory.Editions[0])
		}
		l.Reached.Private, l.Reached.Paused = given(l.Reached.Private, new(bool)), given(l.Reached.Paused, new(bool))
	}
	if l.Search != nil {
		l.Search.Private = given(l.Search.Private, new(bool))
	}
	if l.Lending != nil {
		usual := lendingOf(directory.UsualTerms(broker.NoID, l.Currency), l.Currency, nil)
		usual.Fee = "" // must be said: a library that lends free of charge says 0.00
		l.Lending = within(l.Lending, &usual, overLending)
	}
	l.Tiers = slices.Clone(l.Tiers)
	for i := range l.Tiers {
		l.Tiers[i].Cost = cmp.Or(l.Tiers[i].Cost, string(directory.CostFree))
		if l.Tiers[i].Days == nil {
			l.Tiers[i].Days = new(usualDays)
		}
	}
	return l
}

// usualDays is how many days a lender of a tier has to answer where the file does
// not say.
const usualDays = 4

// plain writes everything in a file in one way, so that only what differs is
// a change: symbols in capitals, hours as 09:00-17:00, names without space around
// them. What cannot be read stays as it is, for the check to find.
func (f File) plain() File {
	out := File{Policies: f.Policies}
	if f.Consortium != nil {
		one := *f.Consortium
		one.Symbols = plainSymbols(one.Symbols)
		out.Consortium = &one
	}
	for _, group := range f.SharingGroups {
		group.Name, group.Libraries = strings.TrimSpace(group.Name), plainSymbols(group.Libraries)
		out.SharingGroups = append(out.SharingGroups, group)
	}
	for _, group := range f.Groups {
		group.Name, group.Libraries = strings.TrimSpace(group.Name), plainSymbols(group.Libraries)
		out.Groups = append(out.Groups, group)
	}
	for _, library := range f.Libraries {
		out.Libraries = append(out.Libraries, library.plain())
	}
	return out
}

func (l Library) plain() Library {
	l.Symbols, l.Name = plainSymbols(l.Symbols), strings.TrimSpace(l.Name)
	l.Hours, l.Closed, l.Special = l.Hours.plain(), plainClosed(l.Closed), plainSpecial(l.Special)
	l.Branches, l.Staff, l.Tiers = slices.Clone(l.Branches), slices.Clone(l.Staff), slices.Clone(l.Tiers)
	for i, branch := range l.Branches {
		branch.Hours, branch.Closed, branch.Special = branch.Hours.plain(), plainClosed(branch.Closed), plainSpecial(branch.Special)
		l.Branches[i] = branch
	}
	for i, member := range l.Staff {
		member.Username = strings.ToLower(strings.TrimSpace(member.Username))
		l.Staff[i] = member
	}
	if l.Reached != nil {
		reached := *l.Reached
		if timeout, err := time.ParseDuration(reached.Timeout); err == nil {
			reached.Timeout = timeout.String()
		}
		l.Reached = &reached
	}
	return l
}

func plainSymbols(texts []string) []string {
	var plain []string
	for _, text := range texts {
		if symbol, err := broker.ParseSymbol(text); err == nil {
			text = symbol.String()
		}
		plain = append(plain, text)
	}
	if texts != nil && plain == nil {
		return []string{}
	}
	return plain
}

// days names the hours of a week by weekday.
func (w *Week) days() [7]struct {
	name string
	of   *string
} {
	return [7]struct {
		name string
		of   *string
	}{{"mon", &w.Mon}, {"tue", &w.Tue}, {"wed", &w.Wed}, {"thu", &w.Thu}, {"fri", &w.Fri}, {"sat", &w.Sat}, {"sun", &w.Sun}}
}

func (w *Week) plain() *Week {
	if w == nil {
		return nil
	}
	week := *w
	for _, day := range week.days() {
		if hours, err := calendar.ParseHours(*day.of); err == nil {
			*day.of = hours.String()
		}
	}
	return &week
}

func plainClosed(closed []ClosedDays) []ClosedDays {
	closed = slices.Clone(closed)
	for i := range closed {
		if closed[i].To == closed[i].From {
			closed[i].To = ""
		}
	}
	return closed
}

func plainSpecial(special []SpecialDay) []SpecialDay {
	special = slices.Clone(special)
	for i := range special {
		if hours, err := calendar.ParseHours(special[i].Hours); err == nil {
			special[i].Hours = hours.String()
		}
	}
	return special
}
