package rest

import (
	"context"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/access"
	"afield/broker/directory"
	"afield/broker/postgres"
)

// CreateSession signs staff or a patron in. It takes no Idempotency-Key: the
// answer holds a secret that is not kept.
func (s *Server) CreateSession(ctx context.Context, request gen.CreateSessionRequestObject) (gen.CreateSessionResponseObject, error) {
	in := request.Body
	if err := complete(*in); err != nil {
		return nil, err
	}
	address := callOf(ctx).address
	var session access.Session
	var err error
	if in.Kind == gen.SignInKindStaff {
		session, err = s.Access.SignInStaff(ctx, access.StaffSignIn{Library: in.Library, Username: in.Username, Password: in.Password, Address: address})
	} else {
		session, err = s.Access.SignInPatron(ctx, access.PatronSignIn{Realm: in.Realm, Card: in.Card, PIN: in.Pin, Address: address})
	}
	if err != nil {
		return nil, err
	}
	me, err := s.me(ctx, session.Principal)
	if err != nil {
		return nil, err
	}
	return gen.CreateSession201JSONResponse{Token: session.Token, ExpiresAt: utc(session.Principal.ExpiresAt), Me: me}, nil
}

// complete checks that a sign-in has all its kind needs, which the contract's
// schema alone cannot say.
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
func (s *Server) DeleteSession(ctx context.Context, _ gen.DeleteSessionRequestObject) (gen.DeleteSessionResponseObject, error) {
	principal := callOf(ctx).principal
	err := s.DB.InTx(ctx, callOf(ctx).scope(), func(ctx context.Context, tx *postgres.Tx) error {
		return s.Access.Revoke(ctx, tx, principal.Library, principal.Token)
	})
	if err != nil {
		return nil, err
	}
	return gen.DeleteSession204Response{}, nil
}

// GetMe says who the caller is.
func (s *Server) GetMe(ctx context.Context, _ gen.GetMeRequestObject) (gen.GetMeResponseObject, error) {
	me, err := s.me(ctx, callOf(ctx).principal)
	if err != nil {
		return nil, err
	}
	return gen.GetMe200JSONResponse(me), nil
}

func (s *Server) me(ctx context.Context, principal access.Principal) (gen.Me, error) {
	me := gen.Me{Kind: gen.MeKind(principal.Kind), ID: principal.ID, Roles: principal.Roles, BranchID: principal.Branch}
	if me.Roles == nil {
		me.Roles = []string{}
	}
	err := s.DB.InTx(ctx, postgres.ForLibraries(principal.Library), func(ctx context.Context, tx *postgres.Tx) error {
		library, err := directory.Load(ctx, tx, principal.Library)
		if err != nil {
			return err
		}
		symbol, err := directory.Symbol(ctx, tx, principal.Library)
		if err != nil {
			return err
		}
		me.Library = gen.LibraryRef{ID: library.ID, Name: library.Name}
		if symbol.Namespace != "" {
			me.Library.Symbol = symbol.String()
		}
		if principal.Kind == access.KindPatron {
			me.Patron, err = s.patronView(ctx, tx, library, principal.ID, true)
		}
		return err
	})
	return me, err
}
