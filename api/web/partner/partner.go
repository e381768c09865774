package partner

import (
	"embed"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
	"afield/connectors"
)

//go:embed *.html
var files embed.FS

type pages struct{ ops gen.StrictServerInterface }

// Mount brings the page of answers to the server.
func Mount(e *echo.Echo, site *frame.Site) error {
	if err := site.Parse(files); err != nil {
		return err
	}
	p := pages{site.Operations}
	site.Anyone(e, http.MethodGet, connectors.LinkPath+":token", p.show)
	site.Anyone(e, http.MethodPost, connectors.LinkPath+":token/:answer", p.answer)
	return nil
}

type askedPage struct {
	gen.Asked
	// Heading says what is asked, or how it stands.
	Heading string
	Acts    []frame.Act
	// Sent tells that an answer was just taken; Late that the request had moved on.
	Sent, Late bool
	// MayChange tells that another answer still counts: nothing is on its way, and
	// they have not moved on.
	MayChange bool
	Trouble   *frame.Trouble
	// Last is the link's last day.
	Last broker.Date
}

func (p pages) show(v *frame.Visit) error {
	asked, err := frame.Ask[gen.GetAsked200JSONResponse](v, "getAsked", p.ops.GetAsked, gen.GetAskedRequestObject{Token: v.Param("token")})
	if err != nil {
		return ended(v, err)
	}
	return p.page(v, http.StatusOK, gen.Asked(asked), "", nil)
}

func (p pages) page(v *frame.Visit, status int, asked gen.Asked, tried string, trouble *frame.Trouble) error {
	page := askedPage{Asked: asked, Trouble: trouble, Last: broker.DateIn(asked.Until, v.Now.Location())}
	v.Place.Currency = asked.Currency
	page.Acts = v.Acts(asked.Answers, 0, connectors.LinkPath+v.Param("token"), tried, trouble)
	for _, act := range page.Acts {
		if act.Trouble != nil && act.Folds() {
			page.Trouble = nil // it stands beside the form
		}
	}
	page.Heading = heading(v, asked)
	page.MayChange = asked.Current && slices.Contains([]string{"asked", "conditional", "promised"}, asked.Status)
	page.Sent, page.Late = v.QueryParam("sent") != "", v.QueryParam("sent") == "noted"
	return v.ShowAs(status, "asked", frame.Head{Title: page.Heading, Plain: true}, page)
}

func heading(v *frame.Visit, asked gen.Asked) string {
	switch {
	case !asked.Current:
		return v.Say("This is no longer asked of you")
	case asked.Status == "asked" && asked.Service == "copy":
		return v.Say("Can you send a copy from this?")
	case asked.Status == "asked":
		return v.Say("Can you lend this?")
	case asked.Status == "conditional":
		return v.Say("They are deciding about your offer")
	case asked.Status == "promised":
		return v.Say("Please send it")
	}
	return v.Say("You lent this")
}

func (p pages) answer(v *frame.Visit) error {
	request := gen.GetAskedRequestObject{Token: v.Param("token")}
	asked, err := frame.Ask[gen.GetAsked200JSONResponse](v, "getAsked", p.ops.GetAsked, request)
	if err != nil {
		return ended(v, err)
	}
	given := gen.GivenAnswer{Answer: v.Param("answer")}
	v.Place.Currency = asked.Currency
	for _, action := range asked.Answers {
		if action.Name == given.Answer {
			given.Form, err = v.ActionForm(action)
		}
	}
	if err == nil {
		var taken gen.AnswerAsked200JSONResponse
		taken, err = frame.AskOnce[gen.AnswerAsked200JSONResponse](v, "answerAsked", v.Key(), p.ops.AnswerAsked,
			gen.AnswerAskedRequestObject{Token: request.Token, Params: gen.AnswerAskedParams{IdempotencyKey: v.Key()}, Body: &given})
		if err == nil {
			return v.Go(connectors.LinkPath + request.Token + "?sent=" + taken.Outcome)
		}
	}
	if trouble := v.Trouble(err); trouble != nil {
		return p.page(v, trouble.Status, gen.Asked(asked), given.Answer, trouble)
	}
	return err
}

// ended answers a link that works no more, or never did.
func ended(v *frame.Visit, err error) error {
	known, is := broker.AsError(err)
	if !is || known.Code != "link_ended" && known.Kind != broker.KindNotFound && known.Kind != broker.KindInvalid {
		return err
	}
	status := http.StatusNotFound
	if known.Code == "link_ended" {
		status = http.StatusGone
	}
	return v.ShowAs(status, "link-ended", frame.Head{Title: v.Say("This link does not work"), Plain: true}, known.Code == "link_ended")
}
