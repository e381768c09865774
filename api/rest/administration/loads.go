package administration

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/broker"
	"afield/workflow/loads"
)

// runsShown is how many runs are shown of each load.
const runsShown = 7

// ListLoads lists the files that are read every night.
func (a Administration) ListLoads(ctx context.Context, _ gen.ListLoadsRequestObject) (gen.ListLoadsResponseObject, error) {
	view, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (gen.LoadList, error) {
		view := gen.LoadList{Loads: []gen.Load{}}
		all, err := loads.Of(ctx, t.Tx, t.Library())
		for _, load := range all {
			shown, wrong := loadView(ctx, t, load)
			view.Loads, err = append(view.Loads, shown), errors.Join(err, wrong)
		}
		return view, err
	})
	return gen.ListLoads200JSONResponse(view), err
}

func loadView(ctx context.Context, t *pipeline.Turn, load loads.Load) (gen.Load, error) {
	view := gen.Load{
		Name: load.Name, Kind: load.Kind, Source: load.Source, Private: load.Private, Map: load.Map, Holdings: load.Holdings, ReadAt: load.ReadAt,
		EveryDays: load.EveryDays, ShrinkPercent: load.ShrinkPercent, Removes: load.Removes, FileRows: load.FileRows, Runs: []gen.LoadRun{},
	}
	if load.CameAt != nil {
		view.CameAt = load.CameAt.UTC()
	}
	runs, err := loads.Runs(ctx, t.Tx, load.Library, load.ID, runsShown)
	for _, run := range runs {
		shown := gen.LoadRun{
			Outcome: cmp.Or(run.Outcome, "running"), Rows: run.Counts.Rows, New: run.Counts.New, Changed: run.Counts.Changed, Failed: run.Counts.Failed,
			Removed: run.Counts.Removed, Restored: run.Counts.Restored, Detail: run.Detail, StartedAt: run.StartedAt.UTC(),
		}
		if run.FinishedAt != nil {
			shown.FinishedAt = run.FinishedAt.UTC()
		}
		view.Runs = append(view.Runs, shown)
	}
	return view, err
}

// SaveLoad has a file read every night. Where a file of this server or of a private
// network comes from is for who runs the server to say.
func (a Administration) SaveLoad(ctx context.Context, request gen.SaveLoadRequestObject) (gen.SaveLoadResponseObject, error) {
	in := *request.Body
	view, err := pipeline.Once(ctx, a.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (gen.Load, error) {
		wish := loads.Load{
			Library: t.Library(), Name: strings.TrimSpace(request.Name), Kind: string(in.Kind), Source: in.Source, Map: in.Map, Holdings: in.Holdings,
			ReadAt: cmp.Or(in.ReadAt, "03:00"), EveryDays: cmp.Or(in.EveryDays, 1), ShrinkPercent: usualShrink, Removes: in.Removes,
		}
		if in.ShrinkPercent != nil {
			wish.ShrinkPercent = *in.ShrinkPercent
		}
		before, err := loads.Named(ctx, t.Tx, t.Library(), wish.Name)
		if err != nil && !broker.IsKind(err, broker.KindNotFound) {
			return gen.Load{}, err
		}
		if before.Source == wish.Source {
			wish.Private = before.Private
		} else if at, err := url.Parse(wish.Source); err != nil || at.Scheme != "https" || at.Host == "" || at.User != nil {
			return gen.Load{}, broker.Invalid(broker.FieldError{Pointer: "/source", Code: "not_allowed", Message: "must be an https address without a password; folders and files of the server are set by who runs it"})
		}
		if err := loads.Save(t.Tx, wish, t.Now()); err != nil {
			return gen.Load{}, err
		}
		saved, err := loads.Named(ctx, t.Tx, t.Library(), wish.Name)
		if err != nil {
			return gen.Load{}, err
		}
		return loadView(ctx, t, saved)
	})
	return gen.SaveLoad200JSONResponse(view), err
}

// usualShrink is by how many per cent a file may become shorter where nobody said.
const usualShrink = 10

// RemoveLoad reads a file no more.
func (a Administration) RemoveLoad(ctx context.Context, request gen.RemoveLoadRequestObject) (gen.RemoveLoadResponseObject, error) {
	_, err := a.withLoad(ctx, request.Name, func(t *pipeline.Turn, load loads.Load) { loads.Remove(t.Tx, load.Library, load.ID) })
	return gen.RemoveLoad204Response{}, err
}

// AcceptLoad takes a file that has become short.
func (a Administration) AcceptLoad(ctx context.Context, request gen.AcceptLoadRequestObject) (gen.AcceptLoadResponseObject, error) {
	view, err := a.withLoad(ctx, request.Name, func(t *pipeline.Turn, load loads.Load) { loads.Accept(t.Tx, load.Library, load.ID) })
	return gen.AcceptLoad200JSONResponse(view), err
}

func (a Administration) withLoad(ctx context.Context, name string, act func(*pipeline.Turn, loads.Load)) (gen.Load, error) {
	return pipeline.Once(ctx, a.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (gen.Load, error) {
		load, err := loads.Named(ctx, t.Tx, t.Library(), name)
		if err != nil {
			return gen.Load{}, err
		}
		act(t, load)
		return loadView(ctx, t, load)
	})
}
