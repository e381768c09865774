package policy_test

import (
	"testing"

	"afield/broker/hostiletest"
	"afield/broker/policy"
)

// A document costs no more than a multiple of its length, however much is wrong with
// it: what is said of a mistake does not print the document around it.
func TestNoDocumentCostsMuchMoreThanItsLength(t *testing.T) { //nolint:paralleltest // it counts what is allocated
	head := "policy: x\ntitle: X\ndocument: x\nattributes:\n"
	hostiletest.Grows(t, 4000, func(text []byte) { _, _ = policy.Parse("x", text) }, map[string]hostiletest.Attack{
		"brackets":     hostiletest.Repeat("", "[", ""),
		"commas":       hostiletest.Repeat("[", ",", "]"),
		"keys in keys": hostiletest.Repeat("", "a: ", ""),
		"long signs":   hostiletest.Repeat("", "%xxxxxxx ", ""),
		"flow":         hostiletest.Repeat("a: {", "aaaaaaaa: 1, ", "}"),
		"entries":      hostiletest.Repeat(head+"  loans.renewals:\n", "    - value: three\n", ""),
		"same entries": hostiletest.Repeat(head+"  loans.renewals:\n", "    - value: 3\n      clause: {section: a, says: b}\n", ""),
		"unknown":      hostiletest.Repeat(head+"  loans.renewals:\n", "    - unknown: three\n", ""),
	})
}
