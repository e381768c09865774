package filemap

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"afield/broker"
	"afield/broker/strictyaml"
)

//go:embed maps/*.yaml
var shipped embed.FS

// Names are the systems for which a map is shipped.
func Names() []string { return []string{"evergreen", "koha", "sierra"} }

// Text gives a shipped map as it is written.
func Text(name string) ([]byte, error) {
	if !slices.Contains(Names(), name) {
		return nil, broker.NotFound("map " + name)
	}
	return shipped.ReadFile("maps/" + name + ".yaml")
}

// The ways of writing dates; the first is ours.
const (
	YearFirst  = "year-month-day"
	MonthFirst = "month-day-year"
	DayFirst   = "day-month-year"
)

// Ignored is what a map says of columns it does not name, so that they are passed
// over.
const Ignored = "ignore"

// Map is how the files of a system are read.
type Map struct {
	// Dates is one of the ways of writing dates.
	Dates string
	kinds map[string]Kind
	codes map[string]Table
	// Holdings is in which field records have their copies; nil for one of the ways
	// that are known.
	Holdings *Holdings
	// Hash names what the map says.
	Hash string
}

// Holdings is the field of a copy and the subfields of our columns.
type Holdings struct {
	Field string
	Cells map[string]string
}

// Kind is how a kind of file is read.
type Kind struct {
	// Columns has, by our column, the file's: several that are joined by spaces, or
	// one of several.
	Columns map[string]Source
	// Otherwise has what an empty or missing cell means, by our column.
	Otherwise map[string]string
	Codes     map[string]Table
	// IgnoreRest passes over columns that are not named; else they must be ours.
	IgnoreRest bool
}

// Source is where a cell comes from: the first of these whose columns are all
// there.
type Source [][]string

// Table says what codes mean. A code that ends in * stands for all that begin so.
type Table map[string]string

// Of gives what a code means. A word of ours means itself.
func (t Table) Of(code string) (string, bool) {
	code = strings.TrimSpace(code)
	best, meaning, found := -1, "", false
	for theirs, ours := range t {
		start, open := strings.CutSuffix(theirs, "*")
		switch {
		case !open && strings.EqualFold(theirs, code):
			return ours, true
		case open && len(start) > best && len(code) >= len(start) && strings.EqualFold(code[:len(start)], start):
			best, meaning, found = len(start), ours, true
		}
	}
	if !found && slices.Contains(slices.Collect(maps.Values(t)), code) {
		return code, true
	}
	return meaning, found
}

// For gives how a kind of file is read.
func (m *Map) For(kind string) Kind {
	of := m.kinds[kind]
	codes := maps.Clone(m.codes)
	if codes == nil {
		codes = map[string]Table{}
	}
	for column, table := range of.Codes {
		codes[column] = table
	}
	of.Codes = codes
	return of
}

// words is a mapping of texts, each with its place.
type words struct {
	texts  map[string]string
	places map[string]ast.Node
}

// UnmarshalYAML takes over a mapping; numbers and yes or no are the texts that
// are written.
func (w *words) UnmarshalYAML(node ast.Node) error {
	mapping, is := node.(ast.MapNode)
	if !is {
		return fmt.Errorf("must be a mapping, such as {CPL: main}")
	}
	w.texts, w.places = map[string]string{}, map[string]ast.Node{}
	for at := mapping.MapRange(); at.Next(); {
		key := at.Key().GetToken().Value
		value, scalar := at.Value().(ast.ScalarNode)
		if !scalar {
			return fmt.Errorf("%q must have one text", key)
		}
		if _, twice := w.texts[key]; twice {
			return fmt.Errorf("%q stands here twice", key)
		}
		text := value.GetToken().Value
		if value.Type() == ast.NullType {
			text = ""
		}
		w.texts[key], w.places[key] = text, at.Key()
	}
	return nil
}

type kindText struct {
	Columns   words            `yaml:"columns"`
	Otherwise words            `yaml:"otherwise"`
	Codes     map[string]words `yaml:"codes"`
	Rest      string           `yaml:"rest"`
}

type fileText struct {
	System   string           `yaml:"system"`
	Dates    string           `yaml:"dates"`
	Codes    map[string]words `yaml:"codes"`
	Holdings *struct {
		Field string `yaml:"field"`
		Cells words  `yaml:"subfields"`
	} `yaml:"holdings"`
	Patrons  kindText `yaml:"patrons"`
	Links    kindText `yaml:"links"`
	Proxies  kindText `yaml:"proxies"`
	Blocks   kindText `yaml:"blocks"`
	Items    kindText `yaml:"items"`
	Loans    kindText `yaml:"loans"`
	Holds    kindText `yaml:"holds"`
	Charges  kindText `yaml:"charges"`
	Requests kindText `yaml:"requests"`
}

func (f *fileText) kinds() map[string]*kindText {
	return map[string]*kindText{
		"patrons": &f.Patrons, "links": &f.Links, "proxies": &f.Proxies, "blocks": &f.Blocks, "items": &f.Items, "loans": &f.Loans,
		"holds": &f.Holds, "charges": &f.Charges, "requests": &f.Requests,
	}
}

// bounds are many times the largest map we can think of: a table of all locations.
var bounds = strictyaml.Bounds{Bytes: 1 << 20, Depth: 8}

// reading is a map being read, with what is wrong with it so far.
type reading struct {
	written *strictyaml.Written
	wrong   []strictyaml.Mistake
	columns map[string][]string
}

// Read reads a map. columns are ours, by kind of file. What is wrong with it is an
// error with every mistake.
func Read(text []byte, columns map[string][]string) (*Map, error) {
	var said fileText
	written, err := strictyaml.Read(text, bounds, &said)
	r := &reading{written: written, columns: columns}
	if err != nil {
		return nil, r.failed()
	}
	made := &Map{Dates: YearFirst, kinds: map[string]Kind{}, codes: map[string]Table{}}
	if said.System != "" {
		base, err := Text(said.System)
		if err != nil {
			written.Wrong("/system", "must be one of %s", strings.Join(Names(), ", "))
		} else if made, err = Read(base, columns); err != nil {
			return nil, err
		}
	}
	switch said.Dates {
	case "":
	case YearFirst, MonthFirst, DayFirst:
		made.Dates = said.Dates
	default:
		written.Wrong("/dates", "must be %s, %s or %s", YearFirst, MonthFirst, DayFirst)
	}
	var all []string
	for _, of := range columns {
		all = append(all, of...)
	}
	r.tables(made.codes, said.Codes, all)
	for name, kind := range said.kinds() {
		of, known := made.kinds[name]
		if !known {
			of = Kind{Columns: map[string]Source{}, Otherwise: map[string]string{}, Codes: map[string]Table{}}
		}
		r.kind("/"+name, &of, *kind, columns[name])
		made.kinds[name] = of
	}
	if said.Holdings != nil {
		r.holdings(made, said.Holdings.Field, said.Holdings.Cells)
	}
	sum := sha256.Sum256(text)
	made.Hash = hex.EncodeToString(sum[:])
	return made, r.failed()
}

func (r *reading) kind(pointer string, of *Kind, said kindText, ours []string) {
	for column, text := range said.Columns.texts {
		if !slices.Contains(ours, column) {
			r.at(said.Columns, column, "%q is no column of ours here; right are %s", column, strings.Join(ours, ", "))
			continue
		}
		var source Source
		for choice := range strings.SplitSeq(text, " or ") {
			var joined []string
			for part := range strings.SplitSeq(choice, " + ") {
				if part = Normal(part); part != "" {
					joined = append(joined, part)
				}
			}
			if joined == nil {
				r.at(said.Columns, column, "must name a column of the file, as: surname, or: firstname + surname, or: cn or call_number")
				continue
			}
			source = append(source, joined)
		}
		of.Columns[column] = source
	}
	for column, text := range said.Otherwise.texts {
		if !slices.Contains(ours, column) {
			r.at(said.Otherwise, column, "%q is no column of ours here; right are %s", column, strings.Join(ours, ", "))
		}
		of.Otherwise[column] = text
	}
	r.tables(of.Codes, said.Codes, ours)
	switch said.Rest {
	case "":
	case Ignored:
		of.IgnoreRest = true
	default:
		r.written.Wrong(pointer+"/rest", "must be %s, or left out", Ignored)
	}
}

// tables takes over tables of codes; an entry here stands before that of the map
// it begins with.
func (r *reading) tables(into map[string]Table, said map[string]words, ours []string) {
	for column, table := range said {
		if !slices.Contains(ours, column) {
			for code := range table.texts {
				r.at(table, code, "%q is no column of ours; right are %s", column, strings.Join(ours, ", "))
				break
			}
			continue
		}
		merged := Table{}
		maps.Copy(merged, into[column])
		maps.Copy(merged, table.texts)
		into[column] = merged
	}
}

func (r *reading) holdings(made *Map, field string, cells words) {
	if len(field) != 3 || strings.HasPrefix(field, "00") {
		r.written.Wrong("/holdings/field", "must be the three digits of a field, as \"945\"")
	}
	known := []string{"barcode", "branch", "call_number", "price", "type", "status", "audience", "parts", "loan_note"}
	for column, codes := range cells.texts {
		if !slices.Contains(known, column) || codes == "" {
			r.at(cells, column, "must be one of %s, with the letters of its subfields", strings.Join(known, ", "))
		}
	}
	if cells.texts["barcode"] == "" {
		r.written.Wrong("/holdings/subfields", "must say where the barcode stands")
	}
	made.Holdings = &Holdings{Field: field, Cells: cells.texts}
}

func (r *reading) at(among words, key, format string, args ...any) {
	place := among.places[key].GetToken().Position
	r.wrong = append(r.wrong, strictyaml.Mistake{Line: place.Line, Column: place.Column, Message: fmt.Sprintf(format, args...)})
}

// failed makes an error of all that is wrong; nil when nothing is.
func (r *reading) failed() error {
	all := append(r.written.Mistakes(), r.wrong...)
	if len(all) == 0 {
		return nil
	}
	slices.SortStableFunc(all, func(a, b strictyaml.Mistake) int { return 1000*(a.Line-b.Line) + a.Column - b.Column })
	invalid := &broker.Error{Kind: broker.KindInvalid, Code: "map", Detail: "The map has mistakes."}
	for _, one := range slices.Compact(all) {
		invalid.Fields = append(invalid.Fields, broker.FieldError{Pointer: "/map", Code: "map", Message: one.String()})
	}
	return invalid
}

// Normal is a column's name as names are compared: small letters, no spaces.
func Normal(name string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), " ", "_")
}

// onePlain are the columns of numbers and names, which are kept in plain signs.
var onePlain = map[string]bool{
	"barcode": true, "card": true, "other_cards": true, "guardian_card": true, "name": true, "household_name": true,
}

// Cell is a cell of one of our columns as it is read: without blanks around it, and
// numbers and names in plain signs.
func Cell(column, text string) string {
	if onePlain[column] {
		return broker.Plain(text)
	}
	return strings.TrimSpace(text)
}
