package attributes

import (
	"reflect"

	"afield/broker/policy/rule"
)

// Rules is the list of every attribute a policy document may give, by its dotted
// id. An attribute that a document leaves out comes from the document above it,
// in the end from presets/default.yaml. An attribute marked informative is for
// people to read: nothing in Afield decides by it, and the mark says why.
type Rules struct {
	// Who may ask, and how.
	SignIn       rule.Rule[SignIn]   `yaml:"signin.patron"`
	SubmitBy     rule.Rule[Channels] `yaml:"ill.submit_by"`
	MayAsk       rule.Rule[bool]     `yaml:"ill.may_ask"`
	PhoneOnFile  rule.Rule[Phone]    `yaml:"ill.phone_on_file"`
	ActiveLimit  rule.Rule[Active]   `yaml:"ill.active_limit"`
	NotOwned     rule.Rule[NotOwned] `yaml:"ill.not_owned"`
	OneCopy      rule.Rule[bool]     `yaml:"ill.one_copy_per_person"`
	GroupIsILL   rule.Rule[bool]     `yaml:"ill.shared_catalogue_counts"`
	QueueOrder   rule.Rule[Order]    `yaml:"ill.queue_order" informative:"Whoever asked first is supplied first, and no other order can be written."`
	ExpectedWait rule.Rule[Wait]     `yaml:"ill.expected_wait"`

	// What stops a patron. A threshold with its own way out latches.
	BlockCheckout     rule.Rule[rule.Optional[Threshold]] `yaml:"blocks.checkout"`
	BlockILL          rule.Rule[rule.Optional[Threshold]] `yaml:"blocks.ill_request"`
	BlockHold         rule.Rule[rule.Optional[Threshold]] `yaml:"blocks.hold"`
	BlockRenew        rule.Rule[rule.Optional[Threshold]] `yaml:"blocks.renew"`
	BlockRenewOverdue rule.Rule[rule.Optional[Threshold]] `yaml:"blocks.renew_overdue"`
	BlockComputer     rule.Rule[rule.Optional[Threshold]] `yaml:"blocks.computer"`
	BlockSignForMinor rule.Rule[rule.Optional[Threshold]] `yaml:"blocks.sign_for_minor"`
	BlockCapture      rule.Rule[rule.Optional[Threshold]] `yaml:"blocks.capture"`
	GuaranteeDebt     rule.Rule[rule.Optional[Threshold]] `yaml:"blocks.guarantee_debt"`
	BlockGrounds      rule.Rule[Words]                    `yaml:"blocks.grounds"`
	ExpiredCard       rule.Rule[Actions]                  `yaml:"blocks.expired_card"`
	LongOverdue       rule.Rule[rule.Optional[Overlong]]  `yaml:"blocks.long_overdue"`
	LinkedCards       rule.Rule[Actions]                  `yaml:"blocks.linked_cards"`

	// Which lenders, and who pays.
	LenderPlaces rule.Rule[rule.Set]                   `yaml:"ill.lender_places"`
	FeePassOn    rule.Rule[PassOn]                     `yaml:"ill.fee_pass_on"`
	FeeConsent   rule.Rule[Consent]                    `yaml:"ill.fee_consent"`
	CostCeiling  rule.Rule[rule.Optional[rule.Amount]] `yaml:"ill.library_cost_ceiling"`
	Rush         rule.Rule[Rush]                       `yaml:"ill.rush"`
	Copyright    rule.Rule[rule.Optional[Copies]]      `yaml:"ill.copyright"`

	// Arrival and the hold shelf.
	ArrivalNotice  rule.Rule[NoticeChannels]     `yaml:"ill.arrival_notice"`
	ShelfDays      rule.Rule[ShelfTime]          `yaml:"shelf.days"`
	ShelfExpiry    rule.Rule[Expiry]             `yaml:"shelf.on_expiry"`
	ShelfBeforeDue rule.Rule[rule.Span]          `yaml:"shelf.before_lender_due"`
	OwnHoldsFirst  rule.Rule[bool]               `yaml:"lending.own_holds_first"`
	HoldLimit      rule.Rule[rule.Optional[int]] `yaml:"holds.limit"`
	HoldFormats    rule.Rule[rule.Set]           `yaml:"holds.formats"`
	LoanPeriod     rule.Rule[Period]             `yaml:"loans.period"`
	LoanRenewals   rule.Rule[rule.Optional[int]] `yaml:"loans.renewals"`
	OverdueFine    rule.Rule[FineRate]           `yaml:"fines.overdue"`
	ILLDue         rule.Rule[LenderDue]          `yaml:"ill.due"`
	ILLRenewals    rule.Rule[ILLRenewals]        `yaml:"ill.renewals"`
	RenewalWindow  rule.Rule[Window]             `yaml:"ill.renewal_window"`
	ReturnPlace    rule.Rule[Place]              `yaml:"ill.return_place"`
	LostCharge     rule.Rule[LostCharge]         `yaml:"ill.lost_charge"`
	SearchDays     rule.Rule[rule.Optional[int]] `yaml:"ill.search_days"`
	// What a lender may set by itself; anything dearer is put before staff.
	InvoiceMost     rule.Rule[rule.Optional[rule.Amount]] `yaml:"ill.lender_invoice_most"`
	LenderFineMost  rule.Rule[rule.Optional[rule.Amount]] `yaml:"ill.lender_fine_most"`
	Refund          rule.Rule[Refund]                     `yaml:"ill.refund"`
	DonationInPlace rule.Rule[bool]                       `yaml:"ill.donation_in_lieu"`

	// How long each party has; see the Deadline constants.
	StaffDays         rule.Rule[rule.Span] `yaml:"deadlines.staff"`
	ApprovalDays      rule.Rule[rule.Span] `yaml:"deadlines.approval"`
	RespondDays       rule.Rule[rule.Span] `yaml:"deadlines.respond"`
	ConditionalDays   rule.Rule[rule.Span] `yaml:"deadlines.conditional"`
	RetryDays         rule.Rule[rule.Span] `yaml:"deadlines.retry"`
	ShipDays          rule.Rule[rule.Span] `yaml:"deadlines.ship"`
	ArrivalDays       rule.Rule[rule.Span] `yaml:"deadlines.arrival"`
	ReceiveDays       rule.Rule[rule.Span] `yaml:"deadlines.receive"`
	ReturnDays        rule.Rule[rule.Span] `yaml:"deadlines.return"`
	ReturnArrivalDays rule.Rule[rule.Span] `yaml:"deadlines.return_arrival"`
	ReturnConfirmDays rule.Rule[rule.Span] `yaml:"deadlines.return_confirm"`
	InvoiceDays       rule.Rule[rule.Span] `yaml:"deadlines.invoice"`
	CancelAnswerDays  rule.Rule[rule.Span] `yaml:"deadlines.cancel_answer"`
	RenewalAnswerDays rule.Rule[rule.Span] `yaml:"deadlines.renewal_answer"`
	AnswerDays        rule.Rule[rule.Span] `yaml:"deadlines.answer"`
	PullDays          rule.Rule[rule.Span] `yaml:"deadlines.pull"`
	LendShipDays      rule.Rule[rule.Span] `yaml:"deadlines.lend_ship"`

	// How many open days a request may stand still before it counts as stuck.
	StuckAfter rule.Rule[rule.Optional[int]] `yaml:"requests.stuck_after"`

	// Cards, by patron class.
	CardNeeds        rule.Rule[CardNeeds]                  `yaml:"cards.needs"`
	CardFee          rule.Rule[rule.Optional[CardFee]]     `yaml:"cards.fee"`
	CardDeposit      rule.Rule[rule.Optional[rule.Amount]] `yaml:"cards.deposit"`
	CardValidity     rule.Rule[rule.Optional[Months]]      `yaml:"cards.validity"`
	CardBorrows      rule.Rule[Borrowable]                 `yaml:"cards.may_borrow"`
	CardPer          rule.Rule[CardPer]                    `yaml:"cards.one_per"`
	CardLiable       rule.Rule[Liable]                     `yaml:"cards.liable"`
	CardIDs          rule.Rule[Words]                      `yaml:"cards.accepted_id"`
	CardShown        rule.Rule[Words]                      `yaml:"cards.identification"`
	CardTransferable rule.Rule[bool]                       `yaml:"cards.transferable"`
	CardGoodAt       rule.Rule[rule.Set]                   `yaml:"cards.good_at"`
	CardRenewal      rule.Rule[CardNeeds]                  `yaml:"cards.renewal_needs"`
	CardReplacement  rule.Rule[rule.Optional[Ladder]]      `yaml:"cards.replacement"`
	CardPurge        rule.Rule[PurgeSchedule]              `yaml:"cards.purge"`
	Adulthood        rule.Rule[Adulthood]                  `yaml:"cards.adulthood"`
	MinorRestriction rule.Rule[bool]                       `yaml:"cards.minor_restriction"`
	OwnCardComputer  rule.Rule[bool]                       `yaml:"computers.own_card"`
	OwnChanges       rule.Rule[OwnChanges]                 `yaml:"patrons.own_changes"`
	RemoteStanding   rule.Rule[RemoteStanding]             `yaml:"patrons.remote_standing" informative:"No other system is asked about a patron yet."`

	// Loans and renewals.
	Circulates       rule.Rule[bool]                    `yaml:"loans.circulates"`
	PeriodSetBy      rule.Rule[SetBy]                   `yaml:"loans.period_set_by"`
	RulesOf          rule.Rule[RulesOf]                 `yaml:"loans.rules_of"`
	TypeLimit        rule.Rule[rule.Optional[int]]      `yaml:"loans.type_limit"`
	GroupLimits      rule.Rule[Groups]                  `yaml:"loans.group_limits"`
	TotalLimit       rule.Rule[rule.Optional[int]]      `yaml:"loans.total_limit"`
	LimitCounts      rule.Rule[LimitCounts]             `yaml:"loans.limit_counts"`
	RenewalDays      rule.Rule[rule.Optional[int]]      `yaml:"loans.renewal_days"`
	RenewalFrom      rule.Rule[RenewalFrom]             `yaml:"loans.renewal_from"`
	RenewalOpens     rule.Rule[rule.Optional[Opening]]  `yaml:"loans.renewal_opens"`
	RenewalHolds     rule.Rule[RenewalHolds]            `yaml:"loans.renewal_holds"`
	RenewalBy        rule.Rule[Channels]                `yaml:"loans.renewal_by"`
	RenewalIdentity  rule.Rule[Words]                   `yaml:"loans.renewal_identity"`
	FineAtRenewal    rule.Rule[FineAtRenewal]           `yaml:"loans.fine_at_renewal"`
	OtherOverdues    rule.Rule[OtherOverdues]           `yaml:"loans.other_overdues"`
	AutoRenew        rule.Rule[rule.Optional[int]]      `yaml:"loans.auto_renew_days"`
	RecallDays       rule.Rule[rule.Span]               `yaml:"loans.recall_days"`
	CheckoutForOther rule.Rule[HeldForOther]            `yaml:"loans.held_for_other"`
	OnOtherAccount   rule.Rule[OnOtherAccount]          `yaml:"loans.on_other_account"`
	BookDrop         rule.Rule[BookDrop]                `yaml:"returns.book_drop"`
	ScanAge          rule.Rule[rule.Optional[int]]      `yaml:"returns.scan_age_hours"`
	DeskUndo         rule.Rule[rule.Optional[UndoTime]] `yaml:"desk.undo"`
	ClosureRelief    rule.Rule[Relief]                  `yaml:"closures.relief"`

	// Fines and what is lost.
	FineGrace      rule.Rule[rule.Optional[Grace]]       `yaml:"fines.grace"`
	FinePriceCap   rule.Rule[bool]                       `yaml:"fines.price_cap"`
	NoticeExcuses  rule.Rule[bool]                       `yaml:"fines.notice_excuses"`
	DefaultPrice   rule.Rule[rule.Optional[rule.Amount]] `yaml:"lost.default_price"`
	LostAfter      rule.Rule[rule.Optional[Lapse]]       `yaml:"lost.after"`
	LostPrice      rule.Rule[LostPrice]                  `yaml:"lost.price"`
	LostParts      rule.Rule[PartPrices]                 `yaml:"lost.parts"`
	LostSet        rule.Rule[LostSet]                    `yaml:"lost.set"`
	LostDamage     rule.Rule[Damage]                     `yaml:"lost.damage"`
	LostReturn     rule.Rule[LostReturn]                 `yaml:"lost.on_return"`
	LostRefund     rule.Rule[rule.Optional[LostRefund]]  `yaml:"lost.refund"`
	LostDonation   rule.Rule[Donation]                   `yaml:"lost.donation"`
	LostNotOurs    rule.Rule[OwnerSays]                  `yaml:"lost.other_owner"`
	Collection     rule.Rule[rule.Optional[Collection]]  `yaml:"lost.collection"`
	ClaimsAccepted rule.Rule[bool]                       `yaml:"claims.accepted"`
	ClaimsLimit    rule.Rule[rule.Optional[ClaimLimit]]  `yaml:"claims.limit"`
	ClaimsKinds    rule.Rule[Words]                      `yaml:"claims.kinds"`
	ClaimsShelf    rule.Rule[bool]                       `yaml:"claims.shelf_check"`
	ClaimsDecided  rule.Rule[OwnerSays]                  `yaml:"claims.decided_by"`
	ClaimsGuardian rule.Rule[rule.Optional[int]]         `yaml:"claims.guardian_under"`
	ClaimsFound    rule.Rule[ClaimFound]                 `yaml:"claims.found"`
	ClaimsLost     rule.Rule[rule.Optional[Lapse]]       `yaml:"claims.charged_after"`
	ClaimsNote     rule.Rule[Words]                      `yaml:"claims.note"`

	// Holds beyond their limit, notices, other fees, privacy.
	HoldStates      rule.Rule[rule.Set]             `yaml:"holds.states"`
	HoldBy          rule.Rule[Channels]             `yaml:"holds.by"`
	HoldExpires     rule.Rule[rule.Optional[int]]   `yaml:"holds.expires_after"`
	ShelfClosed     rule.Rule[bool]                 `yaml:"shelf.waits_for_open_day"`
	HoldReady       rule.Rule[NoticeChannels]       `yaml:"notices.hold_ready"`
	OverdueNotices  rule.Rule[NoticeStages]         `yaml:"notices.overdue"`
	DueSoon         rule.Rule[rule.Optional[int]]   `yaml:"notices.due_soon_days"`
	QuietHours      rule.Rule[rule.Optional[Quiet]] `yaml:"notices.quiet_hours"`
	VoicemailTitles rule.Rule[bool]                 `yaml:"notices.voicemail_titles"`
	PrintPrice      rule.Rule[PagePrice]            `yaml:"fees.print"`
	FaxPrice        rule.Rule[FaxPrice]             `yaml:"fees.fax"`
	OnAccount       rule.Rule[bool]                 `yaml:"fees.on_account"`
	Payments        rule.Rule[Payments]             `yaml:"payments.taken"`
	GuardianSees    rule.Rule[rule.Optional[int]]   `yaml:"privacy.guardian_under"`
	Disclosure      rule.Rule[Disclosure]           `yaml:"privacy.disclosure"`
	HistoryDays     rule.Rule[rule.Optional[int]]   `yaml:"privacy.history_days"`
	StatusShown     rule.Rule[bool]                 `yaml:"ill.status_shown" informative:"Staff see the status of every request, and a patron of their own."`
}

// Each visits every attribute in the order of Rules.
func (r *Rules) Each(visit func(rule string, attribute rule.Entries)) {
	fields := reflect.ValueOf(r).Elem()
	for i := range fields.NumField() {
		visit(fields.Type().Field(i).Tag.Get("yaml"), fields.Field(i).Addr().Interface().(rule.Entries))
	}
}

// Informative gives the reason why nothing in Afield decides by an attribute; ""
// where something does.
func Informative(id string) string {
	fields := reflect.TypeFor[Rules]()
	for i := range fields.NumField() {
		if tag := fields.Field(i).Tag; tag.Get("yaml") == id {
			return tag.Get("informative")
		}
	}
	return ""
}

// ByID gives every attribute by its dotted id.
func (r *Rules) ByID() map[string]rule.Entries {
	all := map[string]rule.Entries{}
	r.Each(func(rule string, attribute rule.Entries) { all[rule] = attribute })
	return all
}

// IDs gives the ids of every attribute a document may give, in the order
// the program lists them.
func IDs() []string {
	var ids []string
	new(Rules).Each(func(rule string, _ rule.Entries) { ids = append(ids, rule) })
	return ids
}
