package people

import (
	"slices"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

// side is one of two accounts that may be of the same person.
type side struct {
	gen.Patron
	Cards                  []gen.Card
	Loans, Holds, Requests int
}

type mergePage struct {
	Here    side
	Other   *side
	Alike   []gen.LikelyPatron
	Q       string
	Found   []gen.PatronLine
	Keep    string
	Trouble *frame.Trouble
	Today   broker.Date
	// Currency is the library's.
	Currency string
}

// twoAccounts shows who may be the same person as a patron, and beside each other
// the two accounts that were chosen.
func (p People) twoAccounts(v *frame.Visit) error {
	id, err := p.id(v)
	if err != nil {
		return err
	}
	return p.showMerge(v, id, nil)
}

func (p People) showMerge(v *frame.Visit, id broker.ID, trouble *frame.Trouble) error {
	here, err := p.side(v, id)
	if err != nil {
		return err
	}
	page := mergePage{Here: here, Q: v.Field("q"), Keep: v.Field("keep"), Trouble: trouble, Today: v.Today, Currency: v.Place.Currency}
	if into, err := broker.ParseID("into", v.Field("into")); err == nil && into != id {
		other, err := p.side(v, into)
		if err != nil {
			return err
		}
		page.Other = &other
	}
	if page.Other == nil {
		if err := p.candidates(v, &page); err != nil {
			return err
		}
	}
	return v.ShowWith(trouble, "merge", frame.Head{Title: v.Say("Two accounts of one person"), At: "patrons"}, page)
}

// candidates finds who looks alike, and who was looked for.
func (p People) candidates(v *frame.Visit, page *mergePage) error {
	here := page.Here
	seen, err := frame.Ask[gen.PreviewPatron200JSONResponse](v, "previewPatron", p.ops.PreviewPatron, gen.PreviewPatronRequestObject{Body: &gen.PatronDraft{
		Class: here.Class, Name: here.Name, BornOn: here.BornOn, Phone: here.Phone, Email: here.Email, Address: here.Address,
	}})
	if err != nil && v.Trouble(err) == nil {
		return err
	}
	page.Alike = slices.DeleteFunc(seen.Likely, func(one gen.LikelyPatron) bool { return one.Patron.ID == here.ID })
	if page.Q == "" {
		return nil
	}
	found, err := frame.Ask[gen.SearchPatrons200JSONResponse](v, "searchPatrons", p.ops.SearchPatrons,
		gen.SearchPatronsRequestObject{Params: gen.SearchPatronsParams{Q: page.Q, Limit: 20}})
	if page.Trouble = v.Trouble(err); err != nil && page.Trouble == nil {
		return err
	}
	page.Found = slices.DeleteFunc(found.Patrons, func(one gen.PatronLine) bool { return one.ID == here.ID })
	return nil
}

func (p People) side(v *frame.Visit, id broker.ID) (side, error) {
	patron, err := frame.Ask[gen.GetPatron200JSONResponse](v, "getPatron", p.ops.GetPatron, gen.GetPatronRequestObject{ID: id})
	if err != nil {
		return side{}, err
	}
	one := side{Patron: gen.Patron(patron)}
	record := recordPage{}
	if err := p.fill(v, id, broker.NoID, nil, &record); err != nil {
		return side{}, err
	}
	one.Cards, one.Loans, one.Holds, one.Requests = record.Cards, len(record.Loans), len(record.Holds), len(record.Waits)
	return one, nil
}

// merge makes two accounts one: the one that staff chose stays.
func (p People) merge(v *frame.Visit) error {
	from, err := p.id(v)
	if err != nil {
		return err
	}
	here := from
	into, err := broker.ParseID("into", v.Field("into"))
	if err != nil {
		return broker.NotFound("patron")
	}
	read := v.Reading()
	switch v.Field("keep") {
	case "other":
	case "here":
		from, into = into, from
	default:
		read.Wrong("keep", "required", v.Say("say which account stays"))
	}
	if err = read.Err(); err == nil {
		var made gen.MergePatron200JSONResponse
		made, err = frame.AskOnce[gen.MergePatron200JSONResponse](v, "mergePatron", v.Key(), p.ops.MergePatron,
			gen.MergePatronRequestObject{ID: from, Body: &gen.Merge{IntoID: into}})
		if err == nil {
			return v.Done("/patrons/"+into.String(), v.Say("One account now: {loans} loans, {holds} holds and {requests} requests came over.",
				"loans", made.Loans, "holds", made.Holds, "requests", made.Requests))
		}
	}
	return v.Refused(err, func(trouble *frame.Trouble) error { return p.showMerge(v, here, trouble) })
}
