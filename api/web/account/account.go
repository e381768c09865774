package account

import (
	"cmp"
	"embed"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

//go:embed *.html
var files embed.FS

// Account is the room's pages.
type Account struct {
	ops gen.StrictServerInterface
}

// Mount brings the pages.
func Mount(e *echo.Echo, site *frame.Site) error {
	a := Account{site.Operations}
	if err := site.Parse(files); err != nil {
		return err
	}
	site.Patron(e, http.MethodGet, "/account", a.show)
	site.Patron(e, http.MethodPost, "/account/loans/:loan/renew", a.renew)
	site.Patron(e, http.MethodPost, "/account/holds/:hold/cancel", a.cancelHold)
	site.Patron(e, http.MethodGet, "/account/requests/:number", a.request)
	site.Patron(e, http.MethodPost, "/account/requests/:number/:action", a.act)
	site.Patron(e, http.MethodGet, "/account/money", a.money)
	site.Patron(e, http.MethodGet, "/account/ask", a.ask)
	site.Patron(e, http.MethodPost, "/account/ask", a.submit)
	return nil
}

// book is one thing of the patron's, wherever it is.
type book struct {
	ID            broker.ID
	To            string
	Title, Author string
	// Label says where it is, in the words for patrons.
	Label string
	// Until is the day that counts: pick up by, due, or answer by.
	Until broker.Date
	At    time.Time
	Late  bool
	// Cost is what the patron is asked to pay.
	Cost    broker.Money
	Pickup  string
	Lender  string
	Pending bool
	Trouble *frame.Trouble
}

type accountPage struct {
	Asked, Ready, Coming, Have, Waiting, Ended []book
	Owes                                       broker.Money
	Patron                                     gen.Patron
	Library                                    string
	Today                                      broker.Date
	Currency                                   string
}

func (a Account) show(v *frame.Visit) error { return a.showWith(v, http.StatusOK, broker.NoID, nil) }

// showWith shows the account, with what stood in the way of an act beside the book
// it was for.
func (a Account) showWith(v *frame.Visit, status int, about broker.ID, trouble *frame.Trouble) error {
	page := accountPage{Library: v.Place.Name, Today: v.Today, Currency: v.Place.Currency}
	me, err := frame.Ask[gen.GetMe200JSONResponse](v, "getMe", a.ops.GetMe, gen.GetMeRequestObject{})
	if err != nil {
		return err
	}
	page.Patron, page.Owes = me.Patron, me.Patron.Owes
	if err := a.requests(v, &page); err != nil {
		return err
	}
	if err := a.holdsAndLoans(v, &page); err != nil {
		return err
	}
	for _, list := range [][]book{page.Asked, page.Ready, page.Coming, page.Have, page.Waiting} {
		for i := range list {
			if list[i].ID == about {
				list[i].Trouble = trouble
			}
		}
	}
	return v.ShowAs(status, "account", frame.Head{Title: v.Say("Where is my book?")}, page)
}

func (a Account) requests(v *frame.Visit, page *accountPage) error {
	list, err := frame.Ask[gen.ListMyRequests200JSONResponse](v, "listMyRequests", a.ops.ListMyRequests,
		gen.ListMyRequestsRequestObject{Params: gen.ListMyRequestsParams{Limit: 50}})
	if err != nil {
		return err
	}
	for _, one := range list.Requests {
		shown := book{
			ID: one.ID, To: fmt.Sprintf("/account/requests/%d", one.Number), Title: v.TitleOf(one.Citation), Author: cmp.Or(one.Citation.PartAuthor, one.Citation.Author),
			Label: v.Say(one.PatronLabel), At: one.SubmittedAt.In(v.Now.Location()), Cost: one.Cost, Lender: one.Lender.Name,
		}
		if !one.Deadline.DueAt.IsZero() {
			shown.Until = broker.DateIn(one.Deadline.DueAt, v.Now.Location())
		}
		switch {
		case !one.ClosedAt.IsZero():
			if len(page.Ended) < 5 {
				page.Ended = append(page.Ended, shown)
			}
		case one.State == "awaiting_cost_approval":
			page.Asked = append(page.Asked, shown)
		case one.State == "on_hold_shelf":
			shown.Until = one.PickUpBy
			page.Ready = append(page.Ready, shown)
		case one.State == "checked_out", one.State == "return_due", one.State == "return_shipped", one.State == "return_unconfirmed":
			// It is among the loans, or back already.
		default:
			page.Coming = append(page.Coming, shown)
		}
	}
	return nil
}

func (a Account) holdsAndLoans(v *frame.Visit, page *accountPage) error {
	holds, err := frame.Ask[gen.ListMyHolds200JSONResponse](v, "listMyHolds", a.ops.ListMyHolds, gen.ListMyHoldsRequestObject{})
	if err != nil {
		return err
	}
	for _, hold := range holds.Holds {
		if hold.RequestID != broker.NoID {
			continue // shown with its request
		}
		shown := book{ID: hold.ID, Title: hold.Title, Author: hold.Author, Until: hold.PickUpBy, Pickup: v.Place.Branch(hold.PickupBranchID)}
		if hold.Status == gen.HoldStatusOnHoldShelf {
			page.Ready = append(page.Ready, shown)
			continue
		}
		shown.Label = v.Say("On its way to the hold shelf")
		if hold.Status == gen.HoldStatusPlaced {
			shown.Label = v.Say("Waiting for a copy")
			if hold.Place > 0 {
				shown.Label = v.Say("Waiting for a copy; number {n} in line", "n", hold.Place)
			}
		}
		page.Waiting = append(page.Waiting, shown)
	}
	loans, err := frame.Ask[gen.ListMyLoans200JSONResponse](v, "listMyLoans", a.ops.ListMyLoans, gen.ListMyLoansRequestObject{})
	if err != nil {
		return err
	}
	for _, loan := range loans.Loans {
		page.Have = append(page.Have, book{
			ID: loan.ID, Title: loan.Title, Author: loan.Author, Until: loan.DueOn, Late: loan.Overdue, Pending: loan.RenewalPending,
		})
	}
	slices.SortStableFunc(page.Have, func(x, y book) int { return x.Until.Compare(y.Until) })
	return nil
}

func (a Account) renew(v *frame.Visit) error {
	id, err := broker.ParseID("loan", v.Param("loan"))
	if err != nil {
		return broker.NotFound("loan")
	}
	loan, err := frame.AskOnce[gen.RenewLoan200JSONResponse](v, "renewLoan", v.Key(), a.ops.RenewLoan, gen.RenewLoanRequestObject{ID: id, Body: &gen.Renewal{}})
	if err == nil {
		said := v.Say("Renewed: {title}, now due {day}.", "title", loan.Title, "day", v.Date(loan.DueOn, v.Today))
		if loan.RenewalPending {
			said = v.Say("We have asked the library that lent {title}. Its answer comes here.", "title", loan.Title)
		}
		return v.Done("/account#d-h", said)
	}
	return v.Refused(err, func(trouble *frame.Trouble) error { return a.showWith(v, trouble.Status, id, trouble) })
}

func (a Account) cancelHold(v *frame.Visit) error {
	id, err := broker.ParseID("hold", v.Param("hold"))
	if err != nil {
		return broker.NotFound("hold")
	}
	_, err = frame.Ask[gen.CancelHold204Response](v, "cancelHold", a.ops.CancelHold, gen.CancelHoldRequestObject{ID: id})
	if err == nil {
		return v.Done("/account", v.Say("You are no longer waiting for it."))
	}
	return v.Refused(err, func(trouble *frame.Trouble) error { return a.showWith(v, trouble.Status, id, trouble) })
}

type moneyPage struct {
	gen.Account
	Lines    []moneyLine
	More     string
	Today    broker.Date
	Currency string
}

type moneyLine struct {
	At      time.Time
	What    string
	Note    string
	Amount  broker.Money
	Receipt int64
}

// money lists everything charged and paid, the newest first.
func (a Account) money(v *frame.Visit) error {
	page := moneyPage{Today: v.Today, Currency: v.Place.Currency}
	owed, err := frame.Ask[gen.ListMyCharges200JSONResponse](v, "listMyCharges", a.ops.ListMyCharges, gen.ListMyChargesRequestObject{})
	if err != nil {
		return err
	}
	page.Account = gen.Account(owed)
	ledger, err := frame.Ask[gen.ListMyLedger200JSONResponse](v, "listMyLedger", a.ops.ListMyLedger,
		gen.ListMyLedgerRequestObject{Params: gen.ListMyLedgerParams{Limit: 100, Cursor: v.QueryParam("cursor")}})
	if err != nil {
		return err
	}
	for _, line := range ledger.Lines {
		page.Lines = append(page.Lines, moneyLine{
			At: line.At.In(v.Now.Location()), What: kindOf(v, string(line.Kind), line.ChargeKind), Note: line.Note, Amount: line.Amount, Receipt: line.Receipt,
		})
	}
	if ledger.NextCursor != "" {
		page.More = "/account/money?cursor=" + ledger.NextCursor
	}
	return v.Show("money", frame.Head{Title: v.Say("Charged and paid")}, page)
}

func kindOf(v *frame.Visit, kind, charge string) string {
	switch kind {
	case "payment":
		return v.Say("Paid")
	case "waiver":
		return v.Say("Let off")
	case "refund":
		return v.Say("Given back")
	case "reversal":
		return v.Say("Taken back")
	case "lapse":
		return v.Say("No longer owed")
	}
	switch charge {
	case "overdue":
		return v.Say("Late")
	case "ill_fee":
		return v.Say("Fee of the library that lent it")
	case "lost":
		return v.Say("Lost")
	case "damage":
		return v.Say("Damage")
	case "processing":
		return v.Say("Processing")
	case "postage":
		return v.Say("Postage")
	case "print", "copy", "fax":
		return v.Say("Printing and copying")
	case "card":
		return v.Say("Card")
	}
	return v.Say("Charge")
}

// number reads the request number of the address.
func number(v *frame.Visit) (string, error) {
	text := v.Param("number")
	if _, err := strconv.ParseInt(text, 10, 64); err != nil {
		return "", broker.NotFound("request")
	}
	return text, nil
}
