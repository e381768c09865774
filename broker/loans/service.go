package loans

import "afield/broker/standing"

// Service is the use cases of loans: checkout, renewal, due dates and fines.
// Its only state is the source of policies; one Service serves every library.
type Service struct{ standing.Policies }

// New makes a Service over a source of policies. The source is asked in every
// act, so it should answer from memory.
func New(policies standing.Policies) *Service { return &Service{policies} }
