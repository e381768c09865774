package circulation

// ReturnService is the use cases that end a loan: return, loss, claim and damage.
// It holds no state but the way to policies; one serves every library.
type ReturnService struct {
	Policies
	holds *HoldService
}

// NewReturns makes the use cases over a source of policies, which is asked on
// every act, so it should answer from memory; what comes back is forwarded by the
// use cases of holds.
func NewReturns(policies Policies, holds *HoldService) *ReturnService {
	return &ReturnService{policies, holds}
}
