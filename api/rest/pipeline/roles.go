package pipeline

import (
	"slices"

	"afield/broker"
	"afield/broker/access"
)

// callers says who may call an operation. What they may do to one request is the
// state tables' and the policies' to say.
type callers struct {
	// public operations need no sign-in.
	public bool
	// staff lists the roles of which a staff user or program needs one; nil
	// means staff may not call it, anyRole that each may.
	staff []string
	// patrons may call it for their own account.
	patrons bool
}

func anyRole() []string { return access.Roles() }

var (
	everybody = callers{public: true}
	signedIn  = callers{staff: anyRole(), patrons: true}
	staffOnly = callers{staff: anyRole()}
	deskStaff = callers{staff: []string{access.RoleDesk, access.RoleILL, access.RoleDirector}}
	illStaff  = callers{staff: []string{access.RoleILL, access.RoleDirector}}
	directors = callers{staff: []string{access.RoleDirector, access.RoleAdmin}}
	ownOnly   = callers{patrons: true}
)

// rules is the one table of who may call what. A test holds it against the
// contract: every operation has a line.
var rules = map[string]callers{
	"createSession": everybody,
	"deleteSession": signedIn,

	"submitRequest":  signedIn,
	"listRequests":   signedIn,
	"previewRequest": signedIn,
	"getRequest":     signedIn,
	"actOnRequest":   signedIn, // the table says which actions are a patron's
	"getTimeline":    signedIn,
	"listMessages":   staffOnly,
	"listNotes":      signedIn,
	"addNote":        staffOnly,

	"listLending":  staffOnly,
	"getLending":   staffOnly,
	"actOnLending": illStaff,

	"scan":       deskStaff,
	"checkOut":   deskStaff,
	"renewLoan":  signedIn,
	"returnLoan": deskStaff,
	"placeHold":  signedIn,
	"cancelHold": signedIn,
	"listShelf":  staffOnly,

	"listLoans":     staffOnly,
	"getLoan":       signedIn,
	"claimLoan":     deskStaff,
	"answerClaim":   deskStaff,
	"loseLoan":      deskStaff,
	"findLoan":      deskStaff,
	"damageLoan":    deskStaff,
	"donateForLoan": deskStaff,
	"referLoan":     deskStaff,
	"recallLoan":    deskStaff,

	"getHold":         signedIn,
	"suspendHold":     signedIn,
	"resumeHold":      signedIn,
	"movePickup":      deskStaff,
	"permitHold":      deskStaff,
	"noteHoldContact": deskStaff,
	"extendHold":      deskStaff,
	"expireHoldOn":    deskStaff,
	"clearHold":       deskStaff,
	"getSlip":         staffOnly,
	"getQueue":        staffOnly,
	"reorderQueue":    deskStaff,

	"searchTitles": signedIn,
	"getTitle":     signedIn,

	"findItem":   staffOnly,
	"addItem":    deskStaff,
	"getItem":    staffOnly,
	"changeItem": deskStaff,
	"markItem":   deskStaff,

	"listPulls":    staffOnly,
	"holdNotFound": deskStaff,

	"getPatron":          staffOnly,
	"listPatronLoans":    staffOnly,
	"listPatronHolds":    staffOnly,
	"listPatronRequests": staffOnly,
	"listPatronCharges":  staffOnly,
	"recordPayment":      deskStaff,

	"searchPatrons":  staffOnly,
	"registerPatron": deskStaff,
	"changePatron":   deskStaff,
	"changeClass":    deskStaff,
	"listCards":      staffOnly,
	"renewCard":      deskStaff,
	"replaceCard":    deskStaff,
	"reportCard":     deskStaff,
	"surrenderCard":  deskStaff,
	"listBlocks":     staffOnly,
	"putBlock":       deskStaff, // which block, the rules of blocks say
	"liftBlock":      deskStaff,
	"listLinks":      staffOnly,
	"linkPatron":     deskStaff,
	"unlinkPatron":   deskStaff,
	"listProxies":    staffOnly,
	"nameProxy":      deskStaff,
	"removeProxy":    deskStaff,
	"mergePatron":    deskStaff,

	"listDisclosures":  directors,
	"askDisclosure":    deskStaff,
	"decideDisclosure": directors,

	"listPatronLedger": staffOnly,
	"listMyLedger":     ownOnly,
	"addFee":           deskStaff,
	"giveBack":         directors,
	"getReceipt":       staffOnly,
	"voidReceipt":      directors,
	"waiveCharge":      directors,
	"takeBackCharge":   directors,
	"useCredit":        deskStaff,
	"listTillEntries":  deskStaff,
	"listVouchers":     staffOnly,
	"payVoucher":       directors,
	"cancelVoucher":    directors,
	"openTill":         deskStaff,
	"getTill":          deskStaff,
	"closeTill":        deskStaff,
	"listInvoices":     staffOnly,
	"sumInvoices":      staffOnly,
	"raiseInvoice":     illStaff,
	"payInvoice":       illStaff,
	"disputeInvoice":   illStaff,
	"insistOnInvoice":  illStaff,
	"withdrawInvoice":  illStaff,

	"listNights": directors,

	"getMe":          signedIn,
	"listMyLoans":    ownOnly,
	"listMyHolds":    ownOnly,
	"listMyRequests": ownOnly,
	"listMyCharges":  ownOnly,

	"listTasks":           staffOnly,
	"closeTask":           deskStaff,
	"listNotices":         staffOnly,
	"recordNoticeOutcome": deskStaff,
	"passOnNotice":        deskStaff,
	"listLetters":         staffOnly,
	"markLettersPrinted":  deskStaff,

	"listNoticeTemplates": staffOnly,
	"getNoticeTemplate":   staffOnly,
	"previewNotice":       staffOnly,
	"saveNoticeTemplate":  {staff: []string{access.RoleDirector, access.RoleAdmin}},
	"dropNoticeTemplate":  {staff: []string{access.RoleDirector, access.RoleAdmin}},

	"listLibraries": everybody,
	"getLibrary":    everybody,
	"listPolicies":  everybody,
	"explainPolicy": staffOnly,

	"getPolicy":          everybody,
	"listPolicyVersions": everybody,
	"diffPolicies":       everybody,
	"checkPolicy":        staffOnly,
	"publishPolicy":      {staff: []string{access.RoleDirector, access.RoleAdmin}},

	"listClosures":      staffOnly,
	"addClosure":        {staff: []string{access.RoleDirector, access.RoleAdmin}},
	"cancelClosure":     {staff: []string{access.RoleDirector, access.RoleAdmin}},
	"listAdjustments":   staffOnly,
	"adjustDueDates":    deskStaff, // the policy says who
	"reverseAdjustment": deskStaff,
	"getWorkflow":       everybody,
}

// admits tells whether a signed-in caller may call an operation. An operation
// without a line admits nobody.
func admits(operation string, principal access.Principal) error {
	allowed := rules[operation]
	switch {
	case allowed.public:
		return nil
	case principal.Kind == access.KindPatron && allowed.patrons:
		return nil
	case principal.IsStaff() && allowed.staff != nil && principal.Holds(allowed.staff...):
		return nil
	case principal.Kind == access.KindPatron && allowed.staff != nil:
		return broker.Forbidden("This is for the library's staff.")
	case principal.IsStaff() && allowed.staff == nil && allowed.patrons:
		return broker.Forbidden("This is a patron's own account; staff read /v1/patrons/{id}.")
	case principal.IsStaff() && len(principal.Roles) > 0 && !slices.Equal(allowed.staff, access.Roles()):
		return broker.Forbidden("This needs one of the roles %s.", listed(allowed.staff))
	}
	return broker.Forbidden("This is not for you to do.")
}

func listed(words []string) string {
	text := ""
	for i, word := range words {
		switch {
		case i == 0:
		case i == len(words)-1:
			text += " or "
		default:
			text += ", "
		}
		text += word
	}
	return text
}
