// Package lookup answers questions about requests for those who do not move
// them: the desk, routing and the night. It reads the tables of
// workflow/requests and writes nothing; what a request does next is not its
// business.
//
//	lending, err := lookup.ToShip(ctx, tx, workflow.Lending, item.Library, item.ID)
package lookup
