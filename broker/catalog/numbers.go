package catalog

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"afield/broker"
	"afield/broker/postgres"
)

// sameNumber selects titles that share one of the ISBNs in $1 or of the OCLC
// numbers in $2. Only the numbers are looked for, in their own indexes, before
// anything is sorted: asked for the first by id, PostgreSQL would walk through all
// titles in that order instead.
const sameNumber = `where t.id = any (array(select x.id from titles x where x.isbns && $1::text[] or x.oclc = any ($2::text[])))`

// Numbered finds titles by their numbers, among those that were read at once.
type Numbered struct {
	titles map[broker.ID]Title
	by     map[string][]broker.ID
}

// LockNumbers finds the titles that share a number with some others, and locks
// all those numbers until the transaction ends, so that two who save the same
// title at once make one.
func LockNumbers(ctx context.Context, tx *postgres.Tx, titles []Title) (*Numbered, error) {
	n := &Numbered{titles: map[broker.ID]Title{}, by: map[string][]broker.ID{}}
	isbns, oclcs := []string{}, []string{}
	for _, title := range titles {
		title = title.normal()
		isbns = append(isbns, title.ISBNs...)
		if title.OCLC != "" {
			oclcs = append(oclcs, title.OCLC)
		}
	}
	if len(isbns)+len(oclcs) == 0 {
		return n, nil
	}
	locks := slices.Clone(isbns)
	for _, oclc := range oclcs {
		locks = append(locks, "oclc:"+oclc)
	}
	slices.Sort(locks) // everybody locks in this order
	tx.Queue(`select pg_advisory_xact_lock(hashtextextended('title:' || l.number, 0)) from (
		select number from unnest($1::text[]) with ordinality u (number, at) order by at) l`, slices.Compact(locks))
	if err := tx.Flush(ctx); err != nil {
		return nil, fmt.Errorf("lock the numbers of titles: %w", err)
	}
	found, err := queryTitles(ctx, tx, sameNumber+` and t.realm_id is not distinct from $3`, isbns, oclcs, titles[0].Realm)
	for _, title := range found {
		n.Add(title)
	}
	return n, err
}

func numberOr(oclc string) []string {
	if oclc == "" {
		return []string{}
	}
	return []string{oclc}
}

// Find gives the title of the same catalogue, format, form and words that shares an
// ISBN or the OCLC number, the oldest one of several; a number alone makes no two
// records one title. apart, if given, tells of titles that are known to be others.
func (n *Numbered) Find(title Title, apart func(broker.ID) bool) (have Title, found bool) {
	title = title.normal()
	for _, number := range numbersOf(title) {
		for _, id := range n.by[number] {
			one := n.titles[id]
			if one.Realm != title.Realm || one.Format != title.Format || one.Form != title.Form || !SameWords(one, title) || apart != nil && apart(id) {
				continue
			}
			if !found || one.ID.Compare(have.ID) < 0 {
				have, found = one, true
			}
		}
	}
	return have, found
}

// Has gives a title that was found, when it is the same by its number and its words.
func (n *Numbered) Has(id broker.ID, title Title) (Title, bool) {
	have, known := n.titles[id]
	title = title.normal()
	return have, known && have.Realm == title.Realm && have.Format == title.Format && have.Form == title.Form && SameWords(have, title)
}

// IDs are those of all titles that were found.
func (n *Numbered) IDs() []broker.ID { return slices.Collect(maps.Keys(n.titles)) }

// Add takes a title up among those that are found; one that is there already
// gains the numbers it lacks.
func (n *Numbered) Add(title Title) {
	title = title.normal()
	if have, known := n.titles[title.ID]; known {
		title.ISBNs = append(title.ISBNs, have.ISBNs...)
		if have.OCLC != "" {
			title.OCLC = have.OCLC
		}
		title = title.normal()
	}
	n.titles[title.ID] = title
	for _, number := range numbersOf(title) {
		if !slices.Contains(n.by[number], title.ID) {
			n.by[number] = append(n.by[number], title.ID)
		}
	}
}

// numbersOf gives the numbers of a title by which it is recognised.
func numbersOf(title Title) []string {
	numbers := slices.Clone(title.ISBNs)
	if title.OCLC != "" {
		numbers = append(numbers, "oclc:"+title.OCLC)
	}
	return numbers
}
