// Package frame is what every page shares: who is signed in, in which language and
// look; how a page calls the operations of the contract; the layout; and what
// stands on a page when something is in the way.
//
// A feature brings its templates and its handlers:
//
//	site.Parse(files)                                   // its *.html
//	site.Staff(e, http.MethodGet, "/shelf", shelf.show) // who may open it
//
//	func (s Shelf) show(v *frame.Visit) error {
//		held, err := frame.Ask[gen.ListShelf200JSONResponse](v, "listShelf", s.ops.ListShelf, gen.ListShelfRequestObject{})
//		if err != nil {
//			return err
//		}
//		return v.Show("shelf", frame.Head{Title: v.Say("Hold shelf"), At: "shelf"}, pageOf(held))
//	}
//
// Pages never decide anything: Ask passes the same door as a program's call, with
// the same roles, the same check of every field, the same idempotency key. What it
// refuses becomes a Trouble, which the page shows beside the form with everything
// that was typed.
//
// Every act is a form: POST, redirect, GET. A page works without scripts. An act
// ends with Done, or with Refused, which shows the page again.
package frame
