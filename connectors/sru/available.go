package sru

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strings"

	"afield/broker"
	"afield/connectors"
)

// Available searches a library's catalogue for a citation and says what could be
// lent. See connectors.Holdings. Every error is broker.KindUnavailable with code
// "availability_unknown".
func (c *Client) Available(ctx context.Context, peer connectors.Peer, citation broker.Citation) (connectors.Availability, error) {
	if peer.Target == nil {
		return connectors.Availability{}, notKnown(errors.New("it has no catalogue that could be searched"))
	}
	copies, err := c.Copies(ctx, *peer.Target, citation)
	if err != nil {
		return connectors.Availability{}, notKnown(err)
	}
	return Sum(copies, peer.Target.Owner, citation.Format), nil
}

// Copies gives the copies in the records that fit a citation, those of other
// libraries too where several share the catalogue.
func (c *Client) Copies(ctx context.Context, target connectors.Target, citation broker.Citation) ([]Copy, error) {
	records, err := c.Find(ctx, target, citation)
	var copies []Copy
	for _, record := range records {
		copies = append(copies, record.Copies(of(target).Holdings)...)
	}
	return copies, err
}

func notKnown(err error) error {
	return &broker.Error{Kind: broker.KindUnavailable, Code: "availability_unknown", Detail: "The catalogue could not be searched: " + err.Error() + "."}
}

// Find gives the records that fit a citation, by the surest number that finds any,
// else by title and author. None is no error; an error is why it could not be asked.
func (c *Client) Find(ctx context.Context, target connectors.Target, citation broker.Citation) ([]Record, error) {
	asked := false
	var wrong error
	for _, question := range questions(citation, of(target).Indexes) {
		answer, err := c.Search(ctx, target, question.query)
		var problem Diagnostic
		switch {
		case errors.As(err, &problem) && problem.leadsOn():
			wrong = err // this index is not there: another may be
			continue
		case err != nil:
			return nil, err
		}
		records, err := came(answer.Records)
		if err != nil {
			return nil, err
		}
		if asked = true; question.byWords {
			records = slices.DeleteFunc(records, func(record Record) bool { return !c.fits(record.MARCXML(), citation) })
		}
		if len(records) > 0 {
			return records, nil
		}
	}
	switch {
	case asked:
		return nil, nil
	case wrong != nil:
		return nil, wrong
	}
	return nil, errors.New("the citation has nothing that it could be searched by")
}

// came gives the records that came along. Where every one of them is a problem, that
// is the error.
func came(records []Record) ([]Record, error) {
	var whole []Record
	var problem *Diagnostic
	for _, record := range records {
		if record.Problem != nil {
			problem = record.Problem
		} else if record.content != nil {
			whole = append(whole, record)
		}
	}
	if len(whole) == 0 && problem != nil {
		return nil, *problem
	}
	return whole, nil
}

// MARCXML gives the record as a MARCXML record by itself; nothing where it has none.
func (r Record) MARCXML() []byte {
	from := r.content
	if from != nil && from.child("leader") == nil { // inside an OPAC record or a collection
		from = nil
		if within := r.content.find("record"); len(within) > 0 && within[0].child("leader") != nil {
			from = within[0]
		}
	}
	if from == nil {
		return nil
	}
	var out bytes.Buffer
	write := func(texts ...string) {
		for i, text := range texts {
			if i%2 == 0 {
				out.WriteString(text)
			} else {
				_ = xml.EscapeText(&out, []byte(text)) // a Buffer never fails
			}
		}
	}
	write(`<record xmlns="http://www.loc.gov/MARC21/slim">`)
	for _, one := range from.children {
		switch one.name {
		case "leader":
			write(`<leader>`, one.text, `</leader>`)
		case "controlfield":
			write(`<controlfield tag="`, one.attribute("tag"), `">`, one.text, `</controlfield>`)
		case "datafield":
			write(`<datafield tag="`, one.attribute("tag"), `" ind1="`, one.attribute("ind1"), `" ind2="`, one.attribute("ind2"), `">`)
			for _, part := range one.all("subfield") {
				write(`<subfield code="`, part.attribute("code"), `">`, part.text, `</subfield>`)
			}
			write(`</datafield>`)
		}
	}
	write(`</record>`)
	return out.Bytes()
}

// Sum says of copies what a lender would: how many could be sent now, how many
// perhaps, and when the first is back where there is none. owner leaves out those of
// other libraries; "" counts all.
func Sum(copies []Copy, owner string, format broker.Format) connectors.Availability {
	var said connectors.Availability
	reasons := map[Why]int{}
	var due broker.Date
	for _, one := range copies {
		if !one.Of(owner) {
			continue
		}
		said.Owned = true
		switch why := one.Why.against(format); why {
		case Lendable:
			said.Available += one.Count
		case NotKnown:
			said.Perhaps += one.Count
		default:
			reasons[why] += one.Count
			if why == OnLoan && !one.Due.IsZero() && (due.IsZero() || one.Due.Before(due)) {
				due = one.Due
			}
		}
	}
	if said.Available+said.Perhaps == 0 && said.Owned {
		said.Due = due
		said.Note = inWords(reasons)
	}
	return said
}

// Of tells whether a copy is a library's, by its sign in a shared catalogue; every
// one is where there is no sign.
func (c Copy) Of(owner string) bool {
	return owner == "" || strings.EqualFold(c.Library, owner) || strings.EqualFold(c.Place, owner)
}

// InWords says how a copy stands.
func (c Copy) InWords() string {
	for _, one := range wordsOfWhy {
		if one.why == c.Why {
			return one.words
		}
	}
	if c.Why == NotKnown {
		return "not said whether it is in"
	}
	return "in"
}

// against says how a copy stands for one who wants the volume, or something copied
// from it.
func (w Why) against(format broker.Format) Why {
	switch {
	case w == CopiesOnly && !format.Returnable(), w == LoansOnly && format.Returnable():
		return NotKnown // it does such things; whether it can now is not said
	case w == StaysIn && !format.Returnable():
		return Lendable // what stays in can be copied there
	}
	return w
}

// wordsOfWhy say how copies stand, in the order in which they are told.
var wordsOfWhy = []struct {
	why   Why
	words string
}{
	{OnLoan, "on loan"},
	{Wanted, "kept for somebody"},
	{OnOrder, "not on the shelves yet"},
	{StaysIn, "for use in the library only"},
	{CopiesOnly, "of which only parts are copied"},
	{LoansOnly, "of which nothing is copied"},
	{NeverLent, "never lent"},
	{Missing, "missing"},
	{Unavailable, "not available"},
}

func inWords(reasons map[Why]int) string {
	var parts []string
	for _, one := range wordsOfWhy {
		if count := reasons[one.why]; count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count, one.words))
		}
	}
	return strings.Join(parts, ", ")
}
