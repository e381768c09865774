package patrons

import (
	"afield/broker"
	"afield/broker/ledger"
	"afield/broker/policy"
	"afield/broker/postgres"
)

// Linked is another account of a patron's link group: parents, children, their
// other parents and children, and so on. Blocks spread through the whole group;
// which way each kind of block spreads is for broker/policy.
type Linked struct {
	Ref Ref
	// Parent is set where the account answers for the patron, itself or through
	// others; Child where the patron answers for the account. A sibling is neither.
	Parent, Child bool
	Status        Status
	Balances      ledger.Balances
	// Blocks are those put and not lifted, whether or not they stand today.
	Blocks []Block
	// parents are the ids of the accounts that answer for it directly.
	parents []broker.ID
}

func (l Linked) fact() policy.LinkedAccount {
	return policy.LinkedAccount{
		Parent: l.Parent, Aside: !l.Parent && !l.Child, Owes: policy.Owed(l.Balances.Money()),
		Blocks: blockFacts(l.Blocks, l.Status),
	}
}

// Link queues a record that one account answers for another of the same library
// from a date on. Linking twice changes nothing. An account cannot answer for
// itself.
func Link(tx *postgres.Tx, parent, child Ref, since broker.Date) error {
	switch {
	case parent.ID == child.ID:
		return broker.Invalid(broker.FieldError{Pointer: "/child", Code: "same_account", Message: "an account cannot answer for itself"})
	case parent.Library != child.Library:
		return broker.Invalid(broker.FieldError{Pointer: "/child", Code: "of_another_library", Message: "must be an account of the same library"})
	}
	tx.Queue(`insert into patron_links (library_id, parent_id, child_id, since) values ($1, $2, $3, $4)
		on conflict do nothing`, parent.Library, parent.ID, child.ID, since)
	return nil
}

// Unlink queues the end of a link, whichever of the two answers for the other.
// Blocks that came through it alone end with it.
func Unlink(tx *postgres.Tx, one, other Ref) {
	tx.Queue(`delete from patron_links where library_id = $1 and
		((parent_id = $2 and child_id = $3) or (parent_id = $3 and child_id = $2))`, one.Library, one.ID, other.ID)
}

// kinship works out, for every account of a group, whether it is above or below
// self. The group includes self; it is left out of the answer.
func kinship(self broker.ID, group []Linked) []Linked {
	above, below := map[broker.ID]bool{self: true}, map[broker.ID]bool{self: true}
	// Each round goes one generation further, so as many rounds as accounts
	// reach everybody, however the links run.
	for range group {
		for _, account := range group {
			for _, parent := range account.parents {
				above[parent] = above[parent] || above[account.Ref.ID]
				below[account.Ref.ID] = below[account.Ref.ID] || below[parent]
			}
		}
	}
	var others []Linked
	for _, account := range group {
		if account.Ref.ID == self {
			continue
		}
		account.Parent, account.Child = above[account.Ref.ID], below[account.Ref.ID]
		others = append(others, account)
	}
	return others
}
