package notices

import (
	"time"

	"afield/broker"
	"afield/broker/patrons"
)

// Kind says what a notice is about.
type Kind string

// The kinds of notice; each has its words in texts.go.
const (
	Arrived        Kind = "arrived"         // on the hold shelf
	ShelfExpiring  Kind = "shelf_expiring"  // last days on the hold shelf
	Expired        Kind = "expired"         // no longer on the hold shelf, or no longer needed
	CostApproval   Kind = "cost_approval"   // a fee would be passed on: yes or no?
	Unfilled       Kind = "unfilled"        // nobody could lend it
	Cancelled      Kind = "cancelled"       // the request was cancelled
	Overdue        Kind = "overdue"         // due date passed
	Recalled       Kind = "recalled"        // the lender wants it back early
	RenewalGranted Kind = "renewal_granted" // a new due date
	RenewalRefused Kind = "renewal_refused" // the old due date stands
	DueChanged     Kind = "due_changed"     // corrected by the lender
)

// Channel is how a notice reaches the patron.
type Channel string

// The channels. Account is only shown when the patron looks.
const (
	Phone   Channel = "phone"
	Email   Channel = "email"
	SMS     Channel = "sms"
	Letter  Channel = "letter"
	Account Channel = "account"
)

// Status is where a notice stands.
type Status string

// The statuses of a notice.
const (
	Due       Status = "due"
	Done      Status = "done"
	Failed    Status = "failed" // the patron could not be told this way
	Withdrawn Status = "cancelled"
)

// Outcome is what came of a try.
type Outcome string

// The outcomes of a call, and of other channels.
const (
	Reached     Outcome = "reached"
	Voicemail   Outcome = "voicemail"
	NoAnswer    Outcome = "no_answer"
	WrongNumber Outcome = "wrong_number"
	Sent        Outcome = "sent"  // handed to the mail or the post
	Shown       Outcome = "shown" // stands in the account
)

// Facts are what the text of a notice needs. They name the thing asked for,
// never the patron.
type Facts struct {
	// Title is used in writing only; a phone notice is stored without it.
	Title    string        `json:"title,omitempty"`
	Number   int64         `json:"number,omitempty"` // of the request
	Branch   string        `json:"branch,omitempty"`
	PickUpBy broker.Date   `json:"pick_up_by,omitzero"`
	DueOn    broker.Date   `json:"due_on,omitzero"`
	AnswerBy broker.Date   `json:"answer_by,omitzero"`
	Amount   *broker.Money `json:"amount,omitempty"`
	Reason   string        `json:"reason,omitempty"` // in plain words
}

// Notice is one thing to tell one patron.
type Notice struct {
	Library broker.ID
	ID      broker.ID
	Patron  broker.ID
	Request broker.ID
	Loan    broker.ID
	Kind    Kind
	Channel Channel
	// DueAt is when to tell; a call without answer moves it on.
	DueAt     time.Time
	Status    Status
	Outcome   Outcome
	Tries     int
	Facts     Facts
	Cause     string
	DoneAt    time.Time
	DoneBy    broker.Actor
	CreatedAt time.Time
}

// Message is what a use case wants a patron to be told.
type Message struct {
	Kind    Kind
	Request broker.ID
	Loan    broker.ID
	// Channels are the policy's, the wished one first; empty follows the
	// patron's wish.
	Channels []Channel
	// DueAt is when to tell; zero means at once.
	DueAt time.Time
	Facts Facts
	// Cause names why, once and for all: "arrived:<hold>".
	Cause string
}

// maxTries is how often a call goes unanswered before it is given up.
const maxTries = 5

// chooseChannel gives the first channel that can reach the patron: the
// policy's, then the patron's wish, then writing, then calling. Nobody is out
// of reach of their own account.
func chooseChannel(wanted []Channel, patron patrons.Patron) Channel {
	candidates := append(append([]Channel{}, wanted...), Channel(patron.NoticeChannel), Email, Phone)
	for _, channel := range candidates {
		switch {
		case channel == Email && patron.Email != "",
			(channel == Phone || channel == SMS) && patron.Phone != "",
			channel == Letter, channel == Account:
			return channel
		}
	}
	return Account
}

// afterCall says what a call's outcome makes of a notice: done, given up, or
// due again when nextDay (the opening of the next open day) comes.
func afterCall(n Notice, outcome Outcome, nextDay time.Time) (Notice, error) {
	if n.Status != Due {
		return n, broker.Conflict("notice_not_due", "That notice is %s; nobody needs to be told any more.", n.Status)
	}
	n.Tries++
	n.Outcome = outcome
	switch outcome {
	case Reached, Voicemail, Sent:
		n.Status = Done
	case NoAnswer:
		if n.Tries >= maxTries {
			n.Status = Failed
			break
		}
		n.DueAt = nextDay
	case WrongNumber:
		n.Status = Failed
	default:
		return n, broker.Invalid(broker.FieldError{
			Pointer: "/outcome", Code: "not_an_outcome",
			Message: "must be reached, voicemail, no_answer, wrong_number or sent",
		})
	}
	return n, nil
}
