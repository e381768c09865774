package access

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Cost is what one password hash costs. The zero Cost is the one for
// production; tests give a smaller one.
type Cost struct {
	// MemoryKiB is the memory of one hash.
	MemoryKiB uint32
	// Passes over that memory.
	Passes uint32
}

// productionCost is OWASP's second recommendation for argon2id: 19 MiB, two
// passes, about 30 ms.
var productionCost = Cost{MemoryKiB: 19 * 1024, Passes: 2}

const hashBytes, saltBytes = 32, 16

// hasher makes and checks password and PIN hashes. The server's key is mixed in
// first, because a stolen table of four-digit PINs could otherwise be searched
// whole in minutes.
type hasher struct {
	key  []byte
	cost Cost
	// slots bounds how many hashes run at once, so that a burst of sign-ins
	// cannot take all memory.
	slots chan struct{}
	// decoy is checked when the card or user is unknown, so that the answer
	// takes as long.
	decoy string
}

func newHasher(key []byte, cost Cost) *hasher {
	if cost == (Cost{}) {
		cost = productionCost
	}
	h := &hasher{key: key, cost: cost, slots: make(chan struct{}, 2*runtime.GOMAXPROCS(0))}
	h.decoy = h.encode(make([]byte, saltBytes), make([]byte, hashBytes))
	return h
}

// hash gives the text to store for a secret.
func (h *hasher) hash(ctx context.Context, secret string) (string, error) {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails: crypto/rand ends the program instead
	sum, err := h.sum(ctx, secret, salt, h.cost)
	if err != nil {
		return "", err
	}
	return h.encode(salt, sum), nil
}

func (h *hasher) encode(salt, sum []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, h.cost.MemoryKiB, h.cost.Passes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum))
}

// matches tells whether a secret has the stored hash. An empty stored hash
// means there is nothing to match; the same work is done and the answer is no.
func (h *hasher) matches(ctx context.Context, secret, stored string) (bool, error) {
	known := stored != ""
	if !known {
		stored = h.decoy
	}
	cost, salt, want, err := decode(stored)
	if err != nil {
		return false, err
	}
	got, err := h.sum(ctx, secret, salt, cost)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && known, nil
}

func (h *hasher) sum(ctx context.Context, secret string, salt []byte, cost Cost) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return argon2.IDKey(h.mac("secret", secret), salt, cost.Passes, cost.MemoryKiB, 1, hashBytes), nil
}

// mac binds a text to the server's key, for one purpose only.
func (h *hasher) mac(purpose, text string) []byte {
	mac := hmac.New(sha256.New, h.key)
	mac.Write([]byte(purpose + "\x00" + text))
	return mac.Sum(nil)
}

// bucket names a throttle's counter without telling what it counts: the table
// holds no card numbers and no addresses.
func (h *hasher) bucket(purpose string, parts ...string) string {
	return purpose + ":" + hex.EncodeToString(h.mac("bucket:"+purpose, strings.Join(parts, "\x00"))[:16])
}

var errBadHash = errors.New("a stored hash cannot be read")

func decode(stored string) (cost Cost, salt, sum []byte, err error) {
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return Cost{}, nil, nil, errBadHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=1", &cost.MemoryKiB, &cost.Passes); err != nil {
		return Cost{}, nil, nil, errBadHash
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	sum, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(sum) != hashBytes || cost.Passes == 0 {
		return Cost{}, nil, nil, errBadHash
	}
	return cost, salt, sum, nil
}

const tokenPrefix = "af_"

// newToken makes a bearer token of 256 random bits. The prefix lets scanners of
// leaked secrets know it.
func newToken() string {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails: crypto/rand ends the program instead
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(random)
}

// tokenHash is what is stored of a token. A plain hash is enough for 256 random
// bits; there is nothing to guess.
func tokenHash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
