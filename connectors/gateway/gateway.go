package gateway

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"afield/connectors"
)

const (
	defaultTimeout = 10 * time.Second
	// maxAnswer is the longest answer that is read, in bytes.
	maxAnswer = 16 << 10
	// minSecret is the shortest secret, in bytes: a guessable one would let anybody sign.
	minSecret = 16
	// longestRetryAfter bounds what a gateway may ask us to wait.
	longestRetryAfter = 24 * time.Hour
)

// Config is how the gateway is reached.
type Config struct {
	// URL is where notices are posted.
	URL string
	// Secret signs them.
	Secret []byte
	// AllowPrivateAddress lets the gateway be on a loopback or private address.
	AllowPrivateAddress bool
	// Timeout bounds one try; 0 means 10 seconds.
	Timeout time.Duration
	// UserAgent names our program; "" means "Afield".
	UserAgent string
}

// ParseConfig reads the gateway's address and the secret in its text form, whsec_
// and base64. Errors never repeat the secret.
func ParseConfig(address, secret string, allowPrivate bool) (Config, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" || (parsed.Scheme != "https" && parsed.Scheme != "http") || parsed.User != nil || parsed.Fragment != "" {
		return Config{}, errors.New("the gateway must be written as https://HOST/PATH, with no user in it")
	}
	if parsed.Scheme == "http" && !allowPrivate {
		return Config{}, errors.New("the gateway must be reached by https, unless it may live on a private address")
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(strings.TrimSpace(secret), "whsec_"))
	if err != nil || len(key) < minSecret {
		return Config{}, fmt.Errorf("the gateway's secret must be whsec_ and the base64 of at least %d bytes", minSecret)
	}
	return Config{URL: address, Secret: key, AllowPrivateAddress: allowPrivate}, nil
}

// Sender hands notices to one gateway. It is safe for concurrent use.
type Sender struct {
	config    Config
	signer    *standardwebhooks.Webhook
	http      *resty.Client
	transport *http.Transport
}

// New makes a sender; Close it to release its connections.
func New(config Config) (*Sender, error) {
	signer, err := standardwebhooks.NewWebhookRaw(config.Secret)
	if err != nil {
		return nil, fmt.Errorf("set up the gateway: %w", err)
	}
	if config.Timeout <= 0 {
		config.Timeout = defaultTimeout
	}
	if config.UserAgent == "" {
		config.UserAgent = "Afield"
	}
	dialer := &net.Dialer{Timeout: config.Timeout}
	if !config.AllowPrivateAddress {
		dialer.Control = connectors.RefusePrivate
	}
	transport := &http.Transport{
		Proxy:               nil, // the dialer must see the gateway's address
		DialContext:         dialer.DialContext,
		ForceAttemptHTTP2:   true,
		TLSHandshakeTimeout: config.Timeout,
		MaxConnsPerHost:     8, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10,
	}
	client := resty.NewWithClient(&http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
	client.SetRetryCount(0).SetDoNotParseResponse(true).SetHeader("User-Agent", config.UserAgent).
		SetHeader("Content-Type", "application/json").SetHeader("Accept", "application/json")
	return &Sender{config: config, signer: signer, http: client, transport: transport}, nil
}

// Close closes idle connections.
func (s *Sender) Close() { s.transport.CloseIdleConnections() }

// payload is the body of a call.
type payload struct {
	ID       string `json:"id"`
	Channel  string `json:"channel"`
	To       string `json:"to"`
	From     string `json:"from"`
	Text     string `json:"text"`
	Language string `json:"language"`
}

// SendNotice posts a notice, once. See connectors.NoticeSender.
func (s *Sender) SendNotice(ctx context.Context, notice connectors.Notice) connectors.Delivery {
	body, err := json.Marshal(payload{notice.ID, notice.Channel, notice.To, notice.Library, notice.Text, notice.Language})
	if err != nil {
		return tryAgain(0, "a notice could not be written")
	}
	at := time.Now() // signatures go by the wall clock
	signature, err := s.signer.Sign(notice.ID, at, body)
	if err != nil {
		return tryAgain(0, "a notice could not be signed")
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	response, err := s.http.R().SetContext(ctx).SetBody(body).SetHeaders(map[string]string{
		standardwebhooks.HeaderWebhookID:        notice.ID,
		standardwebhooks.HeaderWebhookTimestamp: strconv.FormatInt(at.Unix(), 10),
		standardwebhooks.HeaderWebhookSignature: signature,
	}).Post(s.config.URL)
	if err != nil {
		return tryAgain(0, explain(err))
	}
	defer func() { _ = response.RawBody().Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.RawBody(), maxAnswer+1))
	if err != nil {
		return tryAgain(response.StatusCode(), explain(err))
	}
	return judge(response.StatusCode(), response.Header(), answer, notice.ID, at)
}

// judge says what an answer means. The gateway's own words are not repeated,
// because they often name the number.
func judge(status int, header http.Header, body []byte, id string, now time.Time) connectors.Delivery {
	switch {
	case status >= 200 && status < 300:
		var said struct {
			ID     string `json:"id"`
			Status string `json:"status"`
		}
		if len(body) > maxAnswer || json.Unmarshal(body, &said) != nil || said.ID != id || (said.Status != "accepted" && said.Status != "duplicate") {
			return tryAgain(status, "the gateway's answer does not say that it has the notice")
		}
		return connectors.Delivery{Outcome: connectors.Delivered, Status: status}
	case status == http.StatusUnprocessableEntity:
		return connectors.Delivery{Outcome: connectors.Refused, Status: status, Detail: "The gateway cannot reach the number on file (422)."}
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return tryAgain(status, fmt.Sprintf("the gateway does not accept our signature (%d)", status))
	case status >= 300 && status < 400:
		return tryAgain(status, fmt.Sprintf("the gateway redirects, which is not followed (%d)", status))
	}
	delivery := tryAgain(status, fmt.Sprintf("the gateway fails (%d)", status))
	delivery.RetryAfter = connectors.RetryAfter(header, now, longestRetryAfter)
	return delivery
}

func tryAgain(status int, detail string) connectors.Delivery {
	return connectors.Delivery{Outcome: connectors.TryAgain, Status: status, Detail: strings.ToUpper(detail[:1]) + detail[1:] + "."}
}

// explain says in plain words why there is no answer; the words never contain the
// address.
func explain(err error) string {
	return cmp.Or(connectors.WhyNoAnswer("the gateway", err), "the call to the gateway failed")
}
