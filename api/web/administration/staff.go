package administration

import (
	"net/url"
	"slices"
	"time"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
	"afield/broker/access"
)

// account is one line of the list of accounts.
type account struct {
	gen.StaffMember
	Branch string
	// Locked, Invited and Set are in the library's zone; zero for none.
	Locked, Invited, Set time.Time
	// Open tells that the form stands unfolded under the line, with what was typed.
	Open    bool
	Roles   []role
	At      string
	Reason  string
	Trouble *frame.Trouble
}

// Suspended tells whether the person may not sign in.
func (a account) Suspended() bool { return a.Status == "suspended" }

// role is one that can be given.
type role struct {
	Code, Does string
	Given      bool
}

type session struct {
	gen.StaffSession
	Since, Until time.Time
}

type member struct{ Name, Symbol string }

type staffPage struct {
	// Library is the member an operator sees to, by symbol; "" is the visitor's own.
	Library  string
	Office   bool
	Members  []member
	Locked   []account
	Accounts []account
	Sessions []session
	Branches []gen.Branch
	Roles    []role
	// Add tells that the form to invite somebody is open, with what was typed.
	Add                  bool
	Username, At, Reason string
	Trouble              *frame.Trouble
	Today                broker.Date
}

// roles are those that can be given, and what each does.
func roles(v *frame.Visit, given []string) []role {
	all := []role{
		{Code: access.RoleDesk, Does: v.Say("scans, lends, takes money, registers patrons")},
		{Code: access.RoleILL, Does: v.Say("interlibrary loan, both sides")},
		{Code: access.RoleDirector, Does: v.Say("all that, with policies, staff, calendar")},
	}
	if v.Who.Holds(access.RoleAdmin) && slices.Contains(v.Who.Roles, access.RoleAdmin) {
		all = append(all, role{Code: access.RoleAdmin, Does: v.Say("everything, and makes admins")})
	}
	for i := range all {
		all[i].Given = slices.Contains(given, all[i].Code)
	}
	return all
}

func (a Administration) staff(v *frame.Visit) error { return a.showStaff(v, "", nil) }

// showStaff shows the accounts. about is the account that a trouble is about, or
// "" for the form that invites somebody.
func (a Administration) showStaff(v *frame.Visit, about string, trouble *frame.Trouble) error {
	page := staffPage{Library: v.Field("library"), Office: v.Who.Office, Today: v.Today, Branches: v.Place.Branches, Add: v.QueryParam("add") != ""}
	if page.Office {
		if err := a.membersFor(v, &page); err != nil {
			return err
		}
	}
	if trouble != nil && about == "" {
		_ = v.FormValue("role") // the form is read by now
		page.Add, page.Trouble, page.Username, page.At, page.Reason = true, trouble, v.Field("username"), v.Field("branch_id"), v.Field("reason")
	}
	page.Roles = roles(v, v.Request().Form["role"])
	found, err := frame.Ask[gen.ListStaff200JSONResponse](v, "listStaff", a.ops.ListStaff, gen.ListStaffRequestObject{Params: gen.ListStaffParams{Library: page.Library}})
	if err != nil {
		return err
	}
	zone := v.Now.Location()
	for _, one := range found.Staff {
		shown := account{StaffMember: one, Locked: in(one.LockedUntil, zone), Invited: in(one.InvitedUntil, zone), Set: in(one.PasswordSetAt, zone), At: one.BranchID.String(), Roles: roles(v, one.Roles), Open: v.QueryParam("who") == one.Username}
		for _, branch := range page.Branches {
			if branch.ID == one.BranchID {
				shown.Branch = branch.Name
			}
		}
		if about == one.Username && trouble != nil {
			shown.Open, shown.Trouble, shown.Reason, shown.At, shown.Roles = true, trouble, v.Field("reason"), v.Field("branch_id"), roles(v, v.Request().Form["role"])
		}
		page.Accounts = append(page.Accounts, shown)
		if !shown.Locked.IsZero() {
			page.Locked = append(page.Locked, shown)
		}
	}
	if trouble != nil && about != "" && !slices.ContainsFunc(page.Accounts, func(one account) bool { return one.Username == about }) {
		page.Trouble = trouble
	}
	sessions, err := frame.Ask[gen.ListSessions200JSONResponse](v, "listSessions", a.ops.ListSessions, gen.ListSessionsRequestObject{Params: gen.ListSessionsParams{Library: page.Library}})
	if err != nil {
		return err
	}
	for _, one := range sessions.Sessions {
		page.Sessions = append(page.Sessions, session{one, in(one.Since, zone), in(one.Until, zone)})
	}
	return v.ShowWith(trouble, "staff", frame.Head{Title: v.Say("Staff"), At: "staff"}, page)
}

func in(at time.Time, zone *time.Location) time.Time {
	if at.IsZero() {
		return at
	}
	return at.In(zone)
}

// membersFor lists the libraries whose staff an operator sees to, and the branches
// of the one that is looked at.
func (a Administration) membersFor(v *frame.Visit, page *staffPage) error {
	yes := true
	for cursor := ""; ; {
		found, err := frame.Ask[gen.ListLibraries200JSONResponse](v, "listLibraries", a.ops.ListLibraries,
			gen.ListLibrariesRequestObject{Params: gen.ListLibrariesParams{Member: &yes, Cursor: cursor, Limit: 200}})
		if err != nil {
			return err
		}
		for _, library := range found.Libraries {
			if len(library.Symbols) == 0 {
				continue
			}
			symbol := library.Symbols[0].String()
			page.Members = append(page.Members, member{library.Name, symbol})
			if symbol == page.Library {
				page.Branches = library.Branches
			}
		}
		if cursor = found.NextCursor; cursor == "" {
			return nil
		}
	}
}

type invitedPage struct {
	gen.StaffInvitation
	Until time.Time
	To    string
	Today broker.Date
}

// invited shows the word with which somebody chooses a password, this once.
func (a Administration) invited(v *frame.Visit, made gen.StaffInvitation) error {
	return v.Show("staff-invited", frame.Head{Title: v.Say("Invited"), At: "staff"}, invitedPage{made, in(made.ExpiresAt, v.Now.Location()), back(v), v.Today})
}

// back is the list of accounts that the form came from.
func back(v *frame.Visit) string {
	if library := v.Field("library"); library != "" {
		return "/staff?library=" + url.QueryEscape(library)
	}
	return "/staff"
}

func (a Administration) invite(v *frame.Visit) error {
	read := v.Reading()
	branch := read.ID("branch_id")
	err := read.Err()
	if err == nil {
		var made gen.InviteStaff201JSONResponse
		made, err = frame.Ask[gen.InviteStaff201JSONResponse](v, "inviteStaff", a.ops.InviteStaff, gen.InviteStaffRequestObject{
			Params: gen.InviteStaffParams{Library: v.Field("library")},
			Body:   &gen.NewStaff{Username: v.Field("username"), Roles: given(v), BranchID: branch, Reason: v.Field("reason")},
		})
		if err == nil {
			return a.invited(v, gen.StaffInvitation(made))
		}
	}
	return v.Refused(err, func(trouble *frame.Trouble) error { return a.showStaff(v, "", trouble) })
}

// given are the roles that were ticked.
func given(v *frame.Visit) []string {
	_ = v.FormValue("role") // the form is read by now
	return slices.Concat([]string{}, v.Request().Form["role"])
}

// actOnStaff changes an account, or lets somebody in, signs them out, takes their
// password away, suspends or restores them.
func (a Administration) actOnStaff(v *frame.Visit) error {
	username, err := url.PathUnescape(v.Param("username"))
	if err != nil {
		return broker.NotFound("staff user")
	}
	library, because := v.Field("library"), &gen.StaffReason{Reason: v.Field("reason")}
	var said string
	switch v.Param("act") {
	case "change":
		said = v.Say("Changed.")
		read := v.Reading()
		body := &gen.StaffChange{Roles: given(v), BranchID: read.ID("branch_id"), Reason: because.Reason}
		if err = read.Err(); err == nil {
			_, err = frame.Ask[gen.ChangeStaff200JSONResponse](v, "changeStaff", a.ops.ChangeStaff, gen.ChangeStaffRequestObject{Username: username, Params: gen.ChangeStaffParams{Library: library}, Body: body})
		}
	case "let-in":
		said = v.Say("{name} can try again at once.", "name", username)
		_, err = frame.AskOnce[gen.LetStaffIn200JSONResponse](v, "letStaffIn", v.Key(), a.ops.LetStaffIn, gen.LetStaffInRequestObject{Username: username, Params: gen.LetStaffInParams{Library: library}, Body: because})
	case "sign-out":
		said = v.Say("{name} is signed out everywhere.", "name", username)
		_, err = frame.AskOnce[gen.SignStaffOut200JSONResponse](v, "signStaffOut", v.Key(), a.ops.SignStaffOut, gen.SignStaffOutRequestObject{Username: username, Params: gen.SignStaffOutParams{Library: library}, Body: because})
	case "suspend":
		said = v.Say("{name} can no longer sign in.", "name", username)
		_, err = frame.AskOnce[gen.SuspendStaff200JSONResponse](v, "suspendStaff", v.Key(), a.ops.SuspendStaff, gen.SuspendStaffRequestObject{Username: username, Params: gen.SuspendStaffParams{Library: library}, Body: because})
	case "reset":
		var made gen.ResetStaffPassword201JSONResponse
		if made, err = frame.Ask[gen.ResetStaffPassword201JSONResponse](v, "resetStaffPassword", a.ops.ResetStaffPassword, gen.ResetStaffPasswordRequestObject{Username: username, Params: gen.ResetStaffPasswordParams{Library: library}, Body: because}); err == nil {
			return a.invited(v, gen.StaffInvitation(made))
		}
	case "restore":
		var made gen.RestoreStaff201JSONResponse
		if made, err = frame.Ask[gen.RestoreStaff201JSONResponse](v, "restoreStaff", a.ops.RestoreStaff, gen.RestoreStaffRequestObject{Username: username, Params: gen.RestoreStaffParams{Library: library}, Body: because}); err == nil {
			return a.invited(v, gen.StaffInvitation(made))
		}
	default:
		return broker.NotFound("act")
	}
	if err == nil {
		return v.Done(back(v), said)
	}
	return v.Refused(err, func(trouble *frame.Trouble) error { return a.showStaff(v, username, trouble) })
}

func (a Administration) endSession(v *frame.Visit) error {
	id, err := broker.ParseID("session", v.Param("session"))
	if err != nil {
		return broker.NotFound("session")
	}
	_, err = frame.Ask[gen.EndSession204Response](v, "endSession", a.ops.EndSession, gen.EndSessionRequestObject{ID: id, Params: gen.EndSessionParams{Library: v.Field("library")}})
	if err == nil {
		return v.Done(back(v), v.Say("The session is ended."))
	}
	return v.Refused(err, func(trouble *frame.Trouble) error { return a.showStaff(v, "-", trouble) })
}
