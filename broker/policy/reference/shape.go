package reference

import (
	"reflect"
	"regexp"
	"strings"

	"afield/broker/calendar"
	"afield/broker/policy/rule"
)

// Kind is what a value is written as.
type Kind string

// The kinds.
const (
	Number Kind = "a whole number"
	Amount Kind = `an amount such as "5.00"`
	YesNo  Kind = "true or false"
	Text   Kind = "a word"
	List   Kind = "a list"
	Keys   Kind = "keys"
)

// Shape is how a value, or a part of one, is written.
type Shape struct {
	Is Kind `json:"is"`
	// Words are all that may stand there; none are given where it is free.
	Words []string `json:"words,omitempty"`
	// None tells that it may be none, All that it may be all in place of a list.
	None bool `json:"none,omitempty"`
	All  bool `json:"all,omitempty"`
	// Of is what a list is of, and Keys are those of a value that has some.
	Of   *Shape `json:"of,omitempty"`
	Keys []Key  `json:"keys,omitempty"`
}

// Key is one key of a value.
type Key struct {
	Name string `json:"key"`
	Says string `json:"says"`
	// May tells that it may be left out.
	May   bool  `json:"may_be_left_out,omitempty"`
	Shape Shape `json:"value"`
}

// shapeOf reads how a type is written.
func shapeOf(of reflect.Type) Shape {
	if of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	switch of {
	case reflect.TypeFor[rule.Amount]():
		return Shape{Is: Amount}
	case reflect.TypeFor[rule.Set]():
		return Shape{Is: List, Of: &Shape{Is: Text}, All: true}
	case reflect.TypeFor[rule.Roles]():
		return Shape{Is: List, Of: &Shape{Is: Text, Words: []string{"desk", "ill", "director"}}, None: true}
	case reflect.TypeFor[calendar.Count]():
		return Shape{Is: Text, Words: []string{string(calendar.CalendarDays), string(calendar.OpenDays)}}
	}
	if strings.HasPrefix(of.Name(), "Optional[") {
		value, _ := of.FieldByName("Value")
		shape := shapeOf(value.Type)
		shape.None = true
		return shape
	}
	switch of.Kind() {
	case reflect.Bool:
		return Shape{Is: YesNo}
	case reflect.Int:
		return Shape{Is: Number}
	case reflect.Slice:
		element := shapeOf(of.Elem())
		if element.Is == Text && element.Words == nil {
			list := reflect.MakeSlice(of, 1, 1)
			list.Index(0).SetString("?")
			element.Words = allowed(list.Interface(), "")
		}
		return Shape{Is: List, Of: &element}
	case reflect.Struct:
		return Shape{Is: Keys, Keys: keysOf(of)}
	}
	value := reflect.New(of).Elem()
	value.SetString("?")
	return Shape{Is: Text, Words: allowed(value.Interface(), "")}
}

func keysOf(of reflect.Type) []Key {
	var keys []Key
	for i := range of.NumField() {
		field := of.Field(i)
		name := of.Name() + "." + field.Tag.Get("yaml")
		key := Key{Name: field.Tag.Get("yaml"), Says: meant().Keys[name], May: rule.MayLeaveOut(field), Shape: shapeOf(field.Type)}
		if key.Shape.Is == Text && key.Shape.Words == nil {
			key.Shape.Words = meant().Words[name]
		}
		if key.Shape.Is == List && key.Shape.Of.Is == Text && key.Shape.Of.Words == nil {
			key.Shape.Of.Words = meant().Words[name]
		}
		for _, word := range []string{"", "?"} { // a check may pass over a word left out
			if key.Shape.Is == Text && key.Shape.Words == nil {
				key.Shape.Words = allowed(filled(of, word), key.Name)
			}
		}
		keys = append(keys, key)
	}
	return keys
}

// filled is a value of a struct in which no number is left out and every word is
// this wrong one, so that its check comes to its closed words.
func filled(of reflect.Type, word string) any {
	value := reflect.New(of).Elem()
	for i := range of.NumField() {
		switch field := value.Field(i); {
		case field.Kind() == reflect.Int:
			field.SetInt(1)
		case field.Type() == reflect.TypeFor[calendar.Count]():
			field.SetString(string(calendar.CalendarDays))
		case field.Kind() == reflect.String:
			field.SetString(word)
		case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.String:
			field.Set(reflect.MakeSlice(field.Type(), 1, 1))
			field.Index(0).SetString("?")
		}
	}
	return value.Interface()
}

// closed is what a check says of a word outside a closed list (rule.Among).
var closed = regexp.MustCompile(`(?m)^(.*) is "[^"]*"; it must be one of (.*)$`)

// allowed asks a value's own check which words it takes, those of one key or of
// any; nil where it takes every word.
func allowed(value any, key string) []string {
	checked, checks := value.(rule.Checked)
	if !checks {
		return nil
	}
	err := checked.Check()
	if err == nil {
		return nil
	}
	for _, said := range closed.FindAllStringSubmatch(err.Error(), -1) {
		if key == "" || said[1] == key {
			return strings.Split(said[2], ", ")
		}
	}
	return nil
}
