package lending

import (
	"fmt"
	"slices"

	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
)

// OutItem is something a person has on loan, as far as limits go.
type OutItem struct {
	Owner    rule.Owner `json:"owner,omitempty"`
	Item     string     `json:"item"`
	Audience string     `json:"audience,omitempty"`
	Age      string     `json:"age,omitempty"`
	// Claimed marks one the person says was returned or never had.
	Claimed bool `json:"claimed,omitempty"`
	// Count is how many alike; 0 is one.
	Count int `json:"count,omitempty"`
}

func (o OutItem) number() int { return max(1, o.Count) }

// checkLimits checks the counters a checkout must pass at once: the type's, the
// groups' and the total. A limit of an entry that names several types is shared
// by them, since it is one entry; null is unlimited, 0 is none.
func checkLimits(a *policy.Asking, c Checkout, match rule.Match) {
	counts := a.Doc.Rules().LimitCounts.For(match).Value
	typed := c.Owner != rule.OwnerILL || counts.ILLTypes
	if typed {
		checkTypeLimit(a, c, match, counts)
		checkGroupLimits(a, c, match, counts)
	}
	total := a.Doc.Rules().TotalLimit.For(match)
	if !total.Value.Is || (c.Owner == rule.OwnerILL && !counts.ILLTotal) {
		return
	}
	out := tally(c.Out, counts, func(o OutItem) bool { return o.Owner != rule.OwnerILL || counts.ILLTotal })
	if out >= total.Value.Value {
		a.Refuse(total.Source, policy.Ground{
			Code: "total_limit_reached", Message: fmt.Sprintf("Only %d items may be out at a time.", total.Value.Value),
			Needed: fmt.Sprintf("fewer than %d items", total.Value.Value), Found: rule.Plural(out, "item", "items"), Override: policy.ByDesk(),
		})
	}
}

func checkTypeLimit(a *policy.Asking, c Checkout, match rule.Match, counts attributes.LimitCounts) {
	limit := a.Doc.Rules().TypeLimit.For(match)
	if !limit.Value.Is {
		return
	}
	out := tally(c.Out, counts, func(o OutItem) bool {
		if o.Owner == rule.OwnerILL && !counts.ILLTypes {
			return false
		}
		other := match
		other.Owner, other.Item, other.Audience, other.Age = o.Owner, o.Item, o.Audience, o.Age
		return a.Doc.Rules().TypeLimit.For(other).SameAs(limit)
	})
	if out >= limit.Value.Value {
		a.Refuse(limit.Source, policy.Ground{
			Code: "type_limit_reached", Message: fmt.Sprintf("Only %d of this type may be out at a time.", limit.Value.Value),
			Needed: fmt.Sprintf("fewer than %d of this type", limit.Value.Value), Found: fmt.Sprintf("%d of this type", out), Override: policy.ByDesk(),
		})
	}
}

func checkGroupLimits(a *policy.Asking, c Checkout, match rule.Match, counts attributes.LimitCounts) {
	groups := a.Doc.Rules().GroupLimits.For(match)
	for _, group := range groups.Value {
		if !slices.Contains(group.Items, c.Item) {
			continue
		}
		out := tally(c.Out, counts, func(o OutItem) bool {
			return slices.Contains(group.Items, o.Item) && (o.Owner != rule.OwnerILL || counts.ILLTypes)
		})
		if out >= group.Max {
			a.Refuse(groups.Source, policy.Ground{
				Code: "group_limit_reached", Message: fmt.Sprintf("Only %d %s items in all may be out at a time.", group.Max, group.Name),
				Needed: fmt.Sprintf("fewer than %d %s items", group.Max, group.Name), Found: fmt.Sprintf("%d %s items", out, group.Name), Override: policy.ByDesk(),
			})
		}
	}
}

func tally(out []OutItem, counts attributes.LimitCounts, counted func(OutItem) bool) int {
	sum := 0
	for _, item := range out {
		if (!item.Claimed || counts.Claimed) && counted(item) {
			sum += item.number()
		}
	}
	return sum
}
