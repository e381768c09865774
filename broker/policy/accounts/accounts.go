package accounts

import (
	"slices"

	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
)

// AcceptedIDs gives the identity papers that the library accepts from somebody
// who wants a card of a class; an empty list asks for no particular paper.
func AcceptedIDs(d *policy.Document, m rule.Match) rule.Entry[attributes.Words] {
	return d.Rules().CardIDs.For(m)
}

// CardsPer gives who shares one card of a class.
func CardsPer(d *policy.Document, class string) rule.Entry[attributes.CardPer] {
	return d.Rules().CardPer.For(rule.Match{Class: class})
}

// LiableFor gives who answers for what is borrowed on a card of a class. It is
// for staff to see, and a guardian has to be named (GuardianNamed); nothing else
// at a desk is decided by it.
func LiableFor(d *policy.Document, class string) rule.Entry[attributes.Liable] {
	return d.Rules().CardLiable.For(rule.Match{Class: class})
}

// GuardianNamed tells whether the account of a guardian goes with a card of a
// class: where a guardian answers for it, unless the policy asks for the parent's
// card at another library instead.
func GuardianNamed(d *policy.Document, class string) rule.Entry[bool] {
	return guardianNamed(d, rule.Match{Class: class})
}

func guardianNamed(d *policy.Document, match rule.Match) rule.Entry[bool] {
	liable := d.Rules().CardLiable.For(match)
	elsewhere := slices.Contains(d.Rules().CardNeeds.For(match).Value, attributes.NeedParentHomeCard)
	return rule.Entry[bool]{Source: liable.Source, Value: liable.Value == attributes.LiableGuardian && !elsewhere}
}

// CardDigits gives how many digits a card's number has; none where the policy
// does not say.
func CardDigits(d *policy.Document) rule.Entry[rule.Optional[int]] {
	entry := d.Rules().SignIn.For(rule.Match{})
	return rule.Entry[rule.Optional[int]]{Source: entry.Source, Value: entry.Value.CardDigits}
}

// MayRestrictMinors tells whether the library lets staff keep materials from a
// minor's account.
func MayRestrictMinors(d *policy.Document) rule.Entry[bool] {
	return d.Rules().MinorRestriction.For(rule.Match{})
}

// OwnChanges gives what patrons of a class change of their own accounts themselves.
func OwnChanges(d *policy.Document, m rule.Match) rule.Entry[attributes.OwnChanges] {
	return d.Rules().OwnChanges.For(m)
}

// PurgeRules gives the schedule by which accounts of a class may be deleted.
func PurgeRules(d *policy.Document, class string) rule.Entry[attributes.PurgeSchedule] {
	return d.Rules().CardPurge.For(rule.Match{Class: class})
}

// AdultAge gives the age at which a patron stops being a minor, and what then
// happens.
func AdultAge(d *policy.Document) rule.Entry[attributes.Adulthood] {
	return d.Rules().Adulthood.For(rule.Match{})
}
