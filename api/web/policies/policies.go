package policies

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

//go:embed *.html
var files embed.FS

// Policies is the room's pages.
type Policies struct {
	ops gen.StrictServerInterface
}

// Mount brings the pages.
func Mount(e *echo.Echo, site *frame.Site) error {
	p := Policies{site.Operations}
	if err := site.Parse(files); err != nil {
		return err
	}
	site.StaffOrOffice(e, http.MethodGet, "/policies", p.list)
	site.Staff(e, http.MethodGet, "/policies/what-if", p.whatIf)
	site.Staff(e, http.MethodPost, "/policies/what-if", p.ask)
	site.StaffOrOffice(e, http.MethodGet, "/policies/compare", p.compare)
	site.StaffOrOffice(e, http.MethodGet, "/policies/:name", p.read)
	site.StaffOrOffice(e, http.MethodGet, "/policies/:name/versions", p.versions)
	site.Staff(e, http.MethodGet, "/policies/:name/draft", p.draft)
	site.Staff(e, http.MethodPost, "/policies/:name/draft", p.publish)
	return nil
}

type tab struct {
	Name, To string
	Here     bool
}

// tabs are the views of one policy.
func tabs(v *frame.Visit, name, here string) []tab {
	all := []tab{
		{v.Say("Rules"), "/policies/" + name, here == "rules"},
		{v.Say("Versions"), "/policies/" + name + "/versions", here == "versions"},
	}
	if !v.Who.Office {
		all = append(all, tab{v.Say("What if"), "/policies/what-if", here == "what-if"})
		if v.Manages() {
			all = append(all, tab{v.Say("A new version"), "/policies/" + name + "/draft", here == "draft"})
		}
	}
	return all
}

// policyLine is one document in the list.
type policyLine struct {
	Name, Title, Place string
	Rules              int
	Ours               bool
}

type listPage struct {
	Ours, Others []policyLine
	Office       bool
	Today        broker.Date
}

// list shows the documents, the one that rules here first.
func (p Policies) list(v *frame.Visit) error {
	found, err := frame.Ask[gen.ListPolicies200JSONResponse](v, "listPolicies", p.ops.ListPolicies, gen.ListPoliciesRequestObject{})
	if err != nil {
		return err
	}
	page := listPage{Office: v.Who.Office, Today: v.Today}
	for _, one := range found.Policies {
		line := policyLine{Name: one.Name, Title: one.Title, Place: one.Place, Rules: own(one), Ours: one.Name == v.Place.Policy}
		if line.Ours {
			page.Ours = append(page.Ours, line)
		} else {
			page.Others = append(page.Others, line)
		}
	}
	return v.Show("policies", frame.Head{Title: v.Say("Policies"), At: "policies"}, page)
}

// own counts the values that stand in the document itself.
func own(policy gen.Policy) (n int) {
	for _, rule := range policy.Rules {
		if rule.From == policy.Name {
			n++
		}
	}
	return n
}

// ruleLine is one value as it is read.
type ruleLine struct {
	Rule  string
	Value []pair
	// When says for which cases; nothing for all.
	When []pair
	// Inherited names the document above that it comes from; "" for its own.
	Inherited               string
	Document, Section, Says string
	Silent                  bool
	Over                    []string
}

// pair is a part of a value: its name and what it says; a plain value has no name.
type pair struct{ Name, Says string }

func lineOf(v *frame.Visit, policy string, rule gen.PolicyRule) ruleLine {
	line := ruleLine{
		Rule: rule.Rule, Value: pairs(v, rule.Value),
		Document: rule.Clause.Document, Section: rule.Clause.Section, Says: rule.Clause.Says, Silent: rule.Clause.Silent, Over: rule.Override,
	}
	if len(rule.When) > 0 {
		line.When = pairs(v, rule.When)
	}
	if rule.From != policy {
		line.Inherited = rule.From
	}
	return line
}

// pairs writes a value out: its parts by name, a list with commas, yes and no.
func pairs(v *frame.Visit, value any) []pair {
	value = plain(value)
	parts, is := value.(map[string]any)
	if !is {
		return []pair{{"", written(v, value)}}
	}
	var all []pair
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		all = append(all, pair{strings.ReplaceAll(name, "_", " "), written(v, parts[name])})
	}
	return all
}

// plain is a value as a program reads it: numbers, texts, lists and parts by name.
func plain(value any) any {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var read any
	if err := decoder.Decode(&read); err != nil {
		return fmt.Sprint(value)
	}
	return read
}

func written(v *frame.Visit, value any) string {
	switch one := value.(type) {
	case nil:
		return v.Say("none")
	case bool:
		if one {
			return v.Say("yes")
		}
		return v.Say("no")
	case []any:
		if len(one) == 0 {
			return v.Say("none")
		}
		var parts []string
		for _, each := range one {
			parts = append(parts, written(v, each))
		}
		return strings.Join(parts, ", ")
	case map[string]any:
		var parts []string
		for _, each := range pairs(v, one) {
			parts = append(parts, each.Name+" "+each.Says)
		}
		return strings.Join(parts, "; ")
	case string:
		return strings.ReplaceAll(one, "_", " ")
	}
	return fmt.Sprint(value)
}

// themeOf is the part of a rule's name that its neighbours share.
func themeOf(rule string) string {
	theme, _, _ := strings.Cut(rule, ".")
	return theme
}

type theme struct {
	Name  string
	Lines []ruleLine
}

type rulesPage struct {
	gen.Policy
	Tabs   []tab
	Themes []theme
	Q      string
	On     string
	Own    bool
	Count  int
	Ours   bool
	Today  broker.Date
}

// read shows a document, rule by rule, as it rules on a day.
func (p Policies) read(v *frame.Visit) error {
	name, on := v.Param("name"), v.Field("on")
	found, err := frame.Ask[gen.GetPolicy200JSONResponse](v, "getPolicy", p.ops.GetPolicy, gen.GetPolicyRequestObject{Name: name, Params: gen.GetPolicyParams{On: on}})
	if err != nil {
		return err
	}
	page := rulesPage{Policy: gen.Policy(found), Tabs: tabs(v, name, "rules"), Q: v.Field("q"), On: on, Own: v.Field("own") != "", Ours: name == v.Place.Policy, Today: v.Today}
	for _, rule := range found.Rules {
		line := lineOf(v, name, rule)
		if page.Own && line.Inherited != "" || !strings.Contains(strings.ToLower(rule.Rule+" "+line.Says+" "+line.Section), strings.ToLower(page.Q)) {
			continue
		}
		page.Count++
		if last := len(page.Themes) - 1; last >= 0 && page.Themes[last].Name == themeOf(rule.Rule) {
			page.Themes[last].Lines = append(page.Themes[last].Lines, line)
			continue
		}
		if at := slices.IndexFunc(page.Themes, func(one theme) bool { return one.Name == themeOf(rule.Rule) }); at >= 0 {
			page.Themes[at].Lines = append(page.Themes[at].Lines, line)
			continue
		}
		page.Themes = append(page.Themes, theme{themeOf(rule.Rule), []ruleLine{line}})
	}
	return v.Show("policy", frame.Head{Title: found.Title, At: "policies"}, page)
}

// versionLine is one version, with the day it rules from.
type versionLine struct {
	Name      string
	Number    int
	Effective broker.Date
	At        time.Time
	// Rules tells that it rules today; Later that its day is still to come.
	Rules, Later bool
	Text         string
}

type versionsPage struct {
	Name     string
	Tabs     []tab
	Versions []versionLine
	Names    []string
	Today    broker.Date
}

// published lists the versions of a document, the newest first.
func (p Policies) published(v *frame.Visit, name string) ([]versionLine, error) {
	found, err := frame.Ask[gen.ListPolicyVersions200JSONResponse](v, "listPolicyVersions", p.ops.ListPolicyVersions, gen.ListPolicyVersionsRequestObject{Name: name})
	if err != nil {
		return nil, err
	}
	var lines []versionLine
	for _, one := range found.Versions {
		lines = append(lines, versionLine{
			Name: fmt.Sprintf("%s@%d", name, one.Number), Number: one.Number, Effective: one.Effective, At: one.PublishedAt.In(v.Now.Location()),
			Later: one.Effective.After(v.Today), Text: one.Text,
		})
	}
	slices.SortStableFunc(lines, func(a, b versionLine) int { return -cmp.Compare(a.Number, b.Number) })
	latest := -1
	for i, one := range lines {
		if !one.Later && (latest < 0 || one.Effective.After(lines[latest].Effective)) {
			latest = i
		}
	}
	if latest >= 0 {
		lines[latest].Rules = true
	}
	return lines, nil
}

func (p Policies) versions(v *frame.Visit) error {
	name := v.Param("name")
	// A document that nobody published under has versions to compare all the same.
	if _, err := frame.Ask[gen.GetPolicy200JSONResponse](v, "getPolicy", p.ops.GetPolicy, gen.GetPolicyRequestObject{Name: name}); err != nil {
		return err
	}
	lines, err := p.published(v, name)
	if err != nil {
		return err
	}
	page := versionsPage{Name: name, Tabs: tabs(v, name, "versions"), Versions: lines, Today: v.Today}
	all, err := frame.Ask[gen.ListPolicies200JSONResponse](v, "listPolicies", p.ops.ListPolicies, gen.ListPoliciesRequestObject{})
	if err != nil {
		return err
	}
	for _, one := range lines {
		page.Names = append(page.Names, one.Name)
	}
	page.Names = append(page.Names, name)
	for _, one := range all.Policies {
		if one.Name != name {
			page.Names = append(page.Names, one.Name)
		}
	}
	return v.Show("policy-versions", frame.Head{Title: v.Say("Versions of {policy}", "policy", name), At: "policies"}, page)
}

// difference is one value that is another in the second document.
type difference struct {
	Rule, When string
	Old, New   *ruleLine
}

type comparePage struct {
	Old, New    string
	Differences []difference
	Trouble     *frame.Trouble
	Today       broker.Date
}

func (p Policies) compare(v *frame.Visit) error {
	page := comparePage{Old: v.Field("old"), New: v.Field("new"), Today: v.Today}
	found, err := frame.Ask[gen.DiffPolicies200JSONResponse](v, "diffPolicies", p.ops.DiffPolicies, gen.DiffPoliciesRequestObject{Params: gen.DiffPoliciesParams{Old: page.Old, New: page.New}})
	if page.Trouble = v.Trouble(err); err != nil && page.Trouble == nil {
		return err
	}
	page.Differences = differences(v, gen.PolicyDiff(found))
	return v.ShowWith(page.Trouble, "policy-compare", frame.Head{Title: v.Say("What differs"), At: "policies"}, page)
}

func differences(v *frame.Visit, found gen.PolicyDiff) []difference {
	var all []difference
	for _, one := range found.Differences {
		shown := difference{Rule: one.Rule}
		if one.When != "always" {
			shown.When = one.When
		}
		for _, side := range []struct {
			rule gen.PolicyRule
			to   **ruleLine
		}{{one.Old, &shown.Old}, {one.New, &shown.New}} {
			if side.rule.Rule != "" {
				line := lineOf(v, side.rule.From, side.rule)
				*side.to = &line
			}
		}
		all = append(all, shown)
	}
	return all
}

type draftPage struct {
	Name, Text, Effective string
	Tabs                  []tab
	// Checked is what the check said; nil before anybody looked.
	Checked *gen.PolicyChecked
	Trouble *frame.Trouble
	Today   broker.Date
}

// draft begins a new version with the text of the last one.
func (p Policies) draft(v *frame.Visit) error {
	page := draftPage{Name: v.Param("name"), Tabs: tabs(v, v.Param("name"), "draft"), Effective: v.Today.AddDays(1).String(), Today: v.Today}
	lines, err := p.published(v, page.Name)
	if err != nil {
		return err
	}
	page.Text = "policy: " + page.Name + "\ninherits: \ntitle: " + v.Place.Name + "\n\nattributes:\n"
	if len(lines) > 0 {
		page.Text = lines[0].Text
	}
	return v.Show("policy-draft", frame.Head{Title: v.Say("A new version"), At: "policies"}, page)
}

// publish reads a draft strictly, and publishes it once staff have seen that it is
// good and say so.
func (p Policies) publish(v *frame.Visit) error {
	page := draftPage{
		Name: v.Param("name"), Tabs: tabs(v, v.Param("name"), "draft"), Effective: v.Field("effective"), Today: v.Today,
		Text: strings.ReplaceAll(v.FormValue("text"), "\r\n", "\n"), // a browser sends lines as CRLF
	}
	read := v.Reading()
	body := gen.PolicyText{Text: page.Text, Effective: read.Date("effective")}
	err := read.Err()
	if err == nil && v.Field("go") != "" {
		var made gen.PublishPolicy201JSONResponse
		if made, err = frame.AskOnce[gen.PublishPolicy201JSONResponse](v, "publishPolicy", v.Key(), p.ops.PublishPolicy, gen.PublishPolicyRequestObject{Body: &body}); err == nil {
			return v.Done("/policies/"+made.Policy+"/versions", strings.TrimSpace(v.Say("Published: {policy}, version {n}.", "policy", made.Policy, "n", made.Number)+" "+made.Note))
		}
	} else if err == nil {
		var seen gen.CheckPolicy200JSONResponse
		if seen, err = frame.Ask[gen.CheckPolicy200JSONResponse](v, "checkPolicy", p.ops.CheckPolicy, gen.CheckPolicyRequestObject{Body: &body}); err == nil {
			checked := gen.PolicyChecked(seen)
			page.Checked = &checked
			return v.Show("policy-draft", frame.Head{Title: v.Say("A new version"), At: "policies"}, page)
		}
	}
	return v.Refused(err, func(trouble *frame.Trouble) error {
		page.Trouble = trouble
		return v.ShowWith(trouble, "policy-draft", frame.Head{Title: v.Say("A new version"), At: "policies"}, page)
	})
}
