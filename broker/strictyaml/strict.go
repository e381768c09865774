package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"

	"afield/broker"
)

// KeysOf tells where each key of a mapping is written.
func KeysOf(node ast.Node) map[string]*token.Token {
	where := map[string]*token.Token{}
	if mapping, ok := node.(ast.MapNode); ok {
		for at := mapping.MapRange(); at.Next(); {
			where[at.Key().GetToken().Value] = at.Key().GetToken()
		}
	}
	return where
}

// Decode reads a node strictly: an unknown key or a wrong type is an error that
// knows its line and column.
func Decode(node ast.Node, into any) error {
	if err := CheckShape(node, reflect.TypeOf(into).Elem()); err != nil {
		return err
	}
	var nothing bytes.Buffer
	return yaml.NewDecoder(&nothing, yaml.Strict()).DecodeFromNode(node, into)
}

// CheckShape refuses what the decoder would quietly convert: the text "10" or
// the number 10.5 where a whole number belongs, a number where a text belongs.
// Types that read a node themselves are left to do so.
func CheckShape(node ast.Node, want reflect.Type) error {
	if want.Kind() == reflect.Pointer {
		want = want.Elem()
	}
	if _, reads := reflect.New(want).Interface().(yaml.NodeUnmarshaler); reads {
		return nil
	}
	switch want.Kind() {
	case reflect.Struct:
		return checkFields(node, want)
	case reflect.Slice:
		list, ok := node.(*ast.SequenceNode)
		if !ok {
			return wrongType(node, "a list")
		}
		var wrong []error
		for _, value := range list.Values {
			wrong = append(wrong, CheckShape(value, want.Elem()))
		}
		return errors.Join(wrong...)
	case reflect.Int:
		if _, ok := node.(*ast.IntegerNode); !ok {
			return wrongType(node, "a whole number")
		}
	case reflect.Bool:
		if _, ok := node.(*ast.BoolNode); !ok {
			return wrongType(node, "true or false")
		}
	case reflect.Float64:
		switch node.(type) {
		case *ast.FloatNode, *ast.IntegerNode:
		default:
			return wrongType(node, "a number")
		}
	case reflect.String:
		switch node.(type) {
		case *ast.StringNode, *ast.LiteralNode:
		default:
			return wrongType(node, "a text")
		}
	}
	return nil
}

func checkFields(node ast.Node, want reflect.Type) error {
	mapping, ok := node.(ast.MapNode)
	if !ok {
		return wrongType(node, "a mapping of names to values")
	}
	types := map[string]reflect.Type{}
	collectFields(want, types)
	var wrong []error
	for at := mapping.MapRange(); at.Next(); {
		wanted, known := types[at.Key().GetToken().Value]
		if !known {
			wrong = append(wrong, unknownKey(at.Key(), slices.Sorted(maps.Keys(types))))
			continue
		}
		wrong = append(wrong, CheckShape(at.Value(), wanted))
	}
	return errors.Join(wrong...)
}

// few is how many words are worth listing in a message.
const few = 12

// unknownKey names a key that is not known, and what would be right.
func unknownKey(key ast.Node, known []string) error {
	word := key.GetToken().Value
	message := fmt.Sprintf("unknown key %q", word) + broker.Meant(word, known)
	if len(known) <= few {
		message += "; known here: " + strings.Join(known, ", ")
	}
	return FaultAt(key, "%s", message)
}

func collectFields(of reflect.Type, into map[string]reflect.Type) {
	for i := range of.NumField() {
		field := of.Field(i)
		name, option, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		switch {
		case option == "inline":
			collectFields(field.Type, into)
		case name != "":
			into[name] = field.Type
		}
	}
}

func wrongType(node ast.Node, wanted string) error {
	return FaultAt(node, "must be %s, not %q", wanted, node.GetToken().Value)
}

// FaultAt makes an error that knows its line and column.
func FaultAt(node ast.Node, format string, args ...any) error {
	return &yaml.SyntaxError{Message: fmt.Sprintf(format, args...), Token: StartOf(node)}
}

// StartOf gives the token a node begins with; a mapping's own token is the
// colon after its first key.
func StartOf(node ast.Node) *token.Token {
	if mapping, ok := node.(ast.MapNode); ok {
		if at := mapping.MapRange(); at.Next() {
			return at.Key().GetToken()
		}
	}
	return node.GetToken()
}

// ValueOf gives the node of one key of a mapping, or the mapping itself when it
// has no such key.
func ValueOf(node ast.Node, key string) ast.Node {
	if mapping, ok := node.(ast.MapNode); ok {
		for at := mapping.MapRange(); at.Next(); {
			if at.Key().GetToken().Value == key {
				return at.Value()
			}
		}
	}
	return node
}
