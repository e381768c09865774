package web

import (
	"net/url"

	"afield/api/web/frame"
	"afield/broker"
	"afield/broker/openurl"
)

// openURL takes the link of a database or a link resolver to the new-request page,
// filled in: of staff, or of a patron. Who has not signed in does that first, and the
// link is kept.
func openURL(v *frame.Visit) error {
	raw := v.Request().URL.RawQuery
	if len(raw) > openurl.MaxBytes {
		return broker.Invalid(broker.FieldError{Pointer: "/query", Code: "too_long", Message: "must be a link of at most 8 KB; type the title in instead"})
	}
	fields := openurl.Read(raw).Form().Encode()
	switch {
	case v.Who.IsStaff() && v.Who.Office:
		return broker.Forbidden("This is for a library's own people and its patrons.")
	case v.Who.IsStaff():
		return v.Go("/requests/new?" + fields)
	case v.SignedIn():
		return v.Go("/account/ask?" + fields)
	}
	return v.Go("/sign-in?next=" + url.QueryEscape("/openurl/read?"+fields))
}

// openURLRead goes on with a link that was read before somebody signed in.
func openURLRead(v *frame.Visit) error {
	fields := v.Request().URL.Query().Encode()
	switch {
	case v.Who.IsStaff() && !v.Who.Office:
		return v.Go("/requests/new?" + fields)
	case v.SignedIn() && !v.Who.IsStaff():
		return v.Go("/account/ask?" + fields)
	}
	return v.Go("/")
}
