package directory

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"afield/broker"
	"afield/broker/postgres"
)

// Filter narrows a list of libraries; its zero value takes all.
type Filter struct {
	// Text is part of the name, in any letter case.
	Text           string
	State, Country string
	// Member, where given, keeps only members, or only the others.
	Member *bool
	Status Status
	Group  broker.ID
}

// MostListed is the longest page List gives.
const MostListed = 200

// List gives a page of libraries by name, and the cursor of the next page, ""
// after the last. The cursor is opaque; a broken one is an invalid-input error.
// A limit outside 1 to MostListed becomes the nearest of the two.
func List(ctx context.Context, tx *postgres.Tx, filter Filter, cursor string, limit int) ([]Library, string, error) {
	limit = max(1, min(limit, MostListed))
	var conditions []string
	var args []any
	where := func(condition string, values ...any) {
		marks := make([]any, len(values))
		for i, value := range values {
			args = append(args, value)
			marks[i] = len(args)
		}
		conditions = append(conditions, fmt.Sprintf(condition, marks...))
	}
	if cursor != "" {
		name, id, err := readCursor(cursor)
		if err != nil {
			return nil, "", err
		}
		where("(l.name, l.id) > ($%d, $%d)", name, id)
	}
	if filter.Text != "" {
		where("position(lower($%d) in lower(l.name)) > 0", filter.Text)
	}
	if filter.State != "" {
		where("l.state = $%d", filter.State)
	}
	if filter.Country != "" {
		where("l.country = $%d", filter.Country)
	}
	if filter.Member != nil {
		where("l.member = $%d", *filter.Member)
	}
	if filter.Status != "" {
		where("l.status = $%d", filter.Status)
	}
	if filter.Group != broker.NoID {
		where("l.id in (select library_id from group_members where group_id = $%d)", filter.Group)
	}
	sql := selectLibraries
	if len(conditions) > 0 {
		sql += " where " + strings.Join(conditions, " and ")
	}
	sql += fmt.Sprintf(" order by l.name, l.id limit %d", limit+1)
	libraries, err := queryLibraries(ctx, tx, sql, args...)
	if err != nil || len(libraries) <= limit {
		return libraries, "", err
	}
	libraries = libraries[:limit]
	last := libraries[limit-1]
	return libraries, writeCursor(last.Name, last.ID), nil
}

func writeCursor(name string, id broker.ID) string {
	return base64.RawURLEncoding.EncodeToString([]byte(id.String() + name))
}

func readCursor(cursor string) (string, broker.ID, error) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil && len(text) >= 36 {
		if id, err := broker.ParseID("cursor", string(text[:36])); err == nil {
			return strings.ToValidUTF8(strings.ReplaceAll(string(text[36:]), "\x00", ""), ""), id, nil
		}
	}
	return "", broker.NoID, broker.Invalid(broker.FieldError{
		Pointer: "query:cursor", Code: "not_a_cursor",
		Message: "must be a cursor that an earlier page gave",
	})
}
