// Package late keeps what a lender has sent for a request that no longer depends
// on it: we had moved on, or the request had ended. Such a parcel is nobody's
// loan. It is expected, taken in, sent back and seen home, each step is told to
// the lender that sent it, and staff have a task until it is gone. It owns the
// table late_parcels.
//
//	parcels, err := late.Of(ctx, tx, library, request)
package late
