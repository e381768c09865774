package pipeline

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/directory"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/workflow/desk/counter"
	"afield/workflow/requests"
)

// Turn is one transaction of a call: who asks, and the database as far as they
// may see it. Nobody outside a turn knows the caller, so that sign-in can be part
// of the transaction.
type Turn struct {
	Tx *postgres.Tx
	// Caller is who is signed in; the zero value on routes that anyone may call.
	Caller access.Principal

	base *Base
	// other is the library that an operator sees to.
	other broker.ID
}

// Library is the caller's, or the one that an operator sees to.
func (t *Turn) Library() broker.ID { return cmp.Or(t.other, t.Caller.Library) }

// AtOffice tells whether the call is about the consortium's own office.
func (t *Turn) AtOffice() bool { return t.Caller.Office && t.other == broker.NoID }

// SeesTo turns to the library that an operator names by symbol or id; "" is their
// own. Nobody else may name one.
func (t *Turn) SeesTo(ctx context.Context, named string) error {
	wrong := func(code, message string) error {
		return broker.Invalid(broker.FieldError{Pointer: "query:library", Code: code, Message: message})
	}
	switch {
	case named == "":
		return nil
	case !t.Caller.Office:
		return wrong("not_yours", "must be left out: it is for the consortium's office")
	}
	library, err := directory.Named(ctx, t.Tx, named)
	if broker.IsKind(err, broker.KindNotFound) || err == nil && !library.Member {
		return wrong("not_a_member", "must be the symbol or id of a member library")
	}
	if err != nil {
		return err
	}
	t.Tx.Widen(library.ID)
	t.other = library.ID
	return nil
}

// IsPatron tells whether a patron asks, and not staff.
func (t *Turn) IsPatron() bool { return t.Caller.Kind == access.KindPatron }

// Own narrows to the caller's own rows: a patron's id, or NoID for staff.
func (t *Turn) Own() broker.ID {
	if t.IsPatron() {
		return t.Caller.ID
	}
	return broker.NoID
}

// Viewer is the caller as somebody who looks at requests.
func (t *Turn) Viewer() requests.Viewer {
	return requests.Viewer{Library: t.Library(), Patron: t.Own()}
}

// Now is the present business time.
func (t *Turn) Now() time.Time { return t.base.Clock.Now() }

// At is the desk the caller acts at: their library and their own branch.
func (t *Turn) At() counter.At {
	return counter.At{Library: t.Library(), Branch: t.Caller.Branch, Actor: t.Caller.Actor(), Now: t.Now()}
}

// AtBranch is At, at the branch that /branch_id of the body names, if it does.
func (t *Turn) AtBranch(ctx context.Context, branch broker.ID) (counter.At, error) {
	at := t.At()
	if branch == broker.NoID {
		return at, nil
	}
	branches, err := directory.Branches(ctx, t.Tx, t.Library())
	if err != nil {
		return at, err
	}
	if !slices.ContainsFunc(branches, func(b directory.Branch) bool { return b.ID == branch }) {
		return at, broker.Invalid(broker.FieldError{Pointer: "/branch_id", Code: "not_a_branch", Message: "must be a branch of this library"})
	}
	at.Branch = branch
	return at, nil
}

// Home is the caller's library.
func (t *Turn) Home(ctx context.Context) (directory.Library, error) {
	return directory.Load(ctx, t.Tx, t.Library())
}

// Rules gives the caller's library and the policy that is in force there today.
func (t *Turn) Rules(ctx context.Context) (directory.Library, *policy.Document, error) {
	library, err := t.Home(ctx)
	if err != nil {
		return library, nil, err
	}
	document, err := t.base.Policies.At(library, t.Now())
	return library, document, err
}

// Patron gives the caller's library and one of its patrons; another library's
// patron is not found.
func (t *Turn) Patron(ctx context.Context, id broker.ID) (directory.Library, patrons.Ref, error) {
	library, err := t.Home(ctx)
	if err != nil {
		return library, patrons.Ref{}, err
	}
	ref := patrons.Ref{Library: library.ID, ID: id}
	_, err = patrons.ByID(ctx, t.Tx, ref)
	return library, ref, err
}

// PatronFor gives the patron an act is for: the signed-in patron, or the one
// staff name by id or card. Another library's patron is not found.
func (t *Turn) PatronFor(ctx context.Context, id broker.ID, card string) (broker.ID, error) {
	invalid := func(pointer, code, message string) (broker.ID, error) {
		return broker.NoID, broker.Invalid(broker.FieldError{Pointer: pointer, Code: code, Message: message})
	}
	switch {
	case t.IsPatron():
		if card != "" || (id != broker.NoID && id != t.Caller.ID) {
			return invalid("/patron_id", "not_yours", "must be left out: patrons act for themselves")
		}
		return t.Caller.ID, nil
	case id != broker.NoID && card != "":
		return invalid("/card", "given_twice", "must be left out where patron_id is given")
	case id != broker.NoID:
		return id, nil
	case card == "":
		return invalid("/patron_id", "required", "is required: whose is it? give patron_id or card")
	}
	library, err := t.Home(ctx)
	if err != nil {
		return broker.NoID, err
	}
	patron, _, err := patrons.ByCard(ctx, t.Tx, library.SharingGroup, strings.TrimSpace(card))
	if err != nil {
		return broker.NoID, err
	}
	if patron.Library != t.Library() {
		return broker.NoID, broker.NotFound("patron")
	}
	return patron.ID, nil
}

// StaffOnly refuses a field of the body to patrons.
func (t *Turn) StaffOnly(pointer string, given bool) error {
	if given && t.IsPatron() {
		return broker.Invalid(broker.FieldError{Pointer: pointer, Code: "staff_only", Message: "is for staff"})
	}
	return nil
}

// SharedCatalogue gives the caller's library and those that share its catalogue,
// itself among them, and lets the transaction see what they have lent each other:
// they may know each other's holdings. Only what the caller's own loans and holds
// point to is shown.
func (t *Turn) SharedCatalogue(ctx context.Context) (directory.Library, []broker.ID, error) {
	library, err := t.Home(ctx)
	if err != nil {
		return library, nil, err
	}
	shared, err := directory.SharedWith(ctx, t.Tx, library.SharingGroup)
	if err != nil {
		return library, nil, err
	}
	t.Tx.Widen(shared...)
	return library, shared, nil
}

// Overriding refuses to override a rule without saying why.
func Overriding(overrides []string, reason string) error {
	if len(overrides) > 0 && reason == "" {
		return broker.Invalid(broker.FieldError{Pointer: "/override_reason", Code: "required", Message: "is required: why is the rule passed over?"})
	}
	return nil
}
