package migrations

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"regexp"
	"sort"
	"strconv"
)

//go:embed *.sql
var embedded embed.FS

// File is one migration.
type File struct {
	// Version is the number in front of the name.
	Version int
	// Name is the file's name without .sql, for example 0001_directory_and_access.
	Name string
	// SQL is what it runs.
	SQL string
	// Checksum is the SHA-256 of SQL in hexadecimal.
	Checksum string
}

// Files lists the migrations built into this program, in order.
func Files() ([]File, error) { return read(embedded) }

var namePattern = regexp.MustCompile(`^(\d{4})_[a-z0-9_]+\.sql$`)

func read(folder fs.FS) ([]File, error) {
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return nil, fmt.Errorf("list the migrations: %w", err)
	}
	var files []File
	for _, entry := range entries {
		match := namePattern.FindStringSubmatch(entry.Name())
		if match == nil {
			return nil, fmt.Errorf("%s is not named like a migration, NNNN_name.sql", entry.Name())
		}
		text, err := fs.ReadFile(folder, entry.Name())
		if err != nil {
			return nil, fmt.Errorf("read migration %s: %w", entry.Name(), err)
		}
		version, err := strconv.Atoi(match[1])
		if err != nil {
			return nil, fmt.Errorf("number of %s: %w", entry.Name(), err)
		}
		sum := sha256.Sum256(text)
		files = append(files, File{
			Version: version, Name: entry.Name()[:len(entry.Name())-len(".sql")],
			SQL: string(text), Checksum: hex.EncodeToString(sum[:]),
		})
	}
	sort.Slice(files, func(i, j int) bool { return files[i].Version < files[j].Version })
	for i := 1; i < len(files); i++ {
		if files[i].Version == files[i-1].Version {
			return nil, fmt.Errorf("%s and %s have the same number", files[i-1].Name, files[i].Name)
		}
	}
	return files, nil
}

// Fingerprint names this exact schema, for test templates: it changes with any
// byte of any file and with River's version.
func Fingerprint() (string, error) {
	files, err := Files()
	if err != nil {
		return "", err
	}
	all := sha256.New()
	fmt.Fprintf(all, "layout 1 river %d\n", latestRiver())
	for _, file := range files {
		fmt.Fprintln(all, file.Name, file.Checksum)
	}
	return hex.EncodeToString(all.Sum(nil)[:6]), nil
}
