package attributes

import (
	"errors"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/policy/rule"
)

// Channels is the set of channels a library accepts requests by.
type Channels []rule.Channel

// Check implements rule.Checked.
func (c Channels) Check() error {
	if len(c) == 0 {
		return errors.New("must name at least one channel")
	}
	for _, channel := range c {
		if err := rule.Among("channel", channel, rule.EveryChannel()...); err != nil {
			return err
		}
	}
	return nil
}

// NoticeChannels are the channels of a notice, the preferred one first.
type NoticeChannels []string

// Check implements rule.Checked.
func (c NoticeChannels) Check() error {
	if len(c) == 0 {
		return errors.New("must name at least one channel")
	}
	for _, channel := range c {
		if err := rule.Among("channel", channel, "phone", "voice", "email", "sms", "letter", "account", "call_list"); err != nil {
			return err
		}
	}
	return nil
}

// SignIn is what a patron must give to ask online.
type SignIn struct {
	// CardDigits is the length of the card number, or none where the text does
	// not say.
	CardDigits rule.Optional[int] `yaml:"card_digits" json:"card_digits"`
	PIN        bool               `yaml:"pin" json:"pin"`
}

// Check implements rule.Checked.
func (s SignIn) Check() error { return s.CardDigits.Check() }

// Phone says whether a telephone number must be on file to make a request.
type Phone struct {
	Required bool `yaml:"required" json:"required"`
	// FreshDays is for how many days a confirmation of the number is good; none
	// never asks again.
	FreshDays rule.Optional[int] `yaml:"fresh_days" json:"fresh_days"`
}

// Check implements rule.Checked.
func (p Phone) Check() error { return p.FreshDays.Check() }

// Active limits the requests a person may have under way at once.
type Active struct {
	Max rule.Optional[int] `yaml:"max" json:"max"`
	// States are the workflow states of a request that count as active.
	States []string `yaml:"states" json:"states"`
}

// Check implements rule.Checked.
func (a Active) Check() error {
	if a.Max.Is && len(a.States) == 0 {
		return errors.New("states must say which requests count as active")
	}
	return a.Max.Check()
}

// NotOwned says which copies rule out an interlibrary loan of the same title.
type NotOwned struct {
	Here  bool `yaml:"here" json:"here"`   // ours
	Group bool `yaml:"group" json:"group"` // in the shared catalogue
}

// Order is the order in which waiting requests are supplied.
type Order string

// FirstRequested supplies by the moment of the request, not by when it was
// typed in.
const FirstRequested Order = "first_requested"

// Check implements rule.Checked.
func (o Order) Check() error { return rule.Among("order", o, FirstRequested) }

// Wait is what to tell a patron about the time it takes.
type Wait struct {
	FromDays int                `yaml:"from_days" json:"from_days"`
	ToDays   rule.Optional[int] `yaml:"to_days" json:"to_days"`
}

// Check implements rule.Checked.
func (w Wait) Check() error {
	if w.FromDays < 0 || (w.ToDays.Is && w.ToDays.Value < w.FromDays) {
		return errors.New("to_days must not be less than from_days")
	}
	return nil
}

// Actions are things a block may stop.
type Actions []rule.Action

// Check implements rule.Checked.
func (a Actions) Check() error {
	for _, action := range a {
		if err := rule.Among("action", action, rule.EveryAction()...); err != nil {
			return err
		}
	}
	return nil
}

// Overlong blocks a patron by how late their most overdue item is.
type Overlong struct {
	// Days is how many days overdue an item must be to block.
	Days  int     `yaml:"days" json:"days"`
	Stops Actions `yaml:"stops" json:"stops"`
	// Owners say whose items count; all where left out.
	Owners []rule.Owner `yaml:"owners" json:"owners,omitempty"`
	// LiftedWhen is set where the block outlives the lateness: it then latches, and
	// stands until everything owed meets this condition (Perth: until the account is
	// cleared).
	LiftedWhen *Exit `yaml:"lifted_when" json:"lifted_when,omitempty"`
}

// Check implements rule.Checked.
func (o Overlong) Check() error {
	if o.Days < 1 {
		return errors.New("days must be 1 or more")
	}
	if o.LiftedWhen != nil {
		if err := o.LiftedWhen.Check(); err != nil {
			return err
		}
	}
	for _, owner := range o.Owners {
		if err := rule.Among("owner", owner, rule.EveryOwner()...); err != nil {
			return err
		}
	}
	return o.Stops.Check()
}

// Payer is who bears a lender's fee.
type Payer string

// The payers.
const (
	PayerLibrary Payer = "library" // the borrowing library's own cost
	PayerPatron  Payer = "patron"  // passed on, exactly
)

// PassOn says who bears a lender's fee, by where the lender is.
type PassOn struct {
	InState    Payer `yaml:"in_state" json:"in_state"`
	OutOfState Payer `yaml:"out_of_state" json:"out_of_state"`
}

// Check implements rule.Checked.
func (p PassOn) Check() error {
	return errors.Join(rule.Among("in_state", p.InState, PayerLibrary, PayerPatron),
		rule.Among("out_of_state", p.OutOfState, PayerLibrary, PayerPatron))
}

// Consent says when the patron must agree to a cost before it is ordered.
type Consent struct {
	// AskAbove is the cost above which the patron is asked; "0.00" asks about
	// every cost.
	AskAbove rule.Amount `yaml:"ask_above" json:"ask_above"`
}

// Rush says what an urgent request means.
type Rush struct {
	Offered       bool `yaml:"offered" json:"offered"`
	NeedsApproval bool `yaml:"needs_approval" json:"needs_approval"`
}

// Copies is the copyright rule for articles: so many copies a year from the
// recent years of one periodical.
type Copies struct {
	Within      string `yaml:"within" json:"within"` // declared within the guideline
	Beyond      string `yaml:"beyond" json:"beyond"` // declared for older articles
	PerYear     int    `yaml:"per_year" json:"per_year"`
	RecentYears int    `yaml:"recent_years" json:"recent_years"`
}

// Check implements rule.Checked.
func (c Copies) Check() error {
	if c.Within == "" || c.Beyond == "" || c.PerYear < 1 || c.RecentYears < 1 {
		return errors.New("must give within, beyond, per_year and recent_years")
	}
	return nil
}

// ShelfTime is how long something waits for its patron.
type ShelfTime struct {
	Days  int            `yaml:"days" json:"days"`
	Count calendar.Count `yaml:"count" json:"count"`
	// Extend moves a last day that is closed to the next open day.
	Extend bool `yaml:"extend" json:"extend"`
}

// Check implements rule.Checked.
func (s ShelfTime) Check() error { return rule.Span{Days: s.Days, Count: s.Count}.Check() }

// Expiry is what happens to something nobody picked up.
type Expiry struct {
	Then ExpiryAction `yaml:"then" json:"then"`
	// Contact is what happens instead when the patron made contact in time.
	Contact ExpiryAction `yaml:"contact" json:"contact"`
}

// ExpiryAction is one outcome of the hold shelf.
type ExpiryAction string

// The outcomes.
const (
	ReturnToOwner ExpiryAction = "return_to_owner"
	StaffDecision ExpiryAction = "staff_decision"
	NextInQueue   ExpiryAction = "next_in_queue"
)

// Check implements rule.Checked.
func (e Expiry) Check() error {
	return errors.Join(rule.Among("then", e.Then, ReturnToOwner, StaffDecision, NextInQueue),
		rule.Among("contact", e.Contact, ReturnToOwner, StaffDecision, NextInQueue))
}

// Period is how long our own items are lent.
type Period struct {
	Days int `yaml:"days" json:"days"`
	// Count says which days count; left out, every date does.
	Count calendar.Count `yaml:"count" json:"count,omitempty"`
	// ClosedDay says where a due date on a closed day goes: next_open,
	// same_weekday or keep.
	ClosedDay ClosedDay `yaml:"closed_day" json:"closed_day"`
}

// ClosedDay says what becomes of a date on which the library is closed.
type ClosedDay string

// What becomes of it.
const (
	MoveToNextOpen ClosedDay = "next_open"
	MoveToPrevOpen ClosedDay = "previous_open"
	KeepClosedDay  ClosedDay = "keep"
	// MoveToSameWeekday moves by whole weeks, or, where that weekday is never
	// open, to the next open day.
	MoveToSameWeekday ClosedDay = "same_weekday"
)

// Check implements rule.Checked.
func (p Period) Check() error {
	if p.Days < 0 {
		return errors.New("days must be 0 or more")
	}
	if p.Count != "" {
		if err := rule.CheckCount(p.Count); err != nil {
			return err
		}
	}
	return rule.Among("closed_day", p.ClosedDay, MoveToNextOpen, MoveToSameWeekday, KeepClosedDay)
}

// SetBy says whose figures apply.
type SetBy string

// Whose they are.
const (
	SetByLibrary SetBy = "library"
	SetByLender  SetBy = "lender"
	// SetByProvider and SetByState are for electronic media and state cards.
	SetByProvider SetBy = "provider"
	SetByState    SetBy = "state"
)

// FineRate is what a late return costs.
type FineRate struct {
	SetBy SetBy `yaml:"set_by" json:"set_by"`
	// Rate is per counted day, or per hour begun where Per says so.
	Rate  rule.Amount                `yaml:"rate" json:"rate"`
	Cap   rule.Optional[rule.Amount] `yaml:"cap" json:"cap"`
	Count calendar.Count             `yaml:"count" json:"count"`
	// Per is day (when left out) or hour.
	Per FinePer `yaml:"per" json:"per,omitempty"`
	// Steps say what the lateness comes to in all from a day or hour on; each one
	// after it adds the rate.
	Steps []FineStep `yaml:"steps" json:"steps,omitempty"`
}

// FineStep is what a lateness comes to in all from its n-th day or hour on.
type FineStep struct {
	From   int         `yaml:"from" json:"from"`
	Amount rule.Amount `yaml:"amount" json:"amount"`
}

// FinePer is the unit a fine is counted in.
type FinePer string

// The units.
const (
	PerDay  FinePer = "day"
	PerHour FinePer = "hour"
)

// Check implements rule.Checked.
func (f FineRate) Check() error {
	for i, step := range f.Steps {
		if step.From < 1 || (i > 0 && step.From <= f.Steps[i-1].From) {
			return errors.New("each step must be from a later day or hour than the one before, the first from 1 up")
		}
	}
	if f.Per != "" {
		if err := rule.Among("per", f.Per, PerDay, PerHour); err != nil {
			return err
		}
	}
	return errors.Join(rule.Among("set_by", f.SetBy, SetByLibrary, SetByLender), rule.CheckCount(f.Count))
}

// LenderDue turns the lender's due date into the patron's.
type LenderDue struct {
	// DaysBefore is how many calendar days before the lender's date ours falls.
	DaysBefore int       `yaml:"days_before" json:"days_before"`
	ClosedDay  ClosedDay `yaml:"closed_day" json:"closed_day"`
}

// Check implements rule.Checked.
func (l LenderDue) Check() error {
	if l.DaysBefore < 0 {
		return errors.New("days_before must be 0 or more")
	}
	return rule.Among("closed_day", l.ClosedDay, MoveToPrevOpen, KeepClosedDay)
}

// ILLRenewals says how many renewals of a borrowed copy to expect, and how many
// we ask for at most.
type ILLRenewals struct {
	Expected int                `yaml:"expected" json:"expected"`
	Limit    rule.Optional[int] `yaml:"limit" json:"limit"`
	// DecidedBy is always the lender, whose item it is. It stands here for people
	// who read the policy.
	DecidedBy SetBy `yaml:"decided_by" json:"decided_by"`
}

// Check implements rule.Checked.
func (r ILLRenewals) Check() error {
	return errors.Join(r.Limit.Check(), rule.Among("decided_by", r.DecidedBy, SetByLender))
}

// Window says until when a renewal may be asked for.
type Window struct {
	// DaysBefore is how many calendar days before the due date the last day to ask
	// is; 0 is the due date itself.
	DaysBefore int       `yaml:"days_before" json:"days_before"`
	Of         WhichDate `yaml:"of" json:"of"`
}

// WhichDate names the due date a window is measured from.
type WhichDate string

// The due dates.
const (
	CurrentDue WhichDate = "current_due"
	InitialDue WhichDate = "initial_due"
)

// Check implements rule.Checked.
func (w Window) Check() error {
	if w.DaysBefore < 0 {
		return errors.New("days_before must be 0 or more")
	}
	return rule.Among("of", w.Of, CurrentDue, InitialDue)
}

// Place says where a borrowed item must come back.
type Place string

// The rules about the place of return.
const (
	HereRequired Place = "here_required"
	HereAdvised  Place = "here_advised"
)

// Check implements rule.Checked.
func (p Place) Check() error { return rule.Among("return_place", p, HereRequired, HereAdvised) }

// LostCharge is what a lost borrowed item costs the patron.
type LostCharge struct {
	// Amount is lender_invoice: exactly what the lender asks.
	Amount LostAmount `yaml:"amount" json:"amount"`
	// OwnFee is what the borrowing library adds.
	OwnFee rule.Amount `yaml:"own_fee" json:"own_fee"`
}

// LostAmount names how the charge for a lost item is found.
type LostAmount string

// LenderInvoice passes on exactly what the lender asks.
const LenderInvoice LostAmount = "lender_invoice"

// Check implements rule.Checked.
func (l LostCharge) Check() error { return rule.Among("amount", l.Amount, LenderInvoice) }

// Refund says whether the payment for an item that is found is refunded.
type Refund string

// The rules about refunds for borrowed items.
const (
	NoRefund       Refund = "none"
	RefundAsLender Refund = "as_lender" // what the lender gives back, the patron gets
)

// Check implements rule.Checked.
func (r Refund) Check() error { return rule.Among("refund", r, NoRefund, RefundAsLender) }

// Moved gives the date that a due date on a closed day becomes.
func (c ClosedDay) Moved(due broker.Date, opening *calendar.Calendar) broker.Date {
	switch c {
	case MoveToNextOpen:
		return opening.NextOpenDay(due)
	case MoveToSameWeekday:
		return opening.NextSameWeekday(due)
	case MoveToPrevOpen:
		return opening.PrevOpenDay(due)
	case KeepClosedDay:
	}
	return due
}
