package workflow

// Custody says in whose hands a volume is: the copy that a lender sends for a
// request, or one of several that belong together. It is moved by the rows of
// the tables and by nothing else, and it is what answers who may take the
// volume, who pays for its loss, and whom to tell.
type Custody string

// The custodies of a volume, seen from both sides of a loan alike.
const (
	// WithLender is at its lender: not sent yet, or home again.
	WithLender Custody = "lender"
	// ComingHere is on its way to the library that borrows it.
	ComingHere Custody = "coming"
	// InLibrary is at the library that borrows it.
	InLibrary Custody = "library"
	// InHands is with a patron of that library, who is named beside it.
	InHands Custody = "patron"
	// GoingHome is on its way back to its lender.
	GoingHome Custody = "returning"
	// Unaccounted is lost. Where a patron is named beside it, they had it last;
	// otherwise the library or the post did.
	Unaccounted Custody = "unknown"
)

// arrivesFrom says from where a volume may come into a custody. A row that moves
// the copy leaves volumes that are somewhere else where they are: of two
// volumes, one may be with the patron while the other was never sent.
var arrivesFrom = map[Custody][]Custody{
	WithLender:  {GoingHome, InLibrary, InHands, Unaccounted, ComingHere},
	ComingHere:  {WithLender},
	InLibrary:   {WithLender, ComingHere, InHands, GoingHome, Unaccounted},
	InHands:     {InLibrary, Unaccounted},
	GoingHome:   {InLibrary, Unaccounted, ComingHere},
	Unaccounted: {ComingHere, InLibrary, InHands, GoingHome},
}

// Moves lists from where a row moves the volumes that its event is about.
func (t Transition) Moves() []Custody {
	if t.CopyFrom != "" {
		return []Custody{t.CopyFrom}
	}
	return arrivesFrom[t.Copy]
}
