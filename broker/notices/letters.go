package notices

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/postgres"
)

// MaxLetters is the most letters printed together.
const MaxLetters = 200

// LetterPage is one letter, ready to be laid out: the lines for the envelope's
// window, and the text.
type LetterPage struct {
	// Notices are those the letter contains; marking it printed marks all of them.
	Notices []broker.ID
	Patron  broker.ID
	// Sender is the library's name.
	Sender string
	// Window is name and address, line by line. Only a name in it means that no
	// address is on file (see Addressed).
	Window   []string
	Date     broker.Date
	DateSaid string
	Language string
	Text
	// PrintedAt is when it was printed last; zero for the first time.
	PrintedAt time.Time

	addressed bool
}

// Addressed tells whether an address is on file; without one the letter cannot
// be posted, and staff may pass it on (PassOn).
func (l LetterPage) Addressed() bool { return l.addressed }

// The lines of a printed page at six to the inch: the sender stands above the
// window, the window of a usual envelope shows the next lines, the text follows
// below the first fold.
const (
	windowFrom = 8
	textFrom   = 22
	indent     = "          "
)

// Plain lays the letter out as plain text whose address shows in the window of
// an envelope.
func (l LetterPage) Plain() string {
	lines := []string{indent + l.Sender}
	until := func(line int) {
		for len(lines) < line-1 {
			lines = append(lines, "")
		}
	}
	until(windowFrom)
	for _, line := range l.Window {
		lines = append(lines, indent+line)
	}
	until(textFrom)
	lines = append(lines, l.DateSaid, "", l.Subject, "")
	for _, paragraph := range strings.Split(l.Body, "\n") {
		lines = append(lines, wrapped(paragraph, 72)...)
	}
	return strings.Join(lines, "\n") + "\n"
}

// wrapped breaks a line at spaces.
func wrapped(text string, width int) []string {
	lines := []string{""}
	for _, word := range strings.Fields(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case len([]rune(*last))+1+len([]rune(word)) > width:
			lines = append(lines, word)
		default:
			*last += " " + word
		}
	}
	return lines
}

// LettersToPrint gives a library's letters that are due, at most MaxLetters;
// letters of one kind to one patron are put into one. Letters about a loan that
// is back are left out.
func LettersToPrint(ctx context.Context, tx *postgres.Tx, library directory.Library, now time.Time) ([]LetterPage, error) {
	withdrawSettled(tx, library.ID, Letter, now)
	due, err := DueBy(ctx, tx, library.ID, Letter, broker.Page{Limit: MaxLetters}, now)
	if err != nil {
		return nil, err
	}
	return letterPages(ctx, tx, library, due, now)
}

// Reprint gives letters that were printed before, by the notices they contain:
// the printer jammed, or the post came back.
func Reprint(ctx context.Context, tx *postgres.Tx, library directory.Library, ids []broker.ID, now time.Time) ([]LetterPage, error) {
	if len(ids) > MaxLetters {
		return nil, broker.Invalid(broker.FieldError{Pointer: "/ids", Code: "too_many", Message: fmt.Sprintf("must be at most %d", MaxLetters)})
	}
	printed, err := collect(tx.Query(ctx, `select `+columns+` from notices n
		where n.library_id = $1 and n.id = any ($2) and n.channel = 'letter' and n.printed_at is not null`, library.ID, ids))
	if err != nil {
		return nil, err
	}
	return letterPages(ctx, tx, library, printed, now)
}

func letterPages(ctx context.Context, tx *postgres.Tx, library directory.Library, list []Notice, now time.Time) ([]LetterPage, error) {
	all, err := compose(ctx, tx, library, list)
	if err != nil {
		return nil, err
	}
	pages := make([]LetterPage, len(all))
	for i, out := range all {
		today := library.Today(now)
		page := LetterPage{
			Notices: idsOf(out.Notices), Patron: out.Notices[0].Patron, Sender: library.Name, Window: []string{out.contact.Name},
			Date: today, DateSaid: languageOf(out.Language).day(today), Language: out.Language, Text: out.Text, PrintedAt: out.Notices[0].PrintedAt,
		}
		for _, line := range strings.Split(out.contact.Address, "\n") {
			if line = strings.TrimSpace(line); line != "" {
				page.Window, page.addressed = append(page.Window, line), true
			}
		}
		pages[i] = page
	}
	return pages, nil
}

// MarkPrinted records that letters were printed and posted, or printed again. It
// gives how many notices that was; all of them must be letters of the library.
func MarkPrinted(ctx context.Context, tx *postgres.Tx, library broker.ID, ids []broker.ID, actor broker.Actor, now time.Time) (int, error) {
	ids = slices.Compact(slices.SortedFunc(slices.Values(ids), func(a, b broker.ID) int { return strings.Compare(a.String(), b.String()) }))
	marked := 0
	tx.Queue(`update notices set printed_at = $3, status = 'done', outcome = 'sent', last_error = '',
			tries = tries + 1, done_at = coalesce(done_at, $3), done_by = coalesce(done_by, $4)
		where library_id = $1 and id = any ($2) and channel = 'letter' and (status = 'due' or printed_at is not null)`, library, ids, now, actor).
		Exec(func(tag pgconn.CommandTag) error {
			if marked = int(tag.RowsAffected()); marked < len(ids) {
				return broker.NotFound("letter to print")
			}
			return nil
		})
	err := tx.Flush(ctx)
	return marked, err
}
