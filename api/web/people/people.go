package people

import (
	"embed"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/api/web/words"
	"afield/broker"
)

//go:embed *.html
var files embed.FS

// People is the room's pages.
type People struct {
	ops gen.StrictServerInterface
}

// Mount brings the pages.
func Mount(e *echo.Echo, site *frame.Site) error {
	p := People{site.Operations}
	if err := site.Parse(files); err != nil {
		return err
	}
	site.Staff(e, http.MethodGet, "/patrons", p.search)
	site.Staff(e, http.MethodGet, "/patrons/new", p.register)
	site.Staff(e, http.MethodPost, "/patrons/new", p.give)
	site.Staff(e, http.MethodGet, "/patrons/:patron", p.show)
	site.Staff(e, http.MethodPost, "/patrons/:patron/pay", p.pay)
	site.Staff(e, http.MethodPost, "/patrons/:patron/pin", p.pin)
	site.Staff(e, http.MethodPost, "/patrons/:patron/change", p.change)
	site.Staff(e, http.MethodGet, "/patrons/:patron/merge", p.twoAccounts)
	site.Staff(e, http.MethodPost, "/patrons/:patron/merge", p.merge)
	site.Staff(e, http.MethodPost, "/patrons/:patron/loans/:loan/renew", p.renew)
	site.Staff(e, http.MethodPost, "/patrons/:patron/holds/:hold/cancel", p.cancel)
	return nil
}

type searchPage struct {
	Q       string
	Patrons []gen.PatronLine
	More    string
	Today   broker.Date
	Trouble *frame.Trouble
}

func (p People) search(v *frame.Visit) error {
	page := searchPage{Q: v.Field("q"), Today: v.Today}
	if page.Q != "" {
		found, err := frame.Ask[gen.SearchPatrons200JSONResponse](v, "searchPatrons", p.ops.SearchPatrons,
			gen.SearchPatronsRequestObject{Params: gen.SearchPatronsParams{Q: page.Q, Limit: 50, Cursor: v.QueryParam("cursor")}})
		if page.Trouble = v.Trouble(err); err != nil && page.Trouble == nil {
			return err
		}
		page.Patrons = found.Patrons
		if found.NextCursor != "" {
			page.More = "/patrons?q=" + page.Q + "&cursor=" + found.NextCursor
		}
	}
	return v.Show("patrons", frame.Head{Title: v.Say("Patrons"), At: "patrons"}, page)
}

// loan is one thing a patron has.
type loan struct {
	ID                     broker.ID
	Title, Author, Barcode string
	Due                    frame.Due
	Renewals               int
	Pending                bool
	Trouble                *frame.Trouble
}

// wait is a hold or a request.
type wait struct {
	ID    broker.ID
	To    string
	Title string
	State frame.State
	Due   frame.Due
	Hold  bool
}

type recordPage struct {
	gen.Patron
	Loans   []loan
	Holds   []wait
	Waits   []wait
	Charges []gen.Charge
	Cards   []gen.Card
	Pay     string
	Method  string
	Edit    bool
	// Typed are the fields of the form that changes the record.
	Typed    map[string]string
	Channels []string
	Branches []gen.Branch
	// Languages are those in which patrons are told, each with its name.
	Languages []frame.Option
	Trouble   *frame.Trouble
	Today     broker.Date
	Currency  string
	Zone      *time.Location
}

func (p People) id(v *frame.Visit) (broker.ID, error) {
	id, err := broker.ParseID("patron", v.Param("patron"))
	if err != nil {
		return broker.NoID, broker.NotFound("patron")
	}
	return id, nil
}

func (p People) show(v *frame.Visit) error {
	id, err := p.id(v)
	if err != nil {
		return err
	}
	return p.showWith(v, id, broker.NoID, nil)
}

// showWith shows the record. about is the loan a trouble is about, or none.
func (p People) showWith(v *frame.Visit, id, about broker.ID, trouble *frame.Trouble) error {
	patron, err := frame.Ask[gen.GetPatron200JSONResponse](v, "getPatron", p.ops.GetPatron, gen.GetPatronRequestObject{ID: id})
	if err != nil {
		return err
	}
	page := recordPage{
		Patron: gen.Patron(patron), Pay: v.Field("amount"), Method: v.Field("method"), Edit: v.QueryParam("edit") != "" || v.Field("edit") != "",
		Today: v.Today, Currency: v.Place.Currency, Zone: v.Now.Location(), Channels: []string{"phone", "voice", "email", "sms", "letter", "account"},
		Branches: v.Place.Branches, Languages: languages(patron.Language),
	}
	page.Typed = map[string]string{
		"name": patron.Name, "phone": patron.Phone, "email": patron.Email, "address": patron.Address, "notice_channel": string(patron.NoticeChannel), "note": patron.Note,
		"born_on": patron.BornOn.String(), "language": patron.Language, "branch_id": "", "keep_history": "",
	}
	if patron.BranchID != broker.NoID {
		page.Typed["branch_id"] = patron.BranchID.String()
	}
	if patron.KeepHistory != nil {
		page.Typed["keep_history"] = map[bool]string{true: "yes", false: "no"}[*patron.KeepHistory]
	}
	if trouble != nil && page.Edit {
		for name := range page.Typed {
			page.Typed[name] = v.FormValue(name)
		}
	}
	if about == broker.NoID {
		page.Trouble = trouble
	}
	if err := p.fill(v, id, about, trouble, &page); err != nil {
		return err
	}
	if page.Pay == "" && page.Owes.Minor > 0 {
		page.Pay = page.Owes.Decimal()
	}
	name := page.Name
	if name == "" {
		name = v.Say("(no name kept)")
	}
	return v.ShowWith(trouble, "patron", frame.Head{Title: name, At: "patrons"}, page)
}

func (p People) fill(v *frame.Visit, id, about broker.ID, trouble *frame.Trouble, page *recordPage) error {
	account, err := frame.Ask[gen.ListPatronCharges200JSONResponse](v, "listPatronCharges", p.ops.ListPatronCharges, gen.ListPatronChargesRequestObject{ID: id})
	if err != nil {
		return err
	}
	page.Charges = account.Charges
	loans, err := frame.Ask[gen.ListPatronLoans200JSONResponse](v, "listPatronLoans", p.ops.ListPatronLoans, gen.ListPatronLoansRequestObject{ID: id})
	if err != nil {
		return err
	}
	for _, one := range loans.Loans {
		shown := loan{ID: one.ID, Title: one.Title, Author: one.Author, Barcode: one.Barcode, Due: v.DueOn(one.DueOn), Renewals: one.Renewals, Pending: one.RenewalPending}
		if one.ID == about {
			shown.Trouble = trouble
		}
		page.Loans = append(page.Loans, shown)
	}
	holds, err := frame.Ask[gen.ListPatronHolds200JSONResponse](v, "listPatronHolds", p.ops.ListPatronHolds, gen.ListPatronHoldsRequestObject{ID: id})
	if err != nil {
		return err
	}
	for _, hold := range holds.Holds {
		shown := wait{ID: hold.ID, Title: hold.Title, Hold: true, State: holdState(v, hold), Due: v.DueOn(hold.PickUpBy)}
		if hold.TitleID != broker.NoID {
			shown.To = "/titles/" + hold.TitleID.String()
		}
		page.Holds = append(page.Holds, shown)
	}
	requests, err := frame.Ask[gen.ListPatronRequests200JSONResponse](v, "listPatronRequests", p.ops.ListPatronRequests,
		gen.ListPatronRequestsRequestObject{ID: id, Params: gen.ListPatronRequestsParams{Limit: 50}})
	if err != nil {
		return err
	}
	for _, one := range requests.Requests {
		if one.ClosedAt.IsZero() {
			page.Waits = append(page.Waits, wait{
				ID: one.ID, To: fmt.Sprintf("/requests/%d", one.Number), Title: v.TitleOf(one.Citation),
				State: frame.StateOf(string(one.Owner), one.State, one.StateLabel), Due: v.Due(one.Deadline.DueAt, one.Deadline.ThenLabel),
			})
		}
	}
	cards, err := frame.Ask[gen.ListCards200JSONResponse](v, "listCards", p.ops.ListCards, gen.ListCardsRequestObject{ID: id})
	page.Cards = cards.Cards
	return err
}

// languages are those that patrons can be told in, and one of this patron's that is
// none of them.
func languages(now string) (all []frame.Option) {
	known := words.Languages()
	if !slices.Contains(known, now) {
		all = append(all, frame.Option{Value: now, Label: now})
	}
	for _, code := range known {
		all = append(all, frame.Option{Value: code, Label: words.In(code).Name})
	}
	return all
}

func holdState(v *frame.Visit, hold gen.Hold) frame.State {
	switch hold.Status {
	case gen.HoldStatusOnHoldShelf:
		return frame.Shaped("here", v.Say("On the hold shelf"))
	case gen.HoldStatusInTransit:
		return frame.Shaped("move", v.Say("On its way to the hold shelf"))
	}
	if hold.Place > 0 {
		return frame.Shaped("patron", v.Say("Number {n} in line", "n", hold.Place))
	}
	return frame.Shaped("patron", v.Say("Waiting for a copy"))
}

func (p People) pay(v *frame.Visit) error {
	id, err := p.id(v)
	if err != nil {
		return err
	}
	read := v.Reading()
	amount := read.Amount("amount")
	if err = read.Err(); err == nil {
		var paid gen.RecordPayment201JSONResponse
		paid, err = frame.AskOnce[gen.RecordPayment201JSONResponse](v, "recordPayment", v.Key(), p.ops.RecordPayment,
			gen.RecordPaymentRequestObject{ID: id, Body: &gen.NewPayment{Amount: amount, Method: v.Field("method")}})
		if err == nil {
			said := v.Say("{amount} taken. Left: {left}.", "amount", v.Money(amount, v.Place.Currency), "left", v.Money(paid.Owes, v.Place.Currency))
			toast := frame.Toast{Text: said}
			if act := paid.Receipt.Act; act.ID != broker.NoID && !act.UndoUntil.IsZero() {
				toast.Undo, toast.UndoLabel, toast.Fields = "/desk/undo", v.Say("Undo"), map[string]string{"act": act.ID.String(), "back": "/patrons/" + id.String()}
			}
			v.Tell(toast)
			return v.Go("/patrons/" + id.String())
		}
	}
	return v.Refused(err, func(trouble *frame.Trouble) error { return p.showWith(v, id, broker.NoID, trouble) })
}

func (p People) pin(v *frame.Visit) error {
	id, err := p.id(v)
	if err != nil {
		return err
	}
	_, err = frame.Ask[gen.SetPIN200JSONResponse](v, "setPIN", p.ops.SetPIN, gen.SetPINRequestObject{ID: id, Body: &gen.NewPIN{Pin: v.FormValue("pin")}})
	if err == nil {
		return v.Done("/patrons/"+id.String(), v.Say("The PIN is set. Nobody can read it."))
	}
	return v.Refused(err, func(trouble *frame.Trouble) error { return p.showWith(v, id, broker.NoID, trouble) })
}

func (p People) change(v *frame.Visit) error {
	id, err := p.id(v)
	if err != nil {
		return err
	}
	given := func(name string) *string { text := v.Field(name); return &text }
	read := v.Reading()
	change := gen.PatronChange{
		Name: given("name"), Phone: given("phone"), Email: given("email"), Address: given("address"), NoticeChannel: (*gen.PatronChangeNoticeChannel)(given("notice_channel")), Note: given("note"),
		Language: given("language"), BornOn: read.Date("born_on"), BranchID: read.ID("branch_id"),
	}
	if wish := v.Field("keep_history"); wish != "" {
		keep := wish == "yes"
		change.KeepHistory = &keep
	}
	if err = read.Err(); err == nil {
		_, err = frame.Ask[gen.ChangePatron200JSONResponse](v, "changePatron", p.ops.ChangePatron, gen.ChangePatronRequestObject{ID: id, Body: &change})
	}
	if err == nil {
		return v.Done("/patrons/"+id.String(), v.Say("Changed."))
	}
	return v.Refused(err, func(trouble *frame.Trouble) error { return p.showWith(v, id, broker.NoID, trouble) })
}

func (p People) renew(v *frame.Visit) error {
	id, err := p.id(v)
	if err != nil {
		return err
	}
	loan, err := broker.ParseID("loan", v.Param("loan"))
	if err != nil {
		return broker.NotFound("loan")
	}
	done, err := frame.AskOnce[gen.RenewLoan200JSONResponse](v, "renewLoan", v.Key(), p.ops.RenewLoan, gen.RenewLoanRequestObject{
		ID: loan, Body: &gen.Renewal{Override: v.Request().Form["override"], OverrideReason: v.Field("override_reason")},
	})
	if err == nil {
		return v.Done("/patrons/"+id.String(), v.Say("Renewed: {title}, now due {day}.", "title", done.Title, "day", v.Date(done.DueOn, v.Today)))
	}
	return v.Refused(err, func(trouble *frame.Trouble) error { return p.showWith(v, id, loan, trouble) })
}

func (p People) cancel(v *frame.Visit) error {
	id, err := p.id(v)
	if err != nil {
		return err
	}
	hold, err := broker.ParseID("hold", v.Param("hold"))
	if err != nil {
		return broker.NotFound("hold")
	}
	_, err = frame.Ask[gen.CancelHold204Response](v, "cancelHold", p.ops.CancelHold, gen.CancelHoldRequestObject{ID: hold})
	if err == nil {
		return v.Done("/patrons/"+id.String(), v.Say("The hold is cancelled."))
	}
	return v.Refused(err, func(trouble *frame.Trouble) error { return p.showWith(v, id, broker.NoID, trouble) })
}
