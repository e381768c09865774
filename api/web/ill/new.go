package ill

import (
	"net/http"
	"strings"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

// form is a new request as it is typed.
type form struct {
	Card, Patron                                  string
	Title, Author, ISBN, Edition, Year, Publisher string
	// What a copy is wanted of.
	PartTitle, PartAuthor, Volume, Issue, Pages, ISSN, DOI, PMID string
	Service                                                      string
	NeedBy, Pickup                                               string
	// Cost says what it may cost: ask or agreed, and Agreed how much.
	Cost, Agreed string
	Rush         bool
	Note         string
	// OCLC and Format come with a link.
	OCLC, Format string
	Channel      string
	// Anyway asks although a copy or a request of the same title is known.
	Anyway bool
}

// preview is what would happen.
type preview struct {
	gen.Preview
	Reasons, Notes []frame.Reason
	Copies         int
	Lender         string
	Wait           string
}

type newPage struct {
	Form     form
	Who      *gen.PatronLine
	Found    []gen.PatronLine
	Branches []gen.Branch
	Preview  *preview
	// PreviewTrouble is what the preview says is missing.
	Trouble  *frame.Trouble
	Today    broker.Date
	Currency string
}

func (d Desk) newRequest(v *frame.Visit) error {
	page := d.typed(v)
	d.whoIs(v, &page)
	if v.QueryParam("preview") != "" || (page.Who != nil && (page.Form.Title != "" || page.Form.ISBN != "")) {
		if err := d.previewed(v, &page); err != nil {
			return err
		}
	}
	return v.Show("new-request", frame.Head{Title: v.Say("New request"), At: "new"}, page)
}

func (d Desk) typed(v *frame.Visit) newPage {
	f := form{
		Card: v.Field("card"), Patron: v.Field("patron"), Title: v.Field("title"), Author: v.Field("author"), ISBN: v.Field("isbn"), Edition: v.Field("edition"),
		Year: v.Field("year"), Publisher: v.Field("publisher"), PartTitle: v.Field("part_title"), PartAuthor: v.Field("part_author"), Volume: v.Field("volume"), Issue: v.Field("issue"),
		Pages: v.Field("pages"), ISSN: v.Field("issn"), DOI: v.Field("doi"), PMID: v.Field("pmid"), OCLC: v.Field("oclc"), Format: v.Field("format"), Service: v.Field("service"), NeedBy: v.Field("need_by"), Pickup: v.Field("pickup"),
		Cost: v.Field("cost"), Agreed: v.Field("agreed"), Rush: v.Field("rush") != "", Note: v.Field("note"), Channel: v.Field("channel"), Anyway: v.Field("anyway") != "",
	}
	if f.Format != string(broker.FormatPeriodical) { // the one that a link says and the form does not ask
		f.Format = ""
	}
	if f.Pickup == "" && v.Who.Branch != broker.NoID {
		f.Pickup = v.Who.Branch.String()
	}
	return newPage{Form: f, Branches: v.Place.Branches, Today: v.Today, Currency: v.Place.Currency}
}

// whoIs finds the patron by card, or by what was typed.
func (d Desk) whoIs(v *frame.Visit, page *newPage) {
	typed := page.Form.Card
	if typed == "" {
		return
	}
	for _, params := range []gen.SearchPatronsParams{{Card: strings.ReplaceAll(typed, " ", "")}, {Q: typed, Limit: 8}} {
		found, err := frame.Ask[gen.SearchPatrons200JSONResponse](v, "searchPatrons", d.ops.SearchPatrons, gen.SearchPatronsRequestObject{Params: params})
		if err != nil {
			continue
		}
		if len(found.Patrons) == 1 {
			page.Who = &found.Patrons[0]
			return
		}
		page.Found = found.Patrons
	}
}

// body is the request as the operations take it.
func (p newPage) body(v *frame.Visit) (gen.NewRequest, error) {
	f := p.Form
	in := gen.NewRequest{
		Citation: broker.Citation{
			Title: f.Title, Author: f.Author, ISBN: strings.ReplaceAll(f.ISBN, "-", ""), Edition: f.Edition, Year: f.Year, Publisher: f.Publisher, ISSN: f.ISSN, Volume: f.Volume, OCLC: f.OCLC,
			Format: broker.Format(f.Format), Issue: f.Issue, Pages: f.Pages, PartTitle: f.PartTitle, PartAuthor: f.PartAuthor, DOI: f.DOI, PMID: f.PMID,
		},
		Service: gen.NewRequestService(f.Service), Rush: f.Rush, Note: f.Note, AskAnyway: f.Anyway, Channel: gen.NewRequestChannel(f.Channel),
	}
	if f.Service == "copy" {
		in.Citation.Format = broker.FormatArticle
	}
	read := v.Reading()
	if p.Who != nil {
		in.PatronID = p.Who.ID
	} else {
		read.Wrong("card", "required", v.Say("must name one patron: scan the card, or type more of the name"))
	}
	in.NeedBy, in.PickupBranchID = read.Date("need_by"), read.ID("pickup")
	if f.Cost == "agreed" {
		in.MaxCost = read.Amount("agreed")
	}
	return in, read.Err()
}

func (d Desk) previewed(v *frame.Visit, page *newPage) error {
	body, err := page.body(v)
	if err == nil {
		var seen gen.PreviewRequest200JSONResponse
		seen, err = frame.Ask[gen.PreviewRequest200JSONResponse](v, "previewRequest", d.ops.PreviewRequest, gen.PreviewRequestRequestObject{Body: &body})
		if err == nil {
			page.Preview = previewOf(v, gen.Preview(seen))
			return nil
		}
	}
	if page.Trouble = v.Trouble(err); page.Trouble == nil {
		return err
	}
	return nil
}

func previewOf(v *frame.Visit, seen gen.Preview) *preview {
	shown := &preview{Preview: seen, Reasons: v.Reasons(seen.Reasons), Notes: v.Reasons(seen.Notes), Copies: seen.LocalCopies, Lender: seen.LikelyLender.Name}
	if wait := seen.ExpectedWait; !wait.FromOn.IsZero() {
		shown.Wait = v.Date(wait.FromOn, v.Today)
		if !wait.ToOn.IsZero() {
			shown.Wait += " – " + v.Date(wait.ToOn, v.Today)
		}
	}
	return shown
}

func (d Desk) submit(v *frame.Visit) error {
	page := d.typed(v)
	d.whoIs(v, &page)
	if v.Field("preview") != "" {
		if err := d.previewed(v, &page); err != nil {
			return err
		}
		return v.Show("new-request", frame.Head{Title: v.Say("New request"), At: "new"}, page)
	}
	body, err := page.body(v)
	if err == nil {
		var stored gen.SubmitRequest201JSONResponse
		stored, err = frame.AskOnce[gen.SubmitRequest201JSONResponse](v, "submitRequest", v.Key(), d.ops.SubmitRequest, gen.SubmitRequestRequestObject{Body: &body})
		if err == nil {
			request := stored.Body
			v.Tell(frame.Toast{Text: v.Say("Submitted: {title}, #{number}.", "title", v.TitleOf(request.Citation), "number", request.Number)})
			if v.Field("another") != "" {
				return v.Go("/requests/new?card=" + page.Form.Card)
			}
			return v.Go(address(string(request.Side), request.Number))
		}
	}
	if page.Trouble = v.Trouble(err); page.Trouble == nil {
		return err
	}
	status := page.Trouble.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	return v.ShowAs(status, "new-request", frame.Head{Title: v.Say("Problem: new request"), At: "new"}, page)
}
