package policy

// BlockGrounds lists the grounds on which staff may block an account.
func (d *Document) BlockGrounds() Entry[Words] { return d.Rules().BlockGrounds.For(Match{}) }

// AcceptedIDs gives the papers that tell who somebody is who wants a card of a
// class; none asks for no particular paper.
func (d *Document) AcceptedIDs(class string) Entry[Words] {
	return d.Rules().CardIDs.For(Match{Class: class})
}

// RenewedBy gives what tells who asks for a renewal.
func (d *Document) RenewedBy() Entry[Words] { return d.Rules().RenewalIdentity.For(Match{}) }

// CardsPer gives who shares one card of a class.
func (d *Document) CardsPer(class string) Entry[CardPer] {
	return d.Rules().CardPer.For(Match{Class: class})
}

// LiableFor gives who answers for what a card of a class borrows, for staff to
// see: nothing is decided by it at a desk.
func (d *Document) LiableFor(class string) Entry[Liable] {
	return d.Rules().CardLiable.For(Match{Class: class})
}

// MayRestrictMinors tells whether the library lets staff keep materials from a
// minor's account.
func (d *Document) MayRestrictMinors() Entry[bool] { return d.Rules().MinorRestriction.For(Match{}) }

// PurgeRules gives the schedule by which accounts of a class may go.
func (d *Document) PurgeRules(class string) Entry[PurgeSchedule] {
	return d.Rules().CardPurge.For(Match{Class: class})
}

// AdultAge gives the age at which a minor is one no longer, and what then happens.
func (d *Document) AdultAge() Entry[Adulthood] { return d.Rules().Adulthood.For(Match{}) }
