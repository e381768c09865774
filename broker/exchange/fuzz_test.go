package exchange

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"
)

// Whatever the input, reading a file ends without a panic, every row knows its
// line, and every cell can be read.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{
		"card,class\n21001,adult\n", "\ufeffcard;class;birth date\n21001;adult;2001-05-30\n", "card\tclass\tname\n\"a\"\"b\"\tx\ty\n",
		"card,class\n\"unclosed\n", "card,class\n1\n", "card,class,guardian_card\r\n1,2,\"3;4\"\r\n", "card,class\n\xff,\x00\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		kind := patronsKind()
		file, err := openCSV(bytes.NewReader(data), kind.columns, Reading{})
		if err != nil {
			return
		}
		last := 0
		for {
			read, err := file.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				return // the file as a whole is refused
			}
			if read.line < last || read.index == 0 {
				t.Fatalf("row %d stands on line %d, after line %d", read.index, read.line, last)
			}
			last = read.line
			if read.syntax != nil {
				continue
			}
			kind.names(read)
			for _, column := range kind.columns {
				read.date(column.Name)
				read.moment(column.Name, time.UTC)
				read.minor(column.Name, "USD")
				read.count(column.Name, 0)
				read.yesNo(column.Name)
				read.list(column.Name)
			}
		}
	})
}
