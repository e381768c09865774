package administration

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"time"

	"afield/api/gen"
	"afield/api/problem"
	"afield/api/rest/pipeline"
	"afield/broker"
	"afield/broker/csvfile"
	"afield/broker/exchange"
	"afield/broker/filemap"
	"afield/workflow/cutover"
)

// Bounds of reading a file over the API.
const (
	readFor      = 4 * time.Minute
	mostErrors   = 1000
	mostReasons  = 100
	mostWrongCSV = 4 << 20
)

// ImportFile reads a file of the library's own rows, and keeps none of it.
func (a Administration) ImportFile(ctx context.Context, request gen.ImportFileRequestObject) (gen.ImportFileResponseObject, error) {
	in := request.Params
	options := exchange.Options{
		Kind: string(in.Kind), DryRun: in.DryRun, Raw: in.Raw, Holdings: string(in.Holdings), Now: a.Clock.Now(), Policies: a.Policies,
	}
	if options.Kind == exchange.Requests {
		options.Taker = cutover.Room{Requests: a.Requests, Desk: a.Desk, Clock: a.Clock}
	}
	var err error
	if options.Map, err = mapOf(in.Map); err != nil {
		return nil, err
	}
	options.Library, err = pipeline.Read(ctx, a.Base, func(_ context.Context, t *pipeline.Turn) (broker.ID, error) { return t.Library(), nil })
	if err != nil {
		return nil, err
	}
	source, cleanUp, err := keptForNow(request.Body)
	if err != nil {
		return nil, err
	}
	defer cleanUp()
	heard := newHeard(&options)
	reading, stop := context.WithTimeout(ctx, readFor)
	defer stop()
	result, err := exchange.Import(reading, a.DB, source, options)
	stopped := errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil
	if err != nil && !stopped {
		return nil, err
	}
	view := heard.view(result)
	view.Kind, view.DryRun, view.Stopped = options.Kind, options.DryRun, stopped
	return gen.ImportFile200JSONResponse(view), nil
}

// mapOf reads a map: a shipped one by its name, or one as it is written; nil for
// none.
func mapOf(text string) (*filemap.Map, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // our own files have no map
	}
	written := []byte(text)
	if shipped, err := filemap.Text(text); err == nil {
		written = shipped
	}
	read, err := filemap.Read(written, exchange.ColumnNames())
	if failed, is := broker.AsError(err); is {
		wrong := make([]broker.FieldError, 0, len(failed.Fields))
		for _, field := range failed.Fields {
			wrong = append(wrong, broker.FieldError{Pointer: "query:map", Code: "map", Message: field.Message})
		}
		return nil, broker.Invalid(wrong...)
	}
	return read, err
}

// keptForNow puts a body into a temporary file, because it is read more than once.
func keptForNow(body io.Reader) (io.ReadSeeker, func(), error) {
	file, err := os.CreateTemp("", "afield-import-")
	if err != nil {
		return nil, nil, fmt.Errorf("keep a file while it is read: %w", err)
	}
	cleanUp := func() { _ = errors.Join(file.Close(), os.Remove(file.Name())) }
	_, err = io.Copy(file, body)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		cleanUp()
		return nil, nil, &problem.Error{Problem: problem.New(http.StatusRequestEntityTooLarge, "too_large",
			fmt.Sprintf("The file is larger than %d bytes; read it by afield import, or divide it.", large.Limit))}
	}
	if err != nil {
		cleanUp()
		return nil, nil, fmt.Errorf("keep a file while it is read: %w", err)
	}
	return file, cleanUp, nil
}

// heard collects what reading a file tells.
type heard struct {
	errors, hints []gen.RowError
	reasons       map[[2]string]*gen.RowReason
	wrong         cutBuffer
}

func newHeard(options *exchange.Options) *heard {
	h := &heard{reasons: map[[2]string]*gen.RowReason{}, errors: []gen.RowError{}, hints: []gen.RowError{}}
	options.Errors = &h.wrong
	options.OnHint = func(hint csvfile.RowError) {
		if len(h.hints) < mostErrors {
			h.hints = append(h.hints, rowError(hint))
		}
	}
	options.OnError = func(wrong csvfile.RowError) {
		if len(h.errors) < mostErrors {
			h.errors = append(h.errors, rowError(wrong))
		}
		key := [2]string{wrong.Column, wrong.Message}
		if reason := h.reasons[key]; reason != nil {
			reason.Rows++
		} else if len(h.reasons) < mostErrors {
			h.reasons[key] = &gen.RowReason{Column: wrong.Column, Message: wrong.Message, Rows: 1, Line: wrong.Line}
		}
	}
	return h
}

func rowError(wrong csvfile.RowError) gen.RowError {
	return gen.RowError{Line: wrong.Line, Column: wrong.Column, Code: wrong.Code, Message: wrong.Message}
}

func (h *heard) view(result exchange.Result) gen.FileRead {
	view := gen.FileRead{
		Rows: result.Rows, New: result.New, Changed: result.Changed, Unchanged: result.Unchanged, Failed: result.Failed, Deleted: result.Deleted,
		Copies: result.Copies, CopiesLeftOut: result.CopiesLeftOut, Holdings: result.Holdings, Resumed: result.Resumed,
		Errors: h.errors, Hints: h.hints, Reasons: []gen.RowReason{}, WrongRowsCut: h.wrong.cut,
	}
	for _, reason := range h.reasons {
		view.Reasons = append(view.Reasons, *reason)
	}
	slices.SortFunc(view.Reasons, func(a, b gen.RowReason) int {
		return cmp.Or(b.Rows-a.Rows, a.Line-b.Line, cmp.Compare(a.Message, b.Message))
	})
	view.Reasons = view.Reasons[:min(len(view.Reasons), mostReasons)]
	if result.Failed+result.CopiesLeftOut > 0 {
		view.WrongRows = h.wrong.String()
	}
	return view
}

// cutBuffer keeps so much of what is written to it, in whole lines.
type cutBuffer struct {
	bytes.Buffer
	cut bool
}

// Write keeps it, unless there is enough already.
func (b *cutBuffer) Write(text []byte) (int, error) {
	if b.cut || b.Len()+len(text) > mostWrongCSV {
		if !b.cut {
			b.cut = true
			b.Truncate(bytes.LastIndexByte(b.Bytes(), '\n') + 1)
		}
		return len(text), nil
	}
	return b.Buffer.Write(text)
}
