package administration

import (
	"bytes"
	"context"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/broker/directory"
	"afield/broker/figures"
	"afield/workflow/requests/tallies"
)

// GetFigures counts the library's work.
func (a Administration) GetFigures(ctx context.Context, request gen.GetFiguresRequestObject) (gen.GetFiguresResponseObject, error) {
	table, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (table figures.Table, err error) {
		library, err := directory.Load(ctx, t.Tx, t.Library())
		if err != nil {
			return table, err
		}
		in := request.Params
		question, err := figures.Ask(string(request.Figure), string(in.By), in.From, in.To, library.Today(a.Clock.Now()))
		if err != nil {
			return table, err
		}
		return tallies.Of(ctx, t.Tx, library, question)
	})
	if err != nil {
		return nil, err
	}
	if request.Params.As == gen.Csv {
		var text bytes.Buffer
		err := table.CSV(&text)
		return gen.GetFigures200TextCsvResponse{Body: &text, ContentLength: int64(text.Len())}, err
	}
	return gen.GetFigures200JSONResponse{
		Figure: string(table.Figure), By: table.By, From: table.From, To: table.To, Columns: table.Columns, Rows: table.Objects(),
	}, nil
}
