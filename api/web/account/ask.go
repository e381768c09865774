package account

import (
	"fmt"
	"strings"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

type askPage struct {
	Title, Author, ISBN, NeedBy, Cost, Agreed, Pickup string
	Branches                                          []gen.Branch
	// Seen is what would happen, once asked.
	Seen     *gen.Preview
	Reasons  []frame.Reason
	Notes    []frame.Reason
	When     string
	Trouble  *frame.Trouble
	Today    broker.Date
	Currency string
}

func (a Account) typed(v *frame.Visit) askPage {
	return askPage{
		Title: v.Field("title"), Author: v.Field("author"), ISBN: v.Field("isbn"), NeedBy: v.Field("need_by"), Cost: v.Field("cost"),
		Agreed: v.Field("agreed"), Pickup: v.Field("pickup"), Branches: v.Place.Branches, Today: v.Today, Currency: v.Place.Currency,
	}
}

func (a Account) ask(v *frame.Visit) error {
	return v.Show("account-ask", frame.Head{Title: v.Say("Ask for a book")}, a.typed(v))
}

func (p askPage) body(v *frame.Visit) (gen.NewRequest, error) {
	in := gen.NewRequest{Citation: broker.Citation{Title: p.Title, Author: p.Author, ISBN: strings.ReplaceAll(p.ISBN, "-", "")}}
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
