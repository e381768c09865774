package consortium_test

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/access"
	"afield/broker/consortium"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
)

// town is a database that consortium files are applied to.
type town struct {
	*testing.T
	db    *postgres.DB
	doors *access.Service
	vault *directory.Vault
	now   time.Time
}

func newTown(t *testing.T) *town {
	t.Helper()
	made := &town{T: t, db: pgtest.New(t), now: around().Now}
	var err error
	made.doors, err = access.New(made.db, access.Config{Key: make([]byte, 32), Cost: access.Cost{MemoryKiB: 64, Passes: 1}})
	made.must(err)
	made.vault, err = directory.NewVault(make([]byte, 32))
	made.must(err)
	return made
}

func (tw *town) must(err error) {
	tw.Helper()
	if err != nil {
		tw.Fatal(err)
	}
}

// in runs work in a transaction that sees everything.
func (tw *town) in(work func(context.Context, *postgres.Tx) error) error {
	return tw.db.InTx(tw.Context(), postgres.Everywhere(), work)
}

// try applies a file and gives what would change and what came of it.
func (tw *town) try(file func(context.Context, *postgres.Tx) (*consortium.Document, error), reason string) (plan *consortium.Plan, done consortium.Applied, err error) {
	tw.Helper()
	err = tw.in(func(ctx context.Context, tx *postgres.Tx) error {
		document, err := file(ctx, tx)
		if err != nil {
			return err
		}
		in, err := consortium.Load(ctx, tx, tw.doors, document.File)
		if err != nil {
			return err
		}
		var wrong consortium.Mistakes
		plan, wrong = consortium.NewPlan(document, in, consortium.Surroundings{Now: tw.now, Protocols: []string{"partner", "iso18626"}})
		if err := wrong.Error(); err != nil {
			return err
		}
		done, err = plan.Apply(ctx, tx, consortium.Applying{Doors: tw.doors, Vault: tw.vault, Actor: broker.System(broker.NoID), Reason: reason, Now: tw.now})
		return err
	})
	return plan, done, err
}

func written(text string) func(context.Context, *postgres.Tx) (*consortium.Document, error) {
	return func(context.Context, *postgres.Tx) (*consortium.Document, error) {
		return consortium.Read([]byte(text), nil), nil
	}
}

// applies a file that has no mistakes.
func (tw *town) applies(text string) (*consortium.Plan, consortium.Applied) {
	tw.Helper()
	plan, done, err := tw.try(written(text), "a test")
	tw.must(err)
	return plan, done
}

// exports what is in force.
func (tw *town) exports() string {
	tw.Helper()
	var text []byte
	tw.must(tw.in(func(ctx context.Context, tx *postgres.Tx) error {
		in, err := consortium.Load(ctx, tx, tw.doors, consortium.File{})
		if err == nil {
			text, err = in.Export(tw.now).YAML()
		}
		return err
	}))
	return string(text)
}

// fixed fails unless applying an export changes nothing, and exports the same.
func (tw *town) fixed() string {
	tw.Helper()
	text := tw.exports()
	plan, done := tw.applies(text)
	if len(plan.Changes)+len(plan.NotInFile)+len(done.Invitations)+len(done.Secrets) > 0 {
		tw.Errorf("applying an export would change %v and leave out %v; it is\n%s", plan.Changes, plan.NotInFile, text)
	}
	if again := tw.exports(); again != text {
		tw.Errorf("a second export differs:\n%s\nfrom\n%s", again, text)
	}
	return text
}

func words(plan *consortium.Plan) string {
	var all []string
	for _, change := range plan.Changes {
		all = append(all, change.Words)
	}
	return strings.Join(all, "\n")
}

func TestTheExampleIsAppliedOnce(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	plan, done := tw.applies(consortium.Example())
	for _, want := range []string{
		"EXAMPLE:EAST (East Lake Public Library) is new: member in US-NY, ruled by open-lender, with 2 branches and 4 tiers",
		"network Hills Network is new: 3 libraries", "librarian is invited as desk, director, ill", "EXAMPLE:HILLS (Hills Memorial Library) is new: by hand in US-VT",
	} {
		if !strings.Contains(words(plan), want) {
			t.Errorf("the plan does not say %q:\n%s", want, words(plan))
		}
	}
	if len(done.Invitations) != 3 {
		t.Errorf("%d are invited, not 3", len(done.Invitations))
	}
	if plan, done := tw.applies(consortium.Example()); len(plan.Changes)+len(done.Invitations) > 0 {
		t.Errorf("the same file again changes\n%s", words(plan))
	}
	text := tw.fixed()
	if strings.Contains(text, "afi_") {
		t.Error("the export holds an invitation")
	}
	other := newTown(t)
	other.applies(text)
	if there := other.exports(); there != text {
		t.Errorf("the export, applied to an empty database, exports\n%s\nnot\n%s", there, text)
	}
}

func TestChangesAreSaidRecordedAndTakenBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, old, with, want string }{
		{"a name", "name: West Lake Library", "name: West Lake Public Library", "EXAMPLE:WEST (West Lake Public Library): name was West Lake Library and becomes West Lake Public Library"},
		{"hours", "mon: 10:00-18:00", "mon: 12:00-18:00", "hours was mon 10:00-18:00"},
		{"hours of a branch", "sat: 10:00-14:00}}", "sat: 11:00-14:00}}", "branch shore hours was tue 13:00-18:00, sat 10:00-14:00"},
		{"a fee", `fee: "5.00"`, `fee: "7.50"`, "fee was 5.00 and becomes 7.50"},
		{"suspension", "status: active", "status: suspended", "status was active and becomes suspended"},
		{"tiers", "cost: lender_fee, days: 5", "cost: lender_fee, days: 9", "tiers was Own shelves"},
		{"a tier less", "      - {name: Everywhere, of: everywhere, fulfilment: ill, cost: lender_fee, days: 5}\n", "", "tiers was Own shelves"},
		{"a closing", "      - {from: 2026-12-25, reason: Christmas Day}\n", "", "closed days was 2026-12-25 (Christmas Day)"},
		{"who is in a network", `"EXAMPLE:WEST", "EXAMPLE:HILLS"]`, `"EXAMPLE:WEST"]`, "network Hills Network: left by EXAMPLE:HILLS"},
		{"patterns", `prefix: "31002"`, `prefix: "41002"`, "item numbers was 31002… of 14 characters and becomes 41002… of 14 characters"},
		{"a new branch", "      - {code: main, name: Library}\n", "      - {code: main, name: Library}\n      - {code: bus, name: Book Bus}\n", "branch bus becomes Book Bus"},
		{"roles of somebody who is invited", "roles: [desk], branch: main", "roles: [desk, ill], branch: main", "staff desk roles was desk and becomes desk, ill"},
		{"a policy", "policy: open-lender\n    # Opening", "policy: westchester\n    # Opening", "policy was open-lender and becomes westchester"},
		{"a branch's policy", "name: Shore Branch,", "name: Shore Branch, policy: westchester-thomas,", "branch shore policy becomes westchester-thomas"},
		{"the name of the catalogue", "name: Lakes catalogue\n    lib", "name: Great Lakes catalogue\n    lib", `Shared catalogue "Lakes catalogue": name becomes "Great Lakes catalogue"`},
		{"the consortium", "name: Lakes Consortium", "name: Great Lakes", "The consortium: name was Lakes Consortium and becomes Great Lakes"},
		{"a partner", "is: by hand\n", "is: partner\n    reached: {by: partner, url: \"https://ill.example.org\"}\n", "is was by hand and becomes partner"},
		{"the standard", "is: by hand\n", "is: partner\n    reached: {by: iso18626, url: \"https://ill.example.org\", edition: \"2021\", dialect: alma, account: lakes}\n", "edition becomes 2021"},
		{"a catalogue", "is: by hand\n", "is: by hand\n    search: {url: \"https://sru.example.org/books\", system: koha, owner: HILLS, indexes: {oclc: my.oclc}}\n", "catalogue searched at becomes https://sru.example.org/books"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tw := newTown(t)
			tw.applies(consortium.Example())
			before := tw.exports()
			if strings.Count(consortium.Example(), c.old) != 1 {
				t.Fatalf("%q stands %d times in the example", c.old, strings.Count(consortium.Example(), c.old))
			}
			tw.now = tw.now.Add(time.Hour)
			plan, done := tw.applies(strings.Replace(consortium.Example(), c.old, c.with, 1))
			if !strings.Contains(words(plan), c.want) {
				t.Errorf("the plan does not say %q:\n%s", c.want, words(plan))
			}
			tw.fixed()
			var rows []consortium.Recorded
			tw.must(tw.in(func(ctx context.Context, tx *postgres.Tx) (err error) {
				rows, err = consortium.Log(ctx, tx, done.Change, broker.NoID, 10)
				return err
			}))
			if len(rows) == 0 || rows[0].Reason != "a test" || !rows[0].At.Equal(tw.now) || rows[0].Before == rows[0].After || rows[0].Lines[0].Words == "" {
				t.Errorf("recorded is %+v", rows)
			}
			_, _, err := tw.try(func(ctx context.Context, tx *postgres.Tx) (*consortium.Document, error) {
				return consortium.Undoing(ctx, tx, done.Change)
			}, "taken back")
			tw.must(err)
			if after := tw.exports(); after != before && c.name != "a new branch" { // which stays
				t.Errorf("taken back, it is\n%s\nnot\n%s", after, before)
			}
		})
	}
}

// A catalogue that is searched can be changed in part and taken away, and what it
// answered at another address is forgotten; its password stays.
func TestACatalogueIsSearchedNoLonger(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	tw.applies(consortium.Example())
	target := func() (found directory.Target, is bool) {
		tw.must(tw.in(func(ctx context.Context, tx *postgres.Tx) error {
			library, err := directory.BySymbol(ctx, tx, broker.NewSymbol("EXAMPLE", "EAST"))
			if err != nil {
				return err
			}
			all, err := directory.Targets(ctx, tx, tw.vault, []broker.ID{library.ID})
			found, is = all[library.ID]
			return err
		}))
		return found, is
	}
	east := func(search string) string {
		return "libraries:\n  - symbols: [\"EXAMPLE:EAST\"]\n    search: " + search + "\n"
	}
	tw.applies(east(`{url: "https://sru.example.org/a", system: koha, account: afield}`))
	first, _ := target()
	tw.must(tw.in(func(ctx context.Context, tx *postgres.Tx) error {
		directory.RecordSearches(tx, map[broker.ID]string{first.Library: "It is away."}, tw.now)
		directory.RecordSearches(tx, map[broker.ID]string{first.Library: "It is away."}, tw.now.Add(time.Minute))
		return directory.SetTargetPassword(ctx, tx, tw.vault, first.Library, "secret")
	}))
	first, _ = target()
	if health := first.Health; string(first.Password) != "secret" || health.Failures != 2 || health.Problem != "It is away." || !health.AnsweredAt.IsZero() || !health.AskedAt.Equal(tw.now.Add(time.Minute)) {
		t.Errorf("%+v", first)
	}
	tw.must(tw.in(func(_ context.Context, tx *postgres.Tx) error {
		directory.RecordSearches(tx, map[broker.ID]string{first.Library: ""}, tw.now.Add(time.Hour))
		return nil
	}))
	if answered, _ := target(); answered.Health != (directory.TargetHealth{AskedAt: tw.now.Add(time.Hour), AnsweredAt: tw.now.Add(time.Hour)}) {
		t.Errorf("it answered again: %+v", answered.Health)
	}
	if text := tw.fixed(); strings.Contains(text, "secret") {
		t.Errorf("the password is exported:\n%s", text)
	}
	plan, _ := tw.applies(east(`{version: "1.2"}`))
	if now, _ := target(); words(plan) != "EXAMPLE:EAST (East Lake Public Library): SRU version becomes 1.2" ||
		now.URL != "https://sru.example.org/a" || now.Version != "1.2" || now.Account != "afield" || string(now.Password) != "secret" || now.Health != (directory.TargetHealth{}) {
		t.Errorf("%s: %+v", words(plan), now)
	}
	tw.applies(east(`{url: "https://sru.example.org/b", system: alma}`))
	if now, _ := target(); now.Version != "" || string(now.Password) != "secret" {
		t.Errorf("another system on the same host: %+v", now)
	}
	tw.applies(east(`{url: "https://elsewhere.example.org/b"}`))
	if now, _ := target(); len(now.Password) > 0 {
		t.Error("the password goes to another host")
	}
	if plan, _ = tw.applies(east("{url: none}")); !strings.Contains(words(plan), "its catalogue is searched no longer") {
		t.Errorf("taken away: %s", words(plan))
	}
	if _, still := target(); still {
		t.Error("it is still searched")
	}
	tw.fixed()
}

// What a file leaves out stays, and is named.
func TestWhatIsLeftOutStays(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	tw.applies(consortium.Example())
	before := tw.exports()
	plan, _ := tw.applies("libraries:\n  - symbols: [\"EXAMPLE:EAST\"]\n    yearly_loans: 4000\n")
	if len(plan.Changes) != 1 || !strings.Contains(words(plan), "yearly loans becomes 4000") {
		t.Errorf("more changes than the file says: %s", words(plan))
	}
	want := []string{
		"the consortium itself, Lakes Consortium", "shared catalogue Lakes catalogue", "network Hills Network",
		"branch main of EXAMPLE:EAST (East Lake Public Library)", "branch shore of EXAMPLE:EAST (East Lake Public Library)",
		"staff desk of EXAMPLE:EAST (East Lake Public Library)", "staff director of EXAMPLE:EAST (East Lake Public Library)",
		"library EXAMPLE:HILLS (Hills Memorial Library)", "library EXAMPLE:WEST (West Lake Library)",
	}
	if !reflect.DeepEqual(plan.NotInFile, want) {
		t.Errorf("named as not in the file are\n%s\nnot\n%s", strings.Join(plan.NotInFile, "\n"), strings.Join(want, "\n"))
	}
	if after := tw.exports(); strings.Replace(after, "    yearly_loans: 4000\n", "", 1) != before {
		t.Errorf("what the file does not name has changed:\n%s\nwas\n%s", after, before)
	}
}

// An invitation is good once, and becomes a staff user with the roles and the
// branch it was for.
func TestStaffAreInvited(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	_, done := tw.applies(consortium.Example())
	for _, invitation := range done.Invitations {
		if _, err := tw.doors.AcceptInvitation(t.Context(), invitation.Token, "short"); !broker.IsKind(err, broker.KindInvalid) {
			t.Errorf("a short password: %v", err)
		}
		accepted, err := tw.doors.AcceptInvitation(t.Context(), invitation.Token, "a long enough secret")
		tw.must(err)
		if accepted.Username != invitation.Username {
			t.Errorf("%s became %s", invitation.Username, accepted.Username)
		}
		session, err := tw.doors.SignInStaff(t.Context(), access.StaffSignIn{Library: strings.Fields(invitation.Library)[0], Username: invitation.Username, Password: "a long enough secret"})
		tw.must(err)
		if invitation.Username == "desk" && (!reflect.DeepEqual(session.Principal.Roles, []string{"desk"}) || session.Principal.Branch == broker.NoID) {
			t.Errorf("desk signs in as %+v", session.Principal)
		}
		if _, err := tw.doors.AcceptInvitation(t.Context(), invitation.Token, "a long enough secret"); !broker.IsKind(err, broker.KindNotFound) {
			t.Errorf("accepted twice: %v", err)
		}
	}
	tw.fixed()
	// Disabled by the file, then back by another invitation.
	disabled := strings.Replace(consortium.Example(), "branch: main}", "branch: main, status: disabled}", 1)
	tw.applies(disabled)
	if _, err := tw.doors.SignInStaff(t.Context(), access.StaffSignIn{Library: "EXAMPLE:EAST", Username: "desk", Password: "a long enough secret"}); err == nil {
		t.Error("a disabled user signs in")
	}
	tw.fixed()
	if _, done := tw.applies(strings.Replace(disabled, "main, status: disabled", "main, status: active", 1)); len(done.Invitations) != 1 {
		t.Errorf("who comes back is not invited: %+v", done)
	}
	tw.fixed()
}

// Taking the beginning back closes what it made and withdraws the invitations.
func TestTheBeginningIsTakenBack(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	_, done := tw.applies(consortium.Example())
	_, _, err := tw.try(func(ctx context.Context, tx *postgres.Tx) (*consortium.Document, error) {
		return consortium.Undoing(ctx, tx, done.Change)
	}, "a false start")
	tw.must(err)
	if text := tw.fixed(); strings.Count(text, "status: closed") != 3 || strings.Contains(text, "staff:") || strings.Contains(text, "EXAMPLE:WEST\"]\n    kind") {
		t.Errorf("taken back, it is\n%s", text)
	}
	for _, invitation := range done.Invitations {
		if _, err := tw.doors.AcceptInvitation(t.Context(), invitation.Token, "a long enough secret"); !broker.IsKind(err, broker.KindNotFound) {
			t.Errorf("%s accepts an invitation that was taken back: %v", invitation.Username, err)
		}
	}
	if plan, done := tw.applies(consortium.Example()); len(done.Invitations) != 3 || !strings.Contains(words(plan), "status was closed and becomes active") {
		t.Errorf("begun again:\n%s", words(plan))
	}
	tw.fixed()
}

func TestNothingIsChangedWithoutAReason(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	if _, _, err := tw.try(written(consortium.Example()), "  "); !broker.IsKind(err, broker.KindInvalid) {
		t.Errorf("applied without a reason: %v", err)
	}
	if text := tw.exports(); text != "libraries: []\n" {
		t.Errorf("it is set up:\n%s", text)
	}
}

// A published policy travels in the export, and a changed text becomes a version.
func TestPoliciesArePublished(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	ours := "policy: ours\ntitle: Ours\ndocument: Rules\nplace: US-NY\nzone: America/New_York\ncurrency: USD\n"
	with := func(text string) string {
		return "policies:\n  - name: ours\n    text: |\n      " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n      ") + "\n" +
			strings.Replace(consortium.Example(), "policy: open-lender\n    # Opening", "policy: ours\n    # Opening", 1)
	}
	plan, _ := tw.applies(with(ours))
	if !strings.Contains(words(plan), "Policy ours: version 1 rules from 2026-09-01 on") {
		t.Errorf("the plan says\n%s", words(plan))
	}
	tw.fixed()
	if plan, _ := tw.applies(with("# a comment\n" + ours)); len(plan.Changes) > 0 {
		t.Errorf("a comment changes\n%s", words(plan))
	}
	changed := ours + "attributes:\n  ill.active_limit:\n    value: {max: 3, states: [submitted, shipped]}\n    clause: {section: \"1\", says: Three at once.}\n"
	plan, done := tw.applies(with(changed))
	if !strings.Contains(words(plan), "Policy ours: version 2 rules from 2026-09-02 on") {
		t.Errorf("the plan says\n%s", words(plan))
	}
	tw.now = tw.now.AddDate(0, 0, 2)
	text := tw.fixed()
	if !strings.Contains(text, "Three at once") {
		t.Errorf("the export lacks the second version:\n%s", text)
	}
	_, _, err := tw.try(func(ctx context.Context, tx *postgres.Tx) (*consortium.Document, error) {
		return consortium.Undoing(ctx, tx, done.Change)
	}, "taken back")
	tw.must(err)
	if text := tw.fixed(); strings.Contains(text, "Three at once") {
		t.Errorf("taken back, the policy still says so:\n%s", text)
	}
}

// What people, items or money depend on does not change under them.
func TestWhatCannotChangeAnyMore(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	tw.applies(consortium.Example())
	tw.must(tw.in(func(ctx context.Context, tx *postgres.Tx) error {
		library, err := directory.BySymbol(ctx, tx, broker.NewSymbol("EXAMPLE", "WEST"))
		if err != nil {
			return err
		}
		tx.Queue(`insert into patrons (library_id, id, class, created_at) values ($1, $2, 'adult', now())`, library.ID, library.ID)
		tx.Queue(`insert into cards (library_id, id, realm_id, number, patron_id, created_at) values ($1, $2, $3, '21002000000001', $2, now())`, library.ID, library.ID, library.SharingGroup)
		return nil
	}))
	for _, c := range []struct{ old, with, want string }{
		{"libraries: [\"EXAMPLE:EAST\", \"EXAMPLE:WEST\"]\n", "libraries: [\"EXAMPLE:EAST\"]\n  - name: Another\n    libraries: [\"EXAMPLE:WEST\"]\n", "cannot move"},
		{"is: member\n    place: US-NY\n    policy: open-lender\n", "is: by hand\n    place: US-NY\n", "write status: closed when it leaves"},
	} {
		_, _, err := tw.try(written(strings.Replace(consortium.Example(), c.old, c.with, 1)), "a test")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("want %q, got %v", c.want, err)
		}
	}
}

// A generated consortium of 130 libraries comes back as it was.
func TestALargeConsortiumIsAFixedPoint(t *testing.T) {
	t.Parallel()
	var file consortium.File
	group := func(name string) *consortium.Group {
		file.Groups = append(file.Groups, consortium.Group{Name: name, Kind: "system", Libraries: []string{}})
		return &file.Groups[len(file.Groups)-1]
	}
	policies := []string{"open-lender", "westchester", "westport", "delaware", "western-district"}
	zones := []string{"America/New_York", "America/Chicago", "America/Denver", "Pacific/Honolulu"}
	for i := range 130 {
		symbol := fmt.Sprintf("LARGE:L%03d", i)
		library := consortium.Library{
			Symbols: []string{symbol, fmt.Sprintf("FSCS:XX%04d", i)}, Name: fmt.Sprintf("Library no. %d: \"North\" & 'South' #%d", i, i), Is: "member",
			Place: []string{"US-NY", "US-IL", "US"}[i%3], Zone: zones[i%4], Currency: "USD", Policy: policies[i%5], YearlyLoans: new(i * 1000),
			Latitude: new(40 + float64(i)/130), Longitude: new(-70 - float64(i)/7),
			Hours:    &consortium.Week{Mon: "09:00-17:00", Sun: fmt.Sprintf("%02d:00-24:00", i%20)},
			Closed:   []consortium.ClosedDays{{From: "2026-12-25", Reason: "yes"}, {From: "2027-01-01", To: "2027-01-03"}},
			Branches: []consortium.Branch{{Code: "main", Name: "no"}, {Code: "2", Name: "12.50", Hours: &consortium.Week{Tue: "10:00-12:00"}}},
			Tiers:    []consortium.Tier{{Name: "Own: shelves", Of: "own", Fulfilment: "hold"}, {Name: "States", Of: "states", States: []string{"NY", "NO"}, Fulfilment: "ill", Days: new(i%9 + 1)}},
			Lending:  &consortium.Lending{Fee: "12.50", Days: new(14 + i%14), Lends: new(i%7 != 0), Paused: &consortium.Pause{From: "2027-02-01"}},
			Numbers:  &consortium.Numbers{Cards: []consortium.Pattern{{Prefix: fmt.Sprintf("2%03d", i), Length: new(14)}}, Items: []consortium.Pattern{{Prefix: fmt.Sprintf("3%03d", i), Length: new(14)}}},
			Staff:    []consortium.StaffMember{{Username: "director", Roles: []string{"director", "admin"}}, {Username: "on", Roles: []string{"desk"}, Branch: "2"}},
		}
		if i%10 == 9 {
			library = consortium.Library{Symbols: []string{symbol}, Name: "Outside " + symbol, Is: "partner", Place: "CA-ON", Reached: &consortium.Reached{By: "partner", URL: "https://" + symbol[6:] + ".example.org/ill"}}
		}
		file.Libraries = append(file.Libraries, library)
		if i%13 == 0 {
			group(fmt.Sprintf("System %d", i/13))
		}
		last := &file.Groups[len(file.Groups)-1]
		last.Libraries = append(last.Libraries, symbol)
		if i%20 == 0 {
			file.SharingGroups = append(file.SharingGroups, consortium.SharingGroup{Name: fmt.Sprintf("Catalogue %d", i/20)})
		}
		if shared := &file.SharingGroups[len(file.SharingGroups)-1]; i%3 > 0 && library.Is == "member" {
			shared.Libraries = append(shared.Libraries, symbol)
		}
	}
	text, err := file.YAML()
	if err != nil {
		t.Fatal(err)
	}
	tw := newTown(t)
	_, done := tw.applies(string(text))
	if len(done.Invitations) != 234 || len(done.Secrets) != 13 {
		t.Errorf("%d are invited and %d partners have secrets; want 234 and 13", len(done.Invitations), len(done.Secrets))
	}
	tw.fixed()
}

// Two libraries of one name have catalogues of their own, and groups or catalogues
// that were made with one name are told apart.
func TestNamesThatStandTwice(t *testing.T) {
	t.Parallel()
	tw := newTown(t)
	library := func(symbol, place string) string {
		return fmt.Sprintf("  - {symbols: [%q], name: Franklin Public Library, is: member, place: %s, policy: open-lender, tiers: [{name: Own, of: own, fulfilment: hold}]}\n", symbol, place)
	}
	tw.applies("libraries:\n" + library("TWICE:NY", "US-NY") + library("TWICE:VT", "US-VT"))
	tw.fixed()
	var catalogues int
	tw.must(tw.in(func(ctx context.Context, tx *postgres.Tx) error {
		if err := tx.QueryRow(ctx, `select count(distinct sharing_group_id) from libraries`).Scan(&catalogues); err != nil {
			return err
		}
		for range 2 { // as somebody made them who used no file
			directory.SaveGroup(tx, directory.Group{ID: broker.NewID(), Name: "The Network", Kind: directory.GroupNetwork})
		}
		tx.Queue(`update sharing_groups set name = 'Shared'`)
		return nil
	}))
	if catalogues != 2 {
		t.Errorf("two libraries of one name have %d catalogues", catalogues)
	}
	text := tw.fixed()
	for _, want := range []string{"name: The Network\n", "name: The Network (2)", "name: Shared\n", "name: Shared (TWICE:"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}
