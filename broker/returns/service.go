package returns

import (
	"afield/broker/holds"
	"afield/broker/standing"
)

// Service is the use cases that end a loan: return, loss, claim and damage. Its
// only state is the source of policies; one Service serves every library.
type Service struct {
	standing.Policies
	holds *holds.Service
}

// New makes a Service over a source of policies, which is asked in every act,
// so it should answer from memory. What comes back is forwarded by the use
// cases of holds.
func New(policies standing.Policies, holds *holds.Service) *Service {
	return &Service{policies, holds}
}
