package iso18626

import (
	"slices"

	"afield/connectors"
)

// dialect is how one vendor's system differs from the others. Each field is a row
// of the table that doc.go shows.
type dialect struct {
	// name is what the directory calls it, source where the differences are known
	// from.
	name, source string
	// statuses says what is sent in place of a status that it does not know.
	statuses map[string]string
	// reasons says under which reason a status is sent.
	reasons map[string]string
	// accept and reject are the notes that answer conditions.
	accept, reject string
	// inNote: of costs, conditions and the address of a copy it reads only the note.
	inNote bool
	// placeholders are what it writes where the symbols of the two libraries belong.
	placeholders []string
}

const (
	acceptWord = "ACCEPT"
	rejectWord = "REJECT"
	// ReShare's forms of the two.
	acceptToken = "#ReShareLoanConditionAgreeResponse#"
	rejectToken = "#ReShareLoanConditionRejectResponse#"
)

// dialects lists the vendors' systems. The first is for all that are not listed.
var dialects = []dialect{
	{
		name: "", source: "ISO 18626:2017 and 2021, with the answers to conditions that Alma and ILLiad write",
		accept: acceptWord, reject: rejectWord,
	},
	{
		name: "alma", source: "CrossLink's shim for Alma (indexdata/crosslink, broker/shim)",
		statuses: map[string]string{"ExpectToSupply": "WillSupply"},
		reasons:  map[string]string{"WillSupply": "RequestResponse", "Loaned": "StatusChange", "LoanCompleted": "RequestResponse"},
		accept:   acceptWord, reject: rejectWord, inNote: true,
	},
	{
		name: "reshare", source: "mod-rs (openlibraryenvironment/mod-rs, service)",
		accept: acceptToken, reject: rejectToken, inNote: true,
	},
	{
		name: "koha", source: "Koha/ILL/ISO18626.pm and its callback sender",
		accept: acceptWord, reject: rejectWord,
		placeholders: []string{"sup_agency_value", "req_agency_value"},
	},
}

// Dialects lists the names of the vendors' systems.
func Dialects() (names []string) {
	for _, d := range dialects[1:] {
		names = append(names, d.name)
	}
	return names
}

// dialectOf gives a dialect by its name.
func dialectOf(name string) dialect {
	if at := slices.IndexFunc(dialects, func(d dialect) bool { return d.name == name }); at >= 0 {
		return dialects[at]
	}
	return dialects[0]
}

// placeholder tells whether the value of a symbol is none: some systems send the
// same words for every library.
func placeholder(value string) bool {
	return value == "" || slices.ContainsFunc(dialects, func(d dialect) bool { return slices.Contains(d.placeholders, value) })
}

// speaks gives the status and the reason that a peer is sent.
func (d dialect) speaks(status, reason string) (string, string) {
	if other, is := d.statuses[status]; is {
		status = other
	}
	if reason == reasonResponse || reason == reasonChange {
		if other, is := d.reasons[status]; is {
			reason = other
		}
	}
	return status, reason
}

// dialectFor gives the dialect of a peer.
func dialectFor(peer connectors.Peer) dialect { return dialectOf(peer.Dialect) }
