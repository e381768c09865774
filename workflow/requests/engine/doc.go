// Package engine moves a request. It asks the table what an event means, carries
// out the effects of the row, and is the only writer of a request's state, its
// rota, its deadlines and its timeline.
//
// What an effect does, and what a guard looks at, stands in the rooms beside this
// one, by theme. Both are given a Case, which is everything that is known about
// the request. A guard answers yes or no. An effect may change the request's
// details and its rota entries on the Case, and gives back what else it wants:
//
//	func (r *Room) PutOnShelf(ctx context.Context, c *engine.Case) (engine.Wants, error) {
//		…
//		c.Request.PickUpBy = until
//		return engine.Wants{engine.Fact{Name: "pick_up_by", Value: until.String()}}, nil
//	}
//
// A want is an event to follow, a message, a notice, a task, a charge or a
// deadline. The engine carries them out in order, in the transaction of the row.
package engine
