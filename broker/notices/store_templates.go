package notices

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
)

// Template is a library's own text, which replaces the built-in one.
type Template struct {
	TextKey
	Text
	ChangedAt time.Time
	ChangedBy broker.Actor
}

// CheckTemplate looks over a text as SaveTemplate does: an invalid-input error
// says for each fault where it is and what would be right.
func CheckTemplate(key TextKey, text Text) error {
	var wrong []broker.FieldError
	fault := func(pointer, code, format string, args ...any) {
		wrong = append(wrong, broker.FieldError{Pointer: pointer, Code: code, Message: fmt.Sprintf(format, args...)})
	}
	if !slices.Contains(kinds(), key.Kind) {
		fault("/kind", "unknown", "must be one of %s", joined(kinds()))
	}
	if !slices.Contains(channels(), key.Channel) {
		fault("/channel", "unknown", "must be one of %s", joined(channels()))
	}
	if languageOf(key.Language).Language != baseOf(key.Language) {
		fault("/language", "unknown", "must be one of %s", strings.Join(Languages(), ", "))
	}
	if strings.TrimSpace(text.Body) == "" {
		fault("/body", "required", "must say something; drop the text to go back to the one built in")
	}
	if key.Channel.Spoken() && text.Subject != "" {
		fault("/subject", "not_used", "must be empty: a call or text message has no subject")
	}
	if !key.Channel.Spoken() && strings.TrimSpace(text.Subject) == "" {
		fault("/subject", "required", "must not be empty")
	}
	for pointer, template := range map[string]string{"/subject": text.Subject, "/body": text.Body} {
		if _, err := parseTemplate(template, key.Channel); err != nil {
			fault(pointer, "not_a_template", "%s", err)
		}
	}
	if wrong == nil {
		return nil
	}
	slices.SortFunc(wrong, func(a, b broker.FieldError) int { return strings.Compare(a.Pointer, b.Pointer) })
	return broker.Invalid(wrong...)
}

func baseOf(language string) string {
	base, _, _ := strings.Cut(strings.ToLower(language), "-")
	return base
}

func kinds() []Kind {
	return []Kind{
		Arrived, ShelfExpiring, Expired, CostApproval, Unfilled, Cancelled, DueSoon, Overdue, Lost, Recalled,
		RenewalGranted, RenewalRefused, DueChanged, Lost, ClaimSettled, NoCopy,
	}
}

func channels() []Channel { return []Channel{Phone, Voice, SMS, Email, Letter, Account} }

func joined[T ~string](words []T) string {
	texts := make([]string, len(words))
	for i, word := range words {
		texts[i] = string(word)
	}
	return strings.Join(texts, ", ")
}

// SaveTemplate queues a library's own text, new or changed, after CheckTemplate.
func SaveTemplate(tx *postgres.Tx, library broker.ID, key TextKey, text Text, actor broker.Actor, now time.Time) error {
	if err := CheckTemplate(key, text); err != nil {
		return err
	}
	tx.Queue(`insert into notice_templates (library_id, kind, stage, channel, language, subject, body, changed_at, changed_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		on conflict (library_id, kind, stage, channel, language) do update set subject = excluded.subject, body = excluded.body,
			changed_at = excluded.changed_at, changed_by = excluded.changed_by`,
		library, string(key.Kind), key.Stage, string(key.Channel), strings.ToLower(key.Language), text.Subject, text.Body, now, actor)
	return nil
}

// DropTemplate goes back to the built-in text; not found where the library had no
// text of its own.
func DropTemplate(ctx context.Context, tx *postgres.Tx, library broker.ID, key TextKey) error {
	var dropped int64
	tx.Queue(`delete from notice_templates where library_id = $1 and kind = $2 and stage = $3 and channel = $4 and language = $5`,
		library, string(key.Kind), key.Stage, string(key.Channel), strings.ToLower(key.Language)).
		Exec(func(tag pgconn.CommandTag) error { dropped = tag.RowsAffected(); return nil })
	if err := tx.Flush(ctx); err != nil {
		return fmt.Errorf("drop a notice's text: %w", err)
	}
	if dropped == 0 {
		return broker.NotFound("text of the library's own")
	}
	return nil
}

// Templates lists a library's own texts.
func Templates(ctx context.Context, tx *postgres.Tx, library broker.ID) ([]Template, error) {
	rows, err := tx.Query(ctx, `select kind, stage, channel, language, subject, body, changed_at, changed_by
		from notice_templates where library_id = $1 order by kind, stage, channel, language`, library)
	if err != nil {
		return nil, fmt.Errorf("read notices' texts: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (Template, error) {
		var t Template
		err := row.Scan(&t.Kind, &t.Stage, &t.Channel, &t.Language, &t.Subject, &t.Body, &t.ChangedAt, &t.ChangedBy)
		t.ChangedAt = t.ChangedAt.UTC()
		return t, err
	})
}

// InForce gives the text of a notice as a template, and whether it is the
// library's own: that for the stage, else for every stage, else the built-in one.
// A key that names no notice is an invalid-input error.
func InForce(ctx context.Context, tx *postgres.Tx, library broker.ID, key TextKey) (template Template, own bool, err error) {
	if err := CheckTemplate(key, BuiltIn(key)); err != nil {
		return template, false, err
	}
	templates, err := Templates(ctx, tx, library)
	if err != nil {
		return template, false, err
	}
	for _, stage := range []string{key.Stage, ""} {
		for _, language := range []string{strings.ToLower(key.Language), languageOf(key.Language).Language} {
			wanted := TextKey{Kind: key.Kind, Stage: stage, Channel: key.Channel, Language: language}
			for _, template := range templates {
				if template.TextKey == wanted {
					return template, true, nil
				}
			}
		}
	}
	return Template{TextKey: key, Text: BuiltIn(key)}, false, nil
}

// libraryTexts are the texts in force at a library.
type libraryTexts struct {
	library string
	own     map[TextKey]Text
}

func textsOfLibrary(ctx context.Context, tx *postgres.Tx, library directory.Library) (libraryTexts, error) {
	texts := libraryTexts{library: library.Name, own: map[TextKey]Text{}}
	own, err := Templates(ctx, tx, library.ID)
	for _, template := range own {
		texts.own[template.TextKey] = template.Text
	}
	return texts, err
}

// inForce gives the text for a key: the library's own for the stage or for every
// stage, else the built-in one.
func (t libraryTexts) inForce(key TextKey) Text {
	every := key
	every.Stage = ""
	for _, candidate := range []TextKey{key, every} {
		for _, language := range []string{strings.ToLower(key.Language), languageOf(key.Language).Language} {
			candidate.Language = language
			if own, is := t.own[candidate]; is {
				return own
			}
		}
	}
	return BuiltIn(key)
}

// of writes a notice in a language.
func (t libraryTexts) of(n Notice, language string) (Text, error) {
	key := TextKey{Kind: n.Kind, Stage: n.Stage, Channel: n.Channel, Language: language}
	return t.inForce(key).Fill(key, n.Facts, t.library)
}
