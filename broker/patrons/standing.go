package patrons

import (
	"context"
	"fmt"
	"slices"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/policy"
	"afield/broker/policy/blocks"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
)

// Standing is everything about a patron's account that a policy may look at,
// except their loans, which broker/standing adds.
type Standing struct {
	Patron Patron
	// HasCard tells whether there is any card, HasUsableCard whether one may be
	// used; a patron without one is not the same as a patron whose card was stopped.
	HasCard, HasUsableCard bool
	Balances               ledger.Balances
	// Blocks are those put and not lifted, whether or not they stand today.
	Blocks []Block
	// Linked are the other accounts of the patron's link group, near and far.
	Linked []Linked
	// DaysOverdue is how late the most overdue open loan is;
	// broker/standing fills it in.
	DaysOverdue int
	// OverdueOf is the same by whose item it is.
	OverdueOf map[rule.Owner]int
}

// Account is the ledger account of what the patron owes their home library.
func Account(library directory.Library, ref Ref) ledger.Account {
	return ledger.OfPatron(ref.Library, ref.ID, library.Currency)
}

// AskStanding queues the look-ups about a patron's account, and locks the patron;
// the answers stand after the next flush. library is the patron's home library.
// For a patron that does not exist, Patron.ID stays NoID.
func AskStanding(tx *postgres.Tx, library directory.Library, ref Ref, into *Standing) {
	AskLocked(tx, ref, &into.Patron)
	askAccount(tx, library, ref, into)
}

func askAccount(tx *postgres.Tx, library directory.Library, ref Ref, into *Standing) {
	askCards(tx, ref, &into.HasCard, &into.HasUsableCard)
	askBlocks(tx, ref, &into.Blocks)
	ledger.AskBalances(tx, Account(library, ref), &into.Balances)
	askLinked(tx, library, ref, &into.Linked)
}

// StandingOf gives a patron's account, and locks the patron until the transaction
// ends, so that what is decided from it still holds when it is written. Growing
// fines are as the last night left them: to decide by what is owed, use
// standing.Of, which knows today's.
func StandingOf(ctx context.Context, tx *postgres.Tx, library directory.Library, ref Ref) (Standing, error) {
	var standing Standing
	AskStanding(tx, library, ref, &standing)
	if err := tx.Flush(ctx); err != nil {
		return Standing{}, fmt.Errorf("read a patron's standing: %w", err)
	}
	if standing.Patron.ID == broker.NoID {
		return Standing{}, broker.NotFound("patron")
	}
	return standing, nil
}

// Facts is the standing in the terms of policies, as of a date, on which the
// patron's age depends.
func (s Standing) Facts(today broker.Date) policy.Patron {
	facts := policy.Patron{
		Class: s.Patron.Class, CardExpires: s.Patron.ExpiresOn, NotFor: s.Patron.NotFor,
		NoCard: !s.HasCard, CardStopped: s.HasCard && !s.HasUsableCard,
		Owes: policy.Owed(s.Balances.Money()), DaysOverdue: s.DaysOverdue, OverdueOf: s.OverdueOf,
		HasPhone: s.Patron.Phone != "", PhoneConfirmed: s.Patron.PhoneCheckedOn,
	}
	if s.Patron.Class == ClassLibrary {
		facts.NoCard = false // a library borrows by agreement, not by card
	}
	if age, known := s.Patron.AgeOn(today); known {
		facts.Age = rule.Some(age)
	}
	facts.Blocks = blockFacts(s.Blocks, s.Patron.Status)
	for _, account := range s.Linked {
		facts.Linked = append(facts.Linked, account.fact())
	}
	return facts
}

// blockFacts are an account's stored blocks; an account that is not active is
// blocked from everything.
func blockFacts(blocks []Block, status Status) []policy.Block {
	var facts []policy.Block
	for _, block := range blocks {
		facts = append(facts, block.fact())
	}
	if status != Active {
		facts = append(facts, policy.Block{Rule: "patron.status", Why: "the account is " + string(status)})
	}
	return facts
}

func (b Block) fact() policy.Block {
	fact := policy.Block{Latched: b.Kind == BlockLatched, Rule: b.Rule, From: b.From, Until: b.Until, Why: b.Reason}
	for _, stopped := range b.Stops {
		fact.Stops = append(fact.Stops, rule.Action(stopped))
	}
	return fact
}

// Latching is a change of the stored blocks that the balances call for.
type Latching struct {
	Put    []Block
	Lifted []Block
}

// Latch queues putting and lifting the blocks that latch, by what a patron owes
// today: their standing as broker/standing gives it, the patron locked. A block that
// latches (Perth: in above 20.00, out when settled) would otherwise be lost at a
// part payment. Policies without such a block change nothing.
func Latch(tx *postgres.Tx, library directory.Library, document *policy.Document, standing Standing, now time.Time) Latching {
	today := library.Today(now)
	change := latching(standing, blocks.Latches(document, standing.Facts(today)), today)
	for _, block := range change.Put {
		addBlock(tx, block)
	}
	for _, block := range change.Lifted {
		liftBlock(tx, block.Library, block.ID, now)
	}
	return change
}

// LiftLatched queues lifting blocks that latched, because the charge that put
// them was undone.
func LiftLatched(tx *postgres.Tx, library broker.ID, blocks []broker.ID, now time.Time) {
	for _, block := range blocks {
		liftBlock(tx, library, block, now)
	}
}

// latching compares the blocks that stand with those the policy calls for.
func latching(standing Standing, latches []blocks.Latch, today broker.Date) Latching {
	var change Latching
	for _, latch := range latches {
		at := slices.IndexFunc(standing.Blocks, func(b Block) bool { return b.Kind == BlockLatched && b.Rule == latch.Rule })
		switch {
		case latch.Blocked && at < 0:
			change.Put = append(change.Put, Block{
				Library: standing.Patron.Library, ID: broker.NewID(),
				Patron: standing.Patron.ID, Kind: BlockLatched, Stops: actionTexts(latch.Stops), Rule: latch.Rule,
				Reason: "owed " + standing.Balances.Total().String() + ": " + latch.Clause.Says,
				From:   today, PutBy: broker.System(standing.Patron.Library),
			})
		case !latch.Blocked && at >= 0:
			change.Lifted = append(change.Lifted, standing.Blocks[at])
		}
	}
	return change
}

func actionTexts(actions []rule.Action) []string {
	texts := make([]string, 0, len(actions))
	for _, action := range actions {
		texts = append(texts, string(action))
	}
	return texts
}
