package loans

import (
	"time"

	"afield/broker"
	"afield/broker/patrons"
)

// ClaimKind is what a patron claims about a loan.
type ClaimKind string

// The kinds of claim.
const (
	ClaimReturned      ClaimKind = "returned"       // that it is back
	ClaimNeverBorrowed ClaimKind = "never_borrowed" // that they never had it
)

// Word is the kind in the words of policies.
func (k ClaimKind) Word() string {
	if k == ClaimNeverBorrowed {
		return "never_had"
	}
	return string(k)
}

// ClaimStatus is the status of a claim.
type ClaimStatus string

// The statuses of a claim.
const (
	ClaimAskedOwner     ClaimStatus = "asked_owner" // another library's item: its owner decides
	ClaimOpen           ClaimStatus = "open"
	ClaimFoundInLibrary ClaimStatus = "found_in_library"
	ClaimFoundByPatron  ClaimStatus = "found_by_patron"
	ClaimCharged        ClaimStatus = "charged" // not found: declared lost
	ClaimWithdrawn      ClaimStatus = "withdrawn"
	ClaimRefused        ClaimStatus = "refused" // by the item's owner
)

// Claim is a patron saying that an item is back, or was never theirs.
type Claim struct {
	Library broker.ID // whose desk lent
	ID      broker.ID
	Loan    broker.ID
	Patron  patrons.Ref
	Kind    ClaimKind
	Status  ClaimStatus
	// ByGuardian tells that a guardian said so.
	ByGuardian bool
	// Note is what the policy requires to be noted on the account, by field:
	// title, author, barcode, names, date.
	Note      map[string]string
	ClaimedAt time.Time
	ClaimedBy broker.Actor
	ClosedAt  time.Time
}
