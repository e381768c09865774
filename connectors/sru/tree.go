package sru

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding/htmlindex"
)

// The bounds of one answer.
const (
	maxBytes    = 4 << 20
	maxDepth    = 64
	maxElements = 60_000
)

// node is one element of an answer. Names are local ones: which namespace a system
// writes says nothing (1.x and 2.0 differ, and some write none).
type node struct {
	name       string
	attributes []xml.Attr
	text       string
	children   []*node
	raw        []byte // the text, while it is read
}

// budget is how many elements may still be read, over all parts of an answer.
type budget struct{ elements int }

// parse reads one document. The root's text is what stands in it outside elements.
func parse(text []byte, left *budget) (*node, error) {
	decoder := xml.NewDecoder(bytes.NewReader(text))
	decoder.CharsetReader = func(label string, input io.Reader) (io.Reader, error) {
		encoding, err := htmlindex.Get(label)
		if err != nil {
			return nil, fmt.Errorf("its encoding %q is not known", shown(label))
		}
		return encoding.NewDecoder().Reader(input), nil
	}
	var root *node
	var open []*node
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			if root == nil {
				return nil, errors.New("it is empty")
			}
			return root, nil
		}
		if err != nil {
			return nil, fmt.Errorf("it is not XML: %s", plain(err))
		}
		switch token := token.(type) {
		case xml.Directive:
			return nil, errors.New("it has a document type, which is refused")
		case xml.StartElement:
			if left.elements--; left.elements < 0 {
				return nil, fmt.Errorf("it has more than %d elements", maxElements)
			}
			made := &node{name: token.Name.Local, attributes: token.Attr}
			if len(open) == 0 {
				if root != nil {
					return nil, errors.New("it has two documents in one")
				}
				root = made
			} else {
				inside := open[len(open)-1]
				inside.children = append(inside.children, made)
			}
			if open = append(open, made); len(open) > maxDepth {
				return nil, fmt.Errorf("it has elements more than %d deep", maxDepth)
			}
		case xml.EndElement:
			done := open[len(open)-1]
			done.text, done.raw = string(done.raw), nil
			if done.name != "leader" && done.name != "controlfield" { // where each place counts
				done.text = strings.TrimSpace(done.text)
			}
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				inside := open[len(open)-1]
				inside.raw = append(inside.raw, token...)
			}
		}
	}
}

// plain is what the decoder found, without the stranger's own text.
func plain(err error) string {
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Sprintf("line %d", syntax.Line)
	}
	return shown(err.Error())
}

// child gives the first child with a name; nil where there is none.
func (n *node) child(name string) *node {
	if n == nil {
		return nil
	}
	for _, one := range n.children {
		if one.name == name {
			return one
		}
	}
	return nil
}

// all gives the children with a name.
func (n *node) all(name string) []*node {
	if n == nil {
		return nil
	}
	var found []*node
	for _, one := range n.children {
		if one.name == name {
			found = append(found, one)
		}
	}
	return found
}

// say gives the text of the first child with a name, "" where there is none.
func (n *node) say(name string) string {
	if found := n.child(name); found != nil {
		return found.text
	}
	return ""
}

// attribute gives the value of an attribute by its local name.
func (n *node) attribute(name string) string {
	if n == nil {
		return ""
	}
	for _, one := range n.attributes {
		if one.Name.Local == name {
			return one.Value
		}
	}
	return ""
}

// find gives every element with a name below this one, but none inside another of
// them.
func (n *node) find(name string) []*node {
	if n == nil {
		return nil
	}
	var found []*node
	for _, one := range n.children {
		if one.name == name {
			found = append(found, one)
		} else {
			found = append(found, one.find(name)...)
		}
	}
	return found
}

// shown shortens a stranger's text to one line of words.
func shown(text string) string {
	text = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, ""))), " ")
	if runes := []rune(text); len(runes) > 120 {
		return string(runes[:119]) + "…"
	}
	return text
}
