package policy

import (
	"reflect"
	"slices"

	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
)

// Difference is one value in which two documents differ.
type Difference struct {
	Rule string    `json:"rule"`
	When rule.When `json:"when,omitzero"`
	// Old and New are the values of the two; nil where one has no entry for the
	// case.
	Old *rule.Attribute `json:"old,omitempty"`
	New *rule.Attribute `json:"new,omitempty"`
}

// Diff lists every value in which two documents differ, inherited ones too, in
// the order of the attributes: other values, other people who may override, a
// last word. A clause in other words is no difference.
func Diff(a, b *Document) []Difference {
	type place struct{ rule, when string }
	before, after := map[place]rule.Attribute{}, map[place]rule.Attribute{}
	order := []place{}
	collect := func(from []rule.Attribute, into map[place]rule.Attribute) {
		for _, attribute := range from {
			at := place{attribute.Rule, attribute.When.String()}
			if _, nearer := into[at]; nearer {
				continue
			}
			into[at] = attribute
			if !slices.Contains(order, at) {
				order = append(order, at)
			}
		}
	}
	collect(a.Attributes(), before)
	collect(b.Attributes(), after)
	var differences []Difference
	for _, at := range order {
		old, had := before[at]
		now, has := after[at]
		if had && has && reflect.DeepEqual(old.Value, now.Value) && old.Final == now.Final && slices.Equal(old.Override, now.Override) {
			continue
		}
		difference := Difference{Rule: at.rule, When: now.When}
		if had {
			difference.Old, difference.When = &old, old.When
		}
		if has {
			difference.New = &now
		}
		differences = append(differences, difference)
	}
	ids := attributes.IDs()
	slices.SortStableFunc(differences, func(x, y Difference) int { return slices.Index(ids, x.Rule) - slices.Index(ids, y.Rule) })
	return differences
}
