package requests

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/workflow"
	"afield/workflow/requests/checks"
	"afield/workflow/requests/engine"
)

// Submission is what staff or a patron ask for.
type Submission struct {
	Library  broker.ID
	Patron   broker.ID
	Citation broker.Citation
	// Title is given when the asker picked one from the catalogue.
	Title   broker.ID
	Service string // "loan" (also when empty) or "copy"
	NeedBy  broker.Date
	// MaxCost is the patron's ceiling; nil when nothing was said.
	MaxCost *broker.Money
	Rush    bool
	// PickupBranch is where the patron will fetch it; NoID for the only branch.
	PickupBranch broker.ID
	// Channel is how the request reached the staff who enter it; empty is in person.
	Channel rule.Channel
	// CardDigits and PINGiven describe how a patron signed in.
	CardDigits int
	PINGiven   bool
	// AskAnyway lets staff store a request that the rules refuse, for a person
	// to decide (needs_review).
	AskAnyway bool
	// Note is for staff.
	Note string
	// Policy is what a preview asks instead of the policy in force; nil for that.
	Policy *policy.Document
}

// Submit stores a request and runs it as far as it goes without waiting for
// anybody: checks, rota, and the first lender asked. A refusal stores nothing
// and gives every reason, unless staff say to store it for review.
func (s *Service) Submit(ctx context.Context, tx *postgres.Tx, now time.Time, actor broker.Actor, in Submission) (*engine.Request, error) {
	library, err := s.library(ctx, tx, in.Library)
	if err != nil {
		return nil, err
	}
	doc, err := s.policies.At(library.Library, now)
	if err != nil {
		return nil, err
	}
	if err := in.check(library, now); err != nil {
		return nil, err
	}
	request, asked, err := s.prepare(ctx, tx, now, actor, library, doc, in)
	if err != nil {
		return nil, err
	}
	decision, err := checks.MaySubmit(ctx, tx, library, doc, asked)
	if err != nil {
		return nil, err
	}
	reasons := decision.Reasons
	if request.Service == "copy" {
		more, err := checks.DeclareCopyright(ctx, tx, now, s.Table(workflow.SideBorrowing), library, doc, request)
		if err != nil {
			return nil, err
		}
		reasons = append(reasons, more...)
	}
	if len(reasons) > 0 && (!in.AskAnyway || actor.Kind != broker.ActorStaff) {
		return nil, broker.Refused("request_refused", "The request cannot be made as it stands.", reasons...)
	}
	request.ILLChecked = decision.Allowed && decision.CountsAsILL
	facts := map[string]any{"format": request.Format, "service": request.Service}
	if err := s.engine.Begin(ctx, tx, now, request, actor, engine.Cause{Kind: "api"}, facts); err != nil {
		return nil, err
	}
	firing := engine.Firing{
		Library: in.Library, Request: request.ID, Event: workflow.EventChecksPassed, By: workflow.BySystem,
		Actor: broker.System(in.Library), Cause: engine.Cause{Kind: "rule", ID: "submit"},
	}
	if len(reasons) > 0 {
		firing.Event, firing.Data = workflow.EventNeedsPerson, map[string]any{"reasons": reasons}
	}
	fired, err := s.Fire(ctx, tx, now, firing)
	if err != nil {
		return nil, err
	}
	if in.Note != "" {
		if _, err := engine.AddNote(tx, in.Library, request.ID, string(ToStaff), in.Note, actor, now); err != nil {
			return nil, err
		}
	}
	return fired[0].Request, nil
}

func (in Submission) check(library *directory.Lender, now time.Time) error {
	var wrong []broker.FieldError
	if in.Citation.Title == "" && in.Citation.ISBN == "" && in.Citation.OCLC == "" && in.Title == broker.NoID {
		wrong = append(wrong, broker.FieldError{Pointer: "/citation/title", Code: "required", Message: "say at least a title, an ISBN or an OCLC number"})
	}
	if in.Citation.ISBN != "" && broker.NormalISBN(in.Citation.ISBN) == "" {
		wrong = append(wrong, broker.FieldError{Pointer: "/citation/isbn", Code: "wrong_isbn", Message: "is not a valid ISBN-10 or ISBN-13 (a digit may be mistyped)"})
	}
	if in.Citation.ISSN != "" && broker.NormalISSN(in.Citation.ISSN) == "" {
		wrong = append(wrong, broker.FieldError{Pointer: "/citation/issn", Code: "wrong_issn", Message: "is not a valid ISSN such as 0028-0836 (a digit may be mistyped)"})
	}
	if in.Citation.DOI != "" && broker.NormalDOI(in.Citation.DOI) == "" {
		wrong = append(wrong, broker.FieldError{Pointer: "/citation/doi", Code: "wrong_doi", Message: "is not a DOI; one is written 10.1000/182"})
	}
	if in.Citation.PMID != "" && broker.NormalPMID(in.Citation.PMID) == "" {
		wrong = append(wrong, broker.FieldError{Pointer: "/citation/pmid", Code: "wrong_pmid", Message: "is not a number of PubMed: up to nine digits"})
	}
	if !in.NeedBy.IsZero() && in.NeedBy.Before(library.Today(now)) {
		wrong = append(wrong, broker.FieldError{Pointer: "/need_by", Code: "in_the_past", Message: "must be today or later"})
	}
	if in.MaxCost != nil {
		wrong = append(wrong, library.Takes("/max_cost/currency", *in.MaxCost)...)
	}
	if in.MaxCost != nil && in.MaxCost.Minor < 0 {
		wrong = append(wrong, broker.FieldError{Pointer: "/max_cost/minor", Code: "negative", Message: "must not be negative"})
	}
	if len(wrong) > 0 {
		return broker.Invalid(wrong...)
	}
	return nil
}

// prepare fills a request row and the facts for its checks. It locks the patron
// first, so that two submissions at once cannot both be the last that a limit
// allows.
func (s *Service) prepare(ctx context.Context, tx *postgres.Tx, now time.Time, actor broker.Actor, library *directory.Lender, doc *policy.Document, in Submission) (*engine.Request, checks.Submission, error) {
	var patron patrons.Patron
	patrons.AskLocked(tx, patrons.Ref{Library: in.Library, ID: in.Patron}, &patron)
	if err := tx.Flush(ctx); err != nil {
		return nil, checks.Submission{}, err
	}
	if patron.ID == broker.NoID {
		return nil, checks.Submission{}, broker.NotFound("patron")
	}
	number, err := engine.NextNumber(ctx, tx)
	if err != nil {
		return nil, checks.Submission{}, err
	}
	by, err := json.Marshal(actor)
	if err != nil {
		return nil, checks.Submission{}, fmt.Errorf("write an actor: %w", err)
	}
	request := &engine.Request{
		LibraryID: in.Library, ID: broker.NewID(), Number: number, Side: workflow.SideBorrowing, State: workflow.Borrowing.Start, Version: 1,
		Owner: workflow.OwnerSystem, Citation: in.Citation.Normal(), Format: in.Citation.Format, Service: in.Service, Rush: in.Rush, NeedBy: in.NeedBy,
		PatronID: in.Patron, PatronClass: patron.Class, PatronBornOn: patron.BornOn, SubmittedBy: by, SubmittedAt: now, Currency: library.Currency,
	}
	if request.Format == "" {
		request.Format = broker.FormatBook
	}
	if request.Service == "" {
		request.Service = "loan"
		if !request.Format.Returnable() {
			request.Service = "copy"
		}
	}
	if in.MaxCost != nil {
		request.MaxCostMinor = &in.MaxCost.Minor
	}
	if err := s.branch(ctx, tx, request, in.PickupBranch, patron); err != nil {
		return nil, checks.Submission{}, err
	}
	if err := s.title(ctx, tx, request, in.Title); err != nil {
		return nil, checks.Submission{}, err
	}
	asked := checks.Submission{
		Patron: in.Patron, Request: request.ID, Title: request.TitleID, Citation: request.Citation, Rush: in.Rush,
		Channel: in.channelFrom(actor), CardDigits: in.CardDigits, PINGiven: in.PINGiven, Now: now,
	}
	if err := checks.OwnCopies(ctx, tx, s.finder, library, doc, request, &asked); err != nil {
		return nil, checks.Submission{}, err
	}
	return request, asked, nil
}

// channelFrom tells how the request came: online from a patron, else as staff say.
func (in Submission) channelFrom(actor broker.Actor) rule.Channel {
	switch {
	case actor.Kind == broker.ActorPatron:
		return rule.ByOnline
	case in.Channel != "":
		return in.Channel
	}
	return rule.ByStaff
}

func (s *Service) branch(ctx context.Context, tx *postgres.Tx, request *engine.Request, wanted broker.ID, patron patrons.Patron) error {
	branches, err := directory.Branches(ctx, tx, request.LibraryID)
	if err != nil {
		return err
	}
	for _, branch := range branches {
		if branch.ID == wanted || (wanted == broker.NoID && (branch.ID == patron.Branch || len(branches) == 1)) {
			id := branch.ID
			request.PickupBranchID = id
			return nil
		}
	}
	if wanted != broker.NoID {
		return broker.Invalid(broker.FieldError{Pointer: "/pickup_branch_id", Code: "not_a_branch", Message: "must be a branch of this library"})
	}
	if len(branches) > 0 {
		id := branches[0].ID
		request.PickupBranchID = id
	}
	return nil
}

func (s *Service) title(ctx context.Context, tx *postgres.Tx, request *engine.Request, wanted broker.ID) error {
	if wanted != broker.NoID {
		title, err := catalog.LoadTitle(ctx, tx, wanted)
		if err != nil {
			return err
		}
		request.TitleID = title.ID
		if request.Citation.Title == "" {
			request.Citation.Title, request.Citation.Author = title.Title, title.Author
		}
		return nil
	}
	library, err := s.library(ctx, tx, request.LibraryID)
	if err != nil {
		return err
	}
	id, found, err := catalog.MatchCitation(ctx, tx, library.SharingGroup, request.Citation)
	if err != nil || !found {
		return err
	}
	request.TitleID = id
	if request.Citation.Title == "" {
		title, err := catalog.LoadTitle(ctx, tx, id)
		if err != nil {
			return err
		}
		request.Citation.Title, request.Citation.Author = title.Title, title.Author
	}
	return nil
}
