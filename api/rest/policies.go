package rest

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"afield/api/gen"
	"afield/broker"
	"afield/broker/directory"
	"afield/broker/policy"
	"afield/broker/policy/published"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
)

// ListPolicies shows every policy document as it rules today, each value with
// its clause. One that only begins to rule later is not among them yet.
func (s *Server) ListPolicies(context.Context, gen.ListPoliciesRequestObject) (gen.ListPoliciesResponseObject, error) {
	list := gen.PolicyList{Policies: []gen.Policy{}}
	today := s.utcDate()
	for _, name := range s.Published.Names() {
		document, err := s.Published.On(name, today)
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

// utcDate is today where no library is asked about.
func (s *Server) utcDate() broker.Date { return broker.DateIn(s.Clock.Now(), time.UTC) }

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
		rule.When = object(when)
	}
	return rule
}

// GetPolicy shows one document as it rules on a day.
func (s *Server) GetPolicy(_ context.Context, request gen.GetPolicyRequestObject) (gen.GetPolicyResponseObject, error) {
	day, err := dateParam("on", request.Params.On)
	if err != nil {
		return nil, err
	}
	if day.IsZero() {
		day = s.utcDate()
	}
	document, err := s.Published.On(request.Name, day)
	if err != nil {
		return nil, err
	}
	return gen.GetPolicy200JSONResponse(policyView(document)), nil
}

// dateParam reads a date of the query; "" is the zero date.
func dateParam(name, text string) (broker.Date, error) {
	if text == "" {
		return broker.Date{}, nil
	}
	day, err := broker.ParseDate(text)
	if err != nil {
		return day, broker.Invalid(broker.FieldError{Pointer: "query:" + name, Code: "not_a_date", Message: "must be a date such as 2026-08-22"})
	}
	return day, nil
}

// ListPolicyVersions lists what was published of one document.
func (s *Server) ListPolicyVersions(ctx context.Context, request gen.ListPolicyVersionsRequestObject) (gen.ListPolicyVersionsResponseObject, error) {
	list := gen.PolicyVersionList{Versions: []gen.PolicyVersion{}}
	_, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (made, error) {
		versions, err := published.Versions(ctx, tx, request.Name)
		for _, version := range versions {
			list.Versions = append(list.Versions, versionView(version))
		}
		return made{}, err
	})
	if err != nil {
		return nil, err
	}
	return gen.ListPolicyVersions200JSONResponse(list), nil
}

func versionView(version published.Version) gen.PolicyVersion {
	return gen.PolicyVersion{
		Policy: version.Policy, Number: version.Number, Effective: version.Effective, PublishedAt: utc(version.At), Text: string(version.Text),
	}
}

// DiffPolicies compares two documents, by name, version or day.
func (s *Server) DiffPolicies(_ context.Context, request gen.DiffPoliciesRequestObject) (gen.DiffPoliciesResponseObject, error) {
	register, today := s.Published.Register(), s.utcDate()
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
func (s *Server) CheckPolicy(ctx context.Context, request gen.CheckPolicyRequestObject) (gen.CheckPolicyResponseObject, error) {
	version, err := read(ctx, s, func(ctx context.Context, tx *postgres.Tx) (published.Version, error) {
		return s.publish(ctx, tx, *request.Body, true)
	})
	if broker.IsKind(err, broker.KindInvalid) || broker.IsKind(err, broker.KindConflict) || broker.IsKind(err, broker.KindForbidden) {
		ours, _ := broker.AsError(err)
		return gen.CheckPolicy200JSONResponse{Ok: false, Error: ours.Detail}, nil
	}
	if err != nil {
		return nil, err
	}
	return gen.CheckPolicy200JSONResponse{Ok: true, Policy: version.Policy, Number: version.Number}, nil
}

// PublishPolicy stores a version.
func (s *Server) PublishPolicy(ctx context.Context, request gen.PublishPolicyRequestObject) (gen.PublishPolicyResponseObject, error) {
	view, err := once(ctx, s, http.StatusCreated, func(ctx context.Context, tx *postgres.Tx) (gen.PolicyVersion, error) {
		version, err := s.publish(ctx, tx, *request.Body, false)
		return versionView(version), err
	})
	if err != nil {
		return nil, err
	}
	if err := s.Published.Refresh(ctx, s.DB); err != nil {
		return nil, err
	}
	return gen.PublishPolicy201JSONResponse(view), nil
}

func (s *Server) publish(ctx context.Context, tx *postgres.Tx, in gen.PolicyText, dryRun bool) (published.Version, error) {
	this := callOf(ctx)
	library, err := directory.Load(ctx, tx, this.library())
	if err != nil {
		return published.Version{}, err
	}
	return published.Publish(ctx, tx, published.Publication{
		Text: []byte(in.Text), Effective: in.Effective, Library: library, Actor: this.principal.Actor(), Now: s.Clock.Now(), DryRun: dryRun,
	})
}
