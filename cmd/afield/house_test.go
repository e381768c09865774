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
	roomTowntest   room = "broker/towntest"
	roomPolicytest room = "broker/policy/policytest"
	roomBroker     room = "broker/x"
	roomVocabulary room = "broker"
)

// mayImport has every import between rooms that is allowed. Imports within a
// room are allowed too, and no others.
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
	roomTowntest:   {roomPgtest, roomBroker, roomVocabulary},
	roomPolicytest: {roomBroker, roomVocabulary},
	roomBroker:     {roomVocabulary},
	roomVocabulary: {},
}

// onlyTests may also be imported by any test, since they exist for tests.
var onlyTests = []room{roomPgtest, roomPolicytest, roomTowntest, roomConntest, roomTown}

// stairs are the rooms of circulation, and the one above them, from the bottom
// up: each may import those before it and never one after it. The other rooms
// of broker are below them all.
var stairs = []string{"broker/standing", "broker/holds", "broker/loans", "broker/returns", "broker/exchange"}

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
	case path == "connectors", inside("connectors/line"), inside("connectors/wire"):
		return roomConnectors
	case inside("connectors"):
		return roomConnector
	case inside("migrations"):
		return roomMigrations
	case inside("broker/postgres/pgtest"):
		return roomPgtest
	case inside("broker/towntest"):
		return roomTowntest
	case inside("broker/policy/policytest"):
		return roomPolicytest
	case path == "broker", inside("broker/strictjson"), inside("broker/hostiletest"):
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
			return "" // both ends of a dialogue are tested against each other
		case here == roomBroker && slices.Index(stairs, inner) > slices.Index(stairs, from):
			return fmt.Sprintf("%s imports %s: that room stands above it", from, inner)
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
		{"broker/loans", "afield/workflow", false, true},
		{"broker/loans", "afield/workflow", true, true},
		{"broker/loans", "afield/connectors", false, true},
		{"broker/loans", "github.com/riverqueue/river", false, true},
		{"broker/loans", "afield/migrations", false, true},
		{"broker/loans", "afield/broker/postgres/pgtest", false, true},
		{"broker/loans", "afield/broker/postgres/pgtest", true, false},
		{"broker/loans", "afield/broker/patrons", false, false},
		{"broker/loans", "afield/broker/holds", false, false},
		{"broker/holds", "afield/broker/standing", false, false},
		{"broker/holds", "afield/broker/loans", false, true},
		{"broker/holds", "afield/broker/loans", true, false},
		{"broker/standing", "afield/broker/holds", false, true},
		{"broker/loans", "afield/broker/returns", false, true},
		{"broker/returns", "afield/broker/loans", false, false},
		{"broker/patrons", "afield/broker/standing", false, true},
		{"broker/exchange", "afield/broker/loans", false, false},
		{"broker/holds", "afield/broker/towntest", true, false},
		{"broker/holds", "afield/broker/towntest", false, true},
		{"broker/towntest", "afield/broker/postgres/pgtest", false, false},
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
