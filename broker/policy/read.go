package policy

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// decodeFile reads a whole document strictly. What is wrong with it is told all
// at once: an error for each key and each entry.
func decodeFile(text []byte, into *file) error {
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		return err
	}
	if len(tree.Docs) != 1 || tree.Docs[0].Body == nil {
		return fmt.Errorf("a policy file holds exactly one document")
	}
	body := tree.Docs[0].Body
	if err := decode(body, into); err != nil {
		return cmp.Or(gather(body), err)
	}
	into.where = keysOf(body)
	return nil
}

// gather reads the parts of a document one by one, each for its own mistakes.
func gather(body ast.Node) error {
	var said file
	wrong := []error{checkShape(body, reflect.TypeOf(said))}
	attributes, ok := valueOf(body, "attributes").(ast.MapNode)
	if !ok || keysOf(body)["attributes"] == nil {
		return errors.Join(wrong...)
	}
	rules := said.Attributes.byRule()
	for at := attributes.MapRange(); at.Next(); {
		if rule, known := rules[at.Key().GetToken().Value]; known {
			wrong = append(wrong, rule.(yaml.NodeUnmarshaler).UnmarshalYAML(at.Value()))
		}
	}
	return errors.Join(wrong...)
}
