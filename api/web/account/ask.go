package account

import (
	"fmt"
	"strings"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

type askPage struct {
	Title, Author, ISBN, NeedBy, Cost, Agreed, Pickup, Note string
	// Given is what a link gave beside: the names of fields with their values, which
	// the form sends along, and About says in words. Copy asks for a copy of a part.
	Given    map[string]string
	About    string
	Copy     bool
	Branches []gen.Branch
	// Seen is what would happen, once asked.
	Seen     *gen.Preview
	Reasons  []frame.Reason
	Notes    []frame.Reason
	When     string
	Trouble  *frame.Trouble
	Today    broker.Date
	Currency string
}

// givenFields are what a link may give beside what the form asks.
var givenFields = []string{"issn", "oclc", "publisher", "year", "edition", "volume", "issue", "pages", "part_title", "part_author", "doi", "pmid", "format", "service"}

func (a Account) typed(v *frame.Visit) askPage {
	page := askPage{
		Title: v.Field("title"), Author: v.Field("author"), ISBN: v.Field("isbn"), NeedBy: v.Field("need_by"), Cost: v.Field("cost"),
		Agreed: v.Field("agreed"), Pickup: v.Field("pickup"), Branches: v.Place.Branches, Today: v.Today, Currency: v.Place.Currency,
		Note: v.Field("note"), Given: map[string]string{},
	}
	for _, name := range givenFields {
		if value := v.Field(name); value != "" {
			page.Given[name] = value
		}
	}
	for name, only := range map[string]string{"service": "copy", "format": string(broker.FormatPeriodical)} {
		if page.Given[name] != only {
			delete(page.Given, name)
		}
	}
	beside := page.citation()
	page.Copy, page.About = page.Given["service"] == "copy", v.AboutTitle(broker.Citation{
		Publisher: beside.Publisher, Year: beside.Year, Volume: beside.Volume, Issue: beside.Issue, Pages: beside.Pages, PartAuthor: beside.PartAuthor,
		ISSN: beside.ISSN, DOI: beside.DOI, PMID: beside.PMID,
	})
	return page
}

// citation is what is asked for, as typed and as a link gave it.
func (p askPage) citation() broker.Citation {
	given := p.Given
	cited := broker.Citation{
		Title: p.Title, Author: p.Author, ISBN: strings.ReplaceAll(p.ISBN, "-", ""), ISSN: given["issn"], OCLC: given["oclc"], Publisher: given["publisher"],
		Year: given["year"], Edition: given["edition"], Volume: given["volume"], Format: broker.Format(given["format"]),
	}
	if given["service"] == "copy" {
		cited.Issue, cited.Pages, cited.PartTitle, cited.PartAuthor = given["issue"], given["pages"], given["part_title"], given["part_author"]
		cited.DOI, cited.PMID, cited.Format = given["doi"], given["pmid"], broker.FormatArticle
	}
	return cited
}

func (a Account) ask(v *frame.Visit) error {
	return v.Show("account-ask", frame.Head{Title: v.Say("Ask for a book")}, a.typed(v))
}

func (p askPage) body(v *frame.Visit) (gen.NewRequest, error) {
	in := gen.NewRequest{Citation: p.citation(), Service: gen.NewRequestService(p.Given["service"]), Note: p.Note}
	read := v.Reading()
	if p.Title == "" && p.ISBN == "" {
		read.Wrong("title", "required", v.Say("is needed: what would you like?"))
	}
	in.NeedBy, in.PickupBranchID = read.Date("need_by"), read.ID("pickup")
	if p.Cost == "agreed" {
		in.MaxCost = read.Amount("agreed")
	}
	return in, read.Err()
}

// submit first shows what would happen, in words for patrons, and asks only when
// the patron says so.
func (a Account) submit(v *frame.Visit) error {
	page := a.typed(v)
	body, err := page.body(v)
	if err == nil && v.Field("go") == "" {
		var seen gen.PreviewRequest200JSONResponse
		if seen, err = frame.Ask[gen.PreviewRequest200JSONResponse](v, "previewRequest", a.ops.PreviewRequest, gen.PreviewRequestRequestObject{Body: &body}); err == nil {
			preview := gen.Preview(seen)
			page.Seen, page.Reasons, page.Notes = &preview, v.Reasons(seen.Reasons), v.Reasons(seen.Notes)
			if wait := seen.ExpectedWait; !wait.FromOn.IsZero() {
				page.When = v.Date(wait.FromOn, v.Today)
				if !wait.ToOn.IsZero() {
					page.When += " – " + v.Date(wait.ToOn, v.Today)
				}
			}
			return v.Show("account-ask", frame.Head{Title: v.Say("Ask for a book")}, page)
		}
	}
	if err == nil {
		var stored gen.SubmitRequest201JSONResponse
		if stored, err = frame.AskOnce[gen.SubmitRequest201JSONResponse](v, "submitRequest", v.Key(), a.ops.SubmitRequest, gen.SubmitRequestRequestObject{Body: &body}); err == nil {
			return v.Done(fmt.Sprintf("/account/requests/%d", stored.Body.Number), v.Say("We have your request for {title}.", "title", v.TitleOf(stored.Body.Citation)))
		}
	}
	if page.Trouble = v.Trouble(err); page.Trouble == nil {
		return err
	}
	return v.ShowAs(page.Trouble.Status, "account-ask", frame.Head{Title: v.Say("Problem: ask for a book")}, page)
}
