package accounts

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/blocks"
	"afield/broker/policy/costs"
	"afield/broker/policy/rule"
)

// CardApplication is what is known when somebody wants a card.
type CardApplication struct {
	Class string             `json:"class"`
	Age   rule.Optional[int] `json:"age,omitzero"`
	// Met are the needs that were shown to be met; the guardian's standing is worked
	// out from Guardian.
	Met []attributes.CardNeed `json:"met,omitempty"`
	// Shown are the papers shown as proof of identity, in the words of
	// cards.accepted_id.
	Shown []string `json:"shown,omitempty"`
	// Guardian is the account of the adult who answers for a minor; nil for nobody.
	Guardian *policy.Patron `json:"guardian,omitempty"`
	// Cards counts those the person, household or business has already.
	Cards int `json:"cards,omitempty"`
	// HouseholdPaid tells whether the household's fee for this year was paid
	// already.
	HouseholdPaid bool `json:"household_paid,omitempty"`
	// PaysBy is how it is paid now (cash, check …); empty where nothing is paid.
	PaysBy string `json:"pays_by,omitempty"`
	// Renewal asks about renewing a card rather than getting one.
	Renewal bool `json:"renewal,omitempty"`
}

// CardDecision answers MayHaveCard.
type CardDecision struct {
	policy.Decision
	// Fee and Deposit are what is to be paid now; FeeUnknown tells that somebody
	// else sets the fee and staff enter it.
	Fee        broker.Money `json:"fee"`
	FeeUnknown bool         `json:"fee_unknown,omitempty"`
	Deposit    broker.Money `json:"deposit"`
	// Expires is the last day the card would be good; zero means that it never ends.
	Expires broker.Date       `json:"expires,omitzero"`
	Liable  attributes.Liable `json:"liable"`
}

// CardNeeds gives all that somebody must bring or fulfil to get a card.
func CardNeeds(d *policy.Document, c CardApplication) rule.Entry[attributes.CardNeeds] {
	return d.Rules().CardNeeds.For(rule.Match{Class: c.Class, PatronAge: c.Age})
}

// MayHaveCard tells whether a card of a class may be given or renewed today, what
// it costs and until when it is good.
func MayHaveCard(d *policy.Document, at policy.Moment, c CardApplication) CardDecision {
	match := rule.Match{Class: c.Class, PatronAge: c.Age}
	needs := d.Rules().CardNeeds.For(match)
	question := "get a card"
	if c.Renewal {
		needs, question = d.Rules().CardRenewal.For(match), "renew a card"
	}
	a := d.Ask(at, question, needs.Source)
	for _, need := range needs.Value {
		checkNeed(a, need, c, needs.Source)
	}
	if adult := d.Rules().Adulthood.For(match); !c.Renewal && c.Age.Is && c.Age.Value >= adult.Value.Age && d.Rules().CardLiable.For(match).Value == attributes.LiableGuardian {
		a.Refuse(adult.Source, policy.Ground{
			Code: "not_a_minor", Message: "This card is for minors.",
			Needed: fmt.Sprintf("somebody under %d", adult.Value.Age), Found: fmt.Sprintf("age %d", c.Age.Value), Override: policy.ByDesk(),
		})
	}
	if named := guardianNamed(d, match); named.Value && !c.Renewal && !slices.Contains(needs.Value, attributes.NeedGuardianStanding) {
		checkNamed(a, c, named.Source)
	}
	if c.PaysBy != "" {
		costs.CheckPayingBy(a, match, c.PaysBy)
	}
	checkPapers(a, c, needs.Value, match)
	if per := d.Rules().CardPer.For(match); !c.Renewal && c.Cards > 0 {
		a.Refuse(per.Source, policy.Ground{
			Code: "has_card", Message: fmt.Sprintf("One card for each %s.", per.Value),
			Needed: "no card yet", Found: rule.Plural(c.Cards, "card", "cards"), Override: policy.ByDesk(),
		})
	}
	answer := CardDecision{
		Decision: a.Answer(), Fee: d.Money(0), Deposit: d.Money(0), Liable: d.Rules().CardLiable.For(match).Value,
		Expires: CardExpires(d, a.Today, match).Value,
	}
	if fee := d.Rules().CardFee.For(match).Value; fee.Is && (fee.Value.Per != attributes.PerHousehold || !c.HouseholdPaid) {
		answer.Fee, answer.FeeUnknown = d.Money(fee.Value.Amount.Value), !fee.Value.Amount.Is
	}
	if deposit := d.Rules().CardDeposit.For(match).Value; deposit.Is && !c.Renewal {
		answer.Deposit = d.Money(deposit.Value)
	}
	return answer
}

func checkNeed(a *policy.Asking, need attributes.CardNeed, c CardApplication, source rule.Source) {
	if need == attributes.NeedGuardianStanding {
		checkGuardian(a, c, source)
		return
	}
	if !slices.Contains(c.Met, need) {
		a.Refuse(source, policy.Ground{
			Code: "card_need_missing", Message: "Something is needed for this card.",
			Needed: string(need), Found: "not there", Override: policy.ByDesk(),
		})
	}
}

// checkNamed refuses a card for which nobody answers.
func checkNamed(a *policy.Asking, c CardApplication, source rule.Source) (named bool) {
	if c.Guardian == nil {
		a.Refuse(source, policy.Ground{Code: "guardian_missing", Message: "A guardian with a card is needed.", Needed: "a guardian's card", Found: "none"})
	}
	return c.Guardian != nil
}

func checkGuardian(a *policy.Asking, c CardApplication, source rule.Source) {
	if !checkNamed(a, c, source) {
		return
	}
	blocks.CheckStanding(a, rule.ActionSignForMinor, *c.Guardian, rule.Match{Class: c.Guardian.Class, PatronAge: c.Guardian.Age})
}

// CardExpires gives the last day of a card that begins on a date; zero where
// the class's cards do not end.
func CardExpires(d *policy.Document, from broker.Date, m rule.Match) rule.Entry[broker.Date] {
	entry := d.Rules().CardValidity.For(m)
	answer := rule.Entry[broker.Date]{Source: entry.Source}
	if entry.Value.Is {
		answer.Value = from.AddMonths(entry.Value.Value.Months)
	}
	return answer
}

// CardReplacement gives the charge for replacing a card lost today: the first
// price, or the higher one when one was lost within the time before.
func CardReplacement(d *policy.Document, at policy.Moment, m rule.Match, earlier ...broker.Date) costs.Charge {
	at = d.Settle(at)
	entry := d.Rules().CardReplacement.For(m)
	charge := costs.Charge{Kind: "card", Amount: d.Money(0), Rule: entry.Rule, Clause: entry.Clause}
	if !entry.Value.Is {
		return charge
	}
	ladder, today := entry.Value.Value, at.Calendar.DateOf(at.Now)
	charge.Amount = d.Money(ladder.First)
	if slices.ContainsFunc(earlier, func(loss broker.Date) bool { return today.Before(loss.AddMonths(ladder.WithinMonths)) }) {
		charge.Amount = d.Money(ladder.Again)
	}
	return charge
}

// DepositBack gives the two ways a deposit can be given back to somebody who
// owes something; staff choose.
func DepositBack(deposit, owes broker.Money) (netOfDebt, inFull broker.Money) {
	netOfDebt = deposit
	netOfDebt.Minor = max(0, deposit.Minor-max(0, owes.Minor))
	return netOfDebt, deposit
}

// AdultOn gives the day on which a patron stops being a minor; it goes by dates
// alone, in no time zone.
func AdultOn(d *policy.Document, born broker.Date) rule.Entry[broker.Date] {
	entry := d.Rules().Adulthood.For(rule.Match{})
	day := broker.NewDate(born.Year()+entry.Value.Age, born.Month(), born.Day())
	if born.Month() == time.February && born.Day() == 29 && day.Day() != 29 && entry.Value.LeapDay == attributes.LeapFebruary28 {
		day = day.AddDays(-1)
	}
	return rule.Entry[broker.Date]{Source: entry.Source, Value: day}
}

// AgeOn gives a patron's age in whole years on a date, by the calendar alone.
// Somebody born on 29 February turns a year older on 1 March in ordinary years.
func AgeOn(born, today broker.Date) int {
	age := today.Year() - born.Year()
	if today.Before(broker.NewDate(today.Year(), born.Month(), born.Day())) {
		age--
	}
	return age
}

// Years is AgeOn as policies take it: none where the birthday is not known.
func Years(born, today broker.Date) rule.Optional[int] {
	if born.IsZero() {
		return rule.Optional[int]{}
	}
	return rule.Some(AgeOn(born, today))
}

// PromptsAtAdulthood tells whether staff are asked to look at the account of a
// minor who has come of age; nothing ever changes automatically.
func PromptsAtAdulthood(d *policy.Document, born, today broker.Date) bool {
	return d.Rules().Adulthood.For(rule.Match{}).Value.Then == "prompt_staff" && !today.Before(AdultOn(d, born).Value)
}

// RefetchRemote tells whether a patron's standing that was read from another
// system this long ago is asked for again before a decision.
func RefetchRemote(d *policy.Document, good bool, age time.Duration) bool {
	holds := d.Rules().RemoteStanding.For(rule.Match{}).Value
	hours := holds.BlockedHours
	if good {
		hours = holds.GoodHours
	}
	return age >= time.Duration(hours)*time.Hour
}

// Account is what a purge looks at.
type Account struct {
	Class string `json:"class"`
	// LastUsed is the day of the last circulation; zero means never.
	LastUsed broker.Date  `json:"last_used,omitzero"`
	Expired  broker.Date  `json:"expired,omitzero"`
	Owes     broker.Money `json:"owes"`
	Linked   bool         `json:"linked,omitempty"`
	// Open counts open loans, holds and requests; an account with any is not
	// deleted.
	Open int `json:"open,omitempty"`
}

// PurgeDecision answers MayPurge.
type PurgeDecision struct {
	policy.Decision
	// By names the rule that lets the account go; WriteOff is the debt then given
	// up, which needs an entry in the ledger.
	By       string       `json:"by,omitempty"`
	WriteOff broker.Money `json:"write_off"`
	// On is the first day on which that rule let it go.
	On broker.Date `json:"on,omitzero"`
}

// MayPurge tells whether an account may be deleted today.
func MayPurge(d *policy.Document, at policy.Moment, account Account) PurgeDecision {
	entry := d.Rules().CardPurge.For(rule.Match{Class: account.Class})
	a := d.Ask(at, "be deleted", entry.Source)
	answer := PurgeDecision{WriteOff: d.Money(0)}
	if account.Open > 0 {
		a.Refuse(entry.Source, policy.Ground{
			Code: "account_in_use", Message: "Something is still open on the account.",
			Needed: "no open loan, hold or request", Found: fmt.Sprintf("%d open", account.Open),
		})
	}
	on, i := broker.Date{}, slices.IndexFunc(entry.Value, func(rule attributes.PurgeRule) bool { return lets(rule, account, a.Today) })
	for _, rule := range entry.Value {
		if lets(rule, account, a.Today) && (on.IsZero() || letsFrom(rule, account).Before(on)) {
			on = letsFrom(rule, account)
		}
	}
	if i < 0 {
		a.Refuse(entry.Source, policy.Ground{
			Code: "purge_not_due", Message: "No rule lets this account go yet.",
			Needed: "one rule of the schedule to hold", Found: "owes " + account.Owes.String() + ", expired " + cmp.Or(account.Expired.String(), "never"),
		})
	}
	answer.Decision = a.Answer()
	if answer.Allowed {
		answer.By, answer.WriteOff, answer.On = entry.Value[i].Name, account.Owes, on
	}
	return answer
}

func lets(r attributes.PurgeRule, account Account, today broker.Date) bool {
	if (r.ExpiredMonths > 0 || r.ExpiredLastYear) && account.Expired.IsZero() {
		return false
	}
	owes := account.Owes.Minor >= int64(r.OwesFrom) && account.Owes.Minor < int64(r.OwesUnder)
	return !today.Before(letsFrom(r, account)) && owes && !(r.NoLinks && account.Linked)
}

// letsFrom gives the first day on which the times of a rule are over.
func letsFrom(r attributes.PurgeRule, account Account) (from broker.Date) {
	if r.UnusedMonths > 0 && !account.LastUsed.IsZero() {
		from = account.LastUsed.AddMonths(r.UnusedMonths)
	}
	if r.ExpiredMonths > 0 {
		from = from.Later(account.Expired.AddMonths(r.ExpiredMonths))
	}
	if r.ExpiredLastYear {
		from = from.Later(broker.NewDate(account.Expired.Year()+1, time.January, 1))
	}
	return from
}
