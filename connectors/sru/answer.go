package sru

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Answer is one answer to a search.
type Answer struct {
	// Count is how many records there are in all, Next the position of the first
	// that did not come along; 0 for none.
	Count, Next int
	Records     []Record
	// Problems are what the target says went wrong with the whole search.
	Problems []Diagnostic
}

// Record is one record of an answer.
type Record struct {
	// Schema is how the target calls its form, Position its place among all.
	Schema   string
	Position int
	// Problem is why the record itself did not come; nil where it did.
	Problem *Diagnostic
	content *node
}

// Diagnostic is a problem as SRU says it: info:srw/diagnostic/1/16 has the number 16.
type Diagnostic struct {
	// Number is 0 where the target names the problem in a way of its own.
	Number           int
	Message, Details string
}

// The diagnostics on which something depends.
const (
	temporarilyUnavailable       = 2
	unsupportedContextSet        = 15
	unsupportedIndex             = 16
	unsupportedRelation          = 19
	unsupportedCombination       = 22
	queryFeatureUnsupported      = 48
	firstPositionOutOfRange      = 61
	recordTemporarilyUnavailable = 64
)

// usualMessages say what the commoner diagnostics mean.
var usualMessages = map[int]string{
	1: "general system error", temporarilyUnavailable: "temporarily unavailable", 3: "the account was not accepted", 4: "searching is not supported",
	5: "this version is not supported", 6: "a parameter has a value that is not supported", 7: "a parameter is missing",
	8: "a parameter is not supported", 10: "the query was not understood", unsupportedContextSet: "the index set is not supported",
	unsupportedIndex: "the index is not supported", unsupportedRelation: "the relation is not supported",
	unsupportedCombination: "the relation does not go with the index", 27: "an empty term", queryFeatureUnsupported: "a feature of the query is not supported",
	firstPositionOutOfRange: "the first record is out of range", 63: "system error in the records",
	recordTemporarilyUnavailable: "the record is temporarily unavailable", 66: "the record schema is not known",
	67: "the record cannot be given in this schema", 71: "the packing is not supported", 235: "the database does not exist",
}

// Retryable tells whether the same search may do better in a while.
func (d Diagnostic) Retryable() bool {
	return d.Number == temporarilyUnavailable || d.Number == recordTemporarilyUnavailable
}

// leadsOn tells whether another index may still be searched.
func (d Diagnostic) leadsOn() bool {
	return slices.Contains([]int{unsupportedContextSet, unsupportedIndex, unsupportedRelation, unsupportedCombination, queryFeatureUnsupported}, d.Number)
}

// Error says it in a few words of our own: the target's may repeat what a patron
// looks for.
func (d Diagnostic) Error() string {
	if d.Number == 0 {
		return "it answers with a problem of its own"
	}
	return fmt.Sprintf("%s (diagnostic %d)", cmp.Or(usualMessages[d.Number], "it answers with a problem"), d.Number)
}

// Read reads an answer of any version: elements are known by their local names, and
// a record packed as text is read as if it stood there as XML.
func Read(text []byte) (Answer, error) {
	if len(text) > maxBytes {
		return Answer{}, fmt.Errorf("it has more than %d bytes", maxBytes)
	}
	left := &budget{elements: maxElements}
	root, err := parse(text, left)
	if err != nil {
		return Answer{}, err
	}
	if root.name == "Envelope" && len(root.find("searchRetrieveResponse")) == 1 { // by SOAP
		root = root.find("searchRetrieveResponse")[0]
	}
	answer := Answer{Problems: diagnostics(root.child("diagnostics"))}
	if root.name == "explainResponse" && len(answer.Problems) == 0 {
		return Answer{}, fmt.Errorf("it explains itself instead of searching; is the version right?")
	}
	if root.name != "searchRetrieveResponse" && len(answer.Problems) == 0 {
		return Answer{}, fmt.Errorf("it is no answer to a search: its element is %q", shown(root.name))
	}
	if answer.Count, err = whole(root.say("numberOfRecords")); err != nil {
		return Answer{}, fmt.Errorf("its numberOfRecords %w", err)
	}
	if answer.Next, err = whole(root.say("nextRecordPosition")); err != nil {
		return Answer{}, fmt.Errorf("its nextRecordPosition %w", err)
	}
	for _, one := range root.child("records").all("record") {
		record, err := readRecord(one, left)
		if err != nil {
			return Answer{}, err
		}
		answer.Records = append(answer.Records, record)
	}
	return answer, nil
}

// whole reads a count; one that is not there is 0.
func whole(text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	number, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("is %q", shown(text))
	}
	return int(number), nil
}

func readRecord(from *node, left *budget) (Record, error) {
	record := Record{Schema: from.say("recordSchema")}
	record.Position, _ = whole(from.say("recordPosition")) // one that cannot be read says nothing
	data := from.child("recordData")
	switch {
	case data == nil:
		return record, nil
	case len(data.children) > 0:
		record.content = data.children[0]
	case strings.HasPrefix(data.text, "<"): // packed as text
		content, err := parse([]byte(data.text), left)
		if err != nil {
			return Record{}, fmt.Errorf("a record packed as text cannot be read: %w", err)
		}
		record.content = content
	}
	if record.content != nil && record.content.name == "diagnostic" {
		problem := diagnostic(record.content)
		record.Problem, record.content = &problem, nil
	}
	return record, nil
}

func diagnostics(from *node) []Diagnostic {
	var found []Diagnostic
	for _, one := range from.all("diagnostic") {
		found = append(found, diagnostic(one))
	}
	return found
}

func diagnostic(from *node) Diagnostic {
	found := Diagnostic{Message: from.say("message"), Details: from.say("details")}
	if number, is := strings.CutPrefix(from.say("uri"), "info:srw/diagnostic/1/"); is {
		found.Number, _ = whole(number)
	}
	return found
}
