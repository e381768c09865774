package circulation

// Circulation is the desk's use cases. It holds no state but the way to
// policies; one serves every library.
type Circulation struct {
	Policies
	*HoldService
	*LoanService
	*ReturnService
}

// New makes the desk's use cases over a source of policies. The source is asked
// on every act, so it should answer from memory.
func New(policies Policies) *Circulation {
	holds := NewHolds(policies)
	return &Circulation{policies, holds, NewLoans(policies), NewReturns(policies, holds)}
}
