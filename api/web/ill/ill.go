package ill

import (
	"context"
	"embed"
	"fmt"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

//go:embed *.html
var files embed.FS

// Desk is the room's pages.
type Desk struct {
	ops gen.StrictServerInterface
}

// Mount brings the pages.
func Mount(e *echo.Echo, site *frame.Site) error {
	d := Desk{site.Operations}
	if err := site.Parse(files); err != nil {
		return err
	}
	site.Staff(e, http.MethodGet, "/requests", d.queue)
	site.Staff(e, http.MethodGet, "/requests/new", d.newRequest)
	site.Staff(e, http.MethodPost, "/requests/new", d.submit)
	site.Staff(e, http.MethodGet, "/requests/:number", d.request)
	site.Staff(e, http.MethodPost, "/requests/:number/notes", d.note)
	site.Staff(e, http.MethodPost, "/requests/:number/:action", d.act)
	site.Staff(e, http.MethodGet, "/lending", d.lending)
	site.Staff(e, http.MethodGet, "/lending/:number", d.lendingRequest)
	site.Staff(e, http.MethodPost, "/lending/:number/:action", d.actOnLending)
	return nil
}

// numbered finds a request of ours by the number in the address.
func (d Desk) numbered(v *frame.Visit) (gen.Request, error) {
	id, err := d.find(v, func(ctx context.Context, q string) ([]gen.RequestSummary, error) {
		page, err := frame.Ask[gen.ListRequests200JSONResponse](v, "listRequests", d.ops.ListRequests,
			gen.ListRequestsRequestObject{Params: gen.ListRequestsParams{Q: q, Limit: 1}})
		return page.Requests, err
	})
	if err != nil {
		return gen.Request{}, err
	}
	request, err := frame.Ask[gen.GetRequest200JSONResponse](v, "getRequest", d.ops.GetRequest, gen.GetRequestRequestObject{ID: id})
	return gen.Request(request), err
}

// asked finds a request that others made of us by the number in the address.
func (d Desk) asked(v *frame.Visit) (gen.Request, error) {
	id, err := d.find(v, func(ctx context.Context, q string) ([]gen.RequestSummary, error) {
		page, err := frame.Ask[gen.ListLending200JSONResponse](v, "listLending", d.ops.ListLending,
			gen.ListLendingRequestObject{Params: gen.ListLendingParams{Q: q, Limit: 1}})
		return page.Requests, err
	})
	if err != nil {
		return gen.Request{}, err
	}
	request, err := frame.Ask[gen.GetLending200JSONResponse](v, "getLending", d.ops.GetLending, gen.GetLendingRequestObject{ID: id})
	return gen.Request(request), err
}

func (d Desk) find(v *frame.Visit, list func(context.Context, string) ([]gen.RequestSummary, error)) (broker.ID, error) {
	number := v.Param("number")
	if _, err := strconv.ParseInt(number, 10, 64); err != nil {
		return broker.NoID, broker.NotFound("request")
	}
	found, err := list(v.Request().Context(), number)
	if err != nil {
		return broker.NoID, err
	}
	if len(found) == 0 {
		return broker.NoID, broker.NotFound("request")
	}
	return found[0].ID, nil
}

// address is a request's page.
func address(side string, number int64) string {
	if side == string(gen.RequestSideLending) {
		return fmt.Sprintf("/lending/%d", number)
	}
	return fmt.Sprintf("/requests/%d", number)
}
