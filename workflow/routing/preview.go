package routing

import "afield/broker"

// Outlook is what would happen if the request were made now. Nothing of it is
// promised: a lender may still say no.
type Outlook struct {
	// LocalCopies are the borrower's own copies, LocalAvailable those free now.
	LocalCopies, LocalAvailable int
	// Tiers, nearest first, with what each offers.
	Tiers []TierOutlook
	// Likely is the lender that would be asked first; nil when none would be.
	Likely *Entry
}

// TierOutlook is what one tier offers.
type TierOutlook struct {
	Position int
	Name     string
	// Holders may have it; Askable of them would be asked.
	Holders, Askable int
}

// Preview sums up a ranking for a patron or the desk.
func Preview(query Query, candidates []Candidate) Outlook {
	rota := Rank(query, candidates)
	var outlook Outlook
	at := map[int]int{}
	for _, tier := range query.Tiers {
		at[tier.Position] = len(outlook.Tiers)
		outlook.Tiers = append(outlook.Tiers, TierOutlook{Position: tier.Position, Name: tier.Name})
	}
	for _, entry := range rota.Entries {
		outlook.Tiers[at[entry.Tier]].Holders++
		outlook.Tiers[at[entry.Tier]].Askable++
	}
	for _, passed := range rota.PassedOver {
		if passed.Tier >= 0 && ownsOne(passed.Reasons) {
			outlook.Tiers[at[passed.Tier]].Holders++
		}
	}
	for _, candidate := range candidates {
		if candidate.ID == query.Borrower.ID && candidate.Holder != nil {
			outlook.LocalCopies, outlook.LocalAvailable = candidate.Holder.Copies, candidate.Holder.Available
		}
	}
	if len(rota.Entries) > 0 {
		outlook.Likely = &rota.Entries[0]
	}
	return outlook
}

// ownsOne tells whether a lender passed over for these reasons has a copy.
func ownsOne(reasons []broker.Reason) bool {
	for _, reason := range reasons {
		if reason.Code == CodeNotOwned || reason.Code == CodeNotKnownToOwn {
			return false
		}
	}
	return true
}
