package requests

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/ill"
	"afield/broker/policy/rule"
	"afield/broker/policy/shelf"
	"afield/broker/postgres"
	"afield/workflow"
	"afield/workflow/routing"
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
}

// submission is what the checks look at.
type submission struct {
	patron   broker.ID
	request  broker.ID // left out of the counts
	title    *broker.ID
	citation broker.Citation
	rush     bool
	channel  rule.Channel
	digits   int
	pin      bool
	now      time.Time
	// ownedChecked is set when own and shared copies were tried already.
	ownedChecked bool
	// asHold is set when a copy on the shelves of filler serves.
	asHold       bool
	filler       broker.ID
	owned        bool
	ownedInGroup bool
}

// Submit stores a request and runs it as far as it goes without waiting for
// anybody: checks, rota, and the first lender asked. A refusal stores nothing
// and gives every reason, unless staff say to store it for review.
func (s *Service) Submit(ctx context.Context, tx *postgres.Tx, now time.Time, actor broker.Actor, in Submission) (*Request, error) {
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
	request, checks, err := s.prepare(ctx, tx, now, actor, library, in)
	if err != nil {
		return nil, err
	}
	decision, err := s.maySubmit(ctx, tx, library, doc, checks)
	if err != nil {
		return nil, err
	}
	reasons := decision.Reasons
	if request.Service == "copy" {
		more, err := s.declareCopyright(ctx, tx, now, library, doc, request)
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
	if err := insert(tx, request, now, actor, Cause{Kind: "api"}, facts); err != nil {
		return nil, err
	}
	s.needBy(tx, library, request)
	firing := Firing{
		Library: in.Library, Request: request.ID, Event: workflow.EventChecksPassed, By: workflow.BySystem,
		Actor: broker.System(in.Library), Cause: Cause{Kind: "rule", ID: "submit"},
	}
	if len(reasons) > 0 {
		firing.Event, firing.Data = workflow.EventNeedsPerson, map[string]any{"reasons": reasons}
	}
	fired, err := s.Fire(ctx, tx, now, firing)
	if err != nil {
		return nil, err
	}
	if in.Note != "" {
		if err := AddNote(tx, in.Library, request.ID, "staff", in.Note, actor, now); err != nil {
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
	if !in.NeedBy.IsZero() && in.NeedBy.Before(library.Today(now)) {
		wrong = append(wrong, broker.FieldError{Pointer: "/need_by", Code: "in_the_past", Message: "must be today or later"})
	}
	if in.MaxCost != nil && in.MaxCost.Currency != library.Currency {
		wrong = append(wrong, broker.FieldError{Pointer: "/max_cost/currency", Code: "wrong_currency", Message: "must be " + library.Currency})
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
// first, so that the last of three places cannot be taken twice.
func (s *Service) prepare(ctx context.Context, tx *postgres.Tx, now time.Time, actor broker.Actor, library *directory.Lender, in Submission) (*Request, submission, error) {
	var patron patrons.Patron
	patrons.AskLocked(tx, patrons.Ref{Library: in.Library, ID: in.Patron}, &patron)
	if err := tx.Flush(ctx); err != nil {
		return nil, submission{}, err
	}
	if patron.ID == broker.NoID {
		return nil, submission{}, broker.NotFound("patron")
	}
	number, err := nextNumber(ctx, tx)
	if err != nil {
		return nil, submission{}, err
	}
	by, err := json.Marshal(actor)
	if err != nil {
		return nil, submission{}, fmt.Errorf("write an actor: %w", err)
	}
	request := &Request{
		LibraryID: in.Library, ID: broker.NewID(), Number: number, Side: workflow.SideBorrowing, State: workflow.Submitted, Version: 1,
		Owner: "system", Citation: in.Citation, Format: in.Citation.Format, Service: in.Service, Rush: in.Rush, NeedBy: in.NeedBy,
		PatronID: &in.Patron, SubmittedBy: by, SubmittedAt: now, Currency: library.Currency,
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
		return nil, submission{}, err
	}
	if err := s.title(ctx, tx, request, in.Title); err != nil {
		return nil, submission{}, err
	}
	checks := submission{
		patron: in.Patron, request: request.ID, title: request.TitleID, citation: request.Citation, rush: in.Rush,
		channel: in.channelFrom(actor), digits: in.CardDigits, pin: in.PINGiven, now: now,
	}
	if err := s.ownCopies(ctx, tx, library, request, &checks); err != nil {
		return nil, submission{}, err
	}
	return request, checks, nil
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

func (s *Service) branch(ctx context.Context, tx *postgres.Tx, request *Request, wanted broker.ID, patron patrons.Patron) error {
	branches, err := directory.Branches(ctx, tx, request.LibraryID)
	if err != nil {
		return err
	}
	for _, branch := range branches {
		if branch.ID == wanted || (wanted == broker.NoID && (branch.ID == patron.Branch || len(branches) == 1)) {
			id := branch.ID
			request.PickupBranchID = &id
			return nil
		}
	}
	if wanted != broker.NoID {
		return broker.Invalid(broker.FieldError{Pointer: "/pickup_branch_id", Code: "not_a_branch", Message: "must be a branch of this library"})
	}
	if len(branches) > 0 {
		id := branches[0].ID
		request.PickupBranchID = &id
	}
	return nil
}

func (s *Service) title(ctx context.Context, tx *postgres.Tx, request *Request, wanted broker.ID) error {
	if wanted != broker.NoID {
		title, err := catalog.LoadTitle(ctx, tx, wanted)
		if err != nil {
			return err
		}
		request.TitleID = &title.ID
		if request.Citation.Title == "" {
			request.Citation.Title, request.Citation.Author = title.Title, title.Author
		}
		return nil
	}
	id, found, err := catalog.MatchCitation(ctx, tx, request.Citation)
	if err != nil || !found {
		return err
	}
	request.TitleID = &id
	if request.Citation.Title == "" {
		title, err := catalog.LoadTitle(ctx, tx, id)
		if err != nil {
			return err
		}
		request.Citation.Title, request.Citation.Author = title.Title, title.Author
	}
	return nil
}

// ownCopies tells whether a hold serves instead of an interlibrary loan: a copy
// at home or in the shared catalogue that a hold tier reaches.
func (s *Service) ownCopies(ctx context.Context, tx *postgres.Tx, library *directory.Lender, request *Request, checks *submission) error {
	if request.TitleID == nil || request.Service == "copy" {
		return nil
	}
	query, err := s.finder.NewQuery(ctx, tx, library.ID)
	if err != nil {
		return err
	}
	query.Request, query.Format, query.Service, query.Now = request.ID, request.Format, request.Service, checks.now
	doc, err := s.policies.At(library.Library, checks.now)
	if err != nil {
		return err
	}
	query.FollowPolicy(doc, at(checks.now, library), "")
	candidates, err := s.finder.FindCandidates(ctx, tx, query, *request.TitleID, nil)
	if err != nil {
		return err
	}
	for _, entry := range routing.Rank(query, candidates).Entries {
		if entry.Fulfilment == directory.FulfilHold {
			checks.asHold, checks.filler = true, entry.Lender
			return nil
		}
	}
	for _, candidate := range candidates {
		if candidate.Holder == nil || candidate.Holder.Lendable == 0 {
			continue
		}
		checks.owned = checks.owned || candidate.ID == library.ID
		checks.ownedInGroup = checks.ownedInGroup || (candidate.ID != library.ID && candidate.SharingGroup == library.SharingGroup)
	}
	return nil
}

// maySubmit asks the policy, with the counts that only the database knows.
func (s *Service) maySubmit(ctx context.Context, tx *postgres.Tx, library *directory.Lender, doc *policy.Document, in submission) (ill.SubmitDecision, error) {
	ref := patrons.Ref{Library: library.ID, ID: in.patron}
	standing, err := circulation.StandingOf(ctx, tx, circulation.Desk{Library: library.Library, Now: in.now}, ref)
	if err != nil {
		return ill.SubmitDecision{}, err
	}
	var activeCount int
	var same bool
	err = tx.QueryRow(ctx, `select
			count(*) filter (where state = any ($4) and coalesce(fulfilment, 'ill') <> 'hold')::int,
			coalesce(bool_or(($5::uuid is not null and title_id = $5)
				or ($8 <> '' and citation ->> 'isbn' = $8)
				or (title_id is null and $5::uuid is null and $6 <> '' and lower(citation ->> 'title') = lower($6)
					and lower(coalesce(citation ->> 'author', '')) = lower($7))), false)
		from requests where library_id = $1 and patron_id = $2 and id <> $3 and side = 'borrowing' and closed_at is null`,
		library.ID, in.patron, in.request, ill.ActiveStates(doc, standing.Patron.Class), in.title, in.citation.Title, in.citation.Author, in.citation.ISBN).Scan(&activeCount, &same)
	if err != nil {
		return ill.SubmitDecision{}, fmt.Errorf("count the patron's requests: %w", err)
	}
	hold, err := in.hold(ctx, tx, ref)
	if err != nil {
		return ill.SubmitDecision{}, err
	}
	return ill.MaySubmitILL(doc, at(in.now, library), ill.Submission{
		Patron: standing.Facts(library.Today(in.now)), Channel: in.channel, CardDigits: in.digits, PINGiven: in.pin, Format: in.citation.Format,
		ActiveRequests: activeCount, OwnedHere: in.owned && !in.ownedChecked, OwnedInGroup: in.ownedInGroup && !in.ownedChecked,
		SameTitle: same, Rush: in.rush, AsHold: in.asHold, Hold: hold,
	}), nil
}

// hold reads what is asked of a hold, where one will serve: a request passes the
// same rules as a hold placed at the desk.
func (in submission) hold(ctx context.Context, tx *postgres.Tx, patron patrons.Ref) (shelf.HoldRequest, error) {
	if !in.asHold || in.title == nil {
		return shelf.HoldRequest{}, nil
	}
	facts, err := circulation.HoldFactsOf(ctx, tx, patron, in.filler, *in.title, broker.NoID)
	if err != nil {
		return shelf.HoldRequest{}, err
	}
	owner := rule.OwnerConsortium
	if in.filler == patron.Library {
		owner = rule.OwnerOwn
	}
	return shelf.HoldRequest{
		Owner: owner, Item: facts.Type, State: facts.State, OpenHolds: facts.OpenHolds, SameTitle: facts.SameTitle,
	}, nil
}

// declareCopyright records under which rule a copy is asked for: so many a year
// from the recent issues of one periodical, the rest under the law itself. It
// gives the reasons why a person must decide first.
func (s *Service) declareCopyright(ctx context.Context, tx *postgres.Tx, now time.Time, library *directory.Lender, doc *policy.Document, request *Request) ([]broker.Reason, error) {
	today := library.Today(now)
	var copies int
	err := tx.QueryRow(ctx, `select count(*)::int from requests where library_id = $1 and side = 'borrowing' and service = 'copy'
			and state not in ('unfilled', 'cancelled', 'expired') and submitted_at >= $2
			and citation ->> 'issn' <> '' and citation ->> 'issn' = $3`,
		library.ID, broker.NewDate(today.Year(), time.January, 1).Start(library.Zone), request.Citation.ISSN).Scan(&copies)
	if err != nil {
		return nil, fmt.Errorf("count copies of a periodical: %w", err)
	}
	decision := ill.Copyright(doc, at(now, library), ill.Article{Year: yearOf(request.Citation.Year), CopiesThisYear: copies})
	if decision.Declare != "" {
		request.Copyright = &decision.Declare
	}
	return decision.Reasons, nil
}

// needBy starts the clock of a request that is wanted by a date.
func (s *Service) needBy(tx *postgres.Tx, library *directory.Lender, request *Request) {
	if request.NeedBy.IsZero() {
		return
	}
	tx.Queue(`insert into deadlines (library_id, request_id, kind, event, due_at) values ($1, $2, 'need_by', $3, $4)`,
		request.LibraryID, request.ID, string(workflow.EventNeedByPassed), request.NeedBy.End(library.Zone))
}

// AddNote writes a note; audience is "staff", "patron" or "lender".
func AddNote(tx *postgres.Tx, library, request broker.ID, audience, text string, actor broker.Actor, now time.Time) error {
	by, err := json.Marshal(actor)
	if err != nil {
		return fmt.Errorf("write an actor: %w", err)
	}
	tx.Queue(`insert into request_notes (library_id, request_id, id, audience, text, actor, at) values ($1, $2, $3, $4, $5, $6, $7)`,
		library, request, broker.NewID(), audience, text, by, now)
	return nil
}

func yearOf(text string) int {
	year := 0
	if _, err := fmt.Sscanf(text, "%4d", &year); err != nil {
		return 0
	}
	return year
}
