// Package desk is the one way in for everything that happens at the desk,
// whoever calls: the API, a page, a scenario, nightly work. It finds out what a
// barcode is, lets broker/loans, holds and returns do their part, and fires the
// request served, all in one transaction. Those packages never know of
// requests; requests never lend.
//
//	done, err := desk.Scan(ctx, tx, at, desk.Scan{Barcode: "31234000123456"})
//	fmt.Println(done.Message) // "On the hold shelf until 2026-03-12."
//
// Circulation stands here: scans, parcels, loans, returns and losses. Holds
// stand in queue, money in cashier, patrons' accounts in accounts, closed days
// in closures, and what all of them share in counter.
package desk
