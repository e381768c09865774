package partner

import (
	"net/http"
	"time"

	"afield/broker"
	"afield/connectors"
	"afield/connectors/wire"
)

// VerifyQuery checks the signature of an availability look-up, which has no
// body: rawQuery is the query as it came, without the question mark.
func VerifyQuery(secret []byte, headers http.Header, rawQuery string, now time.Time) error {
	return wire.Verify(secret, headers, signedQuery(rawQuery), now)
}

func signedQuery(rawQuery string) []byte { return []byte("GET availability?" + rawQuery) }

// Open checks the signature and reads the message, in this order, and makes sure
// that the signed id is the message's own. The caller must check who the message
// speaks for: Speaker must resolve to the library whose secret matched.
func Open(secret []byte, headers http.Header, body []byte, now time.Time) (connectors.Message, error) {
	if err := wire.Verify(secret, headers, body, now); err != nil {
		return connectors.Message{}, err
	}
	message, err := Decode(body)
	if err != nil {
		return connectors.Message{}, err
	}
	if message.ID != headers.Get(wire.HeaderID) {
		return connectors.Message{}, broker.Invalid(broker.FieldError{
			Pointer: "/id", Code: "wrong_id",
			Message: "must equal the header " + wire.HeaderID,
		})
	}
	return message, nil
}

// Caller reads which library says it is calling. The error is
// broker.KindUnauthenticated.
func Caller(headers http.Header) (broker.Symbol, error) {
	symbol, err := broker.ParseSymbol(headers.Get(wire.HeaderLibrary))
	if err != nil {
		return broker.Symbol{}, wire.Unauthenticated("caller_missing",
			"The header "+wire.HeaderLibrary+" must name the calling library as NAMESPACE:VALUE.", err)
	}
	return symbol, nil
}

// Speaker gives the library in whose name a message speaks. It is false for a
// note, which either side may send.
func Speaker(message connectors.Message) (broker.Symbol, bool) {
	switch {
	case message.Kind.FromLender():
		return message.Lender, true
	case message.Kind.FromBorrower():
		return message.Borrower, true
	}
	return broker.Symbol{}, false
}
