// Package directory knows which libraries there are, how they are grouped, how
// far each looks when it borrows (its tiers), on which terms each lends, and
// how each is reached.
//
// Everything here is shared by design: no row belongs to one library alone, and
// no patron data may enter. It decides nothing about a request; workflow/routing
// ranks what is found here.
//
//	library, err := directory.BySymbol(ctx, tx, broker.NewSymbol("ISIL", "US-NWPTL"))
//	tiers, err := directory.Tiers(ctx, tx, library.ID) // own shelves, the system, the network, …
//	open := library.Calendar.IsOpen(broker.MustDate("2026-07-04"))
//
// It also reads directory files: see Import.
package directory
