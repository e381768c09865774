package circulation

// LoanService is the use cases of loans: checkout, renewal, due dates and fines.
// It holds no state but the way to policies; one serves every library.
type LoanService struct{ Policies }

// NewLoans makes the use cases over a source of policies. The source is asked on
// every act, so it should answer from memory.
func NewLoans(policies Policies) *LoanService { return &LoanService{policies} }
