// Package desk is the one door for what happens at the desk, whoever knocks:
// the API, a page, a scenario, nightly work. It finds out what a barcode is,
// lets circulation do its part, and fires the request served, all in one
// transaction. Circulation never knows of requests; requests never lend.
//
//	done, err := desk.Scan(ctx, tx, at, desk.Scan{Barcode: "31234000123456"})
//	fmt.Println(done.Message) // "On the hold shelf until 2026-03-12."
package desk
