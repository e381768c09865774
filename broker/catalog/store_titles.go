package catalog

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// Tables owned here: titles, items, partner_holdings, title_keys, title_records, title_joins.

const selectTitles = `
	select t.id, t.title, t.author, t.isbns, coalesce(t.issn, ''), coalesce(t.oclc, ''), t.publisher, t.year, t.format,
		t.form, t.realm_id, t.work
	from titles t `

// LoadTitle reads one title; a not-found error when there is none.
func LoadTitle(ctx context.Context, tx *postgres.Tx, id broker.ID) (Title, error) {
	titles, err := queryTitles(ctx, tx, `where t.id = $1`, id)
	if err == nil && len(titles) == 0 {
		err = broker.NotFound("title")
	}
	if err != nil {
		return Title{}, err
	}
	return titles[0], nil
}

// TitlesByID gives the titles with some ids, as far as they exist.
func TitlesByID(ctx context.Context, tx *postgres.Tx, ids []broker.ID) (map[broker.ID]Title, error) {
	titles, err := queryTitles(ctx, tx, `where t.id = any ($1)`, ids)
	found := make(map[broker.ID]Title, len(titles))
	for _, title := range titles {
		found[title.ID] = title
	}
	return found, err
}

// SaveTitle stores a title and gives its id. A title of the same catalogue, format,
// form and words that shares an ISBN or the OCLC number is the same title: that one
// keeps its id and words, gains what it lacks, and its id is given. NoID makes a new
// id.
func SaveTitle(ctx context.Context, tx *postgres.Tx, title Title, now time.Time) (broker.ID, error) {
	title = title.normal()
	if title.Title == "" {
		return broker.NoID, broker.Invalid(broker.FieldError{Pointer: "/title", Code: "required", Message: "is needed"})
	}
	known, err := LockNumbers(ctx, tx, []Title{title})
	if err != nil {
		return broker.NoID, err
	}
	if have, found := known.Find(title, nil); found {
		fill(tx, have.ID, title)
		return have.ID, nil
	}
	if title.ID == broker.NoID {
		title.ID = broker.NewID()
	}
	AddTitle(tx, title, now)
	return title.ID, nil
}

// AddTitle queues storing a title that shares no number with another one, as
// LockNumbers has found.
func AddTitle(tx *postgres.Tx, title Title, now time.Time) {
	title = title.normal()
	tx.Queue(`
		insert into titles (id, title, author, isbns, issn, oclc, publisher, year, format, created_at, form, realm_id)
		values ($1, $2, $3, $4, nullif($5, ''), nullif($6, ''), $7, $8, $9, $10, $11, $12)
		on conflict (id) do update set title = excluded.title, author = excluded.author, isbns = excluded.isbns,
			issn = excluded.issn, oclc = excluded.oclc, publisher = excluded.publisher, year = excluded.year,
			format = excluded.format, form = excluded.form
		where titles.realm_id is not distinct from excluded.realm_id`,
		title.ID, title.Title, title.Author, notNil(title.ISBNs), title.ISSN, title.OCLC, title.Publisher, title.Year,
		title.Format, now, title.Form, title.Realm)
}

// fill queues giving a title what it lacks.
func fill(tx *postgres.Tx, id broker.ID, other Title) {
	tx.Queue(`
		update titles set isbns = array(select distinct isbn from unnest(isbns || $2::text[]) isbn order by isbn),
			oclc = coalesce(oclc, nullif($3, '')), issn = coalesce(issn, nullif($4, '')),
			author = coalesce(nullif(author, ''), $5), publisher = coalesce(nullif(publisher, ''), $6),
			year = coalesce(nullif(year, ''), $7)
		where id = $1`,
		id, notNil(other.ISBNs), other.OCLC, other.ISSN, other.Author, other.Publisher, other.Year)
}

// MatchCitation finds the title a citation means: by ISBN, by OCLC number, or
// else by words when exactly one title matches, or several editions of one work and
// any will do. The catalogue's own titles come first, then those that are common,
// then those of others. False means that none does, or several.
func MatchCitation(ctx context.Context, tx *postgres.Tx, realm broker.ID, citation broker.Citation) (broker.ID, bool, error) {
	format := citation.Format
	if format == "" {
		format = broker.FormatBook
	}
	if isbn, oclc := broker.NormalISBN(citation.ISBN), broker.NormalOCLC(citation.OCLC); isbn != "" || oclc != "" {
		titles, err := queryTitles(ctx, tx, `
			where t.format = $3 and ((t.isbns @> array[$1::text] and $1 <> '') or (t.oclc = $2 and $2 <> ''))
			order by t.isbns @> array[$1::text] desc, t.realm_id is distinct from $4, t.realm_id is not null, t.form <> '', t.id limit 1`,
			isbn, oclc, format, realm)
		if err != nil || len(titles) > 0 {
			return firstID(titles), len(titles) > 0, err
		}
	}
	// A match has at least the words of the main title in common.
	common := strings.Join(words(mainTitle(citation.Title)), " ")
	if common == "" {
		return broker.NoID, false, nil
	}
	titles, err := queryTitles(ctx, tx, `where t.words @@ plainto_tsquery('simple', $1) and t.format = $2
		order by t.realm_id is distinct from $3, t.realm_id is not null, t.id limit 200`, common, format, realm)
	if err != nil {
		return broker.NoID, false, err
	}
	for _, whose := range []func(Title) bool{
		func(t Title) bool { return t.Realm == realm }, func(t Title) bool { return t.Realm == broker.NoID }, func(Title) bool { return true },
	} {
		matching := slices.DeleteFunc(slices.Clone(titles), func(t Title) bool { return !whose(t) || !Matches(t, citation) })
		if len(matching) > 0 {
			id, found := pick(matching, citation)
			return id, found, nil
		}
	}
	return broker.NoID, false, nil
}

// Editions gives a title and those that are the same edition in the catalogues of
// others, known by their numbers; with any, all editions of the work in its format.
func Editions(ctx context.Context, tx *postgres.Tx, title broker.ID, any bool) ([]broker.ID, error) {
	rows, err := tx.Query(ctx, `
		with t as (select * from titles where id = $1)
		select $1::uuid
		union select x.id from t join titles x on x.isbns && t.isbns
			where x.format = t.format and x.form = t.form and (x.work = t.work or x.realm_id is distinct from t.realm_id)
		union select x.id from t join titles x on x.oclc = t.oclc
			where x.format = t.format and x.form = t.form and (x.work = t.work or x.realm_id is distinct from t.realm_id)
		union select x.id from t join titles x on x.work = t.work where $2 and x.format = t.format and x.form <> 'online'
		order by 1`, title, any)
	if err != nil {
		return nil, fmt.Errorf("find the editions of a title: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[broker.ID])
	if err != nil {
		return nil, fmt.Errorf("find the editions of a title: %w", err)
	}
	return ids, nil
}

func firstID(titles []Title) broker.ID {
	if len(titles) == 0 {
		return broker.NoID
	}
	return titles[0].ID
}

// MostFound is the longest page Search gives.
const MostFound = 200

// Search gives a page of titles, oldest first, that have all the words, or the
// ISBN when the text is one; and the id to go on after (NoID after the last). Of an
// edition that other catalogues have, too, it gives the own title or the common
// one, else one of theirs.
func Search(ctx context.Context, tx *postgres.Tx, realm broker.ID, text string, after broker.ID, limit int) ([]Title, broker.ID, error) {
	limit = max(1, min(limit, MostFound))
	condition, asked := `t.words @@ plainto_tsquery('simple', $1)`, strings.Join(words(text), " ")
	if isbn := broker.NormalISBN(text); isbn != "" {
		condition, asked = `t.isbns @> array[$1::text]`, isbn
	}
	if asked == "" {
		return nil, broker.NoID, nil
	}
	titles, err := queryTitles(ctx, tx, fmt.Sprintf(`where %s and ($2::uuid is null or t.id > $2)
		and (t.realm_id is null or t.realm_id = $3 or not exists (select 1 from titles o
			where (o.isbns && t.isbns or o.oclc = t.oclc or o.work = t.work and o.year = t.year) and o.format = t.format and o.form = t.form
				and (o.realm_id is null or o.realm_id = $3 or o.id < t.id)))
		order by t.id limit %d`, condition, limit+1), asked, after, realm)
	if err != nil || len(titles) <= limit {
		return titles, broker.NoID, err
	}
	return titles[:limit], titles[limit-1].ID, nil
}

func queryTitles(ctx context.Context, tx *postgres.Tx, where string, args ...any) ([]Title, error) {
	rows, err := tx.Query(ctx, selectTitles+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read titles: %w", err)
	}
	titles, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Title])
	if err != nil {
		return nil, fmt.Errorf("read titles: %w", err)
	}
	return titles, nil
}

func notNil[T any](list []T) []T { return append([]T{}, list...) }
