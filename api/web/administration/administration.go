package administration

import (
	"embed"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
	"afield/broker/consortium"
)

//go:embed *.html
var files embed.FS

// Administration is the room's pages.
type Administration struct {
	ops gen.StrictServerInterface
}

// Mount brings the pages.
func Mount(e *echo.Echo, site *frame.Site) error {
	a := Administration{site.Operations}
	if err := site.Parse(files); err != nil {
		return err
	}
	site.Managers(e, http.MethodGet, "/set-up", a.setUp)
	site.Managers(e, http.MethodGet, "/libraries", a.libraries)
	site.Managers(e, http.MethodGet, "/libraries/new", a.newLibrary)
	site.Managers(e, http.MethodPost, "/libraries/new", a.addLibrary)
	site.Managers(e, http.MethodGet, "/libraries/document", a.document)
	site.Managers(e, http.MethodPost, "/libraries/document", a.changeDocument)
	site.Managers(e, http.MethodGet, "/libraries/:symbol", a.library)
	site.Managers(e, http.MethodPost, "/libraries/:symbol/change", a.changeLibrary)
	site.Managers(e, http.MethodGet, "/changes", a.changes)
	site.Managers(e, http.MethodPost, "/changes/:change/undo", a.undo)
	site.Managers(e, http.MethodGet, "/staff", a.staff)
	site.Managers(e, http.MethodPost, "/staff", a.invite)
	site.Managers(e, http.MethodPost, "/staff/:username/:act", a.actOnStaff)
	site.Managers(e, http.MethodPost, "/sessions/:session/end", a.endSession)
	site.Managers(e, http.MethodGet, "/jobs", a.jobs)
	site.Managers(e, http.MethodPost, "/jobs/:number/retry", a.retryJob)
	site.Managers(e, http.MethodPost, "/jobs/:number/put-aside", a.putJobAside)
	return nil
}

// inForce is how libraries are set up, as far as the visitor sees to it.
func (a Administration) inForce(v *frame.Visit) (consortium.File, string, error) {
	now, err := frame.Ask[gen.GetConfiguration200JSONResponse](v, "getConfiguration", a.ops.GetConfiguration, gen.GetConfigurationRequestObject{})
	if err != nil {
		return consortium.File{}, "", err
	}
	return consortium.Read([]byte(now.Document), nil).File, now.Document, nil
}

// planned is what a change would come to.
type planned struct {
	// Lines say it in words, Name names exactly these changes.
	Lines  []gen.ConfigurationLine
	Name   string
	Reason string
}

// plan looks at what a document would change and shows it with the form; when the
// visitor has seen that and says so, it is done.
func (a Administration) plan(v *frame.Visit, document, to string, show func(*planned, *frame.Trouble) error) error {
	var trouble *frame.Trouble
	ask := func(in gen.ConfigurationDocument) (gen.ConfigurationChanged, error) {
		in.Document = document
		answer, err := frame.Ask[gen.ChangeConfiguration200JSONResponse](v, "changeConfiguration", a.ops.ChangeConfiguration, gen.ChangeConfigurationRequestObject{Body: &in})
		return gen.ConfigurationChanged(answer), err
	}
	if v.Field("go") != "" {
		done, err := ask(gen.ConfigurationDocument{Reason: v.Field("reason"), ExpectedPlan: v.Field("plan")})
		if err == nil {
			return a.changed(v, done, to)
		}
		if trouble = v.Trouble(err); trouble == nil {
			return err
		}
	}
	seen, err := ask(gen.ConfigurationDocument{DryRun: true})
	if err != nil {
		if trouble == nil {
			trouble = v.Trouble(err)
		}
		if trouble == nil {
			return err
		}
		return show(nil, trouble)
	}
	return show(&planned{Lines: seen.Changes, Name: seen.Plan, Reason: v.Field("reason")}, trouble)
}

// position is where in a document a mistake stands.
var position = regexp.MustCompile(`^\d+:\d+: `)

// plain takes the places in a document out of what is wrong, for a form whose
// document nobody sees.
func plain(trouble *frame.Trouble) *frame.Trouble {
	if trouble == nil {
		return nil
	}
	var wrong []string
	fields := trouble.Fields[:0:0]
	for _, field := range trouble.Fields {
		if field.Name == "document" {
			wrong = append(wrong, position.ReplaceAllString(field.Message, ""))
		} else {
			fields = append(fields, field)
		}
	}
	trouble.Fields = fields
	if len(wrong) > 0 {
		trouble.Detail = strings.Join(wrong, "; ")
	}
	return trouble
}

type changedPage struct {
	gen.ConfigurationChanged
	To    string
	Today broker.Date
	Zone  *time.Location
}

// changed tells what was changed. Secrets are shown now and never again; without
// any the visitor is back where they came from.
func (a Administration) changed(v *frame.Visit, done gen.ConfigurationChanged, to string) error {
	if len(done.Invitations)+len(done.Secrets) > 0 {
		return v.Show("changed", frame.Head{Title: v.Say("Changed"), At: "libraries"}, changedPage{done, to, v.Today, v.Now.Location()})
	}
	toast := frame.Toast{Text: v.Say("Changed.")}
	if done.ChangeID == broker.NoID {
		toast.Text = v.Say("It was like that already: nothing was changed.")
	} else {
		toast.Undo, toast.UndoLabel = "/changes/"+done.ChangeID.String()+"/undo", v.Say("Undo")
		toast.Fields = map[string]string{"reason": v.Say("taken back at once"), "back": to}
	}
	v.Tell(toast)
	return v.Go(to)
}
