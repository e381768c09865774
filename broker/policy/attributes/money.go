package attributes

import (
	"errors"
	"fmt"

	"afield/broker/calendar"
	"afield/broker/policy/rule"
)

// PagePrice is what printing or copying costs, by the page.
type PagePrice struct {
	BlackWhite rule.Amount `yaml:"black_white" json:"black_white"`
	Colour     rule.Amount `yaml:"colour" json:"colour"`
}

// FaxPrice has two prices: one for the first pages together, one for each further
// page.
type FaxPrice struct {
	FirstPages int         `yaml:"first_pages" json:"first_pages"`
	First      rule.Amount `yaml:"first" json:"first"`
	EachMore   rule.Amount `yaml:"each_more" json:"each_more"`
	// Within is the only country faxes may go to; empty means anywhere.
	Within string `yaml:"within" json:"within,omitempty"`
}

// Check implements rule.Checked.
func (f FaxPrice) Check() error {
	if f.FirstPages < 1 {
		return errors.New("first_pages must be 1 or more")
	}
	return nil
}

// Payments says how a patron may pay, and how a payment is divided among charges.
type Payments struct {
	Methods Words        `yaml:"methods" json:"methods"`
	Split   PaymentSplit `yaml:"split" json:"split"`
	// Receipt is always or on_request.
	Receipt string `yaml:"receipt" json:"receipt"`
}

// PaymentSplit is how a payment that names no charge is divided among several.
type PaymentSplit string

// The two ways.
const (
	SplitOldest PaymentSplit = "oldest_first"
	SplitEvenly PaymentSplit = "evenly"
)

// Check implements rule.Checked.
func (p Payments) Check() error {
	if len(p.Methods) == 0 {
		return errors.New("methods must name at least one")
	}
	return errors.Join(p.Methods.Check(), rule.Among("split", p.Split, SplitOldest, SplitEvenly), rule.Among("receipt", p.Receipt, "always", "on_request"))
}

// NoticeStages is a sequence of notices about one loan.
type NoticeStages []NoticeStage

// NoticeStage is one notice of a sequence.
type NoticeStage struct {
	Stage string `yaml:"stage" json:"stage"`
	// DaysAfterDue is how late the loan is when it goes out; negative for a
	// reminder before.
	DaysAfterDue int            `yaml:"days_after_due" json:"days_after_due"`
	Channels     NoticeChannels `yaml:"channels" json:"channels"`
	// IfStaffed marks a call that is made only when somebody has the time.
	IfStaffed bool `yaml:"if_staffed" json:"if_staffed,omitempty"`
}

// Check implements rule.Checked.
func (s NoticeStages) Check() error {
	for i, stage := range s {
		if stage.Stage == "" {
			return errors.New("each stage has a name")
		}
		if i > 0 && stage.DaysAfterDue <= s[i-1].DaysAfterDue {
			return fmt.Errorf("stage %s must come later than the one before", stage.Stage)
		}
		if err := stage.Channels.Check(); err != nil {
			return fmt.Errorf("stage %s: %w", stage.Stage, err)
		}
	}
	return nil
}

// Quiet are hours in which nobody is called or sent a text message.
type Quiet struct {
	From  string `yaml:"from" json:"from"`
	Until string `yaml:"until" json:"until"`
}

// Check implements rule.Checked.
func (q Quiet) Check() error {
	if _, err := calendar.ParseHours("00:00-" + q.From); err != nil {
		return errors.New("from must be a time such as 21:00")
	}
	if _, err := calendar.ParseHours("00:00-" + q.Until); err != nil {
		return errors.New("until must be a time such as 08:00")
	}
	return nil
}
