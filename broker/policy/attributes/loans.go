package attributes

import (
	"errors"
	"fmt"

	"afield/broker"
	"afield/broker/policy/rule"
)

// Latest gives the last start date from which the time has lapsed by a day.
// Months are clamped to their end, so several start dates may lapse on one day.
func (l Lapse) Latest(today broker.Date) broker.Date {
	start := today.AddDays(-l.Days)
	if l.Months > 0 {
		start = today.AddMonths(-l.Months).AddDays(3)
	}
	for l.From(start).After(today) {
		start = start.AddDays(-1)
	}
	return start
}

// From gives the first day on which the time has lapsed.
func (l Lapse) From(start broker.Date) broker.Date {
	day := start.AddDays(l.Days)
	if l.Months > 0 {
		day = start.AddMonths(l.Months)
	}
	if l.MoreThan {
		return day.AddDays(1)
	}
	return day
}

// String gives "10.00 for the case".
func (p PartPrice) String() string { return fmt.Sprintf("%s for the %s", p.Amount, p.Part) }

// LimitCounts says which loans count towards limits.
type LimitCounts struct {
	// Claimed counts items with an open claim, which are still on loan on paper.
	Claimed bool `yaml:"claimed" json:"claimed"`
	// ILLTotal counts borrowed copies towards the total, ILLTypes towards types and
	// groups; the requests for them have a limit of their own.
	ILLTotal bool `yaml:"ill_total" json:"ill_total"`
	ILLTypes bool `yaml:"ill_types" json:"ill_types"`
}

// Groups are limits that several material types share.
type Groups []Group

// Group is one shared limit.
type Group struct {
	Name  string   `yaml:"name" json:"name"`
	Items []string `yaml:"items" json:"items"`
	Max   int      `yaml:"max" json:"max"`
}

// Check implements rule.Checked.
func (g Groups) Check() error {
	for _, group := range g {
		if group.Name == "" || len(group.Items) == 0 || group.Max < 0 {
			return errors.New("each group needs a name, items, and a max from 0 up")
		}
	}
	return nil
}

// RenewalFrom is the day a renewal's time runs from.
type RenewalFrom string

// The two readings.
const (
	FromRenewalDay RenewalFrom = "renewal_day"
	FromOldDue     RenewalFrom = "old_due"
)

// Check implements rule.Checked.
func (r RenewalFrom) Check() error { return rule.Among("from", r, FromRenewalDay, FromOldDue) }

// RenewalHolds says what somebody else's hold does to a renewal.
type RenewalHolds string

// What it does.
const (
	HoldsRefuse        RenewalHolds = "refuse"
	HoldsUnlessFilled  RenewalHolds = "refuse_unless_others_fill"
	HoldsDoNotConcern  RenewalHolds = "allow"
	OverdueFineCharged              = "charge"
	OverdueFineForgive              = "forgive"
)

// Check implements rule.Checked.
func (r RenewalHolds) Check() error {
	return rule.Among("holds", r, HoldsRefuse, HoldsUnlessFilled, HoldsDoNotConcern)
}

// FineAtRenewal says what becomes of the fine when an overdue item is renewed:
// charge or forgive.
type FineAtRenewal string

// Check implements rule.Checked.
func (f FineAtRenewal) Check() error {
	return rule.Among("fine", f, OverdueFineCharged, OverdueFineForgive)
}

// OtherOverdues says what a patron's overdue items do to renewals.
type OtherOverdues string

// What they do.
const (
	OverduesAllow     OtherOverdues = "allow"      // nothing
	OverduesBlockItem OtherOverdues = "block_item" // the overdue item itself is not renewed
	OverduesBlock     OtherOverdues = "block"      // one overdue item stops every renewal
)

// Check implements rule.Checked.
func (o OtherOverdues) Check() error {
	return rule.Among("other_overdues", o, OverduesAllow, OverduesBlockItem, OverduesBlock)
}

// BookDrop says for which day something found in the book drop counts.
type BookDrop string

// The two opposite rules.
const (
	// DropUntilOpening counts what is found before opening for the last open day.
	DropUntilOpening BookDrop = "until_next_opening"
	// DropWhenCheckedIn counts the day it is checked in, never the evening before.
	DropWhenCheckedIn BookDrop = "when_checked_in"
)

// Check implements rule.Checked.
func (b BookDrop) Check() error {
	return rule.Among("book_drop", b, DropUntilOpening, DropWhenCheckedIn)
}

// UndoTime is how long an act at the desk can be undone: so many minutes, or until
// the end of the business day.
type UndoTime struct {
	Minutes  int  `yaml:"minutes" json:"minutes,omitempty"`
	EndOfDay bool `yaml:"end_of_day" json:"end_of_day,omitempty"`
}

// Check implements rule.Checked.
func (u UndoTime) Check() error {
	if u.Minutes < 0 || (u.Minutes > 0) == u.EndOfDay {
		return errors.New("must give either minutes above 0, or end_of_day: true")
	}
	return nil
}

// String gives "30 minutes".
func (u UndoTime) String() string {
	if u.EndOfDay {
		return "until the end of the business day"
	}
	return rule.Plural(u.Minutes, "minute", "minutes")
}

// Relief says what an unforeseen closing does for what was due.
type Relief struct {
	// DueThatDay moves a due date on the closed day to the next open day.
	DueThatDay bool `yaml:"due_that_day" json:"due_that_day"`
	// AdjustedBy are the roles that may move due dates in bulk, with a reason.
	AdjustedBy rule.Roles `yaml:"adjusted_by" json:"adjusted_by"`
}

// Grace is a time after the due moment in which nothing is charged.
type Grace struct {
	Days    int `yaml:"days" json:"days,omitempty"`
	Minutes int `yaml:"minutes" json:"minutes,omitempty"`
	// Mode says whether the time stays free once it is exceeded.
	Mode GraceMode `yaml:"mode" json:"mode"`
}

// GraceMode says whether the grace time is charged to somebody who is later than
// it allows.
type GraceMode string

// The two customs.
const (
	GraceUntilExceeded GraceMode = "until_exceeded" // then every day counts
	GraceAlwaysFree    GraceMode = "always_free"    // its days never count
)

// Check implements rule.Checked.
func (g Grace) Check() error {
	if g.Days < 0 || g.Minutes < 0 || (g.Days == 0) == (g.Minutes == 0) {
		return errors.New("must give days or minutes, one of them")
	}
	return rule.Among("mode", g.Mode, GraceUntilExceeded, GraceAlwaysFree)
}

// Lapse is a time after a due date, and whether it must be exceeded.
type Lapse struct {
	Days   int `yaml:"days" json:"days,omitempty"`
	Months int `yaml:"months" json:"months,omitempty"`
	// MoreThan asks for a day more: "more than 60 days" is day 61.
	MoreThan bool `yaml:"more_than" json:"more_than,omitempty"`
}

// Check implements rule.Checked.
func (l Lapse) Check() error {
	if l.Days < 0 || l.Months < 0 || (l.Days == 0) == (l.Months == 0) {
		return errors.New("must give days or months, one of them")
	}
	return nil
}

// String gives "more than 60 days".
func (l Lapse) String() string {
	text := rule.Plural(l.Days, "day", "days")
	if l.Months > 0 {
		text = rule.Plural(l.Months, "month", "months")
	}
	if l.MoreThan {
		return "more than " + text
	}
	return text
}

// LostPrice says what a lost item of our own costs, by whether the library will
// buy it again.
type LostPrice struct {
	Replaced    PriceParts `yaml:"replaced" json:"replaced"`
	NotReplaced PriceParts `yaml:"not_replaced" json:"not_replaced"`
	// ReplacedByAge tells whether an item that is lost only because it is so long
	// overdue, so that nobody has decided, counts as one to be bought again;
	// otherwise the price without a new copy is charged.
	ReplacedByAge bool `yaml:"replaced_by_age" json:"replaced_by_age,omitempty"`
}

// PriceParts are what one lost item's charge is made of.
type PriceParts struct {
	Basis PriceBasis `yaml:"basis" json:"basis"`
	// Shipping adds what the new copy's delivery costs.
	Shipping bool `yaml:"shipping" json:"shipping,omitempty"`
	// Processing is the library's own work.
	Processing rule.Amount `yaml:"processing" json:"processing"`
}

// PriceBasis names the price a lost item is charged at.
type PriceBasis string

// The prices; where the named one is unknown the type's default price serves.
const (
	PricePaid        PriceBasis = "price_paid"  // what we once paid
	PriceReplacement PriceBasis = "replacement" // what a new copy costs now
	PriceListed      PriceBasis = "list"        // list price, else replacement
)

// Check implements rule.Checked.
func (p LostPrice) Check() error {
	return errors.Join(rule.Among("replaced.basis", p.Replaced.Basis, PricePaid, PriceReplacement, PriceListed),
		rule.Among("not_replaced.basis", p.NotReplaced.Basis, PricePaid, PriceReplacement, PriceListed))
}

// PartPrices are fixed prices of parts: a case, one disc, a barcode.
type PartPrices []PartPrice

// PartPrice is the price of one part.
type PartPrice struct {
	Part   string      `yaml:"part" json:"part"`
	Amount rule.Amount `yaml:"amount" json:"amount"`
}

// LostSet says what losing a part of a set costs when the part cannot be had.
type LostSet string

// What it costs.
const (
	WholeSet LostSet = "whole_set"
	PartOnly LostSet = "part"
)

// Check implements rule.Checked.
func (l LostSet) Check() error { return rule.Among("set", l, WholeSet, PartOnly) }

// Damage says what a damaged item costs.
type Damage struct {
	Minor  string `yaml:"minor" json:"minor"`   // assessed or free
	Beyond string `yaml:"beyond" json:"beyond"` // as_lost
}

// Check implements rule.Checked.
func (d Damage) Check() error {
	return errors.Join(rule.Among("minor", d.Minor, "assessed", "free"), rule.Among("beyond", d.Beyond, "as_lost"))
}

// LostReturn says what happens to money when a lost item comes back.
type LostReturn struct {
	// Overdue says what the lateness costs then.
	Overdue LostOverdue `yaml:"overdue" json:"overdue"`
	// CancelUnpaid takes back the unpaid part of the lost charge.
	CancelUnpaid bool `yaml:"cancel_unpaid" json:"cancel_unpaid"`
	// NegativeBalance lets the account end in the patron's favour.
	NegativeBalance bool `yaml:"negative_balance" json:"negative_balance"`
}

// LostOverdue is what a returned lost item's lateness costs.
type LostOverdue string

// What it costs.
const (
	OverdueAsCharged LostOverdue = "as_charged" // what stands, and no more
	OverdueRestored  LostOverdue = "restore"    // what was taken back at the loss
	OverdueNew       LostOverdue = "charge_new" // worked out again up to the return
	OverdueForgiven  LostOverdue = "forgive"    // nothing
)

// Check implements rule.Checked.
func (l LostReturn) Check() error {
	return rule.Among("overdue", l.Overdue, OverdueAsCharged, OverdueRestored, OverdueNew, OverdueForgiven)
}

// LostRefund says when the payment for a lost item that is found is refunded.
type LostRefund struct {
	WithinDays   int `yaml:"within_days" json:"within_days,omitempty"`
	WithinMonths int `yaml:"within_months" json:"within_months,omitempty"`
	// LastDayCounts is false where the last day of the time is already too late.
	LastDayCounts bool `yaml:"last_day_counts" json:"last_day_counts"`
	// From is payment or lost: the day the time begins.
	From string `yaml:"from" json:"from"`
	// Deduct is kept for each item; the refund never goes below zero.
	Deduct rule.Amount `yaml:"deduct" json:"deduct"`
	// IfReplaced refunds even where a new copy was bought.
	IfReplaced bool `yaml:"if_replaced" json:"if_replaced"`
	// Processing refunds the processing fee too.
	Processing bool `yaml:"processing" json:"processing"`
}

// Check implements rule.Checked.
func (r LostRefund) Check() error {
	if r.WithinDays < 0 || r.WithinMonths < 0 || (r.WithinDays == 0) == (r.WithinMonths == 0) {
		return errors.New("must give within_days or within_months, one of them")
	}
	return rule.Among("from", r.From, "payment", "lost")
}

// Donation says whether a like item is taken instead of money.
type Donation string

// The answers.
const (
	DonationRefused    Donation = "refused"
	DonationByDirector Donation = "with_director"
)

// Check implements rule.Checked.
func (d Donation) Check() error {
	return rule.Among("donation", d, DonationRefused, DonationByDirector)
}

// Collection says whether debts are handed on for recovery.
type Collection struct {
	ExpensesCharged bool `yaml:"expenses_charged" json:"expenses_charged"`
}

// ClaimLimit limits how often a patron may claim that an item was returned or
// never had.
type ClaimLimit struct {
	Max int `yaml:"max" json:"max"`
	// Count is carried (those open now) or lifetime.
	Count ClaimCount `yaml:"count" json:"count"`
}

// ClaimCount is which claims count.
type ClaimCount string

// The two ways.
const (
	ClaimsCarried  ClaimCount = "carried"
	ClaimsLifetime ClaimCount = "lifetime"
)

// Check implements rule.Checked.
func (c ClaimLimit) Check() error {
	if c.Max < 0 {
		return errors.New("max must be 0 or more")
	}
	return rule.Among("count", c.Count, ClaimsCarried, ClaimsLifetime)
}

// ClaimFound says what a found item costs, by who found it.
type ClaimFound struct {
	InLibrary string `yaml:"in_library" json:"in_library"` // cleared
	ByPatron  string `yaml:"by_patron" json:"by_patron"`   // fined_to_return or cleared
}

// Check implements rule.Checked.
func (c ClaimFound) Check() error {
	return errors.Join(rule.Among("in_library", c.InLibrary, "cleared"), rule.Among("by_patron", c.ByPatron, "fined_to_return", "cleared"))
}

// Opening is how early a renewal may be asked for.
type Opening struct {
	DaysBefore int `yaml:"days_before" json:"days_before"`
	// Precision is date (from the start of that day) or time (to the minute).
	Precision string `yaml:"precision" json:"precision"`
}

// Check implements rule.Checked.
func (o Opening) Check() error {
	if o.DaysBefore < 0 {
		return fmt.Errorf("days_before must be 0 or more")
	}
	return rule.Among("precision", o.Precision, "date", "time")
}
