package standing

import (
	"context"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/attributes"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
)

// Policies gives the policy document in force at a desk: the branch's where it
// has one of its own, else its library's, in the version of the day. With NoID
// for the branch it is the library as a whole.
type Policies func(library directory.Library, branch broker.ID, on broker.Date) (*policy.Document, error)

// At gives the document in force for the library as a whole at a moment.
func (p Policies) At(library directory.Library, now time.Time) (*policy.Document, error) {
	return p(library, broker.NoID, library.Today(now))
}

// ByName takes unchanging documents from a source that knows them by name, and
// ignores branches: for tests, and for the presets.
func ByName(named func(policy string) (*policy.Document, error)) Policies {
	return func(library directory.Library, _ broker.ID, _ broker.Date) (*policy.Document, error) {
		return named(library.Policy)
	}
}

// Rules gives the policy document in force at a desk on its business day.
func (p Policies) Rules(desk Desk) (*policy.Document, error) {
	return p(desk.Library, desk.Branch, desk.Today())
}

// RulesOf gives the desk and policy of a library: the desk itself, or, where an
// item of a shared catalogue was lent or a patron is at home elsewhere, that
// library as if it were the desk.
func (p Policies) RulesOf(ctx context.Context, tx *postgres.Tx, desk Desk, library broker.ID) (Desk, *policy.Document, error) {
	if library != desk.Library.ID {
		loaded, err := directory.Load(ctx, tx, library)
		if err != nil {
			return desk, nil, err
		}
		desk = Desk{Library: loaded, Actor: desk.Actor, Now: desk.Now}
	}
	document, err := p.Rules(desk)
	return desk, document, err
}

// RulesFor gives the policy by which a desk lends to a patron: the desk's own, or,
// for a patron of another library of the group whose home keeps its own rules
// wherever they borrow, that of their home.
func (p Policies) RulesFor(ctx context.Context, tx *postgres.Tx, desk Desk, patron patrons.Ref) (*policy.Document, error) {
	document, err := p.Rules(desk)
	if err != nil || patron.Library == desk.Library.ID || patron.ID == broker.NoID {
		return document, err
	}
	_, home, err := p.RulesOf(ctx, tx, desk, patron.Library)
	if err != nil {
		return nil, err
	}
	var who rule.Match
	if lending.LoanRulesVary(home) {
		known, err := patrons.ByID(ctx, tx, patron)
		if err != nil {
			return nil, err
		}
		who = known.Match(desk.Today())
	}
	if lending.LoanRulesOf(home, who) == attributes.RulesOfLocation {
		return document, nil
	}
	return home, nil
}
