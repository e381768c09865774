package policy

// Rules is the list of every attribute a policy document may give, by its
// dotted id. An attribute that a document leaves out comes from the document
// above it, in the end from presets/default.yaml.
type Rules struct {
	// Who may ask, and how.
	SignIn       Rule[SignIn]   `yaml:"signin.patron"`
	SubmitBy     Rule[Channels] `yaml:"ill.submit_by"`
	MayAsk       Rule[bool]     `yaml:"ill.may_ask"`
	PhoneOnFile  Rule[Phone]    `yaml:"ill.phone_on_file"`
	ActiveLimit  Rule[Active]   `yaml:"ill.active_limit"`
	NotOwned     Rule[NotOwned] `yaml:"ill.not_owned"`
	OneCopy      Rule[bool]     `yaml:"ill.one_copy_per_person"`
	GroupIsILL   Rule[bool]     `yaml:"ill.shared_catalogue_counts"`
	QueueOrder   Rule[Order]    `yaml:"ill.queue_order"`
	ExpectedWait Rule[Wait]     `yaml:"ill.expected_wait"`

	// What stops a patron. A threshold with its own way out latches.
	BlockCheckout     Rule[Optional[Threshold]] `yaml:"blocks.checkout"`
	BlockILL          Rule[Optional[Threshold]] `yaml:"blocks.ill_request"`
	BlockHold         Rule[Optional[Threshold]] `yaml:"blocks.hold"`
	BlockRenew        Rule[Optional[Threshold]] `yaml:"blocks.renew"`
	BlockRenewOverdue Rule[Optional[Threshold]] `yaml:"blocks.renew_overdue"`
	BlockComputer     Rule[Optional[Threshold]] `yaml:"blocks.computer"`
	BlockSignForMinor Rule[Optional[Threshold]] `yaml:"blocks.sign_for_minor"`
	BlockCapture      Rule[Optional[Threshold]] `yaml:"blocks.capture"`
	GuaranteeDebt     Rule[Optional[Threshold]] `yaml:"blocks.guarantee_debt"`
	BlockGrounds      Rule[Words]               `yaml:"blocks.grounds"`
	ExpiredCard       Rule[Actions]             `yaml:"blocks.expired_card"`
	LongOverdue       Rule[Optional[Overlong]]  `yaml:"blocks.long_overdue"`
	LinkedCards       Rule[Actions]             `yaml:"blocks.linked_cards"`

	// Which lenders, and who pays.
	LenderPlaces Rule[Set]              `yaml:"ill.lender_places"`
	FeePassOn    Rule[PassOn]           `yaml:"ill.fee_pass_on"`
	FeeConsent   Rule[Consent]          `yaml:"ill.fee_consent"`
	CostCeiling  Rule[Optional[Amount]] `yaml:"ill.library_cost_ceiling"`
	Rush         Rule[Rush]             `yaml:"ill.rush"`
	Copyright    Rule[Optional[Copies]] `yaml:"ill.copyright"`

	// Arrival and the hold shelf.
	ArrivalNotice   Rule[NoticeChannels] `yaml:"ill.arrival_notice"`
	ShelfDays       Rule[ShelfTime]      `yaml:"shelf.days"`
	ShelfExpiry     Rule[Expiry]         `yaml:"shelf.on_expiry"`
	ShelfBeforeDue  Rule[Span]           `yaml:"shelf.before_lender_due"`
	OwnHoldsFirst   Rule[bool]           `yaml:"lending.own_holds_first"`
	HoldLimit       Rule[Optional[int]]  `yaml:"holds.limit"`
	HoldFormats     Rule[Set]            `yaml:"holds.formats"`
	LoanPeriod      Rule[Period]         `yaml:"loans.period"`
	LoanRenewals    Rule[Optional[int]]  `yaml:"loans.renewals"`
	OverdueFine     Rule[FineRate]       `yaml:"fines.overdue"`
	ILLDue          Rule[LenderDue]      `yaml:"ill.due"`
	ILLRenewals     Rule[ILLRenewals]    `yaml:"ill.renewals"`
	RenewalWindow   Rule[Window]         `yaml:"ill.renewal_window"`
	ReturnPlace     Rule[Place]          `yaml:"ill.return_place"`
	LostCharge      Rule[LostCharge]     `yaml:"ill.lost_charge"`
	SearchDays      Rule[Optional[int]]  `yaml:"ill.search_days"`
	Refund          Rule[Refund]         `yaml:"ill.refund"`
	DonationInPlace Rule[bool]           `yaml:"ill.donation_in_lieu"`

	// How long each party has; see the Deadline constants.
	StaffDays         Rule[Span] `yaml:"deadlines.staff"`
	ApprovalDays      Rule[Span] `yaml:"deadlines.approval"`
	RespondDays       Rule[Span] `yaml:"deadlines.respond"`
	ConditionalDays   Rule[Span] `yaml:"deadlines.conditional"`
	RetryDays         Rule[Span] `yaml:"deadlines.retry"`
	ShipDays          Rule[Span] `yaml:"deadlines.ship"`
	ArrivalDays       Rule[Span] `yaml:"deadlines.arrival"`
	ReceiveDays       Rule[Span] `yaml:"deadlines.receive"`
	ReturnDays        Rule[Span] `yaml:"deadlines.return"`
	ReturnArrivalDays Rule[Span] `yaml:"deadlines.return_arrival"`
	ReturnConfirmDays Rule[Span] `yaml:"deadlines.return_confirm"`
	InvoiceDays       Rule[Span] `yaml:"deadlines.invoice"`
	CancelAnswerDays  Rule[Span] `yaml:"deadlines.cancel_answer"`
	RenewalAnswerDays Rule[Span] `yaml:"deadlines.renewal_answer"`
	AnswerDays        Rule[Span] `yaml:"deadlines.answer"`
	PullDays          Rule[Span] `yaml:"deadlines.pull"`
	LendShipDays      Rule[Span] `yaml:"deadlines.lend_ship"`

	// Cards, by patron class.
	CardNeeds        Rule[CardNeeds]         `yaml:"cards.needs"`
	CardFee          Rule[Optional[CardFee]] `yaml:"cards.fee"`
	CardDeposit      Rule[Optional[Amount]]  `yaml:"cards.deposit"`
	CardValidity     Rule[Optional[Months]]  `yaml:"cards.validity"`
	CardBorrows      Rule[Borrowable]        `yaml:"cards.may_borrow"`
	CardPer          Rule[CardPer]           `yaml:"cards.one_per"`
	CardLiable       Rule[Liable]            `yaml:"cards.liable"`
	CardIDs          Rule[Words]             `yaml:"cards.accepted_id"`
	CardShown        Rule[Words]             `yaml:"cards.identification"`
	CardTransferable Rule[bool]              `yaml:"cards.transferable"`
	CardGoodAt       Rule[Set]               `yaml:"cards.good_at"`
	CardRenewal      Rule[CardNeeds]         `yaml:"cards.renewal_needs"`
	CardReplacement  Rule[Optional[Ladder]]  `yaml:"cards.replacement"`
	CardPurge        Rule[PurgeSchedule]     `yaml:"cards.purge"`
	Adulthood        Rule[Adulthood]         `yaml:"cards.adulthood"`
	MinorRestriction Rule[bool]              `yaml:"cards.minor_restriction"`
	OwnCardComputer  Rule[bool]              `yaml:"computers.own_card"`
	RemoteStanding   Rule[RemoteStanding]    `yaml:"patrons.remote_standing"`

	// Loans and renewals.
	Circulates       Rule[bool]              `yaml:"loans.circulates"`
	PeriodSetBy      Rule[SetBy]             `yaml:"loans.period_set_by"`
	RulesOf          Rule[RulesOf]           `yaml:"loans.rules_of"`
	TypeLimit        Rule[Optional[int]]     `yaml:"loans.type_limit"`
	GroupLimits      Rule[Groups]            `yaml:"loans.group_limits"`
	TotalLimit       Rule[Optional[int]]     `yaml:"loans.total_limit"`
	LimitCounts      Rule[LimitCounts]       `yaml:"loans.limit_counts"`
	RenewalDays      Rule[Optional[int]]     `yaml:"loans.renewal_days"`
	RenewalFrom      Rule[RenewalFrom]       `yaml:"loans.renewal_from"`
	RenewalOpens     Rule[Optional[Opening]] `yaml:"loans.renewal_opens"`
	RenewalHolds     Rule[RenewalHolds]      `yaml:"loans.renewal_holds"`
	RenewalBy        Rule[Channels]          `yaml:"loans.renewal_by"`
	RenewalIdentity  Rule[Words]             `yaml:"loans.renewal_identity"`
	FineAtRenewal    Rule[FineAtRenewal]     `yaml:"loans.fine_at_renewal"`
	OtherOverdues    Rule[OtherOverdues]     `yaml:"loans.other_overdues"`
	AutoRenew        Rule[Optional[int]]     `yaml:"loans.auto_renew_days"`
	RecallDays       Rule[Span]              `yaml:"loans.recall_days"`
	CheckoutForOther Rule[HeldForOther]      `yaml:"loans.held_for_other"`
	BookDrop         Rule[BookDrop]          `yaml:"returns.book_drop"`
	ClosureRelief    Rule[Relief]            `yaml:"closures.relief"`

	// Fines and what is lost.
	FineGrace      Rule[Optional[Grace]]      `yaml:"fines.grace"`
	FinePriceCap   Rule[bool]                 `yaml:"fines.price_cap"`
	NoticeExcuses  Rule[bool]                 `yaml:"fines.notice_excuses"`
	DefaultPrice   Rule[Optional[Amount]]     `yaml:"lost.default_price"`
	LostAfter      Rule[Optional[Lapse]]      `yaml:"lost.after"`
	LostPrice      Rule[LostPrice]            `yaml:"lost.price"`
	LostParts      Rule[PartPrices]           `yaml:"lost.parts"`
	LostSet        Rule[LostSet]              `yaml:"lost.set"`
	LostDamage     Rule[Damage]               `yaml:"lost.damage"`
	LostReturn     Rule[LostReturn]           `yaml:"lost.on_return"`
	LostRefund     Rule[Optional[LostRefund]] `yaml:"lost.refund"`
	LostDonation   Rule[Donation]             `yaml:"lost.donation"`
	LostNotOurs    Rule[OwnerSays]            `yaml:"lost.other_owner"`
	Collection     Rule[Optional[Collection]] `yaml:"lost.collection"`
	ClaimsAccepted Rule[bool]                 `yaml:"claims.accepted"`
	ClaimsLimit    Rule[Optional[ClaimLimit]] `yaml:"claims.limit"`
	ClaimsKinds    Rule[Words]                `yaml:"claims.kinds"`
	ClaimsShelf    Rule[bool]                 `yaml:"claims.shelf_check"`
	ClaimsDecided  Rule[OwnerSays]            `yaml:"claims.decided_by"`
	ClaimsGuardian Rule[Optional[int]]        `yaml:"claims.guardian_under"`
	ClaimsFound    Rule[ClaimFound]           `yaml:"claims.found"`
	ClaimsLost     Rule[Optional[Lapse]]      `yaml:"claims.charged_after"`
	ClaimsNote     Rule[Words]                `yaml:"claims.note"`

	// Holds beyond their limit, notices, other fees, privacy.
	HoldStates      Rule[Set]             `yaml:"holds.states"`
	HoldBy          Rule[Channels]        `yaml:"holds.by"`
	HoldExpires     Rule[Optional[int]]   `yaml:"holds.expires_after"`
	ShelfClosed     Rule[bool]            `yaml:"shelf.waits_for_open_day"`
	HoldReady       Rule[NoticeChannels]  `yaml:"notices.hold_ready"`
	OverdueNotices  Rule[NoticeStages]    `yaml:"notices.overdue"`
	DueSoon         Rule[Optional[int]]   `yaml:"notices.due_soon_days"`
	QuietHours      Rule[Optional[Quiet]] `yaml:"notices.quiet_hours"`
	VoicemailTitles Rule[bool]            `yaml:"notices.voicemail_titles"`
	PrintPrice      Rule[PagePrice]       `yaml:"fees.print"`
	FaxPrice        Rule[FaxPrice]        `yaml:"fees.fax"`
	OnAccount       Rule[bool]            `yaml:"fees.on_account"`
	Payments        Rule[Payments]        `yaml:"payments.taken"`
	GuardianSees    Rule[Optional[int]]   `yaml:"privacy.guardian_under"`
	Disclosure      Rule[Disclosure]      `yaml:"privacy.disclosure"`
	HistoryDays     Rule[Optional[int]]   `yaml:"privacy.history_days"`
	StatusShown     Rule[bool]            `yaml:"ill.status_shown"`
}
