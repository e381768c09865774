package notices

import (
	"slices"
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
	DueSoon        Kind = "due_soon"        // due in a few days
	Overdue        Kind = "overdue"         // due date passed
	Recalled       Kind = "recalled"        // the lender wants it back early
	RenewalGranted Kind = "renewal_granted" // a new due date
	RenewalRefused Kind = "renewal_refused" // the old due date stands
	DueChanged     Kind = "due_changed"     // corrected by the lender
	Lost           Kind = "lost"            // counts as lost, and what it costs
	ClaimSettled   Kind = "claim_settled"   // a claimed item was found, and the record is cleared
	NoCopy         Kind = "no_copy"         // no copy can fill a hold as things stand; it keeps its place
)

// Channel is how a notice reaches the patron.
type Channel string

// The channels. Phone is the call list: a person calls; Voice is a call that the
// gateway makes. Account is only shown when the patron looks.
const (
	Phone   Channel = "phone"
	Voice   Channel = "voice"
	Email   Channel = "email"
	SMS     Channel = "sms"
	Letter  Channel = "letter"
	Account Channel = "account"
)

// callList is a policy's word for Phone.
const callList Channel = "call_list"

// Sendable are the channels that a program sends by; on the others people do the
// work, or nothing is sent.
func Sendable() []Channel { return []Channel{Email, SMS, Voice} }

// Spoken tells whether a notice is heard, or read where others may see it: its
// text must not say what it is about.
func (c Channel) Spoken() bool { return c == Phone || c == Voice || c == SMS }

// Status is how far a notice has come.
type Status string

// The statuses of a notice.
const (
	Due       Status = "due"
	Done      Status = "done"
	Failed    Status = "failed" // the patron could not be told this way
	Withdrawn Status = "cancelled"
)

// Outcome is the result of a try.
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
	// Title is used in writing, and said aloud where SayTitle is set; a phone notice
	// where it is not set is stored without the title.
	Title    string        `json:"title,omitempty"`
	Number   int64         `json:"number,omitempty"` // of the request
	Branch   string        `json:"branch,omitempty"`
	PickUpBy broker.Date   `json:"pick_up_by,omitzero"`
	DueOn    broker.Date   `json:"due_on,omitzero"`
	AnswerBy broker.Date   `json:"answer_by,omitzero"`
	Amount   *broker.Money `json:"amount,omitempty"`
	Reason   string        `json:"reason,omitempty"` // in plain words
	// SayTitle tells that the library lets a message on an answering machine name
	// the title (telling.TitlesOnVoicemail).
	SayTitle bool `json:"say_title,omitempty"`
	// IfTime marks a call that is made only when staff have the time for it.
	IfTime bool `json:"if_time,omitempty"`
}

// Notice is one thing to tell one patron.
type Notice struct {
	Library broker.ID
	ID      broker.ID
	Patron  broker.ID
	Request broker.ID
	Loan    broker.ID
	// Hold is the hold that waits for the patron, where the notice is not about a
	// request.
	Hold broker.ID
	Kind Kind
	// Stage is the stage of a sequence, by the policy's name; empty for none.
	Stage string
	// Period says which of the loan's periods an overdue notice is for: 1 ends with
	// the first due date, and each renewal begins the next. It is 0 on all others.
	Period  int
	Channel Channel
	// NextChannels are tried after this one, in order, where it fails.
	NextChannels []Channel
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
	// LastError is what went wrong at the last try, in words for staff; it names
	// nobody.
	LastError string
	// PrintedAt is when a letter was last printed.
	PrintedAt time.Time
}

// Message is what a use case wants a patron to be told.
type Message struct {
	Kind Kind
	// Stage is the stage of a sequence; empty for none.
	Stage string
	// Period says which of the loan's periods it is for, as on a Notice.
	Period  int
	Request broker.ID
	Loan    broker.ID
	Hold    broker.ID
	// Channels are the policy's, the preferred one first; empty follows the patron's
	// wish.
	Channels []Channel
	// Only keeps to Channels: where none reaches the patron, or all fail, the
	// notice stands in the account and nowhere else.
	Only bool
	// DueAt is when to tell; zero means at once.
	DueAt time.Time
	Facts Facts
	// Cause is a key, for example "arrived:<hold>": there is one notice for each
	// cause.
	Cause string
}

// maxTries is how many calls are made in all before a notice by telephone is
// given up.
const maxTries = 5

// channelsTo gives the channels that can reach the patron, in the order they are
// tried: the patron's wish where the policy allows it, the policy's, and, unless
// only those will do, writing and then calling. Everybody can be reached through
// their own account, so it is always the last.
func channelsTo(message Message, patron patrons.Patron) []Channel {
	wish := Channel(patron.NoticeChannel)
	var candidates []Channel
	if slices.Contains(message.Channels, wish) {
		candidates = append(candidates, wish)
	}
	candidates = append(candidates, message.Channels...)
	if !message.Only {
		candidates = append(candidates, wish, Email, Phone)
	}
	var chain []Channel
	for _, channel := range append(candidates, Account) {
		if channel == callList {
			channel = Phone
		}
		if reaches(channel, patron.Phone, patron.Email) && !slices.Contains(chain, channel) {
			chain = append(chain, channel)
		}
	}
	return chain[:slices.Index(chain, Account)+1]
}

// reaches tells whether a channel can reach somebody with this number and
// address. A letter always does: where no postal address is known, whoever prints
// the letter sees that.
func reaches(channel Channel, phone, email string) bool {
	switch channel {
	case Email:
		return email != ""
	case Phone, Voice, SMS:
		return phone != ""
	case Letter, Account:
		return true
	}
	return false
}

// afterCall says what a call's outcome does to a notice: done, given up, or due
// again at nextDay (the opening of the next open day).
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
