package accounts

import (
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
)

// AcceptedIDs gives the identity papers that the library accepts from somebody
// who wants a card of a class; an empty list asks for no particular paper.
func AcceptedIDs(d *policy.Document, class string) rule.Entry[attributes.Words] {
	return d.Rules().CardIDs.For(rule.Match{Class: class})
}

// CardsPer gives who shares one card of a class.
func CardsPer(d *policy.Document, class string) rule.Entry[attributes.CardPer] {
	return d.Rules().CardPer.For(rule.Match{Class: class})
}

// LiableFor gives who answers for what is borrowed on a card of a class. It is
// for staff to see; nothing at a desk is decided by it.
func LiableFor(d *policy.Document, class string) rule.Entry[attributes.Liable] {
	return d.Rules().CardLiable.For(rule.Match{Class: class})
}

// MayRestrictMinors tells whether the library lets staff keep materials from a
// minor's account.
func MayRestrictMinors(d *policy.Document) rule.Entry[bool] {
	return d.Rules().MinorRestriction.For(rule.Match{})
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
