package requests

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/messages"
	"afield/workflow/requests/engine"
)

// Asking names one ask of one lender, as a signed link does: what is proved about
// whoever comes with it.
type Asking struct {
	Library, Lender broker.ID
	// Entry is the lender's place in the rota.
	Entry broker.ID
}

// Asked is a request as the lender that is asked may see it: nothing of the patron,
// nothing of other lenders.
type Asked struct {
	Borrower, Lender Name
	Request          *engine.Request
	Entry            *engine.RotaEntry
	// Today is the borrower's local day, AnswerBy that by which an answer is awaited;
	// zero where none is.
	Today    broker.Date
	AnswerBy broker.Date
	zone     *time.Location
	// Current tells that the request depends on this lender.
	Current bool
	// Answers are what the lender can say now.
	Answers []workflow.Answer
}

// Day gives the borrower's local day of an instant.
func (a Asked) Day(at time.Time) broker.Date { return broker.DateIn(at, a.zone) }

// Asked reads an ask. One that was never made, or whose lender is another, is not
// found.
func (s *Service) Asked(ctx context.Context, tx *postgres.Tx, now time.Time, asking Asking) (Asked, error) {
	view := Asked{}
	var request broker.ID
	err := tx.QueryRow(ctx, `select request_id from rota_entries where library_id = $1 and id = $2 and lender_id = $3 and asked_at is not null`,
		asking.Library, asking.Entry, asking.Lender).Scan(&request)
	if errors.Is(err, pgx.ErrNoRows) {
		return view, broker.NotFound("request")
	}
	if err != nil {
		return view, fmt.Errorf("find an ask: %w", err)
	}
	whole, err := s.Look(ctx, tx, now, Viewer{Library: asking.Library}, request, workflow.SideBorrowing)
	if err != nil {
		return view, err
	}
	view.Request, view.Borrower, view.Lender = whole.Request, whole.Names[asking.Library], whole.Names[asking.Lender]
	for _, entry := range whole.Rota {
		if entry.ID == asking.Entry {
			view.Entry = entry
		}
	}
	view.Current = view.Entry.Active
	library, err := s.library(ctx, tx, asking.Library)
	if err != nil {
		return view, err
	}
	view.zone = library.Zone
	view.Today = library.Today(now)
	if view.Current && whole.Deadline != nil && whole.Deadline.Kind == string(workflow.DeadlineAnswer) {
		view.AnswerBy = library.Today(whole.Deadline.DueAt)
	}
	view.Answers, err = s.answersTo(ctx, tx, now, whole, view.Entry)
	return view, err
}

// answersTo lists what a lender can say to a request as it stands, by the table's
// rows for lenders and their guards.
func (s *Service) answersTo(ctx context.Context, tx *postgres.Tx, now time.Time, whole View, entry *engine.RotaEntry) (can []workflow.Answer, err error) {
	c, err := s.engine.Case(ctx, tx, now, whole.Request, whole.Rota, whole.Volumes)
	if err != nil {
		return nil, err
	}
	open, err := s.engine.Available(ctx, c, workflow.ByLender)
	if err != nil {
		return nil, err
	}
	for _, answer := range workflow.Answers {
		fits := answer.Late && !entry.Active
		if whole.Request.RotaEntryID == entry.ID {
			fits = fits || slices.ContainsFunc(open, func(a workflow.Action) bool { return a.Name == answer.Event() })
		}
		if answer.Kind == connectors.KindCopyCompleted && whole.Request.Service != "copy" || answer.Kind == connectors.KindLoaned && whole.Request.Service == "copy" {
			fits = false
		}
		if fits {
			can = append(can, answer)
		}
	}
	return can, nil
}

// Answering is what a lender without a system says by its link.
type Answering struct {
	Asking
	Answer string
	// Body are the fields of the answer's form.
	Body map[string]json.RawMessage
	// Key makes sending twice harmless; where it is empty, the same answer with the
	// same fields counts once.
	Key string
}

// Answer takes what a lender says by its link, as a message like any other
// lender's: acted on, or noted and told where the request has moved on.
func (s *Service) Answer(ctx context.Context, tx *postgres.Tx, now time.Time, said Answering) (messages.Answer, error) {
	at := slices.IndexFunc(workflow.Answers, func(a workflow.Answer) bool { return a.Name == said.Answer })
	if at < 0 {
		return messages.Answer{}, broker.NotFound("answer " + said.Answer)
	}
	answer := workflow.Answers[at]
	input, err := workflow.Read(answer.Form, said.Body)
	if err != nil {
		return messages.Answer{}, err
	}
	message := answer.Say(input)
	if message.Kind == connectors.KindConditional && message.Conditions == "" && message.Cost == nil {
		return messages.Answer{}, broker.Invalid(broker.FieldError{Pointer: "/conditions", Code: "required", Message: "is needed, or what you charge"})
	}
	symbols, err := directory.SymbolsOf(ctx, tx, []broker.ID{said.Library, said.Lender})
	if err != nil {
		return messages.Answer{}, err
	}
	if len(symbols[said.Library]) == 0 || len(symbols[said.Lender]) == 0 {
		return messages.Answer{}, broker.NotFound("request")
	}
	message.Borrower, message.Lender = symbols[said.Library][0], symbols[said.Lender][0]
	message.RequestID, message.SentAt = said.Entry.String(), now
	body, err := json.Marshal(said.Body)
	if err != nil {
		return messages.Answer{}, fmt.Errorf("write an answer: %w", err)
	}
	hash := sha256.Sum256([]byte(said.Answer + "\n" + string(body)))
	named := said.Key
	if named == "" {
		named = string(hash[:])
	}
	id := sha256.Sum256([]byte(said.Entry.String() + "\n" + named))
	message.ID = "answer-" + hex.EncodeToString(id[:16])
	return s.Receive(ctx, tx, now, Incoming{Peer: said.Lender, Message: message, Hash: hash[:]})
}
