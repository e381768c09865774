package holds

import "afield/broker/standing"

// Service is the use cases of holds, the hold shelf and transits. Its only
// state is the source of policies; one Service serves every library.
type Service struct{ standing.Policies }

// New makes a Service over a source of policies. The source is asked in every
// act, so it should answer from memory.
func New(policies standing.Policies) *Service { return &Service{policies} }
