package imports

import (
	"net/url"
	"strconv"
	"time"

	"afield/api/gen"
	"afield/api/web/frame"
	"afield/broker"
)

// loadLine is a file that is read every night.
type loadLine struct {
	gen.Load
	Kind  string
	Came  time.Time
	State frame.State
	// Last is the last run; nil for none.
	Last *runLine
	Runs []runLine
	// Address is its own, for acts.
	Address string
	// MapName names the map; an own one is not shown.
	MapName string
	// Short tells that the last file was too short, and somebody has to look.
	Short bool
}

// RowCount is how many rows the last file had.
func (l loadLine) RowCount() int { return int(l.FileRows) }

type runLine struct {
	gen.LoadRun
	At    time.Time
	State frame.State
}

// loadForm is what was typed.
type loadForm struct {
	Name, Kind, Source, Map, Holdings, ReadAt, EveryDays, Shrink string
	Removes                                                      bool
}

type loadsPage struct {
	Tabs        []tab
	Loads       []loadLine
	Kinds, Maps []choice
	Ways        []string
	Form        loadForm
	// Editing tells that the form changes one that is there.
	Editing bool
	Trouble *frame.Trouble
	Today   broker.Date
}

func (i Imports) loads(v *frame.Visit) error {
	return i.showLoads(v, loadsPage{Form: loadForm{Kind: "items", ReadAt: "03:00", EveryDays: "1", Shrink: "10"}}, v.QueryParam("edit"), nil)
}

func (i Imports) showLoads(v *frame.Visit, page loadsPage, edit string, trouble *frame.Trouble) error {
	found, err := frame.Ask[gen.ListLoads200JSONResponse](v, "listLoads", i.ops.ListLoads, gen.ListLoadsRequestObject{})
	if err != nil {
		return err
	}
	page.Tabs, page.Maps, page.Ways, page.Trouble, page.Today = tabs(v, true), maps(), ways(), trouble, v.Today
	for _, kind := range kinds(v) {
		if kind.Code == "patrons" || kind.Code == "items" || kind.Code == "marc" {
			page.Kinds = append(page.Kinds, kind)
		}
	}
	for _, load := range found.Loads {
		page.Loads = append(page.Loads, i.lineOf(v, load, page.Kinds))
		if load.Name == edit {
			page.Editing = true
			page.Form = loadForm{
				Name: load.Name, Kind: load.Kind, Source: load.Source, Map: load.Map, Holdings: load.Holdings, ReadAt: load.ReadAt,
				EveryDays: strconv.Itoa(load.EveryDays), Shrink: strconv.Itoa(load.ShrinkPercent), Removes: load.Removes,
			}
		}
	}
	if edit != "" && !page.Editing {
		return broker.NotFound("load")
	}
	return v.ShowWith(trouble, "loads", frame.Head{Title: v.Say("Files of every night"), At: "imports"}, page)
}

func (i Imports) lineOf(v *frame.Visit, load gen.Load, kinds []choice) loadLine {
	zone := v.Now.Location()
	line := loadLine{Load: load, Kind: load.Kind, Address: "/loads/" + url.PathEscape(load.Name), MapName: load.Map}
	for _, kind := range kinds {
		if kind.Code == load.Kind {
			line.Kind = kind.Name
		}
	}
	if len(load.Map) > len("evergreen") {
		line.MapName = v.Say("a map of our own")
	}
	if !load.CameAt.IsZero() {
		line.Came = load.CameAt.In(zone)
	}
	line.State = frame.Shaped("system", v.Say("Not read yet"))
	for _, run := range load.Runs {
		line.Runs = append(line.Runs, runLine{run, run.StartedAt.In(zone), outcomeOf(v, run.Outcome)})
	}
	if len(line.Runs) > 0 {
		line.Last, line.State = &line.Runs[0], line.Runs[0].State
		line.Short = line.Last.Outcome == "shrunk"
	}
	return line
}

func outcomeOf(v *frame.Visit, outcome string) frame.State {
	switch outcome {
	case "read":
		return frame.Shaped("done", v.Say("Read"))
	case "same_file":
		return frame.Shaped("done", v.Say("The same file again"))
	case "missing":
		return frame.Shaped("us", v.Say("It did not come"))
	case "shrunk":
		return frame.Shaped("us", v.Say("It has become too short"))
	case "failed":
		return frame.Shaped("stop", v.Say("It cannot be read"))
	}
	return frame.Shaped("move", v.Say("Being read"))
}

// saveLoad has a file read every night, or changes one.
func (i Imports) saveLoad(v *frame.Visit) error {
	page := loadsPage{Editing: v.Field("editing") != "", Form: loadForm{
		Name: v.Field("name"), Kind: v.Field("kind"), Source: v.Field("source"), Map: v.FormValue("map"), Holdings: v.Field("holdings"),
		ReadAt: v.Field("read_at"), EveryDays: v.Field("every_days"), Shrink: v.Field("shrink_percent"), Removes: v.Field("removes") != "",
	}}
	read := v.Reading()
	days, shrink := read.Number("every_days"), read.Number("shrink_percent")
	if page.Form.Name == "" {
		read.Wrong("name", "required", v.Say("must have a name"))
	}
	err := read.Err()
	if err == nil {
		wish := gen.LoadWish{
			Kind: gen.LoadWishKind(page.Form.Kind), Source: page.Form.Source, Map: page.Form.Map, Holdings: page.Form.Holdings,
			ReadAt: page.Form.ReadAt, ShrinkPercent: shrink, Removes: page.Form.Removes,
		}
		if days != nil {
			wish.EveryDays = *days
		}
		if page.Form.Kind != "marc" {
			wish.Holdings = ""
		}
		if _, err = frame.Ask[gen.SaveLoad200JSONResponse](v, "saveLoad", i.ops.SaveLoad, gen.SaveLoadRequestObject{Name: page.Form.Name, Body: &wish}); err == nil {
			return v.Done("/loads", v.Say("{name} is read every night.", "name", page.Form.Name))
		}
	}
	return v.Refused(err, func(trouble *frame.Trouble) error { return i.showLoads(v, page, "", trouble) })
}

// actOnLoad accepts a short file, or reads one no more.
func (i Imports) actOnLoad(v *frame.Visit) error {
	name, err := url.PathUnescape(v.Param("name"))
	if err != nil {
		return broker.NotFound("load")
	}
	var said string
	switch v.Param("act") {
	case "accept":
		_, err = frame.AskOnce[gen.AcceptLoad200JSONResponse](v, "acceptLoad", v.Key(), i.ops.AcceptLoad, gen.AcceptLoadRequestObject{Name: name})
		said = v.Say("{name}: the next file is taken as it is.", "name", name)
	case "remove":
		_, err = frame.Ask[gen.RemoveLoad204Response](v, "removeLoad", i.ops.RemoveLoad, gen.RemoveLoadRequestObject{Name: name})
		said = v.Say("{name} is read no more; what it brought stays.", "name", name)
	default:
		return broker.NotFound("act")
	}
	if err != nil {
		return err
	}
	return v.Done("/loads", said)
}
