package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"afield/cmd/afield/shell"
)

// policyFile writes a policy file into a folder of the test.
func policyFile(t *testing.T, folder, name, text string) string {
	t.Helper()
	path := filepath.Join(folder, name+".yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const stateFile = `policy: our-state
level: state
title: Our state
document: Schedule of fees
place: US-IN
attributes:
  fees.print:
    final: true
    value: {black_white: "0.15", colour: "0.30"}
    clause: {section: Fees, says: "0.15 a page."}
`

func TestPolicyCommands(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	policyFile(t, folder, "our-state", stateFile)
	good := policyFile(t, folder, "ours", "policy: ours\ninherits: our-state\ntitle: Ours\ndocument: Rules\nattributes: {}\n")
	wrong := policyFile(t, folder, "wrong", "policy: wrong\ninherits: our-state\ntitle: Ours\ndocument: Rules\nattributes:\n"+
		"  fees.print:\n    value: {black_white: \"0.05\", colour: \"0.10\"}\n    clause: {section: A, says: b}\n")
	for _, c := range []struct {
		args string
		code int
		says []string
	}{
		{"policy check --help", shell.ExitDone, []string{"Examples:", "afield policy check our-library.yaml"}},
		{"policy explain --help", shell.ExitDone, []string{"Examples:"}},
		{"policy list", shell.ExitDone, []string{"western-district", "delaware-state", "state"}},
		{"policy list delaware --rule fines.overdue", shell.ExitDone, []string{"from delaware-state", "0.10"}},
		{"policy check westchester " + good, shell.ExitDone, []string{"ours → our-state → default"}},
		{"policy check " + wrong + " westport", shell.ExitFailed, []string{"wrong.yaml:7:5", "final in our-state", "ok     westport"}},
		{"policy check atlantis", shell.ExitFailed, []string{"neither a policy that ships"}},
		{"policy diff westchester western-district", shell.ExitDone, []string{"blocks.checkout", `">="`, `">"`}},
		{"policy diff westport westport", shell.ExitDone, []string{"0 differences."}},
		{"policy diff westport atlantis", shell.ExitUsage, []string{"neither a policy that ships"}},
		{
			"policy explain westchester checkout --item dvd --out dvd=5 --owes 5.00", shell.ExitDone,
			[]string{"No: may not check out.", "[loans.group_limits]", "[blocks.checkout]", "may override: desk, director", "needed: owes less than 5.00 USD"},
		},
		{"policy explain delaware fine --item dvd --due 2026-03-06 --returned 2026-03-10 --closed-on sun", shell.ExitDone, []string{"3.00 USD for 3 days"}},
		{"policy explain delaware fines.overdue --item dvd", shell.ExitDone, []string{"* state", "delaware-state", "says nothing"}},
		{"policy explain perth lost --due 2026-03-01", shell.ExitDone, []string{"2026-05-01"}},
		{"policy explain perth fine", shell.ExitUsage, []string{"needs --due"}},
		{
			"policy explain westchester checkout --shown photo_id --by-other", shell.ExitDone,
			[]string{"[cards.identification]", "needed: card", "found: photo_id", "[cards.transferable]", "may override: desk, director"},
		},
		{
			"policy explain westchester card --met application,id --shown student_card", shell.ExitDone,
			[]string{"No: may not get a card.", "[cards.accepted_id]", "found: student_card"},
		},
		{"policy explain westchester renew_card --met id,proof_of_address --shown delivered_mail", shell.ExitDone, []string{"Yes: may renew a card."}},
		{"policy explain westchester use_card --place own,hageman", shell.ExitDone, []string{"Yes: may use the card here.", "cards.good_at"}},
		{"policy explain westchester computer --by-other", shell.ExitDone, []string{"[computers.own_card]", "needed: the own card"}},
		{"policy explain western-district renew --channel phone --due 2099-03-01", shell.ExitDone, []string{"[loans.renewal_identity]", "needed: birth_date or address or card", "found: nothing"}},
		{"policy explain western-district renew --channel phone --shown address --due 2099-03-01", shell.ExitDone, []string{"Yes: may renew."}},
		{"policy explain western-district claim --by-guardian --patron-age 18", shell.ExitDone, []string{"[claims.guardian_under]", "needed: a patron under 18"}},
		{"policy explain westport ill.queue_order", shell.ExitDone, []string{"first_requested", "for information; nothing in Afield decides by it"}},
		{"policy explain perth dance", shell.ExitUsage, []string{"neither a question nor an attribute"}},
		{"policy explain perth chekout", shell.ExitUsage, []string{`did you mean "checkout"?`}},
		{"policy explain perth shelf.day", shell.ExitUsage, []string{`did you mean "shelf.days"?`}},
		{"policy explain perth checkout --class resdent", shell.ExitUsage, []string{`"resdent" is not known to this policy; did you mean "resident"?`}},
		{"policy explain perth loans.period --item dvdd", shell.ExitUsage, []string{`did you mean "dvd"?`}},
		{"policy explain perth checkout --owes much", shell.ExitUsage, []string{"not an amount"}},
	} {
		code, out, errOut := call(t, strings.Fields(c.args)...)
		for _, says := range c.says {
			if code != c.code || !strings.Contains(out+errOut, says) {
				t.Errorf("afield %s ends with %d and says\n%s%s\nwant %d and %q", c.args, code, out, errOut, c.code, says)
			}
		}
	}
}

func TestPolicyAnswersAsJSON(t *testing.T) {
	t.Parallel()
	_, out, _ := call(t, "policy", "explain", "perth", "checkout", "--owes", "20.01", "--json")
	var answer struct {
		Decision struct {
			Allowed bool
			Reasons []struct{ Code, Rule string }
		}
	}
	if err := json.Unmarshal([]byte(out), &answer); err != nil || answer.Decision.Allowed ||
		len(answer.Decision.Reasons) != 1 || answer.Decision.Reasons[0].Rule != "blocks.checkout" {
		t.Errorf("%s: %v, want one reason of blocks.checkout", out, err)
	}
}

// TestPublishedPolicies takes one document through two versions by the commands
// alone: publish, list, ask on a day, compare.
func TestPublishedPolicies(t *testing.T) {
	t.Parallel()
	address, _ := memberDatabase(t)
	folder := t.TempDir()
	holds := func(name, limit string) string {
		return policyFile(t, folder, name, "policy: westport\ntitle: Ours\ndocument: Rules\nplace: US-NY\nattributes:\n"+
			"  holds.limit:\n    value: "+limit+"\n    clause: {section: Holds, says: so many}\n")
	}
	first, second, wrong := holds("first", "5"), holds("second", "7"), holds("wrong", "many")
	nobodys := policyFile(t, folder, "nobodys", "policy: nobodys\ntitle: Nobody's\ndocument: Rules\n")
	above := policyFile(t, folder, "above", "policy: above\ntitle: Above\ndocument: Rules\nlevel: consortium\n")
	below := policyFile(t, folder, "below", "policy: westport\ntitle: Ours\ndocument: Rules\ninherits: above\n")
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"policy publish " + first + " --from 2126-03-01 --library ISIL:US-HERE --dry-run", shell.ExitDone, "nothing was stored"},
		{"policy list --versions", shell.ExitDone, "0 versions."},
		{"policy publish " + first + " --from 2126-03-01 --library ISIL:US-HERE", shell.ExitDone, "westport version 1 published; it rules from 2126-03-01 on."},
		{"policy publish " + second + " --from 2126-03-01 --library ISIL:US-HERE", shell.ExitFailed, "already"},
		{"policy publish " + second + " --from 2026-01-01 --library ISIL:US-HERE", shell.ExitFailed, "has passed"},
		{"policy publish " + wrong + " --from 2126-06-01 --library ISIL:US-HERE", shell.ExitFailed, ":7:12"},
		{"policy publish " + second + " --from 2126-06-01 --library ISIL:US-HERE", shell.ExitDone, "westport version 2 published"},
		{"policy publish " + second + " --from soon", shell.ExitUsage, "--from"},
		{"policy publish " + nobodys + " --from 2126-06-01", shell.ExitDone, "It rules no library yet: write policy: nobodys for a library"},
		{"policy publish " + above + " --from 2126-06-01", shell.ExitDone, "It rules no library yet"},
		{"policy publish " + below + " --from 2126-07-01 --library ISIL:US-HERE", shell.ExitDone, "westport version 3 published"},
		{"policy publish " + above + " --from 2126-08-01 --json", shell.ExitDone, `"libraries": 1`},
		{"policy list westport --versions", shell.ExitDone, "westport@2"},
		{"policy list westport --on 2126-05-31 --rule holds.limit", shell.ExitDone, "holds.limit (always): 5"},
		{"policy list westport --on 2126-02-28 --rule holds.limit", shell.ExitDone, `holds.limit (always): "none"`},
		{"policy explain westport hold --holds 5 --on 2126-05-31", shell.ExitDone, "No: may not"},
		{"policy explain westport hold --holds 5 --on 2126-06-01", shell.ExitDone, "Yes: may"},
		{"policy diff westport@1 westport@2", shell.ExitDone, "1 differences."},
		{"policy diff westport@1 westport@4", shell.ExitFailed, "version 4 of westport"},
	} {
		code, out, errOut := call(t, append(strings.Fields(c.args), "--database-url", address)...)
		if code != c.code || !strings.Contains(out+errOut, c.says) {
			t.Errorf("afield %s ends with %d and says\n%s%s\nwant %d and %q", c.args, code, out, errOut, c.code, c.says)
		}
	}
}
