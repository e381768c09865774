package access

import (
	"slices"
	"time"

	"afield/broker"
)

// Kind is what sort of caller holds a token.
type Kind string

// The kinds of caller.
const (
	KindStaff   Kind = "staff"
	KindPatron  Kind = "patron"
	KindProgram Kind = "program" // a library's own software, acting as staff
)

// The roles staff and programs can hold at their library.
const (
	RoleDesk     = "desk"     // lends, takes back, shelves
	RoleILL      = "ill"      // works interlibrary loan, both sides
	RoleDirector = "director" // may override what policy leaves to the director
	RoleAdmin    = "admin"    // all of these
)

// Roles lists every role that can be given.
func Roles() []string { return []string{RoleDesk, RoleILL, RoleDirector, RoleAdmin} }

// Principal is a caller whose token was good.
type Principal struct {
	Kind Kind
	// Library is where the caller acts; it bounds every row it may see.
	Library broker.ID
	// Office tells that the library is the consortium's own office: its admins are
	// the operators, who see to all libraries and to no patrons.
	Office bool
	// ID is the staff user, the patron, or the program.
	ID broker.ID
	// Roles are held by staff and programs; patrons have none.
	Roles []string
	// Branch is the staff user's branch, or NoID.
	Branch broker.ID
	// Token names the token itself, so that signing out revokes this one only.
	Token broker.ID
	// ExpiresAt is when the token ends, in wall time.
	ExpiresAt time.Time
}

// Actor is the principal as the timeline records it. A program is its
// library's staff; an admin acts in every role.
func (p Principal) Actor() broker.Actor {
	actor := broker.Actor{Kind: broker.ActorStaff, ID: p.ID, Library: p.Library, Roles: p.Roles}
	if p.Kind == KindPatron {
		actor.Kind, actor.Roles = broker.ActorPatron, nil
	}
	if slices.Contains(p.Roles, RoleAdmin) {
		actor.Roles = Roles()
	}
	return actor
}

// IsStaff tells whether the principal acts for the library: a person of the
// staff or a program.
func (p Principal) IsStaff() bool { return p.Kind == KindStaff || p.Kind == KindProgram }

// Holds tells whether the principal has one of the roles; an admin has all.
func (p Principal) Holds(roles ...string) bool {
	return slices.ContainsFunc(p.Roles, func(held string) bool {
		return held == RoleAdmin || slices.Contains(roles, held)
	})
}

// MayManage tells whether the principal may see to the account of somebody with
// these roles: an admin's is for admins.
func (p Principal) MayManage(roles []string) error {
	if slices.Contains(roles, RoleAdmin) && !p.Holds(RoleAdmin) {
		return broker.Forbidden("Only an admin makes admins and changes their accounts.")
	}
	return nil
}

// Key names the principal in the store of idempotency keys.
func (p Principal) Key() string { return string(p.Kind) + ":" + p.ID.String() }

// Session is a fresh sign-in.
type Session struct {
	// Token is shown once; only its hash is kept.
	Token     string
	Principal Principal
	// Device makes the browser or program that signed in known from now on: what is
	// sent with the next sign-in, which other people's wrong tries then cannot stop.
	Device string
}

// StaffSignIn is an attempt of a staff user to sign in.
type StaffSignIn struct {
	// Library is a symbol (ISIL:US-NWPTL) or an id.
	Library  string
	Username string
	Password string
	Caller
}

// Caller is where an attempt comes from, for the throttle.
type Caller struct {
	// Address is the caller's network address.
	Address string
	// Devices are those that earlier sign-ins gave; others' and old ones do no harm.
	Devices []string
}

// PatronSignIn is an attempt of a patron to sign in.
type PatronSignIn struct {
	// Realm is the shared catalogue, by name or id, or any of its libraries, by
	// symbol or id. Card numbers are unique within it.
	Realm string
	Card  string
	PIN   string
	Caller
}

// NewStaff describes a staff user to create.
type NewStaff struct {
	Library  broker.ID
	Username string
	Password string
	Roles    []string
	// Branch is optional.
	Branch broker.ID
}

// NewToken describes a program's token.
type NewToken struct {
	Library broker.ID
	// Label says what the token is for, in the words of the person who issued it.
	Label string
	Roles []string
	// Lifetime is how long it lasts; at most two years.
	Lifetime time.Duration
}

// TokenInfo is what may be shown of a token later on.
type TokenInfo struct {
	ID        broker.ID  `json:"id"`
	Kind      Kind       `json:"kind"`
	Label     string     `json:"label"`
	Roles     []string   `json:"roles"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt time.Time  `json:"expires_at"`
	RevokedAt *time.Time `json:"revoked_at,omitempty"`
}
