package patrons

import (
	"encoding/json"
	"time"

	"afield/broker"
	"afield/broker/policy/accounts"
	"afield/broker/policy/rule"
)

// Ref names a patron: ids are unique within a library's rows.
type Ref struct {
	Library broker.ID
	ID      broker.ID
}

// Status tells whether a patron may use the library at all.
type Status string

// The statuses of a patron.
const (
	Active    Status = "active"
	Suspended Status = "suspended"
	Closed    Status = "closed"
)

// Patron is somebody who borrows from their home library, or another library
// that borrows from it.
type Patron struct {
	Library broker.ID
	ID      broker.ID
	// Class is one the library's policy knows, for example "resident";
	// ClassLibrary is an institutional patron.
	Class string
	Name  string
	// Institution is the borrowing library behind an institutional patron.
	Institution broker.ID
	Branch      broker.ID
	// Household is the group that shares one fee or one card; NoID for none.
	Household broker.ID
	BornOn    broker.Date
	Address   string
	// Language is that of the patron's notices, for example "en".
	Language       string
	Phone          string
	PhoneCheckedOn broker.Date
	Email          string
	// NoticeChannel is the channel the patron wishes; empty follows the policy.
	NoticeChannel string
	// NotFor are material types and audiences kept from this account.
	NotFor []string
	// HomeLibrary is the library that issued a reciprocal borrower's own card.
	HomeLibrary string
	// KeepHistory is the patron's wish; nil follows the policy.
	KeepHistory *bool
	// ExpiresOn is the last day the card is good; zero means that it never ends.
	ExpiresOn    broker.Date
	Status       Status
	Note         string
	CreatedAt    time.Time
	RegisteredOn broker.Date
	// LastActiveOn is the day of the last circulation (TouchActive).
	LastActiveOn broker.Date
	// AdultPromptedOn is when staff were asked to look at the account of a minor who
	// came of age.
	AdultPromptedOn broker.Date
	// MergedInto is the account that took this one's place.
	MergedInto broker.ID
	// PurgedOn is when everything personal was removed.
	PurgedOn broker.Date
}

// ClassLibrary is the class of institutional patrons.
const ClassLibrary = "library"

// Ref names the patron.
func (p Patron) Ref() Ref { return Ref{p.Library, p.ID} }

// AgeOn gives the patron's age in whole years on a date, by the calendar alone;
// false when the birthday is not known.
func (p Patron) AgeOn(date broker.Date) (years int, known bool) {
	if p.BornOn.IsZero() {
		return 0, false
	}
	return accounts.AgeOn(p.BornOn, date), true
}

// Match is what a policy's entries are matched against where only the patron
// matters.
func (p Patron) Match(today broker.Date) rule.Match {
	return rule.Match{Class: p.Class, PatronAge: accounts.Years(p.BornOn, today)}
}

// Until is when the history of patrons is forgotten: by class, under the empty
// class for all others. A zero value keeps it.
type Until[T interface{ IsZero() bool }] map[string]T

// Of picks from an Until, given to a statement as this parameter, what goes for
// the patron whom the statement calls p.
func (Until[T]) Of(parameter string) string {
	return "(case when " + parameter + "::jsonb ? p.class then " + parameter + "::jsonb ->> p.class else " + parameter + "::jsonb ->> '' end)"
}

// MarshalJSON writes null for a zero value.
func (u Until[T]) MarshalJSON() ([]byte, error) {
	all := map[string]any{}
	for class, value := range u {
		all[class] = nil
		if !value.IsZero() {
			all[class] = value
		}
	}
	return json.Marshal(all)
}

// CardStatus tells whether a card may be used.
type CardStatus string

// The statuses of a card.
const (
	CardActive   CardStatus = "active"
	CardLost     CardStatus = "lost"
	CardStolen   CardStatus = "stolen"
	CardReplaced CardStatus = "replaced"
	// CardSurrendered is a card that was given back, with its deposit.
	CardSurrendered CardStatus = "surrendered"
)

// Card is a number a patron shows or types. Numbers are unique in a realm (a
// sharing group).
type Card struct {
	Library broker.ID
	ID      broker.ID
	Realm   broker.ID
	Number  string
	Patron  broker.ID
	// PINHash is made and compared by broker/access; empty means no PIN.
	PINHash string
	// PINSetAt is zero where there is none, or where it was set before this was noted.
	PINSetAt  time.Time
	Status    CardStatus
	CreatedAt time.Time
	// StoppedOn is when it was reported lost or stolen, or replaced.
	StoppedOn broker.Date
	// Replaces is the card this one took the place of.
	Replaces broker.ID
	// Deposit is the charge for the deposit left for it; NoID for none.
	Deposit broker.ID
}

// BlockKind says what sort of block was put.
type BlockKind string

// The kinds of block that are stored. Blocks that follow from today's figures
// are never stored: policies compute them.
const (
	BlockManual       BlockKind = "manual"
	BlockSuspended    BlockKind = "suspended"
	BlockILLSuspended BlockKind = "ill_suspended"
	BlockLatched      BlockKind = "latched"
)

// Block stops a patron from some actions until it is lifted or ends.
type Block struct {
	Library broker.ID
	ID      broker.ID
	Patron  broker.ID
	Kind    BlockKind
	// Stops are the actions, in the words of broker/policy.
	Stops  []string
	Reason string
	// Ground is one of those the policy names (blocks.grounds); "" for none.
	Ground string
	// Rule is the policy attribute of a latched block.
	Rule     string
	From     broker.Date
	Until    broker.Date // the last day; zero means until lifted
	PutBy    broker.Actor
	LiftedAt time.Time
}

// StandsOn tells whether the block holds on a date.
func (b Block) StandsOn(date broker.Date) bool {
	return b.LiftedAt.IsZero() && !date.Before(b.From) && (b.Until.IsZero() || !date.After(b.Until))
}
