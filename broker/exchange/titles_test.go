package exchange_test

import (
	"context"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/exchange"
	"afield/broker/postgres"
)

// neighbour is another member, in the same catalogue or in its own.
func (p place) neighbour(shares bool) place {
	p.t.Helper()
	other := p
	other.Library = p.as(broker.NewID())
	other.Name = "A neighbour"
	if !shares {
		other.SharingGroup = broker.NewID()
	}
	other.do(func(ctx context.Context, tx *postgres.Tx) error {
		if !shares {
			directory.SaveSharingGroup(tx, directory.SharingGroup{ID: other.SharingGroup, Name: "another catalogue"})
		}
		return directory.SaveLibrary(tx, other.Library, now)
	})
	return other
}

const setISBN = "020 $a0306406152"

// A number alone makes no two records of one library one title: volumes of a set
// carry the ISBN of the set, an e-book that of the printed one. Read again, nothing
// changes.
func TestANumberAloneMakesNoOneTitle(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	text := asXML(`001 v1
		` + setISBN + `
		245 $aCollected works. $n1, $pPoems
		952 $p31001 $o1

		001 v2
		` + setISBN + `
		245 $aCollected works. $n2, $pPlays
		952 $p31002 $o1

		001 e1
		008 000000s2019    xx      o          und d
		` + setISBN + `
		245 $aCollected works. $n1, $pPoems
		952 $p31003 $o1

		001 v1b
		` + setISBN + `
		245 $aCollected works. $n1, $pPoems
		952 $p31004 $o1`)
	equal(t, "records", p.bring(exchange.MARC, text).New, 4)
	equal(t, "again", p.bring(exchange.MARC, text).Unchanged, 4)
	equal(t, "titles", p.count(`select count(distinct title_id) from items`), 4)
	p.bring(exchange.Items, "barcode,title,isbn\n32001,Dune,0306406152\n32002,Dune messiah,0306406152\n32003,The Dune,0306406152\n")
	equal(t, "titles of rows without a key", p.count(`select count(distinct title_id) from items where barcode like '32%'`), 2)
	files, _ := p.export()
	equal(t, "what was taken out", p.bring(exchange.Items, files["items.csv"]).Unchanged, 7)
	other := newPlace(t)
	equal(t, "the same elsewhere", other.bring(exchange.Items, files["items.csv"]).New, 7)
	equal(t, "titles elsewhere", other.count(`select count(distinct title_id) from items`), 6)
}

// Libraries that share no catalogue never get each other's text, though the numbers
// are the same; each finds the other's copies all the same.
func TestTextStaysInItsCatalogue(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	far, near := p.neighbour(false), p.neighbour(true)
	p.bring(exchange.Items, "barcode,title,author,isbn,publisher\n31001,Across the ferry,\"Writer, A.\",0306406152,\n")
	far.bring(exchange.Items, "barcode,title,author,isbn,publisher,oclc\n31001,Across the ferry : a history,,0306406152,Press,42\n")
	near.bring(exchange.Items, "barcode,title_key,title,isbn,year\n33001,n1,Across the ferry,0306406152,2019\n")
	mine, _ := p.export()
	theirs, _ := far.export()
	if strings.Contains(mine["items.csv"]+mine["titles.xml"], "history") || strings.Contains(mine["titles.xml"], "Press") || strings.Contains(theirs["titles.xml"], "Writer") {
		t.Errorf("text of another catalogue:\n%s\n%s", mine["titles.xml"], theirs["titles.xml"])
	}
	equal(t, "one title in the shared catalogue", strings.Contains(mine["titles.csv"], "2019"), true)
	p.do(func(ctx context.Context, tx *postgres.Tx) error {
		tx.Widen(far.ID, near.ID)
		title, found, err := catalog.MatchCitation(ctx, tx, p.SharingGroup, broker.Citation{ISBN: "0306406152"})
		if err != nil || !found {
			t.Fatal(found, err)
		}
		editions, err := catalog.Editions(ctx, tx, title, false)
		if err != nil {
			t.Fatal(err)
		}
		holders, err := catalog.HoldersOfAny(ctx, tx, editions, []broker.ID{p.ID, far.ID, near.ID}, nil)
		equal(t, "holders", len(holders), 3)
		found1, _, err2 := catalog.Search(ctx, tx, p.SharingGroup, "ferry", broker.NoID, 9)
		if equal(t, "found by words", len(found1), 1); len(found1) == 1 {
			equal(t, "our own", found1[0].ID, title)
		}
		if err == nil {
			err = err2
		}
		return err
	})
}

// Any edition will do: the editions of a work are found by it, others are not.
func TestEditionsOfAWork(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	far := p.neighbour(false)
	p.bring(exchange.Items, "barcode,title,author,year,format\n31001,The Tides,\"Carson, R.\",1951,book\n31002,Tides : a study,\"Carson, Rachel\",1980,book\n31003,Tides,\"Carson, R.\",2001,audiobook\n31004,Tides,\"Other, X.\",,book\n")
	far.bring(exchange.Items, "barcode,title,author,year,format,form\n31001,Tides,\"Carson, R.\",1999,book,\n31005,Tides,\"Carson, R.\",2019,book,online\n")
	p.do(func(ctx context.Context, tx *postgres.Tx) error {
		citation := broker.Citation{Title: "Tides", Author: "Carson"}
		title, found, err := catalog.MatchCitation(ctx, tx, p.SharingGroup, broker.Citation{Title: "The tides", Author: "Carson", Year: "1951"})
		if err != nil || !found {
			t.Fatal(found, err)
		}
		for any, want := range map[bool]int{false: 1, true: 3} {
			editions, err := catalog.Editions(ctx, tx, title, any)
			if err != nil {
				return err
			}
			equal(t, "editions", len(editions), want)
		}
		citation.Edition = "any"
		_, found, err = catalog.MatchCitation(ctx, tx, p.SharingGroup, citation)
		equal(t, "any edition is found", found, true)
		return err
	})
}

// A record that was taken for another library's title can be taken out again, with
// its copies; the other title is as it was, and files that are read later leave
// them apart.
func TestAJoinCanBeUndone(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	near := p.neighbour(true)
	p.bring(exchange.Items, "barcode,title_key,title,isbn\n31001,p1,Across the ferry,0306406152\n")
	const theirs = "barcode,title_key,title,isbn,year,branch\n33001,n1,The across the ferry : a play,0306406152;9781861972712,2019,\n33002,n1,The across the ferry : a play,0306406152;9781861972712,2019,\n"
	near.bring(exchange.Items, theirs)
	before := p.text(`select string_agg(isbns::text || year, ' ') from titles`)
	equal(t, "one title", p.count(`select count(*) from titles`), 1)
	var joins []catalog.Join
	near.do(func(ctx context.Context, tx *postgres.Tx) (err error) {
		joins, err = catalog.Joins(ctx, tx, near.ID, 10)
		return err
	})
	if len(joins) != 1 || joins[0].Key != "n1" || joins[0].Gained.Year != "2019" || len(joins[0].Gained.ISBNs) != 1 {
		t.Fatalf("%+v (%s)", joins, before)
	}
	near.do(func(ctx context.Context, tx *postgres.Tx) error {
		if _, err := catalog.Split(ctx, tx, near.ID, joins[0].ID, "", now); !broker.IsKind(err, broker.KindInvalid) {
			t.Errorf("without a reason: %v", err)
		}
		_, err := catalog.Split(ctx, tx, near.ID, joins[0].ID, "a play, not the history", now)
		return err
	})
	equal(t, "titles", p.text(`select string_agg(title || ' ' || isbns::text || ' ' || year, ' | ' order by title) from titles`),
		"Across the ferry {9780306406157}  | The across the ferry : a play {9780306406157,9781861972712} 2019")
	equal(t, "their copies", near.count(`select count(*) from items i join titles t on t.id = i.title_id where t.title like 'The%'`), 2)
	equal(t, "our copy", p.count(`select count(*) from items i join titles t on t.id = i.title_id where t.title like 'Across%'`), 1)
	equal(t, "read again", near.bring(exchange.Items, theirs), counts(2, 0, 0, 2, 0))
	near.do(func(ctx context.Context, tx *postgres.Tx) error {
		if _, err := catalog.Split(ctx, tx, near.ID, joins[0].ID, "again", now); !broker.IsKind(err, broker.KindNotFound) {
			t.Errorf("twice: %v", err)
		}
		return nil
	})
}
