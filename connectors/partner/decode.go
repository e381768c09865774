package partner

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"afield/broker"
	"afield/connectors"
)

// Decode reads a message strictly. Mistakes come back as one broker.KindInvalid
// error that names every wrong field by JSON Pointer.
func Decode(body []byte) (connectors.Message, error) {
	root, wrong, err := parse(body)
	if err != nil {
		return connectors.Message{}, err
	}
	r := &reader{fields: wrong}
	message := r.message(root)
	for _, field := range check(message) {
		if !r.reported(field.Pointer) {
			r.fail(field.Pointer, field.Code, field.Message)
		}
	}
	if len(r.fields) > 0 {
		return connectors.Message{}, broker.Invalid(r.fields...)
	}
	return message, nil
}

// reader turns values into fields and collects every mistake it finds.
type reader struct{ fields []broker.FieldError }

func (r *reader) fail(pointer, code, message string) {
	r.fields = appendField(r.fields, pointer, code, message)
}

// reported tells whether a field, a part of it or the object it is in was found
// wrong already, so that a due date of the wrong type is not reported as missing
// too.
func (r *reader) reported(pointer string) bool {
	if len(r.fields) >= maxFieldErrors {
		return true
	}
	for _, field := range r.fields {
		if field.Pointer == pointer || strings.HasPrefix(field.Pointer, pointer+"/") ||
			strings.HasPrefix(pointer, field.Pointer+"/") {
			return true
		}
	}
	return false
}

func (r *reader) message(root map[string]any) connectors.Message {
	r.known(root, "", "version", "id", "kind", "request_id", "previous_request_id", "borrower", "lender",
		"sent_at", "citation", "service", "need_by", "max_cost", "rush", "copyright", "yes", "reason",
		"conditions", "cost", "due", "retry_after", "renewals", "fine", "fine_most", "items", "note")
	r.version(root)
	message := connectors.Message{
		ID: r.text(root, "", "id"), Kind: connectors.Kind(r.text(root, "", "kind")),
		RequestID: r.text(root, "", "request_id"), PreviousRequestID: r.text(root, "", "previous_request_id"),
		Borrower: r.symbol(root, "borrower"), Lender: r.symbol(root, "lender"), SentAt: r.instant(root, "sent_at"),
		Citation: r.citation(root), Service: r.text(root, "", "service"), NeedBy: r.date(root, "need_by"),
		MaxCost: r.money(root, "max_cost"), Copyright: r.text(root, "", "copyright"),
		Yes: r.truth(root, "yes"), Reason: r.text(root, "", "reason"), Conditions: r.text(root, "", "conditions"),
		Cost: r.money(root, "cost"), Due: r.date(root, "due"), RetryAfter: r.date(root, "retry_after"),
		Renewals: r.count(root, "renewals"), Fine: r.money(root, "fine"), FineMost: r.money(root, "fine_most"),
		Items: r.items(root), Note: r.text(root, "", "note"),
	}
	if rush := r.truth(root, "rush"); rush != nil {
		message.Rush = *rush
	}
	return message
}

// known reports fields that are not part of the wire, those among them whose
// name would fit but for its letter case.
func (r *reader) known(object map[string]any, pointer string, names ...string) {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if slices.Contains(names, name) {
			continue
		}
		message := "is not a field of this message"
		for _, want := range names {
			if strings.EqualFold(name, want) {
				message = "must be written " + want
			}
		}
		r.fail(pointer+"/"+escapePointer(name), "unknown_field", message)
	}
}

// take gives a member of the right type; it is not there when it is absent or
// wrong.
func take[T any](r *reader, object map[string]any, pointer, name string, want shape) (member T, there bool) {
	value, given := object[name]
	if !given {
		return member, false
	}
	if member, there = value.(T); !there {
		r.fail(pointer+"/"+name, "wrong_type", "must be "+string(want)+", not "+string(shapeOf(value)))
	}
	return member, there
}

func (r *reader) object(object map[string]any, pointer, name string) (map[string]any, bool) {
	return take[map[string]any](r, object, pointer, name, shapeObject)
}

func (r *reader) version(root map[string]any) {
	if _, given := root["version"]; !given {
		r.fail("/version", "required", "is required; this is version "+Version)
		return
	}
	if version, there := take[string](r, root, "", "version", shapeText); there && version != Version {
		r.fail("/version", "unsupported_version", "must be \""+Version+"\"")
	}
}

func (r *reader) text(object map[string]any, pointer, name string) string {
	text, _ := take[string](r, object, pointer, name, shapeText)
	return text
}

func (r *reader) truth(object map[string]any, name string) *bool {
	if truth, there := take[bool](r, object, "", name, shapeTruth); there {
		return &truth
	}
	return nil
}

func (r *reader) symbol(root map[string]any, name string) broker.Symbol {
	text := r.text(root, "", name)
	if text == "" {
		return broker.Symbol{}
	}
	symbol, err := broker.ParseSymbol(text)
	if err != nil {
		r.fail("/"+name, "not_a_symbol", symbolMessage)
	}
	return symbol
}

func (r *reader) instant(root map[string]any, name string) time.Time {
	text := r.text(root, "", name)
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		r.fail("/"+name, "not_an_instant", "must be an instant such as 2026-08-22T14:30:00Z")
		return time.Time{}
	}
	return at.UTC()
}

func (r *reader) date(root map[string]any, name string) broker.Date {
	text, there := take[string](r, root, "", name, shapeText)
	if !there {
		return broker.Date{}
	}
	date, err := broker.ParseDate(text)
	if err != nil {
		r.fail("/"+name, "not_a_date", "must be a date such as 2026-08-22")
	}
	return date
}

func (r *reader) count(root map[string]any, name string) *int {
	number, there := take[json.Number](r, root, "", name, shapeNumber)
	if !there {
		return nil
	}
	count, err := strconv.Atoi(number.String())
	if err != nil {
		r.fail("/"+name, "not_a_count", "must be a whole number")
	}
	return &count
}

func (r *reader) money(root map[string]any, name string) *broker.Money {
	member, there := r.object(root, "", name)
	if !there {
		return nil
	}
	amount, fields := readMoney(member, "/"+name)
	for _, field := range fields {
		r.fail(field.Pointer, field.Code, field.Message)
	}
	return &amount
}

// readMoney reads {"minor": 1250, "currency": "USD"}; minor is a whole number
// without point or exponent, so no amount passes through floating point.
func readMoney(member map[string]any, pointer string) (broker.Money, []broker.FieldError) {
	r := &reader{}
	r.known(member, pointer, "minor", "currency")
	amount := broker.Money{Currency: r.text(member, pointer, "currency")}
	minor, there := take[json.Number](r, member, pointer, "minor", shapeNumber)
	_, given := member["minor"]
	switch {
	case there:
		parsed, err := strconv.ParseInt(minor.String(), 10, 64)
		if err != nil {
			r.fail(pointer+"/minor", "not_an_amount", "must be a whole number of minor units, such as 1250 for 12.50")
		}
		amount.Minor = parsed
	case !given:
		r.fail(pointer+"/minor", "required", "is required")
	}
	return amount, r.fields
}

func (r *reader) citation(root map[string]any) *broker.Citation {
	member, there := r.object(root, "", "citation")
	if !there {
		return nil
	}
	const at = "/citation"
	r.known(member, at, "title", "author", "isbn", "issn", "oclc", "publisher", "year", "edition", "volume",
		"issue", "pages", "part_title", "part_author", "doi", "pmid", "format")
	return &broker.Citation{
		Title: r.text(member, at, "title"), Author: r.text(member, at, "author"),
		ISBN: r.text(member, at, "isbn"), ISSN: r.text(member, at, "issn"), OCLC: r.text(member, at, "oclc"),
		Publisher: r.text(member, at, "publisher"), Year: r.text(member, at, "year"),
		Edition: r.text(member, at, "edition"), Volume: r.text(member, at, "volume"),
		Issue: r.text(member, at, "issue"), Pages: r.text(member, at, "pages"),
		PartTitle: r.text(member, at, "part_title"), PartAuthor: r.text(member, at, "part_author"),
		DOI: r.text(member, at, "doi"), PMID: r.text(member, at, "pmid"),
		Format: broker.Format(r.text(member, at, "format")),
	}
}

func (r *reader) items(root map[string]any) []connectors.MessageItem {
	list, there := take[[]any](r, root, "", "items", shapeList)
	if !there {
		return nil
	}
	var items []connectors.MessageItem
	for i, value := range list {
		at := fmt.Sprintf("/items/%d", i)
		entry, ok := value.(map[string]any)
		if !ok {
			r.fail(at, "wrong_type", "must be an object, not "+string(shapeOf(value)))
			items = append(items, connectors.MessageItem{}) // keeps the pointers of the others right
			continue
		}
		r.known(entry, at, "barcode", "volume")
		items = append(items, connectors.MessageItem{
			Barcode: r.text(entry, at, "barcode"), Volume: r.text(entry, at, "volume"),
		})
	}
	return items
}
