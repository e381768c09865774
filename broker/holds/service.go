package holds

import "afield/broker/standing"

// Service is the use cases of holds, the hold shelf and transits. It holds no
// state but the way to policies; one serves every library.
type Service struct{ standing.Policies }

// New makes the use cases over a source of policies. The source is asked on
// every act, so it should answer from memory.
func New(policies standing.Policies) *Service { return &Service{policies} }
