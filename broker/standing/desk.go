package standing

import (
	"context"
	"time"

	"afield/broker"
	"afield/broker/calendar"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/policy"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
)

// Desk is where an act happens, who does it and when.
type Desk struct {
	Library directory.Library
	// Branch is the building; NoID where the library has only one.
	Branch broker.ID
	// BranchCode is the code by which a policy names the branch; "" where there is
	// only one, or where nothing asks for it.
	BranchCode string
	// Opening is the branch's calendar; nil means the library's.
	Opening *calendar.Calendar
	Actor   broker.Actor
	Now     time.Time
}

// Calendar is the branch's calendar, or else the library's.
func (d Desk) Calendar() *calendar.Calendar {
	if d.Opening != nil {
		return d.Opening
	}
	return d.Library.Calendar
}

// Today is the business day at the desk.
func (d Desk) Today() broker.Date { return d.Calendar().DateOf(d.Now) }

// Moment is now, as policies ask for it.
func (d Desk) Moment() policy.Moment { return policy.Moment{Now: d.Now, Calendar: d.Calendar()} }

// OwnerOf says whose item it is, as the desk's policy sees it.
func (d Desk) OwnerOf(item catalog.Item) rule.Owner {
	switch {
	case item.Temporary():
		return rule.OwnerILL
	case item.Library == d.Library.ID:
		return rule.OwnerOwn
	}
	return rule.OwnerConsortium
}

// IsAt tells whether the desk is at a library and, where the library has
// several branches, at the given one.
func (d Desk) IsAt(library, branch broker.ID) bool {
	return library == d.Library.ID && (branch == broker.NoID || d.Branch == broker.NoID || branch == d.Branch)
}

// At is the desk of a branch, with the branch's calendar; with NoID it is this
// desk unchanged.
func (d Desk) At(branches []directory.Branch, branch broker.ID) Desk {
	if branch == broker.NoID {
		return d
	}
	d.Branch = branch
	for _, known := range branches {
		if known.ID == branch {
			d.Opening = known.Calendar
		}
	}
	return d
}

// WithOpening is the desk with the calendar of its branch.
func (d Desk) WithOpening(ctx context.Context, tx *postgres.Tx) (Desk, error) {
	if d.Opening != nil || d.Branch == broker.NoID {
		return d, nil
	}
	branches, err := directory.Branches(ctx, tx, d.Library.ID)
	return d.At(branches, d.Branch), err
}
