package partner

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"afield/broker"
	"afield/connectors"
)

// Version is the version of the wire that this package reads and writes.
const Version = "1"

// The limits of one message, in either direction.
const (
	MaxBytes  = 256 << 10 // of the body
	MaxDepth  = 64        // of nested objects and lists
	MaxValues = 5000      // in all
)

// The two states of an acknowledgement.
const (
	StatusAccepted  = "accepted"  // it was new
	StatusDuplicate = "duplicate" // it was here already; nothing was done again
)

// CodeAlreadyExists is the problem code that, with 409, means the same as
// StatusDuplicate.
const CodeAlreadyExists = "already_exists"

// Acknowledgement is the answer to a message that was taken.
type Acknowledgement struct {
	MessageID string `json:"message_id"`
	Status    string `json:"status"`
}

type wireMessage struct {
	Version           string        `json:"version"`
	ID                string        `json:"id"`
	Kind              string        `json:"kind"`
	RequestID         string        `json:"request_id"`
	PreviousRequestID string        `json:"previous_request_id,omitempty"`
	Borrower          string        `json:"borrower"`
	Lender            string        `json:"lender"`
	SentAt            string        `json:"sent_at"`
	Citation          *wireCitation `json:"citation,omitempty"`
	Service           string        `json:"service,omitempty"`
	NeedBy            string        `json:"need_by,omitempty"`
	MaxCost           *wireMoney    `json:"max_cost,omitempty"`
	Rush              bool          `json:"rush,omitempty"`
	Copyright         string        `json:"copyright,omitempty"`
	Yes               *bool         `json:"yes,omitempty"`
	Reason            string        `json:"reason,omitempty"`
	Conditions        string        `json:"conditions,omitempty"`
	Cost              *wireMoney    `json:"cost,omitempty"`
	Due               string        `json:"due,omitempty"`
	RetryAfter        string        `json:"retry_after,omitempty"`
	Renewals          *int          `json:"renewals,omitempty"`
	Fine              *wireMoney    `json:"fine,omitempty"`
	FineMost          *wireMoney    `json:"fine_most,omitempty"`
	Items             []wireItem    `json:"items,omitempty"`
	Note              string        `json:"note,omitempty"`
}

type wireCitation struct {
	Title     string `json:"title"`
	Author    string `json:"author,omitempty"`
	ISBN      string `json:"isbn,omitempty"`
	ISSN      string `json:"issn,omitempty"`
	OCLC      string `json:"oclc,omitempty"`
	Publisher string `json:"publisher,omitempty"`
	Year      string `json:"year,omitempty"`
	Edition   string `json:"edition,omitempty"`
	Volume    string `json:"volume,omitempty"`
	Issue     string `json:"issue,omitempty"`
	Pages     string `json:"pages,omitempty"`
	Part      string `json:"part_title,omitempty"`
	PartBy    string `json:"part_author,omitempty"`
	DOI       string `json:"doi,omitempty"`
	PMID      string `json:"pmid,omitempty"`
	Format    string `json:"format,omitempty"`
}

type wireMoney struct {
	Minor    int64  `json:"minor"`
	Currency string `json:"currency"`
}

type wireItem struct {
	Barcode string `json:"barcode"`
	Volume  string `json:"volume,omitempty"`
}

// Encode writes a message for the wire. A message that the other side would
// have to refuse is refused here, with every wrong field (broker.KindInvalid).
func Encode(message connectors.Message) ([]byte, error) {
	if fields := check(message); len(fields) > 0 {
		return nil, broker.Invalid(fields...)
	}
	wire := wireMessage{
		Version: Version, ID: message.ID, Kind: string(message.Kind),
		RequestID: message.RequestID, PreviousRequestID: message.PreviousRequestID,
		Borrower: message.Borrower.String(), Lender: message.Lender.String(),
		SentAt:  message.SentAt.UTC().Format(time.RFC3339Nano),
		Service: message.Service, NeedBy: message.NeedBy.String(), MaxCost: moneyToWire(message.MaxCost),
		Rush: message.Rush, Copyright: message.Copyright, Yes: message.Yes, Reason: message.Reason,
		Conditions: message.Conditions, Cost: moneyToWire(message.Cost), Due: message.Due.String(),
		RetryAfter: message.RetryAfter.String(), Note: message.Note,
		Renewals: message.Renewals, Fine: moneyToWire(message.Fine), FineMost: moneyToWire(message.FineMost),
	}
	if cited := message.Citation; cited != nil {
		wire.Citation = &wireCitation{
			Title: cited.Title, Author: cited.Author, ISBN: cited.ISBN, ISSN: cited.ISSN, OCLC: cited.OCLC,
			Publisher: cited.Publisher, Year: cited.Year, Edition: cited.Edition, Volume: cited.Volume,
			Issue: cited.Issue, Pages: cited.Pages, Part: cited.PartTitle, PartBy: cited.PartAuthor, DOI: cited.DOI, PMID: cited.PMID,
			Format: string(cited.Format),
		}
	}
	for _, item := range message.Items {
		wire.Items = append(wire.Items, wireItem(item))
	}
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(wire); err != nil {
		return nil, fmt.Errorf("write partner message: %w", err)
	}
	body := bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))
	if len(body) > MaxBytes {
		return nil, tooLarge()
	}
	return body, nil
}

func moneyToWire(amount *broker.Money) *wireMoney {
	if amount == nil {
		return nil
	}
	return &wireMoney{Minor: amount.Minor, Currency: amount.Currency}
}

func tooLarge() *broker.Error {
	return broker.Invalid(broker.FieldError{
		Pointer: "", Code: "too_large",
		Message: fmt.Sprintf("the message is larger than %d bytes", MaxBytes),
	})
}
