package policies

import (
	"strings"
	"time"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

// act is something a patron would like to do.
type act struct{ Code, Name string }

func acts(v *frame.Visit) []act {
	return []act{
		{"checkout", v.Say("check out an item")},
		{"request", v.Say("ask for a book of another library")},
		{"hold", v.Say("place a hold")},
		{"renew", v.Say("renew a loan")},
		{"claim", v.Say("say that an item is back")},
		{"computer", v.Say("use a public computer")},
		{"sign_for_minor", v.Say("answer for a minor’s card")},
	}
}

// check is one value that was asked, with what it says to the act.
type check struct {
	ruleLine
	Passed bool
	// Reasons are the grounds for a no that come from it.
	Reasons []frame.Reason
}

type whatIfPage struct {
	Tabs                           []tab
	Acts                           []act
	Act, Card, Item, Format, Title string
	On, Policy                     string
	Formats                        []string
	// Versions can be asked instead of the policy in force.
	Versions []versionLine
	Who      *gen.PatronLine
	Found    []gen.PatronLine
	Decision *gen.Decision
	Checks   []check
	No       int
	// Others are grounds that come from no value that was asked.
	Others []frame.Reason
	Notes  []frame.Reason
	// Passes is when all grounds have passed by themselves; zero for never.
	Passes  time.Time
	Trouble *frame.Trouble
	Today   broker.Date
}

func (p Policies) whatIfPage(v *frame.Visit) (whatIfPage, error) {
	page := whatIfPage{
		Tabs: tabs(v, v.Place.Policy, "what-if"), Acts: acts(v), Act: v.Field("act"), Card: v.Field("card"), Item: v.Field("item"), Format: v.Field("format"), Title: v.Field("title"),
		On: v.Field("on"), Policy: v.Field("policy"), Formats: []string{"book", "periodical", "dvd", "music_cd", "audiobook", "game", "microfilm", "article"}, Today: v.Today,
	}
	if page.On == "" {
		page.On = v.Today.String()
	}
	var err error
	if v.Place.Policy != "" {
		page.Versions, err = p.published(v, v.Place.Policy)
	}
	return page, err
}

func (p Policies) whatIf(v *frame.Visit) error {
	page, err := p.whatIfPage(v)
	if err != nil {
		return err
	}
	return v.Show("policy-what-if", frame.Head{Title: v.Say("What if?"), At: "policies"}, page)
}

// ask asks the rules, and changes nothing. It is sent as a form, so that no card
// number stands in an address.
func (p Policies) ask(v *frame.Visit) error {
	page, err := p.whatIfPage(v)
	if err != nil {
		return err
	}
	head := frame.Head{Title: v.Say("What if?"), At: "policies"}
	question, err := p.question(v, &page)
	if err == nil {
		var answer gen.ExplainPolicy200JSONResponse
		if answer, err = frame.Ask[gen.ExplainPolicy200JSONResponse](v, "explainPolicy", p.ops.ExplainPolicy, gen.ExplainPolicyRequestObject{Body: &question}); err == nil {
			page.answered(v, gen.Decision(answer))
			return v.Show("policy-what-if", head, page)
		}
	}
	return v.Refused(err, func(trouble *frame.Trouble) error {
		page.Trouble = trouble
		return v.ShowWith(trouble, "policy-what-if", head, page)
	})
}

// question reads the form as the operations take it.
func (p Policies) question(v *frame.Visit, page *whatIfPage) (gen.Explain, error) {
	question := gen.Explain{Act: gen.ExplainAct(page.Act), Policy: page.Policy, Citation: gen.Citation{Title: page.Title, Format: broker.Format(page.Format)}}
	read := v.Reading()
	if on := read.Date("on"); !on.IsZero() && on != v.Today {
		question.At = on.Start(v.Now.Location()).Add(12 * time.Hour)
	}
	if page.Card != "" {
		for _, params := range []gen.SearchPatronsParams{{Card: strings.ReplaceAll(page.Card, " ", "")}, {Q: page.Card, Limit: 8}} {
			found, err := frame.Ask[gen.SearchPatrons200JSONResponse](v, "searchPatrons", p.ops.SearchPatrons, gen.SearchPatronsRequestObject{Params: params})
			if err != nil {
				return question, err
			}
			if page.Found = found.Patrons; len(found.Patrons) == 1 {
				page.Who = &found.Patrons[0]
				question.PatronID = page.Who.ID
				break
			}
		}
	}
	if page.Who == nil && (page.Card != "" || page.Act != "computer") {
		read.Wrong("card", "required", v.Say("must name one patron: scan the card, or type more of the name"))
	}
	if page.Who != nil && (page.Act == "renew" || page.Act == "claim") {
		loans, err := frame.Ask[gen.ListPatronLoans200JSONResponse](v, "listPatronLoans", p.ops.ListPatronLoans, gen.ListPatronLoansRequestObject{ID: page.Who.ID})
		if err != nil {
			return question, err
		}
		for _, loan := range loans.Loans {
			if loan.Barcode == page.Item {
				question.LoanID = loan.ID
			}
		}
		if question.LoanID == broker.NoID {
			read.Wrong("item", "not_a_loan", v.Say("must be the barcode of something this patron has"))
		}
	}
	return question, read.Err()
}

// answered shows the decision with every value that was asked, those that say no
// first.
func (page *whatIfPage) answered(v *frame.Visit, decision gen.Decision) {
	page.Decision, page.Notes, page.No = &decision, v.Reasons(decision.Notes), len(decision.Reasons)
	reasons := v.Reasons(decision.Reasons)
	told := map[string]bool{}
	for _, passed := range []bool{false, true} {
		for _, one := range decision.Checks {
			if one.Passed != passed {
				continue
			}
			shown := check{ruleLine: lineOf(v, v.Place.Policy, one.Asked), Passed: passed}
			for _, reason := range reasons {
				if reason.Rule == one.Asked.Rule && !told[reason.Rule] {
					shown.Reasons = append(shown.Reasons, reason)
				}
			}
			told[one.Asked.Rule] = true
			page.Checks = append(page.Checks, shown)
		}
	}
	for _, reason := range reasons {
		if !told[reason.Rule] {
			page.Others = append(page.Others, reason)
		}
		if reason.Passes.IsZero() {
			page.Passes = time.Time{}
			break
		}
		if reason.Passes.After(page.Passes) {
			page.Passes = reason.Passes
		}
	}
}
