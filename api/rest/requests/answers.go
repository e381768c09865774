package requests

import (
	"context"
	"encoding/json"
	"fmt"

	"afield/api/gen"
	"afield/api/rest/views"
	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/requests"
)

// GetAsked shows a lender without a system what it is asked.
func (r Requests) GetAsked(ctx context.Context, request gen.GetAskedRequestObject) (gen.GetAskedResponseObject, error) {
	view, err := r.byLink(ctx, request.Token, func(context.Context, *postgres.Tx, requests.Asking) (string, error) { return "", nil })
	return gen.GetAsked200JSONResponse(view), err
}

// AnswerAsked takes what a lender without a system answers.
func (r Requests) AnswerAsked(ctx context.Context, request gen.AnswerAskedRequestObject) (gen.AnswerAskedResponseObject, error) {
	view, err := r.byLink(ctx, request.Token, func(ctx context.Context, tx *postgres.Tx, asking requests.Asking) (string, error) {
		said := requests.Answering{Asking: asking, Answer: request.Body.Answer, Body: map[string]json.RawMessage{}, Key: request.Params.IdempotencyKey}
		for name, value := range request.Body.Form {
			raw, err := json.Marshal(value)
			if err != nil {
				return "", fmt.Errorf("read an answer's form: %w", err)
			}
			said.Body[name] = raw
		}
		taken, err := r.Requests.Answer(ctx, tx, r.Clock.Now(), said)
		return taken.Outcome, err
	})
	return gen.AnswerAsked200JSONResponse(view), err
}

// byLink lets in whoever has a link of ours that works and whose lender is still
// reached by mail, does what they want, and shows the request as it stands then.
func (r Requests) byLink(ctx context.Context, token string, do func(context.Context, *postgres.Tx, requests.Asking) (outcome string, err error)) (view gen.Asked, err error) {
	link, err := r.Links.Read(token, r.Clock.Now())
	if err != nil {
		return view, err
	}
	asking := requests.Asking{Library: link.Library, Lender: link.Lender, Entry: link.Ask}
	err = r.DB.InTx(ctx, postgres.ForLibraries(link.Library), func(ctx context.Context, tx *postgres.Tx) error {
		peer, err := directory.LoadPeer(ctx, tx, nil, link.Lender)
		if err != nil {
			return err
		}
		if peer.Protocol != directory.ProtocolEmail {
			return broker.NotFound("link")
		}
		outcome, err := do(ctx, tx, asking)
		if err != nil {
			return err
		}
		asked, err := r.Requests.Asked(ctx, tx, r.Clock.Now(), asking)
		if err != nil {
			return err
		}
		view = askedView(asked, link)
		view.Outcome = outcome
		return nil
	})
	return view, err
}

func askedView(asked requests.Asked, link connectors.Link) gen.Asked {
	of, entry := asked.Request, asked.Entry
	names := map[broker.ID]requests.Name{link.Library: asked.Borrower, link.Lender: asked.Lender}
	view := gen.Asked{
		Borrower: views.Library(link.Library, names), Lender: views.Library(link.Lender, names), Number: of.Number, Citation: of.Citation, Service: of.Service,
		Rush: of.Rush, NeedBy: of.NeedBy, AnswerBy: asked.AnswerBy, Today: asked.Today, Until: link.Until.UTC(), Current: asked.Current,
		Status: string(entry.Status), Said: entry.Answer, Currency: of.Currency,
	}
	if of.MaxCostMinor != nil {
		view.MaxCost = broker.Money{Minor: *of.MaxCostMinor, Currency: of.Currency}
	}
	if asked.Current {
		view.Due = of.LenderDueOn
	}
	var actions []workflow.Action
	for _, answer := range asked.Answers {
		action := workflow.Action{Name: workflow.Event(answer.Name), Label: answer.Label, Form: answer.Form}
		if answer.Event() == workflow.EventWillSupply || answer.Event() == workflow.EventConditional {
			action.Undo = workflow.Undo{Kind: workflow.UndoBy, Event: "no"}
		}
		actions = append(actions, action)
	}
	if len(actions) > 0 {
		actions[0].First = true
	}
	view.Answers = actionViews(actions)
	return view
}
