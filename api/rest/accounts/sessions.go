package accounts

import (
	"context"
	"net/http"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/broker"
	"afield/broker/access"
	"afield/broker/directory"
	rules "afield/broker/policy/accounts"
	"afield/broker/policy/rule"
)

// CreateSession signs staff or a patron in. It takes no Idempotency-Key: the
// answer holds a secret that is not kept.
func (a Accounts) CreateSession(ctx context.Context, request gen.CreateSessionRequestObject) (gen.CreateSessionResponseObject, error) {
	in := request.Body
	if err := complete(*in); err != nil {
		return nil, err
	}
	from := access.Caller{Address: pipeline.Address(ctx)}
	if in.Device != "" {
		from.Devices = []string{in.Device}
	}
	var session access.Session
	var err error
	if in.Kind == gen.SignInKindStaff {
		session, err = a.Access.SignInStaff(ctx, access.StaffSignIn{Library: in.Library, Username: in.Username, Password: in.Password, Caller: from})
	} else {
		session, err = a.Access.SignInPatron(ctx, access.PatronSignIn{Realm: in.Realm, Card: in.Card, PIN: in.Pin, Caller: from})
	}
	if err != nil {
		return nil, err
	}
	me, err := pipeline.ReadAs(ctx, a.Base, session.Principal, a.me)
	return gen.CreateSession201JSONResponse{Token: session.Token, ExpiresAt: views.UTC(session.Principal.ExpiresAt), Device: session.Device, Me: me}, err
}

// complete checks that a sign-in has everything that its kind needs, which the
// contract's schema alone cannot say.
func complete(in gen.SignIn) error {
	needed := map[string]string{"library": in.Library, "username": in.Username, "password": in.Password}
	order := []string{"library", "username", "password"}
	if in.Kind == gen.SignInKindPatron {
		needed = map[string]string{"realm": in.Realm, "card": in.Card, "pin": in.Pin}
		order = []string{"realm", "card", "pin"}
	}
	var wrong []broker.FieldError
	for _, name := range order {
		if needed[name] == "" {
			wrong = append(wrong, broker.FieldError{Pointer: "/" + name, Code: "required", Message: "is required to sign in as " + string(in.Kind)})
		}
	}
	if len(wrong) > 0 {
		return broker.Invalid(wrong...)
	}
	return nil
}

// DeleteSession signs the caller out.
func (a Accounts) DeleteSession(ctx context.Context, _ gen.DeleteSessionRequestObject) (gen.DeleteSessionResponseObject, error) {
	_, err := pipeline.Once(ctx, a.Base, http.StatusNoContent, func(ctx context.Context, t *pipeline.Turn) (pipeline.Made, error) {
		return pipeline.Made{}, a.Access.Revoke(ctx, t.Tx, t.Library(), t.Caller.Token)
	})
	return gen.DeleteSession204Response{}, err
}

// AcceptInvitation makes the staff user that a token invites. It takes no
// Idempotency-Key: the token is good once.
func (a Accounts) AcceptInvitation(ctx context.Context, request gen.AcceptInvitationRequestObject) (gen.AcceptInvitationResponseObject, error) {
	accepted, err := a.Access.AcceptInvitation(ctx, request.Body.Token, request.Body.Password)
	if err != nil {
		return nil, err
	}
	nobody := access.Principal{Library: accepted.Library}
	view, err := pipeline.ReadAs(ctx, a.Base, nobody, func(ctx context.Context, t *pipeline.Turn) (gen.InvitationAccepted, error) {
		view := gen.InvitationAccepted{Username: accepted.Username, Roles: accepted.Roles}
		library, err := directory.Load(ctx, t.Tx, accepted.Library)
		if err != nil {
			return view, err
		}
		symbol, err := directory.Symbol(ctx, t.Tx, library.ID)
		view.Library = views.LibraryNamed(library.ID, library.Name, symbol)
		return view, err
	})
	return gen.AcceptInvitation201JSONResponse(view), err
}

// GetMe says who the caller is.
func (a Accounts) GetMe(ctx context.Context, _ gen.GetMeRequestObject) (gen.GetMeResponseObject, error) {
	me, err := pipeline.Read(ctx, a.Base, a.me)
	return gen.GetMe200JSONResponse(me), err
}

func (a Accounts) me(ctx context.Context, t *pipeline.Turn) (gen.Me, error) {
	who := t.Caller
	me := gen.Me{Kind: gen.MeKind(who.Kind), ID: who.ID, Roles: who.Roles, BranchID: who.Branch, Office: who.Office}
	if me.Roles == nil {
		me.Roles = []string{}
	}
	library, err := t.Home(ctx)
	if err != nil {
		return me, err
	}
	symbol, err := directory.Symbol(ctx, t.Tx, library.ID)
	if err != nil {
		return me, err
	}
	me.Library = views.LibraryNamed(library.ID, library.Name, symbol)
	if t.IsPatron() {
		if me.Patron, err = a.patronView(ctx, t, library, who.ID, true); err != nil {
			return me, err
		}
		me.OwnChanges, err = a.ownChanges(ctx, t, rule.Match{Class: me.Patron.Class, PatronAge: rules.Years(me.Patron.BornOn, library.Today(t.Now()))})
	}
	return me, err
}
