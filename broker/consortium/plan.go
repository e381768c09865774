package consortium

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/policy"
)

// Surroundings are what a plan needs to know beside the file and the database.
type Surroundings struct {
	Now time.Time
	// Protocols are those by which partners can be reached.
	Protocols []string
}

// Plan is what a file would change. Nothing has changed yet.
type Plan struct {
	Changes []Change `json:"changes"`
	// NotInFile names what is in force and not in the file, and so stays as it is.
	NotInFile []string `json:"not_in_file"`

	file       *Document
	in         *InForce
	around     Surroundings
	targets    []*target
	symbols    map[string]*target
	catalogues []*catalogue
	groups     []*group
	policies   []*document
	consortium *Consortium // nil where it does not change
}

// Change is one thing that a plan changes.
type Change struct {
	// Subject is the library, group or policy it is about; What is the thing about
	// it, or "" where it is new.
	Subject string `json:"subject"`
	What    string `json:"what,omitempty"`
	Before  string `json:"before,omitempty"`
	After   string `json:"after,omitempty"`
	// Words say it in a sentence.
	Words string `json:"words"`

	library *target // nil for what libraries have in common
}

// target is one library as it is to be.
type target struct {
	said
	Library
	id        broker.ID
	was       *standing // nil: new
	own       Library   // as the file says it; empty where it does not
	catalogue string
	inFile    bool
	changed   map[string]bool
}

func (t *target) symbol() string { return t.Symbols[0] }

// title names a library in a sentence.
func (t *target) title() string { return t.symbol() + " (" + t.Name + ")" }

// catalogue is one shared catalogue as it is to be.
type catalogue struct {
	name string
	id   broker.ID // NoID: new
	was  string    // its name before, where it is renamed
}

// group is one group as it is to be.
type group struct {
	Group
	id      broker.ID
	was     *Group
	members []*target
	inFile  bool
}

// NewPlan compares a file with what is in force. With mistakes there is no plan.
func NewPlan(file *Document, in *InForce, around Surroundings) (*Plan, Mistakes) {
	p := &Plan{Changes: []Change{}, NotInFile: []string{}, file: file, in: in, around: around}
	if file.unreadable {
		return nil, file.written.Mistakes()
	}
	plain := file.plain()
	p.findLibraries(plain)
	p.shareCatalogues(plain)
	p.formGroups(plain)
	p.checkLibraries()
	p.checkCatalogues()
	p.findPolicies(plain)
	if plain.Consortium != nil {
		was := Consortium{}
		if in.Consortium != nil {
			was = *in.Consortium
		}
		merged := overConsortium(*plain.Consortium, was)
		at := p.root().part("consortium")
		at.consortium(merged)
		for i, symbol := range plain.Consortium.Symbols {
			if t := p.symbols[symbol]; t != nil {
				at.part("symbols", i).wrong("%s is a symbol of %s", symbol, t.Name)
			}
		}
		p.consortium = &merged
	}
	if mistakes := file.written.Mistakes(); len(mistakes) > 0 {
		return nil, mistakes
	}
	p.compare()
	return p, nil
}

func (p *Plan) root() said { return said{p.file, ""} }

// findLibraries lays each library of the file over the one in force that has any
// of its symbols.
func (p *Plan) findLibraries(plain File) {
	seen := map[string]bool{}
	found := map[*standing]bool{}
	for i, library := range plain.Libraries {
		t := &target{said: p.root().part("libraries", i), own: library, inFile: true, changed: map[string]bool{}}
		for j, symbol := range library.Symbols {
			at := t.part("symbols", j)
			if seen[symbol] {
				at.wrong("%s stands in this file already", symbol)
				continue
			}
			seen[symbol] = true
			switch was := p.in.libraries[symbol]; {
			case p.in.Consortium != nil && slices.Contains(p.in.Consortium.Symbols, symbol):
				at.wrong("%s is a symbol of the consortium itself", symbol)
			case was == nil:
			case t.was == nil && found[was]:
				at.wrong("%s is a symbol of %s, which stands in this file already", symbol, was.Name)
			case t.was == nil:
				t.was, found[was] = was, true
			case t.was != was:
				at.wrong("%s is a symbol of %s, which is another library than %s", symbol, was.Name, t.was.Name)
			}
		}
		var before Library
		if t.was != nil {
			before, t.id = t.was.said, t.was.ID
		}
		t.Library = over(library, before).usual(t.was == nil)
		if t.Is != isPartner && library.Reached == nil {
			t.Reached = nil // it is reached by messages no longer
		}
		if t.was != nil && before.Is == isMember && t.Is != isMember {
			t.part("is").wrong("%s is a member, with patrons and items; write status: closed when it leaves", t.Name)
		}
		p.targets = append(p.targets, t)
	}
	for _, library := range p.in.Libraries {
		was := p.in.libraries[library.Symbols[0]]
		if !found[was] {
			p.targets = append(p.targets, &target{said: p.root(), Library: was.said, id: was.ID, was: was, changed: map[string]bool{}})
		}
	}
	p.symbols = map[string]*target{}
	for _, t := range p.targets {
		for _, symbol := range t.Symbols {
			p.symbols[symbol] = t
		}
	}
}

// bySymbol finds a library of the file or in force, and blames a symbol that
// names none.
func (p *Plan) bySymbol(at said, symbol string) *target {
	if t := p.symbols[symbol]; t != nil {
		return t
	}
	at.wrong("no library has the symbol %s%s", symbol, broker.Meant(symbol, slices.Sorted(maps.Keys(p.symbols))))
	return nil
}

// shareCatalogues settles which catalogue each member shares.
func (p *Plan) shareCatalogues(plain File) {
	said, taken := map[string]bool{}, map[*target]string{}
	for i, one := range plain.SharingGroups {
		at := p.root().part("sharing_groups", i)
		at.part("name").named(one.Name, 200)
		if said[groupKey(one.Name)] {
			at.part("name").wrong("two shared catalogues are named %q", one.Name)
		}
		said[groupKey(one.Name)] = true
		if len(one.Libraries) == 0 {
			at.part("libraries").wrong("is missing; a shared catalogue names the members that share it")
		}
		made := &catalogue{name: one.Name, id: p.in.catalogues[groupKey(one.Name)]}
		p.catalogues = append(p.catalogues, made)
		var before []*standing
		for j, symbol := range one.Libraries {
			t := p.bySymbol(at.part("libraries", j), symbol)
			switch {
			case t == nil:
				continue
			case t.Is != isMember:
				at.part("libraries", j).wrong("%s is no member: only members share a catalogue", t.title())
			case taken[t] != "":
				at.part("libraries", j).wrong("%s shares %q already", t.title(), taken[t])
			}
			taken[t], t.catalogue = one.Name, one.Name
			if t.was != nil {
				before = append(before, t.was)
			}
		}
		switch old := p.renamed(before, plain); {
		case made.id != broker.NoID && p.in.catalogueNamed(one.Name) != one.Name:
			made.was = p.in.catalogueNamed(one.Name) // in other capitals
		case made.id == broker.NoID && old != "":
			made.id, made.was = p.in.catalogues[groupKey(old)], old
		}
	}
	for _, t := range p.targets {
		if t.Is != isMember || t.catalogue != "" {
			continue
		}
		t.catalogue = ownCatalogue(t.Name)
		if p.in.catalogues[groupKey(t.catalogue)] != broker.NoID || slices.ContainsFunc(p.catalogues, func(c *catalogue) bool { return groupKey(c.name) == groupKey(t.catalogue) }) {
			t.catalogue = apart(t.catalogue, t.symbol())
		}
		if t.was != nil && t.was.catalogue != "" {
			t.catalogue = t.was.catalogue
		}
		for _, made := range p.catalogues {
			if t.was != nil && made.was != "" && made.was == t.was.catalogue {
				t.catalogue = made.name
			}
		}
		if !slices.ContainsFunc(p.catalogues, func(c *catalogue) bool { return groupKey(c.name) == groupKey(t.catalogue) }) {
			p.catalogues = append(p.catalogues, &catalogue{name: t.catalogue, id: p.in.catalogues[groupKey(t.catalogue)]})
		}
	}
}

// catalogueNamed gives the name of a catalogue as it is in force.
func (in *InForce) catalogueNamed(name string) string {
	for _, one := range in.libraries {
		if groupKey(one.catalogue) == groupKey(name) {
			return one.catalogue
		}
	}
	return name
}

// renamed gives the name under which libraries share a catalogue now, where it is
// one and the file no longer says it.
func (p *Plan) renamed(libraries []*standing, plain File) string {
	old := ""
	for _, one := range libraries {
		if one.catalogue == "" || old != "" && one.catalogue != old {
			return ""
		}
		old = one.catalogue
	}
	if slices.ContainsFunc(plain.SharingGroups, func(g SharingGroup) bool { return groupKey(g.Name) == groupKey(old) }) {
		return ""
	}
	return old
}

func (p *Plan) formGroups(plain File) {
	for i, one := range plain.Groups {
		at := p.root().part("groups", i)
		at.part("name").named(one.Name, 200)
		made := &group{Group: one, id: p.in.groups[groupKey(one.Name)], inFile: true}
		if at := slices.IndexFunc(p.in.Groups, func(g Group) bool { return groupKey(g.Name) == groupKey(one.Name) }); at >= 0 {
			made.was = &p.in.Groups[at]
			made.Kind, made.Libraries = cmp.Or(one.Kind, made.was.Kind), list(one.Libraries, made.was.Libraries)
		}
		if slices.ContainsFunc(p.groups, func(g *group) bool { return groupKey(g.Name) == groupKey(one.Name) }) {
			at.part("name").wrong("two groups are named %q", one.Name)
		}
		at.part("kind").among(made.Kind, string(directory.GroupSystem), string(directory.GroupNetwork), string(directory.GroupState), string(directory.GroupPartners))
		for j, symbol := range made.Libraries {
			t := p.bySymbol(at.part("libraries", j), symbol)
			if t != nil && slices.Contains(made.members, t) {
				at.part("libraries", j).wrong("%s stands here twice", t.title())
			} else if t != nil {
				made.members = append(made.members, t)
			}
		}
		p.groups = append(p.groups, made)
	}
	for _, was := range p.in.Groups {
		if !slices.ContainsFunc(p.groups, func(g *group) bool { return groupKey(g.Name) == groupKey(was.Name) }) {
			p.groups = append(p.groups, &group{Group: was, id: p.in.groups[groupKey(was.Name)], was: &was})
		}
	}
}

func (p *Plan) groupNames() map[string]string {
	names := map[string]string{}
	for _, one := range p.groups {
		names[groupKey(one.Name)] = one.Name
	}
	return names
}

func (p *Plan) checkLibraries() {
	names := p.groupNames()
	for _, t := range p.targets {
		if t.inFile {
			t.said.library(t.Library, names, p.around.Protocols)
		}
	}
}

// checkCatalogues finds what libraries of one catalogue cannot have at once, and
// what cannot change any more.
func (p *Plan) checkCatalogues() {
	for _, made := range p.catalogues {
		var together []*target
		for _, t := range p.targets {
			if t.Is == isMember && groupKey(t.catalogue) == groupKey(made.name) {
				together = append(together, t)
			}
		}
		for i, t := range together {
			if t.was != nil && t.was.settled && t.was.catalogue != "" && t.was.catalogue != cmp.Or(made.was, made.name) {
				t.blame(p).wrong("%s has cards or items in %q, which keep their numbers there: it cannot move to %q", t.title(), t.was.catalogue, made.name)
			}
			if first := together[0]; t.Currency != first.Currency {
				t.blame(p).part("currency").wrong("is %s; %s, in the same catalogue, keeps %s", t.Currency, first.title(), first.Currency)
			}
			for _, other := range together[:i+1] {
				p.numbersApart(t, other)
			}
		}
	}
	for _, t := range p.targets {
		if t.was != nil && t.was.paid && t.was.Currency != t.Currency {
			t.part("currency").wrong("cannot change from %s: the accounts of %s hold money", t.was.Currency, t.title())
		}
	}
}

// blame is where to say that a library does not fit with others: in its entry, or
// where the file groups libraries.
func (t *target) blame(p *Plan) said {
	if t.inFile {
		return t.said
	}
	return p.root().part("sharing_groups")
}

// numbersApart refuses patterns by which a card of one library could be an item
// of the other, or the other way round.
func (p *Plan) numbersApart(t, other *target) {
	if t.Numbers == nil || other.Numbers == nil || !t.inFile && !other.inFile {
		return
	}
	complain := func(kind string, i int, one, two Pattern) {
		at, whose := t.part("numbers").part(kind, i), ""
		if t != other {
			whose = " of " + other.title()
		}
		if !t.inFile {
			at = other.part("numbers")
		}
		at.wrong("a number of %d characters that begins with %s could be a card or an item%s (%s)", *one.Length, one.Prefix, whose, two.Prefix)
	}
	overlap := func(a, b Pattern) bool {
		return a.Length != nil && b.Length != nil &&
			directory.NumberPattern{Prefix: a.Prefix, Length: *a.Length}.Overlaps(directory.NumberPattern{Prefix: b.Prefix, Length: *b.Length})
	}
	for i, card := range t.Numbers.Cards {
		for _, item := range other.Numbers.Items {
			if overlap(card, item) {
				complain("cards", i, card, item)
			}
		}
	}
	if t == other {
		return
	}
	for i, item := range t.Numbers.Items {
		for _, card := range other.Numbers.Cards {
			if overlap(item, card) {
				complain("items", i, item, card)
			}
		}
	}
}

// document is a policy document that the file brings.
type document struct {
	name string
	text []byte
	// from is the first day it would rule, version its number.
	from    broker.Date
	version int
}

// today is the date at the westernmost library: a document that rules from then on
// rules everywhere at once.
func (p *Plan) today() broker.Date {
	today := broker.DateIn(p.around.Now, time.UTC)
	for _, t := range p.targets {
		if zone, err := time.LoadLocation(t.Zone); err == nil && t.Is == isMember {
			today = today.Earlier(broker.DateIn(p.around.Now, zone))
		}
	}
	return today
}

// findPolicies reads the documents that the file brings, and settles by which name
// each library is ruled.
func (p *Plan) findPolicies(plain File) {
	texts := map[string][]byte{} // brought by the file, by document
	for i, one := range plain.Policies {
		at := p.root().part("policies", i)
		at.part("name").named(one.Name, 64)
		if one.Text == "" {
			at.part("text").wrong("is missing; it is the whole policy document")
		}
		texts[one.Name] = []byte(one.Text)
	}
	brought := map[string]bool{}
	inForce := p.in.register.TextOn(p.today())
	find := func(name string) ([]byte, error) {
		if text, here := texts[name]; here {
			brought[name] = true
			return text, nil
		}
		if text, err := p.file.beside(name + ".yaml"); err == nil {
			texts[name], brought[name] = text, true
			return text, nil
		}
		return inForce(name)
	}
	read := func(at said, name string) *policy.Document {
		text, err := find(name)
		if err != nil {
			known := p.in.register.Names()
			at.wrong("%q is neither a policy that ships or was published (%s) nor in this file, nor is there a file %s.yaml beside it%s",
				name, strings.Join(known, ", "), name, broker.Meant(name, known))
			return nil
		}
		document, err := policy.ParseUnder(name, text, find)
		if ours, is := broker.AsError(err); is {
			for _, one := range ours.Fields {
				at.wrong("%s", one.Message)
			}
		} else if err != nil {
			at.wrong("%s", err)
		}
		if document != nil && document.Name() != name {
			at.wrong("the document in %s is named %q: a file has the name of its document", name, document.Name())
		}
		return document
	}
	done := map[string]*policy.Document{}
	settle := func(at said, t *target, written string) string {
		name, _ := strings.CutSuffix(written, ".yaml")
		document, known := done[name]
		if !known {
			document = read(at, name)
			done[name] = document
		}
		if document != nil && document.Currency() != t.Currency {
			at.wrong("%s is in %s; the money of %s is %s", name, document.Currency(), t.title(), t.Currency)
		}
		return name
	}
	for _, t := range p.targets {
		if !t.inFile || t.Is != isMember {
			continue
		}
		if t.Policy != "" {
			t.Policy = settle(t.part("policy"), t, t.Policy)
		}
		for i, branch := range t.Branches {
			if branch.Policy != "" && branch.Policy != noPolicy {
				t.Branches[i].Policy = settle(t.part("branches", i).part("policy"), t, branch.Policy)
			}
		}
	}
	for i, one := range plain.Policies {
		if _, known := done[one.Name]; !known && !brought[one.Name] {
			done[one.Name] = read(p.root().part("policies", i).part("text"), one.Name)
		}
	}
	p.publish(texts, brought, done, inForce)
}

// noPolicy says that a branch has no policy of its own any more.
const noPolicy = "none"

// publish plans a version for each document whose content is not in force, those
// above before those below.
func (p *Plan) publish(texts map[string][]byte, brought map[string]bool, done map[string]*policy.Document, inForce func(string) ([]byte, error)) {
	depth := map[string]int{}
	for _, document := range done {
		if document == nil {
			continue
		}
		levels := document.Levels()
		for i, level := range levels {
			depth[level.Policy] = len(levels) - i
		}
	}
	for name := range brought {
		text := texts[name]
		if was, err := inForce(name); err == nil && same(name, was, text, inForce) {
			continue
		}
		one := &document{name: name, text: text, from: p.today(), version: 1}
		for _, version := range p.in.register.Versions(name) {
			one.version = version.Number + 1
		}
		for slices.ContainsFunc(p.in.register.Versions(name), func(v policy.Published) bool { return v.Effective == one.from }) {
			one.from = one.from.AddDays(1)
		}
		p.policies = append(p.policies, one)
	}
	slices.SortFunc(p.policies, func(a, b *document) int { return cmp.Or(depth[a.name]-depth[b.name], strings.Compare(a.name, b.name)) })
}

// same tells whether two texts of a document say the same; comments and layout do
// not count.
func same(name string, was, text []byte, find func(string) ([]byte, error)) bool {
	if string(was) == string(text) {
		return true
	}
	before, err := policy.ParseUnder(name, was, find)
	if err != nil {
		return false
	}
	after, err := policy.ParseUnder(name, text, find)
	return err == nil && before.Version() == after.Version()
}

func (p *Plan) say(library *target, subject, what, before, after, format string, args ...any) {
	p.Changes = append(p.Changes, Change{subject, what, before, after, fmt.Sprintf(format, args...), library})
}
