package sru

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"afield/broker"
)

// Copy is a copy as a target's answer tells of it, or several of which it says the
// same.
type Copy struct {
	// Count is how many it stands for.
	Count int
	// Library is whose it is, where the target speaks for several: a symbol, or a
	// code of its own. Place is the branch, Shelf where in it.
	Library, Place, Shelf, CallNumber, Barcode string
	// Policy is the kind of loan or of item, in the target's words.
	Policy string
	// Why is why it cannot be lent now; Lendable where it can.
	Why Why
	// Due is when one on loan is expected back.
	Due broker.Date
}

// Why says how a copy stands.
type Why string

// How a copy can stand.
const (
	Lendable Why = ""
	// NotKnown: it is owned, and whether it is in is not said.
	NotKnown    Why = "not_known"
	OnLoan      Why = "on_loan"
	Wanted      Why = "wanted" // somebody waits for it
	StaysIn     Why = "stays_in"
	CopiesOnly  Why = "copies_only" // parts of it are copied, the volume is not lent
	LoansOnly   Why = "loans_only"  // the volume is lent, nothing is copied from it
	NeverLent   Why = "never_lent"
	Missing     Why = "missing"
	OnOrder     Why = "on_order"
	Unavailable Why = "unavailable" // and that is all it says
)

// NoCopies is the form of targets that tell of titles, and not of copies.
const NoCopies = "none"

// forms are the ways in which copies are written, by the word that a target's
// entry says.
var forms = map[string]func(*node) []Copy{
	"marc21":    fieldForm{tag: "852", library: "a", place: "b", shelf: "c", callNumber: "khijm", barcode: "p"}.copies,
	"koha":      fieldForm{tag: "952", library: "a", place: "b", shelf: "c", callNumber: "o", barcode: "p", policy: "y", due: "q", mend: mendKoha}.copies,
	"alma":      fieldForm{tag: "AVA", library: "a", place: "b", shelf: "c", callNumber: "d", several: almaCounts}.copies,
	"polaris":   fieldForm{tag: "852", place: "b", shelf: "a", callNumber: "h", barcode: "p", status: "r", due: "u"}.copies,
	"evergreen": fieldForm{tag: "852", place: "b", shelf: "a", callNumber: "c", barcode: "g", status: "n"}.copies,
	"reshare":   fieldForm{tag: "999", indicators: "11", library: "s", barcode: "l", policy: "p"}.copies,
	"gvi":       fieldForm{tag: "924", library: "b", shelf: "h", callNumber: "g", barcode: "a", mend: mendGVI}.copies,
	"opac":      opacCopies,
	"iso20775":  isoCopies,
	NoCopies:    func(*node) []Copy { return []Copy{{Count: 1, Why: NotKnown}} },
}

// Forms are the words for the ways in which copies are written.
func Forms() []string { return slices.Sorted(maps.Keys(forms)) }

// Copies reads the copies of a record in one of the Forms; nothing for a record
// that did not come.
func (r Record) Copies(form string) []Copy {
	read := forms[form]
	if read == nil || r.content == nil {
		return nil
	}
	return read(r.content)
}

// fieldForm is a way to write copies into a field of MARC: which subfields have
// what. A role's codes are tried in order; those of the call number are joined.
type fieldForm struct {
	tag, indicators                   string
	library, place, shelf, callNumber string
	barcode, policy, status, due      string
	mend                              func(field *node, one *Copy)
	several                           func(field *node, one Copy) []Copy
}

func (f fieldForm) copies(record *node) []Copy {
	var copies []Copy
	for _, field := range record.find("datafield") {
		if field.attribute("tag") != f.tag || f.indicators != "" && field.attribute("ind1")+field.attribute("ind2") != f.indicators {
			continue
		}
		one := Copy{
			Count: 1, Library: subfield(field, f.library), Place: subfield(field, f.place), Shelf: subfield(field, f.shelf),
			CallNumber: joined(field, f.callNumber), Barcode: subfield(field, f.barcode), Policy: subfield(field, f.policy), Why: NotKnown,
		}
		one.Due = dateOf(subfield(field, f.due))
		if f.status != "" {
			one.Why, one.Due = statusOf(subfield(field, f.status), one.Due)
		}
		if f.mend != nil {
			f.mend(field, &one)
		}
		if f.several != nil {
			copies = append(copies, f.several(field, one)...)
		} else {
			copies = append(copies, one)
		}
	}
	return copies
}

// subfield gives the first text that a field has under one of some codes.
func subfield(field *node, codes string) string {
	for _, code := range codes {
		for _, one := range field.all("subfield") {
			if one.attribute("code") == string(code) && one.text != "" {
				return one.text
			}
		}
	}
	return ""
}

// joined gives what a field has under some codes, in the field's own order.
func joined(field *node, codes string) string {
	var parts []string
	for _, one := range field.all("subfield") {
		if code := one.attribute("code"); len(code) == 1 && strings.Contains(codes, code) && one.text != "" {
			parts = append(parts, one.text)
		}
	}
	return strings.Join(parts, " ")
}

// mendKoha reads Koha's signs: withdrawn $0, lost $1, not for loan $7 (below zero
// while it is bought), due $q. One that none of them speaks against is in.
func mendKoha(field *node, one *Copy) {
	set := func(code string) bool { return strings.Trim(subfield(field, code), "0") != "" }
	switch one.Why = Lendable; {
	case set("0"):
		one.Why = NeverLent
	case set("1"):
		one.Why = Missing
	case strings.HasPrefix(subfield(field, "7"), "-"):
		one.Why = OnOrder
	case set("7"):
		one.Why = StaysIn
	case subfield(field, "q") != "":
		one.Why = OnLoan
	}
}

// mostAtOnce bounds what one field may count.
const mostAtOnce = 1000

// almaCounts reads how many copies a location has ($f) and how many of them are out
// ($g); $e says it of all.
func almaCounts(field *node, one Copy) []Copy {
	count := func(code string, usual int) int {
		if number, err := strconv.ParseUint(subfield(field, code), 10, 31); err == nil {
			return min(int(number), mostAtOnce)
		}
		return usual
	}
	total := count("f", 1)
	out := min(count("g", 0), total)
	switch strings.ToLower(subfield(field, "e")) {
	case "available":
		one.Why = Lendable
	case "unavailable":
		one.Why, out = Unavailable, total
	default: // check_holdings
		total, out = max(total, 1), 0 // holdings without items count none
	}
	var copies []Copy
	if in := one; total > out {
		in.Count = total - out
		copies = append(copies, in)
	}
	if out > 0 {
		one.Count, one.Why = out, Unavailable
		copies = append(copies, one)
	}
	return copies
}

// mendGVI reads the code of what may be lent ($d): a volumes, b copies on paper, c
// both, d nothing, e copies by wire to the patron. Other catalogues of the same
// kind write k, l and n for b, c and d. A field for something online is no volume.
func mendGVI(field *node, one *Copy) {
	switch strings.ToLower(subfield(field, "d")) {
	case "a":
		one.Why = LoansOnly
	case "b", "e", "k":
		one.Why = CopiesOnly
	case "d", "n":
		one.Why = NeverLent
	}
	if field.attribute("ind1") == "1" && one.Why != NeverLent {
		one.Why = CopiesOnly
	}
}

// opacCopies reads OPAC records as Z39.50 has them and gateways write them in XML.
func opacCopies(record *node) []Copy {
	var copies []Copy
	for _, holding := range append(record.find("holding"), asHolding(record)...) {
		one := Copy{
			Count: 1, Place: holding.say("localLocation"), Shelf: holding.say("shelvingLocation"),
			CallNumber: holding.say("callNumber"), Policy: holding.say("shelvingData"), Why: NotKnown,
		}
		circulations := holding.child("circulations").all("circulation")
		for _, circulation := range circulations {
			copies = append(copies, circulating(one, circulation))
		}
		if len(circulations) > 0 {
			continue
		}
		if note := holding.say("publicNote"); note != "" { // Sierra says it in words
			one.Why, one.Due = statusOf(note, broker.Date{})
		}
		copies = append(copies, one)
	}
	return copies
}

func asHolding(record *node) []*node {
	if record.name == "holding" {
		return []*node{record}
	}
	return nil
}

func circulating(one Copy, circulation *node) Copy {
	one.Barcode = circulation.say("itemId")
	one.Due = dateOf(circulation.say("availabilityDate"))
	through := circulation.say("availableThru")
	if _, isStatus := statuses[strings.ToLower(through)]; !isStatus {
		one.Policy = cmp.Or(one.Policy, through)
	}
	one.Shelf = cmp.Or(circulation.say("temporaryLocation"), one.Shelf)
	switch in := circulation.child("availableNow").attribute("value"); {
	case in == "1" || strings.EqualFold(in, "true"):
		one.Why = Lendable
	case in == "":
		one.Why = NotKnown
	case one.Due.IsZero():
		one.Why = Unavailable
	default:
		one.Why = OnLoan
	}
	if why, _ := statusOf(circulation.say("restrictions"), broker.Date{}); one.Why == Lendable && why == StaysIn {
		one.Why = StaysIn
	}
	if value := circulation.child("onHold").attribute("value"); one.Why == Lendable && (value == "1" || strings.EqualFold(value, "true")) {
		one.Why = Wanted
	}
	if one.Why == Lendable {
		one.Due = broker.Date{}
	}
	return one
}

// isoCopies reads holdings as ISO 20775 has them: what says whether it is in stands
// with each piece, or as counts of a summary.
func isoCopies(record *node) []Copy {
	var copies []Copy
	for _, holding := range append(record.find("holding"), asHolding(record)...) {
		one := Copy{
			Count: 1, Library: holding.child("institutionIdentifier").say("value"), Place: holding.say("physicalLocation"),
			CallNumber: holding.say("shelfLocator"), Why: NotKnown,
		}
		pieces := append(holding.find("copyInformation"), holding.find("component")...)
		for _, piece := range pieces {
			copies = append(copies, isoPiece(one, piece))
		}
		if len(pieces) > 0 {
			continue
		}
		summaries := holding.find("copiesSummary")
		for _, summary := range summaries {
			copies = append(copies, isoSummary(one, summary)...)
		}
		if len(summaries) == 0 {
			copies = append(copies, isoPiece(one, holding))
		}
	}
	return copies
}

// What ISO 20775 writes for how a piece stands, and for what it may be used.
const (
	isoAvailable    = "2"
	isoNotAvailable = "3"
	isoForLoan      = "1"
	isoForCopies    = "2"
	isoForReference = "5"
)

func isoPiece(one Copy, piece *node) Copy {
	one.Barcode = cmp.Or(piece.child("pieceIdentifier").say("value"), piece.say("pieceIdentifier"))
	one.Shelf = cmp.Or(piece.say("sublocation"), one.Shelf)
	one.CallNumber = cmp.Or(piece.say("shelfLocator"), one.CallNumber)
	var uses []string
	for _, information := range piece.find("availabilityInformation") {
		for _, status := range information.find("status") {
			switch status.say("availabilityStatus") {
			case isoAvailable:
				one.Why = Lendable
			case isoNotAvailable:
				one.Why = Unavailable
			}
			one.Due = dateOf(cmp.Or(status.say("dateTimeAvailable"), status.say("earliestDispatchDate"), status.say("expectedDate")))
		}
		for _, use := range information.find("availableFor") {
			uses = append(uses, use.text)
		}
	}
	switch {
	case one.Why == Unavailable && !one.Due.IsZero():
		one.Why = OnLoan
	case len(uses) > 0 && !slices.Contains(uses, isoForLoan):
		one.Why = StaysIn
		if slices.Contains(uses, isoForCopies) {
			one.Why = CopiesOnly
		}
	}
	if one.Why == Lendable {
		one.Due = broker.Date{}
	}
	return one
}

func isoSummary(one Copy, summary *node) []Copy {
	total, err := whole(summary.say("copiesCount"))
	if err != nil || total > mostAtOnce {
		total = 0
	}
	var copies []Copy
	for _, status := range summary.all("status") {
		in, err := whole(status.say("availableCount"))
		if err != nil || in == 0 || in > mostAtOnce {
			continue
		}
		some := one
		some.Count = in
		switch use := status.say("availableFor"); use {
		case isoForReference:
			some.Why = StaysIn
		case isoForCopies:
			some.Why = CopiesOnly
		default:
			some.Why = Lendable
		}
		copies, total = append(copies, some), total-in
	}
	if total > 0 {
		one.Count, one.Why = total, Unavailable
		one.Due = dateOf(summary.child("status").say("earliestDispatchDate"))
		if !one.Due.IsZero() {
			one.Why = OnLoan
		}
		copies = append(copies, one)
	}
	return copies
}

// statuses are the words that systems write for how a copy stands.
var statuses = map[string]Why{
	"available": Lendable, "in": Lendable, "on shelf": Lendable, "in place": Lendable, "not checked out": Lendable, "reshelving": Lendable, "check shelves": Lendable,
	"checked out": OnLoan, "on loan": OnLoan, "out": OnLoan, "charged": OnLoan, "overdue": OnLoan, "renewed": OnLoan, "in transit": OnLoan, "recently returned": Lendable,
	"on holds shelf": Wanted, "on hold shelf": Wanted, "on hold": Wanted, "held": Wanted, "on holdshelf": Wanted,
	"lib use only": StaysIn, "library use only": StaysIn, "in library use only": StaysIn, "reference": StaysIn, "non-circulating": StaysIn, "noncirculating": StaysIn,
	"not for loan": StaysIn, "no loan": StaysIn, "does not circulate": StaysIn, "on display": StaysIn, "course reserve": StaysIn, "on reserve": StaysIn,
	"missing": Missing, "lost": Missing, "billed": Missing, "claims returned": Missing, "trace": Missing, "lost and paid": Missing,
	"withdrawn": NeverLent, "discarded": NeverLent, "on order": OnOrder, "in process": OnOrder, "in processing": OnOrder, "cataloging": OnOrder, "storage": NotKnown,
	"not available": Unavailable, "unavailable": Unavailable, "repair": Unavailable, "mending": Unavailable, "bindery": Unavailable,
}

// statusOf reads a word for how a copy stands, and a date in "DUE 12-15-26". A word
// that is not known says nothing.
func statusOf(text string, due broker.Date) (Why, broker.Date) {
	word := strings.ToLower(strings.Trim(strings.Join(strings.Fields(text), " "), " .*"))
	if rest, is := strings.CutPrefix(word, "due"); is {
		day, _, _ := strings.Cut(strings.Trim(rest, " :"), " +") // "+1 hold"
		if found := dateOf(day); !found.IsZero() {
			due = found
		}
		return OnLoan, due
	}
	why, known := statuses[word]
	if !known {
		return NotKnown, due
	}
	if why == Lendable {
		due = broker.Date{}
	}
	return why, due
}

// layouts are how systems write a day, those that read it in one way only first.
var layouts = []string{
	"2006-01-02", "20060102", "2006/01/02", "Jan 2 2006", "Jan 2, 2006", "January 2, 2006", "2 Jan 2006", "02-Jan-2006",
	"01-02-2006", "01/02/2006", "1/2/2006", "01-02-06", "01/02/06", "02.01.2006", "2.1.2006",
}

// dateOf reads a day; one that cannot be read is none. Of a day and a month in
// figures the month stands first, as in the systems that write them so.
func dateOf(text string) broker.Date {
	text = strings.Join(strings.Fields(text), " ")
	if day, _, is := strings.Cut(text, "T"); is && len(day) == len("2006-01-02") {
		text = day
	}
	for _, form := range []string{text, strings.SplitN(text, " ", 2)[0]} { // a time may follow
		for _, layout := range layouts {
			if at, err := time.Parse(layout, form); err == nil && at.Year() >= 1900 && at.Year() < 2200 {
				return broker.NewDate(at.Year(), at.Month(), at.Day())
			}
		}
	}
	return broker.Date{}
}
