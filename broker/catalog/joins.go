package catalog

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// Join tells that a library's record was taken for a title that was there already.
type Join struct {
	ID    broker.ID `json:"id"`
	Title broker.ID `json:"title_id"`
	// Key is the record's number in the library's files; "" where it has none.
	Key string `json:"key"`
	// Said is the title as the record has it, Gained what the title has from it.
	Said     Words     `json:"said"`
	Gained   Words     `json:"gained"`
	JoinedAt time.Time `json:"joined_at"`
	// Now is what the title is called.
	Now string `json:"title"`
}

// Words are what is said of a title.
type Words struct {
	Title     string        `json:"title,omitempty"`
	Author    string        `json:"author,omitempty"`
	ISBNs     []string      `json:"isbns,omitempty"`
	ISSN      string        `json:"issn,omitempty"`
	OCLC      string        `json:"oclc,omitempty"`
	Publisher string        `json:"publisher,omitempty"`
	Year      string        `json:"year,omitempty"`
	Format    broker.Format `json:"format,omitempty"`
	Form      string        `json:"form,omitempty"`
}

func wordsOf(t Title) Words {
	return Words{t.Title, t.Author, t.ISBNs, t.ISSN, t.OCLC, t.Publisher, t.Year, t.Format, t.Form}
}

// Gained gives what a title would gain from what another source says of it.
func Gained(have, other Title) Words {
	other = other.normal()
	gained := func(old, new string) string {
		if old != "" {
			return ""
		}
		return new
	}
	return Words{
		ISBNs: slices.DeleteFunc(slices.Clone(other.ISBNs), func(isbn string) bool { return slices.Contains(have.ISBNs, isbn) }),
		OCLC:  gained(have.OCLC, other.OCLC), ISSN: gained(have.ISSN, other.ISSN), Author: gained(have.Author, other.Author),
		Publisher: gained(have.Publisher, other.Publisher), Year: gained(have.Year, other.Year),
	}
}

// NoteJoin queues writing down that a library's record was taken for a title, so
// that it can be taken out again. What is written down already stays.
func NoteJoin(tx *postgres.Tx, library broker.ID, key string, have, said Title, now time.Time) {
	said = said.normal()
	tx.Queue(`insert into title_joins (library_id, id, title_id, key, said, gained, joined_at) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (library_id, id) do nothing`,
		library, broker.DeriveID("title join", library.String(), have.ID.String(), key), have.ID, key, wordsOf(said), Gained(have, said), now)
}

// Joins lists a library's records that share a title with others, the latest first.
func Joins(ctx context.Context, tx *postgres.Tx, library broker.ID, limit int) ([]Join, error) {
	return queryJoins(ctx, tx, `where j.library_id = $1 and j.undone_at is null order by j.joined_at desc, j.id limit $2`, library, limit)
}

func queryJoins(ctx context.Context, tx *postgres.Tx, where string, args ...any) ([]Join, error) {
	rows, err := tx.Query(ctx, `select j.id, j.title_id, j.key, j.said, j.gained, j.joined_at, t.title
		from title_joins j join titles t on t.id = j.title_id `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read title joins: %w", err)
	}
	joins, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Join])
	if err != nil {
		return nil, fmt.Errorf("read title joins: %w", err)
	}
	return joins, nil
}

// Split takes a library's record out of the title it was taken for: it becomes a
// title of its own with the library's copies, and the title loses what it had from
// it. Refused while a hold waits for one of those copies. The new title's id is
// given.
func Split(ctx context.Context, tx *postgres.Tx, library, id broker.ID, reason string, now time.Time) (broker.ID, error) {
	if reason == "" {
		return broker.NoID, broker.Invalid(broker.FieldError{Pointer: "/reason", Code: "required", Message: "is needed: say why they are two titles"})
	}
	joins, err := queryJoins(ctx, tx, `where j.library_id = $1 and j.id = $2 and j.undone_at is null for update of j`, library, id)
	if err != nil {
		return broker.NoID, err
	}
	if len(joins) == 0 {
		return broker.NoID, broker.NotFound("joined record")
	}
	join := joins[0]
	var waiting int
	err = tx.QueryRow(ctx, `select count(*) from holds h join items i on i.id in (h.item_id, h.wanted_item_id)
		where i.library_id = $1 and i.title_id = $2 and i.request_id is null and h.closed_at is null`, library, join.Title).Scan(&waiting)
	if err != nil {
		return broker.NoID, fmt.Errorf("look for holds: %w", err)
	}
	if waiting > 0 {
		return broker.NoID, broker.Conflict("holds_wait", "%d holds are for the library's copies of this title: fill or end them first.", waiting)
	}
	have, err := LoadTitle(ctx, tx, join.Title)
	if err != nil {
		return broker.NoID, err
	}
	said := join.Said
	own := Title{
		ID: broker.NewID(), Title: said.Title, Author: said.Author, ISBNs: said.ISBNs, ISSN: said.ISSN, OCLC: said.OCLC,
		Publisher: said.Publisher, Year: said.Year, Format: said.Format, Form: said.Form, Realm: have.Realm,
	}
	AddTitle(tx, own, now)
	tx.Queue(`update items set title_id = $3 where library_id = $1 and title_id = $2 and request_id is null`, library, have.ID, own.ID)
	tx.Queue(`update title_keys set title_id = $3 where library_id = $1 and title_id = $2 and key = $4`, library, have.ID, own.ID, join.Key)
	tx.Queue(`update title_records set title_id = $3 where library_id = $1 and title_id = $2 and ($4 = '' or key = $4)`, library, have.ID, own.ID, join.Key)
	gained := join.Gained
	tx.Queue(`update titles set isbns = array(select isbn from unnest(isbns) isbn where isbn <> all ($2)),
			oclc = nullif(oclc, $3), issn = nullif(issn, $4), author = case when author = $5 then '' else author end,
			publisher = case when publisher = $6 then '' else publisher end, year = case when year = $7 then '' else year end
		where id = $1`, have.ID, notNil(gained.ISBNs), gained.OCLC, gained.ISSN, gained.Author, gained.Publisher, gained.Year)
	tx.Queue(`update title_joins set undone_at = $3, undone_as = $4, reason = $5 where library_id = $1 and id = $2`, library, id, now, own.ID, reason)
	return own.ID, nil
}
