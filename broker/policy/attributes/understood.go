package attributes

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"afield/broker"
	"afield/broker/policy/rule"
)

// ChargeKinds are the kinds of charge that a threshold may count.
func ChargeKinds() []string {
	return []string{
		"overdue", "ill_fee", "lost", "damage", "processing", "shipping", "postage", "print", "copy", "fax",
		"card", "deposit", "collection", "other",
	}
}

// RequestStates are the states of a request that an active limit may count: those
// of the borrowing side.
func RequestStates() []string {
	return []string{
		"submitted", "needs_review", "routing", "awaiting_cost_approval", "requested", "conditional", "waiting_retry",
		"will_supply", "shipped", "received", "on_hold_shelf", "checked_out", "return_due", "return_shipped",
		"return_unconfirmed", "lost_pending", "cancel_pending",
	}
}

// CopyStates are the states of a copy that a hold may be placed on.
func CopyStates() []string { return []string{"available", "on_loan", "on_order", "in_processing"} }

// PeriodSetters are those who may set the due date of a loan.
func PeriodSetters() []string {
	return []string{string(SetByLibrary), string(SetByLender), string(SetByProvider)}
}

// Understood refuses words in a value that nothing answers to: they would be
// without effect. items are the material types that the document knows.
func Understood(said rule.Attribute, items []string) error {
	types := func(words []string) error { return eachAmong("type of material", words, items) }
	switch value := said.Value.(type) {
	case rule.Optional[Threshold]:
		return eachAmong("kind of charge", value.Value.Counts.Values, ChargeKinds())
	case Active:
		return eachAmong("state of a request", value.States, RequestStates())
	case Borrowable:
		return errors.Join(types(value.Items.Values), types(value.Except), eachAmong("owner", value.Owners.Values, broker.Texts(rule.EveryOwner())))
	case Groups:
		var wrong []error
		for _, group := range value {
			wrong = append(wrong, types(group.Items))
		}
		return errors.Join(wrong...)
	case SetBy:
		return eachAmong("word for who sets a period", []string{string(value)}, PeriodSetters())
	case FaxPrice:
		if value.Within != "" {
			return CheckPlace(value.Within)
		}
	case rule.Set:
		return understoodSet(said.Rule, value.Values, types)
	}
	return nil
}

func understoodSet(id string, words []string, types func([]string) error) error {
	switch id {
	case "holds.formats":
		return types(words)
	case "holds.states":
		return eachAmong("state of a copy", words, CopyStates())
	case "ill.lender_places":
		var wrong []error
		for _, place := range words {
			if place != ContiguousStates {
				wrong = append(wrong, CheckPlace(place))
			}
		}
		return errors.Join(wrong...)
	}
	return nil
}

// eachAmong refuses words that are not among those known.
func eachAmong(what string, words, known []string) error {
	var wrong []error
	for _, word := range words {
		if !slices.Contains(known, word) {
			wrong = append(wrong, fmt.Errorf("%q is not a %s here; there are %s%s", word, what, strings.Join(known, ", "), broker.Meant(word, known)))
		}
	}
	return errors.Join(wrong...)
}

// ContiguousStates is the word in ill.lender_places for the 48 contiguous states
// of the US.
const ContiguousStates = "US-48"

// places has the states and provinces of the countries whose libraries lend to
// each other most; for others the form alone is checked.
var places = map[string]string{
	"US": "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY AS GU MP PR UM VI",
	"CA": "AB BC MB NB NL NS NT NU ON PE QC SK YT",
}

// placeForm is a country alone, or with one of its parts (ISO 3166-2).
var placeForm = regexp.MustCompile(`^([A-Z]{2})(?:-([A-Z0-9]{1,3}))?$`)

// CheckPlace refuses a place that is not a country, or a state or province of
// one.
func CheckPlace(place string) error {
	parts := placeForm.FindStringSubmatch(place)
	if parts == nil {
		return fmt.Errorf("%q is not a place; one is written US-IN, CA-ON or DE", place)
	}
	if region, err := language.ParseRegion(parts[1]); err != nil || !region.IsCountry() {
		return fmt.Errorf("%q is not in a country: %s is none (ISO 3166)", place, parts[1])
	}
	if known := strings.Fields(places[parts[1]]); parts[2] != "" && len(known) > 0 && !slices.Contains(known, parts[2]) {
		return fmt.Errorf("%q is not a state or province of %s", place, parts[1])
	}
	return nil
}
