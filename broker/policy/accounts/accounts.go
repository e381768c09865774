package accounts

import (
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
)

// AcceptedIDs gives the papers that tell who somebody is who wants a card of a
// class; none asks for no particular paper.
func AcceptedIDs(d *policy.Document, class string) rule.Entry[attributes.Words] {
	return d.Rules().CardIDs.For(rule.Match{Class: class})
}

// CardsPer gives who shares one card of a class.
func CardsPer(d *policy.Document, class string) rule.Entry[attributes.CardPer] {
	return d.Rules().CardPer.For(rule.Match{Class: class})
}

// LiableFor gives who answers for what a card of a class borrows, for staff to
// see: nothing is decided by it at a desk.
func LiableFor(d *policy.Document, class string) rule.Entry[attributes.Liable] {
	return d.Rules().CardLiable.For(rule.Match{Class: class})
}

// MayRestrictMinors tells whether the library lets staff keep materials from a
// minor's account.
func MayRestrictMinors(d *policy.Document) rule.Entry[bool] {
	return d.Rules().MinorRestriction.For(rule.Match{})
}

// PurgeRules gives the schedule by which accounts of a class may go.
func PurgeRules(d *policy.Document, class string) rule.Entry[attributes.PurgeSchedule] {
	return d.Rules().CardPurge.For(rule.Match{Class: class})
}

// AdultAge gives the age at which a minor is one no longer, and what then happens.
func AdultAge(d *policy.Document) rule.Entry[attributes.Adulthood] {
	return d.Rules().Adulthood.For(rule.Match{})
}
