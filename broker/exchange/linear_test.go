package exchange_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"afield/broker"
	"afield/broker/exchange"
	"afield/broker/postgres"
)

// The last tenth of a long file of items with ISBNs reads no more of the database
// for a row than the first one. AFIELD_ITEMS says how long the file is.
func TestALongFileOfItemsCostsNoMoreForARowAtItsEnd(t *testing.T) {
	t.Parallel()
	rows := 5000
	if set := os.Getenv("AFIELD_ITEMS"); set != "" {
		var err error
		if rows, err = strconv.Atoi(set); err != nil {
			t.Fatalf("AFIELD_ITEMS: %v", err)
		}
	}
	p := newPlace(t)
	tenth := func(from int) *generated {
		return &generated{head: "barcode,title,author,isbn,type\n", parts: rows / 10, part: func(n int) string {
			n += from
			return fmt.Sprintf("3%013d,Title %d,Author %d,%s,book\n", n, n, n%1000, isbn13(n))
		}}
	}
	bring := func(from int) (blocks int) {
		before := p.blocks()
		result, err := exchange.Import(t.Context(), p.db, tenth(from), exchange.Options{Kind: exchange.Items, Library: p.ID, Now: now, Policies: policies()})
		if err != nil || result.New != rows/10 {
			t.Fatalf("%+v, %v", result, err)
		}
		return p.blocks() - before
	}
	p.analyze()
	first := bring(0)
	for i := 1; i < 9; i++ {
		if _, err := exchange.Import(t.Context(), p.db, tenth(i*rows/10), exchange.Options{Kind: exchange.Items, Library: p.ID, Now: now, Policies: policies()}); err != nil {
			t.Fatal(err)
		}
	}
	p.analyze()
	last := bring(9 * rows / 10)
	t.Logf("blocks for a row: %.1f at first, %.1f at last", float64(first)/float64(rows/10), float64(last)/float64(rows/10))
	if 2*last > 3*first {
		t.Errorf("the last tenth reads %d blocks, the first %d", last, first)
	}
}

// isbn13 is a well-formed ISBN of 13 digits.
func isbn13(n int) string {
	digits := fmt.Sprintf("978%09d", n)
	sum := 0
	for i, digit := range digits {
		sum += int(digit-'0') * (1 + 2*(i%2))
	}
	return digits + strconv.Itoa((10-sum%10)%10)
}

// blocks is how many blocks of the database have been looked at, once all that
// was done has been counted.
func (p place) blocks() (count int) {
	p.t.Helper()
	read := func() int {
		return p.count(`select (blks_hit + blks_read)::int from pg_stat_database where datname = current_database()`)
	}
	wall := broker.SystemClock{}
	for until := wall.Now().Add(20 * time.Second); wall.Now().Before(until); {
		count = read()
		time.Sleep(1200 * time.Millisecond) // a connection tells what it did once a second
		if again := read(); again-count < 200 {
			return again
		}
	}
	return count
}

func (p place) analyze() {
	p.t.Helper()
	p.do(func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `analyze titles, title_keys, items`)
		return err
	})
}
