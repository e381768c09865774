package main

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A room is a package or a folder of packages with the same place in the house.
type room string

// The rooms, from the street door down to the vocabulary.
const (
	roomCmd        room = "cmd"
	roomPeer       room = "api/peer"
	roomAPI        room = "api"
	roomWorkflow   room = "workflow"
	roomTown       room = "workflow/town"
	roomConntest   room = "connectors/conntest"
	roomConnector  room = "connectors/x"
	roomConnectors room = "connectors"
	roomMigrations room = "migrations"
	roomPgtest     room = "broker/postgres/pgtest"
	roomPolicytest room = "broker/policy/policytest"
	roomBroker     room = "broker/x"
	roomVocabulary room = "broker"
)

// mayImport holds every arrow between rooms that is allowed; an arrow within a
// room is, and no other.
var mayImport = map[room][]room{
	roomCmd:        {roomPeer, roomAPI, roomWorkflow, roomConntest, roomConnector, roomConnectors, roomMigrations, roomBroker, roomVocabulary},
	roomPeer:       {roomAPI, roomWorkflow, roomConnector, roomConnectors, roomBroker, roomVocabulary},
	roomAPI:        {roomPeer, roomWorkflow, roomConnectors, roomBroker, roomVocabulary},
	roomWorkflow:   {roomConnectors, roomBroker, roomVocabulary},
	roomTown:       {roomWorkflow, roomPgtest, roomConnectors, roomBroker, roomVocabulary},
	roomConntest:   {roomConnector, roomConnectors, roomVocabulary},
	roomConnector:  {roomConnectors, roomVocabulary},
	roomConnectors: {roomVocabulary},
	roomMigrations: {roomBroker},
	roomPgtest:     {roomMigrations, roomBroker, roomVocabulary},
	roomPolicytest: {roomBroker, roomVocabulary},
	roomBroker:     {roomVocabulary},
	roomVocabulary: {},
}

// onlyTests may be imported by any test besides, since they exist for tests.
var onlyTests = []room{roomPgtest, roomPolicytest, roomConntest, roomTown}

const module = "afield/"

func roomOf(path string) room {
	inside := func(folder string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }
	switch {
	case inside("cmd"):
		return roomCmd
	case inside("api/peer"):
		return roomPeer
	case inside("api"):
		return roomAPI
	case inside("workflow/town"):
		return roomTown
	case inside("workflow"):
		return roomWorkflow
	case inside("connectors/conntest"):
		return roomConntest
	case path == "connectors":
		return roomConnectors
	case inside("connectors"):
		return roomConnector
	case inside("migrations"):
		return roomMigrations
	case inside("broker/postgres/pgtest"):
		return roomPgtest
	case inside("broker/policy/policytest"):
		return roomPolicytest
	case path == "broker", inside("broker/strictjson"):
		return roomVocabulary
	case inside("broker"):
		return roomBroker
	}
	return ""
}

// wrongArrow says what is wrong with one import, or nothing. Both paths are
// relative to the module; outside imports keep theirs.
func wrongArrow(from, to string, isTest bool) string {
	here := roomOf(from)
	if here == "" {
		return from + " is no room of the house"
	}
	if inner, ours := strings.CutPrefix(to, module); ours {
		there := roomOf(inner)
		switch {
		case isTest && (slices.Contains(onlyTests, there) || there == roomBroker || there == roomVocabulary):
			return ""
		case isTest && here == roomAPI && there == roomConnector:
			return "" // both ends of a dialogue are tried against each other
		case there == here && here != roomConnector:
			return ""
		case there == here && from == inner: // a connector's own external test
			return ""
		case slices.Contains(mayImport[here], there):
			return ""
		}
		return fmt.Sprintf("%s imports %s: no arrow leads from %s to %s", from, inner, here, there)
	}
	knowsQueue := here == roomWorkflow || here == roomCmd || here == roomMigrations || here == roomAPI
	if strings.HasPrefix(to, "github.com/riverqueue/") && !knowsQueue {
		return fmt.Sprintf("%s imports %s: the job queue is the workflow's business", from, to)
	}
	knowsWeb := here == roomCmd || here == roomAPI || here == roomPeer
	if strings.HasPrefix(to, "github.com/labstack/echo/") && !knowsWeb {
		return fmt.Sprintf("%s imports %s: the web framework stays in api", from, to)
	}
	return ""
}

// wrongArrows reads the imports of every Go file below a folder.
func wrongArrows(house fs.FS) (wrong []string, seen int, err error) {
	err = fs.WalkDir(house, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if path != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "bin") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := fs.ReadFile(house, path)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ImportsOnly)
		if err != nil {
			return err
		}
		seen++
		for _, imported := range file.Imports {
			to, err := strconv.Unquote(imported.Path.Value)
			if err != nil {
				return err
			}
			if problem := wrongArrow(filepath.ToSlash(filepath.Dir(path)), to, strings.HasSuffix(name, "_test.go")); problem != "" {
				wrong = append(wrong, problem+" ("+path+")")
			}
		}
		return nil
	})
	return wrong, seen, err
}

func TestImportsPointDownwards(t *testing.T) {
	t.Parallel()
	wrong, seen, err := wrongArrows(os.DirFS(filepath.Join("..", "..")))
	if err != nil {
		t.Fatal(err)
	}
	if seen < 20 {
		t.Errorf("only %d files were read; is this the top of the house?", seen)
	}
	for _, problem := range wrong {
		t.Error(problem)
	}
}

func TestWrongArrowsAreCaught(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from, to string
		isTest   bool
		wrong    bool
	}{
		{"broker/circulation", "afield/workflow", false, true},
		{"broker/circulation", "afield/workflow", true, true},
		{"broker/circulation", "afield/connectors", false, true},
		{"broker/circulation", "github.com/riverqueue/river", false, true},
		{"broker/circulation", "afield/migrations", false, true},
		{"broker/circulation", "afield/broker/postgres/pgtest", false, true},
		{"broker/circulation", "afield/broker/postgres/pgtest", true, false},
		{"broker/circulation", "afield/broker/patrons", false, false},
		{"broker", "afield/broker/postgres", false, true},
		{"workflow", "afield/api/rest", false, true},
		{"workflow/jobs", "afield/connectors/partner", false, true},
		{"workflow/desk", "afield/workflow/town", false, true},
		{"workflow/desk", "afield/workflow/town", true, false},
		{"workflow/town", "afield/broker/postgres/pgtest", false, false},
		{"workflow/jobs", "afield/connectors", false, false},
		{"workflow/jobs", "github.com/riverqueue/river", false, false},
		{"workflow/jobs", "github.com/labstack/echo/v4", false, true},
		{"connectors", "afield/connectors/partner", false, true},
		{"connectors/partner", "afield/connectors/sru", false, true},
		{"connectors/partner", "afield/broker/directory", false, true},
		{"connectors/partner", "afield/broker", false, false},
		{"connectors/partner", "afield/broker/strictjson", false, false},
		{"broker/strictjson", "afield/broker/directory", false, true},
		{"connectors/partner", "afield/connectors/conntest", true, false},
		{"api/rest", "afield/connectors/partner", false, true},
		{"api/peer", "afield/connectors/partner", false, false},
		{"api/rest", "afield/cmd/afield", false, true},
		{"cmd/afield", "afield/migrations", false, false},
		{"util", "fmt", false, true},
	} {
		problem := wrongArrow(c.from, c.to, c.isTest)
		if (problem != "") != c.wrong {
			t.Errorf("%s → %s (test %v): %q, want wrong = %v", c.from, c.to, c.isTest, problem, c.wrong)
		}
	}
}
