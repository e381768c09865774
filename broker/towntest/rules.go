package towntest

import (
	"context"
	"fmt"
	"testing"

	"afield/broker/directory"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/broker/standing"
)

// Ruled is a town whose libraries go by small policies of their own.
type Ruled struct {
	*Town
	documents map[string]*policy.Document
}

// NewRuled sets up a town whose libraries get their policies from Under.
func NewRuled(t *testing.T) Ruled {
	t.Helper()
	r := Ruled{Town: New(t), documents: map[string]*policy.Document{}}
	r.GoBy(standing.ByName(func(name string) (*policy.Document, error) {
		if document, found := r.documents[name]; found {
			return document, nil
		}
		return policy.Preset(name)
	}))
	return r
}

// Under makes a library that follows the default document except for some
// rules, each a name and a value.
func (r Ruled) Under(rules ...string) House {
	r.t.Helper()
	name := fmt.Sprintf("rules-%d", len(r.documents)+1)
	text := "policy: " + name + "\ntitle: A library\ndocument: Its policy\nplace: US-IA\nzone: America/Chicago\ncurrency: USD\nclasses: [resident]\nattributes:\n"
	for i := 0; i < len(rules); i += 2 {
		text += "  " + rules[i] + ":\n    value: " + rules[i+1] + "\n    clause: {section: A, says: b}\n"
	}
	document, err := policy.Parse(name, []byte(text))
	r.Must(err)
	r.documents[name] = document
	h := r.AddLibrary("western-district", "America/Chicago")
	h.Library.Policy = name
	r.Do(func(_ context.Context, tx *postgres.Tx) error { return directory.SaveLibrary(tx, h.Library, Founded) })
	return h
}
