package policy_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"afield/broker/policy"
	"afield/broker/policy/policytest"
)

// longPolicy is a policy of so many lines, right or wrong: entries of one
// attribute, each for a type of its own.
func longPolicy(lines int, value string) []byte {
	var items []string
	var entries strings.Builder
	for i := range (lines - 10) / 3 {
		item := fmt.Sprintf("t%d", i)
		items = append(items, item)
		fmt.Fprintf(&entries, "    - when: {item: %s, audience: [adult, teen], class: minor}\n      value: %s\n      clause: {section: A, says: b}\n", item, value)
	}
	return []byte(policytest.Head + "items: [" + strings.Join(items, ", ") + "]\nattributes:\n  loans.renewals:\n" + entries.String())
}

// Twice the lines cost about twice as much to check, and no more than three
// times, right or wrong.
func TestALongPolicyCostsAsItsLines(t *testing.T) {
	for name, value := range map[string]string{"right": "2", "wrong": "{max: 2}"} {
		cost := func(lines int) uint64 {
			text := longPolicy(lines, value)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			if _, err := policy.Parse("long", text); (err == nil) != (name == "right") {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			return after.TotalAlloc - before.TotalAlloc
		}
		cost(100) // what is read once
		one, two := cost(1000), cost(2000)
		if two > 3*one {
			t.Errorf("%s: 1000 lines took %d bytes, 2000 took %d", name, one, two)
		}
	}
}
