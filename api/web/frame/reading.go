package frame

import (
	"strconv"

	"afield/broker"
)

// Reading reads the typed fields of a form and collects every one that is wrong.
type Reading struct {
	v     *Visit
	wrong []broker.FieldError
}

// Reading begins to read the visitor's form.
func (v *Visit) Reading() *Reading { return &Reading{v: v} }

// Wrong notes a field that is wrong.
func (r *Reading) Wrong(name, code, message string) {
	r.wrong = append(r.wrong, broker.FieldError{Pointer: "/" + name, Code: code, Message: message})
}

// Date reads a date; an empty field gives the zero Date.
func (r *Reading) Date(name string) broker.Date {
	text := r.v.Field(name)
	if text == "" {
		return broker.Date{}
	}
	date, err := broker.ParseDate(text)
	if err != nil {
		r.Wrong(name, "not_a_date", r.v.Say("must be a date"))
	}
	return date
}

// Amount reads an amount in the library's currency; an empty field is wrong.
func (r *Reading) Amount(name string) broker.Money {
	amount, err := r.v.Amount(r.v.Field(name))
	if err != nil {
		r.Wrong(name, "not_an_amount", r.v.Say("must be an amount such as 12.50"))
	}
	return amount
}

// ID reads an id that a list of the page offered; an empty field gives NoID.
func (r *Reading) ID(name string) broker.ID {
	text := r.v.Field(name)
	if text == "" {
		return broker.NoID
	}
	id, err := broker.ParseID(name, text)
	if err != nil {
		r.Wrong(name, "not_an_id", r.v.Say("is not known here"))
	}
	return id
}

// Err gives all that is wrong at once, or nil.
func (r *Reading) Err() error {
	if len(r.wrong) == 0 {
		return nil
	}
	return broker.Invalid(r.wrong...)
}

// Number reads a whole number; an empty field gives nil.
func (r *Reading) Number(name string) *int {
	text := r.v.Field(name)
	if text == "" {
		return nil
	}
	number, err := strconv.Atoi(text)
	if err != nil {
		r.Wrong(name, "not_a_number", r.v.Say("must be a whole number"))
	}
	return &number
}
