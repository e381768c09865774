package desk

import (
	"afield/broker/standing"
	"afield/workflow/desk/accounts"
	"afield/workflow/desk/cashier"
	"afield/workflow/desk/closures"
	"afield/workflow/desk/counter"
	"afield/workflow/desk/queue"
	"afield/workflow/requests"
)

// Service does what circulation does at a desk: items that are scanned, lent,
// taken back, claimed and lost. Beside it are the other themes.
type Service struct {
	// Queue places, changes and ends holds.
	Queue *queue.Service
	// Cashier takes money and gives it back.
	Cashier *cashier.Service
	// Accounts merges patrons' accounts.
	Accounts *accounts.Service
	// Closures enters closed days, and moves due dates.
	Closures *closures.Service

	counter *counter.Counter
}

// New makes the desk of all libraries. policies must answer from memory.
func New(policies standing.Policies, r *requests.Service) *Service {
	c := counter.New(policies, r)
	return &Service{
		Queue: queue.New(c), Cashier: cashier.New(c), Accounts: accounts.New(c), Closures: closures.New(c),
		counter: c,
	}
}
