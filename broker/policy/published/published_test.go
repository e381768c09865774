package published_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/policy"
	"afield/broker/policy/published"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
)

// place is one library with a document of its own and a branch.
type place struct {
	t       *testing.T
	db      *postgres.DB
	library directory.Library
	branch  broker.ID
}

// now is a Monday morning in March.
var now = time.Date(2026, 3, 2, 15, 0, 0, 0, time.UTC)

func newPlace(t *testing.T) place {
	p := place{t: t, db: pgtest.New(t), branch: broker.NewID()}
	p.library = p.save("ours", "Our Library")
	p.in(func(_ context.Context, tx *postgres.Tx) error {
		return directory.SaveBranch(tx, directory.Branch{Library: p.library.ID, ID: p.branch, Code: "east", Name: "East", Policy: "ours-east"})
	})
	return p
}

func (p place) save(name, title string) (library directory.Library) {
	p.t.Helper()
	group, id := broker.NewID(), broker.NewID()
	p.in(func(ctx context.Context, tx *postgres.Tx) error {
		directory.SaveSharingGroup(tx, directory.SharingGroup{ID: group, Name: title})
		if err := directory.SaveLibrary(tx, directory.Library{ID: id, Name: title, Member: true, SharingGroup: group, Policy: name, State: "IN"}, now); err != nil {
			return err
		}
		var err error
		library, err = directory.Load(ctx, tx, id)
		return err
	})
	return library
}

func (p place) in(work func(context.Context, *postgres.Tx) error) {
	p.t.Helper()
	if err := p.db.InTx(p.t.Context(), postgres.Everywhere(), work); err != nil {
		p.t.Fatal(err)
	}
}

// publish is done in the library's own scope, as the API does it.
func (p place) publish(text, from string) (version published.Version, err error) {
	p.t.Helper()
	err = p.db.InTx(p.t.Context(), postgres.ForLibraries(p.library.ID), func(ctx context.Context, tx *postgres.Tx) (err error) {
		version, err = published.Publish(ctx, tx, published.Publication{
			Text: []byte(text), Effective: broker.MustDate(from), Library: p.library, Now: now,
			Actor: broker.Actor{Kind: broker.ActorStaff, ID: broker.NewID(), Library: p.library.ID, Roles: []string{"director"}},
		})
		return err
	})
	return version, err
}

// rules is a small document that says how many holds a patron may have.
func rules(name, inherits, holds string) string {
	text := "policy: NAME\ninherits: ABOVE\ntitle: Our Library\ndocument: Our rules\nattributes:\n" +
		"  holds.limit:\n    value: HOLDS\n    clause: {section: Holds, says: so many}\n"
	if name == "ours-east" {
		text = "level: branch\n" + text
	}
	return strings.NewReplacer("NAME", name, "ABOVE", inherits, "HOLDS", holds).Replace(text)
}

// holds is the number a document says.
func holds(t *testing.T, document *policy.Document) string {
	t.Helper()
	steps, err := document.WhereFrom("holds.limit", rule.Match{})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		if step.Decides {
			return step.Policy + " says " + step.Entry.Text()
		}
	}
	return "nobody says"
}

func TestAPublishedVersionRulesFromItsDay(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for from, limit := range map[string]string{"2026-03-02": "5", "2026-06-01": "7"} {
		if _, err := p.publish(rules("ours", "default", limit), from); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.publish(rules("ours-east", "ours", "2"), "2026-04-01"); err != nil {
		t.Fatal(err)
	}
	source := published.NewSource()
	if _, err := source.On("ours", broker.MustDate("2026-03-02")); !broker.IsKind(err, broker.KindNotFound) {
		t.Errorf("before anything was read: %v", err)
	}
	if err := source.Refresh(t.Context(), p.db); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		day    string
		branch broker.ID
		want   string
	}{
		{"2026-03-02", broker.NoID, "ours says 5"},
		{"2026-05-31", broker.NoID, "ours says 5"},
		{"2026-06-01", broker.NoID, "ours says 7"},
		{"2026-04-01", p.branch, "ours-east says 2"},
		{"2026-06-01", p.branch, "ours-east says 2"},
		{"2026-06-01", broker.NewID(), "ours says 7"}, // a branch without a document
	}
	for _, test := range tests {
		document, err := source.Rules(p.library, test.branch, broker.MustDate(test.day))
		if err != nil {
			t.Fatal(err)
		}
		if got := holds(t, document); got != test.want {
			t.Errorf("on %s: %s, want %s", test.day, got, test.want)
		}
		again, err := source.Rules(p.library, test.branch, broker.MustDate(test.day))
		if err != nil || again != document {
			t.Errorf("on %s the document was put together twice (%v)", test.day, err)
		}
	}
	if _, err := source.Rules(p.library, broker.NoID, broker.MustDate("2026-03-01")); !broker.IsKind(err, broker.KindNotFound) {
		t.Errorf("before its first day: %v", err)
	}
}

func TestANewVersionIsNoticed(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	source := published.NewSource()
	for i, limit := range []string{"5", "6"} {
		version, err := p.publish(rules("ours", "default", limit), broker.MustDate("2026-03-02").AddDays(i).String())
		if err != nil || version.Number != i+1 {
			t.Fatalf("version %d: %v", version.Number, err)
		}
		if err := source.Refresh(t.Context(), p.db); err != nil {
			t.Fatal(err)
		}
		document, err := source.On("ours", broker.MustDate("2026-12-24"))
		if err != nil {
			t.Fatal(err)
		}
		if got := holds(t, document); got != "ours says "+limit {
			t.Errorf("after version %d: %s", i+1, got)
		}
	}
	first, err := source.Register().Named("ours@1", broker.MustDate("2026-12-24"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := source.Register().Named("ours@2026-03-03", broker.MustDate("2026-12-24"))
	if err != nil {
		t.Fatal(err)
	}
	if differences := policy.Diff(first, second); len(differences) != 1 || differences[0].Old.Text() != "5" || differences[0].New.Text() != "6" {
		t.Errorf("the versions differ in %v", differences)
	}
}

func TestWhatCannotBePublished(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.save("shared-rules", "Another Library")
	if _, err := p.publish(rules("ours", "default", "5"), "2026-03-02"); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		text, from, says string
		kind             broker.Kind
	}{
		"a mistake, with its line":       {rules("ours", "default", "many"), "2026-04-01", "policy:7:", broker.KindInvalid},
		"a document above that is not":   {rules("ours", "atlantis", "5"), "2026-04-01", "atlantis", broker.KindInvalid},
		"a day that has passed":          {rules("ours", "default", "6"), "2026-03-01", "that day has passed", broker.KindConflict},
		"a second one on the same day":   {rules("ours", "default", "6"), "2026-03-02", "already", broker.KindConflict},
		"a document of another library":  {rules("shared-rules", "default", "6"), "2026-04-01", "another library", broker.KindForbidden},
		"a preset that is not its own":   {rules("westport", "default", "6"), "2026-04-01", "not yours", broker.KindForbidden},
		"a document above the libraries": {"level: state\n" + rules("a-state", "default", "6"), "2026-04-01", "operator", broker.KindForbidden},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := p.publish(test.text, test.from); !broker.IsKind(err, test.kind) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want %s saying %q", err, test.kind, test.says)
			}
		})
	}
}

func TestAVersionIsNeverRewritten(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	text := rules("ours", "default", "5")
	if _, err := p.publish(text, "2026-03-02"); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{`update policy_versions set text = 'x'`, `delete from policy_versions`} {
		if _, err := pgtest.Admin(t, p.db).Exec(t.Context(), statement); err == nil {
			t.Errorf("%s went through", statement)
		}
	}
	p.in(func(ctx context.Context, tx *postgres.Tx) error {
		versions, err := published.Versions(ctx, tx, "ours")
		if err == nil && (len(versions) != 1 || !bytes.Equal(versions[0].Text, []byte(text)) || versions[0].By.Kind != broker.ActorStaff || versions[0].Library != p.library.ID) {
			t.Errorf("stored %+v", versions)
		}
		return err
	})
}
