package exchange

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/catalog/marc"
	"afield/broker/directory"
	"afield/broker/holds"
	"afield/broker/ledger"
	"afield/broker/loans"
	"afield/broker/notices"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/policy/published"
	"afield/broker/postgres"
)

// The forms an export can have.
const (
	CSV  = "csv"
	JSON = "json"
)

// ExportOptions says what to take out and where to.
type ExportOptions struct {
	Library broker.ID
	// Folder is created; it must not exist yet.
	Folder string
	// Format is CSV or JSON. MARC files and policy texts are the same in both.
	Format string
	// Raw leaves CSV cells as they are. Else those that a spreadsheet would work out
	// have an apostrophe before them, which the importers take away again.
	Raw bool
	// Kinds narrows the export to these files; none means everything.
	Kinds []string
	// More are listings of packages above this one.
	More []postgres.Listing
	Now  time.Time
	// OnFile, if given, is called for every file once it is written.
	OnFile func(ExportedFile)
}

// Manifest says what an export holds. It is written beside the files as
// manifest.json.
type Manifest struct {
	LibraryID broker.ID      `json:"library_id"`
	Library   string         `json:"library"`
	Symbols   []string       `json:"symbols"`
	MadeAt    time.Time      `json:"made_at"`
	Format    string         `json:"format"`
	Files     []ExportedFile `json:"files"`
}

// ExportedFile is one file of an export.
type ExportedFile struct {
	Name  string `json:"name"`
	Rows  int    `json:"rows"`
	Bytes int64  `json:"bytes"`
	// SHA256 is in hexadecimal.
	SHA256 string `json:"sha256"`
	// Note says what could not be written, if anything.
	Note string `json:"note,omitempty"`
}

// listings are all queries of this package and those below.
func listings() []postgres.Listing {
	return slices.Concat(
		directory.Listings(), patrons.Listings(), catalog.Listings(), loans.Listings(), holds.Listings(), ledger.Listings(), notices.Listings(),
		published.Listings(),
	)
}

// Exportable lists the kinds that can be taken out.
func Exportable(more []postgres.Listing) []string {
	names := []string{MARC, policyTexts}
	for _, listing := range slices.Concat(listings(), more) {
		names = append(names, listing.Name)
	}
	slices.Sort(names)
	return names
}

const policyTexts = "policy_texts"

// Export writes everything a library owns into a folder, all as of one moment. It
// streams: memory does not grow with the library. The folder appears when it is
// complete; a stop leaves nothing behind.
func Export(ctx context.Context, db *postgres.DB, options ExportOptions) (manifest Manifest, err error) {
	if err := options.check(); err != nil {
		return manifest, err
	}
	if _, err := os.Lstat(options.Folder); err == nil {
		return manifest, broker.Conflict("folder_exists", "%s is there already; an export overwrites nothing.", options.Folder)
	}
	parent := filepath.Dir(filepath.Clean(options.Folder))
	partial, err := os.MkdirTemp(parent, "."+filepath.Base(options.Folder)+"-")
	if err != nil {
		return manifest, fmt.Errorf("make a folder: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(partial))
		}
	}()
	// Files cannot be rolled back, but a read-only snapshot is never run again.
	err = db.InTx(ctx, postgres.ForLibraries(options.Library).Snapshot(), func(ctx context.Context, tx *postgres.Tx) error {
		manifest, err = (&export{ExportOptions: options, folder: partial}).write(ctx, tx)
		return err
	})
	if err != nil {
		return manifest, err
	}
	text, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return manifest, err
	}
	if err := os.WriteFile(filepath.Join(partial, "manifest.json"), append(text, '\n'), 0o600); err != nil {
		return manifest, err
	}
	return manifest, os.Rename(partial, options.Folder)
}

func (o ExportOptions) check() error {
	if o.Format != CSV && o.Format != JSON {
		return broker.Invalid(broker.FieldError{Pointer: "/format", Code: "unknown", Message: "must be csv or json"})
	}
	known := Exportable(o.More)
	for _, kind := range o.Kinds {
		if !slices.Contains(known, kind) {
			return broker.Invalid(broker.FieldError{
				Pointer: "/kind", Code: "unknown",
				Message: fmt.Sprintf("%q cannot be taken out; right are %s", shown(kind), strings.Join(known, ", ")),
			})
		}
	}
	return nil
}

type export struct {
	ExportOptions
	folder   string
	manifest Manifest
	library  directory.Library
	branches map[broker.ID]string // their codes
}

func (e *export) wants(kind string) bool { return len(e.Kinds) == 0 || slices.Contains(e.Kinds, kind) }

func (e *export) write(ctx context.Context, tx *postgres.Tx) (Manifest, error) {
	// Writing out a large table takes longer than any query may take.
	if _, err := tx.Exec(ctx, `set local statement_timeout = 0`); err != nil {
		return e.manifest, fmt.Errorf("begin an export: %w", err)
	}
	var err error
	if e.library, err = directory.Load(ctx, tx, e.Library); err != nil {
		return e.manifest, err
	}
	symbols, err := directory.Symbols(ctx, tx, e.Library)
	if err != nil {
		return e.manifest, err
	}
	e.manifest = Manifest{LibraryID: e.Library, Library: e.library.Name, MadeAt: e.Now, Format: e.Format, Symbols: []string{}, Files: []ExportedFile{}}
	for _, symbol := range symbols {
		e.manifest.Symbols = append(e.manifest.Symbols, symbol.String())
	}
	branches, err := directory.Branches(ctx, tx, e.Library)
	if err != nil {
		return e.manifest, err
	}
	e.branches = map[broker.ID]string{}
	for _, branch := range branches {
		e.branches[branch.ID] = branch.Code
	}
	shared, err := directory.SharedWith(ctx, tx, e.library.SharingGroup)
	if err != nil {
		return e.manifest, err
	}
	tx.Widen(shared...) // the card or barcode of a loan may be another's
	for _, listing := range slices.Concat(listings(), e.More) {
		if !e.wants(listing.Name) {
			continue
		}
		err := e.file(listing.Name+"."+e.Format, func(out io.Writer) (int, string, error) {
			rows, err := e.list(ctx, tx, listing, out)
			return rows, "", err
		})
		if err != nil {
			return e.manifest, err
		}
	}
	if e.wants(MARC) {
		for _, form := range []struct {
			name   string
			writer func(io.Writer) marc.Writer
		}{{"titles.mrc", marc.NewBinaryWriter}, {"titles.xml", marc.NewXMLWriter}} {
			err := e.file(form.name, func(out io.Writer) (int, string, error) { return e.titles(ctx, tx, form.writer(out)) })
			if err != nil {
				return e.manifest, err
			}
		}
	}
	if e.wants(policyTexts) {
		return e.manifest, e.policies()
	}
	return e.manifest, nil
}

// file writes one file and notes it in the manifest.
func (e *export) file(name string, write func(io.Writer) (rows int, note string, err error)) (err error) {
	file, err := os.OpenFile(filepath.Join(e.folder, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	sum, counter := sha256.New(), &byteCount{}
	buffered := bufio.NewWriterSize(io.MultiWriter(file, sum, counter), 1<<16)
	rows, note, err := write(buffered)
	if err == nil {
		err = buffered.Flush()
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	written := ExportedFile{Name: name, Rows: rows, Bytes: counter.bytes, SHA256: hex.EncodeToString(sum.Sum(nil)), Note: note}
	e.manifest.Files = append(e.manifest.Files, written)
	if e.OnFile != nil {
		e.OnFile(written)
	}
	return nil
}

type byteCount struct{ bytes int64 }

func (c *byteCount) Write(data []byte) (int, error) {
	c.bytes += int64(len(data))
	return len(data), nil
}

// policies writes the shipped documents that rule this library; published
// versions are in the listing policies.
func (e *export) policies() error {
	text, err := policy.PresetText(e.library.Policy)
	if broker.IsKind(err, broker.KindNotFound) {
		return nil // published here: in the listing
	}
	if err != nil {
		return err
	}
	document, err := policy.Parse(e.library.Policy, text)
	if err != nil {
		return err
	}
	for _, level := range document.Levels() {
		text, err := policy.PresetText(level.Policy)
		if err != nil {
			continue // published here: in the listing
		}
		err = e.file("policy-"+level.Policy+".yaml", func(out io.Writer) (int, string, error) {
			_, err := out.Write(text)
			return 1, "", err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
