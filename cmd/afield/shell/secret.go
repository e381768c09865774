package shell

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// secretFile is the file in the data folder with the server's own secret.
const secretFile = "secret.key"

// ServerSecret gives the secret that passwords, PINs and partners' keys depend
// on: AFIELD_SECRET, or a random one kept in --data, made on the first start and
// readable by its owner only.
func ServerSecret(a *App) ([]byte, error) {
	if a.Secret != "" {
		secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(a.Secret))
		if err != nil || len(secret) < 32 {
			return nil, fmt.Errorf("AFIELD_SECRET must be at least 32 random bytes in base64, for example from: openssl rand -base64 32 (%w)", ErrUsage)
		}
		return secret, nil
	}
	path := filepath.Join(a.Data, secretFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeSecret(a.Data, path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the server's secret: %w", err)
	}
	secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(secret) < 32 {
		return nil, fmt.Errorf("%s is damaged; restore it from a backup: without it nobody can sign in", path)
	}
	return secret, nil
}

// SecretKept tells where the server's secret is, and whether it is there.
func SecretKept(a *App) (where string, kept bool) {
	if a.Secret != "" {
		return "AFIELD_SECRET", true
	}
	where = filepath.Join(a.Data, secretFile)
	_, err := os.Stat(where)
	return where, err == nil
}

func makeSecret(folder, path string) ([]byte, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return nil, fmt.Errorf("make a secret: %w", err)
	}
	file, err := os.CreateTemp(folder, ".secret-*") // mode 0600; linked under its name only when complete
	if err != nil {
		return nil, fmt.Errorf("keep the server's secret: %w", err)
	}
	defer func() { _ = os.Remove(file.Name()) }()
	_, err = file.WriteString(base64.StdEncoding.EncodeToString(secret) + "\n")
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return nil, fmt.Errorf("keep the server's secret: %w", err)
	}
	if err := os.Link(file.Name(), path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return ServerSecret(&App{Settings: Settings{Data: folder}}) // another start was quicker
		}
		return nil, fmt.Errorf("keep the server's secret: %w", err)
	}
	return secret, nil
}
