package requests

import (
	"context"
	"fmt"
	"slices"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/policy/attributes"
	"afield/broker/policy/costs"
	"afield/broker/policy/lending"
	"afield/broker/policy/rule"
	"afield/broker/policy/shelf"
	"afield/connectors"
	"afield/workflow"
	"afield/workflow/routing"
)

// Effects that move the item in hand and the money that goes with it.

func (st *step) desk() circulation.Desk {
	return circulation.Desk{Library: st.library.Library, Branch: branchOf(st.request), Actor: st.firing.Actor, Now: st.now}
}

func (st *step) ref() circulation.RequestRef {
	return circulation.RequestRef{Library: st.request.LibraryID, Request: st.request.ID}
}

func (st *step) patron() patrons.Ref {
	return patrons.Ref{Library: st.request.LibraryID, ID: *st.request.PatronID}
}

// keepShipment records what the lender sent: due date, cost, terms, barcodes. A date
// that is known before the lender says it has shipped is a correction that came
// first, and stands.
func (st *step) keepShipment(context.Context) error {
	due := st.firing.Input.Date("due")
	if corrected := st.firing.By == workflow.ByLender && !st.request.LenderDueOn.IsZero(); !due.IsZero() && !corrected {
		st.request.LenderDueOn = due
	}
	entry := st.active()
	if cost, given := st.firing.Input.Money("cost"); given && entry != nil {
		entry.CostKnown, entry.CostMinor, entry.Currency, entry.changed = true, cost.Minor, cost.Currency, true
	}
	if err := st.keepTerms(); err != nil {
		return err
	}
	for _, item := range st.shipped() {
		st.tx.Queue(`insert into request_items (library_id, request_id, id, volume, barcode)
			select $1, $2, $3, $4, $5 where not exists (select 1 from request_items
				where library_id = $1 and request_id = $2 and barcode is not distinct from $5)`,
			st.request.LibraryID, st.request.ID, broker.NewID(), item.Volume, item.Barcode)
	}
	return nil
}

func (st *step) shipped() []connectors.MessageItem {
	if items, ok := st.firing.Input["items"].([]connectors.MessageItem); ok {
		return items
	}
	if barcode := st.firing.Input.Text("barcode"); barcode != "" {
		return []connectors.MessageItem{{Barcode: barcode}}
	}
	return nil
}

// makeItem gives the borrowed copy a place among our items for a while.
func (st *step) makeItem(ctx context.Context) error {
	barcode, err := st.lenderBarcode(ctx)
	if err != nil {
		return err
	}
	title := broker.NoID
	if st.request.TitleID != nil {
		title = *st.request.TitleID
	}
	item, err := st.service.circulation.MakeTemporaryItem(ctx, st.tx, circulation.TempItem{
		Desk: st.desk(), Request: st.ref(), Number: st.request.Number, Title: title,
		Type: string(st.request.Format), LenderBarcode: barcode,
	})
	if err != nil {
		return err
	}
	st.request.ItemID = &item.ID
	st.tx.Queue(`insert into request_items (library_id, request_id, id, barcode)
		select $1, $2, $3, nullif($4, '') where not exists (select 1 from request_items where library_id = $1 and request_id = $2)`,
		st.request.LibraryID, st.request.ID, broker.NewID(), barcode)
	if err := st.volumeArrived(ctx, item.ID, st.firing.Input.Text("barcode")); err != nil {
		return err
	}
	if entry := st.active(); entry != nil && entry.AnsweredAt != nil {
		routing.NoteSupplied(st.tx, entry.LenderID, st.now.Sub(*entry.AnsweredAt).Hours()/24)
	}
	return nil
}

// volumeArrived notes which volume is here; while others are missing, staff
// decide whether to wait or to lend what came.
func (st *step) volumeArrived(ctx context.Context, item broker.ID, barcode string) error {
	st.tx.Queue(`update request_items v set item_id = $3, received_at = $4, condition = $5
		where library_id = $1 and request_id = $2 and received_at is null
		  and ($6 = '' or barcode = $6 or 1 = (select count(*) from request_items where library_id = $1 and request_id = $2))`,
		st.request.LibraryID, st.request.ID, item, st.now, st.firing.Input.Text("condition"), barcode)
	var volumes, missing int
	err := st.tx.QueryRow(ctx, `select count(*)::int, count(*) filter (where received_at is null)::int
		from request_items where library_id = $1 and request_id = $2`, st.request.LibraryID, st.request.ID).Scan(&volumes, &missing)
	if err != nil {
		return fmt.Errorf("count volumes: %w", err)
	}
	if volumes > 1 {
		st.data["volumes"] = fmt.Sprintf("%d of %d", volumes-missing, volumes)
	}
	if missing > 0 {
		return st.task("volumes_missing", fmt.Sprintf("%d of %d volumes have arrived: wait for the rest, or lend what is here.", volumes-missing, volumes))
	}
	return nil
}

func (st *step) keepVolume(ctx context.Context) error {
	if st.request.ItemID == nil {
		return broker.Conflict("no_item", "No item is here for this request.")
	}
	return st.volumeArrived(ctx, *st.request.ItemID, st.firing.Input.Text("barcode"))
}

func (st *step) lenderBarcode(ctx context.Context) (string, error) {
	if barcode := st.firing.Input.Text("barcode"); barcode != "" {
		return barcode, nil
	}
	var barcode string
	err := st.tx.QueryRow(ctx, `select coalesce(min(barcode), '') from request_items where library_id = $1 and request_id = $2`,
		st.request.LibraryID, st.request.ID).Scan(&barcode)
	if err != nil {
		return "", fmt.Errorf("read the lender's barcode: %w", err)
	}
	return barcode, nil
}

func (st *step) itemRef() catalog.Ref {
	if st.request.ItemID == nil {
		return catalog.Ref{}
	}
	return catalog.Ref{Library: st.request.LibraryID, ID: *st.request.ItemID}
}

// putOnShelf starts the shelf time: policy gives the last day, bounded by the
// lender's due date less the days the way home takes.
func (st *step) putOnShelf(ctx context.Context) error {
	outcome, err := st.service.circulation.ShelveForRequest(ctx, st.tx, circulation.Shelve{
		Desk: st.desk(), Item: st.itemRef(), Patron: st.patron(), Request: st.ref(),
		QueuedAt: st.request.SubmittedAt, LenderDue: st.request.LenderDueOn,
	})
	if err != nil {
		return err
	}
	st.request.PickUpBy = outcome.Hold.PickUpBy
	st.data["pick_up_by"] = outcome.Hold.PickUpBy.String()
	if len(outcome.Warnings) > 0 {
		st.data["warnings"] = outcome.Warnings
		return st.task("shelf_time_short", "The lender's due date leaves less than the usual time on the hold shelf; hurry, or ask the lender for longer.")
	}
	return nil
}

// takeOffShelf ends the wait on the hold shelf. A borrowed copy is ready to go
// home; a copy of the shared catalogue serves the next in its queue or goes to
// its own shelf.
func (st *step) takeOffShelf(ctx context.Context) error {
	how := circulation.HoldCancelled
	if st.firing.Event == workflow.EventShelfExpired {
		how = circulation.HoldExpired
	}
	hold, err := st.ownHold(ctx)
	if err != nil || hold == nil {
		return err
	}
	outcome, err := st.service.circulation.TakeOffShelf(ctx, st.tx, st.desk(), hold.HoldRef, how)
	if err != nil {
		return err
	}
	st.request.PickUpBy = broker.Date{}
	st.passOn(outcome)
	return nil
}

// ownHold finds the request's open hold, wherever its copy belongs, or nil.
func (st *step) ownHold(ctx context.Context) (*circulation.Hold, error) {
	if entry := st.current(); entry != nil && entry.Fulfilment == "hold" {
		st.tx.Widen(entry.LenderID)
	}
	hold, err := circulation.HoldOfRequest(ctx, st.tx, st.ref())
	if broker.IsKind(err, broker.KindNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &hold, nil
}

// passOn tells the next in a queue that the copy just freed is theirs.
func (st *step) passOn(outcome circulation.Outcome) {
	if outcome.Next != nil {
		st.elsewhere = append(st.elsewhere, CopyGiven(outcome, *outcome.Next, st.firing.Actor))
	}
}

// CopyGiven is the event of a request whose hold was given a copy: onto the
// hold shelf, or on its way there.
func CopyGiven(outcome circulation.Outcome, request circulation.RequestRef, actor broker.Actor) Firing {
	firing := Firing{
		Library: request.Library, Request: request.Request, Event: workflow.EventHoldOnShelf,
		By: workflow.BySystem, Actor: actor, Cause: Cause{Kind: "desk"}, Data: map[string]any{},
	}
	if outcome.Transit != nil && outcome.Transit.ArrivedAt.IsZero() {
		firing.Event = workflow.EventHoldInTransit
	}
	if outcome.Given != nil {
		firing.Input = workflow.Input{"pick_up_by": outcome.Given.PickUpBy}
	}
	return firing
}

// keepPickUpDate takes over the pick-up date that circulation gave a hold.
func (st *step) keepPickUpDate(context.Context) error {
	st.request.PickUpBy = st.firing.Input.Date("pick_up_by")
	if entry := st.active(); entry != nil && entry.AnsweredAt != nil {
		routing.NoteSupplied(st.tx, entry.LenderID, st.now.Sub(*entry.AnsweredAt).Hours()/24)
	}
	return nil
}

func (st *step) cancelHold(ctx context.Context) error {
	hold, err := st.ownHold(ctx)
	if err != nil || hold == nil {
		return err
	}
	outcome, err := st.service.circulation.CancelHold(ctx, st.tx, st.desk(), hold.HoldRef)
	if err != nil {
		return err
	}
	st.passOn(outcome)
	return nil
}

func (st *step) sendHome(ctx context.Context) error {
	if st.request.ItemID == nil {
		return nil
	}
	st.tx.Queue(`update request_items set returned_at = $3 where library_id = $1 and request_id = $2 and returned_at is null`,
		st.request.LibraryID, st.request.ID, st.now)
	_, err := st.service.circulation.SendHome(ctx, st.tx, st.desk(), st.itemRef())
	return err
}

// openLoan finds the loan that serves the request, or nil.
func (st *step) openLoan(ctx context.Context) (*circulation.Loan, error) {
	loans, err := circulation.LoansOfRequest(ctx, st.tx, st.request.LibraryID, st.request.ID)
	if err != nil {
		return nil, err
	}
	for _, loan := range loans {
		if loan.Status == circulation.LoanOpen {
			return &loan, nil
		}
	}
	return nil, nil
}

// keepLoanDue notes until when the copy was lent.
func (st *step) keepLoanDue() {
	st.request.PatronDueOn = st.firing.Input.Date("due_on")
	st.request.FirstDueOn = st.request.PatronDueOn
}

// checkRenewal holds a wish to renew to the library's own rules: the window, the
// patron's standing. The lender decides about the rest.
func (st *step) checkRenewal(ctx context.Context) error {
	if st.request.PatronID == nil {
		return nil
	}
	standing, err := circulation.StandingOf(ctx, st.tx, st.desk(), st.patron())
	if err != nil {
		return err
	}
	decision := lending.MayAskRenewal(st.doc, st.moment(), lending.Renewal{
		Patron: standing.Facts(st.library.Today(st.now)), Owner: rule.OwnerILL, Item: string(st.request.Format), Due: st.request.PatronDueOn,
		InitialDue: st.request.FirstDueOn, Renewals: st.request.Renewals, LenderRenewals: limitOf(st.request.LenderRenewals), Recalled: st.request.Recalled,
	})
	if !decision.Latest.IsZero() {
		st.data["latest"] = decision.Latest.String()
	}
	left, passed, err := st.firing.Overriding.PassOver(st.tx, st.desk(), rule.ActionRenew, st.patron(), st.request.ID, decision.Reasons)
	if err != nil {
		return err
	}
	if len(left) == 0 {
		st.notes = append(append(st.notes, passed...), decision.Notes...)
		return nil
	}
	detail := "The renewal cannot be asked."
	if !decision.Latest.IsZero() {
		detail = "The renewal had to be asked by " + decision.Latest.String() + "."
	}
	return broker.Refused("renewal_refused", detail, left...)
}

// limitOf is a limit that somebody may have named.
func limitOf(most *int) rule.Optional[int] {
	if most == nil {
		return rule.Optional[int]{}
	}
	return rule.Some(*most)
}

// changeDue takes over a lender's new due date. Both dates move, and no fine
// arises for days that have passed.
func (st *step) changeDue(ctx context.Context) error {
	due := st.firing.Input.Date("due")
	if due.IsZero() || due == st.request.LenderDueOn {
		return nil
	}
	st.request.LenderDueOn = due
	st.data["lender_due_on"] = due.String()
	if st.request.State == workflow.OnHoldShelf {
		return st.shortenShelf(ctx)
	}
	if st.request.State != workflow.CheckedOut {
		return nil
	}
	loan, err := st.openLoan(ctx)
	if err != nil || loan == nil {
		return err
	}
	why := circulation.DueCorrected
	if st.firing.Event == workflow.EventRenewalGranted {
		why = circulation.DueRenewed
		st.request.Renewals++
	}
	outcome, err := st.service.circulation.ChangeDue(ctx, st.tx, circulation.ChangeDue{Desk: st.desk(), Loan: loan.LoanRef, LenderDue: due, Why: why})
	if err != nil {
		return err
	}
	st.request.PatronDueOn = outcome.Loan.DueOn
	if st.request.Renewals == 0 {
		st.request.FirstDueOn = outcome.Loan.DueOn // the lender had said it wrongly
	}
	st.request.Overdue = false
	st.resetDeadline = true
	st.data["due_on"] = outcome.Loan.DueOn.String()
	return nil
}

// shortenShelf moves the last pick-up day when the lender's due date has become
// earlier; it never moves later by itself.
func (st *step) shortenShelf(ctx context.Context) error {
	hold, err := st.ownHold(ctx)
	if err != nil || hold == nil {
		return err
	}
	until := shelf.Until(st.doc, st.moment(), shelf.Facts{
		Owner: rule.OwnerILL, Class: hold.Class, Item: string(st.request.Format),
		Arrived: broker.DateIn(hold.OnShelfAt, st.library.Zone), LenderDue: st.request.LenderDueOn,
	}).Until
	if !until.Before(st.request.PickUpBy) {
		return nil
	}
	circulation.MoveShelfDate(st.tx, hold.HoldRef, until)
	st.request.PickUpBy, st.resetDeadline = until, true
	st.data["pick_up_by"] = until.String()
	return st.task("shelf_time_short", "The lender wants it back earlier: it leaves the hold shelf on "+until.String()+"; tell the patron.")
}

func (st *step) declareLost(ctx context.Context) error {
	loan, err := st.openLoan(ctx)
	if err != nil || loan == nil {
		return err
	}
	how := circulation.LostReported
	if st.firing.Event == workflow.EventSearchEnded {
		how = circulation.LostOverdue
	}
	_, err = st.service.circulation.DeclareLost(ctx, st.tx, circulation.DeclareLost{Desk: st.desk(), Loan: loan.LoanRef, Loss: circulation.Loss{How: how}})
	return err
}

// chargeFee passes the lender's fee on to the cent, never above what the patron
// agreed to: anything dearer goes to staff.
func (st *step) chargeFee(ctx context.Context) error {
	entry := st.active()
	if entry == nil || entry.CostMinor == 0 || st.request.PatronID == nil || entry.Fulfilment == "hold" {
		return nil
	}
	fee := st.consent(entry)
	if fee.NeedsStaff || fee.NeedsApproval {
		if err := st.task("cost_above_approved", "The lender's charge is "+entry.Cost().String()+", more than the patron approved ("+st.request.Money(st.request.ApprovedCostMinor).String()+"). Only the approved amount is charged."); err != nil {
			return err
		}
		fee.PatronPays = st.request.Money(st.request.ApprovedCostMinor)
	}
	if fee.PatronPays.Minor == 0 {
		return nil
	}
	charge, err := ledger.Post(st.tx, ledger.Charge{
		Account: ledger.OfPatron(st.request.LibraryID, *st.request.PatronID, st.library.Currency), Kind: ledger.ILLFee,
		Amount: fee.PatronPays, Rule: fee.Rule, Clause: fee.Source, Request: st.request.ID, At: st.now, Actor: st.firing.Actor,
		Cause: fmt.Sprintf("ill_fee:%s:%d", entry.ID, st.request.Version),
	})
	if err != nil {
		return err
	}
	st.data["charged"] = charge.Amount
	_, err = circulation.UpdateLatch(ctx, st.tx, st.library.Library, st.doc, st.patron(), st.now)
	return err
}

// reverseFee takes a passed-on fee back by a new entry.
func (st *step) reverseFee(ctx context.Context) error { return st.takeBack(ctx, ledger.ILLFee) }

// chargeLost passes the lender's invoice for a lost item on, exactly.
func (st *step) chargeLost(ctx context.Context) error {
	invoice, _ := st.firing.Input.Money("cost")
	if st.request.PatronID == nil || invoice.Minor == 0 {
		return nil
	}
	charge, err := costs.LostILLCharge(st.doc, invoice)
	if err != nil {
		return st.task("invoice_in_other_currency", "The lender's invoice is in another currency ("+invoice.String()+"); enter the amount in ours.")
	}
	charged, err := st.replacesInvoice(ctx, charge.Amount)
	if err != nil || charged {
		return err
	}
	posted, err := ledger.Post(st.tx, ledger.Charge{
		Account: ledger.OfPatron(st.request.LibraryID, *st.request.PatronID, st.library.Currency), Kind: ledger.Lost,
		Amount: charge.Amount, Rule: charge.Rule, Clause: charge.Clause, Request: st.request.ID, At: st.now, Actor: st.firing.Actor,
		Cause: fmt.Sprintf("lost:%s:%d", st.request.ID, st.request.Version),
	})
	if err != nil {
		return err
	}
	st.data["charged"] = posted.Amount
	_, err = circulation.UpdateLatch(ctx, st.tx, st.library.Library, st.doc, st.patron(), st.now)
	return err
}

// replacesInvoice takes an earlier invoice back, because a corrected one counts
// instead of it. It tells whether this very amount stands already.
func (st *step) replacesInvoice(ctx context.Context, amount broker.Money) (charged bool, err error) {
	entries, err := ledger.OfRequest(ctx, st.tx, st.request.LibraryID, st.request.ID)
	if err != nil {
		return false, err
	}
	for _, charge := range entries {
		answered := slices.ContainsFunc(entries, func(e ledger.Entry) bool {
			return e.Against == charge.ID && (e.Kind == ledger.KindReversal || e.Kind == ledger.KindWaiver)
		})
		if charge.Kind == ledger.KindCharge && charge.ChargeKind == ledger.Lost && charge.Amount == amount && !answered {
			return true, nil
		}
	}
	return false, st.takeBack(ctx, ledger.Lost)
}

// contactKeepsIt tells whether the patron's being in touch makes the end of the
// shelf time a staff decision instead of an automatic return.
func (st *step) contactKeepsIt() bool {
	if st.request.PatronContactAt == nil {
		return false
	}
	owner := rule.OwnerILL
	if st.request.ByHold() {
		owner = rule.OwnerConsortium
	}
	decision := shelf.OnShelfExpiry(st.doc, st.moment(), shelf.Facts{Owner: owner, Item: string(st.request.Format), LenderDue: st.request.LenderDueOn}, true)
	if decision.Action == attributes.StaffDecision && !decision.DecideBy.IsZero() {
		st.until = decision.DecideBy.End(st.library.Zone) // then it must start home
	}
	return decision.Action == attributes.StaffDecision
}

// matchTitle looks the citation up in the catalogue, once.
func (st *step) matchTitle(ctx context.Context) error {
	if st.request.TitleID != nil {
		return nil
	}
	title, found, err := catalog.MatchCitation(ctx, st.tx, st.request.Citation)
	if err != nil {
		return err
	}
	if found {
		st.request.TitleID = &title
	}
	return nil
}
