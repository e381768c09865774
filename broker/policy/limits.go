package policy

import (
	"fmt"
	"slices"
)

// OutItem is something a person has on loan, as far as limits go.
type OutItem struct {
	Owner    Owner  `json:"owner,omitempty"`
	Item     string `json:"item"`
	Audience string `json:"audience,omitempty"`
	Age      string `json:"age,omitempty"`
	// Claimed marks one the person says was returned or never had.
	Claimed bool `json:"claimed,omitempty"`
	// Count is how many alike; 0 is one.
	Count int `json:"count,omitempty"`
}

func (o OutItem) number() int { return max(1, o.Count) }

// limits checks the counters a checkout must pass at once: the type's, the
// groups' and the total. A limit of an entry that names several types is shared
// by them, since it is one entry; null is unlimited, 0 is none.
func (a *asking) limits(c Checkout, match Match) {
	counts := a.doc.Rules().LimitCounts.For(match).Value
	typed := c.Owner != OwnerILL || counts.ILLTypes
	if typed {
		a.typeLimit(c, match, counts)
		a.groupLimits(c, match, counts)
	}
	total := a.doc.Rules().TotalLimit.For(match)
	if !total.Value.Is || (c.Owner == OwnerILL && !counts.ILLTotal) {
		return
	}
	out := tally(c.Out, counts, func(o OutItem) bool { return o.Owner != OwnerILL || counts.ILLTotal })
	if out >= total.Value.Value {
		a.refuse(total.Source, ground{
			code: "total_limit_reached", message: fmt.Sprintf("Only %d items may be out at a time.", total.Value.Value),
			needed: fmt.Sprintf("fewer than %d items", total.Value.Value), found: plural(out, "item", "items"), override: byDesk(),
		})
	}
}

func (a *asking) typeLimit(c Checkout, match Match, counts LimitCounts) {
	limit := a.doc.Rules().TypeLimit.For(match)
	if !limit.Value.Is {
		return
	}
	out := tally(c.Out, counts, func(o OutItem) bool {
		if o.Owner == OwnerILL && !counts.ILLTypes {
			return false
		}
		other := match
		other.Owner, other.Item, other.Audience, other.Age = o.Owner, o.Item, o.Audience, o.Age
		return a.doc.Rules().TypeLimit.For(other).SameAs(limit)
	})
	if out >= limit.Value.Value {
		a.refuse(limit.Source, ground{
			code: "type_limit_reached", message: fmt.Sprintf("Only %d of this type may be out at a time.", limit.Value.Value),
			needed: fmt.Sprintf("fewer than %d of this type", limit.Value.Value), found: fmt.Sprintf("%d of this type", out), override: byDesk(),
		})
	}
}

func (a *asking) groupLimits(c Checkout, match Match, counts LimitCounts) {
	groups := a.doc.Rules().GroupLimits.For(match)
	for _, group := range groups.Value {
		if !slices.Contains(group.Items, c.Item) {
			continue
		}
		out := tally(c.Out, counts, func(o OutItem) bool {
			return slices.Contains(group.Items, o.Item) && (o.Owner != OwnerILL || counts.ILLTypes)
		})
		if out >= group.Max {
			a.refuse(groups.Source, ground{
				code: "group_limit_reached", message: fmt.Sprintf("Only %d %s items in all may be out at a time.", group.Max, group.Name),
				needed: fmt.Sprintf("fewer than %d %s items", group.Max, group.Name), found: fmt.Sprintf("%d %s items", out, group.Name), override: byDesk(),
			})
		}
	}
}

func tally(out []OutItem, counts LimitCounts, counted func(OutItem) bool) int {
	sum := 0
	for _, item := range out {
		if (!item.Claimed || counts.Claimed) && counted(item) {
			sum += item.number()
		}
	}
	return sum
}
