package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"afield/broker"
	"afield/broker/postgres"
)

// Target is where a library's catalogue can be searched, by SRU, whichever way its
// messages go.
type Target struct {
	Library broker.ID
	URL     string
	// System is the make of system, from which follows what is left out of Version,
	// Schema, Holdings (the form of the copies) and Indexes.
	System, Version, Schema, Holdings string
	Indexes                           map[string]string
	// Owner is the library's sign in a catalogue that several share.
	Owner               string
	Account             string
	Password            []byte // only where a vault opened it
	AllowPrivateAddress bool
	Health              TargetHealth
}

// TargetHealth is how a catalogue answers when it is searched.
type TargetHealth struct {
	// AskedAt and AnsweredAt are the last times; zero for never.
	AskedAt, AnsweredAt time.Time
	// Failures counts those in a row, Problem is what the last one was.
	Failures int
	Problem  string
}

// usePassword is what the password of a target's account is sealed for.
const usePassword = "search"

// The words that a target's entry can say. What they mean is connectors/sru's.
var (
	searchSystems  = []string{"alma", "dnb", "k10plus", "koha", "loc", "opac", "zdb", "zebra"}
	searchForms    = []string{"alma", "evergreen", "gvi", "iso20775", "koha", "marc21", "none", "opac", "polaris", "reshare"}
	searchVersions = []string{"1.1", "1.2", "2.0"}
	searchIndexes  = []string{"author", "isbn", "issn", "oclc", "title"}
)

// SearchSystems are the makes of system that can be searched.
func SearchSystems() []string { return searchSystems }

// SearchForms are the forms in which copies are read.
func SearchForms() []string { return searchForms }

// SearchVersions are the versions of SRU.
func SearchVersions() []string { return searchVersions }

// SearchIndexes are what a target may have a name of its own for.
func SearchIndexes() []string { return searchIndexes }

// SaveTarget queues where a library's catalogue is searched. The password stays as it
// is for the same account on the same host, and goes with any other; how it answered
// before is forgotten.
func SaveTarget(tx *postgres.Tx, target Target, now time.Time) error {
	if target.Indexes == nil {
		target.Indexes = map[string]string{}
	}
	indexes, err := json.Marshal(target.Indexes)
	if err != nil {
		return fmt.Errorf("write the indexes of a catalogue: %w", err)
	}
	tx.Queue(`insert into search_targets (library_id, url, system, version, schema, holdings, indexes, owner, account, allow_private_address, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		on conflict (library_id) do update set url = excluded.url, system = excluded.system, version = excluded.version, schema = excluded.schema,
			holdings = excluded.holdings, indexes = excluded.indexes, owner = excluded.owner, account = excluded.account,
			password = case when search_targets.account = excluded.account and split_part(search_targets.url, '/', 3) = split_part(excluded.url, '/', 3)
				then search_targets.password end,
			allow_private_address = excluded.allow_private_address, asked_at = null, answered_at = null, failures = 0, problem = ''`,
		target.Library, target.URL, target.System, target.Version, target.Schema, target.Holdings, indexes, target.Owner, target.Account,
		target.AllowPrivateAddress, now)
	return nil
}

// DropTarget queues that a library's catalogue is searched no longer.
func DropTarget(tx *postgres.Tx, library broker.ID) {
	tx.Queue(`delete from search_targets where library_id = $1`, library)
}

// SetTargetPassword writes the password of the account with which a library's
// catalogue is searched, sealed; "" takes it away. Not found where the catalogue is
// not searched.
func SetTargetPassword(ctx context.Context, tx *postgres.Tx, vault *Vault, library broker.ID, password string) error {
	var sealed []byte
	if password != "" {
		sealed = vault.Seal(library, usePassword, []byte(password))
	}
	done, err := tx.Exec(ctx, `update search_targets set password = $2 where library_id = $1`, library, sealed)
	switch {
	case err != nil:
		return fmt.Errorf("write a catalogue's password: %w", err)
	case done.RowsAffected() == 0:
		return broker.NotFound("catalogue that is searched")
	}
	return nil
}

// Searched lists the libraries whose catalogues are searched, by name.
func Searched(ctx context.Context, tx *postgres.Tx) ([]broker.ID, error) {
	return queryIDs(ctx, tx, `select s.library_id from search_targets s join libraries l on l.id = s.library_id order by l.name, l.id`)
}

// Targets gives where the catalogues of libraries are searched; those that are not
// are left out. The vault opens the passwords; with a nil vault they are left out.
func Targets(ctx context.Context, tx *postgres.Tx, vault *Vault, libraries []broker.ID) (map[broker.ID]Target, error) {
	rows, err := tx.Query(ctx, `select library_id, url, system, version, schema, holdings, indexes, owner, account, password, allow_private_address,
			asked_at, answered_at, failures, problem
		from search_targets where library_id = any ($1)`, libraries)
	if err != nil {
		return nil, fmt.Errorf("read where catalogues are searched: %w", err)
	}
	targets := map[broker.ID]Target{}
	var target Target
	var indexes, password []byte
	var asked, answered *time.Time
	_, err = pgx.ForEachRow(rows, []any{
		&target.Library, &target.URL, &target.System, &target.Version, &target.Schema, &target.Holdings, &indexes, &target.Owner, &target.Account,
		&password, &target.AllowPrivateAddress, &asked, &answered, &target.Health.Failures, &target.Health.Problem,
	}, func() error {
		one := target
		one.Indexes = nil
		if err := json.Unmarshal(indexes, &one.Indexes); err != nil {
			return err
		}
		if asked != nil {
			one.Health.AskedAt = asked.UTC()
		}
		if answered != nil {
			one.Health.AnsweredAt = answered.UTC()
		}
		if vault != nil && password != nil {
			opened, err := vault.Open(one.Library, usePassword, password)
			if err != nil {
				return err
			}
			one.Password = opened
		}
		targets[one.Library] = one
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read where catalogues are searched: %w", err)
	}
	return targets, nil
}

// RecordSearches queues how catalogues answered at an instant: the problem of each,
// "" for one that answered. A library without a target is passed over.
func RecordSearches(tx *postgres.Tx, problems map[broker.ID]string, now time.Time) {
	for _, library := range slices.SortedFunc(maps.Keys(problems), broker.ID.Compare) {
		tx.Queue(`update search_targets set asked_at = $2, answered_at = case when $3 = '' then $2 else answered_at end,
				failures = case when $3 = '' then 0 else failures + 1 end, problem = $3
			where library_id = $1`, library, now, problems[library])
	}
}
