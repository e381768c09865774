package administration

import (
	"context"
	"fmt"
	"strings"
	"time"

	"afield/api/gen"
	"afield/api/rest/pipeline"
	"afield/api/rest/views"
	"afield/broker"
	"afield/broker/directory"
	"afield/broker/holds"
	"afield/broker/loans"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/blocks"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
	"afield/broker/policy/shelf"
	"afield/broker/returns"
	"afield/broker/standing"
	"afield/workflow"
	"afield/workflow/requests"
)

// ListLibraries pages through the directory, by name. It is shared by all and
// holds nothing private.
func (a Administration) ListLibraries(ctx context.Context, request gen.ListLibrariesRequestObject) (gen.ListLibrariesResponseObject, error) {
	in := request.Params
	filter := directory.Filter{State: in.State, Member: in.Member}
	symbol, symbolErr := broker.ParseSymbol(in.Q)
	if symbolErr != nil {
		filter.Text = strings.TrimSpace(in.Q)
	}
	page, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (gen.LibraryPage, error) {
		page := gen.LibraryPage{Libraries: []gen.Library{}}
		list := pipeline.List{Name: fmt.Sprintf("libraries %q %q %t %t", in.Q, in.State, in.Member != nil, views.OrZero(in.Member)), Cursor: in.Cursor}
		after, err := t.After(list)
		if err != nil {
			return page, err
		}
		var found []directory.Library
		var next string
		if in.Q != "" && symbolErr == nil {
			library, err := directory.BySymbol(ctx, t.Tx, symbol)
			if err != nil && !broker.IsKind(err, broker.KindNotFound) {
				return page, err
			}
			if err == nil {
				found = []directory.Library{library}
			}
		} else if found, next, err = directory.List(ctx, t.Tx, filter, string(after), pipeline.Size(in.Limit)); err != nil {
			return page, err
		}
		symbols, err := directory.SymbolsOf(ctx, t.Tx, idsOf(found))
		for _, library := range found {
			page.Libraries = append(page.Libraries, libraryView(library, symbols[library.ID]))
		}
		page.NextCursor = t.Next(list, pipeline.Position(next))
		return page, err
	})
	return gen.ListLibraries200JSONResponse(page), err
}

func idsOf(libraries []directory.Library) []broker.ID {
	ids := make([]broker.ID, len(libraries))
	for i, library := range libraries {
		ids[i] = library.ID
	}
	return ids
}

func libraryView(library directory.Library, symbols []broker.Symbol) gen.Library {
	return gen.Library{
		ID: library.ID, Name: library.Name, Kind: gen.LibraryKind(library.Kind), Member: library.Member,
		Status: gen.LibraryStatus(library.Status), State: library.State, Country: library.Country,
		Symbols: append([]broker.Symbol{}, symbols...), TimeZone: library.Zone.String(), Currency: library.Currency, Policy: library.Policy,
	}
}

// GetLibrary shows one library with what it lends, its branches and its tiers.
func (a Administration) GetLibrary(ctx context.Context, request gen.GetLibraryRequestObject) (gen.GetLibraryResponseObject, error) {
	view, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (gen.Library, error) {
		library, err := directory.Named(ctx, t.Tx, request.ID)
		if err != nil {
			return gen.Library{}, err
		}
		symbols, err := directory.Symbols(ctx, t.Tx, library.ID)
		if err != nil {
			return gen.Library{}, err
		}
		terms, err := directory.Terms(ctx, t.Tx, []broker.ID{library.ID})
		if err != nil {
			return gen.Library{}, err
		}
		branches, err := directory.Branches(ctx, t.Tx, library.ID)
		if err != nil {
			return gen.Library{}, err
		}
		tiers, err := directory.Tiers(ctx, t.Tx, library.ID)
		if err != nil {
			return gen.Library{}, err
		}
		view := libraryView(library, symbols)
		view.Lends = termsView(terms[library.ID])
		for _, branch := range branches {
			view.Branches = append(view.Branches, gen.Branch{ID: branch.ID, Code: branch.Code, Name: branch.Name})
		}
		for _, tier := range tiers {
			view.Tiers = append(view.Tiers, gen.Tier{
				Position: tier.Position, Name: tier.Name, Members: gen.TierMembers(tier.Members),
				States: tier.States, CostRule: gen.TierCostRule(tier.CostRule), DaysToRespond: tier.DaysToRespond,
				Fulfilment: gen.TierFulfilment(tier.Fulfilment),
			})
		}
		return view, nil
	})
	return gen.GetLibrary200JSONResponse(view), err
}

func termsView(terms directory.LendingTerms) gen.LendingTerms {
	view := gen.LendingTerms{
		Known: terms.Known, Lends: terms.Lends, Formats: []string{}, LoanDays: terms.LoanDays,
		Renewals: terms.Renewals, Fee: terms.Fee, FreeInState: terms.FreeInState, PausedFrom: terms.PausedFrom, PausedUntil: terms.PausedUntil,
	}
	for _, format := range terms.Formats {
		view.Formats = append(view.Formats, string(format))
	}
	return view
}

// ExplainPolicy asks the policy about one patron and one act.
func (a Administration) ExplainPolicy(ctx context.Context, request gen.ExplainPolicyRequestObject) (gen.ExplainPolicyResponseObject, error) {
	in := *request.Body
	view, err := pipeline.Read(ctx, a.Base, func(ctx context.Context, t *pipeline.Turn) (gen.Decision, error) {
		if in.At.IsZero() {
			in.At = t.Now()
		}
		library, err := t.Home(ctx)
		if err != nil {
			return gen.Decision{}, err
		}
		document, err := a.ruling(library, in)
		if err != nil {
			return gen.Decision{}, err
		}
		var heard []rule.Attribute
		about := asked{library: library, document: document.Listening(func(one rule.Attribute) { heard = append(heard, one) })}
		var decision policy.Decision
		if in.PatronID == broker.NoID {
			decision, err = explainNobody(about, in)
		} else if _, about.patron, err = t.Patron(ctx, in.PatronID); err == nil {
			decision, err = a.explain(ctx, t, about, in)
		}
		view := decisionView(decision, document.Zone())
		view.Checks = checksView(decision, heard)
		return view, err
	})
	return gen.ExplainPolicy200JSONResponse(view), err
}

// ruling is the policy that is asked: the one in force, or the one that is named.
func (a Administration) ruling(library directory.Library, in gen.Explain) (*policy.Document, error) {
	if in.Policy == "" {
		return a.Policies.At(library, in.At)
	}
	return a.Published.Register().Named(in.Policy, library.Today(in.At))
}

// checksView are the values that were asked, each with whether it speaks against
// the act.
func checksView(decision policy.Decision, heard []rule.Attribute) []gen.PolicyCheck {
	refused := map[string]bool{}
	for _, reason := range decision.Reasons {
		refused[reason.Rule] = true
	}
	checks := []gen.PolicyCheck{}
	for _, one := range heard {
		checks = append(checks, gen.PolicyCheck{Asked: ruleView(one), Passed: !refused[one.Rule]})
	}
	return checks
}

func decisionView(decision policy.Decision, zone *time.Location) gen.Decision {
	return gen.Decision{
		Allowed: decision.Allowed, Question: decision.Question, Rule: decision.Rule, Source: decision.Source,
		Reasons: append([]broker.Reason{}, decision.Reasons...), Notes: append([]broker.Reason{}, decision.Notes...), Lines: decision.Lines(zone),
	}
}

// explainNobody answers about somebody without a card, about whom only a public
// computer can be asked.
func explainNobody(about asked, in gen.Explain) (policy.Decision, error) {
	if in.Act != gen.ExplainActComputer {
		return policy.Decision{}, broker.Invalid(broker.FieldError{Pointer: "/patron_id", Code: "required", Message: "is required for " + string(in.Act)})
	}
	return blocks.MayUseComputer(about.document, policy.Moment{Now: in.At, Calendar: about.library.Calendar}, blocks.ComputerUse{}), nil
}

// asked says which patron a question is about and whose policy answers it.
type asked struct {
	library  directory.Library
	patron   patrons.Ref
	document *policy.Document
}

func (a Administration) explain(ctx context.Context, t *pipeline.Turn, about asked, in gen.Explain) (policy.Decision, error) {
	moment := policy.Moment{Now: in.At, Calendar: about.library.Calendar}
	standing, err := standing.Of(ctx, t.Tx, standing.Desk{Library: about.library, Now: in.At}, about.patron)
	if err != nil {
		return policy.Decision{}, err
	}
	facts := standing.Facts(about.library.Today(in.At))
	bearer := policy.BearerHolder
	if in.ByOther {
		bearer = policy.BearerOther
	}
	switch in.Act {
	case gen.ExplainActComputer:
		return blocks.MayUseComputer(about.document, moment, blocks.ComputerUse{Patron: &facts, Bearer: bearer}), nil
	case gen.ExplainActSignForMinor:
		return blocks.MayAct(about.document, moment, rule.ActionSignForMinor, facts), nil
	case gen.ExplainActClaim:
		return explainClaim(ctx, t, about, in)
	case gen.ExplainActCheckout:
		return lending.MayCheckOut(about.document, moment, lending.Checkout{Bearer: bearer, Patron: facts, Owner: rule.OwnerOwn, Item: string(formatOr(in.Citation.Format)), Lendable: true}), nil
	case gen.ExplainActHold:
		open, err := holds.Of(ctx, t.Tx, about.patron)
		if err != nil {
			return policy.Decision{}, err
		}
		return shelf.MayPlaceHold(about.document, moment, shelf.HoldRequest{
			Patron: facts, Owner: rule.OwnerOwn,
			Format: formatOr(in.Citation.Format), OpenHolds: len(open),
		}), nil
	case gen.ExplainActRenew:
		return explainRenewal(ctx, t, about, in, facts)
	case gen.ExplainActRequest:
	}
	outlook, err := a.Requests.Preview(ctx, t.Tx, in.At, t.Caller.Actor(), requests.Submission{
		Library: about.library.ID, Patron: about.patron.ID, Citation: in.Citation, Policy: about.document,
	})
	return outlook.Decision, err
}

func formatOr(format broker.Format) broker.Format {
	if format == "" {
		return broker.FormatBook
	}
	return format
}

// loan gives the loan a question names, which must be one of the patron's.
func (a asked) loan(ctx context.Context, t *pipeline.Turn, in gen.Explain) (loans.Loan, error) {
	if in.LoanID == broker.NoID {
		return loans.Loan{}, broker.Invalid(broker.FieldError{Pointer: "/loan_id", Code: "required", Message: "is required for " + string(in.Act)})
	}
	loan, err := loans.ByID(ctx, t.Tx, loans.Ref{Library: a.library.ID, ID: in.LoanID})
	if err == nil && loan.Patron != a.patron {
		err = broker.NotFound("loan of this patron")
	}
	return loan, err
}

// explainClaim asks as if staff had looked on the shelves.
func explainClaim(ctx context.Context, t *pipeline.Turn, about asked, in gen.Explain) (policy.Decision, error) {
	loan, err := about.loan(ctx, t, in)
	if err != nil {
		return policy.Decision{}, err
	}
	decision, err := returns.MayClaim(ctx, t.Tx, about.document, returns.MakeClaim{
		Desk: standing.Desk{Library: about.library, Now: in.At}, Loan: loan.Ref, ShelfChecked: true, ByGuardian: in.ByGuardian,
	})
	return decision.Decision, err
}

func explainRenewal(ctx context.Context, t *pipeline.Turn, about asked, in gen.Explain, facts policy.Patron) (policy.Decision, error) {
	loan, err := about.loan(ctx, t, in)
	if err != nil {
		return policy.Decision{}, err
	}
	return lending.MayAskRenewal(about.document, policy.Moment{Now: in.At, Calendar: about.library.Calendar}, lending.Renewal{
		Patron: facts, Owner: loan.Terms.Owner, Item: loan.Terms.Item, Due: loan.DueOn, Renewals: loan.Renewals,
	}).Decision, nil
}

// GetWorkflow gives the state tables as they are enforced.
func (a Administration) GetWorkflow(context.Context, gen.GetWorkflowRequestObject) (gen.GetWorkflowResponseObject, error) {
	var view gen.Workflow
	for _, table := range workflow.Tables() {
		view.Tables = append(view.Tables, table.Describe())
	}
	return gen.GetWorkflow200JSONResponse(view), nil
}
