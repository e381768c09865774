package attributes

import (
	"errors"
	"fmt"
	"slices"

	"afield/broker/policy/rule"
)

// Words is a list of short words, each naming something in a policy: a paper that
// is accepted, a ground for a block, a field of a note.
type Words []string

// Check implements rule.Checked.
func (w Words) Check() error {
	for i, word := range w {
		if word == "" || slices.Contains(w[:i], word) {
			return errors.New("must be a list of different words")
		}
	}
	return nil
}

// OwnChanges is what patrons change of their own accounts, without the staff.
type OwnChanges []OwnChange

// OwnChange is one thing about an account.
type OwnChange string

// What can be left to patrons.
const (
	OwnEmail    OwnChange = "email"
	OwnPhone    OwnChange = "phone"
	OwnAddress  OwnChange = "address"
	OwnChannel  OwnChange = "notice_channel"
	OwnLanguage OwnChange = "language"
	OwnHistory  OwnChange = "history"
)

// Check implements rule.Checked.
func (o OwnChanges) Check() error {
	for i, one := range o {
		if err := rule.Among("own change", one, OwnEmail, OwnPhone, OwnAddress, OwnChannel, OwnLanguage, OwnHistory); err != nil {
			return err
		}
		if slices.Contains(o[:i], one) {
			return errors.New("must be a list of different words")
		}
	}
	return nil
}

// CardNeeds is what somebody must bring or fulfil to get a card.
type CardNeeds []CardNeed

// CardNeed is one condition of a card.
type CardNeed string

// The conditions.
const (
	NeedApplication      CardNeed = "application"
	NeedID               CardNeed = "id"
	NeedProofOfAddress   CardNeed = "proof_of_address"
	NeedBothResidences   CardNeed = "permanent_and_local_residence"
	NeedGuardianPresent  CardNeed = "guardian_in_person"
	NeedGuardianID       CardNeed = "guardian_id"
	NeedGuardianSigns    CardNeed = "guardian_signature"
	NeedGuardianStanding CardNeed = "guardian_in_good_standing"
	NeedHomeCard         CardNeed = "home_card_in_good_standing"
	NeedParentHomeCard   CardNeed = "parent_home_card_in_good_standing"
	NeedOwnerApplies     CardNeed = "owner_or_manager_applies"
	NeedTeachesHere      CardNeed = "teaches_in_district"
	NeedNotResident      CardNeed = "not_resident_nor_reciprocal"
	NeedPayment          CardNeed = "paid_in_full"
)

// Check implements rule.Checked.
func (n CardNeeds) Check() error {
	for _, need := range n {
		if err := rule.Among("need", need, NeedApplication, NeedID, NeedProofOfAddress, NeedBothResidences, NeedGuardianPresent,
			NeedGuardianID, NeedGuardianSigns, NeedGuardianStanding, NeedHomeCard, NeedParentHomeCard, NeedOwnerApplies,
			NeedTeachesHere, NeedNotResident, NeedPayment); err != nil {
			return err
		}
	}
	return nil
}

// CardFee is what a card costs.
type CardFee struct {
	// Amount is none where somebody else sets the fee: staff then enter it.
	Amount rule.Optional[rule.Amount] `yaml:"amount" json:"amount"`
	// Per says whether each person pays, or one payment serves a household.
	Per   CardPer `yaml:"per" json:"per"`
	SetBy SetBy   `yaml:"set_by" json:"set_by,omitempty"`
}

// CardPer is who shares one card or one fee.
type CardPer string

// Who shares it.
const (
	PerPerson    CardPer = "person"
	PerHousehold CardPer = "household"
	PerBusiness  CardPer = "business"
)

// Check implements rule.Checked.
func (p CardPer) Check() error { return rule.Among("per", p, PerPerson, PerHousehold, PerBusiness) }

// Check implements rule.Checked.
func (f CardFee) Check() error {
	if f.SetBy != "" {
		if err := rule.Among("set_by", f.SetBy, SetByLibrary, SetByState); err != nil {
			return err
		}
	}
	return f.Per.Check()
}

// Months is a period of calendar months; one that would end past the end of a
// month ends on that month's last day.
type Months struct {
	Months int `yaml:"months" json:"months"`
}

// Check implements rule.Checked.
func (m Months) Check() error {
	if m.Months < 1 {
		return errors.New("months must be 1 or more")
	}
	return nil
}

// String gives "36 months".
func (m Months) String() string { return rule.Plural(m.Months, "month", "months") }

// Borrowable is what may be borrowed on a card.
type Borrowable struct {
	Items rule.Set `yaml:"items" json:"items"`
	// Except are types left out where Items is all.
	Except []string `yaml:"except" json:"except,omitempty"`
	// Owners says whose items: own, consortium, ill, or all.
	Owners rule.Set `yaml:"owners" json:"owners"`
}

// Check implements rule.Checked.
func (b Borrowable) Check() error {
	if !b.Items.Given() || !b.Owners.Given() {
		return errors.New("must say items and owners, or all")
	}
	return nil
}

// Lends tells whether an owner's items of a type may be borrowed on the card.
func (b Borrowable) Lends(item string, owner rule.Owner) bool {
	return b.Owners.Has(string(owner)) && b.Items.Has(item) && !slices.Contains(b.Except, item)
}

// Ladder is a fee that rises when the same thing happens again within a time.
type Ladder struct {
	First        rule.Amount `yaml:"first" json:"first"`
	Again        rule.Amount `yaml:"again" json:"again"`
	WithinMonths int         `yaml:"within_months" json:"within_months"`
}

// Check implements rule.Checked.
func (l Ladder) Check() error {
	if l.WithinMonths < 1 {
		return errors.New("within_months must be 1 or more")
	}
	return nil
}

// Adulthood says when a patron stops being a minor, and what then happens.
type Adulthood struct {
	Age int `yaml:"age" json:"age"`
	// LeapDay is the birthday of those born on 29 February: march_1 or february_28.
	LeapDay LeapDay `yaml:"leap_day" json:"leap_day"`
	// Then is prompt_staff or nothing; an account never changes automatically.
	Then string `yaml:"then" json:"then"`
}

// LeapDay is the birthday, in ordinary years, of somebody born on 29 February.
type LeapDay string

// The two customs.
const (
	LeapMarch1     LeapDay = "march_1"
	LeapFebruary28 LeapDay = "february_28"
)

// Check implements rule.Checked.
func (a Adulthood) Check() error {
	if a.Age < 1 {
		return errors.New("age must be 1 or more")
	}
	return errors.Join(rule.Among("leap_day", a.LeapDay, LeapMarch1, LeapFebruary28), rule.Among("then", a.Then, "prompt_staff", "nothing"))
}

// PurgeSchedule is when an account may be deleted: when any of its rules holds.
type PurgeSchedule []PurgeRule

// PurgeRule lets an account go when everything it names holds.
type PurgeRule struct {
	Name string `yaml:"name" json:"name"`
	// UnusedMonths is how long nothing has been borrowed; ExpiredMonths is how long
	// ago the card ended.
	UnusedMonths  int `yaml:"unused_months" json:"unused_months,omitempty"`
	ExpiredMonths int `yaml:"expired_months" json:"expired_months,omitempty"`
	// ExpiredLastYear asks that the card ended before this calendar year.
	ExpiredLastYear bool `yaml:"expired_last_year" json:"expired_last_year,omitempty"`
	// OwesFrom and OwesUnder bound what is owed: from 25.00, under 100.00.
	OwesFrom  rule.Amount `yaml:"owes_from" json:"owes_from,omitempty"`
	OwesUnder rule.Amount `yaml:"owes_under" json:"owes_under"`
	// NoLinks asks that no other account is linked.
	NoLinks bool `yaml:"no_links" json:"no_links,omitempty"`
}

// Check implements rule.Checked.
func (s PurgeSchedule) Check() error {
	for _, rule := range s {
		switch {
		case rule.Name == "":
			return errors.New("each purge rule has a name")
		case rule.UnusedMonths < 1 && rule.ExpiredMonths < 1:
			return fmt.Errorf("purge rule %s must say for how long unused or expired", rule.Name)
		case rule.OwesUnder <= rule.OwesFrom:
			return fmt.Errorf("purge rule %s: owes_under must be above owes_from", rule.Name)
		}
	}
	return nil
}

// RemoteStanding says how long a patron's standing from another system may be
// relied on.
type RemoteStanding struct {
	GoodHours int `yaml:"good_hours" json:"good_hours"`
	// BlockedHours is 0 where a blocked patron is asked about each time.
	BlockedHours int `yaml:"blocked_hours" json:"blocked_hours"`
}

// Check implements rule.Checked.
func (r RemoteStanding) Check() error {
	if r.GoodHours < 0 || r.BlockedHours < 0 {
		return errors.New("hours must be 0 or more")
	}
	return nil
}

// Disclosure says what is needed before anything about a patron is told to
// anybody but the patron.
type Disclosure struct {
	// Needs are the papers of which one must be shown; with none, nobody is told.
	Needs Words `yaml:"needs" json:"needs"`
	// ReviewedBy names who first judges form and good cause; empty means nobody.
	ReviewedBy string `yaml:"reviewed_by" json:"reviewed_by,omitempty"`
}
