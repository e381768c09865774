package imports

import (
	"embed"
	"encoding/base64"
	"errors"
	"html/template"
	"io"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

//go:embed *.html
var files embed.FS

// Imports is the room's pages.
type Imports struct {
	ops gen.StrictServerInterface
}

// Mount brings the pages.
func Mount(e *echo.Echo, site *frame.Site) error {
	i := Imports{site.Operations}
	if err := site.Parse(files); err != nil {
		return err
	}
	site.Staff(e, http.MethodGet, "/imports", i.form)
	site.Staff(e, http.MethodPost, "/imports", i.read)
	site.Staff(e, http.MethodGet, "/loads", i.loads)
	site.Staff(e, http.MethodPost, "/loads", i.saveLoad)
	site.Staff(e, http.MethodPost, "/loads/:name/:act", i.actOnLoad)
	return nil
}

// choice is one of a list to choose from.
type choice struct {
	Code, Name, Says string
}

// kinds are the files that can be read, in the order in which a library brings them
// in.
func kinds(v *frame.Visit) []choice {
	return []choice{
		{"calendar", v.Say("Opening hours and closed days"), "CSV"},
		{"patrons", v.Say("Patrons"), "CSV"},
		{"links", v.Say("Who answers for whom"), "CSV"},
		{"proxies", v.Say("Who may pick up for whom"), "CSV"},
		{"blocks", v.Say("What stops patrons"), "CSV"},
		{"marc", v.Say("Titles and copies, as records"), "MARC 21"},
		{"items", v.Say("Items and their titles"), "CSV"},
		{"loans", v.Say("Loans that began elsewhere"), "CSV"},
		{"holds", v.Say("Holds that were placed elsewhere"), "CSV"},
		{"charges", v.Say("What patrons owe and paid"), "CSV"},
		{"requests", v.Say("Interlibrary loan requests under way in another system"), "CSV"},
	}
}

// maps are those that are shipped.
func maps() []choice {
	return []choice{{Code: "koha", Name: "Koha"}, {Code: "sierra", Name: "Sierra"}, {Code: "evergreen", Name: "Evergreen"}}
}

func ways() []string {
	return []string{"marc21", "evergreen", "alma", "koha", "sierra", "sirsi", "none"}
}

type tab struct {
	Name, To string
	Here     bool
}

func tabs(v *frame.Visit, loads bool) []tab {
	return []tab{{v.Say("Read a file"), "/imports", !loads}, {v.Say("Every night"), "/loads", loads}}
}

type page struct {
	Tabs                []tab
	Kinds, Maps         []choice
	Ways                []string
	Kind, Map, Holdings string
	File                string
	Done                *done
	Trouble             *frame.Trouble
	Today               broker.Date
}

// done is what became of a file.
type done struct {
	gen.FileRead
	// Wrong leads to the rows that were left out, as a file; it is in the page and
	// nowhere else.
	Wrong template.URL
	// Name is what that file is called.
	Name string
}

// maxShown is how many of the wrong rows a page shows by themselves.
const maxShown = 100

// form offers to read a file; who may not is told so here, and not after it was
// chosen.
func (i Imports) form(v *frame.Visit) error {
	if _, err := frame.Ask[gen.ListLoads200JSONResponse](v, "listLoads", i.ops.ListLoads, gen.ListLoadsRequestObject{}); err != nil {
		return err
	}
	kind := v.QueryParam("kind")
	if kind == "" {
		kind = "items"
	}
	return i.show(v, page{Kind: kind}, nil)
}

func (i Imports) show(v *frame.Visit, shown page, trouble *frame.Trouble) error {
	shown.Tabs, shown.Kinds, shown.Maps, shown.Ways, shown.Trouble, shown.Today = tabs(v, false), kinds(v), maps(), ways(), trouble, v.Today
	return v.ShowWith(trouble, "imports", frame.Head{Title: v.Say("Read a file"), At: "imports"}, shown)
}

// read reads the file that was sent: for a look, or for good.
func (i Imports) read(v *frame.Visit) error {
	shown := page{Kind: v.Field("kind"), Map: v.Field("map"), Holdings: v.Field("holdings")}
	file, err := v.FormFile("file")
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		err = broker.Invalid(broker.FieldError{Pointer: "/file", Code: "too_large", Message: v.Say("is larger than 64 megabytes; who runs this server reads it with a command")})
	case err != nil || file.Size == 0:
		err = broker.Invalid(broker.FieldError{Pointer: "/file", Code: "required", Message: v.Say("must be chosen, and not be empty")})
	default:
		err = i.readIn(v, &shown)
		shown.File = file.Filename
	}
	if err == nil {
		return i.show(v, shown, nil)
	}
	return v.Refused(err, func(trouble *frame.Trouble) error { return i.show(v, shown, trouble) })
}

func (i Imports) readIn(v *frame.Visit, shown *page) error {
	ask := gen.ImportFileRequestObject{Params: gen.ImportFileParams{
		Kind: gen.ImportFileParamsKind(shown.Kind), DryRun: v.Field("go") == "", Map: shown.Map, Holdings: gen.ImportFileParamsHoldings(shown.Holdings),
	}}
	if own, err := v.FormFile("own_map"); err == nil && own.Size > 0 {
		text, err := own.Open()
		if err != nil {
			return err
		}
		written, err := io.ReadAll(io.LimitReader(text, 20_001))
		if err := errors.Join(err, text.Close()); err != nil {
			return err
		}
		ask.Params.Map = string(written)
	}
	if shown.Kind != "marc" {
		ask.Params.Holdings = ""
	}
	file, err := v.FormFile("file")
	if err != nil {
		return err
	}
	body, err := file.Open()
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	ask.Body = body
	read, err := frame.Ask[gen.ImportFile200JSONResponse](v, "importFile", i.ops.ImportFile, ask)
	if err != nil {
		return err
	}
	shown.Done = &done{FileRead: gen.FileRead(read), Name: "wrong-" + strings.TrimSuffix(shown.Kind, "s") + "-rows.csv"}
	if read.WrongRows != "" {
		shown.Done.Wrong = template.URL("data:text/csv;charset=utf-8;base64," + base64.StdEncoding.EncodeToString([]byte(read.WrongRows)))
	}
	if len(shown.Done.Errors) > maxShown {
		shown.Done.Errors = shown.Done.Errors[:maxShown]
	}
	return nil
}
