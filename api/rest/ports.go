package rest

import (
	"context"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/circulation"
	"afield/broker/directory"
	"afield/broker/ledger"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/postgres"
	"afield/workflow"
	"afield/workflow/desk"
	"afield/workflow/messages"
	"afield/workflow/requests"
)

// Requests is what the API needs of workflow/requests; *requests.Service is one.
type Requests interface {
	Submit(context.Context, *postgres.Tx, time.Time, broker.Actor, requests.Submission) (*requests.Request, error)
	Preview(context.Context, *postgres.Tx, time.Time, broker.Actor, requests.Submission) (requests.Outlook, error)
	Receive(context.Context, *postgres.Tx, time.Time, requests.Incoming) (messages.Answer, error)
	Look(context.Context, *postgres.Tx, time.Time, requests.Viewer, broker.ID, ...workflow.Side) (requests.View, error)
	List(context.Context, *postgres.Tx, requests.Viewer, requests.Filter, broker.ID, int) ([]requests.Summary, map[broker.ID]requests.Name, error)
	WriteNote(context.Context, *postgres.Tx, time.Time, requests.Viewer, broker.ID, requests.Note) (broker.ID, error)
}

// Desk is what the API needs of workflow/desk; *desk.Service is one.
type Desk interface {
	Act(context.Context, *postgres.Tx, desk.At, requests.Act) (requests.Fired, error)
	Scan(context.Context, *postgres.Tx, desk.At, desk.Scan) (desk.Done, error)
	CheckOut(context.Context, *postgres.Tx, desk.At, desk.CheckOut) (desk.Done, error)
	RenewAs(context.Context, *postgres.Tx, desk.At, desk.Renewal) (done desk.Done, pending bool, err error)
	Claim(context.Context, *postgres.Tx, desk.At, desk.Claim) (desk.Done, error)
	ClaimAnswer(ctx context.Context, tx *postgres.Tx, at desk.At, loan broker.ID, status circulation.ClaimStatus, loss circulation.Loss) (desk.Done, error)
	Lost(ctx context.Context, tx *postgres.Tx, at desk.At, loan broker.ID, loss circulation.Loss) (desk.Done, error)
	FoundAgain(ctx context.Context, tx *postgres.Tx, at desk.At, loan broker.ID) (desk.Done, error)
	Damaged(context.Context, *postgres.Tx, desk.At, desk.Damaged) (desk.Done, error)
	Donate(ctx context.Context, tx *postgres.Tx, at desk.At, loan broker.ID, approved bool) (desk.Done, error)
	Refer(ctx context.Context, tx *postgres.Tx, at desk.At, loan broker.ID, expenses broker.Money) (desk.Done, error)
	Recall(ctx context.Context, tx *postgres.Tx, at desk.At, loan broker.ID) (desk.Done, error)
	Mark(ctx context.Context, tx *postgres.Tx, at desk.At, barcode string, status catalog.ItemStatus) (desk.Done, error)
	TakeBack(ctx context.Context, tx *postgres.Tx, at desk.At, in desk.TakeBack) (desk.Done, error)
	PlaceHold(context.Context, *postgres.Tx, desk.At, desk.PlaceHold) (desk.Done, error)
	CancelHold(context.Context, *postgres.Tx, desk.At, circulation.HoldRef) (desk.Done, error)
	SuspendHold(ctx context.Context, tx *postgres.Tx, at desk.At, hold broker.ID, from, until broker.Date) (desk.Done, error)
	ResumeHold(ctx context.Context, tx *postgres.Tx, at desk.At, hold broker.ID) (desk.Done, error)
	MovePickup(ctx context.Context, tx *postgres.Tx, at desk.At, hold, branch broker.ID) (desk.Done, error)
	PermitHold(ctx context.Context, tx *postgres.Tx, at desk.At, hold, other broker.ID) (desk.Done, error)
	HoldContact(ctx context.Context, tx *postgres.Tx, at desk.At, hold broker.ID) (desk.Done, error)
	ExtendHold(ctx context.Context, tx *postgres.Tx, at desk.At, hold broker.ID, until broker.Date) (desk.Done, error)
	ExpireHoldOn(ctx context.Context, tx *postgres.Tx, at desk.At, hold broker.ID, day broker.Date) (desk.Done, error)
	ClearFromShelf(ctx context.Context, tx *postgres.Tx, at desk.At, hold broker.ID) (desk.Done, error)
	ReorderQueue(context.Context, *postgres.Tx, desk.At, circulation.Reorder) ([]circulation.Hold, error)
	ShelfToClear(context.Context, *postgres.Tx, desk.At, time.Time, broker.Page) ([]circulation.Cleared, error)
	Slip(ctx context.Context, tx *postgres.Tx, at desk.At, hold broker.ID) (desk.Slip, error)
	AddItem(context.Context, *postgres.Tx, desk.At, desk.NewItem) (catalog.Item, error)
	ChangeItem(ctx context.Context, tx *postgres.Tx, at desk.At, item broker.ID, changes desk.ItemChanges) (catalog.Item, error)
	NotFound(context.Context, *postgres.Tx, desk.At, circulation.HoldRef, catalog.Ref) (desk.Done, error)
	NoCopy(context.Context, *postgres.Tx, desk.At, circulation.HoldRef) (desk.Done, error)
	Close(ctx context.Context, tx *postgres.Tx, at desk.At, closure directory.Closure, dryRun bool) (desk.Closed, error)
	Reopen(ctx context.Context, tx *postgres.Tx, at desk.At, closure broker.ID) (directory.Closure, circulation.Reversed, error)
	AdjustDueDates(context.Context, *postgres.Tx, desk.At, circulation.AdjustDueDates) (circulation.Moved, error)
	ReverseAdjustment(ctx context.Context, tx *postgres.Tx, at desk.At, adjustment broker.ID, reason string, dryRun bool) (circulation.Reversed, error)
	Counter
}

// Counter is what the desk does with money and accounts.
type Counter interface {
	Growing(ctx context.Context, tx *postgres.Tx, at desk.At, patron broker.ID) (circulation.Growing, error)
	Standing(ctx context.Context, tx *postgres.Tx, at desk.At, patron broker.ID) (patrons.Standing, error)
	MergePatrons(ctx context.Context, tx *postgres.Tx, document *policy.Document, at desk.At, from, to broker.ID) (desk.Merged, error)
	TakePayment(context.Context, *postgres.Tx, desk.At, desk.Payment) (ledger.Receipt, error)
	Waive(context.Context, *postgres.Tx, desk.At, desk.Waiver) (ledger.Entry, error)
	TakeBackCharge(context.Context, *postgres.Tx, desk.At, desk.TakeBackCharge) (ledger.Undone, error)
	UseCredit(context.Context, *postgres.Tx, desk.At, desk.UseCredit) ([]ledger.Entry, error)
	Void(ctx context.Context, tx *postgres.Tx, at desk.At, receipt int64, reason string) ([]ledger.Entry, error)
	GiveBack(context.Context, *postgres.Tx, desk.At, desk.Refund) (desk.Given, error)
	AddFee(context.Context, *postgres.Tx, desk.At, desk.Fee) (ledger.Entry, *ledger.Receipt, error)
	OpenTill(ctx context.Context, tx *postgres.Tx, at desk.At, float broker.Money) (ledger.Till, error)
	CloseTill(ctx context.Context, tx *postgres.Tx, at desk.At, till broker.ID, counted map[string]int64, note string) (ledger.Till, error)
	PayVoucher(ctx context.Context, tx *postgres.Tx, at desk.At, voucher broker.ID, method string) (ledger.Voucher, error)
	CancelVoucher(ctx context.Context, tx *postgres.Tx, at desk.At, voucher broker.ID, reason string) (ledger.Voucher, error)
	RaiseInvoice(context.Context, *postgres.Tx, desk.At, ledger.Invoice) (ledger.Invoice, error)
	PayInvoice(ctx context.Context, tx *postgres.Tx, at desk.At, invoices []broker.ID, method, note, key string) (ledger.Receipt, error)
	DisputeInvoice(ctx context.Context, tx *postgres.Tx, at desk.At, creditor, invoice broker.ID, reason string) error
	InsistOnInvoice(ctx context.Context, tx *postgres.Tx, at desk.At, invoice broker.ID) error
	WithdrawInvoice(ctx context.Context, tx *postgres.Tx, at desk.At, invoice broker.ID, reason string) error
}
