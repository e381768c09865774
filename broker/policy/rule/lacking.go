package rule

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// wrapped is a value that stands for another in a document: an Optional.
type wrapped interface{ within() reflect.Type }

// lacking refuses a value that leaves a key out. A key may be left out only where
// its field says so (omitempty), and then means what the field's comment says.
func lacking(node ast.Node, of reflect.Type) error {
	if of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if inner, ok := reflect.Zero(of).Interface().(wrapped); ok {
		return lacking(node, inner.within())
	}
	var wrong []error
	switch of.Kind() {
	case reflect.Slice:
		if list, ok := node.(*ast.SequenceNode); ok {
			for _, value := range list.Values {
				wrong = append(wrong, lacking(value, of.Elem()))
			}
		}
	case reflect.Struct:
		mapping, ok := node.(ast.MapNode)
		if !ok {
			return nil
		}
		said := map[string]ast.Node{}
		for at := mapping.MapRange(); at.Next(); {
			said[at.Key().GetToken().Value] = at.Value()
		}
		for i := range of.NumField() {
			field := of.Field(i)
			key := field.Tag.Get("yaml")
			switch value := said[key]; {
			case key == "":
			case value != nil:
				wrong = append(wrong, lacking(value, field.Type))
			case !MayLeaveOut(field):
				wrong = append(wrong, fmt.Errorf("%s is missing, and has no default: write it too", key))
			}
		}
	}
	return errors.Join(wrong...)
}

// MayLeaveOut tells whether a document may leave out a field of a value.
func MayLeaveOut(field reflect.StructField) bool {
	return strings.Contains(field.Tag.Get("json"), ",omit")
}
