package conntest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"afield/broker"
	"afield/connectors"
	"afield/connectors/wire"
)

// ISO18626 is an edition of that standard, in which a partner talks that does not
// talk partner REST. The partner's words for it are written by hand against the
// schema and share nothing with Afield's.
type ISO18626 struct {
	// Edition is 1.2 or 2021.
	Edition string
}

// isoSaid is as much of a message as a lender needs to read.
type isoSaid struct {
	Supplier  string `xml:"header>supplyingAgencyId>agencyIdValue"`
	Requester string `xml:"header>requestingAgencyId>agencyIdValue"`
	ID        string `xml:"header>requestingAgencyRequestId"`
	At        string `xml:"header>timestamp"`
	Title     string `xml:"bibliographicInfo>title"`
	Service   string `xml:"serviceInfo>serviceType"`
	Action    string `xml:"action"`
	Note      string `xml:"note"`
}

var isoActions = map[string]connectors.Kind{
	"Received": connectors.KindReceived, "Cancel": connectors.KindCancel, "Renew": connectors.KindRenew, "ShippedReturn": connectors.KindShippedReturn,
	"Lost": connectors.KindLostByBorrower, "StatusRequest": connectors.KindStatusRequest,
}

// open reads a message of Afield's. Its id is that of the signature.
func (ISO18626) open(secret []byte, header http.Header, body []byte) (connectors.Message, error) {
	if header.Get("Content-Type") != "application/xml" {
		return connectors.Message{}, broker.Invalid(broker.FieldError{Code: "not_xml", Message: "the body is not application/xml"})
	}
	if err := wire.Verify(secret, header, body, wall()); err != nil {
		return connectors.Message{}, err
	}
	if header.Get("Authorization") != "Bearer "+wire.SecretText(secret) {
		return connectors.Message{}, wire.Unauthenticated("signature_invalid", "The bearer token does not fit.", nil)
	}
	var read struct {
		XMLName xml.Name `xml:"http://illtransactions.org/2013/iso18626 ISO18626Message"`
		Request *isoSaid `xml:"request"`
		Action  *isoSaid `xml:"requestingAgencyMessage"`
	}
	if err := xml.Unmarshal(body, &read); err != nil || (read.Request == nil) == (read.Action == nil) {
		return connectors.Message{}, broker.Invalid(broker.FieldError{Code: "not_iso18626", Message: fmt.Sprintf("the body is no message for a supplying agency: %v", err)})
	}
	said, kind := read.Request, connectors.KindRequest
	if said == nil {
		said = read.Action
		switch note := strings.ToUpper(said.Note); {
		case isoActions[said.Action] != "":
			kind = isoActions[said.Action]
		case note == "ACCEPT":
			kind = connectors.KindAcceptConditions
		case note == "REJECT":
			kind = connectors.KindRejectConditions
		default:
			kind = connectors.KindNote
		}
	}
	at, err := time.Parse(time.RFC3339, said.At)
	if err != nil || said.ID == "" {
		return connectors.Message{}, errors.Join(broker.Invalid(broker.FieldError{Code: "not_iso18626", Message: "the header is not complete"}), err)
	}
	message := connectors.Message{
		ID: header.Get(wire.HeaderID), Kind: kind, RequestID: said.ID, SentAt: at, Note: said.Note, Service: strings.ToLower(said.Service),
		Borrower: broker.NewSymbol("ISIL", said.Requester), Lender: broker.NewSymbol("ISIL", said.Supplier),
	}
	if kind == connectors.KindRequest {
		message.Citation = &broker.Citation{Title: said.Title}
	}
	return message, nil
}

// confirm answers a message: OK where errorValue is empty.
func (i ISO18626) confirm(w http.ResponseWriter, message connectors.Message, errorValue string) {
	root, status, data := "requestingAgencyMessageConfirmation", "OK", ""
	if message.Kind == connectors.KindRequest {
		root = "requestConfirmation"
	}
	if errorValue != "" {
		status, data = "ERROR", "<errorData><errorType>UnrecognisedDataValue</errorType><errorValue>"+errorValue+"</errorValue></errorData>"
	}
	at := message.SentAt.UTC().Format(time.RFC3339)
	write(w, http.StatusOK, "application/xml", i.envelope(fmt.Sprintf(
		"<%s><confirmationHeader><timestamp>%s</timestamp><requestingAgencyRequestId>%s</requestingAgencyRequestId><timestampReceived>%s</timestampReceived><messageStatus>%s</messageStatus></confirmationHeader>%s</%s>",
		root, at, escaped(message.RequestID), at, status, data, root)))
}

func (i ISO18626) envelope(message string) string {
	version := map[string]string{"1.2": "1.2", "2021": "2021-2"}[i.Edition]
	return `<?xml version="1.0" encoding="UTF-8"?><i:ISO18626Message xmlns:i="http://illtransactions.org/2013/iso18626" xmlns="http://illtransactions.org/2013/iso18626" i:version="` +
		version + `">` + message + `</i:ISO18626Message>`
}

// isoStatuses are the reason and the status of what a lender says.
var isoStatuses = map[connectors.Kind][2]string{
	connectors.KindExpectToSupply: {"RequestResponse", "ExpectToSupply"}, connectors.KindWillSupply: {"RequestResponse", "WillSupply"},
	connectors.KindConditional: {"RequestResponse", "WillSupply"}, connectors.KindRetryLater: {"RequestResponse", "RetryPossible"},
	connectors.KindUnfilled: {"RequestResponse", "Unfilled"}, connectors.KindLoaned: {"StatusChange", "Loaned"},
	connectors.KindCopyCompleted: {"StatusChange", "CopyCompleted"}, connectors.KindOverdue: {"StatusChange", "Overdue"},
	connectors.KindRecalled: {"StatusChange", "Recalled"}, connectors.KindLoanCompleted: {"StatusChange", "LoanCompleted"},
	connectors.KindCancelAnswer: {"CancelResponse", "WillSupply"}, connectors.KindRenewAnswer: {"RenewResponse", "Loaned"},
	connectors.KindNote: {"Notification", "WillSupply"},
}

// isoReasons are the codes of the reasons that plans give.
var isoReasons = map[string]string{
	connectors.ReasonNotOwned: "NotHeld", connectors.ReasonNotOnShelf: "NotOnShelf", connectors.ReasonNonCirculating: "NonCirculating",
	connectors.ReasonPolicy: "PolicyProblem", connectors.ReasonPoorCondition: "PoorCondition", connectors.ReasonOnLoan: "OnLoan",
}

// encode writes what a lender says.
func (i ISO18626) encode(m connectors.Message) ([]byte, error) {
	said, known := isoStatuses[m.Kind]
	if !known {
		return nil, fmt.Errorf("ISO 18626 has no words for %s", m.Kind)
	}
	at := m.SentAt.UTC().Format(time.RFC3339)
	var info, cost, delivery, due, retry string
	if m.Yes != nil && (m.Kind == connectors.KindCancelAnswer || m.Kind == connectors.KindRenewAnswer) {
		answer := "N"
		if *m.Yes {
			answer = "Y"
			if m.Kind == connectors.KindCancelAnswer {
				said[1] = "Cancelled"
			}
		}
		info = "<answerYesNo>" + answer + "</answerYesNo>"
	}
	if note := strings.TrimSpace(m.Note + " " + m.Conditions); note != "" {
		info += "<note>" + escaped(note) + "</note>"
	}
	if code := isoReasons[m.Reason]; code != "" && m.Kind == connectors.KindUnfilled {
		info += "<reasonUnfilled>" + code + "</reasonUnfilled>"
	} else if m.Kind == connectors.KindRetryLater {
		info += "<reasonRetry>OnLoan</reasonRetry>"
		retry = "<retryAfter>" + m.RetryAfter.String() + "T00:00:00Z</retryAfter>"
	}
	if m.Cost != nil {
		cost = fmt.Sprintf("<currencyCode>%s</currencyCode><monetaryValue>%s</monetaryValue>", m.Cost.Currency, m.Cost.Decimal())
	}
	if !m.Due.IsZero() {
		due = "<dueDate>" + m.Due.String() + "T23:59:59Z</dueDate>"
	}
	multiple, retryInfo := "<multipleItemRequestId/>", ""
	if m.Kind == connectors.KindLoaned {
		delivery = "<deliveryInfo><dateSent>" + at + "</dateSent>"
		for n, item := range m.Items {
			if n == 0 || i.Edition == "2021" {
				delivery += "<itemId>" + escaped(item.Barcode) + "</itemId>"
			}
		}
		if cost != "" {
			delivery += "<deliveryCosts>" + cost + "</deliveryCosts>"
		}
		delivery += "</deliveryInfo>"
	} else if cost != "" {
		retry = "<offeredCosts>" + cost + "</offeredCosts>" + retry
	}
	if i.Edition == "2021" {
		multiple = ""
		if retry != "" {
			retryInfo = "<retryInfo>" + retry + "</retryInfo>"
		}
	} else {
		info += retry
	}
	return []byte(i.envelope(fmt.Sprintf("<supplyingAgencyMessage><header>%s%s%s<timestamp>%s</timestamp><requestingAgencyRequestId>%s</requestingAgencyRequestId></header>"+
		"<messageInfo><reasonForMessage>%s</reasonForMessage>%s</messageInfo><statusInfo><status>%s</status>%s<lastChange>%s</lastChange></statusInfo>%s%s</supplyingAgencyMessage>",
		agency("supplying", m.Lender), agency("requesting", m.Borrower), multiple, at, escaped(m.RequestID),
		said[0], info, said[1], due, at, retryInfo, delivery))), nil
}

func agency(which string, symbol broker.Symbol) string {
	return fmt.Sprintf("<%sAgencyId><agencyIdType>%s</agencyIdType><agencyIdValue>%s</agencyIdValue></%sAgencyId>",
		which, escaped(symbol.Namespace), escaped(symbol.Value), which)
}

func escaped(text string) string {
	var out bytes.Buffer
	_ = xml.EscapeText(&out, []byte(text)) // a buffer takes everything
	return out.String()
}
