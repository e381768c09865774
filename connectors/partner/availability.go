package partner

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"afield/broker"
	"afield/connectors"
	"afield/connectors/wire"
)

// maxAvailable is more copies than a library has of anything.
const maxAvailable = 100_000

// Available asks a peer which copies it could lend now. See connectors.Holdings.
// Every error is broker.KindUnavailable with code "availability_unknown".
func (c *Client) Available(ctx context.Context, peer connectors.Peer, citation broker.Citation,
) (connectors.Availability, error) {
	target, err := wire.Endpoint(peer, "availability")
	if err != nil {
		return connectors.Availability{}, notKnown(err.Error())
	}
	target.RawQuery = availabilityQuery(citation)
	header, err := wire.Sign(peer.OutboundSecret, broker.NewID().String(), c.now(), signedQuery(target.RawQuery))
	if err != nil {
		return connectors.Availability{}, notKnown(err.Error())
	}
	got := c.call(ctx, peer, http.MethodGet, target, header, nil)
	switch {
	case got.Err != nil:
		return connectors.Availability{}, notKnown(wire.WhyNot(got))
	case got.Status != http.StatusOK:
		return connectors.Availability{}, notKnown(problemDetail(got.Status, got.Body))
	}
	return readAvailability(got.Body)
}

func notKnown(detail string) error {
	return &broker.Error{Kind: broker.KindUnavailable, Code: "availability_unknown", Detail: wire.Clip(detail, wire.MaxDetail)}
}

// availabilityQuery writes the parts of the citation in a fixed order. A part
// that is too long to be genuine is left out.
func availabilityQuery(citation broker.Citation) string {
	query := url.Values{}
	for _, part := range []struct{ name, text string }{
		{"isbn", citation.ISBN},
		{"issn", citation.ISSN},
		{"oclc", citation.OCLC},
		{"title", citation.Title},
		{"author", citation.Author},
		{"year", citation.Year},
		{"format", string(citation.Format)},
	} {
		if part.text != "" && len(part.text) <= maxTitle {
			query.Set(part.name, part.text)
		}
	}
	return query.Encode()
}

// readAvailability is strict about what it uses and ignores what a later version
// may add.
func readAvailability(body []byte) (connectors.Availability, error) {
	bad := func() (connectors.Availability, error) {
		return connectors.Availability{}, notKnown("the answer does not say what is available")
	}
	root, wrong, err := parse(body)
	if err != nil || len(wrong) > 0 {
		return bad()
	}
	r := &reader{}
	owned := r.truth(root, "owned")
	count, counted := take[json.Number](r, root, "", "available", shapeNumber)
	found := connectors.Availability{Cost: r.money(root, "cost"), Note: r.text(root, "", "note")}
	c := &checker{}
	c.money("/cost", found.Cost)
	c.prose("/note", found.Note)
	if owned == nil || !counted || len(r.fields) > 0 || len(c.fields) > 0 {
		return bad()
	}
	available, err := strconv.Atoi(count.String())
	if err != nil || available < 0 || available > maxAvailable || (available > 0 && !*owned) {
		return bad()
	}
	found.Owned, found.Available = *owned, available
	return found, nil
}
