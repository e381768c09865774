package broker

// ActorKind says in which role somebody acts.
type ActorKind string

// The roles an action can be done in.
const (
	ActorStaff   ActorKind = "staff"
	ActorPatron  ActorKind = "patron"
	ActorPartner ActorKind = "partner" // another library's system
	ActorSystem  ActorKind = "system"  // a deadline, a job or a rule
)

// Actor is who did something. It carries ids, never names: the timeline must
// stay readable after a patron's history is anonymised.
type Actor struct {
	Kind ActorKind `json:"kind"`
	// ID is the staff user, patron, or partner library; NoID for the system.
	ID ID `json:"id"`
	// Library is where the actor acts.
	Library ID `json:"library_id"`
	// Roles are the staff roles held there, for example "desk", "ill", "director".
	Roles []string `json:"roles,omitempty"`
}

// System is Afield itself acting for one library.
func System(library ID) Actor { return Actor{Kind: ActorSystem, Library: library} }

// HasRole tells whether a staff actor holds a role.
func (a Actor) HasRole(role string) bool {
	for _, held := range a.Roles {
		if held == role {
			return true
		}
	}
	return false
}
