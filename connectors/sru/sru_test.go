package sru

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/catalog/marc"
	"afield/connectors"
)

func TestQuestions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		system   string
		citation broker.Citation
		want     []string
	}{
		"every number, then words": {"zebra", broker.Citation{
			OCLC: "(OCoLC)ocm00123", ISBN: "0-14-044913-2", ISSN: "10643923", Title: "The Odyssey", Author: "Homer",
		}, []string{
			`rec.oclc="123"`, `bath.isbn="9780140449136" or bath.isbn="0140449132"`, `bath.issn="1064-3923" or bath.issn="10643923"`,
			`dc.title all "The Odyssey" and dc.creator all "Homer"`,
		}},
		"979 has no older form":   {"koha", broker.Citation{ISBN: "979-10-90636-07-1"}, []string{`bath.isbn="9791090636071"`}},
		"wrong numbers are none":  {"koha", broker.Citation{ISBN: "9780140449137", ISSN: "1064-3924", OCLC: "none"}, nil},
		"no index, no question":   {"loc", broker.Citation{OCLC: "123"}, nil},
		"what means nothing here": {"koha", broker.Citation{Title: `What? "A^B*" \ (and more) = <all>`}, []string{`dc.title all "What A B and more all"`}},
		"without the subtitle":    {"k10plus", broker.Citation{Title: "Faust : der Tragödie erster Teil", Author: "Goethe, Johann Wolfgang von, 1749"}, []string{`pica.tit="Faust" and pica.per="Goethe Johann Wolfgang"`}},
		"what it searches itself": {"zdb", broker.Citation{ISSN: "1064-3923"}, []string{`"1064-3923" or "10643923"`}},
		"as Alma says":            {"alma", broker.Citation{OCLC: "on1012"}, []string{`alma.oclc_control_number_035_a="1012"`}},
	} {
		var got []string
		for _, one := range questions(c.citation, systems[c.system].Indexes) {
			got = append(got, one.query)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got  %q\n want %q", name, got, c.want)
		}
	}
	if got := quoted("a\"b\\c*?^\n\xff"); got != `"a\"b\\c\*\?\^ "` {
		t.Errorf("quoted %s", got)
	}
}

func TestRequests(t *testing.T) {
	t.Parallel()
	target := connectors.Target{URL: "https://example.org/sru?database=books", System: "koha"}
	for version, want := range map[string]string{
		"1.1": "database=books&maximumRecords=20&operation=searchRetrieve&query=a%3D%22b%22&recordPacking=xml&recordSchema=marcxml&startRecord=1&version=1.1",
		"2.0": "database=books&maximumRecords=20&query=a%3D%22b%22&recordSchema=marcxml&recordXMLEscaping=xml&startRecord=1&version=2.0",
	} {
		target.Version = version
		got, err := requestURL(target, `a="b"`, 1, 20)
		if err != nil || got.RawQuery != want {
			t.Errorf("%s: %s (%v), want %s", version, got, err, want)
		}
	}
	for _, wrong := range []string{"", "example.org", "ftp://example.org", "http://a:b@example.org/sru", "file:///etc/passwd"} {
		if _, err := requestURL(connectors.Target{URL: wrong}, "a", 1, 1); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}

func TestWhatATargetSaysOverItsSystem(t *testing.T) {
	t.Parallel()
	got := of(connectors.Target{System: "koha", Version: "1.2", Holdings: "opac", Indexes: map[string]string{"isbn": "my.isbn", "oclc": "my.oclc"}})
	want := System{"1.2", "marcxml", Indexes{ISBN: "my.isbn", ISSN: "bath.issn", OCLC: "my.oclc", Title: "dc.title", Author: "dc.creator"}, "opac"}
	if got != want {
		t.Errorf("%+v", got)
	}
	if got := of(connectors.Target{}); got.Version == "" || got.Schema == "" || forms[got.Holdings] == nil {
		t.Errorf("of nothing: %+v", got)
	}
}

const (
	ns1 = `xmlns:zs="http://www.loc.gov/zing/srw/"`
	ns2 = `xmlns:zs="http://docs.oasis-open.org/ns/search-ws/sruResponse"`
)

// answering writes an answer with records.
func answering(count, next int, records ...string) string {
	text := fmt.Sprintf(`<zs:searchRetrieveResponse %s><zs:version>1.1</zs:version><zs:numberOfRecords>%d</zs:numberOfRecords><zs:records>`, ns1, count)
	for _, one := range records {
		text += `<zs:record><zs:recordSchema>x</zs:recordSchema><zs:recordData>` + one + `</zs:recordData></zs:record>`
	}
	text += `</zs:records>`
	if next > 0 {
		text += fmt.Sprintf(`<zs:nextRecordPosition>%d</zs:nextRecordPosition>`, next)
	}
	return text + `</zs:searchRetrieveResponse>`
}

func complaining(number int) string {
	return fmt.Sprintf(`<zs:searchRetrieveResponse %s><zs:version>2.0</zs:version><zs:diagnostics xmlns:d="http://docs.oasis-open.org/ns/search-ws/diagnostic"><d:diagnostic><d:uri>info:srw/diagnostic/1/%d</d:uri><d:details>dc.isbn</d:details><d:message>No, Jane Doe</d:message></d:diagnostic></zs:diagnostics></zs:searchRetrieveResponse>`, ns2, number)
}

const surrogate = `<diagnostic xmlns="http://www.loc.gov/zing/srw/diagnostic/"><uri>info:srw/diagnostic/1/%d</uri></diagnostic>`

func TestAnswersOfAllVersions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text, want string // Count, Next, schemas and problems; or the error
	}{
		"1.1":                 {answering(7, 3, "<a/>", "<b/>"), "7 3 x x"},
		"none":                {answering(0, 0), "0 0"},
		"2.0 problem":         {complaining(16), "0 0 ! the index is not supported (diagnostic 16)"},
		"a record's problem":  {answering(1, 0, fmt.Sprintf(surrogate, 64)), "1 0 x:64"},
		"an empty problem":    {`<searchRetrieveResponse><numberOfRecords>3</numberOfRecords><diagnostics/></searchRetrieveResponse>`, "3 0"},
		"packed as text":      {answering(1, 0, "&lt;a>&amp;lt;b>&lt;/a>"), "1 0 x"},
		"by SOAP":             {`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>` + answering(2, 0) + `</s:Body></s:Envelope>`, "2 0"},
		"Latin-1":             {`<?xml version="1.0" encoding="ISO-8859-1"?>` + answering(1, 0, "<a>\xe9</a>"), "1 0 x"},
		"an explanation":      {`<explainResponse/>`, "it explains itself instead of searching; is the version right?"},
		"a page":              {`<html><body>Sign in</body></html>`, `it is no answer to a search: its element is "html"`},
		"no XML":              {`{"error": "Jane Doe"}`, "it is empty"},
		"cut off":             {answering(7, 3, "<a/>")[:120], "it is not XML: line 1"},
		"a document type":     {`<!DOCTYPE x [<!ENTITY a "b">]>` + answering(1, 0), "it has a document type, which is refused"},
		"one in a record":     {answering(1, 0, "&lt;!DOCTYPE a>&lt;a/>"), "a record packed as text cannot be read: it has a document type, which is refused"},
		"an entity":           {answering(1, 0, "<a>&b;</a>"), "it is not XML: line 1"},
		"too deep":            {answering(1, 0, strings.Repeat("<a>", 70)+strings.Repeat("</a>", 70)), "it has elements more than 64 deep"},
		"too many":            {answering(1, 0, "<r>"+strings.Repeat("<a/>", maxElements)+"</r>"), "it has more than 60000 elements"},
		"too many when read":  {answering(1, 0, strings.Repeat("&lt;a/>", 1)+strings.Repeat("&lt;a/>", 5)), "a record packed as text cannot be read: it has two documents in one"},
		"a count that is not": {`<searchRetrieveResponse><numberOfRecords>many</numberOfRecords></searchRetrieveResponse>`, `its numberOfRecords is "many"`},
		"below zero":          {`<searchRetrieveResponse><numberOfRecords>-1</numberOfRecords></searchRetrieveResponse>`, `its numberOfRecords is "-1"`},
	} {
		answer, err := Read([]byte(c.text))
		got := fmt.Sprintf("%d %d", answer.Count, answer.Next)
		for _, record := range answer.Records {
			got += " " + record.Schema
			if record.Problem != nil {
				got += fmt.Sprintf(":%d", record.Problem.Number)
			}
		}
		for _, problem := range answer.Problems {
			got += " ! " + problem.Error()
		}
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if _, err := Read(make([]byte, maxBytes+1)); err == nil {
		t.Error("an answer of any length is read")
	}
}

// newClient makes a client that compares titles as the program does.
func newClient(t *testing.T) *Client {
	t.Helper()
	made := NewClient(Options{Fits: func(marcxml []byte, citation broker.Citation) bool {
		record, err := marc.Decode(marcxml)
		return err == nil && catalog.Matches(marc.TitleOf(record), citation)
	}})
	t.Cleanup(made.Close)
	return made
}

// target is a catalogue that answers each query as told, and says which came.
type target struct {
	*httptest.Server
	answers map[string]string // by query; "" for any other
	asked   []string
	last    *http.Request
}

func newTarget(t *testing.T, answers map[string]string) *target {
	t.Helper()
	made := &target{answers: answers}
	made.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query().Get("query")
		if at := r.URL.Query().Get("startRecord"); at != "1" {
			query += "@" + at
		}
		made.asked, made.last = append(made.asked, query), r
		text, known := made.answers[query]
		if !known {
			text = made.answers[""]
		}
		if status, is := map[string]int{"moved": 302, "who": 401, "down": 503, "broken": 500}[text]; is {
			w.WriteHeader(status)
			return
		}
		_, _ = w.Write([]byte(text))
	}))
	t.Cleanup(made.Close)
	return made
}

func (t *target) peer(system string) connectors.Peer {
	return connectors.Peer{Library: broker.NewID(), Target: &connectors.Target{URL: t.URL, System: system, AllowPrivateAddress: true}}
}

func sample(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestLookingACitationUp(t *testing.T) {
	t.Parallel()
	client := newClient(t)
	const (
		byISBN  = `bath.isbn="9780140449136" or bath.isbn="0140449132"`
		byWords = `dc.title all "The Odyssey" and dc.creator all "Homer"`
	)
	odyssey := broker.Citation{ISBN: "0140449132", Title: "The Odyssey", Author: "Homer", Format: broker.FormatBook}
	koha := sample(t, "koha")
	for name, c := range map[string]struct {
		answers  map[string]string
		citation broker.Citation
		want     string // owned, available, perhaps; or the error
		asked    []string
	}{
		"by number":              {map[string]string{byISBN: koha}, odyssey, "true 1 0", []string{byISBN}},
		"by words where it fits": {map[string]string{byISBN: answering(0, 0), byWords: koha}, odyssey, "true 1 0", []string{byISBN, byWords}},
		"an index it lacks":      {map[string]string{byISBN: complaining(16), byWords: koha}, odyssey, "true 1 0", []string{byISBN, byWords}},
		"not another title": {
			map[string]string{`dc.title all "The Iliad"`: koha}, broker.Citation{Title: "The Iliad"}, "false 0 0", []string{`dc.title all "The Iliad"`},
		},
		"not owned":                {map[string]string{"": answering(0, 0)}, odyssey, "false 0 0", []string{byISBN, byWords}},
		"no index at all":          {map[string]string{"": complaining(16)}, odyssey, "the index is not supported (diagnostic 16)", []string{byISBN, byWords}},
		"away for a while":         {map[string]string{"": complaining(2)}, odyssey, "temporarily unavailable (diagnostic 2)", []string{byISBN}},
		"not its version":          {map[string]string{"": complaining(5)}, odyssey, "this version is not supported (diagnostic 5)", []string{byISBN}},
		"records that do not come": {map[string]string{"": answering(1, 0, fmt.Sprintf(surrogate, 64))}, odyssey, "the record is temporarily unavailable (diagnostic 64)", []string{byISBN}},
		"moved":                    {map[string]string{"": "moved"}, odyssey, "HTTP 302: it has moved", []string{byISBN}},
		"the account":              {map[string]string{"": "who"}, odyssey, "HTTP 401: the account is not accepted", []string{byISBN}},
		"down":                     {map[string]string{"": "down"}, odyssey, "HTTP 503", []string{byISBN}},
		"a page":                   {map[string]string{"": "<html/>"}, odyssey, "the answer cannot be read", []string{byISBN}},
		"nothing to go by":         {nil, broker.Citation{Author: "Homer"}, "nothing that it could be searched by", nil},
	} {
		target := newTarget(t, c.answers)
		said, err := client.Available(t.Context(), target.peer("koha"), c.citation)
		got := fmt.Sprintf("%t %d %d", said.Owned, said.Available, said.Perhaps)
		if err != nil {
			got = err.Error()
			if !broker.IsKind(err, broker.KindUnavailable) {
				t.Errorf("%s: the error is of the wrong kind", name)
			}
		}
		if !strings.Contains(got, c.want) || !slices.Equal(target.asked, c.asked) {
			t.Errorf("%s: %s after %q, want %s after %q", name, got, target.asked, c.want, c.asked)
		}
		if strings.Contains(got, "Jane Doe") || strings.Contains(got, "Odyssey") {
			t.Errorf("%s: the error repeats what it should not: %s", name, got)
		}
	}
}

func TestPaging(t *testing.T) {
	t.Parallel()
	client := newClient(t)
	record := func(many int) []string { return slices.Repeat([]string{"<a/>"}, many) }
	for name, c := range map[string]struct {
		answers     map[string]string
		count, many int
		asked       []string
	}{
		"to the end":            {map[string]string{"q": answering(3, 3, record(2)...), "q@3": answering(3, 0, record(1)...)}, 3, 3, []string{"q", "q@3"}},
		"without a next":        {map[string]string{"q": answering(3, 0, record(2)...), "q@3": answering(3, 0, record(1)...)}, 3, 3, []string{"q", "q@3"}},
		"fewer than were said":  {map[string]string{"q": answering(9, 3, record(2)...), "q@3": answering(9, 3)}, 9, 2, []string{"q", "q@3"}},
		"past the end":          {map[string]string{"q": answering(9, 3, record(2)...), "q@3": complaining(61)}, 9, 2, []string{"q", "q@3"}},
		"a next that goes back": {map[string]string{"q": answering(100, 1, record(20)...), "": answering(100, 1, record(20)...)}, 100, 60, []string{"q", "q@21", "q@41"}},
		"one at a time":         {map[string]string{"": answering(1000, 0, record(1)...)}, 1000, 5, []string{"q", "q@2", "q@3", "q@4", "q@5"}},
	} {
		target := newTarget(t, c.answers)
		answer, err := client.Search(t.Context(), *target.peer("").Target, "q")
		if err != nil || answer.Count != c.count || len(answer.Records) != c.many || !slices.Equal(target.asked, c.asked) {
			t.Errorf("%s: %d of %d after %q (%v), want %d of %d after %q", name, len(answer.Records), answer.Count, target.asked, err, c.many, c.count, c.asked)
		}
	}
}

func TestWhoMayBeCalledAndHow(t *testing.T) {
	t.Parallel()
	client := NewClient(Options{UserAgent: "Afield/9"})
	t.Cleanup(client.Close)
	target := newTarget(t, map[string]string{"": answering(0, 0)})
	peer := target.peer("koha")
	peer.Target.Account, peer.Target.Password = "afield", "secret"
	citation := broker.Citation{Title: "x"}
	if _, err := client.Available(t.Context(), peer, citation); err != nil {
		t.Fatal(err)
	}
	if user, password, _ := target.last.BasicAuth(); user != "afield" || password != "secret" || target.last.UserAgent() != "Afield/9" {
		t.Errorf("sent %v", target.last.Header)
	}
	peer.Target.AllowPrivateAddress = false
	if _, err := client.Available(t.Context(), peer, citation); err == nil || !strings.Contains(err.Error(), "private") {
		t.Errorf("a private address: %v", err)
	}
	peer.Target.AllowPrivateAddress = true
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := client.Available(stopped, peer, citation); err == nil {
		t.Error("a search that was given up is answered")
	}
	if _, err := client.Available(t.Context(), connectors.Peer{}, citation); err == nil {
		t.Error("a library without a target is searched")
	}
	if len(target.asked) != 1 {
		t.Errorf("%d calls arrived, want 1", len(target.asked))
	}
	address, _ := url.Parse(target.URL)
	peer.Target.URL = "http://" + address.Host + "/sru"
	target.Close()
	if _, err := client.Available(t.Context(), peer, citation); err == nil || !strings.Contains(err.Error(), "refuses connections") {
		t.Errorf("nobody there: %v", err)
	}
}

func TestWhichProblemsPass(t *testing.T) {
	t.Parallel()
	for number := range 300 {
		problem := Diagnostic{Number: number}
		if want := number == 2 || number == 64; problem.Retryable() != want {
			t.Errorf("diagnostic %d is retryable: %t", number, !want)
		}
	}
	if !errors.As(error(Diagnostic{Number: 2}), new(Diagnostic)) {
		t.Error("a diagnostic is no error")
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"koha", "opac", "iso20775", "packed", "alma", "gvi"} {
		text, err := os.ReadFile(filepath.Join("testdata", name+".xml"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		answer, err := Read(text)
		if err != nil {
			return
		}
		for _, form := range Forms() {
			said := Sum(copiesIn(answer, form), "", broker.FormatBook)
			if said.Available < 0 || said.Perhaps < 0 || !said.Owned && said.Available+said.Perhaps > 0 {
				t.Errorf("as %s: %+v", form, said)
			}
		}
		for _, record := range answer.Records {
			record.MARCXML()
		}
	})
}
