package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// homes names the one room that writes each table. A home that ends in /...
// is a folder of rooms.
var homes = map[string]string{
	"access_tokens":    "broker/access",
	"idempotency_keys": "broker/access",
	"invitations":      "broker/access",
	"page_sessions":    "broker/access",
	"live_changes":     "broker/live",
	"signin_attempts":  "broker/access",
	"staff_users":      "broker/access",

	"branches":        "broker/directory",
	"closures":        "broker/directory",
	"group_members":   "broker/directory",
	"lending_terms":   "broker/directory",
	"libraries":       "broker/directory",
	"library_groups":  "broker/directory",
	"number_patterns": "broker/directory",
	"peers":           "broker/directory",
	"search_targets":  "broker/directory",
	"sharing_groups":  "broker/directory",
	"symbols":         "broker/directory",
	"tiers":           "broker/directory",

	"policy_versions": "broker/policy/published",

	"configuration_changes": "broker/consortium",

	"items":            "broker/catalog",
	"partner_holdings": "broker/catalog",
	"title_keys":       "broker/catalog",
	"title_joins":      "broker/catalog",
	"title_records":    "broker/catalog",
	"titles":           "broker/catalog",

	"blocks":       "broker/patrons",
	"cards":        "broker/patrons",
	"disclosures":  "broker/patrons",
	"households":   "broker/patrons",
	"overrides":    "broker/patrons",
	"patron_links": "broker/patrons",
	"patrons":      "broker/patrons",
	"proxies":      "broker/patrons",

	"accruals":         "broker/ledger",
	"ledger_entries":   "broker/ledger",
	"library_invoices": "broker/ledger",
	"refund_vouchers":  "broker/ledger",
	"tills":            "broker/ledger",

	"desk_act_changes": "broker/acts",
	"desk_acts":        "broker/acts",

	"adjusted_loans":  "broker/loans",
	"claims":          "broker/loans",
	"due_adjustments": "broker/loans",
	"holds":           "broker/holds",
	"loans":           "broker/loans",
	"queue_overrides": "broker/holds",
	"transits":        "broker/holds",

	"notice_templates": "broker/notices",
	"notices":          "broker/notices",

	"import_runs": "broker/exchange/runs",

	"deadlines":      "workflow/requests/engine",
	"late_parcels":   "workflow/requests/late",
	"request_events": "workflow/requests/engine",
	"request_items":  "workflow/requests/engine",
	"request_notes":  "workflow/requests/engine",
	"request_undo":   "workflow/requests/engine",
	"requests":       "workflow/requests/engine",
	"rota_entries":   "workflow/requests/engine",
	"staff_tasks":    "workflow/requests/tasks",

	"lender_figures":   "workflow/routing",
	"lending_balances": "workflow/routing",

	"load_names":     "workflow/loads",
	"load_runs":      "workflow/loads",
	"standing_loads": "workflow/loads",

	"messages": "workflow/messages",

	"nightly_failures": "workflow/nightly",
	"nightly_steps":    "workflow/nightly",
}

// outsiders are tables that no migration of ours makes, with the room that
// writes each.
var outsiders = map[string]string{
	"river_job":         "workflow/jobs", // the queue's own, made by its migrations
	"river_leader":      "workflow/jobs",
	"schema_migrations": "migrations", // made by the runner itself
}

// withoutSQL are rooms that ask other rooms and hold no SQL themselves.
var withoutSQL = []string{"workflow/desk", "api", "cmd"}

// mayHoldSQL excuses files and folders of those rooms, each with its reason.
var mayHoldSQL = map[string]string{
	"cmd/afield/app/ready.go":    "readiness asks for the version of the schema, before any room may be asked",
	"cmd/afield/doctor.go":       "the doctor asks the server for its version, whatever is in the database",
	"cmd/afield/demo":            "the demo looks when something next falls due, to move the clock there",
	"cmd/afield/scenario/acts":   "a lender speaks as the rota says who was asked",
	"cmd/afield/scenario/expect": "a scenario compares rows with what it expects",
	"cmd/afield/scenario/stage":  "a scenario takes the libraries of the one before off the stage",
}

// mayWrite excuses a writer that is not the table's home, with its reason.
var mayWrite = map[string]string{
	"cmd/afield/scenario/stage writes deadlines": "a scenario takes the libraries of the one before off the stage",
	"cmd/afield/scenario/stage writes libraries": "a scenario takes the libraries of the one before off the stage",
	"cmd/afield/scenario/stage writes messages":  "a scenario takes the libraries of the one before off the stage",
}

// mayRead excuses a room of broker that reads a table of the workflow, or of a
// room that imports it, with its reason.
var mayRead = map[string]string{
	"broker/standing reads claims": "a loan that is claimed does not count as late",
	"broker/standing reads loans":  "what a patron's late loans have come to is part of their standing",
	"broker/holds reads loans":     "nobody waits for what they have on loan, and who is late may be passed by in a queue",
	"broker/catalog reads holds":   "a copy that a hold has chosen is not available, and copies are counted in one statement",
	"broker/ledger reads cards":    "an exported charge names its patron by card",
}

// A sqlText is one SQL text in a Go file.
type sqlText struct {
	file, text string
	line       int
}

// sqlOfHouse is what the Go files of the house hold, tests left out.
type sqlOfHouse struct {
	texts []sqlText
	// imports names the rooms that each room imports.
	imports map[string][]string
	files   int
}

func readSQLOfHouse(house fs.FS) (sqlOfHouse, error) {
	found := sqlOfHouse{imports: map[string][]string{}}
	err := fs.WalkDir(house, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if base := entry.Name(); name != "." && (strings.HasPrefix(base, ".") || base == "testdata" || base == "bin") {
				return fs.SkipDir
			}
			return nil
		}
		forTests := strings.HasSuffix(name, "_test.go") || path.Dir(name) == "workflow/town"
		if !strings.HasSuffix(name, ".go") || forTests {
			return nil
		}
		source, err := fs.ReadFile(house, name)
		if err != nil {
			return err
		}
		return found.readFile(name, source)
	})
	return found, err
}

func (h *sqlOfHouse) readFile(name string, source []byte) error {
	positions := token.NewFileSet()
	file, err := parser.ParseFile(positions, name, source, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	h.files++
	room := path.Dir(name)
	for _, imported := range file.Imports {
		to, err := strconv.Unquote(imported.Path.Value)
		if err != nil {
			return err
		}
		if inner, ours := strings.CutPrefix(to, module); ours && !slices.Contains(h.imports[room], inner) {
			h.imports[room] = append(h.imports[room], inner)
		}
	}
	ast.Inspect(file, func(node ast.Node) bool {
		if _, isImport := node.(*ast.ImportSpec); isImport {
			return false
		}
		expr, ok := node.(ast.Expr)
		if !ok {
			return true
		}
		text, ok := stringOf(expr)
		if !ok {
			return true
		}
		if looksLikeSQL(text) {
			h.texts = append(h.texts, sqlText{name, text, positions.Position(expr.Pos()).Line})
		}
		return false
	})
	return nil
}

// stringOf is the text of a string, or of strings joined by +; anything else
// joined to them becomes a question mark.
func stringOf(expr ast.Expr) (string, bool) {
	switch e := expr.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.ParenExpr:
		return stringOf(e.X)
	case *ast.BinaryExpr:
		left, isLeft := stringOf(e.X)
		right, isRight := stringOf(e.Y)
		if e.Op != token.ADD || (!isLeft && !isRight) {
			return "", false
		}
		if !isLeft {
			left = "?"
		}
		if !isRight {
			right = "?"
		}
		return left + " " + right, true
	}
	return "", false
}

var sqlLooks = []*regexp.Regexp{
	regexp.MustCompile(`(?i)^\s*(select|with\s+\w+\s+as)\b`),
	regexp.MustCompile(`(?is)\bselect\b.*\bfrom\b`),
	regexp.MustCompile(`(?i)\b(insert\s+into|delete\s+from|order\s+by|truncate)\s+\w`),
	regexp.MustCompile(`(?i)\bupdate\s+\w+(\s+\w+)?\s+set\b`),
	regexp.MustCompile(`(?i)\bjoin\s+\w+(\s+as)?(\s+\w+)?\s+(on|using)\b`),
	regexp.MustCompile(`(?i)\w\)?\s*([=<>]|\b(in|any|like))\s*\(?\$[0-9]`), // a predicate with a placeholder
	regexp.MustCompile(`(?i)^\s*(where|and|or)\s[^.]*(=|<>|\bis (not )?null\b|\bin \()`),
	regexp.MustCompile(`\b[a-z_]+ (=|<>) '[a-z_]+'`),
}

func looksLikeSQL(text string) bool {
	return slices.ContainsFunc(sqlLooks, func(look *regexp.Regexp) bool { return look.MatchString(text) })
}

var sqlWord = regexp.MustCompile(`'(?:[^']|'')*'|--[^\n]*|"[^"]*"|[A-Za-z_][A-Za-z0-9_.]*|\$[0-9]+|\S`)

// sqlWords takes a text apart, in lower case and without comments and quoted
// strings.
func sqlWords(text string) []string {
	var words []string
	for _, word := range sqlWord.FindAllString(text, -1) {
		if !strings.HasPrefix(word, "'") && !strings.HasPrefix(word, "--") {
			words = append(words, strings.TrimPrefix(strings.ToLower(strings.Trim(word, `"`)), "public."))
		}
	}
	return words
}

// tablesOf says which tables a text writes and which it reads. Functions and
// names that a text gives to its own parts count among those it reads.
func tablesOf(text string) (written, read []string) {
	words := sqlWords(text)
	at := func(i int) string {
		if i < 0 || i >= len(words) {
			return ""
		}
		return words[i]
	}
	for i, word := range words {
		before, after := at(i-1), at(i+1)
		switch {
		case word == "into" && before == "insert", word == "from" && before == "delete", word == "truncate" && after != "on":
			written = append(written, after)
		case word == "update" && before != "for" && before != "key" && before != "do" && after != "set":
			written = append(written, after)
		case word == "from" && before != "distinct", word == "join", word == "using":
			read = append(read, tableList(words[i+1:])...)
		}
	}
	return written, read
}

var afterTables = []string{
	"where", "join", "left", "right", "inner", "cross", "full", "on", "group", "order", "limit", "union", "except", "for",
	"returning", "set", "select", "having", "window", "using", ";",
}

// tableList reads the tables of a from clause: one, or several with commas.
func tableList(words []string) (tables []string) {
	depth, next := 0, true
	for _, word := range words {
		switch {
		case word == "(":
			depth, next = depth+1, false
		case word == ")" && depth == 0, depth == 0 && slices.Contains(afterTables, word):
			return tables
		case word == ")":
			depth--
		case depth > 0, word == "lateral", word == "only":
		case word == ",":
			next = true
		case next:
			tables, next = append(tables, word), false
		}
	}
	return tables
}

func atHome(room, home string) bool {
	folder, isFolder := strings.CutSuffix(home, "/...")
	return room == folder || (isFolder && strings.HasPrefix(room, folder+"/"))
}

func roomIn(room, folder string) bool { return atHome(room, folder+"/...") }

// reaches tells whether a room imports another, directly or by way of others.
func (h *sqlOfHouse) reaches(from, to string) bool {
	seen := map[string]bool{}
	var walk func(string) bool
	walk = func(room string) bool {
		if seen[room] {
			return false
		}
		seen[room] = true
		return slices.ContainsFunc(h.imports[room], func(next string) bool { return atHome(next, to) || walk(next) })
	}
	return walk(from)
}

// wrongSQL lists every SQL text that stands in the wrong room, and every excuse
// that is no longer needed.
func (h *sqlOfHouse) wrongSQL() (wrong []string) {
	used := map[string]bool{}
	excused := func(excuses map[string]string, key string) bool {
		_, ok := excuses[key]
		used[key] = used[key] || ok
		return ok
	}
	for _, text := range h.texts {
		room := path.Dir(text.file)
		complain := func(format string, args ...any) {
			wrong = append(wrong, fmt.Sprintf("%s:%d ", text.file, text.line)+fmt.Sprintf(format, args...))
		}
		for _, bare := range withoutSQL {
			if roomIn(room, bare) && !excused(mayHoldSQL, text.file) && !excused(mayHoldSQL, room) {
				complain("holds SQL: ask the room whose tables it reads")
			}
		}
		written, read := tablesOf(text.text)
		for _, table := range written {
			home := homes[table] + outsiders[table]
			switch {
			case home == "" && sqlName.MatchString(table):
				complain("writes %s, which has no home", table)
			case home != "" && !atHome(room, home) && !excused(mayWrite, room+" writes "+table):
				complain("writes %s, which is at home in %s", table, home)
			}
		}
		for _, table := range read {
			home := homes[table]
			if home == "" || atHome(room, home) || !roomIn(room, "broker") {
				continue
			}
			switch {
			case roomIn(home, "workflow") && !excused(mayRead, room+" reads "+table):
				complain("reads %s of the workflow: let the caller pass in what is needed", table)
			case !roomIn(home, "workflow") && h.reaches(strings.TrimSuffix(home, "/..."), room) && !excused(mayRead, room+" reads "+table):
				complain("reads %s, and %s builds on this room: let the caller pass in what is needed", table, home)
			}
		}
	}
	for _, excuses := range []map[string]string{mayHoldSQL, mayWrite, mayRead} {
		for _, key := range slices.Sorted(maps.Keys(excuses)) {
			if !used[key] {
				wrong = append(wrong, "nothing needs this excuse any more: "+key)
			}
		}
	}
	return wrong
}

var sqlName = regexp.MustCompile(`^[a-z_]+$`)

func TestSQLStaysAtHome(t *testing.T) {
	t.Parallel()
	house, err := readSQLOfHouse(os.DirFS(filepath.Join("..", "..")))
	if err != nil {
		t.Fatal(err)
	}
	if house.files < 200 || len(house.texts) < 300 {
		t.Errorf("only %d files with %d SQL texts were read; is this the top of the house?", house.files, len(house.texts))
	}
	for _, problem := range house.wrongSQL() {
		t.Error(problem)
	}
}

func TestSQLTablesAllHaveAHome(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("..", "..", "migrations", "*.sql"))
	if err != nil {
		t.Fatal(err)
	}
	made, change := map[string]bool{}, regexp.MustCompile(`(?im)^\s*(create|drop) table (?:if (?:not )?exists )?(\w+)`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range change.FindAllStringSubmatch(string(text), -1) {
			made[found[2]] = found[1] == "create"
		}
	}
	for table, stands := range made {
		if stands && homes[table] == "" {
			t.Errorf("table %s has no home: name the room that writes it", table)
		}
	}
	for table, home := range homes {
		if !made[table] {
			t.Errorf("no migration makes table %s", table)
		}
		if _, err := os.Stat(filepath.Join("..", "..", strings.TrimSuffix(home, "/..."))); err != nil {
			t.Errorf("table %s is at home in %s: %v", table, home, err)
		}
	}
}

func TestSQLAwayFromHomeIsCaught(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, file, body, want string }{
		{"an insert", "broker/holds/a.go", "tx.Queue(`insert into items (id) values ($1)`)", "writes items"},
		{"an update", "workflow/jobs/a.go", "tx.Queue(`update requests r set state = 'x'`)", "writes requests"},
		{"a delete", "workflow/requests/a.go", "tx.Queue(`delete from messages where id = $1`)", "writes messages"},
		{"a write in a with clause", "broker/catalog/a.go", "tx.Queue(`with gone as (delete from holds returning id) select * from gone`)", "writes holds"},
		{"a write over two strings", "broker/catalog/a.go", "tx.Queue(\"update \" + \"holds set x = 1\")", "writes holds"},
		{"an unknown table", "broker/catalog/a.go", "tx.Queue(`insert into itmes (id) values ($1)`)", "no home"},
		{"a table of the workflow", "broker/exchange/a.go", "tx.Query(`select 1 from loans l join requests r on r.id = l.request_id`)", "reads requests of the workflow"},
		{"behind a comma", "broker/exchange/a.go", "tx.Query(`select 1 from loans l, requests r`)", "reads requests of the workflow"},
		{"in a part of a text", "broker/exchange/a.go", "const open = ` and exists (select 1 from requests)`", "reads requests of the workflow"},
		{"a query at the desk", "workflow/desk/a.go", "tx.Query(`select 1 from loans`)", "holds SQL"},
		{"a predicate at the desk", "workflow/desk/a.go", "ask(`state = 'to_ship' and item_id = $2`)", "holds SQL"},
		{"a predicate without a placeholder", "workflow/desk/a.go", "ask(`state = 'to_ship'`)", "holds SQL"},
		{"a query in a handler", "api/rest/a.go", "tx.Query(`select 1`)", "holds SQL"},
		{"a query in a command", "cmd/afield/a.go", "tx.Query(\"select id from loans\" + order)", "holds SQL"},
		{"a room that builds on this one", "broker/catalog/a.go", "tx.Query(`select 1 from transits`)", "broker/holds builds on this room"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			house, err := readSQLOfHouse(fstest.MapFS{
				c.file:                {Data: []byte("package a\n\nfunc f() { " + c.body + " }\n")},
				"broker/holds/b.go":   {Data: []byte("package holds\n\nimport _ \"afield/broker/patrons\"\n")},
				"broker/patrons/b.go": {Data: []byte("package patrons\n\nimport _ \"afield/broker/catalog\"\n")},
			})
			if err != nil {
				t.Fatal(err)
			}
			if wrong := strings.Join(house.wrongSQL(), "\n"); !strings.Contains(wrong, c.file+":3 ") || !strings.Contains(wrong, c.want) {
				t.Errorf("want %q, got:\n%s", c.want, wrong)
			}
		})
	}
}

func TestSQLAtHomeIsLeftAlone(t *testing.T) {
	t.Parallel()
	house, err := readSQLOfHouse(fstest.MapFS{
		"broker/catalog/a.go": {Data: []byte("package a\n\nfunc f() { tx.Queue(`insert into items (id) values ($1) on conflict do update set id = $1`) }\n")},
		"broker/holds/a.go": {Data: []byte("package a\n\nimport _ \"afield/broker/catalog\"\n\n" +
			"func f() { tx.Query(`select i.id from items i, unnest($1) for update of i`) }\n")},
		"broker/holds/a_test.go": {Data: []byte("package a\n\nfunc f() { tx.Queue(`delete from requests`) }\n")},
		"cmd/afield/a.go":        {Data: []byte("package a\n\nfunc f() { say(\"Choose a lender from the list, or join a group; it costs $5.\") }\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range house.wrongSQL() {
		if !strings.HasPrefix(problem, "nothing needs this excuse") {
			t.Error(problem)
		}
	}
}
