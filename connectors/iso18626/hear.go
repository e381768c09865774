package iso18626

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"afield/broker"
	"afield/connectors"
)

// senderSymbol gives the symbol of the agency that a message says it is from; the
// zero Symbol where it names none.
func (d *document) senderSymbol() broker.Symbol {
	if d.root.name == rootSupplying {
		return symbolAt(d.root.at("header", "supplyingAgencyId"))
	}
	return symbolAt(d.root.at("header", "requestingAgencyId"))
}

func symbolAt(agency *element) broker.Symbol {
	kind, value := oneLine(agency.says("agencyIdType"), 32), oneLine(agency.says("agencyIdValue"), 64)
	if placeholder(value) || kind == "" {
		return broker.Symbol{}
	}
	return broker.NewSymbol(kind, value)
}

// hear reads a message that a peer sent. The zero Symbol stands for a library that
// it does not name. What cannot be taken is a refusal.
func (d *document) hear(peer connectors.Peer, body []byte, wall time.Time) (connectors.Message, error) {
	header := d.root.at("header")
	if header == nil {
		return connectors.Message{}, refusal{errorForm, d.root.name + " has no header"}
	}
	m := connectors.Message{
		RequestID: header.says("requestingAgencyRequestId"), SentAt: wall,
		Borrower: symbolAt(header.at("requestingAgencyId")), Lender: symbolAt(header.at("supplyingAgencyId")),
	}
	switch {
	case m.RequestID == "":
		return m, refusal{errorElement, "requestingAgencyRequestId cannot be empty"}
	case m.RequestID != oneLine(m.RequestID, maxID):
		return m, refusal{errorValue, "requestingAgencyRequestId: must be one line of at most 200 characters"}
	}
	if text := header.says("timestamp"); text != "" {
		at, err := readInstant(text)
		if err != nil {
			return m, refusal{errorValue, "timestamp: " + err.Error()}
		}
		if at.Year() >= 1900 && at.Year() <= 2199 {
			m.SentAt = at.UTC()
		}
	}
	sum := sha256.Sum256(body)
	m.ID = "xml:" + hex.EncodeToString(sum[:])
	var err error
	switch d.root.name {
	case rootRequest:
		m.Borrower = cmp.Or(m.Borrower, peer.Symbol)
		err = d.hearRequest(&m)
	case rootRequesting:
		m.Borrower = cmp.Or(m.Borrower, peer.Symbol)
		err = d.hearRequesting(&m)
	case rootSupplying:
		m.Lender = cmp.Or(m.Lender, peer.Symbol)
		err = d.hearSupplying(&m)
	default:
		err = refusal{errorElement, d.root.name + " is the answer to a message; send it as that"}
	}
	return m, err
}

func (d *document) hearRequest(m *connectors.Message) error {
	service := d.root.at("serviceInfo")
	said := clean(service.says("note"), maxNote)
	switch kind := cmp.Or(service.says("requestType"), "New"); kind {
	case "New":
	case "Retry":
		m.PreviousRequestID = oneLine(service.says("requestingAgencyPreviousRequestId"), maxID)
	case "Reminder":
		m.Kind, m.Note = connectors.KindNote, lines("The borrowing library reminds us of its request.", said)
		return nil
	default:
		return refusal{errorValue, "requestType: " + unknownWord(kind, words["requestType"])}
	}
	m.Kind = connectors.KindRequest
	// The request's own id, so that one that comes again with other content, or with
	// another time, is known for what it is.
	m.ID = "request:" + m.RequestID
	notes := []string{said}
	switch kind := service.says("serviceType"); kind {
	case "Loan", "":
		m.Service = "loan"
	case "Copy":
		m.Service = "copy"
	case "CopyOrLoan":
		m.Service = "loan"
		notes = append(notes, "A copy would do, too.")
	default:
		return refusal{errorValue, "serviceType: " + unknownWord(kind, words["serviceType"])}
	}
	m.Citation = d.citation(&notes)
	if m.Service == "copy" && m.Citation.Format == broker.FormatBook {
		m.Citation.Format = broker.FormatArticle
	}
	m.NeedBy = day(service.says("needBeforeDate"))
	m.Rush = slices.ContainsFunc([]string{"Rush", "Urgent", "Express"}, func(level string) bool { return strings.EqualFold(level, service.says("serviceLevel")) })
	if declared := strings.Replace(strings.ToUpper(service.says("copyrightCompliance")), "-", ":", 1); declared == "US:CCG" || declared == "US:CCL" {
		m.Copyright = declared
	}
	m.MaxCost = amount(d.root.at("billingInfo", "maximumCosts"))
	for _, kind := range service.all("requestSubType") {
		if kind.says() == "BookingRequest" || kind.says() == "MultipleItemRequest" || kind.says() == "TransferRequest" {
			notes = append(notes, "Kind of request: "+kind.says())
		}
	}
	if from := day(service.says("startDate")); !from.IsZero() {
		notes = append(notes, "Wanted from "+from.String()+".")
	}
	if until := day(service.says("endDate")); !until.IsZero() {
		notes = append(notes, "Wanted until "+until.String()+".")
	}
	switch {
	case service.says("anyEdition") == "N", service.says("preferredEdition") == "ThisEdition":
		notes = append(notes, "Only this edition will do.")
	case service.says("preferredEdition") == "MostRecentEdition":
		notes = append(notes, "The latest edition is wanted.")
	}
	if text := d.root.says("billingInfo", "maximumCosts", "monetaryValue"); text != "" && m.MaxCost == nil {
		notes = append(notes, "Will pay at most: "+oneLine(text+" "+d.root.says("billingInfo", "maximumCosts", "currencyCode"), maxCited))
	}
	for _, condition := range service.all("loanCondition") {
		notes = append(notes, "Asks for: "+oneLine(condition.says(), maxCited))
	}
	notes = append(notes, d.shipTo()...)
	m.Note = lines(notes...)
	return nil
}

// citation reads what is asked for. A title is always there, because staff have to
// call it something.
func (d *document) citation(notes *[]string) *broker.Citation {
	info, published := d.root.at("bibliographicInfo"), d.root.at("publicationInfo")
	cited := &broker.Citation{
		Title: oneLine(info.says("title"), maxTitle), Author: oneLine(info.says("author"), maxAuthor),
		Publisher: oneLine(published.says("publisher"), maxCited), Year: oneLine(published.says("publicationDate"), maxCited),
		Edition: oneLine(info.says("edition"), maxCited), Issue: oneLine(info.says("issue"), maxCited), Pages: oneLine(info.says("pagesRequested"), maxCited),
		PartTitle: oneLine(info.says("titleOfComponent"), maxTitle), PartAuthor: oneLine(info.says("authorOfComponent"), maxAuthor),
	}
	if subtitle := oneLine(info.says("subtitle"), maxCited); subtitle != "" && cited.Title != "" {
		cited.Title = oneLine(cited.Title+": "+subtitle, maxTitle)
	}
	var volumes []string
	for _, volume := range info.all("volume") {
		volumes = append(volumes, oneLine(volume.says(), maxCited))
	}
	cited.Volume = oneLine(strings.Join(slices.DeleteFunc(volumes, func(v string) bool { return v == "" }), "; "), maxCited)
	for _, id := range info.all("bibliographicItemId") {
		text := oneLine(id.says("bibliographicItemIdentifier"), maxCited)
		switch strings.ToUpper(id.says("bibliographicItemIdentifierCode")) {
		case "ISBN":
			cited.ISBN = cmp.Or(cited.ISBN, text)
		case "ISSN":
			cited.ISSN = cmp.Or(cited.ISSN, text)
		case "DOI":
			cited.DOI = cmp.Or(cited.DOI, text)
		default:
			*notes = append(*notes, oneLine(id.says("bibliographicItemIdentifierCode"), 40)+" "+text)
		}
	}
	for _, id := range info.all("bibliographicRecordId") {
		text := oneLine(id.says("bibliographicRecordIdentifier"), maxCited)
		switch strings.ToUpper(id.says("bibliographicRecordIdentifierCode")) {
		case "OCLC":
			cited.OCLC = cmp.Or(cited.OCLC, text)
		case "PMID":
			cited.PMID = cmp.Or(cited.PMID, text)
		}
	}
	service := d.root.at("serviceInfo")
	cited.Format = formatOf(published.says("publicationType"), cmp.Or(service.says("itemFormat"), service.says("preferredFormat")))
	cited.Title = cmp.Or(cited.Title, cited.PartTitle, oneLine(info.says("supplierUniqueRecordId"), maxTitle),
		cited.ISBN, cited.ISSN, cited.OCLC, "No title given")
	return cited
}

// shipTo writes where the item is wanted, for the people who pack it.
func (d *document) shipTo() (notes []string) {
	for _, wanted := range d.root.all("requestedDeliveryInfo") {
		if text := addressText(wanted.at("address")); text != "" {
			notes = append(notes, "Send it to: "+text)
		}
	}
	return notes[:min(len(notes), 2)]
}

func addressText(address *element) string {
	if electronic := address.at("electronicAddress"); electronic != nil {
		return oneLine(electronic.says("electronicAddressData"), maxCited)
	}
	var parts []string
	for _, name := range []string{"line1", "line2", "postalCode", "locality", "region", "country"} {
		if text := oneLine(address.says("physicalAddress", name), maxCited); text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, ", ")
}

func unknownWord(word string, known []string) string {
	return clean(word, 80) + " is none of " + strings.Join(known, ", ")
}

// borrowerMeans maps the actions; those that no kind of ours says become a note.
var borrowerMeans = map[string]connectors.Kind{
	actionStatus:       connectors.KindStatusRequest,
	"Received":         connectors.KindReceived,
	"Cancel":           connectors.KindCancel,
	"Renew":            connectors.KindRenew,
	"ShippedReturn":    connectors.KindShippedReturn,
	actionLost:         connectors.KindLostByBorrower,
	"ShippedForward":   connectors.KindNote,
	"HoldReturn":       connectors.KindNote,
	actionNotification: connectors.KindNote,
}

// inPlain says for people what an action or a status means that changes nothing
// here.
var inPlain = map[string]string{
	"ShippedForward":    "The borrowing library sent the item on to another library (ShippedForward).",
	"HoldReturn":        "The item is to be held back for now, not returned (HoldReturn).",
	"ReleaseHoldReturn": "The item can be returned again (ReleaseHoldReturn).",
}

func (d *document) hearRequesting(m *connectors.Message) error {
	action := d.root.says("action")
	kind, known := borrowerMeans[action]
	if !known {
		return refusal{errorAction, "action: " + unknownWord(action, edition2021.words["action"])}
	}
	m.Kind, m.Note = kind, noteText(d.root.says("note"))
	if action == actionNotification {
		m.Kind, m.Note = answered(m.Note)
	}
	m.Note = lines(inPlain[action], m.Note)
	if m.Kind == connectors.KindNote && m.Note == "" {
		m.Note = "A notification without words."
	}
	return nil
}

// noteText is a note without what is for machines only.
func noteText(text string) string { return clean(seqToken.ReplaceAllString(text, ""), maxNote) }

// answered tells a notification that answers our conditions from any other.
func answered(note string) (connectors.Kind, string) {
	for _, form := range []struct {
		kind  connectors.Kind
		word  string
		token string
	}{
		{connectors.KindAcceptConditions, acceptWord, acceptToken},
		{connectors.KindRejectConditions, rejectWord, rejectToken},
	} {
		if strings.EqualFold(strings.Trim(note, " .!\n"), form.word) {
			return form.kind, ""
		}
		if before, after, is := strings.Cut(note, form.token); is {
			return form.kind, lines(before, after)
		}
	}
	return connectors.KindNote, note
}

// lenderMeans maps the statuses of answers and changes. WillSupply with conditions
// or a cost is KindConditional.
var lenderMeans = map[string]connectors.Kind{
	"RequestReceived":        connectors.KindStatus,
	"ExpectToSupply":         connectors.KindExpectToSupply,
	"WillSupply":             connectors.KindWillSupply,
	"Loaned":                 connectors.KindLoaned,
	"Overdue":                connectors.KindOverdue,
	"Recalled":               connectors.KindRecalled,
	"RetryPossible":          connectors.KindRetryLater,
	"Unfilled":               connectors.KindUnfilled,
	"HoldReturn":             connectors.KindNote,
	"ReleaseHoldReturn":      connectors.KindNote,
	"CopyCompleted":          connectors.KindCopyCompleted,
	"LoanCompleted":          connectors.KindLoanCompleted,
	"CompletedWithoutReturn": connectors.KindLoanCompleted,
	"Cancelled":              connectors.KindUnfilled,
}

func (d *document) hearSupplying(m *connectors.Message) error {
	info, state := d.root.at("messageInfo"), d.root.at("statusInfo")
	if info == nil {
		return refusal{errorForm, "supplyingAgencyMessage has no messageInfo"}
	}
	reason, status := info.says("reasonForMessage"), state.says("status")
	if !slices.Contains(words["reasonForMessage"], reason) {
		return refusal{errorReason, "reasonForMessage: " + unknownWord(reason, words["reasonForMessage"])}
	}
	changes := reason == reasonResponse || reason == reasonChange
	kind, known := lenderMeans[status]
	switch {
	case status == "" && changes:
		return refusal{errorElement, "statusInfo/status cannot be empty"}
	case status != "" && !known:
		return refusal{errorValue, "status: " + unknownWord(status, edition2021.words["status"])}
	}
	m.Note, m.Due, m.Status = noteText(info.says("note")), day(state.says("dueDate")), status
	switch reason {
	case reasonNotification:
		m.Kind, m.Due = connectors.KindNote, broker.Date{}
		m.Note = lines(m.Note, d.costText())
	case reasonStatus:
		m.Kind = connectors.KindStatus
		m.Note = d.statusText(m)
	case reasonRenew, reasonCancel:
		d.hearAnswer(m, reason, status, strings.ToUpper(info.says("answerYesNo")))
	default:
		if m.Kind = kind; kind == connectors.KindStatus {
			m.Note = d.statusText(m)
			break
		}
		d.hearChange(m, info)
	}
	if m.Kind == connectors.KindNote && m.Note == "" {
		m.Note = "A message without words; the lender's status is " + cmp.Or(status, "not given") + "."
	}
	return nil
}

// statusText says where the lender says the request stands.
func (d *document) statusText(m *connectors.Message) string {
	text := "Status at the lender: " + cmp.Or(m.Status, "not given")
	if !m.Due.IsZero() {
		text += ", due " + m.Due.String()
	}
	return lines(text+".", m.Note)
}

// hearAnswer reads the answer to a cancel or a renewal. Some systems send no
// answer; the status or the due date then says it.
func (d *document) hearAnswer(m *connectors.Message, reason, status, answer string) {
	yes := answer == "Y"
	if reason == reasonCancel {
		if answer != "Y" && answer != "N" {
			yes = status == "Cancelled"
		}
		m.Kind, m.Due = connectors.KindCancelAnswer, broker.Date{}
	} else {
		if answer != "Y" && answer != "N" && !m.Due.IsZero() {
			// Neither yes nor no: the date counts, which may be the one it had.
			m.Kind = connectors.KindDueChanged
			return
		}
		if m.Kind = connectors.KindRenewAnswer; !yes {
			m.Due = broker.Date{}
		}
	}
	m.Yes = &yes
}

// hearChange reads what goes with a status.
func (d *document) hearChange(m *connectors.Message, info *element) {
	status, delivery := m.Status, d.root.at("deliveryInfo")
	m.Note = lines(inPlain[status], m.Note)
	switch m.Kind {
	case connectors.KindUnfilled:
		m.Reason = connectors.ReasonOther
		if theirs := oneLine(info.says("reasonUnfilled"), maxCited); theirs != "" {
			word, known := ours(unfilledCodes, theirs)
			if m.Reason = cmp.Or(word, connectors.ReasonOther); !known || word == connectors.ReasonOther {
				m.Note = lines(m.Note, "Reason: "+theirs)
			}
		}
		if status == "Cancelled" {
			m.Note = lines(m.Note, "The lender says it is cancelled.")
		}
	case connectors.KindRetryLater:
		d.hearRetry(m, info)
	case connectors.KindWillSupply:
		m.Conditions = lines(d.conditions()...)
		if m.Cost = d.offered(); m.Cost != nil || m.Conditions != "" {
			m.Kind = connectors.KindConditional
			m.Conditions = lines(m.Conditions, m.Note) // what staff decide by
		}
	case connectors.KindLoaned:
		m.Items, m.Cost = d.items(m.Note), cmp.Or(amount(delivery.at("deliveryCosts")), d.offered())
		m.Note = lines(append([]string{m.Note}, append(d.conditions(), d.returnTo())...)...)
	case connectors.KindCopyCompleted:
		m.Due, m.Cost = broker.Date{}, cmp.Or(amount(delivery.at("deliveryCosts")), d.offered())
		link := delivery.says("URL")
		if id := delivery.says("itemId"); link == "" && strings.EqualFold(delivery.says("sentVia"), "URL") {
			link = id // where the first edition has no element for it
		}
		if link != "" && linkIn(m.Note) == "" {
			m.Note = lines(m.Note, lineURL+oneLine(link, maxTitle))
		}
	case connectors.KindLoanCompleted:
		if status == "CompletedWithoutReturn" {
			m.Reason = "forgiven"
		}
	}
}

func (d *document) hearRetry(m *connectors.Message, info *element) {
	retry := d.root.at("retryInfo")
	theirs := oneLine(info.says("reasonRetry"), maxCited)
	m.RetryAfter = day(cmp.Or(retry.says("retryAfter"), info.says("retryAfter")))
	word, known := ours(retryCodes, theirs)
	if m.Reason = cmp.Or(word, connectors.ReasonOther); theirs != "" && (!known || word == connectors.ReasonOther) {
		m.Note = lines(m.Note, "Reason: "+theirs)
	}
	m.Cost = d.offered()
	m.Note = lines(append([]string{m.Note, d.costText()}, d.conditions()...)...)
	if before := day(cmp.Or(retry.says("retryBefore"), info.says("retryBefore"))); !before.IsZero() {
		m.Note = lines(m.Note, "Ask again before "+before.String()+".")
	}
	for _, name := range []string{"edition", "volume", "itemFormat", "serviceType", "serviceLevel", "deliveryMethod", "courierName", "paymentMethod"} {
		for _, other := range retry.all(name) {
			m.Note = lines(m.Note, "Possible with "+name+": "+oneLine(other.says(), maxCited))
		}
	}
}

// offered gives the cost that the lender names before it sends.
func (d *document) offered() *broker.Money {
	return cmp.Or(amount(d.root.at("messageInfo", "offeredCosts")), amount(d.root.at("retryInfo", "offeredCosts")))
}

func (d *document) costText() string {
	if cost := d.offered(); cost != nil {
		return lineCost + cost.String()
	}
	return ""
}

// conditions gives the lender's conditions in words, those nobody knows as they
// are written.
func (d *document) conditions() (said []string) {
	for _, part := range []string{"deliveryInfo", "retryInfo"} {
		for _, condition := range d.root.at(part).all("loanCondition") {
			theirs := oneLine(condition.says(), maxCited)
			known, _ := ours(conditionWords, theirs)
			if text := cmp.Or(known, theirs); text != "" && !slices.Contains(said, text) && !strings.EqualFold(text, "other") {
				said = append(said, text)
			} else if strings.EqualFold(text, "other") {
				said = append(said, "The lender names a condition in its note.")
			}
		}
	}
	return said
}

// items gives the volumes sent: those of a note in which they are listed, because
// the first edition has room for one only.
func (d *document) items(note string) (items []connectors.MessageItem) {
	if listed := volumesIn(note); len(listed) > 0 {
		return listed[:min(len(listed), maxVolumes)]
	}
	for _, id := range d.root.at("deliveryInfo").all("itemId") {
		if barcode := oneLine(id.says(), maxItem); barcode != "" && len(items) < maxVolumes {
			items = append(items, connectors.MessageItem{Barcode: barcode})
		}
	}
	return items
}

// maxVolumes is how many volumes one message may name.
const maxVolumes = 200

// returnTo writes where the item is to go back to.
func (d *document) returnTo() string {
	info := d.root.at("returnInfo")
	text := addressText(info)
	if text == "" {
		return ""
	}
	return "Return it to: " + strings.TrimPrefix(oneLine(info.says("name"), maxCited)+", "+text, ", ")
}
