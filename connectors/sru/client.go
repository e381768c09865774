package sru

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"afield/broker"
	"afield/connectors"
	"afield/connectors/line"
)

// How much of a long result is looked at.
const (
	atOnce      = 20
	mostRecords = 50
	mostPages   = 5
)

// Options set up a Client.
type Options struct {
	// UserAgent names our program to targets; "" means "Afield".
	UserAgent string
	// Fits tells whether a record, as MARCXML, may be what a citation asks for. It is
	// asked of records that were found by words. Nil fits nothing.
	Fits func(marcxml []byte, citation broker.Citation) bool
}

// Client searches any number of targets. It is safe for concurrent use.
type Client struct {
	lines *line.Lines
	fits  func(marcxml []byte, citation broker.Citation) bool
}

// NewClient makes a client; Close it to release its connections.
func NewClient(options Options) *Client {
	if options.Fits == nil {
		options.Fits = func([]byte, broker.Citation) bool { return false }
	}
	return &Client{line.Open(line.Options{UserAgent: options.UserAgent, Accept: "application/sru+xml, application/xml, text/xml;q=0.9"}), options.Fits}
}

// Close ends searches under way and closes idle connections.
func (c *Client) Close() { c.lines.Close() }

// Search asks a target one query in CQL and reads its answer page by page, up to 50
// records; the Answer's Count says how many there are. Problems with the whole
// search are the error, a Diagnostic; those with one record stay with it.
func (c *Client) Search(ctx context.Context, target connectors.Target, query string) (Answer, error) {
	whole, start := Answer{}, 1
	for range mostPages {
		page, err := c.page(ctx, target, query, start, min(atOnce, mostRecords-len(whole.Records)))
		if err != nil {
			return Answer{}, err
		}
		if len(page.Problems) > 0 {
			if problem := page.Problems[0]; problem.Number != firstPositionOutOfRange { // which is how some say that there is no more
				return Answer{}, problem
			}
			break
		}
		whole.Count = page.Count
		whole.Records = append(whole.Records, page.Records...)
		start += len(page.Records)
		if page.Next > start-1 {
			start = page.Next
		}
		if len(page.Records) == 0 || start > page.Count || len(whole.Records) >= mostRecords {
			break
		}
	}
	return whole, nil
}

// page makes one call.
func (c *Client) page(ctx context.Context, target connectors.Target, query string, start, most int) (Answer, error) {
	address, err := requestURL(target, query, start, most)
	if err != nil {
		return Answer{}, err
	}
	header := http.Header{}
	if target.Account != "" {
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(target.Account+":"+target.Password)))
	}
	got := c.lines.Call(ctx, line.Call{
		Method: http.MethodGet, URL: address, Header: header, MaxBytes: maxBytes,
		AllowPrivate: target.AllowPrivateAddress,
	})
	switch {
	case errors.Is(got.Err, line.ErrTooLong):
		return Answer{}, fmt.Errorf("the answer is longer than %d bytes", maxBytes)
	case got.Err != nil:
		return Answer{}, whyNot(got.Err)
	case got.Status >= 300 && got.Status < 400:
		return Answer{}, fmt.Errorf("HTTP %d: it has moved, and redirects are not followed; write its new address", got.Status)
	case got.Status == http.StatusUnauthorized || got.Status == http.StatusForbidden:
		return Answer{}, fmt.Errorf("HTTP %d: the account is not accepted", got.Status)
	}
	answer, err := Read(got.Body)
	switch {
	case got.Status != http.StatusOK && (err != nil || len(answer.Problems) == 0): // some say diagnostics with 4xx
		return Answer{}, fmt.Errorf("HTTP %d", got.Status)
	case err != nil:
		return Answer{}, fmt.Errorf("the answer cannot be read: %w", err)
	}
	return answer, nil
}

func whyNot(err error) error {
	if words := connectors.WhyNoAnswer("the catalogue", err); words != "" {
		return errors.New(words)
	}
	return errors.New("the catalogue could not be reached")
}

// requestURL writes a search in the words of the target's version.
func requestURL(target connectors.Target, query string, start, most int) (*url.URL, error) {
	base, err := url.Parse(target.URL)
	if err != nil || base.Host == "" || (base.Scheme != "https" && base.Scheme != "http") || base.User != nil || base.Fragment != "" {
		return nil, errors.New("the target's address must be http(s)://host/path")
	}
	system := of(target)
	words := base.Query() // some have the database in the query
	words.Set("version", system.Version)
	words.Set("query", query)
	words.Set("startRecord", strconv.Itoa(start))
	words.Set("maximumRecords", strconv.Itoa(most)) // left out, some give none
	words.Set("recordSchema", system.Schema)
	if strings.HasPrefix(system.Version, "2") {
		words.Set("recordXMLEscaping", "xml")
	} else {
		words.Set("operation", "searchRetrieve")
		words.Set("recordPacking", "xml")
	}
	base.RawQuery = words.Encode()
	return base, nil
}
