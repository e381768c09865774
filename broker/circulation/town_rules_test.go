package circulation_test

import (
	"context"
	"fmt"
	"testing"

	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/policy"
	"afield/broker/postgres"
)

// ruled is a town whose libraries go by small policies of their own.
type ruled struct {
	*town
	documents map[string]*policy.Document
}

func ruledTown(t *testing.T) ruled {
	t.Helper()
	r := ruled{town: newTown(t), documents: map[string]*policy.Document{}}
	r.goBy(circulation.ByName(func(name string) (*policy.Document, error) {
		if document, found := r.documents[name]; found {
			return document, nil
		}
		return policy.Preset(name)
	}))
	return r
}

// under is a library that goes by the default document but for some rules, each
// a name and a value.
func (r ruled) under(rules ...string) house {
	r.t.Helper()
	name := fmt.Sprintf("rules-%d", len(r.documents)+1)
	text := "policy: " + name + "\ntitle: A library\ndocument: Its policy\nplace: US-IA\nzone: America/Chicago\ncurrency: USD\nclasses: [resident]\nattributes:\n"
	for i := 0; i < len(rules); i += 2 {
		text += "  " + rules[i] + ":\n    value: " + rules[i+1] + "\n    clause: {section: A, says: b}\n"
	}
	document, err := policy.Parse(name, []byte(text))
	r.must(err)
	r.documents[name] = document
	h := r.addLibrary("western-district", "America/Chicago")
	h.Library.Policy = name
	r.do(func(_ context.Context, tx *postgres.Tx) error { return directory.SaveLibrary(tx, h.Library, founded) })
	return h
}
