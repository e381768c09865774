package rule

// Fact names one of the things that a question may be about and a condition may
// name, as documents write it.
type Fact string

// The facts.
const (
	FactOwner     Fact = "owner"
	FactClass     Fact = "class"
	FactPatronAge Fact = "patron_age"
	FactItem      Fact = "item"
	FactAudience  Fact = "audience"
	FactAge       Fact = "age"
	FactChannel   Fact = "channel"
	FactAction    Fact = "action"
)

// EveryFact lists the facts there are.
func EveryFact() []Fact {
	return []Fact{FactOwner, FactClass, FactPatronAge, FactItem, FactAudience, FactAge, FactChannel, FactAction}
}

// Channel is how a request reaches the library.
type Channel string

// The channels a request may come by.
const (
	ByStaff  Channel = "staff"  // staff on the patron's behalf
	ByOnline Channel = "online" // the patron, signed in with card and PIN
	ByPhone  Channel = "phone"  // the patron calls, and staff enter it
	ByEmail  Channel = "email"  // the patron writes, and staff enter it
)

// EveryChannel lists the channels there are.
func EveryChannel() []Channel { return []Channel{ByStaff, ByOnline, ByPhone, ByEmail} }

// EveryOwner lists whose an item can be.
func EveryOwner() []Owner { return []Owner{OwnerOwn, OwnerConsortium, OwnerILL} }

// Action is something a patron may want to do and a block may stop.
type Action string

// The actions; each has a threshold of its own, because libraries compare
// differently for each.
const (
	ActionCheckout     Action = "checkout"
	ActionILLRequest   Action = "ill_request"
	ActionHold         Action = "hold"
	ActionRenew        Action = "renew"
	ActionRenewOverdue Action = "renew_overdue"
	ActionComputer     Action = "computer"
	ActionSignForMinor Action = "sign_for_minor"
	// ActionCapture is having a returned item put on the hold shelf: a patron whom a
	// block stops here keeps their place in the queue, and the item goes to the next
	// patron.
	ActionCapture Action = "capture"
)

// EveryAction lists the actions there are.
func EveryAction() []Action {
	return []Action{
		ActionCheckout, ActionILLRequest, ActionHold, ActionRenew, ActionRenewOverdue,
		ActionComputer, ActionSignForMinor, ActionCapture,
	}
}

// Owner says whose item it is, the first thing a rule may depend on.
type Owner string

// The three kinds of ownership.
const (
	OwnerOwn        Owner = "own"        // ours
	OwnerConsortium Owner = "consortium" // of another library in the shared catalogue
	OwnerILL        Owner = "ill"        // borrowed from a lender for this loan
)
