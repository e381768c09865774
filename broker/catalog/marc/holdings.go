package marc

import (
	"cmp"
	"slices"
	"strings"
)

// Copy is what a record says of one copy. Texts are as the record has them: a
// price "$18.00", a branch and a type in the codes of the system it comes from.
type Copy struct {
	Barcode, Branch, CallNumber, Price, Type, Audience, Parts string
	// Status is one of our words where the system has a fixed sign for it, else what
	// the record says; "" where it says nothing.
	Status string
	// Stays tells that it is not lent; Note is what staff should see at every loan.
	Stays bool
	Note  string
	// Tag is the field it stands in; Lacks says why it is no item, "" when it is one.
	Tag, Lacks string
	fields     []int // the places of the fields that tell of it, its own first
}

// Without is a record without the fields that tell of some of its copies.
func Without(record Record, copies []Copy) Record {
	told := map[int]bool{}
	for _, one := range copies {
		for _, at := range one.fields {
			told[at] = true
		}
	}
	rest := Record{Leader: record.Leader}
	for i, field := range record.Fields {
		if !told[i] {
			rest.Fields = append(rest.Fields, field)
		}
	}
	return rest
}

// Cells gives a copy's texts by the columns of a file of items.
func (c Copy) Cells() map[string]string {
	return map[string]string{
		"barcode": c.Barcode, "branch": c.Branch, "call_number": c.CallNumber, "price": c.Price, "status": c.Status, "type": c.Type,
		"audience": c.Audience, "parts": c.Parts, "loan_note": c.Note,
	}
}

// Holdings is one way in which systems write copies into their records.
type Holdings struct {
	// Name is the word by which it can be asked for.
	Name string
	tag  string
	// cells has the subfields of what it says of a copy, in order, joined by spaces.
	cells map[string]string
	// sure are subfields of which a copy without a barcode has one.
	sure string
	mend func(Field, *Copy)
	read func(Holdings, Record) []Copy
}

// NoCopies reads no copies at all.
const NoCopies = "none"

// The ways we know. Those that write into one field of their own say in which
// subfield what stands; the others are read by what MARC 21 says of 852 and 876.
var ways = []Holdings{
	{Name: "marc21", tag: "852", read: linked},
	{Name: "evergreen", tag: "852", sure: "bcj", mend: mendEvergreen, cells: map[string]string{
		"barcode": "p", "call_number": "kjm", "price": "y", "type": "g",
	}},
	{Name: "alma", tag: "852", read: linked},
	{Name: "koha", tag: "952", sure: "ab9oy", mend: mendKoha, cells: map[string]string{
		"barcode": "p", "branch": "a", "call_number": "oh", "price": "v", "type": "y",
	}},
	{Name: "sierra", tag: "945", sure: "lyt", mend: mendSierra, cells: map[string]string{
		"barcode": "i", "branch": "l", "call_number": "abc", "price": "p", "type": "t", "status": "s",
	}},
	{Name: "sirsi", tag: "999", sure: "mlt", mend: mendSirsi, cells: map[string]string{
		"barcode": "i", "branch": "m", "call_number": "av", "price": "p", "type": "t", "parts": "j",
	}},
	{Name: NoCopies, read: func(Holdings, Record) []Copy { return nil }},
}

// Ways are the names of the ways in which copies can be written.
func Ways() []string {
	var names []string
	for _, way := range ways {
		names = append(names, way.Name)
	}
	return names
}

// Way finds a way by its name.
func Way(name string) (Holdings, bool) {
	at := slices.IndexFunc(ways, func(way Holdings) bool { return way.Name == name })
	if at < 0 {
		return Holdings{}, false
	}
	return ways[at], true
}

// OwnWay is a way of a library's own: the field of a copy, and the subfields of
// each column.
func OwnWay(name, tag string, cells map[string]string) Holdings {
	return Holdings{Name: name, tag: tag, cells: cells, sure: cells["branch"] + cells["call_number"]}
}

// Key is the record's number in the system it comes from: its control number, or
// where it has none the number that the system writes elsewhere.
func (h Holdings) Key(record Record) string {
	if key := KeyOf(record); key != "" {
		return key
	}
	switch h.Name {
	case "koha":
		return firstOf(record, "999", 'c')
	case "sierra":
		return firstOf(record, "907", 'a')
	case "evergreen":
		return firstOf(record, "901", 'c')
	}
	return ""
}

// SaysUse tells whether this way says of every copy whether it is lent.
func (h Holdings) SaysUse() bool { return h.mend != nil }

// Where names the subfields in which a column stands: "952 $a".
func (h Holdings) Where(tag, column string) string {
	if codes := h.cells[column]; codes != "" {
		return cmp.Or(tag, h.tag) + " $" + strings.Join(strings.Split(codes, ""), " $")
	}
	if tag == "852" {
		tag = map[string]string{"barcode": "852 $p", "branch": "852 $b", "call_number": "852 $h $i", "price": "876 $c", "status": "876 $j", "type": "876 $x"}[column]
	}
	return cmp.Or(tag, column)
}

// Copies gives the copies that a record names, and those that it hints at and
// that are no items because something is lacking.
func (h Holdings) Copies(record Record) []Copy {
	if h.read != nil {
		return h.read(h, record)
	}
	var copies []Copy
	for i, field := range record.Fields {
		if field.Tag != h.tag {
			continue
		}
		one := Copy{
			Barcode: barcodeOf(h.cell(field, "barcode")), Branch: h.cell(field, "branch"), CallNumber: h.cell(field, "call_number"),
			Price: h.cell(field, "price"), Type: h.cell(field, "type"), Status: h.cell(field, "status"), Audience: h.cell(field, "audience"),
			Parts: h.cell(field, "parts"), Note: h.cell(field, "loan_note"), Tag: h.tag, fields: []int{i},
		}
		if h.mend != nil {
			h.mend(field, &one)
		}
		if one.Barcode == "" {
			if !field.has(h.sure) {
				continue // the field is used for something else
			}
			one.Lacks = "has no barcode in " + h.Where(h.tag, "barcode")
		}
		copies = append(copies, one)
	}
	return copies
}

func (h Holdings) cell(field Field, column string) string {
	var parts []string
	for _, code := range []byte(h.cells[column]) {
		if text := field.First(code); text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, " ")
}

// has tells whether a field says something in one of some subfields.
func (f Field) has(codes string) bool {
	for _, code := range []byte(codes) {
		if f.First(code) != "" {
			return true
		}
	}
	return false
}

// last gives the last subfield with a code, trimmed.
func (f Field) last(code byte) (text string) {
	for _, subfield := range f.Subfields {
		if subfield.Code == code && strings.TrimSpace(subfield.Value) != "" {
			text = strings.TrimSpace(subfield.Value)
		}
	}
	return text
}

// every gives all subfields with a code, joined by spaces.
func (f Field) every(code byte) string {
	var parts []string
	for _, subfield := range f.Subfields {
		if text := strings.TrimSpace(subfield.Value); subfield.Code == code && text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, " ")
}

// barcodeOf takes the spaces out of a number that is printed in groups.
func barcodeOf(text string) string {
	if together := strings.ReplaceAll(text, " ", ""); strings.Trim(together, "0123456789") == "" {
		return together
	}
	return text
}

// isPart tells the fields in which MARC 21 describes single pieces: of the work,
// of its supplements, of its indexes.
func isPart(tag string) bool { return tag == "876" || tag == "877" || tag == "878" }

// linked reads copies as MARC 21 has them. A location is an 852; a piece is an
// 852 with a barcode of its own ($p), or an 876 to 878 with one. A piece belongs
// to the location that has its barcode, the same link ($8, or Alma's $0), or
// stands before it.
func linked(_ Holdings, record Record) []Copy {
	var copies []Copy
	places := map[string]int{} // of barcodes, in copies
	told := map[int]bool{}     // locations of which a piece is known
	homes := locationsOf(record)
	for i, field := range record.Fields {
		barcode := barcodeOf(field.First('p'))
		if field.Tag != "852" || barcode == "" {
			continue
		}
		if _, twice := places[barcode]; !twice {
			places[barcode] = len(copies)
		}
		told[i] = true
		copies = append(copies, located(field, Copy{Barcode: barcode, Price: field.First('y'), Tag: "852", fields: []int{i}}))
	}
	for i, field := range record.Fields {
		if !isPart(field.Tag) {
			continue
		}
		barcode := barcodeOf(field.First('p'))
		at, known := places[barcode]
		if barcode == "" || !known {
			one := Copy{Barcode: barcode, Tag: field.Tag, fields: []int{i}}
			if barcode == "" {
				one.Lacks = "has no barcode in " + field.Tag + " $p"
			}
			if home := homes.of(record, i); home >= 0 {
				one, told[home] = located(record.Fields[home], one), true
			}
			at = len(copies)
			places[barcode], copies = at, append(copies, one)
		}
		copies[at].piece(field)
		if !slices.Contains(copies[at].fields, i) {
			copies[at].fields = append(copies[at].fields, i)
		}
	}
	for i, field := range record.Fields {
		switch {
		case field.Tag == "852" && !told[i] && field.has("bchij"):
			copies = append(copies, located(field, Copy{Tag: "852", fields: []int{i}, Lacks: "has no barcode in 852 $p, and no 876 belongs to it"}))
		case field.Tag == "AVA":
			copies = append(copies, Copy{
				Tag: "AVA", fields: []int{i}, Branch: field.First('b'), CallNumber: field.First('d'),
				Lacks: "only counts copies (" + cmp.Or(field.First('f'), "some") + "); have the publishing profile write the items, too",
			})
		}
	}
	return copies
}

// located gives a copy the place and the call number of its location.
func located(field Field, one Copy) Copy {
	one.Branch = field.last('b')
	class := strings.TrimSpace(field.First('h') + " " + field.every('i'))
	one.CallNumber = strings.TrimSpace(strings.Join([]string{field.First('k'), cmp.Or(class, field.First('j')), field.First('m')}, " "))
	return one
}

// longestCallNumber is where no more volumes are added to a call number: a record
// that says a thousand times of one copy which volume it is makes no longer one.
const longestCallNumber = 500

// piece takes over what an 876 says.
func (c *Copy) piece(field Field) {
	c.Price = cmp.Or(field.First('c'), c.Price)
	c.Status = cmp.Or(field.First('j'), c.Status)
	if volume := field.First('3'); len(c.CallNumber) < longestCallNumber && !strings.Contains(c.CallNumber, volume) {
		c.CallNumber = strings.TrimSpace(c.CallNumber + " " + volume)
	}
	for _, subfield := range field.Subfields {
		name, value, _ := strings.Cut(subfield.Value, ":")
		switch value = strings.TrimSpace(value); {
		case subfield.Code != 'x':
		case name == "type":
			c.Type = value
		case name == "audience":
			c.Audience = value
		}
	}
	if use := strings.ToLower(field.First('h')); strings.Contains(use, "in library use") || strings.Contains(use, "not for loan") || strings.Contains(use, "non-circulating") {
		c.Stays = true
	}
}

// locations are the 852s of a record, by what leads to them: looked up once, since a
// record may have thousands of both.
type locations struct {
	all    []int          // their places in the record
	linked map[string]int // the first with a link ($8)
	named  map[string]int // the first with a name ($0, or $8 that is one)
}

func locationsOf(record Record) locations {
	found := locations{linked: map[string]int{}, named: map[string]int{}}
	first := func(by map[string]int, key string, at int) {
		if _, there := by[key]; !there && key != "" {
			by[key] = at
		}
	}
	for i, field := range record.Fields {
		if field.Tag != "852" {
			continue
		}
		found.all = append(found.all, i)
		first(found.linked, linkOf(field), i)
		first(found.named, field.First('0'), i)
		first(found.named, field.First('8'), i)
	}
	return found
}

// linkOf is the number that fields which belong together have in $8.
func linkOf(field Field) string {
	number, _, _ := strings.Cut(field.First('8'), ".")
	number, _, _ = strings.Cut(number, `\`)
	return number
}

// of finds the 852 to which the piece at a place belongs; -1 for none.
func (l locations) of(record Record, piece int) int {
	mine := record.Fields[piece]
	byLink, isLinked := l.linked[linkOf(mine)]
	byName, isNamed := l.named[mine.First('0')]
	switch next, _ := slices.BinarySearch(l.all, piece); {
	case isLinked && isNamed:
		return min(byLink, byName)
	case isLinked:
		return byLink
	case isNamed:
		return byName
	case next > 0: // the one that stands before it
		return l.all[next-1]
	case len(l.all) > 0:
		return l.all[0]
	}
	return -1
}

// mendEvergreen reads what Evergreen writes beside: the owner and then the library
// that lends, and words of what may not be done with the copy.
func mendEvergreen(field Field, one *Copy) {
	one.Branch = field.last('b')
	for _, subfield := range field.Subfields {
		switch note := strings.ToLower(strings.TrimSpace(subfield.Value)); {
		case subfield.Code != 'x':
		case note == "reference", strings.HasPrefix(note, "non") && strings.Contains(note, "circ"):
			one.Stays = true
		}
	}
}

// mendKoha reads Koha's signs: withdrawn $0, lost $1, not for loan $7 (below zero
// while it is bought), damaged $4. Where it has no home branch it is at $b.
func mendKoha(field Field, one *Copy) {
	one.Branch = cmp.Or(one.Branch, field.First('b'))
	set := func(code byte) bool { return strings.Trim(field.First(code), "0") != "" }
	one.Status = "on_shelf"
	switch {
	case set('0'):
		one.Status = "withdrawn"
	case field.First('1') == "4":
		one.Status = "missing"
	case set('1'):
		one.Status = "lost"
	case strings.HasPrefix(field.First('7'), "-"):
		one.Status = "on_order"
	case set('7'):
		one.Stays = true
	}
	if set('4') {
		one.Note = "Damaged, as the old system says."
	}
}

// mendSierra reads a status of o as one for use in the library.
func mendSierra(_ Field, one *Copy) {
	if strings.EqualFold(one.Status, "o") {
		one.Status, one.Stays = "-", true
	}
}

// mendSirsi reads where the copy is now: many places are shelves, some are no place
// at all. $r says whether it is lent.
func mendSirsi(field Field, one *Copy) {
	one.Status = "on_shelf"
	for prefix, status := range map[string]string{
		"CHECKEDOUT": "on_loan", "MISSING": "missing", "LOST-CLAIM": "missing", "LOST": "lost", "DISCARD": "withdrawn", "WITHDRAWN": "withdrawn",
		"ON-ORDER": "on_order", "ONORDER": "on_order", "INPROCESS": "in_processing", "IN-PROCESS": "in_processing", "CATALOGING": "in_processing",
	} {
		place := strings.ToUpper(cmp.Or(field.First('k'), field.First('l')))
		if strings.HasPrefix(place, prefix) && (prefix != "LOST" || !strings.HasPrefix(place, "LOST-CLAIM")) {
			one.Status = status
		}
	}
	one.Stays = strings.EqualFold(field.First('r'), "N")
}

// Evidence counts, over the records of a file, how many copies each way finds.
type Evidence struct{ with, hints [16]int }

// Note looks at one record.
func (e *Evidence) Note(record Record) {
	for i, way := range ways {
		for _, one := range way.Copies(record) {
			switch {
			case one.Lacks != "":
				e.hints[i]++
			case !way.fits(record.Fields[one.fields[0]]):
			default:
				e.with[i]++
			}
		}
	}
}

// fits tells ways apart that write into the same field, and a field of copies from
// one that has other uses.
func (h Holdings) fits(field Field) bool {
	evergreen := field.Tag == "852" && field.First('h') == "" && field.First('i') == "" && field.First('j') != ""
	switch h.Name {
	case "evergreen":
		return evergreen
	case "marc21":
		return !evergreen && !ofAlma(field)
	case "alma":
		return ofAlma(field)
	}
	return field.has(h.sure)
}

// ofAlma tells the links that Alma gives to locations: $8 or $0 with a long number.
func ofAlma(field Field) bool {
	for _, code := range []byte("80") {
		if number := field.First(code); len(number) > 10 && strings.HasPrefix(number, "2") {
			return true
		}
	}
	return false
}

// Likeliest is the way in which the file's copies are written: that which finds
// most of them.
func (e *Evidence) Likeliest() Holdings {
	best := 0
	for i := range ways {
		hinted := e.with[i]+e.with[best] == 0 && e.hints[i] > e.hints[best]
		if e.with[i] > e.with[best] || hinted {
			best = i
		}
	}
	return ways[best]
}

// Elsewhere gives, for a record, copies that another way finds in other fields and
// that this one does not see.
func (h Holdings) Elsewhere(record Record) []Copy {
	if h.Name == NoCopies {
		return nil
	}
	seen := map[string]bool{}
	for _, one := range h.Copies(record) {
		seen[one.Barcode] = true
	}
	var missed []Copy
	for _, way := range ways {
		if way.tag == h.tag || way.Name == "evergreen" || way.Name == "alma" {
			continue
		}
		for _, one := range way.Copies(record) {
			if one.Lacks == "" && !seen[one.Barcode] && (way.read != nil || way.fits(record.Fields[one.fields[0]])) {
				one.Lacks = "is written as " + way.Name + " does, and the file is read as " + h.Name + "; read such records with --holdings " + way.Name
				missed, seen[one.Barcode] = append(missed, one), true
			}
		}
	}
	return missed
}

// statuses are the words and signs of other systems for where a copy is.
var statuses = map[string]string{
	"-": "on_shelf", "available": "on_shelf", "item in place": "on_shelf", "in place": "on_shelf", "on shelf": "on_shelf", "reshelving": "on_shelf",
	"not available": "on_loan", "item not in place": "on_loan", "checked out": "on_loan", "on loan": "on_loan", "in transit": "in_transit", "t": "in_transit",
	"!": "on_hold_shelf", "on holds shelf": "on_hold_shelf", "on hold shelf": "on_hold_shelf", "m": "missing", "z": "missing", "claims returned": "missing",
	"n": "lost", "$": "lost", "lost and paid": "lost", "w": "withdrawn", "discarded": "withdrawn", "discard/weed": "withdrawn",
	"p": "in_processing", "in process": "in_processing", "cataloging": "in_processing", "r": "in_processing", "mending": "in_processing", "on order": "on_order",
}

// StatusOf puts another system's word for where a copy is into ours; a word that
// is not known stays as it is.
func StatusOf(text string) string {
	if known := statuses[strings.ToLower(strings.TrimSpace(text))]; known != "" {
		return known
	}
	return text
}

// kinds are the kinds of material for which other systems' codes are known.
var kinds = map[string]string{
	"bk": "book", "books": "book", "paperback": "book", "hardcover": "book", "vm": "dvd", "dvds": "dvd", "video": "dvd", "blu-ray": "dvd", "bluray": "dvd",
	"mu": "music_cd", "cd": "music_cd", "music-cd": "music_cd", "music": "music_cd", "cr": "periodical", "magazine": "periodical", "serial": "periodical",
	"audio": "audiobook", "audiobooks": "audiobook", "cd-book": "audiobook", "book-on-cd": "audiobook", "ref": "reference", "ref-book": "reference", "cf": "computer",
}

// KindOf puts another system's code for a kind of material into our words where it
// is one that means the same everywhere; else "".
func KindOf(text string) string { return kinds[strings.ToLower(strings.TrimSpace(text))] }
