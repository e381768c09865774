package loads

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"

	"afield/connectors"
)

// mostBytes is the largest file that is taken from an address.
const mostBytes = 4 << 30

// fetchFor bounds how long an address may take.
const fetchFor = 10 * time.Minute

// fetched is a file that came.
type fetched struct {
	*os.File
	hash  string
	close func()
}

// fetch gets the file of a source: the newest in a folder, the file itself, or what
// an address gives.
func fetch(ctx context.Context, source string, allowPrivate bool) (*fetched, error) {
	file, err := func() (*fetched, error) {
		if strings.HasPrefix(source, "https://") || strings.HasPrefix(source, "http://") {
			return download(ctx, source, allowPrivate)
		}
		return newest(source)
	}()
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	_, err = io.Copy(sum, file)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		file.close()
		return nil, errors.New("it cannot be read")
	}
	file.hash = hex.EncodeToString(sum.Sum(nil))
	return file, nil
}

// newest opens a file, or that of a folder which was changed last. Hidden files and
// those that are still being written (.part, .tmp) do not count.
func newest(path string) (*fetched, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, errors.New("its folder or file is not there")
	}
	if info.IsDir() {
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, errors.New("its folder cannot be read")
		}
		var latest time.Time
		name := ""
		for _, entry := range entries {
			about, err := entry.Info()
			ending := strings.ToLower(filepath.Ext(entry.Name()))
			if err != nil || !about.Mode().IsRegular() || strings.HasPrefix(entry.Name(), ".") || ending == ".part" || ending == ".tmp" {
				continue
			}
			if name == "" || !about.ModTime().Before(latest) {
				latest, name = about.ModTime(), entry.Name()
			}
		}
		if name == "" {
			return nil, errors.New("its folder is empty")
		}
		path = filepath.Join(path, name)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, errors.New("it cannot be opened")
	}
	return &fetched{File: file, close: func() { _ = file.Close() }}, nil
}

// download puts what an address gives into a temporary file.
func download(ctx context.Context, address string, allowPrivate bool) (*fetched, error) {
	dialer := &net.Dialer{Timeout: 30 * time.Second}
	if !allowPrivate {
		dialer.Control = connectors.RefusePrivate
	}
	client := resty.New().SetTimeout(fetchFor).SetRedirectPolicy(resty.NoRedirectPolicy())
	transport, err := client.Transport()
	if err != nil {
		return nil, err
	}
	transport.DialContext = dialer.DialContext
	transport.Proxy = nil
	defer transport.CloseIdleConnections()
	answer, err := client.R().SetContext(ctx).SetDoNotParseResponse(true).Get(address)
	if answer != nil && answer.RawBody() != nil {
		defer func() { _ = answer.RawBody().Close() }()
	}
	switch {
	case errors.Is(err, connectors.ErrPrivateAddress):
		return nil, errors.New("its address is private, which is not allowed")
	case err != nil:
		return nil, errors.New("its address does not answer")
	case answer.StatusCode() != 200:
		return nil, fmt.Errorf("its address answers with status %d", answer.StatusCode())
	}
	file, err := os.CreateTemp("", "afield-load-")
	if err != nil {
		return nil, err
	}
	got := &fetched{File: file, close: func() { _ = errors.Join(file.Close(), os.Remove(file.Name())) }}
	read, err := io.Copy(file, io.LimitReader(answer.RawBody(), mostBytes+1))
	if err == nil && read <= mostBytes {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil || read > mostBytes {
		got.close()
		return nil, errors.New("it does not come as a whole")
	}
	return got, nil
}
