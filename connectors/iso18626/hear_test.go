package iso18626

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"afield/broker"
	"afield/connectors"
)

// as writes a message as peers of an edition do. The parts are XML.
func as(edition, root, headerMore, parts string) []byte {
	header := `<header><supplyingAgencyId><agencyIdType>ISIL</agencyIdType><agencyIdValue>US-THERE</agencyIdValue></supplyingAgencyId>` +
		`<requestingAgencyId><agencyIdType>ISIL</agencyIdType><agencyIdValue>US-HERE</agencyIdValue></requestingAgencyId>`
	if edition == Edition12 {
		header += `<multipleItemRequestId/>`
	}
	header += `<timestamp>2026-08-01T12:00:00Z</timestamp><requestingAgencyRequestId>r-1</requestingAgencyRequestId>` + headerMore + `</header>`
	return []byte(`<ISO18626Message xmlns="` + namespace + `" xmlns:x="` + namespace + `" x:version="` + editionOf(edition).version + `"><` +
		root + `>` + header + parts + `</` + root + `></ISO18626Message>`)
}

// supplied writes a message of a supplying agency; more follows statusInfo.
func supplied(edition, reason, info, status, more string) []byte {
	return as(edition, rootSupplying, "", `<messageInfo><reasonForMessage>`+reason+`</reasonForMessage>`+info+`</messageInfo><statusInfo><status>`+
		status+`</status>`+strings.Replace(more, "|", `<lastChange>2026-08-01T12:00:00Z</lastChange></statusInfo>`, 1)+map[bool]string{true: "", false: `<lastChange>2026-08-01T12:00:00Z</lastChange></statusInfo>`}[strings.Contains(more, "|")])
}

func heard(t *testing.T, body []byte) (connectors.Message, error) {
	t.Helper()
	d, err := read(body)
	if err != nil {
		return connectors.Message{}, err
	}
	peer := connectors.Peer{Symbol: there}
	if d.root.name != rootSupplying {
		peer.Symbol = here
	}
	return d.hear(peer, body, noon)
}

type hearing struct {
	editions string // of which it is; "" for both
	name     string
	body     func(edition string) []byte
	kind     connectors.Kind
	check    func(m connectors.Message) bool
}

func says(reason, info, status, more string) func(string) []byte {
	return func(edition string) []byte { return supplied(edition, reason, info, status, more) }
}

func acts(action, note string) func(string) []byte {
	return func(edition string) []byte {
		return as(edition, rootRequesting, "", "<action>"+action+"</action>"+note)
	}
}

func noted(text string) func(connectors.Message) bool {
	return func(m connectors.Message) bool { return strings.Contains(m.Note, text) }
}

func answers(yes bool) func(connectors.Message) bool {
	return func(m connectors.Message) bool { return m.Yes != nil && *m.Yes == yes }
}

func because(reason string) func(connectors.Message) bool {
	return func(m connectors.Message) bool { return m.Reason == reason }
}

const (
	dueDate = "<dueDate>2026-09-05T23:59:59Z</dueDate>|"
	cost    = "<currencyCode>USD</currencyCode><monetaryValue>12.5</monetaryValue>"
)

func hearings() []hearing {
	list := []hearing{
		{"", "received", acts("Received", ""), connectors.KindReceived, nil},
		{"", "cancel", acts("Cancel", "<note>Found here.</note>"), connectors.KindCancel, noted("Found here.")},
		{"", "renew", acts("Renew", ""), connectors.KindRenew, nil},
		{"", "shipped return", acts("ShippedReturn", ""), connectors.KindShippedReturn, nil},
		{"", "shipped forward", acts("ShippedForward", ""), connectors.KindNote, noted("ShippedForward")},
		{"", "status request", acts("StatusRequest", ""), connectors.KindStatusRequest, nil},
		{"", "notification", acts("Notification", "<note>#seq:3#The slip is missing.</note>"), connectors.KindNote, func(m connectors.Message) bool { return m.Note == "The slip is missing." }},
		{"", "empty notification", acts("Notification", ""), connectors.KindNote, noted("without words")},
		{"", "accept", acts("Notification", "<note> accept. </note>"), connectors.KindAcceptConditions, nil},
		{"", "accept of ReShare", acts("Notification", "<note>#ReShareLoanConditionAgreeResponse##seq:1#</note>"), connectors.KindAcceptConditions, nil},
		{"", "reject", acts("Notification", "<note>REJECT</note>"), connectors.KindRejectConditions, nil},
		{"", "reject of ReShare", acts("Notification", "<note>#ReShareLoanConditionRejectResponse#too dear</note>"), connectors.KindRejectConditions, noted("too dear")},
		{"", "words about accepting", acts("Notification", "<note>We accept your apology.</note>"), connectors.KindNote, nil},
		{Edition2021, "lost", acts("Lost", ""), connectors.KindLostByBorrower, nil},
		{Edition2021, "hold return", acts("HoldReturn", ""), connectors.KindNote, noted("HoldReturn")},

		{"", "request received", says("RequestResponse", "", "RequestReceived", ""), connectors.KindStatus, noted("RequestReceived")},
		{"", "expect to supply", says("StatusChange", "", "ExpectToSupply", ""), connectors.KindExpectToSupply, nil},
		{"", "will supply", says("RequestResponse", "", "WillSupply", ""), connectors.KindWillSupply, nil},
		{"", "conditional", says("RequestResponse", "<note>Reading room.</note>", "WillSupply", "|<deliveryInfo><dateSent>2026-08-01T12:00:00Z</dateSent><loanCondition>LibraryUseOnly</loanCondition></deliveryInfo>"), connectors.KindConditional, func(m connectors.Message) bool {
			return strings.Contains(m.Conditions, "Library use only") && strings.Contains(m.Conditions, "Reading room.")
		}},
		{Edition12, "cost", says("RequestResponse", "<offeredCosts>"+cost+"</offeredCosts>", "WillSupply", ""), connectors.KindConditional, func(m connectors.Message) bool { return *m.Cost == *twelve }},
		{Edition2021, "cost", says("RequestResponse", "", "WillSupply", "|<retryInfo><offeredCosts>"+cost+"</offeredCosts></retryInfo>"), connectors.KindConditional, func(m connectors.Message) bool { return *m.Cost == *twelve }},
		{"", "loaned", says("StatusChange", "", "Loaned", dueDate+"<deliveryInfo><dateSent>0001-01-01T00:00:00.000Z</dateSent><itemId>123</itemId></deliveryInfo>"), connectors.KindLoaned, func(m connectors.Message) bool {
			return m.Due == due && len(m.Items) == 1 && m.Items[0].Barcode == "123"
		}},
		{Edition2021, "several volumes", says("RequestResponse", "", "Loaned", dueDate+"<deliveryInfo><dateSent>2026-08-01T12:00:00Z</dateSent><itemId>1</itemId><itemId>2</itemId></deliveryInfo>"), connectors.KindLoaned, func(m connectors.Message) bool { return len(m.Items) == 2 && m.Items[1].Barcode == "2" }},
		{Edition12, "return address", says("RequestResponse", "", "Loaned", dueDate+"<returnInfo><name>ILL Dept</name><physicalAddress><line1>1 Main St</line1><locality>Westport</locality></physicalAddress></returnInfo>"), connectors.KindLoaned, noted("Return it to: ILL Dept, 1 Main St, Westport")},
		{"", "loaned without a date", says("StatusChange", "", "Loaned", ""), connectors.KindLoaned, func(m connectors.Message) bool { return m.Due.IsZero() }},
		{"", "loaned until nothing", says("StatusChange", "", "Loaned", "<dueDate>0001-01-01T00:00:00Z</dueDate>|"), connectors.KindLoaned, func(m connectors.Message) bool { return m.Due.IsZero() }},
		{"", "overdue", says("StatusChange", "", "Overdue", ""), connectors.KindOverdue, nil},
		{"", "recalled", says("StatusChange", "", "Recalled", ""), connectors.KindRecalled, nil},
		{"", "copy completed", says("StatusChange", "<note>URL: https://example.org/c</note>", "CopyCompleted", ""), connectors.KindCopyCompleted, noted("URL: https://example.org/c")},
		{Edition2021, "copy with URL", says("StatusChange", "", "CopyCompleted", "|<deliveryInfo><dateSent>2026-08-01T12:00:00Z</dateSent><URL>https://example.org/c</URL></deliveryInfo>"), connectors.KindCopyCompleted, noted("URL: https://example.org/c")},
		{Edition12, "copy by URL", says("StatusChange", "", "CopyCompleted", "|<deliveryInfo><dateSent>2026-08-01T12:00:00Z</dateSent><itemId>https://example.org/c</itemId><sentVia>URL</sentVia></deliveryInfo>"), connectors.KindCopyCompleted, noted("URL: https://example.org/c")},
		{"", "loan completed", says("StatusChange", "", "LoanCompleted", ""), connectors.KindLoanCompleted, because("")},
		{"", "completed without return", says("StatusChange", "", "CompletedWithoutReturn", ""), connectors.KindLoanCompleted, because("forgiven")},
		{"", "cancelled unasked", says("StatusChange", "", "Cancelled", ""), connectors.KindUnfilled, because(connectors.ReasonOther)},
		{Edition2021, "hold return", says("StatusChange", "", "HoldReturn", ""), connectors.KindNote, noted("HoldReturn")},
		{Edition2021, "release hold return", says("StatusChange", "", "ReleaseHoldReturn", ""), connectors.KindNote, noted("ReleaseHoldReturn")},

		{"", "cancel agreed", says("CancelResponse", "<answerYesNo>Y</answerYesNo>", "Cancelled", ""), connectors.KindCancelAnswer, answers(true)},
		{"", "cancel refused", says("CancelResponse", "<answerYesNo>N</answerYesNo>", "Loaned", dueDate), connectors.KindCancelAnswer, func(m connectors.Message) bool { return answers(false)(m) && m.Due.IsZero() }},
		{"", "cancel, no answer", says("CancelResponse", "<answerYesNo/>", "Cancelled", ""), connectors.KindCancelAnswer, answers(true)},
		{"", "cancel, no answer and loaned", says("CancelResponse", "", "Loaned", ""), connectors.KindCancelAnswer, answers(false)},
		{"", "renewed", says("RenewResponse", "<answerYesNo>Y</answerYesNo>", "Loaned", dueDate), connectors.KindRenewAnswer, func(m connectors.Message) bool { return answers(true)(m) && m.Due == due }},
		{"", "renewed without a date", says("RenewResponse", "<answerYesNo>Y</answerYesNo>", "Loaned", ""), connectors.KindRenewAnswer, answers(true)},
		{"", "not renewed", says("RenewResponse", "<answerYesNo>N</answerYesNo>", "Loaned", dueDate), connectors.KindRenewAnswer, func(m connectors.Message) bool { return answers(false)(m) && m.Due.IsZero() }},
		{"", "renewal, empty answer", says("RenewResponse", "<answerYesNo></answerYesNo>", "Loaned", ""), connectors.KindRenewAnswer, answers(false)},
		{"", "renewal, empty answer, a date", says("RenewResponse", "<answerYesNo/>", "Loaned", dueDate), connectors.KindDueChanged, func(m connectors.Message) bool { return m.Yes == nil && m.Due == due }},
		{"", "status response", says("StatusRequestResponse", "", "Loaned", dueDate), connectors.KindStatus, noted("Loaned, due 2026-09-05")},
		{"", "lender's notification", says("Notification", "<note>Worn cover.</note>", "Loaned", dueDate), connectors.KindNote, func(m connectors.Message) bool { return m.Note == "Worn cover." && m.Due.IsZero() }},
		{"", "notification of unfilled", says("Notification", "", "Unfilled", ""), connectors.KindNote, nil},

		{Edition12, "retry on a date", says("RequestResponse", "<reasonRetry>OnLoan</reasonRetry><retryAfter>2026-09-05T03:05:13.909Z</retryAfter>", "RetryPossible", ""), connectors.KindRetryLater, func(m connectors.Message) bool {
			return m.RetryAfter == due && m.Reason == connectors.ReasonOnLoan
		}},
		{Edition2021, "retry on a date", says("RequestResponse", "<reasonRetry>OnLoan</reasonRetry>", "RetryPossible", "|<retryInfo><retryBefore>2026-12-05T00:00:00Z</retryBefore><retryAfter>2026-09-05T00:00:00Z</retryAfter></retryInfo>"), connectors.KindRetryLater, func(m connectors.Message) bool {
			return m.RetryAfter == due && strings.Contains(m.Note, "before 2026-12-05")
		}},
		{Edition12, "retry for a cost", says("RequestResponse", "<reasonRetry>CostExceedsMaxCost</reasonRetry><offeredCosts>"+cost+"</offeredCosts>", "RetryPossible", ""), connectors.KindRetryLater, func(m connectors.Message) bool {
			return m.Reason == connectors.ReasonCostExceeds && *m.Cost == *twelve && strings.Contains(m.Note, "Cost: 12.50 USD")
		}},
		{"", "retry on a condition", says("RequestResponse", "<reasonRetry>LoanCondition</reasonRetry>", "RetryPossible", "|<deliveryInfo><dateSent>2026-08-01T12:00:00Z</dateSent><loanCondition>NoReproduction</loanCondition></deliveryInfo>"), connectors.KindRetryLater, noted("No reproduction.")},
	}
	for code, reason := range map[string]string{
		"NonCirculating": connectors.ReasonNonCirculating, "NotAvailableForILL": connectors.ReasonPolicy, "NotHeld": connectors.ReasonNotOwned,
		"NotOnShelf": connectors.ReasonNotOnShelf, "PolicyProblem": connectors.ReasonPolicy, "PoorCondition": connectors.ReasonPoorCondition,
		"notheld": connectors.ReasonNotOwned, "Duplicate": connectors.ReasonOther, "EatenByTheDog": connectors.ReasonOther,
	} {
		list = append(list, hearing{"", "unfilled " + code, says("RequestResponse", "<reasonUnfilled>"+code+"</reasonUnfilled>", "Unfilled", ""), connectors.KindUnfilled, because(reason)})
	}
	for _, code := range strings.Fields("AtBindery NotCurrentAvailableForILL NotFoundAsCited OnOrder ReqDelDateNotPossible ReqDelMethodNotSupp CourierNotSupp MultiVolAvail " +
		"MustMeetLoanCondition ReqEditionNotPossible ReqFormatNotPossible ReqPayMethodNotSupported ReqServLevelNotSupp ReqServTypeNotPossible NobodyKnowsThis") {
		list = append(list, hearing{"", "retry " + code, says("RequestResponse", "<reasonRetry>"+code+"</reasonRetry>", "RetryPossible", ""), connectors.KindRetryLater, noted("Reason: " + code)})
	}
	return list
}

// Every action, status and reason of both editions becomes a kind of message, or a
// note.
func TestHeard(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, edition := range Editions() {
		for _, test := range hearings() {
			if test.editions != "" && test.editions != edition {
				continue
			}
			body := test.body(edition)
			for _, list := range []map[string][]string{words, editionOf(edition).words} {
				for name, codes := range list {
					for _, code := range codes {
						if strings.Contains(string(body), "<"+name+">"+code+"<") {
							seen[edition+name+code] = true
						}
					}
				}
			}
			m, err := heard(t, body)
			if err != nil || m.Kind != test.kind || m.RequestID != "r-1" || m.ID == "" {
				t.Errorf("%s in %s: %v, %+v", test.name, edition, err, m)
				continue
			}
			if test.check != nil && !test.check(m) {
				t.Errorf("%s in %s is heard as %+v", test.name, edition, m)
			}
		}
		for _, name := range []string{"action", "status"} {
			for _, code := range editionOf(edition).words[name] {
				if !seen[edition+name+code] {
					t.Errorf("no test hears %s %s of %s", name, code, edition)
				}
			}
		}
		for _, code := range words["reasonForMessage"] {
			if !seen[edition+"reasonForMessage"+code] {
				t.Errorf("no test hears the reason %s of %s", code, edition)
			}
		}
	}
}

// Whatever the reason, only RequestResponse and StatusChange report a change: a
// notification never moves anything.
func TestOnlyChangesMove(t *testing.T) {
	t.Parallel()
	for _, status := range edition2021.words["status"] {
		for _, reason := range []string{"Notification", "StatusRequestResponse"} {
			m, err := heard(t, supplied(Edition2021, reason, "", status, ""))
			if err != nil || (m.Kind != connectors.KindNote && m.Kind != connectors.KindStatus) {
				t.Errorf("%s with %s: %s, %v", reason, status, m.Kind, err)
			}
		}
	}
}

// What cannot be taken is refused with the type of error and what was wrong.
func TestRefusals(t *testing.T) {
	t.Parallel()
	plain := string(as(Edition12, rootRequesting, "", "<action>Received</action>"))
	for name, test := range map[string]struct{ body, kind, value string }{
		"unknown action":  {strings.Replace(plain, "Received", "Dance", 1), errorAction, "Dance is none of"},
		"no action":       {strings.Replace(plain, "<action>Received</action>", "", 1), errorAction, "action"},
		"unknown reason":  {string(supplied(Edition12, "Whim", "", "Loaned", "")), errorReason, "Whim is none of"},
		"unknown status":  {string(supplied(Edition12, "StatusChange", "", "Vanished", "")), errorValue, "Vanished is none of"},
		"no status":       {string(supplied(Edition12, "StatusChange", "", "", "")), errorElement, "statusInfo/status"},
		"no messageInfo":  {string(as(Edition12, rootSupplying, "", "")), errorForm, "messageInfo"},
		"no header":       {"<requestingAgencyMessage><action>Received</action></requestingAgencyMessage>", errorForm, "header"},
		"no request id":   {strings.Replace(plain, "r-1", " ", 1), errorElement, "requestingAgencyRequestId cannot be empty"},
		"endless id":      {strings.Replace(plain, "r-1", strings.Repeat("r", 300), 1), errorValue, "requestingAgencyRequestId"},
		"bad timestamp":   {strings.Replace(plain, "2026-08-01T12:00:00Z", "soon", 1), errorValue, "timestamp"},
		"unknown service": {string(as(Edition12, rootRequest, "", "<serviceInfo><serviceType>Gift</serviceType></serviceInfo>")), errorValue, "serviceType"},
		"unknown request": {string(as(Edition12, rootRequest, "", "<serviceInfo><requestType>Order</requestType></serviceInfo>")), errorValue, "requestType"},
		"a confirmation":  {strings.ReplaceAll(plain, "requestingAgencyMessage>", "requestingAgencyMessageConfirmation>"), errorElement, "is the answer to a message"},
	} {
		_, err := heard(t, []byte(test.body))
		var why refusal
		if !errors.As(err, &why) || why.kind != test.kind || !strings.Contains(why.value, test.value) {
			t.Errorf("%s: %v; want %s: %s", name, err, test.kind, test.value)
		}
	}
}

// What real systems send is read, whatever the schema says to it.
func TestTolerant(t *testing.T) {
	t.Parallel()
	plain := string(as(Edition12, rootRequesting, "", "<action>Received</action>"))
	bare := plain[strings.Index(plain, "<requestingAgencyMessage>"):strings.Index(plain, "</ISO18626Message>")]
	for name, body := range map[string]string{
		"no envelope":           bare,
		"no namespace":          "<ISO18626Message version='1.0'>" + bare + "</ISO18626Message>",
		"prefix":                strings.NewReplacer("</", "</n:", "<", "<n:", "xmlns=", "xmlns:n=").Replace(plain),
		"offset without colon":  strings.Replace(plain, "12:00:00Z", "13:00:00+0100", 1),
		"fractions":             strings.Replace(plain, "12:00:00Z", "12:00:00.000Z", 1),
		"no zone":               strings.Replace(plain, "12:00:00Z", "12:00:00", 1),
		"no time":               strings.Replace(plain, "<timestamp>2026-08-01T12:00:00Z</timestamp>", "", 1),
		"byte order mark":       "\ufeff" + plain,
		"Latin-1":               `<?xml version="1.0" encoding="ISO-8859-1"?>` + plain,
		"unknown element":       strings.Replace(plain, "<action>", "<mood>fine<deep/></mood><action>", 1),
		"no multipleItem":       strings.Replace(plain, "<multipleItemRequestId/>", "", 1),
		"comments and blanks":   strings.Replace(plain, "Received", " \n Received<!-- yes --> ", 1),
		"placeholders of Koha":  strings.NewReplacer("US-THERE", "sup_agency_value", "US-HERE", "req_agency_value").Replace(plain),
		"no supplying agency":   strings.Replace(plain, "US-THERE", "", 1),
		"version of OCLC":       strings.Replace(plain, `"1.2"`, `"v1_2_2017"`, 1),
		"elements out of order": strings.Replace(strings.Replace(plain, "<action>Received</action>", "", 1), "<header>", "<action>Received</action><header>", 1),
	} {
		m, err := heard(t, []byte(body))
		if err != nil || m.Kind != connectors.KindReceived || m.RequestID != "r-1" || !m.SentAt.Equal(noon) || m.Borrower != here {
			t.Errorf("%s: %v, %+v", name, err, m)
		}
	}
}

func TestRequestsAreRead(t *testing.T) {
	t.Parallel()
	parts := `<bibliographicInfo><title>Tides</title><subtitle>A guide</subtitle><volume>2</volume><titleOfComponent>Neap</titleOfComponent><pagesRequested>1-9</pagesRequested>` +
		`<bibliographicItemId><bibliographicItemIdentifier>0317-8471</bibliographicItemIdentifier><bibliographicItemIdentifierCode>issn</bibliographicItemIdentifierCode></bibliographicItemId></bibliographicInfo>` +
		`<publicationInfo><publicationType>Journal</publicationType></publicationInfo>` +
		`<serviceInfo><requestType>Retry</requestType><requestingAgencyPreviousRequestId>r-0</requestingAgencyPreviousRequestId><serviceType>CopyOrLoan</serviceType><serviceLevel>rush</serviceLevel>` +
		`<needBeforeDate>2026-09-05T00:00:00Z</needBeforeDate><copyrightCompliance>US-CCG</copyrightCompliance><note>Please.</note></serviceInfo>` +
		`<requestedDeliveryInfo><address><physicalAddress><line1>1 Main St</line1><locality>Westport</locality></physicalAddress></address></requestedDeliveryInfo>` +
		`<patronInfo><patronId>P123</patronId><surname>Reader</surname></patronInfo>` +
		`<billingInfo><maximumCosts><currencyCode>USD</currencyCode><monetaryValue>35</monetaryValue></maximumCosts></billingInfo>`
	m, err := heard(t, as(Edition12, rootRequest, "", parts))
	if err != nil {
		t.Fatal(err)
	}
	if m.Kind != connectors.KindRequest || m.Citation.Title != "Tides: A guide" || m.Citation.ISSN != "0317-8471" || m.Citation.Format != broker.FormatPeriodical ||
		m.PreviousRequestID != "r-0" || m.Service != "loan" || !m.Rush || m.NeedBy != due || m.Copyright != "US:CCG" || m.MaxCost.Minor != 3500 || m.Citation.PartTitle != "Neap" || m.Citation.Pages != "1-9" {
		t.Errorf("%+v, %+v", m, m.Citation)
	}
	for _, want := range []string{"Please.", "A copy would do", "Send it to: 1 Main St, Westport"} {
		if !strings.Contains(m.Note, want) {
			t.Errorf("the note lacks %q: %s", want, m.Note)
		}
	}
	if all := reflect.ValueOf(m); strings.Contains(strings.ToLower(m.Note+all.String()), "p123") || strings.Contains(m.Note, "Reader") {
		t.Error("the patron is taken along")
	}
	bare, err := heard(t, as(Edition2021, rootRequest, "", `<bibliographicInfo><supplierUniqueRecordId>WILLSUPPLY_LOANED</supplierUniqueRecordId></bibliographicInfo>`))
	if err != nil || bare.Citation.Title != "WILLSUPPLY_LOANED" || bare.Service != "loan" {
		t.Errorf("a bare request: %v, %+v", err, bare)
	}
	set, err := heard(t, as(Edition12, rootRequest, "", `<serviceInfo><serviceType>Loan</serviceType><anyEdition>N</anyEdition><endDate>2026-09-05T00:00:00Z</endDate></serviceInfo>`+
		`<billingInfo><maximumCosts><currencyCode>USD</currencyCode><monetaryValue>about 20</monetaryValue></maximumCosts></billingInfo>`))
	for _, want := range []string{"Only this edition", "Wanted until 2026-09-05", "Will pay at most: about 20 USD"} {
		if err != nil || !strings.Contains(set.Note, want) {
			t.Errorf("the note lacks %q: %s, %v", want, set.Note, err)
		}
	}
	reminder, err := heard(t, as(Edition12, rootRequest, "", `<serviceInfo><requestType>Reminder</requestType><serviceType>Loan</serviceType></serviceInfo>`))
	if err != nil || reminder.Kind != connectors.KindNote || !strings.Contains(reminder.Note, "reminds") {
		t.Errorf("a reminder: %v, %+v", err, reminder)
	}
}

// The editions are told apart by what a message holds, not by its version.
func TestEditionsAreToldApart(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ body, want string }{
		{string(supplied(Edition2021, "RequestResponse", "", "RetryPossible", "|<retryInfo/>")), Edition2021},
		{strings.Replace(string(supplied(Edition2021, "RequestResponse", "", "RetryPossible", "|<retryInfo/>")), `"2021-2"`, `"1.2"`, 1), Edition2021},
		{string(supplied(Edition12, "RequestResponse", "<retryAfter>2026-09-05T00:00:00Z</retryAfter>", "RetryPossible", "")), Edition12},
		{strings.Replace(string(supplied(Edition12, "RequestResponse", "", "Loaned", "")), `"1.2"`, `"2021-3"`, 1), Edition12},
		{string(as("", rootRequesting, "", "<action>Lost</action>")), Edition2021},
		{strings.Replace(string(as(Edition2021, rootRequesting, "", "<action>Received</action>")), "2021-2", "2021-3", 1), Edition2021},
		{strings.Replace(string(as(Edition2021, rootRequesting, "", "<action>Received</action>")), "2021-2", "v1_2_2017", 1), Edition12},
		{"<request><header/><bibliographicInfo><bibliographicItemId><bibliographicItemIdentifierCode>ISBN</bibliographicItemIdentifierCode><bibliographicItemIdentifier>1</bibliographicItemIdentifier></bibliographicItemId></bibliographicInfo></request>", Edition2021},
		{"<request><header/><bibliographicInfo><bibliographicItemId><bibliographicItemIdentifier>1</bibliographicItemIdentifier><bibliographicItemIdentifierCode>ISBN</bibliographicItemIdentifierCode></bibliographicItemId></bibliographicInfo></request>", Edition12},
	} {
		d, err := read([]byte(test.body))
		if err != nil {
			t.Fatal(err)
		}
		if d.edition.name != test.want {
			t.Errorf("%s is taken for %s", test.body, d.edition.name)
		}
	}
}

// hostile are bodies that must cost nothing.
func hostile() map[string]string {
	return map[string]string{
		"document type":       `<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]><request><header>&c;</header></request>`,
		"plain document type": `<!DOCTYPE request SYSTEM "http://example.org/a.dtd"><request/>`,
		"entity":              `<request><header>&lol;</header></request>`,
		"many elements":       "<request>" + strings.Repeat("<a/>", 1_000_000) + "</request>",
		"elements at most":    "<request>" + strings.Repeat("<a/>", maxElements+1) + "</request>",
		"deep":                "<request>" + strings.Repeat("<a>", 10_000),
		"two roots":           "<request/><request/>",
		"two messages":        "<ISO18626Message><request/><request/></ISO18626Message>",
		"empty envelope":      "<ISO18626Message/>",
		"other root":          "<html><body/></html>",
		"text":                "hello",
		"text after":          "<request/>hello",
		"nothing":             "",
		"half":                "<request><header><timestamp>2026",
		"crossed":             "<request><header></request></header>",
		"control":             "<request>\x01</request>",
		"not UTF-8":           "<request>\xff</request>",
		"other encoding":      `<?xml version="1.0" encoding="EBCDIC"?><request/>`,
	}
}

func TestHostileBodiesAreNotRead(t *testing.T) {
	t.Parallel()
	bodies := hostile()
	bodies["a long name above many"] = "<request><" + strings.Repeat("n", 100_000) + ">" + strings.Repeat("<a/>", 4000) + "</" + strings.Repeat("n", 100_000) + "></request>"
	for name, body := range bodies {
		if d, err := read([]byte(body)); err == nil {
			t.Errorf("%s is read as %s", name, d.root.name)
		}
	}
}

// The samples of OCLC go through the codec unchanged, and what it writes of them
// is read as the same again.
func TestSamplesGoRound(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(shared("samples", "oclc-circill", "*.xml"))
	if err != nil || len(files) == 0 {
		t.Skip("../shared/standards/iso18626/samples is not beside the project")
	}
	folder := t.TempDir()
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		first, err := read(text)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		again, err := first.edition.writeAs(first.root, first.version)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		second, err := read(again)
		if err != nil || !reflect.DeepEqual(first, second) {
			t.Errorf("%s does not come back the same: %v, %s", file, err, again)
		}
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(file)), again, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	validate(t, Edition12, folder)
}

// Every message of the recorded dialogues is read; those that are not
// confirmations mean something, and each is confirmed by its schema.
func TestRecordedDialogues(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(shared("transcripts-peer-to-peer", "msgs", "*.xml"))
	if err != nil || len(files) == 0 {
		t.Skip("../shared/standards/iso18626 with its recorded dialogues is not beside the project")
	}
	folder, met := t.TempDir(), 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		d, err := read(text)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if strings.HasSuffix(d.root.name, confirmation) {
			continue
		}
		if _, err := d.hear(connectors.Peer{Symbol: d.senderSymbol()}, text, noon); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		answer, err := d.confirm(nil, noon)
		if err != nil {
			t.Errorf("%s is not confirmed: %v", file, err)
		}
		if met++; met%8 == 0 {
			if err := os.WriteFile(filepath.Join(folder, filepath.Base(file)), answer, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	validate(t, Edition12, folder)
}

// Whatever comes is read within its limits or refused, and what is read can be
// confirmed.
func FuzzRead(f *testing.F) {
	for name, body := range hostile() {
		if len(body) <= MaxBytes || name == "deep" {
			f.Add([]byte(body))
		}
	}
	for _, edition := range Editions() {
		files, err := filepath.Glob(filepath.Join("testdata", edition, "*.xml"))
		if err != nil || len(files) == 0 {
			f.Fatalf("no samples: %v", err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := read(body)
		if err != nil {
			return
		}
		m, err := d.hear(connectors.Peer{Symbol: there}, body, noon)
		if err == nil && (m.Kind == "" || len(m.Note) > 4*maxNote || len(m.Items) > maxVolumes) {
			t.Errorf("heard as %+v", m)
		}
		if strings.HasSuffix(d.root.name, confirmation) {
			d.judged(connectors.Delivery{}, "r-1", true)
			return
		}
		if _, err := d.confirm(&refusal{errorForm, "x"}, noon); err != nil {
			t.Errorf("not confirmed: %v", err)
		}
	})
}
