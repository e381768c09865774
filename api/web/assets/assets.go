// Package assets holds the style and the scripts of the pages: our own, embedded,
// served under a name that changes with the content so that browsers may keep
// them for good.
package assets

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"
)

// Prefix is where they are served.
const Prefix = "/assets/"

//go:embed *.css *.js
var files embed.FS

type asset struct {
	body, packed []byte
	media, hash  string
}

// all are the files, read once; they are embedded, so reading cannot fail.
var all = sync.OnceValue(func() map[string]asset {
	read := map[string]asset{}
	names, _ := fs.Glob(files, "*.*")
	for _, name := range names {
		body, err := files.ReadFile(name)
		if err != nil {
			panic(fmt.Sprintf("assets: %v", err))
		}
		sum := sha256.Sum256(body)
		var packed bytes.Buffer
		w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		_, _ = w.Write(body)
		_ = w.Close()
		read[name] = asset{body: body, packed: packed.Bytes(), media: mime.TypeByExtension(path.Ext(name)), hash: hex.EncodeToString(sum[:6])}
	}
	return read
})

// Path is the address of a file, with its content's hash.
func Path(name string) string {
	one, known := all()[name]
	if !known {
		panic("assets: there is no " + name)
	}
	return Prefix + one.hash + "/" + name
}

// Serve answers with a file. Under its present address it may be kept for good;
// under an old one it is given as it is now.
func Serve(c echo.Context) error {
	hash, name, _ := strings.Cut(c.Param("*"), "/")
	one, known := all()[name]
	if !known {
		return echo.ErrNotFound
	}
	header := c.Response().Header()
	header.Set("Cache-Control", "no-cache")
	if hash == one.hash {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	header.Set("Vary", "Accept-Encoding")
	body := one.body
	if strings.Contains(c.Request().Header.Get("Accept-Encoding"), "gzip") {
		header.Set("Content-Encoding", "gzip")
		body = one.packed
	}
	return c.Blob(http.StatusOK, one.media, body)
}
