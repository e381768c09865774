package catalog

import (
	"fmt"
	"time"

	"afield/broker"
)

// Title is one edition of a work in one format.
type Title struct {
	ID     broker.ID
	Title  string
	Author string
	// ISBNs have 13 digits each (broker.NormalISBN); others are dropped on saving.
	ISBNs     []string
	ISSN      string
	OCLC      string
	Publisher string
	Year      string
	// Format is empty for a book.
	Format broker.Format
	// Form is online, large_print or braille where it is not in print of the usual size.
	Form string
	// Realm is the sharing group whose words these are; NoID for a title that is
	// common to all.
	Realm broker.ID
	// Work is what all editions of the work have in common; it is worked out from
	// title and author when they are stored.
	Work string
}

// ItemStatus says where an item is.
type ItemStatus string

// The statuses of an item.
const (
	OnShelf     ItemStatus = "on_shelf"
	OnHoldShelf ItemStatus = "on_hold_shelf"
	OnLoan      ItemStatus = "on_loan"
	InTransit   ItemStatus = "in_transit"
	Received    ItemStatus = "received" // a borrowed copy, inspected and not yet shelved
	Missing     ItemStatus = "missing"
	Lost        ItemStatus = "lost"
	Withdrawn   ItemStatus = "withdrawn"
	GoneHome    ItemStatus = "gone_home"     // a borrowed copy, back with its lender
	OnOrder     ItemStatus = "on_order"      // bought, and not here yet
	InProcess   ItemStatus = "in_processing" // here, and not ready for the shelf
)

// Words gives the status in the words of a desk.
func (s ItemStatus) Words() string {
	switch s {
	case OnShelf:
		return "on the shelf"
	case OnHoldShelf:
		return "on the hold shelf"
	case OnLoan:
		return "on loan"
	case InTransit:
		return "on its way"
	case Received:
		return "received and not yet shelved"
	case GoneHome:
		return "back with its lender"
	case OnOrder:
		return "on order"
	case InProcess:
		return "being made ready for the shelf"
	case Missing, Lost, Withdrawn:
	}
	return string(s)
}

// Item is one piece with a barcode: a library's own, or a temporary one for a
// copy borrowed from a lender.
type Item struct {
	Library broker.ID
	ID      broker.ID
	// Realm is the sharing group in which the barcode is unique.
	Realm   broker.ID
	Barcode string
	Title   broker.ID // NoID when no title is known
	Branch  broker.ID // NoID when it has none
	// Type is a material type the library's policy knows; empty means book.
	Type string
	// Audience is adult, teen or child; empty means adult.
	Audience   string
	CallNumber string
	// Price is what replacing it costs; nil when not known.
	Price    *broker.Money
	Status   ItemStatus // empty means on_shelf
	Lendable bool
	// Request is the borrowing request a temporary item serves; NoID on our own.
	Request broker.ID
	// LenderBarcode is the lender's own barcode of a temporary item.
	LenderBarcode string
	// AgeMark is new or high_demand where other terms hold for such items.
	AgeMark string
	// Parts is how many pieces belong to it: discs, a booklet; 0 is 1.
	Parts int
	// PartsMissing says which parts did not come back.
	PartsMissing string
	// LoanNote is shown to staff whenever it is lent or comes back.
	LoanNote string
	// PricePaid is what it once cost, ListPrice the publisher's price now; nil
	// when not known, in the currency of Price.
	PricePaid, ListPrice *broker.Money
	// Brief marks a record made at the desk, which is still to be catalogued.
	Brief bool
	// DamagedOn is when it was noted as damaged, and nobody has put it right since;
	// zero for never.
	DamagedOn broker.Date
	// ReplacedOn is when a new copy was bought for it; zero when none was.
	ReplacedOn broker.Date
}

// Temporary tells whether the item stands for a borrowed copy.
func (i Item) Temporary() bool { return i.Request != broker.NoID }

// NeedsPerson gives what a person must look at before the item goes any further:
// it is said at every return, until it is put right.
func (i Item) NeedsPerson() []broker.Reason {
	var reasons []broker.Reason
	if i.PartsMissing != "" {
		reasons = append(reasons, broker.Reason{
			Code: "parts_missing", Rule: "lost.parts", Message: "Not all of it came back: put it aside.",
			Needed: fmt.Sprintf("%d parts", max(1, i.Parts)), Found: "missing: " + i.PartsMissing,
		})
	}
	if !i.DamagedOn.IsZero() {
		reasons = append(reasons, broker.Reason{
			Code: "damaged", Message: "It was noted as damaged: look at it before it goes on.",
			Needed: "an item fit to be lent", Found: "damaged since " + i.DamagedOn.String(),
		})
	}
	if i.Brief {
		reasons = append(reasons, broker.Reason{
			Code: "brief_record", Message: "It has only a brief record: send it to be catalogued.",
			Needed: "a catalogued item", Found: "a record made at the desk",
		})
	}
	return reasons
}

// Loose tells whether a copy of the library's own is recorded where nobody has
// it and nothing keeps it: on the shelf, or not there at all. In hand, it is
// simply here.
func (s ItemStatus) Loose() bool {
	switch s {
	case OnShelf, Missing, OnOrder, InProcess:
		return true
	case OnHoldShelf, OnLoan, InTransit, Received, Lost, Withdrawn, GoneHome:
	}
	return false
}

// Holding says that a library elsewhere is known to own a title.
type Holding struct {
	Title   broker.ID
	Library broker.ID
	Copies  int
	// Lends is false for copies known not to leave the building.
	Lends bool
	// SeenAt is when this was last known to be so.
	SeenAt time.Time
}

// Source says how it is known that a library has a title.
type Source string

// The sources of holdings.
const (
	SourceItems  Source = "items"  // counted from a member's own items
	SourceStored Source = "stored" // a partner's holding, stored earlier
)

// Holder is a library that has a title.
type Holder struct {
	Library broker.ID
	Source  Source
	// Copies counts all it has; Lendable those that may leave at all.
	Copies, Lendable int
	// Available counts the lendable copies on the shelf that nobody waits for. For a
	// stored holding it is not known and 0: look at AvailabilityKnown.
	Available         int
	AvailabilityKnown bool
	// Waiting is how many holds of its patrons wait for the title.
	Waiting int
	// SeenAt is when a stored holding was last seen; zero for items.
	SeenAt time.Time
}
