package iso18626

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// The limits of one message, in either direction.
const (
	MaxBytes    = 256 << 10
	maxDepth    = 24 // the schemas go down to 7
	maxElements = 5000
	maxName     = 64 // the longest of the schemas has 35
)

// document is a message as it was read.
type document struct {
	// root is the message inside the envelope, or without one.
	root *element
	// version is what the envelope says.
	version string
	edition *edition
}

// read reads a message with or without envelope, namespace and qualified
// attributes, within the limits. What it does not know is kept and does no harm.
func read(body []byte) (*document, error) {
	if len(body) > MaxBytes {
		return nil, fmt.Errorf("the message is larger than %d bytes", MaxBytes)
	}
	top, version, err := tree(body)
	if err != nil {
		return nil, err
	}
	root := top
	if top.name == "ISO18626Message" {
		if len(top.kids) != 1 {
			return nil, fmt.Errorf("ISO18626Message must hold exactly one message, not %d", len(top.kids))
		}
		root = top.kids[0]
	}
	if known, _ := partsOf(roots); !slices.ContainsFunc(known, func(p part) bool { return p.name == root.name }) {
		return nil, fmt.Errorf("the root %s is no message of ISO 18626", clean(root.name, 80))
	}
	return &document{root: root, version: version, edition: editionIn(root, version)}, nil
}

// tree reads the elements. No document type is taken, and thus no entity.
func tree(body []byte) (top *element, version string, err error) {
	decoder := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff"))))
	decoder.CharsetReader = latin
	var open []*element
	var texts [][]byte // of the open ones
	count := 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, "", fmt.Errorf("this is not well-formed XML: %w", err)
		}
		switch token := token.(type) {
		case xml.Directive:
			return nil, "", errors.New("a document type is not taken")
		case xml.StartElement:
			if count++; count > maxElements {
				return nil, "", fmt.Errorf("there are more than %d elements", maxElements)
			}
			if len(token.Name.Local) > maxName {
				return nil, "", fmt.Errorf("the name of an element is longer than %d bytes", maxName)
			}
			if len(open) >= maxDepth {
				return nil, "", fmt.Errorf("elements are nested deeper than %d", maxDepth)
			}
			made := &element{name: token.Name.Local}
			for _, attribute := range token.Attr {
				switch attribute.Name.Local {
				case "version":
					if len(open) == 0 {
						version = clean(attribute.Value, 40)
					}
				case "scheme":
					made.scheme = attribute.Value
				}
			}
			if len(open) == 0 {
				if top != nil {
					return nil, "", errors.New("there is more than one root element")
				}
				top = made
			} else {
				parent := open[len(open)-1]
				parent.kids = append(parent.kids, made)
			}
			open, texts = append(open, made), append(texts, nil)
		case xml.EndElement:
			last := len(open) - 1
			if len(open[last].kids) == 0 { // else these are blanks between elements
				open[last].text = string(texts[last])
			}
			open, texts = open[:last], texts[:last]
		case xml.CharData:
			if last := len(open) - 1; last >= 0 {
				texts[last] = append(texts[last], token...)
			} else if len(bytes.TrimSpace(token)) > 0 {
				return nil, "", errors.New("there is text outside of the root element")
			}
		}
	}
	if top == nil {
		return nil, "", errors.New("there is no element")
	}
	return top, version, nil
}

// latin reads what is declared as ISO 8859-1 or ASCII; UTF-8 needs no help.
func latin(label string, input io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "us-ascii", "ascii":
		return input, nil
	case "iso-8859-1", "latin1":
		raw, err := io.ReadAll(input)
		if err != nil {
			return nil, err
		}
		text := make([]byte, 0, len(raw))
		for _, b := range raw {
			text = utf8.AppendRune(text, rune(b))
		}
		return bytes.NewReader(text), nil
	}
	return nil, fmt.Errorf("the encoding %s is not taken; send UTF-8", clean(label, 40))
}

// editionIn tells the editions apart by what a message holds. The version that
// peers write is no guide (v1_2_2017, 1.0, 2021-3, nothing); it decides only where
// a message could be of either.
func editionIn(root *element, version string) *edition {
	older, newer := 0, 0
	var look func(path string, of *element)
	look = func(path string, of *element) {
		path += "/" + of.name
		for _, mark := range edition12.marks {
			older += marked(path, mark)
		}
		for _, mark := range edition2021.marks {
			newer += marked(path, mark)
		}
		if of.name == "bibliographicItemId" && len(of.kids) > 1 {
			if of.kids[0].name == "bibliographicItemIdentifier" {
				older++
			} else {
				newer++
			}
		}
		for _, name := range []string{"action", "status"} {
			if of.name == name && slices.Contains(edition2021.words[name], of.says()) && !slices.Contains(edition12.words[name], of.says()) {
				newer++
			}
		}
		for _, kid := range of.kids {
			look(path, kid)
		}
		if len(of.all("volume"))+len(of.all("itemId"))+len(of.all("errorData")) > 1 {
			newer++
		}
	}
	look("", root)
	if newer > older || (newer == older && strings.HasPrefix(version, "20")) {
		return edition2021
	}
	return edition12
}

func marked(path, mark string) int {
	if strings.HasSuffix(path, "/"+mark) {
		return 1
	}
	return 0
}
