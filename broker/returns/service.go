package returns

import (
	"afield/broker/holds"
	"afield/broker/standing"
)

// Service is the use cases that end a loan: return, loss, claim and damage.
// It holds no state but the way to policies; one serves every library.
type Service struct {
	standing.Policies
	holds *holds.Service
}

// New makes the use cases over a source of policies, which is asked on
// every act, so it should answer from memory; what comes back is forwarded by the
// use cases of holds.
func New(policies standing.Policies, holds *holds.Service) *Service {
	return &Service{policies, holds}
}
