package circulation

// HoldService is the use cases of holds, the hold shelf and transits. It holds no
// state but the way to policies; one serves every library.
type HoldService struct{ Policies }

// NewHolds makes the use cases over a source of policies. The source is asked on
// every act, so it should answer from memory.
func NewHolds(policies Policies) *HoldService { return &HoldService{policies} }
