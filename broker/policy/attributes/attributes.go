package attributes

import (
	"reflect"

	"afield/broker/policy/rule"
)

// Rules is the list of every attribute a policy document may give, by its dotted
// id. An attribute that a document leaves out comes from the document above it,
// in the end from presets/default.yaml. An attribute marked informative is for
// people to read: nothing in Afield decides by it, and the mark says why. What
// an entry's condition may name stands under asked (see AskedWith); an attribute
// without it is the same for everybody.
type Rules struct {
	// Who may ask, and how.
	SignIn       rule.Rule[SignIn]   `yaml:"signin.patron"`
	SubmitBy     rule.Rule[Channels] `yaml:"ill.submit_by" asked:"request"`
	MayAsk       rule.Rule[bool]     `yaml:"ill.may_ask" asked:"request"`
	PhoneOnFile  rule.Rule[Phone]    `yaml:"ill.phone_on_file" asked:"request"`
	ActiveLimit  rule.Rule[Active]   `yaml:"ill.active_limit" asked:"request"`
	NotOwned     rule.Rule[NotOwned] `yaml:"ill.not_owned" asked:"request"`
	OneCopy      rule.Rule[bool]     `yaml:"ill.one_copy_per_person" asked:"request owner"`
	GroupIsILL   rule.Rule[bool]     `yaml:"ill.shared_catalogue_counts"`
	QueueOrder   rule.Rule[Order]    `yaml:"ill.queue_order" informative:"Whoever asked first is supplied first, and no other order can be written."`
	ExpectedWait rule.Rule[Wait]     `yaml:"ill.expected_wait" asked:"request"`

	// What stops a patron. A threshold with its own way out latches.
	BlockCheckout     rule.Rule[rule.Optional[Threshold]] `yaml:"blocks.checkout" asked:"loan"`
	BlockILL          rule.Rule[rule.Optional[Threshold]] `yaml:"blocks.ill_request" asked:"request"`
	BlockHold         rule.Rule[rule.Optional[Threshold]] `yaml:"blocks.hold" asked:"loan"`
	BlockRenew        rule.Rule[rule.Optional[Threshold]] `yaml:"blocks.renew" asked:"loan channel"`
	BlockRenewOverdue rule.Rule[rule.Optional[Threshold]] `yaml:"blocks.renew_overdue" asked:"loan channel"`
	BlockComputer     rule.Rule[rule.Optional[Threshold]] `yaml:"blocks.computer" asked:"patron"`
	BlockSignForMinor rule.Rule[rule.Optional[Threshold]] `yaml:"blocks.sign_for_minor" asked:"patron"`
	BlockCapture      rule.Rule[rule.Optional[Threshold]] `yaml:"blocks.capture" asked:"patron"`
	GuaranteeDebt     rule.Rule[rule.Optional[Threshold]] `yaml:"blocks.guarantee_debt" asked:"patron"`
	BlockGrounds      rule.Rule[Words]                    `yaml:"blocks.grounds"`
	ExpiredCard       rule.Rule[Actions]                  `yaml:"blocks.expired_card" asked:"patron action"`
	LongOverdue       rule.Rule[rule.Optional[Overlong]]  `yaml:"blocks.long_overdue" asked:"patron"`
	LinkedCards       rule.Rule[Actions]                  `yaml:"blocks.linked_cards" asked:"patron action"`

	// Which lenders, and who pays.
	LenderPlaces rule.Rule[rule.Set]                   `yaml:"ill.lender_places" asked:"request"`
	FeePassOn    rule.Rule[PassOn]                     `yaml:"ill.fee_pass_on" asked:"request"`
	FeeConsent   rule.Rule[Consent]                    `yaml:"ill.fee_consent" asked:"request"`
	CostCeiling  rule.Rule[rule.Optional[rule.Amount]] `yaml:"ill.library_cost_ceiling" asked:"request"`
	Rush         rule.Rule[Rush]                       `yaml:"ill.rush" asked:"request"`
	Copyright    rule.Rule[rule.Optional[Copies]]      `yaml:"ill.copyright" asked:"patron"`

	// Arrival and the hold shelf.
	ArrivalNotice  rule.Rule[NoticeChannels]     `yaml:"ill.arrival_notice" asked:"request"`
	ShelfDays      rule.Rule[ShelfTime]          `yaml:"shelf.days" asked:"loan"`
	ShelfExpiry    rule.Rule[Expiry]             `yaml:"shelf.on_expiry" asked:"loan"`
	ShelfBeforeDue rule.Rule[rule.Span]          `yaml:"shelf.before_lender_due" asked:"loan"`
	OwnHoldsFirst  rule.Rule[bool]               `yaml:"lending.own_holds_first" asked:"copy"`
	HoldLimit      rule.Rule[rule.Optional[int]] `yaml:"holds.limit" asked:"loan"`
	HoldFormats    rule.Rule[rule.Set]           `yaml:"holds.formats" asked:"loan"`
	LoanPeriod     rule.Rule[Period]             `yaml:"loans.period" asked:"loan"`
	LoanRenewals   rule.Rule[rule.Optional[int]] `yaml:"loans.renewals" asked:"loan"`
	OverdueFine    rule.Rule[FineRate]           `yaml:"fines.overdue" asked:"loan"`
	ILLDue         rule.Rule[LenderDue]          `yaml:"ill.due" asked:"patron copy"`
	ILLRenewals    rule.Rule[ILLRenewals]        `yaml:"ill.renewals" asked:"patron copy"`
	RenewalWindow  rule.Rule[Window]             `yaml:"ill.renewal_window" asked:"patron copy"`
	ReturnPlace    rule.Rule[Place]              `yaml:"ill.return_place"`
	LostCharge     rule.Rule[LostCharge]         `yaml:"ill.lost_charge"`
	SearchDays     rule.Rule[rule.Optional[int]] `yaml:"ill.search_days"`
	// What a lender may set by itself; anything dearer is put before staff.
	InvoiceMost     rule.Rule[rule.Optional[rule.Amount]] `yaml:"ill.lender_invoice_most"`
	LenderFineMost  rule.Rule[rule.Optional[rule.Amount]] `yaml:"ill.lender_fine_most"`
	Refund          rule.Rule[Refund]                     `yaml:"ill.refund" asked:"patron copy"`
	DonationInPlace rule.Rule[bool]                       `yaml:"ill.donation_in_lieu" asked:"patron copy"`

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
	CardNeeds        rule.Rule[CardNeeds]                  `yaml:"cards.needs" asked:"patron"`
	CardFee          rule.Rule[rule.Optional[CardFee]]     `yaml:"cards.fee" asked:"patron"`
	CardDeposit      rule.Rule[rule.Optional[rule.Amount]] `yaml:"cards.deposit" asked:"patron"`
	CardValidity     rule.Rule[rule.Optional[Months]]      `yaml:"cards.validity" asked:"patron"`
	CardBorrows      rule.Rule[Borrowable]                 `yaml:"cards.may_borrow" asked:"loan"`
	CardPer          rule.Rule[CardPer]                    `yaml:"cards.one_per" asked:"class"`
	CardLiable       rule.Rule[Liable]                     `yaml:"cards.liable" asked:"class"`
	CardIDs          rule.Rule[Words]                      `yaml:"cards.accepted_id" asked:"patron"`
	CardShown        rule.Rule[Words]                      `yaml:"cards.identification" asked:"loan"`
	CardTransferable rule.Rule[bool]                       `yaml:"cards.transferable" asked:"loan"`
	CardGoodAt       rule.Rule[rule.Set]                   `yaml:"cards.good_at" asked:"patron"`
	CardRenewal      rule.Rule[CardNeeds]                  `yaml:"cards.renewal_needs" asked:"patron"`
	CardReplacement  rule.Rule[rule.Optional[Ladder]]      `yaml:"cards.replacement" asked:"patron"`
	CardPurge        rule.Rule[PurgeSchedule]              `yaml:"cards.purge" asked:"class"`
	Adulthood        rule.Rule[Adulthood]                  `yaml:"cards.adulthood"`
	MinorRestriction rule.Rule[bool]                       `yaml:"cards.minor_restriction"`
	OwnCardComputer  rule.Rule[bool]                       `yaml:"computers.own_card" asked:"patron"`
	OwnChanges       rule.Rule[OwnChanges]                 `yaml:"patrons.own_changes" asked:"patron"`
	RemoteStanding   rule.Rule[RemoteStanding]             `yaml:"patrons.remote_standing" informative:"No other system is asked about a patron yet."`

	// Loans and renewals.
	Circulates       rule.Rule[bool]                    `yaml:"loans.circulates" asked:"loan"`
	PeriodSetBy      rule.Rule[SetBy]                   `yaml:"loans.period_set_by" asked:"loan"`
	RulesOf          rule.Rule[RulesOf]                 `yaml:"loans.rules_of" asked:"class"`
	TypeLimit        rule.Rule[rule.Optional[int]]      `yaml:"loans.type_limit" asked:"loan"`
	GroupLimits      rule.Rule[Groups]                  `yaml:"loans.group_limits" asked:"loan"`
	TotalLimit       rule.Rule[rule.Optional[int]]      `yaml:"loans.total_limit" asked:"loan"`
	LimitCounts      rule.Rule[LimitCounts]             `yaml:"loans.limit_counts" asked:"loan"`
	RenewalDays      rule.Rule[rule.Optional[int]]      `yaml:"loans.renewal_days" asked:"loan"`
	RenewalFrom      rule.Rule[RenewalFrom]             `yaml:"loans.renewal_from" asked:"loan"`
	RenewalOpens     rule.Rule[rule.Optional[Opening]]  `yaml:"loans.renewal_opens" asked:"loan"`
	RenewalHolds     rule.Rule[RenewalHolds]            `yaml:"loans.renewal_holds" asked:"loan channel"`
	RenewalBy        rule.Rule[Channels]                `yaml:"loans.renewal_by" asked:"loan"`
	RenewalIdentity  rule.Rule[Words]                   `yaml:"loans.renewal_identity" asked:"loan channel"`
	FineAtRenewal    rule.Rule[FineAtRenewal]           `yaml:"loans.fine_at_renewal" asked:"loan"`
	OtherOverdues    rule.Rule[OtherOverdues]           `yaml:"loans.other_overdues" asked:"loan channel"`
	AutoRenew        rule.Rule[rule.Optional[int]]      `yaml:"loans.auto_renew_days" asked:"loan"`
	RecallDays       rule.Rule[rule.Span]               `yaml:"loans.recall_days" asked:"loan"`
	CheckoutForOther rule.Rule[HeldForOther]            `yaml:"loans.held_for_other" asked:"loan"`
	OnOtherAccount   rule.Rule[OnOtherAccount]          `yaml:"loans.on_other_account" asked:"owner copy"`
	BookDrop         rule.Rule[BookDrop]                `yaml:"returns.book_drop" asked:"loan"`
	ScanAge          rule.Rule[rule.Optional[int]]      `yaml:"returns.scan_age_hours" asked:"owner item"`
	DeskUndo         rule.Rule[rule.Optional[UndoTime]] `yaml:"desk.undo"`
	ClosureRelief    rule.Rule[Relief]                  `yaml:"closures.relief"`

	// Fines and what is lost.
	FineGrace      rule.Rule[rule.Optional[Grace]]       `yaml:"fines.grace" asked:"loan"`
	FinePriceCap   rule.Rule[bool]                       `yaml:"fines.price_cap" asked:"loan"`
	NoticeExcuses  rule.Rule[bool]                       `yaml:"fines.notice_excuses" asked:"loan"`
	DefaultPrice   rule.Rule[rule.Optional[rule.Amount]] `yaml:"lost.default_price" asked:"loan"`
	LostAfter      rule.Rule[rule.Optional[Lapse]]       `yaml:"lost.after" asked:"loan"`
	LostPrice      rule.Rule[LostPrice]                  `yaml:"lost.price" asked:"loan"`
	LostParts      rule.Rule[PartPrices]                 `yaml:"lost.parts" asked:"loan"`
	LostSet        rule.Rule[LostSet]                    `yaml:"lost.set" asked:"loan"`
	LostDamage     rule.Rule[Damage]                     `yaml:"lost.damage" asked:"loan"`
	LostReturn     rule.Rule[LostReturn]                 `yaml:"lost.on_return" asked:"loan"`
	LostRefund     rule.Rule[rule.Optional[LostRefund]]  `yaml:"lost.refund" asked:"loan"`
	LostDonation   rule.Rule[Donation]                   `yaml:"lost.donation" asked:"loan"`
	LostNotOurs    rule.Rule[OwnerSays]                  `yaml:"lost.other_owner" asked:"loan"`
	Collection     rule.Rule[rule.Optional[Collection]]  `yaml:"lost.collection" asked:"class"`
	ClaimsAccepted rule.Rule[bool]                       `yaml:"claims.accepted" asked:"loan"`
	ClaimsLimit    rule.Rule[rule.Optional[ClaimLimit]]  `yaml:"claims.limit" asked:"loan"`
	ClaimsKinds    rule.Rule[Words]                      `yaml:"claims.kinds" asked:"loan"`
	ClaimsShelf    rule.Rule[bool]                       `yaml:"claims.shelf_check" asked:"loan"`
	ClaimsDecided  rule.Rule[OwnerSays]                  `yaml:"claims.decided_by" asked:"loan"`
	ClaimsGuardian rule.Rule[rule.Optional[int]]         `yaml:"claims.guardian_under" asked:"loan"`
	ClaimsFound    rule.Rule[ClaimFound]                 `yaml:"claims.found" asked:"loan"`
	ClaimsLost     rule.Rule[rule.Optional[Lapse]]       `yaml:"claims.charged_after" asked:"loan"`
	ClaimsNote     rule.Rule[Words]                      `yaml:"claims.note" asked:"loan"`

	// Holds beyond their limit, notices, other fees, privacy.
	HoldStates      rule.Rule[rule.Set]             `yaml:"holds.states" asked:"loan"`
	HoldBy          rule.Rule[Channels]             `yaml:"holds.by" asked:"loan"`
	HoldExpires     rule.Rule[rule.Optional[int]]   `yaml:"holds.expires_after" asked:"loan"`
	ShelfClosed     rule.Rule[bool]                 `yaml:"shelf.waits_for_open_day" asked:"loan"`
	HoldReady       rule.Rule[NoticeChannels]       `yaml:"notices.hold_ready" asked:"loan"`
	OverdueNotices  rule.Rule[NoticeStages]         `yaml:"notices.overdue" asked:"loan"`
	DueSoon         rule.Rule[rule.Optional[int]]   `yaml:"notices.due_soon_days" asked:"loan"`
	QuietHours      rule.Rule[rule.Optional[Quiet]] `yaml:"notices.quiet_hours"`
	VoicemailTitles rule.Rule[bool]                 `yaml:"notices.voicemail_titles"`
	PrintPrice      rule.Rule[PagePrice]            `yaml:"fees.print" asked:"patron"`
	FaxPrice        rule.Rule[FaxPrice]             `yaml:"fees.fax" asked:"patron"`
	OnAccount       rule.Rule[bool]                 `yaml:"fees.on_account" asked:"patron"`
	Payments        rule.Rule[Payments]             `yaml:"payments.taken" asked:"patron"`
	GuardianSees    rule.Rule[rule.Optional[int]]   `yaml:"privacy.guardian_under"`
	Disclosure      rule.Rule[Disclosure]           `yaml:"privacy.disclosure"`
	HistoryDays     rule.Rule[rule.Optional[int]]   `yaml:"privacy.history_days" asked:"class"`
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
