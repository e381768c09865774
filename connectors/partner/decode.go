package partner

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"afield/broker"
	"afield/connectors"
)

// Decode reads a message strictly. What is wrong comes back as one
// broker.KindInvalid error that names every wrong field by JSON Pointer.
func Decode(body []byte) (connectors.Message, error) {
	root, fields := parse(body)
	if root == nil {
		return connectors.Message{}, broker.Invalid(fields...)
	}
	if root.shape != shapeObject {
		return connectors.Message{}, broker.Invalid(broker.FieldError{
			Code:    "wrong_type",
			Message: "the body must be an object, not " + string(root.shape),
		})
	}
	r := &reader{fields: fields}
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

// reader turns values into fields and keeps every mistake it meets.
type reader struct{ fields []broker.FieldError }

func (r *reader) fail(pointer, code, message string) {
	r.fields = appendField(r.fields, pointer, code, message)
}

// reported tells whether a field, a part of it or what it is in was found wrong
// already, so that a due date of the wrong type is not reported as missing too.
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

func (r *reader) message(root *value) connectors.Message {
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

// known reports fields that are not part of the wire, and those whose name
// would fit but for its letter case.
func (r *reader) known(object *value, pointer string, names ...string) {
	for _, name := range object.names {
		code, message := "unknown_field", "is not a field of this message"
		found := false
		for _, want := range names {
			if name == want {
				found = true
				break
			}
			if strings.EqualFold(name, want) {
				code, message = "wrong_case", "must be written "+want
			}
		}
		if !found {
			r.fail(pointer+"/"+escapePointer(name), code, message)
		}
	}
}

// take gives a member of the right shape, or nil when it is absent or wrong.
func (r *reader) take(object *value, pointer, name string, want shape) *value {
	member, there := object.members[name]
	if !there {
		return nil
	}
	if member.shape != want {
		r.fail(pointer+"/"+name, "wrong_type", "must be "+string(want)+", not "+string(member.shape))
		return nil
	}
	return member
}

func (r *reader) version(root *value) {
	member, there := root.members["version"]
	switch {
	case !there:
		r.fail("/version", "required", "is required; this is version "+Version)
	case member.shape != shapeText:
		r.fail("/version", "wrong_type", "must be text, not "+string(member.shape))
	case member.text != Version:
		r.fail("/version", "unsupported_version", "must be \""+Version+"\"")
	}
}

func (r *reader) text(object *value, pointer, name string) string {
	if member := r.take(object, pointer, name, shapeText); member != nil {
		return member.text
	}
	return ""
}

func (r *reader) truth(object *value, name string) *bool {
	if member := r.take(object, "", name, shapeTruth); member != nil {
		return &member.truth
	}
	return nil
}

func (r *reader) symbol(root *value, name string) broker.Symbol {
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

func (r *reader) instant(root *value, name string) time.Time {
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

func (r *reader) date(root *value, name string) broker.Date {
	member := r.take(root, "", name, shapeText)
	if member == nil {
		return broker.Date{}
	}
	date, err := broker.ParseDate(member.text)
	if err != nil {
		r.fail("/"+name, "not_a_date", "must be a date such as 2026-08-22")
	}
	return date
}

func (r *reader) count(root *value, name string) *int {
	member := r.take(root, "", name, shapeNumber)
	if member == nil {
		return nil
	}
	count, err := strconv.Atoi(member.text)
	if err != nil {
		r.fail("/"+name, "not_a_count", "must be a whole number")
	}
	return &count
}

func (r *reader) money(root *value, name string) *broker.Money {
	member := r.take(root, "", name, shapeObject)
	if member == nil {
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
func readMoney(member *value, pointer string) (broker.Money, []broker.FieldError) {
	r := &reader{}
	r.known(member, pointer, "minor", "currency")
	amount := broker.Money{Currency: r.text(member, pointer, "currency")}
	minor := r.take(member, pointer, "minor", shapeNumber)
	switch {
	case minor != nil:
		parsed, err := strconv.ParseInt(minor.text, 10, 64)
		if err != nil {
			r.fail(pointer+"/minor", "not_an_amount", "must be a whole number of minor units, such as 1250 for 12.50")
		}
		amount.Minor = parsed
	case member.members["minor"] == nil:
		r.fail(pointer+"/minor", "required", "is required")
	}
	return amount, r.fields
}

func (r *reader) citation(root *value) *broker.Citation {
	member := r.take(root, "", "citation", shapeObject)
	if member == nil {
		return nil
	}
	const at = "/citation"
	r.known(member, at, "title", "author", "isbn", "issn", "oclc", "publisher", "year", "edition", "volume", "format")
	return &broker.Citation{
		Title: r.text(member, at, "title"), Author: r.text(member, at, "author"),
		ISBN: r.text(member, at, "isbn"), ISSN: r.text(member, at, "issn"), OCLC: r.text(member, at, "oclc"),
		Publisher: r.text(member, at, "publisher"), Year: r.text(member, at, "year"),
		Edition: r.text(member, at, "edition"), Volume: r.text(member, at, "volume"),
		Format: broker.Format(r.text(member, at, "format")),
	}
}

func (r *reader) items(root *value) []connectors.MessageItem {
	member := r.take(root, "", "items", shapeList)
	if member == nil {
		return nil
	}
	var items []connectors.MessageItem
	for i, entry := range member.list {
		at := fmt.Sprintf("/items/%d", i)
		if entry.shape != shapeObject {
			r.fail(at, "wrong_type", "must be an object, not "+string(entry.shape))
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
