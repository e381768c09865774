package iso18626

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"regexp"
	"slices"
)

var decimal = regexp.MustCompile(`^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)$`)

// write gives the XML of a message in this edition, valid by its schema; what the
// schema does not allow is an error.
func (e *edition) write(root *element) ([]byte, error) { return e.writeAs(root, e.version) }

// writeAs names another version than the edition's own, for peers that insist.
func (e *edition) writeAs(root *element, version string) ([]byte, error) {
	out := &bytes.Buffer{}
	out.WriteString(xml.Header)
	fmt.Fprintf(out, `<ISO18626Message xmlns="%s" xmlns:ill="%s" ill:version="`, namespace, namespace)
	if err := xml.EscapeText(out, []byte(version)); err != nil {
		return nil, err
	}
	out.WriteString(`">`)
	if _, err := e.inOrder("", el("ISO18626Message", root), roots); err != nil {
		return nil, err
	}
	if err := e.put(out, "ISO18626Message", root); err != nil {
		return nil, err
	}
	out.WriteString("</ISO18626Message>\n")
	return out.Bytes(), nil
}

func (e *edition) put(out *bytes.Buffer, parent string, of *element) error {
	out.WriteString("<" + of.name)
	if of.scheme != "" && (slices.Contains(pairs, of.name) || slices.Contains(e.pairs, of.name)) {
		out.WriteString(` ill:scheme="`)
		if err := xml.EscapeText(out, []byte(of.scheme)); err != nil {
			return err
		}
		out.WriteString(`"`)
	}
	out.WriteString(">")
	if model := e.model(parent, of.name); model != "" {
		kids, err := e.inOrder(parent, of, model)
		if err != nil {
			return err
		}
		for _, kid := range kids {
			if err := e.put(out, of.name, kid); err != nil {
				return err
			}
		}
	} else {
		if len(of.kids) > 0 {
			return fmt.Errorf("%s/%s holds text, not %s", parent, of.name, of.kids[0].name)
		}
		if wrong := e.wrongText(of.name, of.text); wrong != "" {
			return fmt.Errorf("%s/%s: %q %s", parent, of.name, of.text, wrong)
		}
		if err := xml.EscapeText(out, []byte(of.text)); err != nil {
			return err
		}
	}
	out.WriteString("</" + of.name + ">")
	return nil
}
