package rota

import (
	"afield/broker/directory"
	"afield/broker/holds"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/requests/engine"
	"afield/workflow/routing"
)

// Room is what the effects here need besides the request.
type Room struct {
	Finder *routing.Finder
	Vault  *directory.Vault
	Holds  *holds.Service
	// Protocols say what a message can carry to a library.
	Protocols *connectors.Registry
}

// Effects lists the effects of this package by name.
func (r Room) Effects() engine.Effects {
	return engine.Effects{
		workflow.DoFindHoldings: FindHoldings,
		workflow.DoChooseLender: r.ChooseLender,
		workflow.DoReroute:      StartOver,
		workflow.DoAskLender:    r.AskLender,
		workflow.DoAskAgain:     r.AskAgain,
		workflow.DoAddLender:    r.AddLender,

		workflow.DoEntryConfirmed: EntryConfirmed,
		workflow.DoEntryOffered:   EntryOffered,
		workflow.DoEntryPromised:  EntryPromised,
		workflow.DoEntrySupplied:  EntrySupplied,
		workflow.DoEntryReturned:  EntryReturned,
		workflow.DoEntryRefused:   EntryRefused,
		workflow.DoEntryTimedOut:  EntryTimedOut,
		workflow.DoEntryDeclined:  EntryDeclined,
		workflow.DoEntryRetry:     EntryRetryLater,
		workflow.DoEntryFailed:    EntryFailed,
		workflow.DoEntryCancelled: EntryCancelled,
	}
}
