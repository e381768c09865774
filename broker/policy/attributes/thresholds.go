package attributes

import (
	"errors"
	"fmt"

	"afield/broker/policy/rule"
)

// Needs says what would pass, in the words of the desk.
func (t Threshold) Needs(latched bool, currency string) string {
	if latched && t.LiftedWhen != nil {
		return t.LiftedWhen.Needs(currency)
	}
	if t.BlockedWhen == AtLeast {
		return fmt.Sprintf("owes less than %s %s", t.Amount, currency)
	}
	return fmt.Sprintf("owes %s %s or less", t.Amount, currency)
}

// Operator compares what is owed with an amount.
type Operator string

// The comparisons policies make; at exactly the amount they differ.
const (
	AtLeast  Operator = ">="
	Over     Operator = ">"
	AtMost   Operator = "<="
	LessThan Operator = "<"
)

// Holds tells whether owed (operator) amount is true.
func (o Operator) Holds(owed, amount int64) bool {
	switch o {
	case AtLeast:
		return owed >= amount
	case Over:
		return owed > amount
	case AtMost:
		return owed <= amount
	case LessThan:
		return owed < amount
	}
	return false
}

// Threshold blocks an action by what a patron owes. Operator, amount, the
// counted kinds and the way out are one attribute: none makes sense alone.
type Threshold struct {
	// BlockedWhen is >= or >.
	BlockedWhen Operator    `yaml:"blocked_when" json:"blocked_when"`
	Amount      rule.Amount `yaml:"amount" json:"amount"`
	// Counts names the charge kinds that count, or all.
	Counts rule.Set `yaml:"counts" json:"counts"`
	// LiftedWhen is set where the way out differs from the way in: the block
	// then latches until it is met.
	LiftedWhen *Exit `yaml:"lifted_when" json:"lifted_when,omitempty"`
}

// Exit ends a latched block.
type Exit struct {
	Operator Operator    `yaml:"operator" json:"operator"`
	Amount   rule.Amount `yaml:"amount" json:"amount"`
}

// Check implements rule.Checked.
func (t Threshold) Check() error {
	switch {
	case t.BlockedWhen != AtLeast && t.BlockedWhen != Over:
		return fmt.Errorf("blocked_when is %q; it must be \">=\" or \">\"", t.BlockedWhen)
	case !t.Counts.Given():
		return errors.New("counts must name charge kinds, or all")
	case t.LiftedWhen == nil:
		return nil
	case t.LiftedWhen.Amount > t.Amount:
		return errors.New("lifted_when must not lie above the amount that blocks")
	}
	return t.LiftedWhen.Check()
}

// Check implements rule.Checked.
func (e Exit) Check() error {
	if e.Operator != AtMost && e.Operator != LessThan {
		return fmt.Errorf("lifted_when.operator is %q; it must be \"<=\" or \"<\"", e.Operator)
	}
	return nil
}

// Holds tells whether what is owed ends the block.
func (e Exit) Holds(owed int64) bool { return e.Operator.Holds(owed, int64(e.Amount)) }

// Needs says what ends the block, in the words of the desk.
func (e Exit) Needs(currency string) string {
	if e.Operator == AtMost {
		return fmt.Sprintf("owes %s %s or less, once blocked", e.Amount, currency)
	}
	return fmt.Sprintf("owes less than %s %s, once blocked", e.Amount, currency)
}

// Blocks tells whether an amount owed blocks, given whether the block is
// already latched.
func (t Threshold) Blocks(owed int64, latched bool) bool {
	if t.BlockedWhen.Holds(owed, int64(t.Amount)) {
		return true
	}
	return latched && t.LiftedWhen != nil && !t.LiftedWhen.Holds(owed)
}

// String gives "owes 5.00 or more".
func (t Threshold) String() string {
	if t.BlockedWhen == AtLeast {
		return "blocked when owing " + t.Amount.String() + " or more"
	}
	return "blocked when owing more than " + t.Amount.String()
}
