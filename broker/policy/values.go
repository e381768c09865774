package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"afield/broker"
	"afield/broker/calendar"
)

// Amount is money in the document's currency, in minor units. In YAML it is a
// decimal text, "5.00", and is never read through floating point.
type Amount int64

// UnmarshalYAML reads "5.00".
func (a *Amount) UnmarshalYAML(node ast.Node) error {
	money, err := broker.ParseMoney(node.GetToken().Value, "")
	if _, isText := node.(*ast.StringNode); !isText || err != nil || money.Minor < 0 {
		return faultAt(node, "%q is not an amount; write it as \"5.00\", with the quotes", node.GetToken().Value)
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
	if text, isText := node.(*ast.StringNode); isText && text.Value == "none" {
		*o = Optional[T]{}
		return nil
	}
	o.Is = true
	return decode(node, &o.Value)
}

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

func (o Optional[T]) Check() error {
	if checked, ok := any(o.Value).(interface{ Check() error }); o.Is && ok {
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

// Operator compares what is owed with an amount.
type Operator string

// The comparisons policies make; at exactly the amount they differ.
const (
	AtLeast  Operator = ">="
	Over     Operator = ">"
	AtMost   Operator = "<="
	LessThan Operator = "<"
)

// Holds tells whether owed (operator) amount is true.
func (o Operator) Holds(owed, amount int64) bool {
	switch o {
	case AtLeast:
		return owed >= amount
	case Over:
		return owed > amount
	case AtMost:
		return owed <= amount
	case LessThan:
		return owed < amount
	}
	return false
}

// Threshold blocks an action by what a patron owes. Operator, amount, the
// counted kinds and the way out are one attribute: none makes sense alone.
type Threshold struct {
	// BlockedWhen is >= or >.
	BlockedWhen Operator `yaml:"blocked_when" json:"blocked_when"`
	Amount      Amount   `yaml:"amount" json:"amount"`
	// Counts names the charge kinds that count, or all.
	Counts Set `yaml:"counts" json:"counts"`
	// LiftedWhen is set where the way out differs from the way in: the block
	// then latches until it is met.
	LiftedWhen *Exit `yaml:"lifted_when" json:"lifted_when,omitempty"`
}

// Exit ends a latched block.
type Exit struct {
	Operator Operator `yaml:"operator" json:"operator"`
	Amount   Amount   `yaml:"amount" json:"amount"`
}

func (t Threshold) Check() error {
	switch {
	case t.BlockedWhen != AtLeast && t.BlockedWhen != Over:
		return fmt.Errorf("blocked_when is %q; it must be \">=\" or \">\"", t.BlockedWhen)
	case !t.Counts.given():
		return errors.New("counts must name charge kinds, or all")
	case t.LiftedWhen == nil:
		return nil
	case t.LiftedWhen.Amount > t.Amount:
		return errors.New("lifted_when must not lie above the amount that blocks")
	}
	return t.LiftedWhen.Check()
}

func (e Exit) Check() error {
	if e.Operator != AtMost && e.Operator != LessThan {
		return fmt.Errorf("lifted_when.operator is %q; it must be \"<=\" or \"<\"", e.Operator)
	}
	return nil
}

func (e Exit) holds(owed int64) bool { return e.Operator.Holds(owed, int64(e.Amount)) }

// needs says what ends the block, in the words of the desk.
func (e Exit) needs(currency string) string {
	if e.Operator == AtMost {
		return fmt.Sprintf("owes %s %s or less, once blocked", e.Amount, currency)
	}
	return fmt.Sprintf("owes less than %s %s, once blocked", e.Amount, currency)
}

// blocks tells whether an amount owed blocks, given whether the block is
// already latched.
func (t Threshold) blocks(owed int64, latched bool) bool {
	if t.BlockedWhen.Holds(owed, int64(t.Amount)) {
		return true
	}
	return latched && t.LiftedWhen != nil && !t.LiftedWhen.holds(owed)
}

// String gives "owes 5.00 or more".
func (t Threshold) String() string {
	if t.BlockedWhen == AtLeast {
		return "blocked when owing " + t.Amount.String() + " or more"
	}
	return "blocked when owing more than " + t.Amount.String()
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
			return faultAt(node, "%q must be a list, or the word all", text.Value)
		}
		*s = Set{All: true}
		return nil
	}
	return decode(node, &s.Values)
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

func (s Set) given() bool { return s.All || len(s.Values) > 0 }

// Roles are staff roles, or none.
type Roles []string

// UnmarshalYAML reads a list of roles, or none.
func (r *Roles) UnmarshalYAML(node ast.Node) error {
	if text, isText := node.(*ast.StringNode); isText && text.Value == "none" {
		*r = Roles{}
		return nil
	}
	if err := decode(node, (*[]string)(r)); err != nil {
		return err
	}
	for _, role := range *r {
		if !slices.Contains([]string{"desk", "ill", "director"}, role) {
			return faultAt(node, "%q is not a role; roles are desk, ill, director", role)
		}
	}
	return nil
}

// Span is a number of days and which days count.
type Span struct {
	Days  int            `yaml:"days" json:"days"`
	Count calendar.Count `yaml:"count" json:"count"`
}

func (s Span) Check() error {
	if s.Days < 0 {
		return errors.New("days must be 0 or more")
	}
	return checkCount(s.Count)
}

// String gives "3 open days".
func (s Span) String() string { return strconv.Itoa(s.Days) + " " + string(s.Count) + " days" }

func checkCount(count calendar.Count) error {
	if count != calendar.CalendarDays && count != calendar.OpenDays {
		return fmt.Errorf("days are counted as calendar or open, not %q", count)
	}
	return nil
}

// oneOf refuses a word outside a closed list.
func oneOf[T ~string](what string, value T, allowed ...T) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	var names []string
	for _, word := range allowed {
		names = append(names, string(word))
	}
	return fmt.Errorf("%s is %q; it must be one of %s", what, value, strings.Join(names, ", "))
}
