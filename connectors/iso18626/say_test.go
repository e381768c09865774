package iso18626

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"afield/broker"
	"afield/connectors"
)

var (
	here   = broker.NewSymbol("ISIL", "US-HERE")
	there  = broker.NewSymbol("ISIL", "US-THERE")
	noon   = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	due    = broker.MustDate("2026-09-05")
	twelve = &broker.Money{Minor: 1250, Currency: "USD"}
	secret = bytes.Repeat([]byte("k"), 32)
)

func peerOf(edition, dialect string) connectors.Peer {
	return connectors.Peer{Symbol: there, Edition: edition, Dialect: dialect, OutboundSecret: secret, InboundSecret: secret}
}

// spokenMessages holds one message of every form that is said, by the name of its
// file. A borrower here says what goes to there, and a lender here likewise.
func spokenMessages() map[string]connectors.Message {
	borrower := connectors.Message{ID: "m1", RequestID: "0198c0de-1111-7c3a-9d55-0a4d1c8e7f10", Borrower: here, Lender: there, SentAt: noon}
	lender := connectors.Message{ID: "m1", RequestID: "Requesting-ID-2", Borrower: there, Lender: here, SentAt: noon, Status: "Loaned"}
	yes, no, two := true, false, 2
	with := func(m connectors.Message, kind connectors.Kind, set func(*connectors.Message)) connectors.Message {
		if m.Kind = kind; set != nil {
			set(&m)
		}
		return m
	}
	said := map[string]connectors.Message{
		"request": with(borrower, connectors.KindRequest, func(m *connectors.Message) {
			m.Citation = &broker.Citation{
				Title: "A history of <lighthouses> & keepers", Author: "Ü. Keeper", ISBN: "9780306406157", ISSN: "0317-8471", OCLC: "57358293",
				Publisher: "Harbour Press", Year: "1998", Edition: "2nd", Volume: "3", Format: broker.FormatDVD,
			}
			m.Service, m.NeedBy, m.MaxCost, m.Rush, m.Note = "loan", due, twelve, true, "Any binding will do."
		}),
		"request_again": with(borrower, connectors.KindRequest, func(m *connectors.Message) {
			m.Citation, m.Service, m.PreviousRequestID = &broker.Citation{Title: "Tides"}, "loan", "0198c0de-0000-7c3a-9d55-0a4d1c8e7f10"
		}),
		"request_copy": with(borrower, connectors.KindRequest, func(m *connectors.Message) {
			m.Citation, m.Service, m.Copyright = &broker.Citation{
				Title: "Tides", Format: broker.FormatArticle, Volume: "3", Issue: "2", Pages: "1-9", PartTitle: "Neap", PartAuthor: "Keeper, Ü.", DOI: "10.1000/182", PMID: "123",
			}, "copy", "US:CCG"
		}),
		"cancel":            with(borrower, connectors.KindCancel, func(m *connectors.Message) { m.Reason = "no_answer" }),
		"accept_conditions": with(borrower, connectors.KindAcceptConditions, nil),
		"reject_conditions": with(borrower, connectors.KindRejectConditions, nil),
		"received":          with(borrower, connectors.KindReceived, nil),
		"renew":             with(borrower, connectors.KindRenew, nil),
		"shipped_return":    with(borrower, connectors.KindShippedReturn, nil),
		"lost_by_borrower":  with(borrower, connectors.KindLostByBorrower, nil),
		"paid":              with(borrower, connectors.KindPaid, nil),
		"status_request":    with(borrower, connectors.KindStatusRequest, nil),
		"note_by_borrower":  with(borrower, connectors.KindNote, func(m *connectors.Message) { m.Note = "The slip is missing." }),

		"expect_to_supply": with(lender, connectors.KindExpectToSupply, nil),
		"will_supply":      with(lender, connectors.KindWillSupply, nil),
		"conditional": with(lender, connectors.KindConditional, func(m *connectors.Message) {
			m.Conditions, m.Cost = "Library use only.", twelve
		}),
		"retry_later": with(lender, connectors.KindRetryLater, func(m *connectors.Message) { m.RetryAfter, m.Reason = due, connectors.ReasonOnLoan }),
		"retry_cost": with(lender, connectors.KindRetryLater, func(m *connectors.Message) {
			m.Cost, m.Reason = twelve, connectors.ReasonCostExceeds
		}),
		"loaned": with(lender, connectors.KindLoaned, func(m *connectors.Message) {
			m.Due, m.Cost, m.Items, m.Renewals = due, twelve, []connectors.MessageItem{{Barcode: "31234000000017"}}, &two
			m.Fine, m.FineMost = &broker.Money{Minor: 25, Currency: "USD"}, twelve
		}),
		"loaned_volumes": with(lender, connectors.KindLoaned, func(m *connectors.Message) {
			m.Due, m.Items = due, []connectors.MessageItem{{Barcode: "31234000000017", Volume: "vol. 1"}, {Barcode: "31234000000025", Volume: "vol. 2"}}
		}),
		"copy_completed": with(lender, connectors.KindCopyCompleted, func(m *connectors.Message) { m.Note = "URL: https://example.org/c/1" }),
		"cancel_yes":     with(lender, connectors.KindCancelAnswer, func(m *connectors.Message) { m.Yes = &yes }),
		"cancel_no":      with(lender, connectors.KindCancelAnswer, func(m *connectors.Message) { m.Yes, m.Reason = &no, "on_its_way" }),
		"renew_yes":      with(lender, connectors.KindRenewAnswer, func(m *connectors.Message) { m.Yes, m.Due = &yes, due }),
		"renew_no":       with(lender, connectors.KindRenewAnswer, func(m *connectors.Message) { m.Yes = &no }),
		"overdue":        with(lender, connectors.KindOverdue, nil),
		"recalled":       with(lender, connectors.KindRecalled, nil),
		"due_changed":    with(lender, connectors.KindDueChanged, func(m *connectors.Message) { m.Due = due }),
		"loan_completed": with(lender, connectors.KindLoanCompleted, nil),
		"loan_forgiven":  with(lender, connectors.KindLoanCompleted, func(m *connectors.Message) { m.Reason = "forgiven" }),
		"invoice":        with(lender, connectors.KindInvoice, func(m *connectors.Message) { m.Cost = twelve }),
		"status":         with(lender, connectors.KindStatus, func(m *connectors.Message) { m.Due = due }),
		"note_by_lender": with(lender, connectors.KindNote, func(m *connectors.Message) { m.Note = "The cover is worn." }),
	}
	for _, reason := range []string{
		connectors.ReasonNotOnShelf, connectors.ReasonOnLoan, connectors.ReasonNotOwned, connectors.ReasonNonCirculating, connectors.ReasonPolicy,
		connectors.ReasonLost, connectors.ReasonPoorCondition, connectors.ReasonCostExceeds, connectors.ReasonOther,
	} {
		said["unfilled_"+reason] = with(lender, connectors.KindUnfilled, func(m *connectors.Message) { m.Reason = reason })
	}
	return said
}

// Every message in both editions is what the committed samples say, and those are
// valid by the schema of their edition where it is at hand. AFIELD_WRITE=1 writes
// the samples.
func TestSaidAsInTheSamples(t *testing.T) {
	t.Parallel()
	said := map[connectors.Kind]bool{}
	for _, edition := range []string{Edition12, Edition2021} {
		for name, message := range spokenMessages() {
			said[message.Kind] = true
			peer := peerOf(edition, "")
			if strings.HasPrefix(name, "re") {
				peer.Account = "afield-at-there"
			}
			got := written(t, peer, message)
			file := filepath.Join("testdata", edition, name+".xml")
			if os.Getenv("AFIELD_WRITE") != "" {
				if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s: %s", file, diff)
			}
		}
		validate(t, edition, filepath.Join("testdata", edition))
	}
	for _, kind := range Protocol(nil).Says {
		if !said[kind] {
			t.Errorf("%s is said, and no sample shows it", kind)
		}
	}
}

func written(t *testing.T, peer connectors.Peer, message connectors.Message) []byte {
	t.Helper()
	root, in := say(peer, message)
	body, err := in.write(root)
	if err != nil {
		t.Fatalf("%s in %s: %v", message.Kind, peer.Edition, err)
	}
	return body
}

var schemas = map[string]string{Edition12: "ISO-18626-v1_2.xsd", Edition2021: "ISO-18626-2021-2.xsd"}

// validate checks files by the schema of an edition.
func validate(t *testing.T, edition string, folder string) {
	t.Helper()
	schema := shared("xsd", schemas[edition])
	lint, err := exec.LookPath("xmllint")
	if _, missing := os.Stat(schema); missing != nil || err != nil {
		t.Logf("the schema of %s or xmllint is not here; only the samples are compared", edition)
		return
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.xml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", folder, err)
	}
	out, err := exec.CommandContext(t.Context(), lint, append([]string{"--noout", "--nonet", "--schema", schema}, files...)...).CombinedOutput()
	if err != nil {
		t.Errorf("not valid by the schema of %s: %s", edition, out)
	}
}

// shared is where the standard's files are, next to the project's folder; they are
// no part of it.
func shared(parts ...string) string {
	return filepath.Join(append([]string{"..", "..", "..", "shared", "standards", "iso18626"}, parts...)...)
}

// What one Afield says to another by ISO 18626 arrives as it was meant, in both
// editions. What the standard has no word for arrives as a note.
func TestSaidIsHeard(t *testing.T) {
	t.Parallel()
	asNote := map[string]string{
		"paid": notePaid, "invoice": noteInvoice, "note_by_borrower": "The slip is missing.", "note_by_lender": "The cover is worn.",
	}
	otherwise := map[string]string{ // the list of codes has no word for these
		"unfilled_on_loan": connectors.ReasonPolicy, "unfilled_lost": connectors.ReasonNotOnShelf, "unfilled_cost_exceeds_maximum": connectors.ReasonPolicy,
	}
	for _, edition := range Editions() {
		for name, message := range spokenMessages() {
			body := written(t, peerOf(edition, ""), message)
			d, err := read(body)
			if err != nil {
				t.Fatal(err)
			}
			if told := d.edition.name; told != edition && slices.Contains([]string{"retry_cost", "loaned", "request"}, name) {
				t.Errorf("%s of %s is taken for one of %s", name, edition, told)
			}
			sender := here // the one who said it, as the receiver knows them
			got, err := d.hear(connectors.Peer{Symbol: sender}, body, noon)
			if err != nil {
				t.Errorf("%s in %s: %v", name, edition, err)
				continue
			}
			want := message.Kind
			note, is := asNote[name]
			switch {
			case is:
				want = connectors.KindNote
			case message.Kind == connectors.KindDueChanged:
				want = connectors.KindLoaned // said again, with another date
			case message.Kind == connectors.KindLostByBorrower && edition == Edition12:
				want, note = connectors.KindNote, noteLost
			}
			if got.Kind != want || !strings.Contains(got.Note, note) {
				t.Errorf("%s in %s is heard as %s %q", name, edition, got.Kind, got.Note)
			}
			if got.RequestID != message.RequestID || got.Borrower != message.Borrower || got.Lender != message.Lender || !got.SentAt.Equal(noon) {
				t.Errorf("%s in %s: %+v", name, edition, got)
			}
			reason := message.Reason
			if other, is := otherwise[name]; is {
				reason = other
			}
			if message.Kind.FromLender() && message.Kind != connectors.KindCancelAnswer && got.Reason != reason {
				t.Errorf("%s in %s: the reason %q is heard as %q", name, edition, message.Reason, got.Reason)
			}
			type carried struct {
				Due, RetryAfter, NeedBy broker.Date
				Yes                     *bool
				Items                   []connectors.MessageItem
				Service, Previous       string
				Citation                *broker.Citation
				MaxCost                 *broker.Money
				Rush                    bool
				Copyright               string
			}
			of := func(m connectors.Message) carried {
				return carried{m.Due, m.RetryAfter, m.NeedBy, m.Yes, m.Items, m.Service, m.PreviousRequestID, m.Citation, m.MaxCost, m.Rush, m.Copyright}
			}
			sent := of(message)
			if sent.Citation != nil && sent.Citation.Format == "" {
				plain := *sent.Citation
				plain.Format = broker.FormatBook
				sent.Citation = &plain
			}
			if diff := cmp.Diff(sent, of(got), cmp.Comparer(func(a, b broker.Date) bool { return a == b })); diff != "" {
				t.Errorf("%s in %s: %s", name, edition, diff)
			}
		}
	}
}

// The table that doc.go shows is the one that is used.
func TestDocShowsTheTable(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for row := range strings.Lines(string(text)) {
		if said, heard, is := strings.Cut(strings.TrimSpace(strings.TrimPrefix(row, "//")), " "); is {
			rows[said] = heard
		}
	}
	for kind, said := range lenderSays {
		if row := rows[string(kind)]; !strings.Contains(row, said.reason) || !strings.Contains(row, said.status) {
			t.Errorf("%s is %+v, and doc.go says %q", kind, said, row)
		}
	}
	for kind, action := range borrowerSays {
		if row := rows[string(kind)]; !strings.Contains(row, action) {
			t.Errorf("%s is %s, and doc.go says %q", kind, action, row)
		}
	}
}

// Each row of the table of vendors shows in what is sent.
func TestDialects(t *testing.T) {
	t.Parallel()
	said := spokenMessages()
	for _, test := range []struct{ dialect, message, want, not string }{
		{"", "expect_to_supply", "<status>ExpectToSupply<", ""},
		{"alma", "expect_to_supply", "<status>WillSupply<", "ExpectToSupply"},
		{"alma", "loan_completed", "<reasonForMessage>RequestResponse<", "StatusChange"},
		{"alma", "loaned", "<reasonForMessage>StatusChange<", ""},
		{"alma", "loaned", "Cost: 12.50 USD", ""},
		{"alma", "retry_cost", "Cost: 12.50 USD", "offeredCosts"},
		{"alma", "conditional", "Condition: Library use only.", ""},
		{"alma", "accept_conditions", "<note>ACCEPT<", ""},
		{"alma", "reject_conditions", "<note>REJECT<", ""},
		{"reshare", "accept_conditions", "<note>#ReShareLoanConditionAgreeResponse#<", ""},
		{"reshare", "reject_conditions", "<note>#ReShareLoanConditionRejectResponse#<", ""},
		{"koha", "accept_conditions", "<note>ACCEPT<", ""},
		{"nobody", "expect_to_supply", "<status>ExpectToSupply<", ""},
	} {
		body := string(written(t, peerOf(Edition12, test.dialect), said[test.message]))
		if !strings.Contains(body, test.want) || (test.not != "" && strings.Contains(body, test.not)) {
			t.Errorf("%s to %q: want %q and not %q in %s", test.message, test.dialect, test.want, test.not, body)
		}
	}
	for _, d := range dialects {
		if d.source == "" || d.accept == "" || d.reject == "" {
			t.Errorf("dialect %q is not complete", d.name)
		}
	}
}

// What an edition's schema does not allow is never written.
// A request that is known by a number alone is one all the same.
func TestANumberIsEnough(t *testing.T) {
	t.Parallel()
	for _, cited := range []broker.Citation{{ISBN: "9780306406157"}, {OCLC: "12345"}, {DOI: "10.1000/182"}, {}} {
		for _, in := range Editions() {
			said, edition := say(connectors.Peer{Edition: in}, connectors.Message{Kind: connectors.KindRequest, RequestID: "r-1", Citation: &cited, Borrower: here, Lender: there, SentAt: noon})
			if body, err := edition.write(said); err != nil || !strings.Contains(string(body), "<bibliographicInfo") || !strings.Contains(string(body), cited.ISBN) {
				t.Errorf("%+v: %v\n%s", cited, err, body)
			}
		}
	}
}

func TestWriteIsStrict(t *testing.T) {
	t.Parallel()
	header := el("confirmationHeader", leaf("timestamp", instant(noon)), leaf("timestampReceived", instant(noon)), leaf("messageStatus", "OK"))
	for name, root := range map[string]*element{
		"missing part":        el("requestingAgencyMessage", leaf("action", "Received")),
		"unknown part":        el("requestConfirmation", header, leaf("weather", "fine")),
		"twice":               el("requestConfirmation", header, header),
		"no closed code":      el("requestConfirmation", header, el("errorData", leaf("errorType", "Oops"))),
		"text in a container": el("requestConfirmation", el("confirmationHeader", leaf("timestamp", "yesterday"), leaf("timestampReceived", instant(noon)), leaf("messageStatus", "OK"))),
		"not a root":          el("header", leaf("timestamp", instant(noon))),
	} {
		for _, in := range []*edition{edition12, edition2021} {
			if body, err := in.write(root); err == nil {
				t.Errorf("%s is written: %s", name, body)
			}
		}
	}
	lost := el(rootRequesting, writer{edition: edition12, m: connectors.Message{Lender: there, Borrower: here, RequestID: "1", SentAt: noon}}.header(rootRequesting), leaf("action", "Lost"))
	if _, err := edition12.write(lost); err == nil {
		t.Error("the first edition has no action Lost")
	}
}
