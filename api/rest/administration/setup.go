package administration

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/broker"
	"afield/broker/consortium"
)

// GetSetUp says how far the set-up of the caller's library has come, or that of
// all libraries for an operator.
func (a Administration) GetSetUp(ctx context.Context, _ gen.GetSetUpRequestObject) (gen.GetSetUpResponseObject, error) {
	count := func(ctx context.Context, t *pipeline.Turn) (gen.SetUp, error) {
		view := gen.SetUp{Steps: []gen.SetUpStep{}, Openurl: "/openurl"}
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
	view, err := overview(ctx, a, count)
	return gen.GetSetUp200JSONResponse(view), err
}

// overview reads for the caller, an operator seeing all libraries.
func overview[R any](ctx context.Context, a Administration, look func(context.Context, *pipeline.Turn) (R, error)) (R, error) {
	if pipeline.Caller(ctx).Office {
		return pipeline.SetUp(ctx, a.Base, http.StatusOK, look)
	}
	return pipeline.Read(ctx, a.Base, look)
}

// GetConfiguration shows what is in force as a part of a consortium's file.
func (a Administration) GetConfiguration(ctx context.Context, request gen.GetConfigurationRequestObject) (gen.GetConfigurationResponseObject, error) {
	view, err := overview(ctx, a, func(ctx context.Context, t *pipeline.Turn) (gen.Configuration, error) {
		if err := t.SeesTo(ctx, request.Params.Library); err != nil {
			return gen.Configuration{}, err
		}
		in, err := consortium.Load(ctx, t.Tx, a.Access, consortium.File{})
		if err != nil {
			return gen.Configuration{}, err
		}
		file := in.ExportOne(t.Library())
		if t.AtOffice() {
			file = in.Export(t.Now())
		}
		text, err := file.YAML()
		return gen.Configuration{Document: string(text)}, err
	})
	return gen.GetConfiguration200JSONResponse(view), err
}

// ChangeConfiguration changes how libraries are set up, or says what would change.
// It takes no Idempotency-Key: the answer may hold secrets that are not kept, and
// the same document again changes nothing.
func (a Administration) ChangeConfiguration(ctx context.Context, request gen.ChangeConfigurationRequestObject) (gen.ChangeConfigurationResponseObject, error) {
	in := *request.Body
	view, err := pipeline.FewAtATime(ctx, a.Base, func() (gen.ConfigurationChanged, error) {
		document := consortium.Read([]byte(in.Document), nil)
		return a.change(ctx, wish{in.Reason, in.ExpectedPlan, in.DryRun, false}, func(context.Context, *pipeline.Turn) (*consortium.Document, error) {
			return document, nil
		})
	})
	return gen.ChangeConfiguration200JSONResponse(view), err
}

// UndoConfigurationChange takes a change back, or says what that would come to.
func (a Administration) UndoConfigurationChange(ctx context.Context, request gen.UndoConfigurationChangeRequestObject) (gen.UndoConfigurationChangeResponseObject, error) {
	in := *request.Body
	view, err := a.change(ctx, wish{in.Reason, in.ExpectedPlan, in.DryRun, true}, func(ctx context.Context, t *pipeline.Turn) (*consortium.Document, error) {
		only := t.Library()
		if t.AtOffice() {
			only = broker.NoID
		}
		return consortium.UndoingLast(ctx, t.Tx, request.ID, only)
	})
	return gen.UndoConfigurationChange200JSONResponse(view), err
}

// wish is how a change is asked for.
type wish struct {
	reason string
	// plan is what the caller was told would change; "" where they did not look.
	plan           string
	dryRun, undoes bool
}

// change plans a document and, unless it is a dry run, applies it, in the one
// transaction in which what is in force is read.
func (a Administration) change(ctx context.Context, asked wish, write func(context.Context, *pipeline.Turn) (*consortium.Document, error)) (gen.ConfigurationChanged, error) {
	view := gen.ConfigurationChanged{DryRun: asked.dryRun, Changes: []gen.ConfigurationLine{}, Invitations: []gen.ConfigurationInvitation{}, Secrets: []gen.PartnerSecrets{}}
	if strings.TrimSpace(asked.reason) == "" && !asked.dryRun {
		return view, broker.Invalid(broker.FieldError{Pointer: "/reason", Code: "required", Message: "must say why: it is recorded with the change"})
	}
	done, err := pipeline.SetUp(ctx, a.Base, http.StatusOK, func(ctx context.Context, t *pipeline.Turn) (consortium.Applied, error) {
		document, err := write(ctx, t)
		if err != nil {
			return consortium.Applied{}, err
		}
		plan, err := t.Plan(ctx, document)
		switch {
		case err != nil:
			return consortium.Applied{}, err
		case asked.undoes && len(plan.Changes) == 0:
			return consortium.Applied{}, broker.Conflict("nothing_to_put_back", "It is as it was before that change, or there was nothing before it that could be put back.")
		case asked.plan != "" && asked.plan != nameOf(plan.Changes):
			return consortium.Applied{}, broker.Conflict("changed_meanwhile", "Something else would change now than you were told: how libraries are set up has changed since.")
		case asked.dryRun:
			return consortium.Applied{Changes: plan.Changes}, nil
		}
		return plan.Apply(ctx, t.Tx, t.Applying(asked.reason))
	})
	if err != nil {
		return view, err
	}
	if !asked.dryRun {
		if err := a.Published.Refresh(ctx, a.DB); err != nil { // it may have brought policies
			return view, err
		}
	}
	view.ChangeID, view.Plan = done.Change, nameOf(done.Changes)
	for _, line := range done.Changes {
		view.Changes = append(view.Changes, lineView(line))
	}
	for _, one := range done.Invitations {
		view.Invitations = append(view.Invitations, gen.ConfigurationInvitation{Library: one.Library, Username: one.Username, Token: one.Token, ExpiresAt: views.UTC(one.ExpiresAt)})
	}
	for _, one := range done.Secrets {
		view.Secrets = append(view.Secrets, gen.PartnerSecrets{Library: one.Library, TheyUse: secretText(one.TheyUse), WeUse: secretText(one.WeUse)})
	}
	return view, nil
}

// nameOf names changes by what they say, in their order.
func nameOf(changes []consortium.Change) string {
	sum := sha256.New()
	for _, change := range changes {
		fmt.Fprintf(sum, "%q %q %q %q\n", change.Subject, change.What, change.Before, change.After)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// secretText writes a secret as Standard Webhooks does.
func secretText(secret []byte) string { return "whsec_" + base64.StdEncoding.EncodeToString(secret) }
