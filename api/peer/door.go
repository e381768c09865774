package peer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"afield/api/problem"
	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/connectors"
	"afield/workflow/messages"
	"afield/workflow/requests"
	"afield/workflow/routing"
)

// Receive stores and acts on a message from a peer in the caller's transaction,
// and gives the answer to it, the same for a replay.
type Receive func(context.Context, *postgres.Tx, requests.Incoming) (messages.Answer, error)

// Deps is what receiving messages needs.
type Deps struct {
	DB    *postgres.DB
	Vault *directory.Vault
	// Wall is wall time: signatures age by it, whatever the business clock says.
	Wall    broker.Clock
	Receive Receive
}

// Mount adds the routes of all protocols that take messages by HTTP.
func Mount(e *echo.Echo, deps Deps, protocols *connectors.Registry) {
	for _, protocol := range protocols.All() {
		if protocol.Door == nil {
			continue
		}
		at := &door{Deps: deps, Door: *protocol.Door, protocol: protocol.Name}
		for _, path := range at.Paths {
			e.POST(path, at.take)
		}
	}
}

// door takes the messages of one protocol.
type door struct {
	Deps
	connectors.Door
	protocol string
}

func (d *door) take(c echo.Context) error {
	call := connectors.Call{Path: c.Path(), Header: c.Request().Header}
	var err error
	if call.Body, err = d.read(c); err != nil {
		return err
	}
	reply, err := d.answer(c.Request().Context(), call)
	if err != nil && d.Failed != nil {
		if failed, known := d.Failed(call, err, d.Wall.Now()); known {
			reply, err = failed, nil
		}
	}
	if err != nil {
		return err
	}
	return c.Blob(reply.Status, reply.MediaType, reply.Body)
}

func (d *door) answer(ctx context.Context, call connectors.Call) (reply connectors.Reply, err error) {
	caller, err := d.caller(ctx, call)
	if err != nil {
		return reply, err
	}
	message, err := d.Open(routing.PeerOf(caller), call, d.Wall.Now())
	if err != nil {
		return reply, err
	}
	if err := d.address(ctx, caller.Library, &message); err != nil {
		return reply, err
	}
	hash, raw := sha256.Sum256(call.Body), string(call.Body)
	if d.Log != nil {
		raw = d.Log(call)
	}
	var answer messages.Answer
	// No library can be seen yet: Receive widens the transaction to the library the
	// message is for, once it has made sure that the sender's symbol is its own.
	err = d.DB.InTx(ctx, postgres.ForLibraries(), func(ctx context.Context, tx *postgres.Tx) error {
		var err error
		answer, err = d.Receive(ctx, tx, requests.Incoming{Peer: caller.Library, Message: message, Hash: hash[:], Raw: raw})
		return err
	})
	if err != nil {
		return reply, err
	}
	return d.Took(call, message, answer.Status == messages.Duplicate, d.Wall.Now())
}

// address finds the library that a message is for where it does not name it: some
// systems write the same words in place of every symbol. The id of the request and
// the peer that was proved say which it is.
func (d *door) address(ctx context.Context, peer broker.ID, message *connectors.Message) error {
	for _, symbol := range []*broker.Symbol{&message.Borrower, &message.Lender} {
		if *symbol != (broker.Symbol{}) {
			continue
		}
		// Which library it is decides what the transaction may see, so this one looks
		// everywhere.
		err := d.DB.InTx(ctx, postgres.Everywhere(), func(ctx context.Context, tx *postgres.Tx) (err error) {
			*symbol, err = requests.Addressee(ctx, tx, peer, *message)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *door) read(c echo.Context) ([]byte, error) {
	request := c.Request()
	media, _, err := mime.ParseMediaType(request.Header.Get("Content-Type"))
	if err != nil || !slices.Contains(d.MediaTypes, media) || request.Header.Get("Content-Encoding") != "" {
		return nil, &problem.Error{Problem: problem.New(http.StatusUnsupportedMediaType, "not_"+path.Base(d.MediaTypes[0]),
			"The body must be "+strings.Join(d.MediaTypes, " or ")+" in UTF-8, not compressed.")}
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Response().Writer, request.Body, d.MaxBytes))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, &problem.Error{Problem: problem.New(http.StatusRequestEntityTooLarge, "too_large",
			fmt.Sprintf("The message is larger than %d bytes.", d.MaxBytes))}
	case err != nil:
		return nil, broker.Invalid(broker.FieldError{Code: "broken_off", Message: "the body could not be read to its end"})
	}
	return body, nil
}

// unknownCaller is the one answer for a symbol nobody has, a library that does
// not speak this protocol, and a signature that does not fit.
func unknownCaller() error {
	return &broker.Error{Kind: broker.KindUnauthenticated, Code: "signature_invalid", Detail: "The signature does not fit."}
}

// caller finds the library that says it is calling. It is not verified yet.
func (d *door) caller(ctx context.Context, call connectors.Call) (directory.Peer, error) {
	symbol, err := d.Caller(call)
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
	case string(peer.Protocol) != d.protocol:
		return directory.Peer{}, unknownCaller()
	}
	return peer, nil
}
