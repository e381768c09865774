package directory_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/csvfile"
	"afield/broker/directory"
	"afield/broker/postgres"
	"afield/broker/postgres/pgtest"
)

const survey = `"FSCSKEY","LIBID","LIBNAME","STABR","LONGITUD","LATITUDE","TOTCIR"
"AK0001","x","ANCHOR POINT PUBLIC LIBRARY","AK",-151.83,59.77,7502
"NY0002","y","PUBLIC LIBRARY OF O` + "`" + `FALLON","NY",NA,NA,NA
"IL0003","z","R.L. MCGRAW MEMORIAL LIBRARY","IL",-89.1,40.2,-1
`

// read imports a text and gives the counts and the errors as lines.
func read(t *testing.T, db *postgres.DB, text string, dryRun bool) (directory.Imported, []string) {
	t.Helper()
	var wrong []string
	counts, err := directory.Import(t.Context(), db, strings.NewReader(text), directory.ImportOptions{
		DryRun: dryRun, Now: started,
		OnError: func(one csvfile.RowError) { wrong = append(wrong, one.String()) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return counts, wrong
}

func TestASurveyIsReadAndReadAgainChangesOnlyWhatDiffers(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	if counts, wrong := read(t, db, survey, true); counts.New != 3 || !counts.DryRun || len(wrong) > 0 {
		t.Fatalf("dry run: %+v %v", counts, wrong)
	}
	if counts, _ := read(t, db, "\xef\xbb\xbf"+survey, false); counts != (directory.Imported{Rows: 3, New: 3}) {
		t.Fatalf("after a dry run: %+v", counts)
	}
	changed := strings.Replace(survey, "7502", "8000", 1)
	if counts, _ := read(t, db, changed, false); counts != (directory.Imported{Rows: 3, Changed: 1, Unchanged: 2}) {
		t.Errorf("again: %+v", counts)
	}
	within(t, db, func(ctx context.Context, tx *postgres.Tx) error {
		library, err := directory.BySymbol(ctx, tx, broker.NewSymbol("FSCS", "NY0002"))
		if err != nil {
			return err
		}
		if library.Name != "Public Library of O'Fallon" || library.Zone.String() != "America/New_York" || library.Latitude != nil || library.YearlyLoans != nil || library.Member {
			t.Errorf("read %+v", library)
		}
		library, err = directory.BySymbol(ctx, tx, broker.NewSymbol("FSCS", "AK0001"))
		if err == nil && (*library.YearlyLoans != 8000 || *library.Latitude != 59.77 || library.Zone.String() != "America/Anchorage") {
			t.Errorf("read %+v", library)
		}
		return err
	})
}

func TestWrongRowsAreAllNamedAndTheOthersSaved(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	text := "Key,name,symbol,state,country,latitude,longitude,yearly_loans,time_zone\n" +
		"a,Elm Library,ISIL:US-ELM,NY,,44.1,-73.4,100,\n" +
		"b,,no colon,ZZ,US,95,,many,Mars/Crater\n" +
		"a,Elm again,,NY,US,,,,\n" +
		"c,Short row\n" +
		"d,\"Broken \"quote\",,NY,US,,,,\n" +
		"e,Bad \xff bytes,,NY,US,,,,\n" +
		"f,Lyon Library,,,FR,45.7,4.8,,\n" +
		"g,Ash Library,isil:us-elm,NY,US,,,,\n" +
		"h,Oak Library,,ON,CA,,,,\n" +
		"i,\"Two\nlines\",,NY,US,,,,\n"
	counts, wrong := read(t, db, text, false)
	if counts != (directory.Imported{Rows: 10, New: 2, Failed: 8}) {
		t.Errorf("%+v", counts)
	}
	want := []string{
		"line 3, NAME: is empty",
		"line 3, SYMBOL: must be NAMESPACE:VALUE",
		`line 3, STATE: "ZZ" is not a state`,
		`line 3, LATITUDE: "95" is not degrees from -90 to 90`,
		"line 3, LATITUDE: and LONGITUDE must both be given",
		`line 3, YEARLY_LOANS: "many" is not a whole number`,
		`line 3, TIME_ZONE: "Mars/Crater" is not a time zone`,
		"line 4: has the key a, which line 2 had already",
		"line 5: has another number of fields",
		"line 6: has a quot",
		"line 7, NAME: is not valid UTF-8",
		"line 8, TIME_ZONE: is empty and cannot be guessed for FR",
		"line 9: has the symbol ISIL:US-ELM, which line 2 had already",
		"line 11, NAME: has a line break",
	}
	if len(wrong) != len(want) {
		t.Fatalf("%d errors, not %d:\n%s", len(wrong), len(want), strings.Join(wrong, "\n"))
	}
	for i := range want {
		if !strings.HasPrefix(wrong[i], want[i]) {
			t.Errorf("error %d is %q, not %q", i, wrong[i], want[i])
		}
	}
	// A later file may not take a symbol either.
	counts, wrong = read(t, db, "key,name,symbol,state\nz,Zed Library,ISIL:US-ELM,NY\n", false)
	if counts.Failed != 1 || !strings.Contains(wrong[0], "belongs to Elm Library (key a)") {
		t.Errorf("%+v %v", counts, wrong)
	}
}

func TestAFileThatCannotBeReadSaysWhy(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	cases := map[string]struct{ text, want string }{
		"nothing":          {"", "empty"},
		"other columns":    {"title,author\n", "unknown_form"},
		"misspelt column":  {"key,name,latitud\n", "unknown_column"},
		"a column twice":   {"key,name,Name\n", "column_twice"},
		"UTF-16":           {"\xff\xfek\x00e\x00y\x00", "not_utf8"},
		"an endless quote": {"key,name,state\na,Elm,NY\nb,\"" + strings.Repeat("x\n", 1<<20), "row_too_long"},
	}
	for name, c := range cases {
		counts, err := directory.Import(t.Context(), db, strings.NewReader(c.text), directory.ImportOptions{Now: started})
		ours, ok := broker.AsError(err)
		if !ok || len(ours.Fields) != 1 || ours.Fields[0].Code != c.want {
			t.Errorf("%s: %v", name, err)
		}
		if wantSaved := strings.HasPrefix(name, "an endless"); wantSaved != (counts.New == 1) {
			t.Errorf("%s: %+v", name, counts)
		}
	}
}

func TestAMemberKeepsWhatItSaysOfItself(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	library := lakeside(t, db)
	within(t, db, func(_ context.Context, tx *postgres.Tx) error {
		directory.SaveSymbols(tx, library.ID, broker.NewSymbol("FSCS", "AK0001"))
		return nil
	})
	counts, wrong := read(t, db, survey, false)
	if counts.New != 2 || counts.Changed != 1 || len(wrong) > 0 {
		t.Fatalf("%+v %v", counts, wrong)
	}
	within(t, db, func(ctx context.Context, tx *postgres.Tx) error {
		got, err := directory.Load(ctx, tx, library.ID)
		if err == nil && (got.Name != library.Name || got.Zone.String() != library.Zone.String() || got.SourceKey != "AK0001" || *got.YearlyLoans != 7502) {
			t.Errorf("after the import: %+v", got)
		}
		return err
	})
}

// stopAfter ends a context once some bytes were read, as a kill would.
type stopAfter struct {
	source io.Reader
	left   int
	stop   func()
}

func (s *stopAfter) Read(into []byte) (int, error) {
	read, err := s.source.Read(into[:min(len(into), 1024)]) // however much is buffered
	if s.left -= read; s.left < 0 {
		s.stop()
	}
	return read, err
}

func TestAStoppedImportGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	var text strings.Builder
	text.WriteString("key,name,state\n")
	for i := range 1700 {
		fmt.Fprintf(&text, "k%d,Library %d,VT\n", i, i)
	}
	ctx, stop := context.WithCancel(t.Context())
	source := &stopAfter{source: strings.NewReader(text.String()), left: text.Len() / 2, stop: stop}
	first, err := directory.Import(ctx, db, source, directory.ImportOptions{Now: started})
	if !errors.Is(err, context.Canceled) || first.New == 0 || first.New%500 != 0 {
		t.Fatalf("stopped with %+v, %v", first, err)
	}
	second, _ := read(t, db, text.String(), false)
	if second.Unchanged != first.New || second.New != 1700-first.New {
		t.Errorf("first %+v, then %+v", first, second)
	}
}

func TestTheWholeSurveyLoads(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "..", "shared", "data", "pls_fy2020.csv")
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the survey's file is not beside the project")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	db := pgtest.New(t)
	var slices500 []int
	counts, err := directory.Import(t.Context(), db, file, directory.ImportOptions{
		Now:        started,
		OnError:    func(wrong csvfile.RowError) { t.Error(wrong) },
		OnProgress: func(so directory.Imported) { slices500 = append(slices500, so.New) },
	})
	if err != nil || counts != (directory.Imported{Rows: 9245, New: 9245}) {
		t.Errorf("%+v, %v", counts, err)
	}
	if !slices.IsSorted(slices500) || len(slices500) != 19 {
		t.Errorf("progress was told %v", slices500)
	}
}
