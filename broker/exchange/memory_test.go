package exchange_test

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"afield/broker/catalog/marc"
	"afield/broker/csvfile"
	"afield/broker/exchange"
)

// generated is a file that exists only while it is read: a head, then parts.
type generated struct {
	head    string
	parts   int
	part    func(int) string
	tail    string
	next    int
	pending []byte
}

func (g *generated) Read(into []byte) (int, error) {
	for len(g.pending) == 0 {
		switch {
		case g.next == 0:
			g.pending = []byte(g.head)
		case g.next <= g.parts:
			g.pending = []byte(g.part(g.next))
		case g.next == g.parts+1:
			g.pending = []byte(g.tail)
		default:
			return 0, io.EOF
		}
		g.next++
	}
	read := copy(into, g.pending)
	g.pending = g.pending[read:]
	return read, nil
}

func (g *generated) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence != io.SeekStart {
		return 0, fmt.Errorf("a generated file is only read from its start")
	}
	g.next, g.pending = 0, nil
	return 0, nil
}

// However long a file is, little of it is in memory: a hundred megabytes pass
// through, and never more than a few slices of rows are held. The test runs
// alone, because it measures the memory of the whole program.
func TestAFileOfAnyLengthIsReadInLittleMemory(t *testing.T) {
	const rows, most = 20_000, 40 << 20
	long := strings.Repeat("a note of staff ", 320) // 5 KB a row
	record := func(n int) marc.Record {
		return marc.Record{Leader: "00000nam a2200000 a 4500", Fields: []marc.Field{
			{Tag: "001", Value: fmt.Sprintf("ocm%08d", n)},
			{Tag: "520", Indicators: [2]byte{' ', ' '}, Subfields: []marc.Subfield{{Code: 'a', Value: long}}},
		}}
	}
	encoded := func(n int) string {
		var out bytes.Buffer
		if err := marc.NewBinaryWriter(&out).Write(record(n)); err != nil {
			t.Error(err)
		}
		return out.String()
	}
	for _, file := range []struct {
		kind     string
		text     generated
		new, bad int
	}{
		// Children whose guardian comes further down; the class is unknown in all rows
		// but one in a thousand: rows that wait for the others are not kept either.
		{exchange.Patrons, generated{head: "card,class,note,guardian_card\n", parts: rows, part: func(n int) string {
			class, guardian := "astronaut", fmt.Sprintf("5%013d", rows)
			switch {
			case n == rows:
				class, guardian = "adult", ""
			case n%1000 == 0:
				class = "minor"
			}
			return fmt.Sprintf("5%013d,%s,%s,%s\n", n, class, long, guardian)
		}}, rows / 1000, rows - rows/1000},
		// Records without a title.
		{exchange.MARC, generated{parts: rows, part: encoded}, 0, rows},
	} {
		t.Run(file.kind, func(t *testing.T) {
			p := newPlace(t)
			var before, during runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			told, heap := 0, uint64(0)
			result, err := exchange.Import(t.Context(), p.db, &file.text, exchange.Options{
				Kind: file.kind, Library: p.ID, Now: now, Policies: policies(), OnError: func(csvfile.RowError) { told++ },
				OnProgress: func(done, _ int) {
					if done%5000 == 0 {
						runtime.GC()
						runtime.ReadMemStats(&during)
						heap = max(heap, during.HeapAlloc)
					}
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			if result.Rows != rows || result.New != file.new || result.Failed != file.bad || told != file.bad {
				t.Errorf("came to %+v with %d errors told, want %d new and %d wrong", result, told, file.new, file.bad)
			}
			if heap == 0 || heap > before.HeapAlloc+most {
				t.Errorf("%d MB were held of a file of %d MB", (heap-before.HeapAlloc)>>20, rows*len(long)>>20)
			}
		})
	}
}
