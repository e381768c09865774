package administration

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/broker"
	"afield/broker/policy"
	"afield/broker/policy/published"
	"afield/broker/policy/rule"
)

// ListPolicies shows every policy document as it rules today, each value with its
// clause. One that only begins to rule later is not included yet.
func (a Administration) ListPolicies(context.Context, gen.ListPoliciesRequestObject) (gen.ListPoliciesResponseObject, error) {
	list := gen.PolicyList{Policies: []gen.Policy{}}
	today := a.utcDate()
	for _, name := range a.Published.Names() {
		document, err := a.Published.On(name, today)
		if broker.IsKind(err, broker.KindNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list.Policies = append(list.Policies, policyView(document))
	}
	return gen.ListPolicies200JSONResponse(list), nil
}

// utcDate is today's date where the question is about no library.
func (a Administration) utcDate() broker.Date { return broker.DateIn(a.Clock.Now(), time.UTC) }

func policyView(document *policy.Document) gen.Policy {
	view := gen.Policy{
		Name: document.Name(), Title: document.Title(), Place: document.Place(), Currency: document.Currency(),
		Version: document.Version(), Rules: []gen.PolicyRule{},
	}
	for _, attribute := range document.Attributes() {
		view.Rules = append(view.Rules, ruleView(attribute))
	}
	return view
}

func ruleView(attribute rule.Attribute) gen.PolicyRule {
	rule := gen.PolicyRule{
		Rule: attribute.Rule, From: attribute.From, Clause: attribute.Clause, Override: attribute.Override, Value: attribute.Value,
	}
	if when, err := json.Marshal(attribute.When); err == nil {
		rule.When = views.Object(when)
	}
	return rule
}

// GetPolicy shows one document as it rules on a day.
func (a Administration) GetPolicy(_ context.Context, request gen.GetPolicyRequestObject) (gen.GetPolicyResponseObject, error) {
	day, err := views.Date("on", request.Params.On)
	if err != nil {
		return nil, err
	}
	if day.IsZero() {
		day = a.utcDate()
	}
	document, err := a.Published.On(request.Name, day)
	if err != nil {
		return nil, err
	}
	return gen.GetPolicy200JSONResponse(policyView(document)), nil
}

// ListPolicyVersions lists what was published of one document.
func (a Administration) ListPolicyVersions(ctx context.Context, request gen.ListPolicyVersionsRequestObject) (gen.ListPolicyVersionsResponseObject, error) {
	list, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (gen.PolicyVersionList, error) {
		list := gen.PolicyVersionList{Versions: []gen.PolicyVersion{}}
		versions, err := published.Versions(ctx, t.Tx, request.Name)
		for _, version := range versions {
			list.Versions = append(list.Versions, versionView(version))
		}
		return list, err
	})
	return gen.ListPolicyVersions200JSONResponse(list), err
}

func versionView(version published.Version) gen.PolicyVersion {
	return gen.PolicyVersion{
		Policy: version.Policy, Number: version.Number, Effective: version.Effective, PublishedAt: views.UTC(version.At), Text: string(version.Text),
	}
}

// DiffPolicies compares two documents, by name, version or day.
func (a Administration) DiffPolicies(_ context.Context, request gen.DiffPoliciesRequestObject) (gen.DiffPoliciesResponseObject, error) {
	register, today := a.Published.Register(), a.utcDate()
	old, err := register.Named(request.Params.Old, today)
	if err != nil {
		return nil, err
	}
	now, err := register.Named(request.Params.New, today)
	if err != nil {
		return nil, err
	}
	view := gen.DiffPolicies200JSONResponse{}
	differences := policy.Diff(old, now)
	encoded := make([]map[string]any, 0, len(differences))
	for _, difference := range differences {
		one := map[string]any{"rule": difference.Rule, "when": "always"}
		if when := difference.When.String(); when != "" {
			one["when"] = when
		}
		if difference.Old != nil {
			one["old"] = ruleView(*difference.Old)
		}
		if difference.New != nil {
			one["new"] = ruleView(*difference.New)
		}
		encoded = append(encoded, one)
	}
	text, err := json.Marshal(map[string]any{"differences": encoded})
	if err != nil {
		return nil, err
	}
	return view, json.Unmarshal(text, &view)
}

// CheckPolicy reads a document strictly and stores nothing.
func (a Administration) CheckPolicy(ctx context.Context, request gen.CheckPolicyRequestObject) (gen.CheckPolicyResponseObject, error) {
	version, err := readFirst(ctx, a, *request.Body, func() (published.Version, error) {
		return pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (published.Version, error) {
			return publish(ctx, t, *request.Body, true)
		})
	})
	if broker.IsKind(err, broker.KindInvalid) || broker.IsKind(err, broker.KindConflict) || broker.IsKind(err, broker.KindForbidden) {
		ours, _ := broker.AsError(err)
		return gen.CheckPolicy200JSONResponse{Ok: false, Error: ours.Detail}, nil
	}
	return gen.CheckPolicy200JSONResponse{Ok: true, Policy: version.Policy, Number: version.Number}, err
}

// PublishPolicy stores a version.
func (a Administration) PublishPolicy(ctx context.Context, request gen.PublishPolicyRequestObject) (gen.PublishPolicyResponseObject, error) {
	view, err := readFirst(ctx, a, *request.Body, func() (gen.PolicyVersion, error) {
		return pipeline.Once(ctx, a.Base, http.StatusCreated, func(ctx context.Context, t *pipeline.Turn) (gen.PolicyVersion, error) {
			version, err := publish(ctx, t, *request.Body, false)
			if err != nil {
				return gen.PolicyVersion{}, err
			}
			view := versionView(version)
			bound, err := published.Bound(ctx, t.Tx, version.Policy, version.Effective)
			if bound == 0 {
				view.Note = published.HowToBind(version.Policy)
			}
			return view, err
		})
	})
	if err != nil {
		return nil, err
	}
	if err := a.Published.Refresh(ctx, a.DB); err != nil {
		return nil, err
	}
	return gen.PublishPolicy201JSONResponse(view), nil
}

// readFirst reads a document, few at a time, before a transaction begins: what cannot
// be read holds up nobody who publishes.
func readFirst[R any](ctx context.Context, a Administration, in gen.PolicyText, work func() (R, error)) (R, error) {
	return pipeline.FewAtATime(ctx, a.Base, func() (R, error) {
		if err := policy.Readable([]byte(in.Text)); err != nil {
			var none R
			return none, err
		}
		return work()
	})
}

func publish(ctx context.Context, t *pipeline.Turn, in gen.PolicyText, dryRun bool) (published.Version, error) {
	library, err := t.Home(ctx)
	if err != nil {
		return published.Version{}, err
	}
	return published.Publish(ctx, t.Tx, published.Publication{
		Text: []byte(in.Text), Effective: in.Effective, Library: library, Actor: t.Caller.Actor(), Now: t.Now(), DryRun: dryRun,
	})
}
