package attributes

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"afield/broker/policy/rule"
)

// themes are the facts that come together, under the words that an attribute's
// asked mark in Rules uses for them; it may name a single fact too.
var themes = map[string][]rule.Fact{
	"patron":  {rule.FactClass, rule.FactPatronAge},
	"copy":    {rule.FactItem, rule.FactAudience, rule.FactAge},
	"request": {rule.FactClass, rule.FactPatronAge, rule.FactItem},
	"loan":    {rule.FactOwner, rule.FactClass, rule.FactPatronAge, rule.FactItem, rule.FactAudience, rule.FactAge},
}

// askedWith has the facts of every attribute.
var askedWith = sync.OnceValue(func() map[string][]rule.Fact {
	all := map[string][]rule.Fact{}
	fields := reflect.TypeFor[Rules]()
	for i := range fields.NumField() {
		tag := fields.Field(i).Tag
		var facts []rule.Fact
		for _, word := range strings.Fields(tag.Get("asked")) {
			if theme, known := themes[word]; known {
				facts = append(facts, theme...)
			} else {
				facts = append(facts, rule.Fact(word))
			}
		}
		all[tag.Get("yaml")] = facts
	}
	return all
})

// AskedWith gives the facts that every decision by an attribute is given, and
// that the condition of an entry may therefore name.
func AskedWith(id string) []rule.Fact { return slices.Clone(askedWith()[id]) }

// MayDepend refuses a condition that names a fact with which the attribute is
// never asked: its entry would have no effect.
func MayDepend(said rule.Attribute) error {
	facts := askedWith()[said.Rule]
	for _, named := range said.When.Facts() {
		switch {
		case slices.Contains(facts, named):
		case len(facts) == 0:
			return fmt.Errorf("when names %s, and this is the same for everybody and everything: leave when out", named)
		default:
			return fmt.Errorf("when names %s, with which this is never asked; it may name %s", named, rule.Joined(facts))
		}
	}
	latches := false
	switch value := said.Value.(type) {
	case rule.Optional[Threshold]:
		latches = value.Value.LiftedWhen != nil
	case rule.Optional[Overlong]:
		latches = value.Value.LiftedWhen != nil
	}
	for _, named := range said.When.Facts() {
		if latches && !slices.Contains(themes["patron"], named) {
			return fmt.Errorf("lifted_when goes by the person alone: when may then name class and patron_age, not %s", named)
		}
	}
	return nil
}
