package iso18626

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"afield/broker"
	"afield/connectors"
	"afield/connectors/wire"
)

func callOf(body []byte, header http.Header) connectors.Call {
	if header == nil {
		header = http.Header{}
	}
	return connectors.Call{Path: path, Header: header, Body: body}
}

// Whoever calls proves it in one of four ways; what is given must be right.
func TestWhoCallsIsProved(t *testing.T) {
	t.Parallel()
	text := wire.SecretText(secret)
	bare := strings.TrimPrefix(text, wire.SecretPrefix)
	plain := as(Edition12, rootRequesting, "", "<action>Received</action>")
	account := func(name, code string) []byte {
		return as(Edition12, rootRequesting, "<requestingAgencyAuthentication><accountId>"+name+"</accountId><securityCode>"+code+"</securityCode></requestingAgencyAuthentication>", "<action>Received</action>")
	}
	bearer := func(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }
	password := func(name, word string) http.Header {
		request := &http.Request{Header: http.Header{}}
		request.SetBasicAuth(name, word)
		return request.Header
	}
	signature := func(secret []byte, at time.Time) http.Header {
		header, err := wire.Sign(secret, "m1", at, plain)
		if err != nil {
			t.Fatal(err)
		}
		return header
	}
	both := signature(secret, noon)
	both.Set("Authorization", "Bearer wrong")
	for name, test := range map[string]struct {
		body   []byte
		header http.Header
		code   string // of the refusal; "" where the call is taken
	}{
		"bearer token":              {plain, bearer(text), ""},
		"token without its prefix":  {plain, bearer(bare), ""},
		"wrong token":               {plain, bearer("wrong"), "signature_invalid"},
		"empty token":               {plain, bearer(""), "signature_missing"},
		"basic authentication":      {plain, password("ISIL:US-HERE", text), ""},
		"wrong password":            {plain, password("ISIL:US-HERE", "x"), "signature_invalid"},
		"signature":                 {plain, signature(secret, noon), ""},
		"another's signature":       {plain, signature([]byte(strings.Repeat("x", 32)), noon), "signature_invalid"},
		"old signature":             {plain, signature(secret, noon.Add(-time.Hour)), "message_too_old"},
		"signature and wrong token": {plain, both, "signature_invalid"},
		"account and code":          {account("here-at-afield", text), nil, ""},
		"wrong code":                {account("here-at-afield", "x"), nil, "signature_invalid"},
		"their own account":         {account("other", text), nil, ""},
		"token in small letters":    {plain, http.Header{"Authorization": {"bearer " + text}}, ""},
		"token and wrong code":      {account("here-at-afield", "x"), bearer(text), "signature_invalid"},
		"nothing":                   {plain, nil, "signature_missing"},
	} {
		peer := connectors.Peer{Symbol: here, InboundSecret: secret, Account: "here-at-afield"}
		_, err := open(peer, callOf(test.body, test.header), noon)
		ours, known := broker.AsError(err)
		if (test.code == "") != (err == nil) || (known && ours.Code != test.code) {
			t.Errorf("%s: %v, want %q", name, err, test.code)
		}
	}
	if _, err := open(connectors.Peer{Symbol: here}, callOf(plain, bearer("")), noon); err == nil {
		t.Error("a library without a secret is believed")
	}
}

func TestWhoSaysItCalls(t *testing.T) {
	t.Parallel()
	plain := string(as(Edition12, rootRequesting, "", "<action>Received</action>"))
	koha := strings.NewReplacer("US-THERE", "sup_agency_value", "US-HERE", "req_agency_value").Replace(plain)
	named := &http.Request{Header: http.Header{}}
	named.SetBasicAuth("isil:us-koha", "x")
	for name, test := range map[string]struct {
		body   string
		header http.Header
		want   string
	}{
		"requester":              {plain, nil, "ISIL:US-HERE"},
		"supplier":               {string(supplied(Edition12, "StatusChange", "", "Loaned", "")), nil, "ISIL:US-THERE"},
		"header":                 {koha, http.Header{http.CanonicalHeaderKey(wire.HeaderLibrary): {"ISIL:US-KOHA"}}, "ISIL:US-KOHA"},
		"basic authentication":   {koha, named.Header, "ISIL:US-KOHA"},
		"nobody":                 {koha, nil, ""},
		"no message of any kind": {"<html/>", nil, ""},
	} {
		call := callOf([]byte(test.body), test.header)
		if call.Header.Get("Authorization") == "" {
			if _, err := caller(call); err == nil {
				t.Errorf("%s: one who proves nothing is looked up", name)
			}
			call.Header = call.Header.Clone()
			call.Header.Set("Authorization", "Bearer x")
		}
		got, err := caller(call)
		if (err == nil) != (test.want != "") || (err == nil && got.String() != test.want) {
			t.Errorf("%s: %s, %v; want %s", name, got, err, test.want)
		}
	}
}

// Each answer is a confirmation with the message's own ids and time, OK or with the
// type of error and what was wrong; what is no message gets none.
func TestConfirmations(t *testing.T) {
	t.Parallel()
	received := as(Edition12, rootRequesting, "", "<action>Received</action>")
	loaned := supplied(Edition2021, "StatusChange", "", "Loaned", "|<shippingInfo/>")
	dance := as(Edition12, rootRequesting, "", "<action>Dance</action>")
	_, danced := heard(t, dance)
	wall := noon.Add(time.Second)
	for name, test := range map[string]struct {
		body   []byte
		err    error
		status int // 0: the answer is that of every door
		want   []string
		not    string
	}{
		"taken":             {received, nil, 200, []string{"<messageStatus>OK<", "<action>Received<", "<requestingAgencyRequestId>r-1<", "<timestampReceived>2026-08-01T12:00:00Z<", "<timestamp>2026-08-01T12:00:01Z<"}, "errorData"},
		"taken, of 2021":    {loaned, nil, 200, []string{`ill:version="2021-2"`, "<reasonForMessage>StatusChange<"}, ""},
		"own time":          {[]byte(strings.Replace(string(received), "12:00:00Z", "13:00:00.5+01:00", 1)), nil, 200, []string{"<timestampReceived>2026-08-01T13:00:00.5+01:00<"}, ""},
		"time of mod-rs":    {[]byte(strings.Replace(string(received), "12:00:00Z", "12:00:00+0000", 1)), nil, 200, []string{"<timestampReceived>2026-08-01T12:00:00Z<"}, ""},
		"unknown action":    {dance, danced, 200, []string{"<messageStatus>ERROR<", "<errorType>UnsupportedActionType<", "Dance is none of"}, "<action>"},
		"unknown request":   {received, broker.NotFound("request r-1"), 200, []string{"<errorType>UnrecognisedDataValue<", "r-1"}, ""},
		"another's request": {received, broker.Forbidden("The message says it is from %s.", there), 200, []string{"<messageStatus>ERROR<", "ISIL:US-THERE"}, ""},
		"there already":     {received, broker.Conflict("message_id_reused", "No."), 200, []string{"already exists"}, ""},
		"unknown peer":      {received, wire.Unauthenticated("signature_invalid", "The secret does not fit.", nil), 401, []string{"<messageStatus>ERROR<", "secret does not fit"}, ""},
		"fault of ours":     {received, http.ErrServerClosed, 0, nil, ""},
		"down":              {received, &broker.Error{Kind: broker.KindUnavailable, Code: "x"}, 0, nil, ""},
		"no XML":            {[]byte("hello"), illegible(danced), 0, nil, ""},
	} {
		var reply connectors.Reply
		var err error
		known := true
		if test.err == nil {
			reply, err = took(callOf(test.body, nil), connectors.Message{}, false, wall)
		} else {
			reply, known = failed(callOf(test.body, nil), test.err, wall)
		}
		if err != nil || known != (test.status != 0) || reply.Status != test.status || (known && reply.MediaType != "application/xml") {
			t.Errorf("%s: %d %s, %v, %v", name, reply.Status, reply.MediaType, known, err)
		}
		for _, want := range test.want {
			if !strings.Contains(string(reply.Body), want) {
				t.Errorf("%s: %q is not in %s", name, want, reply.Body)
			}
		}
		if test.not != "" && strings.Contains(string(reply.Body), test.not) {
			t.Errorf("%s: %q is in %s", name, test.not, reply.Body)
		}
	}
}

// The log keeps what came without the secret and without the patron.
func TestTheLogKeepsNoPatron(t *testing.T) {
	t.Parallel()
	body := as(Edition12, rootRequest, "<requestingAgencyAuthentication><accountId>us</accountId><x:securityCode a='>'>open sesame</x:securityCode></requestingAgencyAuthentication>",
		"<bibliographicInfo><title>Tides</title></bibliographicInfo><patronInfo>\n<patronId>P123</patronId><surname>Reader</surname></patronInfo>")
	got := logged(callOf(append(body, 0, 0xff), nil))
	for _, want := range []string{"Tides", "<accountId>us<", "<patronInfo>…</patronInfo>"} {
		if !strings.Contains(got, want) {
			t.Errorf("the log lacks %q: %s", want, got)
		}
	}
	if got := masked("<securityCode /><title>Tides</title><securityCode >open sesame</securityCode><patronInfo/><note>Soon</note><patronInfo>P123</patronInfo>"); got !=
		"<securityCode /><title>Tides</title><securityCode >…</securityCode><patronInfo/><note>Soon</note><patronInfo>…</patronInfo>" {
		t.Errorf("with empty ones it is %s", got)
	}
	for _, not := range []string{"sesame", "P123", "Reader", "\x00", "\xff"} {
		if strings.Contains(got, not) {
			t.Errorf("the log has %q", not)
		}
	}
}
