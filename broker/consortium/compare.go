package consortium

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// field is one thing a library says, in words for a plan.
type field struct{ part, what, text string }

// The parts of a library, by what writes them.
const (
	partLibrary = "library"
	partSymbols = "symbols"
	partBranch  = "branch "
	partTiers   = "tiers"
	partLending = "lending"
	partNumbers = "numbers"
	partReached = "reached"
	partSearch  = "search"
	partStaff   = "staff "
)

// fields lists what a library says, in the order of the file.
func (l Library) fields(catalogue string) []field {
	all := []field{
		{partSymbols, "symbols", joined(l.Symbols)},
		{partLibrary, "name", l.Name},
		{partReached, "is", l.Is},
		{partLibrary, "status", l.Status},
		{partLibrary, "place", l.Place},
		{partLibrary, "position", position(l.Latitude, l.Longitude)},
		{partLibrary, "zone", l.Zone},
		{partLibrary, "currency", l.Currency},
		{partLibrary, "yearly loans", number(l.YearlyLoans)},
		{partLibrary, "shared catalogue", catalogue},
		{partLibrary, "policy", l.Policy},
	}
	all = append(all, calendarFields(partLibrary, "", l.Hours, l.Closed, l.Special)...)
	for _, branch := range l.Branches {
		part, what := partBranch+branch.Code, "branch "+branch.Code
		all = append(all, field{part, what, branch.Name}, field{part, what + " policy", branch.Policy})
		all = append(all, calendarFields(part, what+" ", branch.Hours, branch.Closed, branch.Special)...)
	}
	all = append(all, field{partTiers, "tiers", tiersText(l.Tiers)})
	if l.Lending != nil {
		all = append(all, l.Lending.fields()...)
	}
	if l.Numbers != nil {
		all = append(all, field{partNumbers, "card numbers", patternsText(l.Numbers.Cards)}, field{partNumbers, "item numbers", patternsText(l.Numbers.Items)})
	}
	if r := l.Reached; r != nil {
		all = append(
			all, field{partReached, "reached by", r.By}, field{partReached, "reached at", r.URL}, field{partReached, "timeout", r.Timeout},
			field{partReached, "private address", yes(r.Private)}, field{partReached, "sending paused", yes(r.Paused)},
			field{partReached, "edition", r.Edition}, field{partReached, "dialect", r.Dialect}, field{partReached, "account", r.Account},
		)
	}
	if s := l.Search; s != nil {
		all = append(
			all, field{partSearch, "catalogue searched at", s.URL}, field{partSearch, "catalogue's system", s.System}, field{partSearch, "SRU version", s.Version},
			field{partSearch, "record schema", s.Schema}, field{partSearch, "form of holdings", s.Holdings}, field{partSearch, "indexes", indexesText(s.Indexes)},
			field{partSearch, "own copies marked", s.Owner}, field{partSearch, "search account", s.Account}, field{partSearch, "private catalogue", yes(s.Private)},
		)
	}
	for _, member := range l.Staff {
		part, what := partStaff+member.Username, "staff "+member.Username
		all = append(all, field{part, what + " roles", joined(member.Roles)}, field{part, what + " branch", member.Branch}, field{part, what + " status", member.Status})
	}
	return all
}

func (l Lending) fields() []field {
	pause := ""
	if l.Paused != nil && *l.Paused != (Pause{}) {
		pause = "from " + l.Paused.From + " until " + l.Paused.Until
	}
	return []field{
		{partLending, "lends", yes(l.Lends)},
		{partLending, "formats lent", joined(l.Formats)},
		{partLending, "days lent", number(l.Days)},
		{partLending, "renewals", number(l.Renewals)},
		{partLending, "fee", l.Fee},
		{partLending, "free in its state", yes(l.FreeInState)},
		{partLending, "free for groups", joined(l.FreeGroups)},
		{partLending, "lending paused", pause},
	}
}

func calendarFields(part, what string, week *Week, closed []ClosedDays, special []SpecialDay) []field {
	var days []string
	if week != nil {
		for _, day := range week.days() {
			if *day.of != "" {
				days = append(days, day.name+" "+*day.of)
			}
		}
	}
	shut := make([]string, 0, len(closed))
	for _, one := range closed {
		text := one.From
		if one.To != "" {
			text += " to " + one.To
		}
		shut = append(shut, strings.TrimSuffix(text+" ("+one.Reason+")", " ()"))
	}
	own := make([]string, 0, len(special))
	for _, one := range special {
		own = append(own, one.On+" "+one.Hours)
	}
	return []field{{part, what + "hours", strings.Join(days, ", ")}, {part, what + "closed days", joined(shut)}, {part, what + "special days", joined(own)}}
}

func tiersText(tiers []Tier) string {
	texts := make([]string, 0, len(tiers))
	for _, t := range tiers {
		of := t.Of
		switch {
		case t.Group != "":
			of = "group " + t.Group
		case len(t.States) > 0:
			of = "states " + strings.Join(t.States, " ")
		}
		texts = append(texts, fmt.Sprintf("%s (%s, %s, %s, %s days)", t.Name, of, t.Cost, t.Fulfilment, number(t.Days)))
	}
	return strings.Join(texts, " → ")
}

func patternsText(patterns []Pattern) string {
	texts := make([]string, 0, len(patterns))
	for _, one := range patterns {
		texts = append(texts, fmt.Sprintf("%s… of %s characters", one.Prefix, number(one.Length)))
	}
	return strings.Join(texts, ", ")
}

func indexesText(indexes map[string]string) string {
	texts := make([]string, 0, len(indexes))
	for _, name := range slices.Sorted(maps.Keys(indexes)) {
		texts = append(texts, name+" "+indexes[name])
	}
	return strings.Join(texts, ", ")
}

// joined lists words whose order says nothing.
func joined(words []string) string {
	words = slices.Clone(words)
	slices.Sort(words)
	return strings.Join(slices.Compact(words), ", ")
}

func number(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

func yes(b *bool) string {
	switch {
	case b == nil:
		return ""
	case *b:
		return "yes"
	}
	return "no"
}

func position(latitude, longitude *float64) string {
	if latitude == nil || longitude == nil {
		return ""
	}
	return strconv.FormatFloat(*latitude, 'f', -1, 64) + ", " + strconv.FormatFloat(*longitude, 'f', -1, 64)
}

// compare lists the changes, and what the file does not name.
func (p *Plan) compare() {
	p.compareShared()
	for _, name := range p.in.unnamed {
		p.NotInFile = append(p.NotInFile, "library "+name+", which has no symbol: no file can name it")
	}
	for _, t := range p.targets {
		for i, branch := range t.Branches {
			if branch.Policy == noPolicy {
				t.Branches[i].Policy = ""
			}
		}
		if !t.inFile {
			p.NotInFile = append(p.NotInFile, "library "+t.title())
		} else {
			t.dropGone()
		}
		p.compareLibrary(t)
	}
}

// dropGone leaves out staff whom the file disables and who are not there.
func (t *target) dropGone() {
	t.Staff = slices.DeleteFunc(t.Staff, func(member StaffMember) bool {
		return member.Status == staffDisabled && (t.was == nil || !slices.ContainsFunc(t.was.said.Staff, func(s StaffMember) bool { return s.Username == member.Username }))
	})
}

func (p *Plan) compareLibrary(t *target) {
	if t.was == nil {
		for _, one := range t.fields(t.catalogue) {
			t.changed[one.part] = true
		}
		p.say(t, t.title(), "", "", t.summary(), "%s is new: %s", t.title(), t.summary())
		p.invitations(t)
		return
	}
	before := map[string]string{}
	sharing := t.was.catalogue
	for _, one := range p.catalogues {
		if one.was != "" && one.was == sharing {
			sharing = one.name // said once, of the catalogue
		}
	}
	for _, one := range t.was.said.fields(sharing) {
		before[one.what] = one.text
	}
	if t.Search == nil && t.was.said.Search != nil {
		t.changed[partSearch] = true
		p.say(t, t.title(), "catalogue searched at", t.was.said.Search.URL, "", "%s: its catalogue is searched no longer", t.title())
	}
	for _, one := range t.fields(t.catalogue) {
		was, known := before[one.what]
		if was == one.text && (known || one.text == "") {
			continue
		}
		t.changed[one.part] = true
		if strings.HasPrefix(one.part, partStaff) && !known {
			continue // is invited
		}
		p.say(t, t.title(), one.what, was, one.text, "%s: %s", t.title(), became(one.what, was, one.text))
	}
	if t.changed[partReached] {
		t.changed[partLibrary] = true // a partner may become a member
	}
	p.invitations(t)
	p.left(t)
}

func became(what, before, after string) string {
	switch {
	case before == "":
		return what + " becomes " + after
	case after == "":
		return what + " is taken away; it was " + before
	}
	return what + " was " + before + " and becomes " + after
}

// summary says a new library in a few words.
func (t *target) summary() string {
	text := t.Is
	if t.Is == isMember {
		text += fmt.Sprintf(" in %s, ruled by %s, with %s and %s, sharing %q", t.Place, t.Policy,
			counted(len(t.Branches), "branch", "branches"), counted(len(t.Tiers), "tier", "tiers"), t.catalogue)
	} else {
		text += " in " + t.Place
	}
	if t.Reached != nil {
		text += ", reached by " + t.Reached.By + " at " + t.Reached.URL
	}
	if t.Search != nil {
		text += ", its catalogue searched at " + t.Search.URL
	}
	return text
}

func counted(count int, one, many string) string {
	if count == 1 {
		return "1 " + one
	}
	return strconv.Itoa(count) + " " + many
}

// invitations says who is invited.
func (p *Plan) invitations(t *target) {
	for _, member := range t.invited() {
		p.say(t, t.title(), "staff "+member.Username, "", joined(member.Roles), "%s: %s is invited as %s", t.title(), member.Username, joined(member.Roles))
	}
}

// invited are the staff to whom an invitation goes: who is new, and who was
// disabled and comes back.
func (t *target) invited() []StaffMember {
	var invited []StaffMember
	for _, member := range t.Staff {
		if !t.changed[partStaff+member.Username] || member.Status == staffDisabled {
			continue
		}
		was := t.staffBefore(member.Username)
		if was == nil || was.Status == staffDisabled || t.was.invited[member.Username] {
			invited = append(invited, member)
		}
	}
	return invited
}

func (t *target) staffBefore(username string) *StaffMember {
	if t.was == nil {
		return nil
	}
	at := slices.IndexFunc(t.was.said.Staff, func(s StaffMember) bool { return s.Username == username })
	if at < 0 {
		return nil
	}
	return &t.was.said.Staff[at]
}

// left says what of a library is in force and not in the file.
func (p *Plan) left(t *target) {
	if !t.inFile {
		return
	}
	for _, symbol := range t.was.said.Symbols {
		if !slices.Contains(t.own.Symbols, symbol) {
			p.NotInFile = append(p.NotInFile, "symbol "+symbol+" of "+t.title())
		}
	}
	for _, branch := range t.was.said.Branches {
		if !slices.ContainsFunc(t.own.Branches, func(b Branch) bool { return b.Code == branch.Code }) {
			p.NotInFile = append(p.NotInFile, "branch "+branch.Code+" of "+t.title())
		}
	}
	for _, member := range t.was.said.Staff {
		if member.Status != staffDisabled && !slices.ContainsFunc(t.own.Staff, func(s StaffMember) bool { return s.Username == member.Username }) {
			p.NotInFile = append(p.NotInFile, "staff "+member.Username+" of "+t.title())
		}
	}
}

// compareShared lists what libraries have in common: the consortium, catalogues,
// groups and policies.
func (p *Plan) compareShared() {
	if c := p.consortium; c != nil {
		was := Consortium{}
		if p.in.Consortium != nil {
			was = *p.in.Consortium
		}
		changed := false
		for _, one := range []struct{ what, before, after string }{
			{"symbols", joined(was.Symbols), joined(c.Symbols)},
			{"name", was.Name, c.Name},
			{"place", was.Place, c.Place},
			{"zone", was.Zone, c.Zone},
			{"currency", was.Currency, c.Currency},
		} {
			if one.before != one.after {
				changed = true
				p.say(nil, "the consortium", one.what, one.before, one.after, "The consortium: %s", became(one.what, one.before, one.after))
			}
		}
		if !changed {
			p.consortium = nil
		}
	} else if p.in.Consortium != nil {
		p.NotInFile = append(p.NotInFile, "the consortium itself, "+p.in.Consortium.Name)
	}
	for _, one := range p.policies {
		subject := "policy " + one.name
		p.say(nil, subject, "version", before(one.version), strconv.Itoa(one.version), "Policy %s: version %d rules from %s on", one.name, one.version, one.from)
	}
	for _, one := range p.catalogues {
		if one.was != "" {
			p.say(nil, "shared catalogue "+one.was, "name", one.was, one.name, "Shared catalogue %q: name becomes %q", one.was, one.name)
		}
	}
	for _, one := range p.in.SharingGroups {
		if !slices.ContainsFunc(p.file.SharingGroups, func(g SharingGroup) bool { return groupKey(g.Name) == groupKey(one.Name) }) &&
			!slices.ContainsFunc(p.catalogues, func(c *catalogue) bool { return c.was == one.Name }) {
			p.NotInFile = append(p.NotInFile, "shared catalogue "+one.Name)
		}
	}
	for _, one := range p.groups {
		p.compareGroup(one)
	}
}

func before(version int) string {
	if version <= 1 {
		return ""
	}
	return strconv.Itoa(version - 1)
}

func (p *Plan) compareGroup(one *group) {
	if !one.inFile {
		p.NotInFile = append(p.NotInFile, one.Kind+" "+one.Name)
		return
	}
	subject := one.Kind + " " + one.Name
	if one.was == nil {
		p.say(nil, subject, "", "", joined(one.Libraries), "%s is new: %s", subject, counted(len(one.members), "library", "libraries"))
		return
	}
	if one.was.Kind != one.Kind {
		p.say(nil, subject, "kind", one.was.Kind, one.Kind, "%s: %s", subject, became("kind", one.was.Kind, one.Kind))
	}
	if one.was.Name != one.Name {
		p.say(nil, subject, "name", one.was.Name, one.Name, "%s: %s", subject, became("name", one.was.Name, one.Name))
	}
	has := func(of []*target, symbol string) bool {
		return slices.ContainsFunc(of, func(t *target) bool { return slices.Contains(t.Symbols, symbol) })
	}
	var left, joins []string
	for _, symbol := range one.was.Libraries {
		if !has(one.members, symbol) {
			left = append(left, symbol)
		}
	}
	for _, t := range one.members {
		if !slices.ContainsFunc(one.was.Libraries, func(symbol string) bool { return slices.Contains(t.Symbols, symbol) }) {
			joins = append(joins, t.symbol())
		}
	}
	if len(joins) > 0 {
		p.say(nil, subject, "libraries", joined(one.was.Libraries), joined(one.Libraries), "%s: joined by %s", subject, joined(joins))
	}
	if len(left) > 0 {
		p.say(nil, subject, "libraries", joined(one.was.Libraries), joined(one.Libraries), "%s: left by %s", subject, joined(left))
	}
}
