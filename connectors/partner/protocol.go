package partner

import (
	"encoding/json"
	"net/http"
	"time"

	"afield/broker"
	"afield/connectors"
)

// Name is what the directory calls this protocol.
const Name = "partner"

// Where Afield listens: for requests, and for messages of every other kind.
const (
	pathRequests = "/v1/partner/requests"
	pathMessages = "/v1/partner/messages"
)

// Protocol is partner REST for the program's list of protocols. Closing it
// closes the client.
func Protocol(client *Client) connectors.Protocol {
	return connectors.Protocol{
		Name: Name, Outside: true, Sender: client, Holdings: client, Says: connectors.EveryKind(),
		Door: &connectors.Door{
			Paths: []string{pathRequests, pathMessages}, MediaTypes: []string{"application/json"}, MaxBytes: MaxBytes,
			Caller: func(call connectors.Call) (broker.Symbol, error) { return Caller(call.Header) },
			Open:   openCall, Took: acknowledge,
		},
		Close: client.Close,
	}
}

func openCall(peer connectors.Peer, call connectors.Call, wall time.Time) (connectors.Message, error) {
	message, err := Open(peer.InboundSecret, call.Header, call.Body, wall)
	if err != nil {
		return connectors.Message{}, err
	}
	isRequest := message.Kind == connectors.KindRequest
	switch {
	case call.Path == pathRequests && !isRequest:
		return connectors.Message{}, wrongDoor("must be request here")
	case call.Path == pathMessages && isRequest:
		return connectors.Message{}, wrongDoor("must not be request here; send it to " + pathRequests)
	}
	return message, nil
}

func wrongDoor(otherwise string) error {
	return broker.Invalid(broker.FieldError{Pointer: "/kind", Code: "wrong_door", Message: otherwise})
}

func acknowledge(_ connectors.Call, message connectors.Message, duplicate bool, _ time.Time) (connectors.Reply, error) {
	status := StatusAccepted
	if duplicate {
		status = StatusDuplicate
	}
	body, err := json.Marshal(Acknowledgement{MessageID: message.ID, Status: status})
	if err != nil {
		return connectors.Reply{}, err
	}
	return connectors.Reply{Status: http.StatusOK, MediaType: "application/json", Body: append(body, '\n')}, nil
}
