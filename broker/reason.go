package broker

import "time"

// Clause is where a rule comes from: the document and section of a library's
// own policy, and what it says in our words.
type Clause struct {
	Document string `json:"document" yaml:"document"`
	Section  string `json:"section" yaml:"section"`
	Says     string `json:"says" yaml:"says"`
	// Silent marks a value that the library's text does not give and we chose.
	Silent bool `json:"silent,omitempty" yaml:"silent,omitempty"`
}

// Reason is one ground for a refusal, or one thing to know, complete enough to
// read out at the desk.
type Reason struct {
	// Code is stable and in snake_case, for example "ill_limit_reached".
	Code string `json:"code"`
	// Rule is the policy attribute that decided, for example "ill.active_limit".
	Rule string `json:"rule"`
	// Message says it in one plain sentence.
	Message string `json:"message"`
	Clause  Clause `json:"clause"`
	// Needed and Found are what the rule asks for and what was there.
	Needed string `json:"needed,omitempty"`
	Found  string `json:"found,omitempty"`
	// MayOverride lists the staff roles that may pass over this reason; empty
	// means nobody may.
	MayOverride []string `json:"may_override,omitempty"`
	// PassesAt is the earliest moment the rule would pass by itself, if known.
	PassesAt *time.Time `json:"passes_at,omitempty"`
}
