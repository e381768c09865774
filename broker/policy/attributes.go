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
}
