package people

import (
	"slices"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

type registerPage struct {
	Class, Name, Card, Born, Phone, Email, Address, Channel, Guardian, Pickup string
	Met                                                                       []string
	Shown                                                                     []string
	Fee, How                                                                  string
	Classes                                                                   []string
	Branches                                                                  []gen.Branch
	Channels                                                                  []string
	Seen                                                                      *gen.PatronPreview
	Reasons                                                                   []frame.Reason
	Trouble                                                                   *frame.Trouble
	Today                                                                     broker.Date
	Currency                                                                  string
}

// HasMet tells whether a paper was ticked.
func (p registerPage) HasMet(need string) bool { return slices.Contains(p.Met, need) }

func (p People) typed(v *frame.Visit) registerPage {
	_ = v.Request().ParseForm() // FormValue below would do it, and read what could be read
	return registerPage{
		Class: v.Field("class"), Name: v.Field("name"), Card: v.Field("card"), Born: v.Field("born_on"), Phone: v.Field("phone"), Email: v.Field("email"),
		Address: v.Field("address"), Channel: v.Field("notice_channel"), Guardian: v.Field("guardian_id"), Pickup: v.Field("branch_id"), Met: v.Request().Form["met"],
		Shown: v.Request().Form["shown"], Fee: v.Field("fee"), How: v.Field("how"),
		Branches: v.Place.Branches, Today: v.Today, Currency: v.Place.Currency, Channels: []string{"phone", "voice", "email", "sms", "letter", "account"},
	}
}

func (p People) register(v *frame.Visit) error {
	return v.Show("register", frame.Head{Title: v.Say("Give a card"), At: "patrons"}, p.typed(v))
}

// common reads what draft and registration have in common.
func (page registerPage) draft(v *frame.Visit) (gen.PatronDraft, error) {
	draft := gen.PatronDraft{
		Class: page.Class, Name: page.Name, Card: page.Card, Phone: page.Phone, Email: page.Email, Address: page.Address,
		NoticeChannel: gen.TellBy(page.Channel), Shown: page.Shown, Pin: v.FormValue("pin"),
	}
	for _, need := range page.Met {
		draft.Met = append(draft.Met, gen.CardNeed(need))
	}
	read := v.Reading()
	draft.BornOn, draft.GuardianID, draft.BranchID = read.Date("born_on"), read.ID("guardian_id"), read.ID("branch_id")
	if page.Fee != "" {
		draft.Fee = gen.CardFee{Paid: read.Amount("fee"), How: page.How}
	}
	return draft, read.Err()
}

// give looks first at what is missing and who looks alike; a card is given when
// nothing is missing and staff say so.
func (p People) give(v *frame.Visit) error {
	page := p.typed(v)
	draft, err := page.draft(v)
	if err == nil && v.Field("go") == "" {
		var seen gen.PreviewPatron200JSONResponse
		if seen, err = frame.Ask[gen.PreviewPatron200JSONResponse](v, "previewPatron", p.ops.PreviewPatron, gen.PreviewPatronRequestObject{Body: &draft}); err == nil {
			preview := gen.PatronPreview(seen)
			page.Seen, page.Reasons = &preview, v.Reasons(seen.Reasons)
			return v.Show("register", frame.Head{Title: v.Say("Give a card"), At: "patrons"}, page)
		}
	}
	if err == nil {
		body := gen.NewPatron{
			Class: draft.Class, Name: draft.Name, Card: draft.Card, BornOn: draft.BornOn, Address: draft.Address, Phone: draft.Phone, Email: draft.Email,
			NoticeChannel: draft.NoticeChannel, BranchID: draft.BranchID, GuardianID: draft.GuardianID, Met: draft.Met, Shown: draft.Shown, Fee: draft.Fee, Pin: draft.Pin,
		}
		var made gen.RegisterPatron201JSONResponse
		if made, err = frame.AskOnce[gen.RegisterPatron201JSONResponse](v, "registerPatron", v.Key(), p.ops.RegisterPatron, gen.RegisterPatronRequestObject{Body: &body}); err == nil {
			if len(made.Alike) > 0 {
				return v.Done("/patrons/"+made.Patron.ID.String()+"/merge", v.Say("The card is given. Somebody here looks alike: is it the same person?"))
			}
			return v.Done("/patrons/"+made.Patron.ID.String(), v.Say("The card is given. It may be used at once."))
		}
	}
	if page.Trouble = v.Trouble(err); page.Trouble == nil {
		return err
	}
	return v.ShowAs(page.Trouble.Status, "register", frame.Head{Title: v.Say("Problem: give a card"), At: "patrons"}, page)
}
