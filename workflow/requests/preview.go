package requests

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/workflow"
	"afield/workflow/requests/checks"
	"afield/workflow/requests/engine"
	"afield/workflow/routing"
)

// previewLenders is how many lenders a preview names.
const previewLenders = 25

// Outlook is what would happen if a request were made now. Nothing is promised.
type Outlook struct {
	// Decision is what the rules say to it.
	Decision policy.Decision
	// CountsAsILL is false where a hold would serve.
	CountsAsILL bool
	// Wait is what to tell the patron about the time it takes; nil where a hold
	// serves.
	Wait *ExpectedWait
	routing.Outlook
	Rota routing.Rota
	// Duplicates are the patron's open requests for the same title, Active how
	// many requests of theirs are open.
	Duplicates []broker.ID
	Active     int
	Currency   string
}

// Preview asks everything Submit would and changes nothing: the rules, copies
// here and nearby, duplicates, and which lenders would be asked in what order.
// Lenders' own systems are not asked; that takes a call to each. Errors are
// those of Submit for wrong input; a rule that says no is in the Outlook.
func (s *Service) Preview(ctx context.Context, tx *postgres.Tx, now time.Time, actor broker.Actor, in Submission) (Outlook, error) {
	library, err := s.library(ctx, tx, in.Library)
	if err != nil {
		return Outlook{}, err
	}
	doc, err := s.policies.At(library.Library, now)
	if err != nil {
		return Outlook{}, err
	}
	if in.Policy != nil {
		doc = in.Policy
	}
	if err := in.check(library, now); err != nil {
		return Outlook{}, err
	}
	request := &engine.Request{
		LibraryID: in.Library, ID: broker.NewID(), Side: workflow.SideBorrowing, Citation: in.Citation.Normal(),
		Format: in.Citation.Format, Service: in.Service, Rush: in.Rush, NeedBy: in.NeedBy, Currency: library.Currency,
	}
	if request.Format == "" {
		request.Format = broker.FormatBook
	}
	patron, err := patrons.ByID(ctx, tx, patrons.Ref{Library: in.Library, ID: in.Patron})
	if err != nil {
		return Outlook{}, err
	}
	request.PatronID, request.PatronClass, request.PatronBornOn = in.Patron, patron.Class, patron.BornOn
	if err := s.title(ctx, tx, request, in.Title); err != nil {
		return Outlook{}, err
	}
	asked := checks.Submission{
		Patron: in.Patron, Request: request.ID, Title: request.TitleID, Citation: request.Citation, Rush: in.Rush,
		Channel: in.channelFrom(actor), CardDigits: in.CardDigits, PINGiven: in.PINGiven, Now: now,
	}
	if err := checks.OwnCopies(ctx, tx, s.finder, library, doc, request, &asked); err != nil {
		return Outlook{}, err
	}
	decision, err := checks.MaySubmit(ctx, tx, library, doc, asked)
	if err != nil {
		return Outlook{}, err
	}
	out := Outlook{Decision: decision.Decision, CountsAsILL: decision.CountsAsILL, Currency: library.Currency}
	if decision.CountsAsILL {
		out.Wait = waitFrom(decision.Wait, library.Today(now))
	}
	if err := out.counts(ctx, tx, in, request); err != nil {
		return Outlook{}, err
	}
	err = s.outlook(ctx, tx, now, request, in, doc, &out)
	return out, err
}

// counts reads what the patron has open already.
func (o *Outlook) counts(ctx context.Context, tx *postgres.Tx, in Submission, request *engine.Request) error {
	rows, err := tx.Query(ctx, `select id, state = any ($6) and `+checks.SamePart+` = lower($7) and (($3::uuid is not null and title_id = $3)
			or ($5 <> '' and citation ->> 'isbn' = $5) or (title_id is null and $4 <> '' and lower(citation ->> 'title') = lower($4))) as same
		from requests where library_id = $1 and patron_id = $2 and side = 'borrowing' and closed_at is null order by id`,
		in.Library, in.Patron, request.TitleID, request.Citation.Title, request.Citation.ISBN,
		workflow.Borrowing.States(func(p workflow.Place) bool { return p.Serves }), request.Citation.Part())
	if err != nil {
		return fmt.Errorf("count the patron's requests: %w", err)
	}
	var id broker.ID
	var same *bool
	_, err = pgx.ForEachRow(rows, []any{&id, &same}, func() error {
		o.Active++
		if same != nil && *same {
			o.Duplicates = append(o.Duplicates, id)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("count the patron's requests: %w", err)
	}
	return nil
}

// outlook ranks who could lend, as the rota would.
func (s *Service) outlook(ctx context.Context, tx *postgres.Tx, now time.Time, request *engine.Request, in Submission, doc *policy.Document, out *Outlook) error {
	query, err := s.finder.NewQuery(ctx, tx, in.Library)
	if err != nil {
		return err
	}
	library, err := s.library(ctx, tx, in.Library)
	if err != nil {
		return err
	}
	query.Request, query.Format, query.Service, query.Now = request.ID, request.Format, request.Service, now
	query.AnyEdition = catalog.AnyWillDo(request.Citation)
	query.NeedBy, query.Ceiling, query.Most = in.NeedBy, in.MaxCost, previewLenders
	query.FollowPolicy(doc, at(now, library), request.Asked(library.Today(now)))
	title := broker.NoID
	if request.TitleID != broker.NoID {
		title = request.TitleID
	}
	candidates, err := s.finder.FindCandidates(ctx, tx, query, title, nil)
	if err != nil {
		return err
	}
	out.Outlook, out.Rota = routing.Preview(query, candidates), routing.Rank(query, candidates)
	return nil
}
