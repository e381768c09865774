package accounts

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/broker"
	"afield/broker/access"
	"afield/broker/consortium"
	"afield/broker/directory"
)

func (a Accounts) memberView(t *pipeline.Turn, user access.StaffUser) gen.StaffMember {
	view := gen.StaffMember{
		Username: user.Username, Roles: user.Roles, BranchID: user.Branch, Status: gen.StaffMemberStatusActive, Sessions: user.Sessions,
		CreatedAt: views.UTC(user.CreatedAt), PasswordSetAt: user.PasswordSetAt, InvitedUntil: user.InvitedUntil,
		You: user.ID == t.Caller.ID,
	}
	switch {
	case !user.InvitedUntil.IsZero():
		view.Status = gen.StaffMemberStatusInvited
	case user.Disabled:
		view.Status = gen.StaffMemberStatusSuspended
	}
	if user.Wait > 0 {
		view.LockedUntil = a.Access.Later(user.Wait)
	}
	return view
}

// ListStaff lists who may sign in at the library.
func (a Accounts) ListStaff(ctx context.Context, request gen.ListStaffRequestObject) (gen.ListStaffResponseObject, error) {
	list, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (gen.StaffList, error) {
		list := gen.StaffList{Staff: []gen.StaffMember{}}
		if err := t.SeesTo(ctx, request.Params.Library); err != nil {
			return list, err
		}
		users, err := a.Access.Staff(ctx, t.Tx, t.Library())
		for _, user := range users {
			list.Staff = append(list.Staff, a.memberView(t, user))
		}
		return list, err
	})
	return gen.ListStaff200JSONResponse(list), err
}

// colleague finds somebody of the staff whom the caller may see to: of their own
// library, or of the one that an operator names.
func (a Accounts) colleague(ctx context.Context, t *pipeline.Turn, library, username string) (access.StaffUser, error) {
	if err := t.SeesTo(ctx, library); err != nil {
		return access.StaffUser{}, err
	}
	user, known, err := a.named(ctx, t, username)
	if err == nil && !known {
		err = broker.NotFound("staff user")
	}
	if err != nil {
		return user, err
	}
	return user, t.Caller.MayManage(user.Roles)
}

func (a Accounts) named(ctx context.Context, t *pipeline.Turn, username string) (access.StaffUser, bool, error) {
	users, err := a.Access.Staff(ctx, t.Tx, t.Library())
	if err != nil {
		return access.StaffUser{}, false, err
	}
	username = strings.ToLower(strings.TrimSpace(username))
	at := slices.IndexFunc(users, func(user access.StaffUser) bool { return user.Username == username })
	if at < 0 {
		return access.StaffUser{}, false, nil
	}
	return users[at], true, nil
}

// branchCode gives the code of a branch of the library; "" for NoID.
func branchCode(ctx context.Context, t *pipeline.Turn, id broker.ID) (string, error) {
	if _, err := t.AtBranch(ctx, id); err != nil || id == broker.NoID {
		return "", err
	}
	branches, err := directory.Branches(ctx, t.Tx, t.Library())
	if err != nil {
		return "", err
	}
	return branches[slices.IndexFunc(branches, func(branch directory.Branch) bool { return branch.ID == id })].Code, nil
}

// changed makes one member of staff what the document says, by the use case that a
// consortium's file goes through, and gives the invitation if one was made. The
// office's own people stand in no file.
func (a Accounts) changed(ctx context.Context, t *pipeline.Turn, member consortium.StaffMember, reason string) (gen.StaffInvitation, error) {
	if t.AtOffice() {
		return a.changedAtOffice(ctx, t, member, reason)
	}
	symbol, err := directory.Symbol(ctx, t.Tx, t.Library())
	if err != nil {
		return gen.StaffInvitation{}, err
	}
	document, err := consortium.ForStaff(symbol, member)
	if err != nil {
		return gen.StaffInvitation{}, err
	}
	plan, err := t.Plan(ctx, document)
	if err != nil {
		return gen.StaffInvitation{}, err
	}
	done, err := plan.Apply(ctx, t.Tx, t.Applying(reason))
	if err != nil || len(done.Invitations) == 0 {
		return gen.StaffInvitation{}, err
	}
	made := done.Invitations[0]
	return gen.StaffInvitation{Username: made.Username, Token: made.Token, ExpiresAt: views.UTC(made.ExpiresAt)}, nil
}

// changedAtOffice invites, suspends or restores an operator. There is one role.
func (a Accounts) changedAtOffice(ctx context.Context, t *pipeline.Turn, member consortium.StaffMember, reason string) (gen.StaffInvitation, error) {
	suspends := member.Status == consortium.SuspendedStaff("").Status
	switch user, known, err := a.named(ctx, t, member.Username); {
	case err != nil:
		return gen.StaffInvitation{}, err
	case suspends && user.ID == t.Caller.ID:
		return gen.StaffInvitation{}, broker.Forbidden("Nobody changes what they themselves may do; ask another operator.")
	case suspends:
		a.Access.Withdraw(t.Tx, t.Library(), member.Username)
		if err := a.Access.DisableStaff(ctx, t.Tx, t.Library(), member.Username); err != nil && !broker.IsKind(err, broker.KindNotFound) {
			return gen.StaffInvitation{}, err
		}
		return gen.StaffInvitation{}, note(ctx, t, reason, member.Username, "%s of the consortium's office was suspended")
	case len(member.Roles) > 0 && (known || len(member.Roles) > 1 || member.Roles[0] != access.RoleAdmin):
		return gen.StaffInvitation{}, broker.Invalid(broker.FieldError{Pointer: "/roles", Code: "not_allowed", Message: "must be admin: the consortium's office has no other role"})
	case known && !user.Disabled:
		return gen.StaffInvitation{}, nil
	}
	token, to, err := a.Access.Invite(t.Tx, access.Invitation{Library: t.Library(), Username: member.Username, Roles: []string{access.RoleAdmin}})
	if err != nil {
		return gen.StaffInvitation{}, err
	}
	return gen.StaffInvitation{Username: to.Username, Token: token, ExpiresAt: views.UTC(to.ExpiresAt)}, note(ctx, t, reason, to.Username, "%s is invited to the consortium's office")
}

// note records what was done to an account, beside the changes of the set-up.
func note(ctx context.Context, t *pipeline.Turn, reason, username, words string) error {
	library, err := t.Home(ctx)
	if err != nil {
		return err
	}
	symbol, err := directory.Symbol(ctx, t.Tx, library.ID)
	if err != nil {
		return err
	}
	return consortium.Note(t.Tx, library, symbol, t.Applying(reason), "staff "+username, fmt.Sprintf(words, "staff "+username))
}

// InviteStaff invites somebody to become a staff user. It takes no
// Idempotency-Key: the answer holds a secret that is not kept.
func (a Accounts) InviteStaff(ctx context.Context, request gen.InviteStaffRequestObject) (gen.InviteStaffResponseObject, error) {
	in := *request.Body
	made, err := pipeline.SetUp(ctx, a.Base, http.StatusCreated, func(ctx context.Context, t *pipeline.Turn) (gen.StaffInvitation, error) {
		if err := t.SeesTo(ctx, request.Params.Library); err != nil {
			return gen.StaffInvitation{}, err
		}
		if err := access.CheckUsername("/username", in.Username); err != nil {
			return gen.StaffInvitation{}, err
		}
		if _, known, err := a.named(ctx, t, in.Username); err != nil || known {
			return gen.StaffInvitation{}, taken(err)
		}
		code, err := branchCode(ctx, t, in.BranchID)
		if err != nil {
			return gen.StaffInvitation{}, err
		}
		return a.changed(ctx, t, consortium.StaffMember{Username: in.Username, Roles: in.Roles, Branch: code}, in.Reason)
	})
	return gen.InviteStaff201JSONResponse(made), err
}

func taken(err error) error {
	if err != nil {
		return err
	}
	return broker.Conflict("username_taken", "The library has somebody of that name. Change, restore or reset that account.")
}

// ChangeStaff gives somebody other roles or another branch.
func (a Accounts) ChangeStaff(ctx context.Context, request gen.ChangeStaffRequestObject) (gen.ChangeStaffResponseObject, error) {
	in := *request.Body
	view, err := pipeline.SetUp(ctx, a.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (gen.StaffMember, error) {
		user, err := a.colleague(ctx, t, request.Params.Library, request.Username)
		if err != nil {
			return gen.StaffMember{}, err
		}
		if user.Disabled {
			return gen.StaffMember{}, broker.Conflict("account_suspended", "The account is suspended; restore it first.")
		}
		code, err := branchCode(ctx, t, in.BranchID)
		if err != nil {
			return gen.StaffMember{}, err
		}
		member := consortium.StaffMember{Username: user.Username, Branch: code}
		if len(in.Roles) > 0 {
			member.Roles = in.Roles
		}
		if _, err := a.changed(ctx, t, member, in.Reason); err != nil {
			return gen.StaffMember{}, err
		}
		return a.shown(ctx, t, user.Username)
	})
	return gen.ChangeStaff200JSONResponse(view), err
}

func (a Accounts) shown(ctx context.Context, t *pipeline.Turn, username string) (gen.StaffMember, error) {
	user, known, err := a.named(ctx, t, username)
	if err == nil && !known {
		err = broker.NotFound("staff user")
	}
	return a.memberView(t, user), err
}

// seesTo does something to the account of a colleague, once, and shows it.
func (a Accounts) seesTo(ctx context.Context, library, username string, act func(context.Context, *pipeline.Turn, access.StaffUser) error) (gen.StaffMember, error) {
	_, err := pipeline.SetUp(ctx, a.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (pipeline.Made, error) {
		user, err := a.colleague(ctx, t, library, username)
		if err != nil {
			return pipeline.Made{}, err
		}
		return pipeline.Made{ID: user.ID}, act(ctx, t, user)
	})
	if err != nil {
		return gen.StaffMember{}, err
	}
	return pipeline.Show(ctx, a.Base, username, func(ctx context.Context, t *pipeline.Turn, username string) (gen.StaffMember, error) {
		if err := t.SeesTo(ctx, library); err != nil {
			return gen.StaffMember{}, err
		}
		user, known, err := a.named(ctx, t, username)
		if err == nil && !known { // an invitation was withdrawn, and there is no account
			return gen.StaffMember{Username: username, Roles: []string{}, Status: gen.StaffMemberStatusSuspended}, nil
		}
		return a.memberView(t, user), err
	})
}

// SuspendStaff stops somebody from signing in.
func (a Accounts) SuspendStaff(ctx context.Context, request gen.SuspendStaffRequestObject) (gen.SuspendStaffResponseObject, error) {
	view, err := a.seesTo(ctx, request.Params.Library, request.Username, func(ctx context.Context, t *pipeline.Turn, user access.StaffUser) error {
		_, err := a.changed(ctx, t, consortium.SuspendedStaff(user.Username), request.Body.Reason)
		return err
	})
	return gen.SuspendStaff200JSONResponse(view), err
}

// invitedAnew gives a colleague a way to choose a new password. It takes no
// Idempotency-Key: the answer holds a secret that is not kept.
func (a Accounts) invitedAnew(ctx context.Context, library, username string, act func(context.Context, *pipeline.Turn, access.StaffUser) (gen.StaffInvitation, error)) (gen.StaffInvitation, error) {
	return pipeline.SetUp(ctx, a.Base, http.StatusCreated, func(ctx context.Context, t *pipeline.Turn) (gen.StaffInvitation, error) {
		user, err := a.colleague(ctx, t, library, username)
		if err != nil {
			return gen.StaffInvitation{}, err
		}
		return act(ctx, t, user)
	})
}

// RestoreStaff invites somebody again who was suspended.
func (a Accounts) RestoreStaff(ctx context.Context, request gen.RestoreStaffRequestObject) (gen.RestoreStaffResponseObject, error) {
	made, err := a.invitedAnew(ctx, request.Params.Library, request.Username, func(ctx context.Context, t *pipeline.Turn, user access.StaffUser) (gen.StaffInvitation, error) {
		if !user.Disabled || !user.InvitedUntil.IsZero() {
			return gen.StaffInvitation{}, broker.Conflict("not_suspended", "The account is not suspended, or was restored already. With reset a new password is chosen.")
		}
		return a.changed(ctx, t, consortium.RestoredStaff(user.Username), request.Body.Reason)
	})
	return gen.RestoreStaff201JSONResponse(made), err
}

// ResetStaffPassword takes somebody's password away and lets them choose another.
func (a Accounts) ResetStaffPassword(ctx context.Context, request gen.ResetStaffPasswordRequestObject) (gen.ResetStaffPasswordResponseObject, error) {
	made, err := a.invitedAnew(ctx, request.Params.Library, request.Username, func(ctx context.Context, t *pipeline.Turn, user access.StaffUser) (gen.StaffInvitation, error) {
		var token string
		var to access.Invitation
		var err error
		switch {
		case user.ID == t.Caller.ID:
			return gen.StaffInvitation{}, broker.Conflict("own_account", "It is your own account: change the password with POST /v1/me/password.")
		case user.InvitedUntil.IsZero():
			token, to, err = a.Access.ResetPassword(ctx, t.Tx, t.Library(), user.Username)
		default:
			token, to, err = a.Access.Invite(t.Tx, access.Invitation{Library: t.Library(), Username: user.Username, Roles: user.Roles, Branch: user.Branch})
		}
		if err != nil {
			return gen.StaffInvitation{}, err
		}
		err = note(ctx, t, request.Body.Reason, user.Username, "%s is to choose a new password; the old one and all sessions ended")
		return gen.StaffInvitation{Username: to.Username, Token: token, ExpiresAt: views.UTC(to.ExpiresAt)}, err
	})
	return gen.ResetStaffPassword201JSONResponse(made), err
}

// LetStaffIn ends a lock-out.
func (a Accounts) LetStaffIn(ctx context.Context, request gen.LetStaffInRequestObject) (gen.LetStaffInResponseObject, error) {
	view, err := a.seesTo(ctx, request.Params.Library, request.Username, func(ctx context.Context, t *pipeline.Turn, user access.StaffUser) error {
		a.Access.LetIn(t.Tx, t.Library(), user.Username)
		return note(ctx, t, request.Body.Reason, user.Username, "%s was locked out by too many tries and may try again")
	})
	return gen.LetStaffIn200JSONResponse(view), err
}

// SignStaffOut ends all of somebody's sessions.
func (a Accounts) SignStaffOut(ctx context.Context, request gen.SignStaffOutRequestObject) (gen.SignStaffOutResponseObject, error) {
	view, err := a.seesTo(ctx, request.Params.Library, request.Username, func(ctx context.Context, t *pipeline.Turn, user access.StaffUser) error {
		a.Access.RevokeAll(t.Tx, t.Library(), user.ID)
		return note(ctx, t, request.Body.Reason, user.Username, "%s was signed out everywhere")
	})
	return gen.SignStaffOut200JSONResponse(view), err
}

// ListSessions lists who of the staff is signed in.
func (a Accounts) ListSessions(ctx context.Context, request gen.ListSessionsRequestObject) (gen.ListSessionsResponseObject, error) {
	list, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (gen.SessionList, error) {
		list := gen.SessionList{Sessions: []gen.StaffSession{}}
		if err := t.SeesTo(ctx, request.Params.Library); err != nil {
			return list, err
		}
		sessions, err := a.Access.Sessions(ctx, t.Tx, t.Library())
		for _, one := range sessions {
			list.Sessions = append(list.Sessions, gen.StaffSession{
				ID: one.ID, Username: one.Username, Since: views.UTC(one.Since), UsedAt: views.UTC(one.Used), Until: views.UTC(one.Until), ThisOne: one.ID == t.Caller.Token,
			})
		}
		return list, err
	})
	return gen.ListSessions200JSONResponse(list), err
}

// EndSession ends one session of the library's staff.
func (a Accounts) EndSession(ctx context.Context, request gen.EndSessionRequestObject) (gen.EndSessionResponseObject, error) {
	_, err := pipeline.SetUp(ctx, a.Base, http.StatusNoContent, func(ctx context.Context, t *pipeline.Turn) (pipeline.Made, error) {
		if err := t.SeesTo(ctx, request.Params.Library); err != nil {
			return pipeline.Made{}, err
		}
		username, err := a.Access.EndSession(ctx, t.Tx, t.Library(), request.ID)
		if err != nil {
			return pipeline.Made{}, err
		}
		if _, err := a.colleague(ctx, t, request.Params.Library, username); err != nil {
			return pipeline.Made{}, err
		}
		return pipeline.Made{ID: request.ID}, note(ctx, t, "ended by hand", username, "a session of %s was ended")
	})
	return gen.EndSession204Response{}, err
}
