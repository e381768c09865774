package consortium

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/calendar"
	"afield/broker/directory"
)

// said is where a part of the file stands, for blaming it.
type said struct {
	*Document
	at string // a JSON pointer
}

func (s said) part(name string, index ...int) said {
	s.at += "/" + name
	for _, i := range index {
		s.at += fmt.Sprintf("/%d", i)
	}
	return s
}

func (s said) wrong(format string, args ...any) { s.written.Wrong(s.at, format, args...) }

// among refuses a word outside a closed list.
func (s said) among(word string, known ...string) {
	switch {
	case word == "":
		s.wrong("is missing; it is one of %s", strings.Join(known, ", "))
	case !slices.Contains(known, word):
		s.wrong("must be one of %s, not %q%s", strings.Join(known, ", "), word, broker.Meant(word, known))
	}
}

// named refuses a name that is missing, or cannot be shown on one line.
func (s said) named(name string, longest int) {
	switch {
	case name == "":
		s.wrong("is missing")
	case utf8.RuneCountInString(name) > longest:
		s.wrong("is longer than %d characters", longest)
	case strings.ContainsFunc(name, unicode.IsControl):
		s.wrong("must stand on one line")
	case broker.CheckSigns("", name) != nil:
		s.wrong("%s", broker.CheckSigns("", name)[0].Message)
	}
}

// symbols refuses an empty list and what is no symbol.
func (s said) symbols(texts []string) {
	if len(texts) == 0 {
		s.wrong("must name at least one symbol, for example ISIL:US-NWPTL")
	}
	for i, text := range texts {
		if _, err := broker.ParseSymbol(text); err != nil {
			said{s.Document, fmt.Sprintf("%s/%d", s.at, i)}.wrong("%q is not a symbol; one is written NAMESPACE:VALUE, for example ISIL:US-NWPTL", text)
		}
	}
}

var (
	places     = regexp.MustCompile(`^[A-Z]{2}(-[A-Z0-9]{1,3})?$`)
	currencies = regexp.MustCompile(`^[A-Z]{3}$`)
	codes      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._ -]{0,31}$`)
	prefixes   = regexp.MustCompile(`^[A-Za-z0-9]{1,40}$`)
)

func (s said) place(text string) {
	if !places.MatchString(text) {
		s.part("place").wrong("%s; it is the country and the state as in US-NY or CA-ON, or only the country", missing(text))
	}
}

func (s said) zone(text string) {
	if _, err := time.LoadLocation(text); err != nil || text == "" || text == "Local" {
		s.part("zone").wrong("%s; a time zone is written America/Chicago", missing(text))
	}
}

func (s said) currency(text string) {
	if !currencies.MatchString(text) {
		s.part("currency").wrong("%s; a currency is written USD", missing(text))
	}
}

// missing says that something is not there, or what is there instead.
func missing(text string) string {
	if text == "" {
		return "is missing"
	}
	return fmt.Sprintf("%q is not right", text)
}

func (s said) consortium(c Consortium) {
	s.part("symbols").symbols(c.Symbols)
	s.part("name").named(c.Name, 200)
	s.place(c.Place)
	s.zone(c.Zone)
	s.currency(c.Currency)
}

// library checks all that can be said of one library by itself.
func (s said) library(l Library, groups map[string]string, protocols []string) {
	s.part("symbols").symbols(l.Symbols)
	s.part("name").named(l.Name, 200)
	s.part("is").among(l.Is, isMember, isPartner, isByHand)
	s.part("status").among(l.Status, string(directory.StatusActive), string(directory.StatusSuspended), string(directory.StatusClosed))
	s.place(l.Place)
	if places.MatchString(l.Place) || l.Zone != "" { // which else follows from the place
		s.zone(l.Zone)
	}
	if places.MatchString(l.Place) || l.Currency != "" {
		s.currency(l.Currency)
	}
	if (l.Latitude == nil) != (l.Longitude == nil) {
		s.wrong("latitude and longitude go together")
	}
	s.degrees("latitude", l.Latitude, 90)
	s.degrees("longitude", l.Longitude, 180)
	if l.YearlyLoans != nil && *l.YearlyLoans < 0 {
		s.part("yearly_loans").wrong("must be 0 or more")
	}
	s.calendar(l.Hours, l.Closed, l.Special)
	s.lending(l.Lending, l.Currency, groups)
	s.numbers(l.Numbers)
	s.reached(l, protocols)
	s.search(l.Search)
	if l.Is == isMember {
		s.member(l, groups)
	} else {
		s.notMember(l)
	}
}

func (s said) degrees(name string, degrees *float64, most float64) {
	if degrees != nil && (*degrees < -most || *degrees > most) {
		s.part(name).wrong("must lie between -%g and %g degrees", most, most)
	}
}

func (s said) calendar(week *Week, closed []ClosedDays, special []SpecialDay) {
	if week != nil {
		for _, day := range week.days() {
			if _, err := calendar.ParseHours(*day.of); *day.of != "" && err != nil {
				s.part("hours").part(day.name).wrong("%q are not opening hours; write them as 09:00-17:00", *day.of)
			}
		}
	}
	for i, one := range closed {
		at := s.part("closed", i)
		from, to := at.part("from").date(one.From, true), at.part("to").date(one.To, false)
		if !from.IsZero() && !to.IsZero() && to.Before(from) {
			at.part("to").wrong("must not lie before %s", one.From)
		}
	}
	for i, one := range special {
		at := s.part("special", i)
		at.part("on").date(one.On, true)
		if _, err := calendar.ParseHours(one.Hours); err != nil {
			at.part("hours").wrong("%s; write opening hours as 09:00-17:00, and a day without any under closed", missing(one.Hours))
		}
	}
}

func (s said) date(text string, needed bool) broker.Date {
	date, err := broker.ParseDate(text)
	if err != nil && (text != "" || needed) {
		s.wrong("%s; a date is written 2026-12-25", missing(text))
	}
	return date
}

func formats() []string {
	var all []string
	for _, format := range broker.Formats() {
		all = append(all, string(format))
	}
	return all
}

func (s said) lending(l *Lending, currency string, groups map[string]string) {
	if l == nil {
		return
	}
	s = s.part("lending")
	for i, format := range l.Formats {
		s.part("formats", i).among(format, formats()...)
	}
	if l.Days != nil && *l.Days <= 0 {
		s.part("days").wrong("must be 1 or more")
	}
	if l.Renewals != nil && *l.Renewals < 0 {
		s.part("renewals").wrong("must be 0 or more")
	}
	fee, err := feeOf(l.Fee, currency)
	if err != nil || fee.Minor < 0 || !currencies.MatchString(fee.Currency) && currencies.MatchString(currency) {
		s.part("fee").wrong(`%s; write what one loan costs as "12.50", with the quotes, and "0.00" where it costs nothing`, missing(l.Fee))
	}
	for i, name := range l.FreeGroups {
		s.part("free_groups", i).group(name, groups)
	}
	if l.Paused != nil {
		at := s.part("paused")
		from, until := at.part("from").date(l.Paused.From, false), at.part("until").date(l.Paused.Until, false)
		if !from.IsZero() && !until.IsZero() && until.Before(from) {
			at.part("until").wrong("must not lie before %s", l.Paused.From)
		}
	}
}

// group refuses the name of a group that neither the file nor what is in force
// knows; groups are their names by key.
func (s said) group(name string, groups map[string]string) {
	if _, known := groups[groupKey(name)]; !known {
		var names []string
		for _, one := range groups {
			names = append(names, one)
		}
		s.wrong("no group is named %q%s", name, broker.Meant(name, names))
	}
}

func (s said) numbers(n *Numbers) {
	if n == nil {
		return
	}
	for name, patterns := range map[string][]Pattern{"cards": n.Cards, "items": n.Items} {
		for i, pattern := range patterns {
			at := s.part("numbers").part(name, i)
			if !prefixes.MatchString(pattern.Prefix) {
				at.part("prefix").wrong(`%s; it is the first letters or digits of the number, in quotes: "2"`, missing(pattern.Prefix))
			}
			switch {
			case pattern.Length == nil:
				at.part("length").wrong("is missing; it is how many characters the whole number has, for example 14")
			case *pattern.Length < len(pattern.Prefix) || *pattern.Length < 1 || *pattern.Length > 40:
				at.part("length").wrong("must be from the length of the prefix to 40")
			}
		}
	}
}

func (s said) reached(l Library, protocols []string) {
	if l.Is != isPartner {
		if l.Reached != nil && (l.Reached.By != "" || l.Reached.URL != "") {
			s.part("reached").wrong("is for partners; a member works here, and one by hand is asked by staff")
		}
		return
	}
	if l.Reached == nil {
		s.part("reached").wrong("is missing; a partner says how: reached: {by: %s, url: \"https://…\"}", strings.Join(protocols, " or "))
		return
	}
	s = s.part("reached")
	s.part("by").among(l.Reached.By, protocols...)
	if l.Reached.By == string(directory.ProtocolEmail) {
		if _, err := broker.Mailto(l.Reached.URL); err != nil {
			s.part("url").wrong("%s; it %s", missing(l.Reached.URL), err.Error())
		}
	} else {
		base, err := url.Parse(l.Reached.URL)
		private := l.Reached.Private != nil && *l.Reached.Private
		if err != nil || base.Host == "" || base.User != nil || base.Scheme != "https" && (base.Scheme != "http" || !private) {
			s.part("url").wrong("%s; it is an https address, or http where private: true says that it is on a network of your own", missing(l.Reached.URL))
		}
	}
	s.standard(*l.Reached)
	if timeout, err := time.ParseDuration(l.Reached.Timeout); err != nil || timeout < 100*time.Millisecond || timeout > time.Minute {
		s.part("timeout").wrong("%s; one try may take from 100ms to 1m, for example 10s", missing(l.Reached.Timeout))
	}
}

// standard checks what only ISO 18626 has.
func (s said) standard(r Reached) {
	if r.By != string(directory.ProtocolISO18626) {
		for name, text := range map[string]string{"edition": r.Edition, "dialect": r.Dialect, "account": r.Account} {
			if text != "" {
				s.part(name).wrong("is for libraries reached by %s", directory.ProtocolISO18626)
			}
		}
		return
	}
	s.part("edition").among(r.Edition, directory.Editions...)
	if r.Dialect != "" {
		s.part("dialect").among(r.Dialect, directory.Dialects...)
	}
	if len(r.Account) > 100 {
		s.part("account").wrong("must be at most 100 characters")
	}
}

// search refuses what no catalogue could be searched by.
func (s said) search(l *Search) {
	if l == nil {
		return
	}
	s = s.part("search")
	address, err := url.Parse(l.URL)
	private := l.Private != nil && *l.Private
	if err != nil || address.Host == "" || address.User != nil || address.Fragment != "" || address.Scheme != "https" && (address.Scheme != "http" || !private) {
		s.part("url").wrong("%s; it is the https address at which SRU is spoken, or http where private: true says that it is on a network of your own; none takes it away", missing(l.URL))
	}
	if l.System != "" {
		s.part("system").among(l.System, directory.SearchSystems()...)
	} else if len(l.Indexes) == 0 {
		s.part("system").wrong("is missing; it is one of %s, or else the indexes are named", strings.Join(directory.SearchSystems(), ", "))
	}
	if l.Version != "" {
		s.part("version").among(l.Version, directory.SearchVersions()...)
	}
	if l.Holdings != "" {
		s.part("holdings").among(l.Holdings, directory.SearchForms()...)
	}
	for name, index := range l.Indexes {
		s.part("indexes").among(name, directory.SearchIndexes()...)
		if !searchIndex.MatchString(index) {
			s.part("indexes").part(name).wrong(`%s; it is what the catalogue calls this index, as bath.isbn, or "*" for what it searches by itself`, missing(index))
		}
	}
	for name, text := range map[string]string{"schema": l.Schema, "owner": l.Owner, "account": l.Account} {
		if text != "" {
			s.part(name).named(text, 200)
		}
	}
}

// searchIndex is what a catalogue can call an index.
var searchIndex = regexp.MustCompile(`^(\*|[A-Za-z][A-Za-z0-9_.-]{0,79})$`)

func (s said) notMember(l Library) {
	for name, is := range map[string]bool{
		"policy": l.Policy != "", "branches": len(l.Branches) > 0, "tiers": len(l.Tiers) > 0, "staff": len(l.Staff) > 0,
		"numbers": l.Numbers != nil && len(l.Numbers.Cards)+len(l.Numbers.Items) > 0,
	} {
		if is {
			s.part(name).wrong("is for members; this library is %q", l.Is)
		}
	}
}

func (s said) member(l Library, groups map[string]string) {
	if l.Policy == "" {
		s.part("policy").wrong("is missing; a member names a policy that ships, or a policy file beside this one")
	}
	var known []string
	for i, branch := range l.Branches {
		at := s.part("branches", i)
		switch {
		case !codes.MatchString(branch.Code):
			at.part("code").wrong("%s; a branch has a short code of letters and digits", missing(branch.Code))
		case slices.Contains(known, branch.Code):
			at.part("code").wrong("two branches have the code %q", branch.Code)
		}
		known = append(known, branch.Code)
		at.part("name").named(branch.Name, 200)
		at.calendar(branch.Hours, branch.Closed, branch.Special)
		if len(branch.Closed)+len(branch.Special) > 0 && (branch.Hours == nil || *branch.Hours == (Week{})) {
			at.wrong("a branch with closed or special days of its own says its hours too; without, it has the library's whole calendar")
		}
	}
	for i, tier := range l.Tiers {
		s.part("tiers", i).tier(tier, groups)
	}
	if len(l.Tiers) == 0 {
		s.part("tiers").wrong("is missing; a member says how far it looks for copies, beginning with {name: Own shelves, of: own, fulfilment: hold}")
	}
	var users []string
	for i, member := range l.Staff {
		at := s.part("staff", i)
		at.part("username").named(member.Username, 64)
		if slices.Contains(users, member.Username) {
			at.part("username").wrong("stands here twice")
		}
		users = append(users, member.Username)
		if len(member.Roles) == 0 {
			at.part("roles").wrong("is missing; roles are %s", strings.Join(access.Roles(), ", "))
		}
		for j, role := range member.Roles {
			at.part("roles", j).among(role, access.Roles()...)
		}
		if member.Branch != "" && !slices.Contains(known, member.Branch) {
			at.part("branch").wrong("no branch has the code %q%s", member.Branch, broker.Meant(member.Branch, known))
		}
		at.part("status").among(member.Status, staffActive, staffDisabled)
	}
}

func (s said) tier(t Tier, groups map[string]string) {
	s.part("name").named(t.Name, 200)
	s.part("of").among(t.Of, string(directory.TierOwn), string(directory.TierSharingGroup), string(directory.TierGroup), string(directory.TierStates), string(directory.TierEverywhere))
	s.part("cost").among(t.Cost, string(directory.CostFree), string(directory.CostLenderFee))
	s.part("fulfilment").among(t.Fulfilment, string(directory.FulfilHold), string(directory.FulfilILL), string(directory.FulfilStaff))
	if *t.Days <= 0 {
		s.part("days").wrong("must be 1 or more")
	}
	switch isGroup := t.Of == string(directory.TierGroup); {
	case isGroup && t.Group == "":
		s.part("group").wrong("is missing; a tier of a group names it")
	case isGroup:
		s.part("group").group(t.Group, groups)
	case t.Group != "":
		s.part("group").wrong("is for tiers of: group")
	}
	switch isStates := t.Of == string(directory.TierStates); {
	case isStates && len(t.States) == 0:
		s.part("states").wrong("is missing; a tier of states names them: [NY, VT]")
	case !isStates && len(t.States) > 0:
		s.part("states").wrong("is for tiers of: states")
	}
	for i, state := range t.States {
		if !places.MatchString("US-" + state) {
			s.part("states", i).wrong("%q is no state; write its letters alone: NY", state)
		}
	}
	switch {
	case t.Of == string(directory.TierOwn) && t.Fulfilment != string(directory.FulfilHold):
		s.part("fulfilment").wrong("must be hold: a copy of one's own is never borrowed from another")
	case t.Fulfilment == string(directory.FulfilHold) && t.Of != string(directory.TierOwn) && t.Of != string(directory.TierSharingGroup):
		s.part("fulfilment").wrong("must be ill or staff: a hold reaches a shared catalogue at most")
	}
}
