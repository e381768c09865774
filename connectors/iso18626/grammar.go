package iso18626

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// namespace is the same in both editions.
const namespace = "http://illtransactions.org/2013/iso18626"

// edition is one edition of the standard: what its schema lets a message hold,
// and in which order.
type edition struct {
	// name is what the directory calls it, version what a message says.
	name, version string
	// models give the parts of each element: "name" once, "name?" at most once,
	// "name*" any number; a model in brackets holds exactly one of its parts. A key
	// may name the parent too, parent/name.
	models map[string]string
	// words are the closed lists.
	words map[string][]string
	// pairs are the elements that may name the scheme of their code.
	pairs []string
	// marks are elements, with their parents, that only this edition has.
	marks []string
}

// The editions by the names the directory uses.
const (
	Edition12   = "1.2"
	Edition2021 = "2021"
)

// Editions lists the editions that are spoken.
func Editions() []string { return []string{Edition12, Edition2021} }

// editionOf gives an edition by its name: 1.2 where none is set, because every
// known system takes it.
func editionOf(name string) *edition {
	if name == Edition2021 {
		return edition2021
	}
	return edition12
}

// The roots of messages.
const (
	rootRequest    = "request"
	rootSupplying  = "supplyingAgencyMessage"
	rootRequesting = "requestingAgencyMessage"
	confirmation   = "Confirmation" // after the root of what it confirms
)

const roots = "[request requestConfirmation supplyingAgencyMessage supplyingAgencyMessageConfirmation requestingAgencyMessage requestingAgencyMessageConfirmation]"

// both are the models that the editions share.
var both = map[string]string{
	"ISO18626Message":                    roots,
	"agencyId":                           "agencyIdType agencyIdValue",
	"requestingAgencyAuthentication":     "accountId? securityCode?",
	"address":                            "[electronicAddress physicalAddress]",
	"electronicAddress":                  "electronicAddressType electronicAddressData",
	"physicalAddress":                    "line1? line2? locality? postalCode? region? country?",
	"bibliographicRecordId":              "bibliographicRecordIdentifierCode bibliographicRecordIdentifier",
	"supplierInfo":                       "sortOrder? supplierCode? supplierDescription? bibliographicRecordId? callNumber? summaryHoldings? availabilityNote?",
	"requestingAgencyInfo":               "name? contactName? address*",
	"patronInfo":                         "patronId? surname? givenName? patronType? sendToPatron? address*",
	"billingInfo":                        "paymentMethod? maximumCosts? billingMethod? billingName? address?",
	"costs":                              "currencyCode monetaryValue",
	"statusInfo":                         "status expectedDeliveryDate? dueDate? lastChange",
	"returnInfo":                         "returnAgencyId? name? physicalAddress?",
	"errorData":                          "errorType errorValue?",
	"requestingAgencyMessage":            "header action note?",
	"supplyingAgencyMessageConfirmation": "confirmationHeader reasonForMessage? errorData*",
}

// alike names the model of elements that have one under another name.
var alike = map[string]string{
	"supplyingAgencyId": "agencyId", "requestingAgencyId": "agencyId", "consortialId": "agencyId", "returnAgencyId": "agencyId", "supplierCode": "agencyId",
	"maximumCosts": "costs", "offeredCosts": "costs", "deliveryCosts": "costs", "insuranceCosts": "costs",
}

var edition12 = &edition{
	name: Edition12, version: "1.2",
	models: map[string]string{
		"header":                             "supplyingAgencyId requestingAgencyId multipleItemRequestId timestamp requestingAgencyRequestId supplyingAgencyRequestId? requestingAgencyAuthentication?",
		"confirmationHeader":                 "supplyingAgencyId? requestingAgencyId? timestamp requestingAgencyRequestId? multipleItemRequestId? timestampReceived messageStatus",
		"request":                            "header bibliographicInfo publicationInfo? serviceInfo? supplierInfo* requestedDeliveryInfo* requestingAgencyInfo? patronInfo? billingInfo?",
		"requestConfirmation":                "confirmationHeader errorData?",
		"supplyingAgencyMessage":             "header messageInfo statusInfo deliveryInfo? returnInfo?",
		"supplyingAgencyMessageConfirmation": "confirmationHeader reasonForMessage? errorData?",

		"requestingAgencyMessageConfirmation": "confirmationHeader action? errorData?",
		"bibliographicInfo":                   "supplierUniqueRecordId? title? author? subtitle? seriesTitle? edition? titleOfComponent? authorOfComponent? volume? issue? pagesRequested? estimatedNoPages? bibliographicItemId* sponsor? informationSource? bibliographicRecordId*",
		"bibliographicItemId":                 "bibliographicItemIdentifier bibliographicItemIdentifierCode",
		"publicationInfo":                     "publisher? publicationType? publicationDate? placeOfPublication?",
		"serviceInfo":                         "requestType? requestSubType* requestingAgencyPreviousRequestId? serviceType serviceLevel? preferredFormat? needBeforeDate? copyrightCompliance? anyEdition? startDate? endDate? note?",
		"requestedDeliveryInfo":               "sortOrder? address?",
		"messageInfo":                         "reasonForMessage answerYesNo? note? reasonUnfilled? reasonRetry? offeredCosts? retryAfter? retryBefore?",
		"deliveryInfo":                        "dateSent itemId? sentVia? sentToPatron? loanCondition? deliveredFormat? deliveryCosts?",
	},
	words: map[string][]string{
		"action": {"StatusRequest", "Received", "Cancel", "Renew", "ShippedReturn", "ShippedForward", "Notification"},
		"status": {
			"RequestReceived", "ExpectToSupply", "WillSupply", "Loaned", "Overdue", "Recalled", "RetryPossible", "Unfilled", "CopyCompleted",
			"LoanCompleted", "CompletedWithoutReturn", "Cancelled",
		},
	},
	pairs: []string{"sentVia", "deliveredFormat", "preferredFormat", "region"},
	marks: []string{
		"deliveryInfo/sentVia", "deliveryInfo/deliveredFormat", "serviceInfo/preferredFormat", "messageInfo/offeredCosts", "messageInfo/retryAfter",
		"messageInfo/retryBefore", "supplyingAgencyMessage/header/multipleItemRequestId", "requestingAgencyMessage/header/multipleItemRequestId",
		"confirmationHeader/multipleItemRequestId",
	},
}

var edition2021 = &edition{
	name: Edition2021, version: "2021-2",
	models: map[string]string{
		"request/header":                 "supplyingAgencyId? requestingAgencyId consortialId? multipleItemRequestId? timestamp requestingAgencyRequestId requestingAgencyAuthentication?",
		"requestingAgencyMessage/header": "supplyingAgencyId requestingAgencyId consortialId? timestamp requestingAgencyRequestId supplyingAgencyRequestId? requestingAgencyAuthentication?",
		"supplyingAgencyMessage/header":  "supplyingAgencyId requestingAgencyId timestamp requestingAgencyRequestId supplyingAgencyRequestId?",
		"confirmationHeader":             "supplyingAgencyId? requestingAgencyId? timestamp requestingAgencyRequestId? timestampReceived messageStatus",
		"request":                        "header bibliographicInfo publicationInfo? serviceInfo supplierInfo* requestedDeliveryInfo* requestingAgencyInfo? patronInfo? billingInfo?",
		"requestConfirmation":            "confirmationHeader errorData*",
		"supplyingAgencyMessage":         "header messageInfo statusInfo retryInfo? deliveryInfo? shippingInfo? returnInfo?",

		"requestingAgencyMessageConfirmation": "confirmationHeader action? errorData*",
		"bibliographicInfo":                   "supplierUniqueRecordId? title? author? authorId? subtitle? seriesTitle? edition? titleOfComponent? authorOfComponent? volume* issue? pagesRequested? estimatedNoPages? bibliographicItemId* sponsor? informationSource? bibliographicRecordId*",
		"bibliographicItemId":                 "bibliographicItemIdentifierCode bibliographicItemIdentifier",
		"publicationInfo":                     "publisher? publisherId? publicationType? publicationDate? placeOfPublication?",
		"serviceInfo":                         "requestType? requestSubType* requestingAgencyPreviousRequestId? serviceType serviceLevel? itemFormat? needBeforeDate? copyrightCompliance? anyEdition? preferredEdition? loanCondition* startDate? endDate? note?",
		"requestedDeliveryInfo":               "sortOrder? address? deliveryMethod? courierName?",
		"messageInfo":                         "reasonForMessage answerYesNo? note? reasonUnfilled? reasonRetry?",
		"retryInfo":                           "loanCondition* edition* itemFormat* volume* serviceType? serviceLevel* deliveryMethod* courierName* offeredCosts* paymentMethod* retryBefore? retryAfter?",
		"deliveryInfo":                        "dateSent itemId* URL? deliveryMethod? address? sentToPatron? loanCondition* itemFormat? serviceType? deliveryCosts* paymentMethod?",
		"shippingInfo":                        "courierName? trackingId* insurance? insuranceThirdParty? thirdPartyName? insuranceCosts*",
	},
	words: map[string][]string{
		"action": {"StatusRequest", "Received", "Cancel", "Renew", "HoldReturn", "ShippedReturn", "ShippedForward", "Notification", "Lost"},
		"status": {
			"RequestReceived", "ExpectToSupply", "WillSupply", "Loaned", "Overdue", "Recalled", "RetryPossible", "Unfilled", "HoldReturn", "ReleaseHoldReturn",
			"CopyCompleted", "LoanCompleted", "CompletedWithoutReturn", "Cancelled",
		},
		"preferredEdition": {"MostRecentEdition", "ThisEdition", "AnyEdition"},
	},
	pairs: []string{"courierName", "deliveryMethod", "itemFormat"},
	marks: []string{
		"supplyingAgencyMessage/retryInfo", "supplyingAgencyMessage/shippingInfo", "deliveryInfo/URL", "deliveryInfo/deliveryMethod", "deliveryInfo/itemFormat",
		"deliveryInfo/address", "serviceInfo/itemFormat", "serviceInfo/preferredEdition", "serviceInfo/loanCondition", "header/consortialId",
		"bibliographicInfo/authorId", "publicationInfo/publisherId", "requestedDeliveryInfo/deliveryMethod", "requestedDeliveryInfo/courierName",
	},
}

// words are the closed lists of both editions.
var words = map[string][]string{
	"requestType":      {"New", "Retry", "Reminder"},
	"requestSubType":   {"BookingRequest", "MultipleItemRequest", "PatronRequest", "TransferRequest", "SupplyingLibrarysChoice"},
	"serviceType":      {"Copy", "Loan", "CopyOrLoan"},
	"reasonForMessage": {"RequestResponse", "StatusRequestResponse", "RenewResponse", "CancelResponse", "StatusChange", "Notification"},
	"messageStatus":    {"OK", "ERROR"},
	"errorType":        {"UnsupportedActionType", "UnsupportedReasonForMessageType", "UnrecognisedDataElement", "UnrecognisedDataValue", "BadlyFormedMessage"},
	"answerYesNo":      {"Y", "N"}, "anyEdition": {"Y", "N"}, "sendToPatron": {"Y", "N"}, "insurance": {"Y", "N"}, "insuranceThirdParty": {"Y", "N"},
	"sentToPatron": {"true", "false", "1", "0"},
}

// pairs are the coded elements of both editions.
var pairs = []string{
	"agencyIdType", "bibliographicItemIdentifierCode", "bibliographicRecordIdentifierCode", "paymentMethod", "billingMethod", "loanCondition",
	"electronicAddressType", "reasonUnfilled", "reasonRetry", "patronType", "country", "publicationType", "serviceLevel", "copyrightCompliance", "currencyCode",
}

var instants = []string{
	"timestamp", "timestampReceived", "needBeforeDate", "startDate", "endDate", "expectedDeliveryDate", "dueDate", "lastChange", "dateSent", "retryAfter", "retryBefore",
}

// model gives what an element holds; "" for text.
func (e *edition) model(parent, name string) string {
	if other, is := alike[name]; is {
		name = other
	}
	return cmp.Or(e.models[parent+"/"+name], e.models[name], both[name])
}

// part is one entry of a model.
type part struct {
	name     string
	required bool
	many     bool
}

func partsOf(model string) (parts []part, choice bool) {
	choice = strings.HasPrefix(model, "[")
	for _, word := range strings.Fields(strings.Trim(model, "[]")) {
		name := strings.TrimRight(word, "?*")
		parts = append(parts, part{name, name == word && !choice, strings.HasSuffix(word, "*")})
	}
	return parts, choice
}

// inOrder gives the kids of an element in the order of the schema, or what the
// schema does not allow.
func (e *edition) inOrder(parent string, of *element, model string) (kids []*element, err error) {
	parts, choice := partsOf(model)
	for _, part := range parts {
		found := of.all(part.name)
		switch {
		case len(found) == 0 && part.required:
			return nil, fmt.Errorf("%s/%s: %s is missing", parent, of.name, part.name)
		case len(found) > 1 && !part.many, of.name == "serviceInfo" && part.name == "requestSubType" && e == edition12 && len(found) > 3:
			return nil, fmt.Errorf("%s/%s: %d times %s", parent, of.name, len(found), part.name)
		}
		kids = append(kids, found...)
	}
	if len(kids) != len(of.kids) {
		for _, kid := range of.kids {
			if !slices.Contains(kids, kid) {
				return nil, fmt.Errorf("%s/%s: this edition has no %s", parent, of.name, kid.name)
			}
		}
	}
	if choice && len(kids) != 1 {
		return nil, fmt.Errorf("%s/%s holds %d parts instead of one", parent, of.name, len(kids))
	}
	return kids, nil
}

// wrongText says what is wrong with the text of an element; "" for nothing.
func (e *edition) wrongText(name, text string) string {
	text = strings.TrimSpace(text)
	list := words[name]
	if own, is := e.words[name]; is {
		list = own
	}
	switch {
	case list != nil && !slices.Contains(list, text):
		return "is none of " + strings.Join(list, ", ")
	case slices.Contains(instants, name):
		if _, err := readInstant(text); err != nil || !strings.Contains(text, ":") {
			return "is not an instant"
		}
	case name == "sortOrder":
		if _, err := strconv.Atoi(text); err != nil {
			return "is not a whole number"
		}
	case name == "monetaryValue":
		if !decimal.MatchString(text) {
			return "is not an amount"
		}
	}
	return ""
}

// readInstant reads an instant as peers write them: with Z, +01:00, +0100, no
// zone (UTC then) or fractions of a second; a mere date is its midnight.
func readInstant(text string) (time.Time, error) {
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999", "2006-01-02Z07:00", "2006-01-02"} {
		if at, err := time.Parse(form, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not an instant such as 2026-08-22T14:30:00Z", clean(text, 60))
}
