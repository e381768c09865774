package notices_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"afield/broker"
	"afield/broker/notices"
)

// say fills the built-in text of a kind.
func say(t *testing.T, key notices.TextKey, facts notices.Facts) notices.Text {
	t.Helper()
	text, err := notices.BuiltIn(key).Fill(key, facts, "Westport Library")
	must(t, err)
	return text
}

func TestTextsLeaveOutWhatIsNotKnown(t *testing.T) {
	t.Parallel()
	fee := broker.Money{Minor: 1250, Currency: "USD"}
	for _, c := range []struct {
		kind     notices.Kind
		language string
		facts    notices.Facts
		want     string
	}{
		{notices.Arrived, "en", notices.Facts{Title: "Moby Dick"}, "Moby Dick is ready for you."},
		{notices.Arrived, "en", notices.Facts{}, "What you asked for is ready for you."},
		{
			notices.CostApproval, "en",
			notices.Facts{Title: "Moby Dick", Amount: &fee, AnswerBy: broker.MustDate("2026-03-16")},
			"A library can lend Moby Dick for 12.50 USD. Please tell us by Monday 16 March whether you agree to pay it. Without your answer nothing is ordered.",
		},
		{notices.Unfilled, "en", notices.Facts{Reason: "Nobody has the third volume."}, "No library could lend what you asked for. Nobody has the third volume."},
		{notices.Arrived, "fr-CA", notices.Facts{Title: "Moby Dick", PickUpBy: broker.MustDate("2026-03-01")}, "Moby Dick vous attend. Vous pouvez passer le prendre jusqu'au dimanche 1er mars."},
		{
			notices.CostApproval, "fr",
			notices.Facts{Amount: &fee, AnswerBy: broker.MustDate("2026-03-16")},
			"Une bibliothèque peut prêter ce que vous avez demandé pour 12,50 USD. Dites-nous avant le lundi 16 mars si vous acceptez de payer cette somme. Sans réponse de votre part, rien n'est commandé.",
		},
		{notices.Arrived, "es-MX", notices.Facts{Title: "Moby Dick", PickUpBy: broker.MustDate("2026-03-01")}, "Moby Dick está a su disposición. Puede recogerlo hasta el domingo 1 de marzo."},
		{
			notices.CostApproval, "es",
			notices.Facts{Amount: &fee, AnswerBy: broker.MustDate("2026-03-16")},
			"Una biblioteca puede prestar lo que usted solicitó por 12.50 USD. Le rogamos que nos diga, a más tardar el lunes 16 de marzo, si acepta pagar esa cantidad. Sin su respuesta no se encargará nada.",
		},
		{notices.Arrived, "tlh", notices.Facts{}, "What you asked for is ready for you."},
	} {
		got := say(t, notices.TextKey{Kind: c.kind, Channel: notices.Email, Language: c.language}, c.facts)
		if want := c.want + "\n\nWestport Library"; got.Body != want || got.Subject == "" {
			t.Errorf("got  %q\nwant %q", got.Body, want)
		}
	}
}

// Whatever the kind, stage and language, what is heard names no title, amount or
// reason, and every text is whole.
func TestNoScriptTellsWhatItIs(t *testing.T) {
	t.Parallel()
	fee := broker.Money{Minor: 1250, Currency: "USD"}
	date := broker.MustDate("2026-03-16")
	facts := notices.Facts{Title: "SECRET-TITLE", Reason: "SECRET-REASON", Amount: &fee, PickUpBy: date, DueOn: date, AnswerBy: date}
	for _, language := range notices.Languages() {
		for _, kind := range []notices.Kind{
			notices.Arrived, notices.ShelfExpiring, notices.Expired, notices.CostApproval, notices.Unfilled, notices.Cancelled, notices.DueSoon,
			notices.Overdue, notices.Recalled, notices.RenewalGranted, notices.RenewalRefused, notices.DueChanged, notices.Lost, notices.ClaimSettled, "a kind of later",
		} {
			for _, stage := range []string{"", "final"} {
				for _, channel := range []notices.Channel{notices.Phone, notices.Voice, notices.SMS} {
					script := say(t, notices.TextKey{Kind: kind, Stage: stage, Channel: channel, Language: language}, facts).Body
					if strings.Contains(script, "SECRET") || strings.ContainsAny(script, "{}[]") || strings.Contains(script, "12") || len(script) < 30 {
						t.Errorf("%s %s: %q", language, kind, script)
					}
				}
				key := notices.TextKey{Kind: kind, Stage: stage, Channel: notices.Letter, Language: language}
				if kind != "a kind of later" {
					must(t, notices.CheckTemplate(key, notices.BuiltIn(key)))
				}
				if written := say(t, key, facts); written.Subject == "" || !strings.Contains(written.Body, "SECRET-TITLE") && kind != notices.Recalled {
					t.Errorf("%s %s: %q", language, kind, written)
				}
			}
		}
	}
}

// Every language says every kind.
func TestLanguagesAreComplete(t *testing.T) {
	t.Parallel()
	if got := strings.Join(notices.Languages(), " "); got != "en es fr" {
		t.Errorf("languages %q", got)
	}
	english := map[string]bool{}
	for _, language := range notices.Languages() {
		for _, kind := range []notices.Kind{notices.Arrived, notices.DueSoon, notices.Overdue, notices.DueChanged} {
			subject := notices.BuiltIn(notices.TextKey{Kind: kind, Channel: notices.Email, Language: language}).Subject
			if english[subject] {
				t.Errorf("%s is said alike in two languages: %q", kind, subject)
			}
			english[subject] = true
		}
	}
}

// Every language has every text, and each names the same facts in it.
func TestEveryLanguageSaysTheSame(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("texts/*.yaml")
	must(t, err)
	facts := regexp.MustCompile(`\{[a-z_]+\}`)
	said := map[string]map[string]string{} // by file, what each text names
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		var read struct {
			Opening   string                       `yaml:"opening"`
			SMS       string                       `yaml:"sms_opening"`
			Closing   string                       `yaml:"closing"`
			SaidTitle string                       `yaml:"said_title"`
			Date      string                       `yaml:"date"`
			Weekdays  []string                     `yaml:"weekdays"`
			Months    []string                     `yaml:"months"`
			Texts     map[string]map[string]string `yaml:"texts"`
		}
		must(t, yaml.Unmarshal(text, &read))
		names := map[string]string{
			"opening": read.Opening, "sms_opening": read.SMS, "closing": read.Closing, "said_title": read.SaidTitle, "date": read.Date,
			"weekdays": fmt.Sprint(len(read.Weekdays)), "months": fmt.Sprint(len(read.Months)),
		}
		for kind, parts := range read.Texts {
			for part, words := range parts {
				if strings.TrimSpace(words) == "" {
					t.Errorf("%s: %s of %s says nothing", file, part, kind)
				}
				names[kind+" "+part] = words
			}
		}
		for place, words := range names {
			if place != "weekdays" && place != "months" {
				found := facts.FindAllString(words, -1)
				slices.Sort(found)
				names[place] = strings.Join(found, " ")
			}
		}
		said[file] = names
	}
	english := said["texts/en.yaml"]
	for file, names := range said {
		for place := range names {
			if _, known := english[place]; !known {
				t.Errorf("%s has %s, and English has not", file, place)
			}
		}
		for place, want := range english {
			if got, known := names[place]; !known || got != want {
				t.Errorf("%s names %q in %s; English %q", file, got, place, want)
			}
		}
	}
}

func TestATextIsCheckedWhenItIsSaved(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		channel notices.Channel
		body    string
		want    string // part of what is said; empty is fine
	}{
		"fine":                      {notices.Email, "Dear reader,\n\n{title} was due.[ It was due on {due_on}.]", ""},
		"a sign meant as such":      {notices.Email, "See [[1]] and {{2}}: {title}", ""},
		"a wrong name":              {notices.Email, "Hello\n{titel} is due.", "line 2, column 1: {titel} is no fact of a notice (did you mean {title}?)"},
		"nothing like it":           {notices.Email, "{patron}", "{patron} is no fact of a notice; there are {library}"},
		"the title on the phone":    {notices.Phone, "{title} is ready.", "{title} may not be said on the telephone"},
		"the title in a text":       {notices.SMS, "{title} is ready.", "may not be said"},
		"the amount to a machine":   {notices.Voice, "[Pay {amount}.]", "may not be said"},
		"not always known":          {notices.Email, "Due on {due_on}.", "column 8: {due_on} is not always known: put [ ] around"},
		"never closed":              {notices.Email, "[Due on {due_on}.", "column 1: [ is never closed"},
		"a brace never closed":      {notices.Email, "Due on {due_on", "column 8: { is never closed"},
		"closed but never opened":   {notices.Email, "Due.]", "column 5: ] closes nothing"},
		"brackets in brackets":      {notices.Email, "[a [b {due_on}]]", "column 4: [ stands inside another"},
		"nothing that may be known": {notices.Email, "Hello[ there].", "column 6: what stands in [ ] must have a fact"},
		"nothing":                   {notices.Email, " ", "must say something"},
	} {
		key, text := notices.TextKey{Kind: notices.Overdue, Channel: c.channel, Language: "en"}, notices.Text{Body: c.body}
		if !c.channel.Spoken() {
			text.Subject = "Late"
		}
		err := notices.CheckTemplate(key, text)
		if c.want == "" {
			must(t, err)
			continue
		}
		if ours, is := broker.AsError(err); !is || len(ours.Fields) != 1 || ours.Fields[0].Pointer != "/body" || !strings.Contains(ours.Fields[0].Message, c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	err := notices.CheckTemplate(notices.TextKey{Kind: "overdew", Channel: "pigeon", Language: "xx"}, notices.Text{Subject: "a", Body: "b"})
	if ours, is := broker.AsError(err); !is || len(ours.Fields) != 3 {
		t.Errorf("three wrong words: %v", err)
	}
}
