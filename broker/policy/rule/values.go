package rule

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/strictyaml"
)

// Amount is money in the document's currency, in minor units. In YAML it is a
// decimal text, "5.00", and is never read through floating point.
type Amount int64

// UnmarshalYAML reads "5.00".
func (a *Amount) UnmarshalYAML(node ast.Node) error {
	money, err := broker.ParseMoney(node.GetToken().Value, "")
	if _, isText := node.(*ast.StringNode); !isText || err != nil || money.Minor < 0 {
		return strictyaml.FaultAt(node, "%q is not an amount; write it as \"5.00\", with the quotes", node.GetToken().Value)
	}
	*a = Amount(money.Minor)
	return nil
}

// String gives "5.00".
func (a Amount) String() string { return broker.Money{Minor: int64(a)}.Decimal() }

// MarshalText writes "5.00".
func (a Amount) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// Optional is a value or the word none. None says that there is no such limit
// or rule here; it is an answer, unlike an attribute that is absent.
type Optional[T any] struct {
	Is    bool // false is none
	Value T
}

// Some is an Optional with a value.
func Some[T any](value T) Optional[T] { return Optional[T]{Is: true, Value: value} }

// UnmarshalYAML reads none or a value.
func (o *Optional[T]) UnmarshalYAML(node ast.Node) error {
	if text, isText := node.(*ast.StringNode); isText {
		switch word := strings.ToLower(text.Value); {
		case word == "none":
			*o = Optional[T]{}
			return nil
		case slices.Contains([]string{"unlimited", "no limit", "never", "off", "no", "nothing", "infinite"}, word):
			return strictyaml.FaultAt(node, "%q is written none", text.Value)
		}
	}
	o.Is = true
	return strictyaml.Decode(node, &o.Value)
}

func (o Optional[T]) within() reflect.Type { return reflect.TypeFor[T]() }

// MarshalJSON writes "none" or the value.
func (o Optional[T]) MarshalJSON() ([]byte, error) {
	if !o.Is {
		return []byte(`"none"`), nil
	}
	return json.Marshal(o.Value)
}

// UnmarshalJSON reads "none" or the value.
func (o *Optional[T]) UnmarshalJSON(data []byte) error {
	if string(data) == `"none"` {
		*o = Optional[T]{}
		return nil
	}
	o.Is = true
	return json.Unmarshal(data, &o.Value)
}

// Check implements Checked.
func (o Optional[T]) Check() error {
	if checked, ok := any(o.Value).(Checked); o.Is && ok {
		return checked.Check()
	}
	if number, ok := any(o.Value).(int); o.Is && ok && number < 0 {
		return errors.New("must be none, or a number from 0 up")
	}
	return nil
}

// String gives "none" or the value.
func (o Optional[T]) String() string {
	if !o.Is {
		return "none"
	}
	return fmt.Sprint(o.Value)
}

// Set is a list of values, or the word all.
type Set struct {
	All    bool
	Values []string
}

// UnmarshalYAML reads all or a list.
func (s *Set) UnmarshalYAML(node ast.Node) error {
	if text, isText := node.(*ast.StringNode); isText {
		if text.Value != "all" {
			return strictyaml.FaultAt(node, "%q must be a list, or the word all", text.Value)
		}
		*s = Set{All: true}
		return nil
	}
	return strictyaml.Decode(node, &s.Values)
}

// MarshalJSON writes "all" or the list.
func (s Set) MarshalJSON() ([]byte, error) {
	if s.All {
		return []byte(`"all"`), nil
	}
	return json.Marshal(s.Values)
}

// Has tells whether the set holds a value.
func (s Set) Has(value string) bool { return s.All || slices.Contains(s.Values, value) }

// String gives "all" or the values.
func (s Set) String() string {
	if s.All {
		return "all"
	}
	return strings.Join(s.Values, ", ")
}

// Given tells whether the set says anything at all.
func (s Set) Given() bool { return s.All || len(s.Values) > 0 }

// Roles are staff roles, or none.
type Roles []string

// UnmarshalYAML reads a list of roles, or none.
func (r *Roles) UnmarshalYAML(node ast.Node) error {
	if text, isText := node.(*ast.StringNode); isText && text.Value == "none" {
		*r = Roles{}
		return nil
	}
	if err := strictyaml.Decode(node, (*[]string)(r)); err != nil {
		return err
	}
	for _, role := range *r {
		if !slices.Contains([]string{"desk", "ill", "director"}, role) {
			return strictyaml.FaultAt(node, "%q is not a role; roles are desk, ill, director", role)
		}
	}
	return nil
}

// Span is a number of days and which days count.
type Span struct {
	Days  int            `yaml:"days" json:"days"`
	Count calendar.Count `yaml:"count" json:"count"`
}

// Check implements Checked.
func (s Span) Check() error {
	if s.Days < 0 {
		return errors.New("days must be 0 or more")
	}
	return CheckCount(s.Count)
}

// String gives "3 open days".
func (s Span) String() string { return strconv.Itoa(s.Days) + " " + string(s.Count) + " days" }

// CheckCount refuses a way of counting days that does not exist.
func CheckCount(count calendar.Count) error {
	if count != calendar.CalendarDays && count != calendar.OpenDays {
		return fmt.Errorf("days are counted as calendar or open, not %q", count)
	}
	return nil
}
