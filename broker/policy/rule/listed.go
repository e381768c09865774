package rule

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
)

// Attribute is one value of a document with where it comes from, for people and
// programs that want to read the rules.
type Attribute struct {
	Source
	When  When `json:"when,omitzero"`
	Value any  `json:"value"`
	level int
	lacks error
}

// Lacks says what the value leaves out that it must say; nil where that is
// nothing.
func (a Attribute) Lacks() error { return a.lacks }

// Text gives the value as JSON, with < and > as they are, for people who read
// rules.
func (a Attribute) Text() string {
	text, err := json.Marshal(a.Value)
	if err != nil {
		return fmt.Sprint(a.Value)
	}
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(string(text))
}

// WhereText says for which cases the value holds: "owner ill", or "always".
func (a Attribute) WhereText() string { return cmp.Or(a.When.String(), "always") }
