package desk

import (
	"embed"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

//go:embed *.html
var files embed.FS

// Desk is the room's pages.
type Desk struct {
	ops gen.StrictServerInterface
}

// Mount brings the pages.
func Mount(e *echo.Echo, site *frame.Site) error {
	d := Desk{site.Operations}
	if err := site.Parse(files); err != nil {
		return err
	}
	site.Staff(e, http.MethodGet, "/desk", d.show)
	site.Staff(e, http.MethodPost, "/desk", d.scan)
	site.Staff(e, http.MethodPost, "/desk/end", d.end)
	site.Staff(e, http.MethodPost, "/desk/undo", d.undo)
	site.Staff(e, http.MethodGet, "/shelf", d.shelf)
	site.Staff(e, http.MethodPost, "/shelf/:hold/extend", d.extend)
	site.Staff(e, http.MethodPost, "/shelf/:hold/clear", d.clear)
	site.Staff(e, http.MethodGet, "/slips/:hold", d.slip)
	site.Staff(e, http.MethodGet, "/pulls", d.pulls)
	site.Staff(e, http.MethodPost, "/pulls/:hold/not-found", d.notFound)
	site.Staff(e, http.MethodGet, "/till", d.till)
	site.Staff(e, http.MethodPost, "/till/open", d.openTill)
	site.Staff(e, http.MethodGet, "/till/:till", d.earlierTill)
	site.Staff(e, http.MethodPost, "/till/:till/close", d.closeTill)
	site.Staff(e, http.MethodGet, "/calls", d.calls)
	site.Staff(e, http.MethodPost, "/calls/:call", d.called)
	return nil
}

// The ways a scan can be meant.
const (
	modeRight = "normal"    // the right thing
	modeOut   = "out"       // check out
	modeIn    = "in"        // check in
	modeDrop  = "book_drop" // from the book drop
)

// counter is what the scan desk remembers between two scans.
type counter struct {
	Mode string
	// Patron and Card are who stands there.
	Patron broker.ID
	Card   string
	// Scans are the last ones, the newest first, and Aside those whose question is
	// still open.
	Scans []scanned
	Aside []scanned
	// Result is what the last scan came to.
	Result result
	// Out and In count what this patron was lent and brought back.
	Out, In int
}

// scanned is one scan, as it is listed. A patron's visit leaves titles only.
type scanned struct {
	At                  time.Time
	Shape, Text         string
	Title, Barcode, Put string
	Act                 string
	Undone              bool
}

// result is what a scan came to.
type result struct {
	// Class is good, warn, bad or nothing special, Icon its sign.
	Class, Icon string
	Headline    string
	Title       string
	Barcode     string
	// Says is what to do with it now.
	Says    string
	Notes   []string
	Charged string
	// Due and Kept are the dates that follow.
	Due, Kept broker.Date
	Reasons   []frame.Reason
	// Overrides are the rules that may be passed over, for another try.
	Overrides []string
	// TakeBack offers to take the item back from who has it, and then lend it.
	TakeBack bool
	// Accept is the barcode that an empty Enter scans again: the item is shelved.
	Accept string
	// Act can be undone until Until.
	Act   string
	Until time.Time
	// Request and Hold are what it belongs to.
	Request int64
	Lending bool
	Hold    string
	// Said is one sentence for a reader of the screen.
	Said string
}

// keyCounter is where the session keeps the scan desk.
const keyCounter = "scan desk"

// mostScans is how many scans the desk lists.
const mostScans = 20

func kept(v *frame.Visit) counter {
	c := frame.Remembered[counter](v, keyCounter)
	if c.Mode == "" {
		c.Mode = modeRight
	}
	return c
}
