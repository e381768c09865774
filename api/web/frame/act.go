package frame

import (
	"strconv"
	"strings"

	"afield/api/gen"
	"afield/broker"
)

// Act is something that can be done with a request, as a form.
type Act struct {
	Name, Label string
	// To is the form's address, Version the version of the request it was read at.
	To      string
	Version int
	Fields  []Field
	// First marks the page's filled button.
	First bool
	// Final tells that there is no undo, so that it is confirmed in place.
	Final bool
	// Theirs marks what the other library says, for staff to write down.
	Theirs bool
	// Open tells that the form stands unfolded.
	Open bool
	// Trouble is what stood in the way of the last try.
	Trouble *Trouble
	Today   broker.Date
}

// Asks tells whether the act has a form at all.
func (a Act) Asks() bool { return len(a.Fields) > 0 }

// Folds tells whether the act stands folded, with its form inside: it asks for
// something, or there is no way back.
func (a Act) Folds() bool { return a.Asks() || a.Final }

// Field is one field of an act's form.
type Field struct {
	ID, Name, Type, Label string
	Required              bool
	Value                 string
	Options               []Option
	// Currency is written beside an amount.
	Currency string
	Wrong    string
}

// Option is one choice of a field.
type Option struct{ Value, Label string }

// Acts makes the forms of a request's available actions, those first that staff
// most often do. to is the request's page; tried names the act that was sent and
// came back with a trouble, whose fields keep what was typed.
func (v *Visit) Acts(actions []gen.AvailableAction, version int, to, tried string, trouble *Trouble) []Act {
	var first, others []Act
	for _, action := range actions {
		act := Act{
			Name: action.Name, Label: action.Label, To: to + "/" + action.Name, Version: version, First: action.First,
			Theirs: action.Theirs && !action.First, Final: action.Undo == "never", Open: action.Name == tried || action.Name == v.QueryParam("act"), Today: v.Today,
		}
		if action.Name == tried {
			act.Trouble = trouble
		}
		for _, field := range action.Form {
			act.Fields = append(act.Fields, v.field(action.Name, field, action.Name == tried, trouble))
		}
		if act.First {
			first = append(first, act)
		} else {
			others = append(others, act)
		}
	}
	return append(first, others...)
}

func (v *Visit) field(action string, field gen.FormField, tried bool, trouble *Trouble) Field {
	shown := Field{ID: action + "-" + field.Name, Name: field.Name, Type: string(field.Type), Label: field.Label, Required: field.Required, Currency: v.Place.Currency}
	if tried {
		shown.Value, shown.Wrong = v.FormValue(field.Name), trouble.Of(field.Name)
	}
	switch shown.Type {
	case "choice":
		for _, choice := range field.Choices {
			shown.Options = append(shown.Options, Option{choice, strings.ReplaceAll(choice, "_", " ")})
		}
	case "branch":
		for _, branch := range v.Place.Branches {
			shown.Options = append(shown.Options, Option{branch.ID.String(), branch.Name})
		}
	}
	return shown
}

// ActionForm reads the form of an action as the operations take it. Fields that were
// left empty are left out; an amount that is none is told.
func (v *Visit) ActionForm(action gen.AvailableAction) (gen.ActionForm, error) {
	form := gen.ActionForm{}
	var wrong []broker.FieldError
	for _, field := range action.Form {
		text := v.Field(field.Name)
		if text == "" {
			continue
		}
		switch field.Type {
		case "money":
			amount, err := v.Amount(text)
			if err != nil {
				wrong = append(wrong, broker.FieldError{Pointer: "/" + field.Name, Code: "not_an_amount", Message: v.Say("must be an amount such as 12.50")})
			}
			form[field.Name] = amount
		case "count":
			count, err := strconv.Atoi(text)
			if err != nil {
				wrong = append(wrong, broker.FieldError{Pointer: "/" + field.Name, Code: "not_a_number", Message: v.Say("must be a whole number")})
			}
			form[field.Name] = count
		default:
			form[field.Name] = text
		}
	}
	if len(wrong) > 0 {
		return nil, broker.Invalid(wrong...)
	}
	return form, nil
}

// Amount reads an amount in the library's currency, with a point or a comma.
func (v *Visit) Amount(text string) (broker.Money, error) {
	text = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), v.Signs[v.Place.Currency]))
	return broker.ParseMoney(strings.ReplaceAll(text, ",", "."), v.Place.Currency)
}

// Version is the version of the request that the form was made from.
func (v *Visit) Version() int {
	version, err := strconv.Atoi(v.FormValue("version"))
	if err != nil {
		return 0
	}
	return version
}
