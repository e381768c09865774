package directory

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"

	"afield/broker"
)

// Vault seals secrets of peers with the server's key, so that a copy of the
// database alone signs nothing.
type Vault struct{ sealer cipher.AEAD }

// NewVault makes a vault from a key of 32 bytes.
func NewVault(key []byte) (*Vault, error) {
	if len(key) != 32 {
		return nil, fmt.Errorf("the server's key must be 32 bytes long, not %d", len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make the vault: %w", err)
	}
	sealer, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("make the vault: %w", err)
	}
	return &Vault{sealer}, nil
}

// NewSecret makes a random secret of 32 bytes.
func NewSecret() []byte {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails; the program stops if it would
	return secret
}

// Seal encrypts a secret for one library and use, for example "outbound". It
// opens only for the same two, so sealed values cannot be swapped between rows.
func (v *Vault) Seal(library broker.ID, use string, secret []byte) []byte {
	return v.sealer.Seal(nil, nil, secret, bound(library, use))
}

// Open gives back what was sealed; the error says nothing about the secret.
func (v *Vault) Open(library broker.ID, use string, sealed []byte) ([]byte, error) {
	secret, err := v.sealer.Open(nil, nil, sealed, bound(library, use))
	if err != nil {
		return nil, errors.New("a sealed secret does not open with this server's key")
	}
	return secret, nil
}

func bound(library broker.ID, use string) []byte { return append(library[:], use...) }
