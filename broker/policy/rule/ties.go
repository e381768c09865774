package rule

import (
	"slices"
	"strconv"
)

// ties finds the entries with which a further one may be equally specific for one
// case, without comparing each with each.
type ties struct {
	under map[string][]int // by one value of each dimension that is named
	wide  []int            // those that name too much for that
}

// mostCases is how many combinations of values an entry is kept under.
const mostCases = 64

// near gives the entries known so far that may tie with a condition, and keeps
// that as the entry with the next number.
func (t *ties) near(when When, number int) []int {
	if t.under == nil {
		t.under = map[string][]int{}
	}
	cases := []string{strconv.Itoa(when.weight())}
	for _, named := range when.dimensions() {
		if len(named) == 0 {
			continue
		}
		if len(cases)*len(named) > mostCases {
			t.wide = append(t.wide, number)
			return upTo(number)
		}
		var more []string
		for _, one := range cases {
			for _, value := range named {
				more = append(more, one+"\x00"+value)
			}
		}
		cases = more
	}
	found := slices.Clone(t.wide)
	for _, one := range cases {
		found = append(found, t.under[one]...)
		t.under[one] = append(t.under[one], number)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func upTo(number int) []int {
	all := make([]int, number)
	for i := range all {
		all[i] = i
	}
	return all
}
