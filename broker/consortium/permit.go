package consortium

import (
	"slices"
	"strings"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/directory"
	"afield/broker/postgres"
)

// ofMembers are the things about a library that the library itself changes.
// Everything else is for the consortium's office: who is a member and with what
// symbols, how far it asks, how it is reached, what it shares with others.
func ofMembers() []string {
	return []string{
		"name", "position", "yearly loans", "policy", "hours", "closed days", "special days", "lends", "formats lent", "days lent", "renewals",
		"fee", "free in its state", "free for groups", "lending paused", "card numbers", "item numbers",
	}
}

// Permits refuses a plan that changes what is not for a member of staff to change:
// another library, what is the consortium's office's, or what they themselves may
// do. It names everything that is not theirs.
func (p *Plan) Permits(by access.Principal) error {
	if by.Office && by.Holds(access.RoleAdmin) {
		return nil
	}
	var others []string
	for _, change := range p.Changes {
		own := change.library != nil && change.library.id == by.Library && change.library.was != nil
		known := slices.Contains(ofMembers(), change.What) || strings.HasPrefix(change.What, partBranch) || strings.HasPrefix(change.What, partStaff)
		if !own || !known {
			others = append(others, change.Words)
		}
	}
	if len(others) > 0 {
		return broker.Forbidden("Only the consortium's office may change this: %s.", strings.Join(others, "; "))
	}
	for _, t := range p.targets {
		if t.id == by.Library && t.was != nil {
			if err := t.permitsStaff(by); err != nil {
				return err
			}
		}
	}
	return nil
}

// permitsStaff refuses what the changer may not do to accounts.
func (t *target) permitsStaff(by access.Principal) error {
	for _, member := range t.Staff {
		if !t.changed[partStaff+member.Username] {
			continue
		}
		was := t.staffBefore(member.Username)
		roles := member.Roles
		if was != nil {
			roles = union(roles, was.Roles)
		}
		if err := by.MayManage(roles); err != nil {
			return err
		}
		if was != nil && t.was.staff[member.Username] == by.ID && (joined(was.Roles) != joined(member.Roles) || was.Status != member.Status) {
			return broker.Forbidden("Nobody changes what they themselves may do; ask another director.")
		}
	}
	return nil
}

// ForStaff is the document that changes one staff user of a library, or invites
// one.
func ForStaff(library broker.Symbol, member StaffMember) (*Document, error) {
	text, err := File{Libraries: []Library{{Symbols: []string{library.String()}, Staff: []StaffMember{member}}}}.YAML()
	return Read(text, nil), err
}

// SuspendedStaff is what a staff user becomes who may no longer sign in.
func SuspendedStaff(username string) StaffMember {
	return StaffMember{Username: username, Status: staffDisabled}
}

// RestoredStaff is what a staff user becomes who is let in again.
func RestoredStaff(username string) StaffMember {
	return StaffMember{Username: username, Status: staffActive}
}

// Note records in the log something that was done to an account of a library and
// changes nothing in how libraries are set up.
func Note(tx *postgres.Tx, library directory.Library, symbol broker.Symbol, as Applying, what, words string) error {
	title := symbol.String() + " (" + library.Name + ")"
	return as.write(tx, broker.NewID(), library.ID, []Change{{Subject: title, What: what, Words: title + ": " + words}}, File{}, File{})
}
