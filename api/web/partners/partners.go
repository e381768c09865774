// Package partners serves the pages of libraries that run systems of their own: how
// each does, what was said last, and another try for what waits.
package partners

import (
	"embed"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

//go:embed *.html
var files embed.FS

// Partners is the room's pages.
type Partners struct {
	ops gen.StrictServerInterface
}

// Mount brings the pages.
func Mount(e *echo.Echo, site *frame.Site) error {
	p := Partners{site.Operations}
	if err := site.Parse(files); err != nil {
		return err
	}
	site.Staff(e, http.MethodGet, "/partners", p.list)
	site.Staff(e, http.MethodGet, "/partners/:partner", p.one)
	site.Staff(e, http.MethodPost, "/partners/:partner/try", p.try)
	return nil
}

// line is one partner in words.
type line struct {
	gen.Partner
	// How says how it is reached.
	How   string
	State frame.State
	// Yes in a hundred answers, and Says how many there were; Yes is -1 where none was.
	Share       int
	Says        int
	Heard, Next time.Time
	Sent        time.Time
	Days        int
}

type listPage struct {
	Lines []line
	// Away are those that take nothing at present.
	Away []line
	// Catalogues are those that are searched.
	Catalogues []catalogue
	Today      broker.Date
}

// catalogue is one that is searched, in words.
type catalogue struct {
	gen.SearchedCatalogue
	State    frame.State
	Answered time.Time
}

func catalogueOf(v *frame.Visit, found gen.SearchedCatalogue) catalogue {
	shown := catalogue{SearchedCatalogue: found, Answered: found.AnsweredAt}
	if !shown.Answered.IsZero() {
		shown.Answered = shown.Answered.In(v.Now.Location())
	}
	switch {
	case found.Failures > 0:
		shown.State = frame.Shaped("us", v.Count(found.Failures, "Away, 1 try", "Away, {n} tries"))
	case found.AskedAt.IsZero():
		shown.State = frame.Shaped("system", v.Say("Not searched yet"))
	default:
		shown.State = frame.Shaped("done", v.Say("Well"))
	}
	return shown
}

type onePage struct {
	Line     line
	Messages []said
	Trouble  *frame.Trouble
	Today    broker.Date
}

type said struct {
	gen.PartnerSaid
	At, Next time.Time
	What     string
	State    frame.State
	// Request leads to what it is about; "" for nothing.
	Request string
}

func (p Partners) list(v *frame.Visit) error {
	found, err := frame.Ask[gen.ListPartners200JSONResponse](v, "listPartners", p.ops.ListPartners, gen.ListPartnersRequestObject{})
	if err != nil {
		return err
	}
	page := listPage{Today: v.Today}
	for _, partner := range found.Partners {
		shown := lineOf(v, partner)
		page.Lines = append(page.Lines, shown)
		if partner.Failing > 0 {
			page.Away = append(page.Away, shown)
		}
	}
	for _, one := range found.Catalogues {
		page.Catalogues = append(page.Catalogues, catalogueOf(v, one))
	}
	return v.Show("partners", frame.Head{Title: v.Say("Partners"), At: "partners"}, page)
}

// reached says how a partner is reached: by ISO 18626 in an edition, and in which
// system's way.
func reached(partner gen.Partner) string {
	if partner.Edition == "" {
		return partner.Protocol
	}
	said := "ISO 18626, " + partner.Edition
	if partner.Dialect != "" {
		said += ", " + partner.Dialect
	}
	return said
}

func lineOf(v *frame.Visit, partner gen.Partner) line {
	zone := v.Now.Location()
	in := func(at time.Time) time.Time {
		if at.IsZero() {
			return at
		}
		return at.In(zone)
	}
	shown := line{Partner: partner, How: reached(partner), Share: -1, Says: partner.Yes + partner.No + partner.Silent, Heard: in(partner.HeardAt), Next: in(partner.NextTryAt), Sent: in(partner.SentAt), Days: (partner.AnswerHours + 23) / 24}
	if shown.Says > 0 {
		shown.Share = 100 * partner.Yes / shown.Says
	}
	switch {
	case partner.Paused:
		shown.State = frame.Shaped("stop", v.Say("Paused by the office"))
	case partner.Failing > 0:
		shown.State = frame.Shaped("us", v.Count(partner.Tries, "Away, 1 try", "Away, {n} tries"))
	case partner.HeardAt.IsZero() && partner.SentAt.IsZero():
		shown.State = frame.Shaped("system", v.Say("Nothing said yet"))
	default:
		shown.State = frame.Shaped("done", v.Say("Well"))
	}
	return shown
}

func (p Partners) one(v *frame.Visit) error { return p.show(v, nil) }

func (p Partners) show(v *frame.Visit, trouble *frame.Trouble) error {
	id, err := broker.ParseID("partner", v.Param("partner"))
	if err != nil {
		return broker.NotFound("partner")
	}
	found, err := frame.Ask[gen.GetPartner200JSONResponse](v, "getPartner", p.ops.GetPartner, gen.GetPartnerRequestObject{ID: id})
	if err != nil {
		return err
	}
	page := onePage{Line: lineOf(v, found.Partner), Trouble: trouble, Today: v.Today}
	for _, one := range found.Messages {
		shown := said{PartnerSaid: one, At: one.CreatedAt.In(v.Now.Location()), What: kindOf(v, one.Kind), State: statusOf(v, one)}
		if !one.NextTryAt.IsZero() {
			shown.Next = one.NextTryAt.In(v.Now.Location())
		}
		if one.Number > 0 {
			shown.Request = "/requests/" + strconv.FormatInt(one.Number, 10)
			if one.Side == "lending" {
				shown.Request = "/lending/" + strconv.FormatInt(one.Number, 10)
			}
		}
		page.Messages = append(page.Messages, shown)
	}
	return v.ShowWith(trouble, "partner", frame.Head{Title: found.Partner.Name, At: "partners"}, page)
}

// kindOf says what a message is, as people who lend say it.
func kindOf(v *frame.Visit, kind string) string {
	switch kind {
	case "request":
		return v.Say("A request")
	case "cancel":
		return v.Say("Never mind")
	case "will_supply", "expect_to_supply":
		return v.Say("Yes")
	case "unfilled":
		return v.Say("No")
	case "conditional":
		return v.Say("Yes, on conditions")
	case "loaned", "copy_completed":
		return v.Say("It is on its way")
	case "received":
		return v.Say("It arrived")
	case "shipped_return":
		return v.Say("It is on its way back")
	case "loan_completed":
		return v.Say("It is home")
	case "renew", "renew_answer":
		return v.Say("About a renewal")
	case "note":
		return v.Say("A note")
	}
	return v.Say("Another word about it")
}

func statusOf(v *frame.Visit, one gen.PartnerSaid) frame.State {
	switch one.Status {
	case "ready", "claimed":
		if one.Error != "" {
			return frame.Shaped("us", v.Say("Tried in vain, goes on"))
		}
		return frame.Shaped("system", v.Say("Waits"))
	case "failed", "refused":
		return frame.Shaped("stop", v.Say("Not taken"))
	case "withdrawn":
		return frame.Shaped("stop", v.Say("Taken back before it went"))
	}
	return frame.Shaped("done", v.Say("Arrived"))
}

// try has what waits go out now.
func (p Partners) try(v *frame.Visit) error {
	id, err := broker.ParseID("partner", v.Param("partner"))
	if err != nil {
		return broker.NotFound("partner")
	}
	done, err := frame.AskOnce[gen.TryPartner200JSONResponse](v, "tryPartner", v.Key(), p.ops.TryPartner, gen.TryPartnerRequestObject{ID: id})
	if err == nil {
		return v.Done("/partners/"+id.String(), v.Count(done.Messages, "1 message is tried in the next seconds.", "{n} messages are tried in the next seconds."))
	}
	if broker.IsKind(err, broker.KindNotFound) {
		return err
	}
	return v.Refused(err, func(trouble *frame.Trouble) error { return p.show(v, trouble) })
}
