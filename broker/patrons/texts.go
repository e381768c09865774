package patrons

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/ledger"
	"afield/broker/postgres"
)

// Had is something that a patron had, waited for or asked for and that is being
// forgotten. What staff wrote about the patron may name it.
type Had struct {
	Patron Ref
	// Item and Title are what it was, as far as the catalogue has it; Words are other
	// words by which it could be told, such as the title that was asked for.
	Item  catalog.Ref
	Title broker.ID
	Words []string
}

// Mention is a pattern for the words by which a text about a patron could tell
// what they had.
type Mention struct {
	Patron Ref
	// Pattern is a regular expression of PostgreSQL.
	Pattern string
}

// shortWord is the length up to which a word counts only as it is written, so
// that a book called "Home" takes no home out of a note.
const shortWord = 8

// MentionOf gives the pattern for some words; false where there are none.
func MentionOf(patron Ref, words []string) (Mention, bool) {
	var parts []string
	for _, word := range words {
		if word = strings.TrimSpace(word); word == "" {
			continue
		}
		part := regexp.QuoteMeta(word)
		if utf8.RuneCountInString(word) > shortWord {
			part = anyCase(word)
		}
		parts = append(parts, part)
	}
	slices.SortFunc(parts, func(a, b string) int { return len(b) - len(a) }) // the longest first
	if parts = slices.Compact(parts); len(parts) == 0 {
		return Mention{}, false
	}
	return Mention{patron, `(?<![[:alnum:]])(` + strings.Join(parts, "|") + `)(?![[:alnum:]])`}, true
}

// anyCase gives the pattern of a word in capital or small letters.
func anyCase(word string) string {
	var out strings.Builder
	for _, letter := range word {
		small, capital := strings.ToLower(string(letter)), strings.ToUpper(string(letter))
		if small != capital {
			out.WriteString("(" + small + "|" + capital + ")")
		} else {
			out.WriteString(regexp.QuoteMeta(string(letter)))
		}
	}
	return out.String()
}

// AskWritten queues asking about which of some patrons staff wrote something:
// written has their accounts with a text, those that were merged into them too.
func AskWritten(tx *postgres.Tx, patrons []Ref, written map[Ref][]Ref) {
	var libraries, ids []broker.ID
	for _, ref := range patrons {
		libraries, ids = append(libraries, ref.Library), append(ids, ref.ID)
	}
	tx.Queue(`with recursive accounts (library_id, id, reader) as (
			select library_id, id, id from unnest($1::uuid[], $2::uuid[]) as f (library_id, id)
			union select p.library_id, p.id, a.reader from accounts a join patrons p on p.library_id = a.library_id and p.merged_into = a.id)
		select p.library_id, p.id, a.reader from accounts a join patrons p on p.library_id = a.library_id and p.id = a.id
		where p.note <> ''
			or exists (select 1 from blocks b where b.library_id = p.library_id and b.patron_id = p.id)
			or exists (select 1 from overrides o where o.library_id = p.library_id and o.patron_id = p.id)
			or exists (select 1 from disclosures d where d.library_id = p.library_id and d.patron_id = p.id)
			or exists (select 1 from ledger_entries e where e.library_id = p.library_id and e.patron_id = p.id and e.note <> '')
			or exists (select 1 from refund_vouchers v where v.library_id = p.library_id and v.patron_id = p.id and v.reason <> '')`, libraries, ids).
		Query(func(rows pgx.Rows) error {
			var account Ref
			var reader broker.ID
			_, err := pgx.ForEachRow(rows, []any{&account.Library, &account.ID, &reader}, func() error {
				of := Ref{account.Library, reader}
				written[of] = append(written[of], account)
				return nil
			})
			return err
		})
}

// CutMentions queues cutting what is forgotten out of what staff wrote about
// patrons, one mention for each: notes, the reasons of blocks and overrides, and
// what others wanted to know, whose rest stays, and notes in their accounts. It
// needs the rights of postgres.Everywhere.
func CutMentions(tx *postgres.Tx, mentions []Mention) {
	var libraries, ids []broker.ID
	var patterns []string
	for _, mention := range mentions {
		libraries, ids, patterns = append(libraries, mention.Patron.Library), append(ids, mention.Patron.ID), append(patterns, mention.Pattern)
	}
	for _, sql := range []string{
		`update patrons t set note = regexp_replace(t.note, f.pattern, '…', 'g') from f
			where t.library_id = f.library_id and t.id = f.patron_id and t.note ~ f.pattern`,
		`update blocks t set reason = regexp_replace(t.reason, f.pattern, '…', 'g') from f
			where t.library_id = f.library_id and t.patron_id = f.patron_id and t.reason ~ f.pattern`,
		`update overrides t set reason = regexp_replace(t.reason, f.pattern, '…', 'g') from f
			where t.library_id = f.library_id and t.patron_id = f.patron_id and t.reason ~ f.pattern`,
		`update disclosures t set about = regexp_replace(t.about, f.pattern, '…', 'g'), note = regexp_replace(t.note, f.pattern, '…', 'g') from f
			where t.library_id = f.library_id and t.patron_id = f.patron_id and (t.about ~ f.pattern or t.note ~ f.pattern)`,
	} {
		tx.Queue(`with f (library_id, patron_id, pattern) as (select * from unnest($1::uuid[], $2::uuid[], $3::text[])) `+sql, libraries, ids, patterns)
	}
	ledger.CutNotes(tx, libraries, ids, patterns)
}
