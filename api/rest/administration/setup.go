package administration

import (
	"context"
	"net/http"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/broker"
	"afield/broker/consortium"
)

// GetSetUp says how far the set-up of the caller's library has come, or that of
// all libraries for an operator.
func (a Administration) GetSetUp(ctx context.Context, _ gen.GetSetUpRequestObject) (gen.GetSetUpResponseObject, error) {
	count := func(ctx context.Context, t *pipeline.Turn) (gen.SetUp, error) {
		view := gen.SetUp{Steps: []gen.SetUpStep{}}
		library, steps := t.Library(), consortium.Steps
		if t.Caller.Office {
			library, steps = broker.NoID, consortium.OfficeSteps
		}
		facts, err := consortium.Count(ctx, t.Tx, a.Access, library)
		if err != nil {
			return view, err
		}
		for _, step := range steps(facts) {
			view.Steps = append(view.Steps, gen.SetUpStep{Step: string(step.Name), Done: step.Done, There: step.There, Missing: step.Missing, Next: step.Next})
			view.Of++
			if step.Done {
				view.Done++
			}
		}
		return view, nil
	}
	var view gen.SetUp
	var err error
	if pipeline.Caller(ctx).Office {
		view, err = pipeline.SetUp(ctx, a.Base, http.StatusOK, count)
	} else {
		view, err = pipeline.Read(ctx, a.Base, count)
	}
	return gen.GetSetUp200JSONResponse(view), err
}
