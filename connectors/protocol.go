package connectors

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"afield/broker"
)

// Protocol is one way to reach libraries, and all that the program needs to know
// about it. A connector makes one from its codec and client; the program lists
// those it speaks in a Registry.
type Protocol struct {
	// Name is what the directory calls it.
	Name string
	// Outside tells that its libraries run systems of their own. Each then has a
	// queue and a breaker of its own, so that a dead one slows nobody else.
	Outside bool
	// Sender hands messages over; nil means that staff carry them over by hand.
	Sender Sender
	// Holdings looks up live what a library has; nil means that it cannot be asked.
	Holdings Holdings
	// Says are the kinds of messages it can say. Staff tell the library the others
	// by hand.
	Says []Kind
	// MostItems is how many volumes one message can list; 0 means any number.
	MostItems int
	// Door takes what its libraries send; nil means that none comes by HTTP.
	Door *Door
	// Close releases what the protocol holds; nil means that it holds nothing.
	Close func()
}

// CanSay tells whether a message can be said in full by this protocol.
func (p Protocol) CanSay(message Message) bool {
	return slices.Contains(p.Says, message.Kind) && (p.MostItems == 0 || len(message.Items) <= p.MostItems)
}

// wrong says what is wrong with a protocol as a connector made it.
func (p Protocol) wrong() error {
	switch {
	case p.Name == "":
		return fmt.Errorf("a protocol has no name")
	case (p.Sender == nil) != (len(p.Says) == 0):
		return fmt.Errorf("protocol %s: a sender and what it says go together", p.Name)
	case p.Door != nil && (len(p.Door.Paths) == 0 || len(p.Door.MediaTypes) == 0 || p.Door.MaxBytes <= 0 ||
		p.Door.Caller == nil || p.Door.Open == nil || p.Door.Took == nil):
		return fmt.Errorf("protocol %s: its door is not complete", p.Name)
	}
	for _, kind := range p.Says {
		if !slices.Contains(EveryKind(), kind) && !slices.Contains(Asides(), kind) {
			return fmt.Errorf("protocol %s: %q is no kind of message", p.Name, kind)
		}
	}
	return nil
}

// Door takes messages of one protocol that come in by HTTP, as POST. The web
// server reads the call, looks up who is calling, hands the message to the
// workflow and sends the reply; the Door only reads and writes the protocol's
// words.
type Door struct {
	// Paths are where it answers.
	Paths []string
	// MediaTypes are those it takes, such as application/json.
	MediaTypes []string
	// MaxBytes is the longest body it takes.
	MaxBytes int64
	// Caller reads which library says it is calling. It is not verified yet.
	Caller func(call Call) (broker.Symbol, error)
	// Open makes sure that the peer sent the call and reads its message. wall is
	// wall time, by which signatures age.
	Open func(peer Peer, call Call, wall time.Time) (Message, error)
	// Took answers a message that was taken; duplicate tells that it was taken
	// before; wall is wall time.
	Took func(call Call, message Message, duplicate bool, wall time.Time) (Reply, error)
	// Failed answers a call that failed. Where it is nil or gives false, the answer
	// is a problem of RFC 9457.
	Failed func(call Call, err error, wall time.Time) (Reply, bool)
	// Log gives what the message log keeps of a call; nil means its body.
	Log func(call Call) string
}

// Call is one call from outside, read to its end.
type Call struct {
	Path   string
	Header http.Header
	Body   []byte
}

// Reply is the answer to a call.
type Reply struct {
	Status    int
	MediaType string
	Body      []byte
}
