package peer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"github.com/labstack/echo/v4"

	"afield/api/problem"
	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/connectors/partner"
	"afield/workflow/messages"
	"afield/workflow/requests"
)

// Receive stores and acts on a message from a peer in the caller's transaction,
// and gives the answer to it, the same for a replay.
type Receive func(context.Context, *postgres.Tx, requests.Incoming) (messages.Answer, error)

// Deps is what the door stands on.
type Deps struct {
	DB    *postgres.DB
	Vault *directory.Vault
	// Wall is wall time: signatures age by it, whatever the business clock says.
	Wall    broker.Clock
	Receive Receive
}

// Door answers partner REST.
type Door struct{ Deps }

// New makes the door.
func New(deps Deps) *Door { return &Door{deps} }

// Requests answers POST /v1/partner/requests: kind request only.
func (d *Door) Requests(c echo.Context) error {
	return d.take(c, func(kind connectors.Kind) bool { return kind == connectors.KindRequest }, "must be request here")
}

// Messages answers POST /v1/partner/messages: every other kind.
func (d *Door) Messages(c echo.Context) error {
	return d.take(c, func(kind connectors.Kind) bool { return kind != connectors.KindRequest },
		"must not be request here; send it to /v1/partner/requests")
}

func (d *Door) take(c echo.Context, fits func(connectors.Kind) bool, otherwise string) error {
	body, err := readBody(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	caller, err := d.caller(ctx, c.Request().Header)
	if err != nil {
		return err
	}
	message, err := partner.Open(caller.InboundSecret, c.Request().Header, body, d.Wall.Now())
	if err != nil {
		return err
	}
	if !fits(message.Kind) {
		return broker.Invalid(broker.FieldError{Pointer: "/kind", Code: "wrong_door", Message: otherwise})
	}
	hash := sha256.Sum256(body)
	var answer messages.Answer
	// No library is in sight yet: Receive widens the transaction to the one the
	// message is for, once it has held the sender to its own symbol.
	err = d.DB.InTx(ctx, postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
		var err error
		answer, err = d.Receive(ctx, tx, requests.Incoming{Peer: caller.Library, Message: message, Hash: hash[:], Raw: string(body)})
		return err
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, partner.Acknowledgement{MessageID: message.ID, Status: answer.Status})
}

func readBody(c echo.Context) ([]byte, error) {
	request := c.Request()
	media, _, err := mime.ParseMediaType(request.Header.Get("Content-Type"))
	if err != nil || media != "application/json" || request.Header.Get("Content-Encoding") != "" {
		return nil, &problem.Error{Problem: problem.New(http.StatusUnsupportedMediaType, "not_json",
			"The body must be application/json in UTF-8, not compressed.")}
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Response().Writer, request.Body, partner.MaxBytes))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, &problem.Error{Problem: problem.New(http.StatusRequestEntityTooLarge, "too_large",
			fmt.Sprintf("The message is larger than %d bytes.", partner.MaxBytes))}
	case err != nil:
		return nil, broker.Invalid(broker.FieldError{Code: "broken_off", Message: "the body could not be read to its end"})
	}
	return body, nil
}

// unknownCaller is the one answer for a symbol nobody has, a library that is
// not a partner, and a signature that does not fit.
func unknownCaller() error {
	return &broker.Error{Kind: broker.KindUnauthenticated, Code: "signature_invalid", Detail: "The signature does not fit."}
}

// caller finds the partner that says it is calling. Nothing is believed yet.
func (d *Door) caller(ctx context.Context, header http.Header) (directory.Peer, error) {
	symbol, err := partner.Caller(header)
	if err != nil {
		return directory.Peer{}, err
	}
	var peer directory.Peer
	// The directory is shared: no library's private rows are needed.
	err = d.DB.InTx(ctx, postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
		library, err := directory.BySymbol(ctx, tx, symbol)
		if err != nil {
			return err
		}
		peer, err = directory.LoadPeer(ctx, tx, d.Vault, library.ID)
		return err
	})
	switch {
	case broker.IsKind(err, broker.KindNotFound) || broker.IsKind(err, broker.KindInvalid):
		return directory.Peer{}, unknownCaller()
	case err != nil:
		return directory.Peer{}, err
	case peer.Protocol != directory.ProtocolPartner:
		return directory.Peer{}, unknownCaller()
	}
	return peer, nil
}
