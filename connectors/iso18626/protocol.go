package iso18626

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"afield/broker"
	"afield/connectors"
	"afield/connectors/wire"
)

// Name is what the directory calls this protocol.
const Name = "iso18626"

// Where Afield listens.
const (
	path          = "/iso18626"
	pathVersioned = "/v1/peer/iso18626"
)

const mediaType = "application/xml"

// Protocol is ISO 18626 for the program's list of protocols. Closing it closes the
// client.
func Protocol(client *Client) connectors.Protocol {
	return connectors.Protocol{
		Name: Name, Outside: true, Sender: client, Says: slices.Concat(connectors.EveryKind(), connectors.Asides()),
		Door: &connectors.Door{
			Paths: []string{path, pathVersioned}, MediaTypes: []string{mediaType, "text/xml"}, MaxBytes: MaxBytes,
			Caller: caller, Open: open, Took: took, Failed: failed, Log: logged,
		},
		Close: client.Close,
	}
}

// caller reads which library says it is calling: by the header, the name of HTTP's
// basic authentication, or the message.
func caller(call connectors.Call) (broker.Symbol, error) {
	d, err := read(call.Body)
	if err != nil {
		return broker.Symbol{}, illegible(err)
	}
	name, _, isBasic := basic(call.Header)
	if _, isBearer := bearer(call.Header); !isBasic && !isBearer && call.Header.Get(wire.HeaderSignature) == "" &&
		d.root.says("header", "requestingAgencyAuthentication", "securityCode") == "" {
		return broker.Symbol{}, nothingProves()
	}
	for _, text := range []string{call.Header.Get(wire.HeaderLibrary), name} {
		if symbol, err := broker.ParseSymbol(text); err == nil {
			return symbol, nil
		}
	}
	if symbol := d.senderSymbol(); symbol != (broker.Symbol{}) {
		return symbol, nil
	}
	return broker.Symbol{}, wire.Unauthenticated("caller_missing",
		"Neither the message nor the header "+wire.HeaderLibrary+" nor the name of basic authentication says which library is calling.", nil)
}

// basic reads basic authentication. A symbol has a colon in it, so the last one
// stands before the secret, which has none.
func basic(header http.Header) (name, secret string, is bool) {
	before, after, is := (&http.Request{Header: header}).BasicAuth()
	if !is {
		return "", "", false
	}
	both := before + ":" + after
	last := strings.LastIndex(both, ":")
	return both[:last], both[last+1:], true
}

func illegible(err error) error {
	return broker.Invalid(broker.FieldError{Code: "not_iso18626", Message: wire.Clip(wire.OneLine(err.Error()), wire.MaxDetail)})
}

// open makes sure that the peer sent the call and reads its message.
func open(peer connectors.Peer, call connectors.Call, wall time.Time) (connectors.Message, error) {
	d, err := read(call.Body)
	if err != nil {
		return connectors.Message{}, illegible(err)
	}
	if err := authentic(peer, call, d, wall); err != nil {
		return connectors.Message{}, err
	}
	return d.hear(peer, call.Body, wall)
}

// authentic proves the sender in whichever way it chose: a signature, a bearer
// token, a password, or the account in the message. What is given must be right,
// even where something else would do.
func authentic(peer connectors.Peer, call connectors.Call, d *document, wall time.Time) error {
	if len(peer.InboundSecret) < wire.MinSecret {
		return notProved()
	}
	proved := false
	if call.Header.Get(wire.HeaderSignature) != "" {
		if err := wire.Verify(peer.InboundSecret, call.Header, call.Body, wall); err != nil {
			return err
		}
		proved = true
	}
	var given []string
	if token, is := bearer(call.Header); is {
		given = append(given, token)
	} else if _, password, is := basic(call.Header); is {
		given = append(given, password)
	}
	// The accountId is the peer's own name for itself; the code is what proves it.
	if code := d.root.says("header", "requestingAgencyAuthentication", "securityCode"); code != "" {
		given = append(given, code)
	}
	secret := strings.TrimPrefix(wire.SecretText(peer.InboundSecret), wire.SecretPrefix)
	for _, one := range given {
		one = strings.TrimPrefix(strings.TrimSpace(one), wire.SecretPrefix)
		if subtle.ConstantTimeCompare([]byte(one), []byte(secret)) != 1 {
			return notProved()
		}
		proved = true
	}
	if !proved {
		return nothingProves()
	}
	return nil
}

// notProved is the one answer to a proof that does not fit, which is also that of the
// door to a symbol that nobody here has: who is reached this way is told to nobody.
func notProved() error {
	return wire.Unauthenticated("signature_invalid", "The signature does not fit.", nil)
}

func nothingProves() error {
	return wire.Unauthenticated("signature_missing",
		"Nothing proves who is calling: give the secret as bearer token, as basic authentication, as securityCode in the message, or sign the call.", nil)
}

// bearer reads a bearer token (RFC 6750; the scheme's letter case does not count).
func bearer(header http.Header) (string, bool) {
	scheme, token, _ := strings.Cut(header.Get("Authorization"), " ")
	return strings.TrimSpace(token), strings.EqualFold(scheme, "Bearer") && strings.TrimSpace(token) != ""
}

// took confirms a message. One that came before is confirmed again.
func took(call connectors.Call, _ connectors.Message, _ bool, wall time.Time) (connectors.Reply, error) {
	d, err := read(call.Body)
	if err != nil {
		return connectors.Reply{}, err
	}
	return reply(d, http.StatusOK, nil, wall)
}

func reply(d *document, status int, why *refusal, wall time.Time) (connectors.Reply, error) {
	body, err := d.confirm(why, wall)
	return connectors.Reply{Status: status, MediaType: mediaType, Body: body}, err
}

// failed answers what was not taken: with a confirmation that says ERROR and why,
// HTTP 200 as the standard's binding has it, and 401 for whoever is not known.
// Where there is no message to confirm, and where the fault is ours, the answer is
// that of all other doors, so that the sender tries again or is put right.
func failed(call connectors.Call, err error, wall time.Time) (connectors.Reply, bool) {
	d, unread := read(call.Body)
	if unread != nil || strings.HasSuffix(d.root.name, confirmation) {
		return connectors.Reply{}, false
	}
	status, why := http.StatusOK, refusal{}
	if ours, known := broker.AsError(err); known {
		why = refusal{errorValue, ours.Detail}
		switch {
		case ours.Kind == broker.KindUnauthenticated:
			status = http.StatusUnauthorized
			if symbol := d.senderSymbol(); symbol != (broker.Symbol{}) {
				why.value = symbol.String() + " is not known here, or what is to prove that it is calling does not fit: " + ours.Detail
			}
		case ours.Code == "message_id_reused":
			why.value = alreadyHere + " with other content"
		case ours.Kind == broker.KindNotFound, ours.Kind == broker.KindForbidden, ours.Kind == broker.KindConflict, ours.Kind == broker.KindRefused:
		case ours.Kind == broker.KindInvalid && len(ours.Fields) > 0:
			why.value = ours.Fields[0].Message
		default:
			return connectors.Reply{}, false
		}
	} else if !errors.As(err, &why) {
		return connectors.Reply{}, false
	}
	answer, err := reply(d, status, &why, wall)
	return answer, err == nil
}

// What the log does not keep: secrets, and who the patron is.
var private = []*regexp.Regexp{hidden("securityCode"), hidden("patronInfo")}

// hidden finds an element with content.
func hidden(name string) *regexp.Regexp {
	return regexp.MustCompile(`(?s)(<(?:[\w.-]+:)?` + name + `(?:\s(?:[^>'"]|'[^']*'|"[^"]*")*)?>)(.*?)(</(?:[\w.-]+:)?` + name + `\s*>)`)
}

// masked is a message without secrets and the patron.
func masked(text string) string {
	for _, one := range private {
		text = one.ReplaceAllStringFunc(text, func(found string) string {
			parts := one.FindStringSubmatch(found)
			if strings.HasSuffix(parts[1], "/>") { // it is empty, and what follows is not inside it
				return parts[1] + one.ReplaceAllString(strings.TrimPrefix(found, parts[1]), "$1…$3")
			}
			return parts[1] + "…" + parts[3]
		})
	}
	return text
}

// logged is what the message log keeps of a call.
func logged(call connectors.Call) string {
	return masked(strings.ReplaceAll(strings.ToValidUTF8(string(call.Body), "�"), "\x00", "�"))
}
