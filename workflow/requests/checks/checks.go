package checks

import (
	"context"
	"fmt"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/holds"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/ill"
	"afield/broker/policy/rule"
	"afield/broker/policy/shelf"
	"afield/broker/postgres"
	"afield/broker/standing"
	"afield/workflow"
	"afield/workflow/requests/engine"
	"afield/workflow/routing"
)

// Submission is a request that somebody wants to make.
type Submission struct {
	Patron broker.ID
	// Request is left out of the counts.
	Request  broker.ID
	Title    broker.ID
	Citation broker.Citation
	Rush     bool
	Channel  rule.Channel
	// CardDigits and PINGiven describe how the patron signed in.
	CardDigits int
	PINGiven   bool
	Now        time.Time
	// AsHold is set when a hold of a copy that Filler owns will do.
	AsHold bool
	Filler broker.ID
	// OwnedHere and OwnedInGroup say that there are copies here or in the
	// sharing group which no hold reaches.
	OwnedHere    bool
	OwnedInGroup bool
}

// OwnCopies tells whether a hold will do instead of an interlibrary loan: of a
// copy at home, or of one in the shared catalogue that a hold tier reaches.
func OwnCopies(ctx context.Context, tx *postgres.Tx, finder *routing.Finder, library *directory.Lender, doc *policy.Document, request *engine.Request, in *Submission) error {
	if request.TitleID == broker.NoID || request.Service == "copy" {
		return nil
	}
	query, err := finder.NewQuery(ctx, tx, library.ID)
	if err != nil {
		return err
	}
	query.Request, query.Format, query.Service, query.Now = request.ID, request.Format, request.Service, in.Now
	query.AnyEdition = catalog.AnyWillDo(request.Citation)
	query.FollowPolicy(doc, moment(in.Now, library), request.Asked(library.Today(in.Now)))
	candidates, err := finder.FindCandidates(ctx, tx, query, request.TitleID, nil)
	if err != nil {
		return err
	}
	for _, entry := range routing.Rank(query, candidates).Entries {
		if entry.Fulfilment == directory.FulfilHold {
			in.AsHold, in.Filler = true, entry.Lender
			return nil
		}
	}
	for _, candidate := range candidates {
		if candidate.Holder == nil || candidate.Holder.Lendable == 0 {
			continue
		}
		in.OwnedHere = in.OwnedHere || candidate.ID == library.ID
		in.OwnedInGroup = in.OwnedInGroup || (candidate.ID != library.ID && candidate.SharingGroup == library.SharingGroup)
	}
	return nil
}

// SamePart is Citation.Part as the database works it out of a request's citation.
const SamePart = `lower(case when coalesce(citation ->> 'part_title', citation ->> 'issue', citation ->> 'pages', citation ->> 'doi', citation ->> 'pmid') is null then ''
	else concat_ws('|', coalesce(citation ->> 'part_title', ''), coalesce(citation ->> 'issue', ''), coalesce(citation ->> 'pages', ''),
		coalesce(citation ->> 'doi', ''), coalesce(citation ->> 'pmid', ''), coalesce(citation ->> 'volume', '')) end)`

// MaySubmit asks the policy, with the counts that only the database knows.
func MaySubmit(ctx context.Context, tx *postgres.Tx, library *directory.Lender, doc *policy.Document, in Submission) (ill.SubmitDecision, error) {
	ref := patrons.Ref{Library: library.ID, ID: in.Patron}
	standing, err := standing.Of(ctx, tx, standing.Desk{Library: library.Library, Now: in.Now}, ref)
	if err != nil {
		return ill.SubmitDecision{}, err
	}
	facts := standing.Facts(library.Today(in.Now))
	var activeCount int
	var same bool
	err = tx.QueryRow(ctx, `select
			count(*) filter (where state = any ($4) and coalesce(fulfilment, 'ill') <> 'hold')::int,
			coalesce(bool_or(state = any ($9) and `+SamePart+` = lower($10) and (($5::uuid is not null and title_id = $5)
				or ($8 <> '' and citation ->> 'isbn' = $8)
				or (title_id is null and $5::uuid is null and $6 <> '' and lower(citation ->> 'title') = lower($6)
					and lower(coalesce(citation ->> 'author', '')) = lower($7)))), false)
		from requests where library_id = $1 and patron_id = $2 and id <> $3 and side = 'borrowing' and closed_at is null`,
		library.ID, in.Patron, in.Request, ill.ActiveStates(doc, ill.Asked(facts.Class, facts.Age, in.Citation.Format)), in.Title, in.Citation.Title, in.Citation.Author, in.Citation.ISBN,
		workflow.Borrowing.States(func(p workflow.Place) bool { return p.Serves }), in.Citation.Part()).Scan(&activeCount, &same)
	if err != nil {
		return ill.SubmitDecision{}, fmt.Errorf("count the patron's requests: %w", err)
	}
	hold, err := in.hold(ctx, tx, ref)
	if err != nil {
		return ill.SubmitDecision{}, err
	}
	return ill.MaySubmitILL(doc, moment(in.Now, library), ill.Submission{
		Patron: facts, Channel: in.Channel, CardDigits: in.CardDigits, PINGiven: in.PINGiven, Format: in.Citation.Format,
		ActiveRequests: activeCount, OwnedHere: in.OwnedHere, OwnedInGroup: in.OwnedInGroup,
		SameTitle: same, Rush: in.Rush, AsHold: in.AsHold, Hold: hold,
	}), nil
}

// hold gathers the facts for the rules about holds, where a hold will do: the
// request must pass the same rules as a hold placed at the desk.
func (in Submission) hold(ctx context.Context, tx *postgres.Tx, patron patrons.Ref) (shelf.HoldRequest, error) {
	if !in.AsHold || in.Title == broker.NoID {
		return shelf.HoldRequest{}, nil
	}
	facts, err := holds.FactsOf(ctx, tx, patron, in.Filler, in.Title, broker.NoID)
	if err != nil {
		return shelf.HoldRequest{}, err
	}
	owner := rule.OwnerConsortium
	if in.Filler == patron.Library {
		owner = rule.OwnerOwn
	}
	return shelf.HoldRequest{
		Owner: owner, Item: facts.Type, Audience: facts.Audience, Age: facts.Age, State: facts.State, OpenHolds: facts.OpenHolds, SameTitle: facts.SameTitle,
	}, nil
}

// DeclareCopyright records the rule under which a copy is requested: only so
// many a year from the recent issues of one periodical, the rest under the law
// itself. It returns the reasons why a person must decide first.
func DeclareCopyright(ctx context.Context, tx *postgres.Tx, now time.Time, table *workflow.Table, library *directory.Lender, doc *policy.Document, request *engine.Request) ([]broker.Reason, error) {
	today := library.Today(now)
	unsupplied := table.States(func(p workflow.Place) bool { return p.Ended && !p.Supplied })
	var copies int
	err := tx.QueryRow(ctx, `select count(*)::int from requests where library_id = $1 and side = 'borrowing' and service = 'copy'
			and state <> all ($4) and submitted_at >= $2
			and citation ->> 'issn' <> '' and citation ->> 'issn' = $3`,
		library.ID, broker.NewDate(today.Year(), time.January, 1).Start(library.Zone), request.Citation.ISSN, unsupplied).Scan(&copies)
	if err != nil {
		return nil, fmt.Errorf("count copies of a periodical: %w", err)
	}
	decision := ill.Copyright(doc, moment(now, library), ill.Article{Match: request.Asked(today), Year: yearOf(request.Citation.Year), CopiesThisYear: copies})
	if decision.Declare != "" {
		request.Copyright = &decision.Declare
	}
	return decision.Reasons, nil
}

func yearOf(text string) int {
	year := 0
	if _, err := fmt.Sscanf(text, "%4d", &year); err != nil {
		return 0
	}
	return year
}

func moment(now time.Time, library *directory.Lender) policy.Moment {
	return policy.Moment{Now: now, Calendar: library.Calendar, Place: library.Place()}
}
