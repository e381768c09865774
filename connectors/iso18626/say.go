package iso18626

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"afield/broker"
	"afield/connectors"
	"afield/connectors/wire"
)

// The reasons for a message of a supplying agency.
const (
	reasonResponse     = "RequestResponse"
	reasonStatus       = "StatusRequestResponse"
	reasonRenew        = "RenewResponse"
	reasonCancel       = "CancelResponse"
	reasonChange       = "StatusChange"
	reasonNotification = "Notification"
)

// spoken is what a lender's message becomes; where status is empty it is where the
// request stands.
type spoken struct{ reason, status string }

// lenderSays maps what a lender says.
var lenderSays = map[connectors.Kind]spoken{
	connectors.KindExpectToSupply: {reasonResponse, "ExpectToSupply"},
	connectors.KindWillSupply:     {reasonResponse, "WillSupply"},
	connectors.KindConditional:    {reasonResponse, "WillSupply"},
	connectors.KindRetryLater:     {reasonResponse, "RetryPossible"},
	connectors.KindUnfilled:       {reasonResponse, "Unfilled"},
	connectors.KindLoaned:         {reasonChange, "Loaned"},
	connectors.KindCopyCompleted:  {reasonChange, "CopyCompleted"},
	connectors.KindCancelAnswer:   {reasonCancel, ""},
	connectors.KindRenewAnswer:    {reasonRenew, ""},
	connectors.KindOverdue:        {reasonChange, "Overdue"},
	connectors.KindRecalled:       {reasonChange, "Recalled"},
	connectors.KindDueChanged:     {reasonChange, "Loaned"},
	connectors.KindLoanCompleted:  {reasonChange, "LoanCompleted"},
	connectors.KindInvoice:        {reasonNotification, ""},
	connectors.KindStatus:         {reasonStatus, ""},
	connectors.KindNote:           {reasonNotification, ""},
}

// The actions of a requesting agency.
const (
	actionStatus       = "StatusRequest"
	actionNotification = "Notification"
	actionLost         = "Lost"
)

// borrowerSays maps what a borrower says, other than the request itself.
var borrowerSays = map[connectors.Kind]string{
	connectors.KindCancel:           "Cancel",
	connectors.KindAcceptConditions: actionNotification,
	connectors.KindRejectConditions: actionNotification,
	connectors.KindReceived:         "Received",
	connectors.KindRenew:            "Renew",
	connectors.KindShippedReturn:    "ShippedReturn",
	connectors.KindLostByBorrower:   actionLost,
	connectors.KindPaid:             actionNotification,
	connectors.KindStatusRequest:    actionStatus,
	connectors.KindNote:             actionNotification,
}

// What a notification says where the standard has no word of its own for it.
const (
	noteLost    = "We lost or damaged what you lent us. Please send an invoice."
	notePaid    = "Your invoice is paid."
	noteInvoice = "Invoice for what was lost or damaged"
	noteDue     = "The due date is changed."
)

// say makes the message for a peer, in its edition and dialect.
func say(peer connectors.Peer, m connectors.Message) (*element, *edition) {
	in := editionOf(peer.Edition)
	w := writer{edition: in, dialect: dialectFor(peer), peer: peer, m: m}
	switch {
	case m.Kind == connectors.KindRequest:
		return w.request(), in
	case m.Kind.FromLender(), m.Kind.FromEither() && m.Borrower == peer.Symbol:
		return w.supplying(), in
	}
	return w.requesting(), in
}

type writer struct {
	edition *edition
	dialect dialect
	peer    connectors.Peer
	m       connectors.Message
}

func (w writer) newer() bool { return w.edition == edition2021 }

func agency(name string, symbol broker.Symbol) *element {
	return el(name, leaf("agencyIdType", symbol.Namespace), leaf("agencyIdValue", symbol.Value))
}

func (w writer) header(root string) *element {
	header := el("header",
		agency("supplyingAgencyId", w.m.Lender), agency("requestingAgencyId", w.m.Borrower),
		leaf("timestamp", instant(w.m.SentAt)), leaf("requestingAgencyRequestId", w.m.RequestID))
	if !w.newer() {
		header.with(empty("multipleItemRequestId")) // the schema demands it by a slip
	}
	if w.peer.Account != "" && (root != rootSupplying || !w.newer()) {
		header.with(el("requestingAgencyAuthentication", leaf("accountId", w.peer.Account), leaf("securityCode", wire.SecretText(w.peer.OutboundSecret))))
	}
	return header
}

func (w writer) request() *element {
	m := w.m
	cited := m.Citation
	if cited == nil {
		cited = &broker.Citation{}
	}
	what := materialOf(cited.Format)
	bibliographic := empty("bibliographicInfo").with(leaf("title", cited.Title), leaf("author", cited.Author), leaf("edition", cited.Edition), leaf("volume", cited.Volume),
		leaf("titleOfComponent", cited.PartTitle), leaf("authorOfComponent", cited.PartAuthor), leaf("issue", cited.Issue), leaf("pagesRequested", cited.Pages))
	for _, id := range []struct{ code, text string }{{"ISBN", cited.ISBN}, {"ISSN", cited.ISSN}, {"DOI", cited.DOI}} {
		if id.text != "" {
			bibliographic.with(el("bibliographicItemId", leaf("bibliographicItemIdentifierCode", id.code), leaf("bibliographicItemIdentifier", id.text)))
		}
	}
	for _, id := range []struct{ code, text string }{{"OCLC", cited.OCLC}, {"PMID", cited.PMID}} {
		if id.text != "" {
			bibliographic.with(el("bibliographicRecordId", leaf("bibliographicRecordIdentifierCode", id.code), leaf("bibliographicRecordIdentifier", id.text)))
		}
	}
	service := el("serviceInfo",
		leaf("requestType", "New"), leaf("serviceType", "Loan"), leaf("needBeforeDate", endOf(m.NeedBy)),
		leaf("copyrightCompliance", strings.ReplaceAll(m.Copyright, ":", "-")), leaf("note", m.Note))
	if m.PreviousRequestID != "" {
		service.at("requestType").text = "Retry"
		service.with(leaf("requestingAgencyPreviousRequestId", m.PreviousRequestID))
	}
	if m.Service == "copy" {
		service.at("serviceType").text = "Copy"
	}
	if m.Rush {
		service.with(leaf("serviceLevel", "Rush"))
	}
	format := "preferredFormat"
	if w.newer() {
		format = "itemFormat"
	}
	service.with(leaf(format, what.item))
	return el(rootRequest, w.header(rootRequest), bibliographic,
		el("publicationInfo", leaf("publisher", cited.Publisher), leaf("publicationType", what.published), leaf("publicationDate", cited.Year)),
		service, el("billingInfo", costs("maximumCosts", m.MaxCost)))
}

func (w writer) requesting() *element {
	action, note := borrowerSays[w.m.Kind], w.m.Note
	switch w.m.Kind {
	case connectors.KindAcceptConditions:
		note = w.dialect.accept
	case connectors.KindRejectConditions:
		note = w.dialect.reject
	case connectors.KindPaid:
		note = lines(notePaid, note)
	case connectors.KindLostByBorrower:
		note = lines(noteLost, note)
	case connectors.KindCancel:
		note = lines(inWords(w.m.Reason), note)
	}
	if !slices.Contains(w.edition.words["action"], action) {
		action = actionNotification
	}
	return el(rootRequesting, w.header(rootRequesting), leaf("action", action), leaf("note", note))
}

// inWords writes a reason such as no_answer for people.
func inWords(reason string) string { return strings.ReplaceAll(reason, "_", " ") }

func (w writer) supplying() *element {
	m := w.m
	said := lenderSays[m.Kind]
	if m.Kind == connectors.KindLoanCompleted && m.Reason == "forgiven" {
		said.status = "CompletedWithoutReturn"
	}
	status, reason := w.dialect.speaks(cmp.Or(said.status, w.stands()), said.reason)
	info := el("messageInfo", leaf("reasonForMessage", reason), leaf("note", w.note()))
	if said.reason == reasonCancel || said.reason == reasonRenew {
		info.with(leaf("answerYesNo", map[bool]string{true: "Y", false: "N"}[m.Yes != nil && *m.Yes]))
	}
	retry := w.reasons(info)
	message := el(rootSupplying, w.header(rootSupplying), info,
		el("statusInfo", leaf("status", status), leaf("dueDate", endOf(m.Due)), leaf("lastChange", instant(m.SentAt))))
	if w.newer() {
		message.with(retry)
	} else if retry != nil {
		info.with(retry.kids...)
	}
	return message.with(w.delivery())
}

// stands gives the status of a message that changes nothing.
func (w writer) stands() string {
	m := w.m
	switch {
	case m.Kind == connectors.KindCancelAnswer && m.Yes != nil && *m.Yes:
		return "Cancelled"
	case slices.Contains(edition12.words["status"], m.Status):
		return m.Status
	case m.Kind == connectors.KindRenewAnswer, m.Kind == connectors.KindInvoice:
		return "Loaned"
	case m.Status == "Conditional":
		return "WillSupply"
	}
	return "RequestReceived"
}

// reasons adds why not, and gives what goes with asking again or with conditions.
func (w writer) reasons(info *element) *element {
	m := w.m
	switch m.Kind {
	case connectors.KindUnfilled:
		info.with(leaf("reasonUnfilled", theirs(unfilledCodes, m.Reason)))
	case connectors.KindRetryLater:
		info.with(leaf("reasonRetry", cmp.Or(theirs(retryCodes, m.Reason), theirs(retryCodes, connectors.ReasonOther))))
		return el("retryInfo", w.offered(), leaf("retryAfter", endOf(m.RetryAfter)))
	case connectors.KindConditional:
		return el("retryInfo", w.offered())
	case connectors.KindInvoice:
		return el("retryInfo", w.offered())
	}
	return nil
}

func (w writer) offered() *element {
	if w.dialect.inNote && w.m.Kind != connectors.KindConditional {
		return nil
	}
	return costs("offeredCosts", w.m.Cost)
}

func (w writer) delivery() *element {
	m := w.m
	switch m.Kind {
	case connectors.KindLoaned, connectors.KindCopyCompleted:
	case connectors.KindConditional:
		if m.Conditions == "" {
			return nil
		}
		return el("deliveryInfo", leaf("dateSent", instant(m.SentAt)), leaf("loanCondition", conditionCode(m.Conditions)))
	default:
		return nil
	}
	delivery := el("deliveryInfo", leaf("dateSent", instant(m.SentAt)), costs("deliveryCosts", m.Cost))
	for i, item := range m.Items {
		if i == 0 || w.newer() {
			delivery.with(leaf("itemId", item.Barcode))
		}
	}
	via := "sentVia"
	if w.newer() {
		via = "deliveryMethod"
	}
	if link := linkIn(m.Note); m.Kind == connectors.KindLoaned {
		delivery.with(leaf(via, "Mail"))
	} else if link != "" {
		delivery.with(leaf(via, "URL"))
		if w.newer() {
			delivery.with(leaf("URL", link))
		}
	}
	return delivery
}

// The lines of a note that systems read, see FromNote.
const (
	lineVolumes    = "Volumes: "
	lineURL        = "URL: "
	lineCost       = "Cost: "
	lineConditions = "Condition: "
)

// note writes what the message has no element for.
func (w writer) note() string {
	m := w.m
	var said []string
	add := func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	switch m.Kind {
	case connectors.KindUnfilled, connectors.KindRetryLater:
		add("%s", saidInWords[m.Reason])
	case connectors.KindConditional:
		if m.Conditions != "" {
			add("%s%s", lineConditions, m.Conditions)
		}
	case connectors.KindInvoice:
		add("%s", noteInvoice)
	case connectors.KindDueChanged:
		add("%s", noteDue)
	case connectors.KindCancelAnswer, connectors.KindRenewAnswer:
		add("%s", inWords(m.Reason))
	}
	if m.Cost != nil && (w.dialect.inNote || m.Kind == connectors.KindInvoice) {
		add("%s%s", lineCost, m.Cost)
	}
	if len(m.Items) > 1 || slices.ContainsFunc(m.Items, func(item connectors.MessageItem) bool { return item.Volume != "" }) {
		add("%s%s", lineVolumes, volumesText(m.Items))
	}
	if m.Renewals != nil {
		add("Renewals: %d", *m.Renewals)
	}
	if m.Fine != nil {
		fine := "Fine: " + m.Fine.String() + " a day"
		if m.FineMost != nil {
			fine += ", at most " + m.FineMost.String()
		}
		add("%s", fine)
	}
	return lines(append(said, m.Note)...)
}

func volumesText(items []connectors.MessageItem) string {
	texts := make([]string, len(items))
	for i, item := range items {
		if texts[i] = item.Barcode; item.Volume != "" {
			texts[i] += " (" + strings.NewReplacer("(", "[", ")", "]", ";", ",").Replace(item.Volume) + ")"
		}
	}
	return strings.Join(texts, "; ")
}

// volumesIn reads such a line of a note.
func volumesIn(note string) (items []connectors.MessageItem) {
	for text := range strings.Lines(note) {
		listed, is := strings.CutPrefix(strings.TrimSpace(text), lineVolumes)
		if !is {
			continue
		}
		for one := range strings.SplitSeq(listed, ";") {
			barcode, volume, _ := strings.Cut(strings.TrimSpace(one), " (")
			if barcode != "" {
				items = append(items, connectors.MessageItem{Barcode: oneLine(barcode, maxItem), Volume: oneLine(strings.TrimSuffix(volume, ")"), maxCited)})
			}
		}
	}
	return items
}

// linkIn gives the address in a note's line "URL: ".
func linkIn(note string) string {
	for text := range strings.Lines(note) {
		if link, is := strings.CutPrefix(strings.TrimSpace(text), lineURL); is {
			return strings.TrimSpace(link)
		}
	}
	return ""
}
