package holds

import (
	"strings"
	"unicode"

	"afield/broker"
)

// Slip is what is printed and put into an item on the hold shelf. It names the
// patron only as far as they need to find it themselves: initials and the last
// digits of the card, never a full name or a telephone number.
type Slip struct {
	Library string `json:"library"`
	Branch  string `json:"branch,omitempty"`
	// For is the masked patron; Position is where on the shelf the item stands.
	For      string      `json:"for"`
	Position string      `json:"position"`
	Title    string      `json:"title,omitempty"`
	Barcode  string      `json:"barcode"`
	Arrived  broker.Date `json:"arrived,omitzero"`
	PickUpBy broker.Date `json:"pick_up_by"`
	// LibraryUseOnly tells that it is not to leave the building.
	LibraryUseOnly bool `json:"library_use_only,omitempty"`
}

// TransitSlip is what is printed for an item that is sent to another branch or
// library.
type TransitSlip struct {
	From    string      `json:"from"`
	To      string      `json:"to"`
	Branch  string      `json:"branch,omitempty"`
	Title   string      `json:"title,omitempty"`
	Barcode string      `json:"barcode"`
	SentOn  broker.Date `json:"sent_on"`
	// Why is "hold" where somebody waits for it there, "home" where it belongs
	// there.
	Why string `json:"why"`
}

// ReturnLabel is what goes with a borrowed copy back to its lender.
type ReturnLabel struct {
	From string `json:"from"`
	// To is the lender, Symbol its symbol.
	To     string `json:"to"`
	Symbol string `json:"symbol,omitempty"`
	// Request is the number both sides know; Barcode the lender's own.
	Request string      `json:"request"`
	Title   string      `json:"title,omitempty"`
	Barcode string      `json:"barcode,omitempty"`
	Due     broker.Date `json:"due,omitzero"`
	SentOn  broker.Date `json:"sent_on"`
	Pieces  int         `json:"pieces,omitempty"`
	// NoteToLender is what staff want to say, for example of damage noted on
	// arrival.
	NoteToLender string `json:"note_to_lender,omitempty"`
}

// SlipFacts is what a hold slip is made of.
type SlipFacts struct {
	Hold           Hold
	Library        string
	Branch         string
	PatronName     string
	Card           string
	Title          string
	Barcode        string
	Arrived        broker.Date
	LibraryUseOnly bool
}

// NewSlip makes the slip of a hold on the shelf.
func NewSlip(f SlipFacts) Slip {
	initials, digits := initialsOf(f.PatronName), lastOf(f.Card, 4)
	return Slip{
		Library: f.Library, Branch: f.Branch, For: masked(initials, digits), Position: initials + digits, Title: f.Title,
		Barcode: f.Barcode, Arrived: f.Arrived, PickUpBy: f.Hold.PickUpBy, LibraryUseOnly: f.LibraryUseOnly,
	}
}

// NewTransitSlip makes the slip of a transit; origin and destination are given
// by name.
func NewTransitSlip(t Transit, from, to, branch, title, barcode string, sent broker.Date) TransitSlip {
	slip := TransitSlip{From: from, To: to, Branch: branch, Title: title, Barcode: barcode, SentOn: sent, Why: "home"}
	if t.Hold != broker.NoID {
		slip.Why = "hold"
	}
	return slip
}

func masked(initials, digits string) string {
	switch {
	case initials == "":
		return "…" + digits
	case digits == "":
		return initials
	}
	return initials + " …" + digits
}

// initialsOf gives the first letters of a name, at most three.
func initialsOf(name string) string {
	var initials []rune
	for _, word := range strings.Fields(name) {
		first := []rune(word)[0]
		if unicode.IsLetter(first) && len(initials) < 3 {
			initials = append(initials, unicode.ToUpper(first))
		}
	}
	return string(initials)
}

// lastOf gives the last characters of a card number; of a short one no more
// than half, so that it is never shown whole.
func lastOf(card string, count int) string {
	letters := []rune(strings.TrimSpace(card))
	count = min(count, len(letters)/2)
	return string(letters[len(letters)-count:])
}
