package notices

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"afield/broker"
)

//go:embed texts/*.yaml
var textFiles embed.FS

// Text is what a notice says: a template, or a text with the facts filled in.
// Only written notices have a Subject.
type Text struct{ Subject, Body string }

// TextKey names a text: for which notice, channel and language.
type TextKey struct {
	Kind Kind
	// Stage narrows it to one stage of a sequence; empty is every stage.
	Stage   string
	Channel Channel
	// Language is a BCP 47 tag, for example "en" or "fr".
	Language string
}

// language is one file of texts.
type language struct {
	Language     string `yaml:"language"`
	Name         string `yaml:"name"`
	Opening      string `yaml:"opening"`
	SMSOpening   string `yaml:"sms_opening"`
	Closing      string `yaml:"closing"`
	SaidTitle    string `yaml:"said_title"` // of a call, where the title may be said
	UnknownTitle struct {
		First  string `yaml:"first"`
		Within string `yaml:"within"`
	} `yaml:"unknown_title"`
	Date     string             `yaml:"date"`
	FirstDay string             `yaml:"first_day"` // of a month, where it has a word of its own
	Weekdays []string           `yaml:"weekdays"`
	Months   []string           `yaml:"months"`
	Decimal  string             `yaml:"decimal"`
	Texts    map[string]builtIn `yaml:"texts"`
}

// builtIn is one text of a language file.
type builtIn struct {
	Subject string `yaml:"subject"`
	Written string `yaml:"written"`
	Spoken  string `yaml:"spoken"`
}

// usualLanguage is used for readers of a language that has no file.
const usualLanguage = "en"

// otherKind names the text for kinds that have no text of their own.
const otherKind = "other"

// languages are the embedded files, read once. They are checked by a test, so
// reading them cannot fail.
var languages = sync.OnceValue(func() map[string]*language {
	read := map[string]*language{}
	files, _ := fs.Glob(textFiles, "texts/*.yaml")
	for _, file := range files {
		text, err := textFiles.ReadFile(file)
		one := &language{}
		if err == nil {
			err = yaml.UnmarshalWithOptions(text, one, yaml.Strict())
		}
		if err != nil {
			panic(fmt.Sprintf("notices: %s: %v", file, err))
		}
		read[one.Language] = one
	}
	return read
})

// Languages lists the languages with built-in notices.
func Languages() []string {
	var names []string
	for name := range languages() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// languageOf finds the file of a language: fr for fr-CA, English for one that
// has none.
func languageOf(wish string) *language {
	wish = strings.ToLower(wish)
	for wish != "" {
		if found := languages()[wish]; found != nil {
			return found
		}
		wish = wish[:max(strings.LastIndexAny(wish, "-_"), 0)]
	}
	return languages()[usualLanguage]
}

// BuiltIn gives the text that ships with Afield, as a template from which a
// library can begin its own.
func BuiltIn(key TextKey) Text {
	of := languageOf(key.Language)
	text, known := of.Texts[string(key.Kind)+"/"+key.Stage]
	if !known {
		text, known = of.Texts[string(key.Kind)]
	}
	if !known {
		text = of.Texts[otherKind]
	}
	switch {
	case key.Channel == SMS:
		return Text{Body: of.SMSOpening + " " + text.Spoken}
	case key.Channel.Spoken():
		return Text{Body: of.Opening + " " + text.Spoken}
	}
	return Text{Subject: text.Subject, Body: text.Written + "\n\n" + of.Closing}
}

// Fill puts the facts of a notice into a text. A text that cannot be read as a
// template is an invalid-input error; a saved one always can.
func (t Text) Fill(key TextKey, facts Facts, library string) (Text, error) {
	say := languageOf(key.Language).sayer(facts, library)
	subject, err := parseTemplate(t.Subject, key.Channel)
	if err != nil {
		return Text{}, invalidText("/subject", err)
	}
	body, err := parseTemplate(t.Body, key.Channel)
	if err != nil {
		return Text{}, invalidText("/body", err)
	}
	filled := Text{Subject: oneLine(fillTemplate(subject, say)), Body: fillTemplate(body, say)}
	if facts.SayTitle && facts.Title != "" && (key.Channel == Phone || key.Channel == Voice) {
		filled.Body += " " + strings.ReplaceAll(languageOf(key.Language).SaidTitle, "{title}", facts.Title)
	}
	return filled, nil
}

// oneLine keeps a title from breaking a mail's subject.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func invalidText(pointer string, err error) error {
	return broker.Invalid(broker.FieldError{Pointer: pointer, Code: "not_a_template", Message: err.Error()})
}

// sayer gives the words for facts in a language.
func (l *language) sayer(facts Facts, library string) func(string, bool) string {
	return func(fact string, begins bool) string {
		switch fact {
		case "library":
			return library
		case "title":
			switch {
			case facts.Title != "":
				return facts.Title
			case begins:
				return l.UnknownTitle.First
			}
			return l.UnknownTitle.Within
		case "branch":
			return facts.Branch
		case "pick_up_by":
			return l.day(facts.PickUpBy)
		case "due_on":
			return l.day(facts.DueOn)
		case "answer_by":
			return l.day(facts.AnswerBy)
		case "reason":
			return facts.Reason
		case "number":
			if facts.Number != 0 {
				return fmt.Sprint(facts.Number)
			}
		case "amount":
			if facts.Amount != nil {
				return strings.ReplaceAll(facts.Amount.String(), ".", l.Decimal)
			}
		}
		return ""
	}
}

// day says a date the way it is said aloud: Thursday 12 March.
func (l *language) day(date broker.Date) string {
	if date.IsZero() {
		return ""
	}
	number := fmt.Sprint(date.Day())
	if date.Day() == 1 && l.FirstDay != "" {
		number = l.FirstDay
	}
	return strings.NewReplacer("{weekday}", l.Weekdays[(int(date.Weekday())+6)%7], "{day}", number, "{month}", l.Months[date.Month()-1]).Replace(l.Date)
}
