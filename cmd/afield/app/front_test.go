package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Only a caller on the server itself is told the command.
func TestOnlyTheServerItselfIsToldTheFirstStep(t *testing.T) {
	t.Parallel()
	for caller, told := range map[string]bool{"127.0.0.1": true, "::1": true, "::ffff:127.0.0.1": true, "10.0.0.7": false, "2001:db8::1": false, "": false} {
		if got := strings.Contains(firstStep(caller), "afield operator add"); got != told {
			t.Errorf("%q is told %v", caller, got)
		}
	}
}

// pair writes a certificate with a number, and its key.
func pair(t *testing.T, front Front, number int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(number), NotAfter: time.Now().Add(time.Hour)}
	made, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{front.Certificate: {Type: "CERTIFICATE", Bytes: made}, front.Key: {Type: "EC PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, time.Time{}, time.Unix(number, 0)); err != nil { // one write after the other has another moment
			t.Fatal(err)
		}
	}
}

// New files are taken at the next call; broken ones leave the old certificate.
func TestTheCertificateIsReadAgain(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	front := Front{Certificate: filepath.Join(folder, "cert.pem"), Key: filepath.Join(folder, "key.pem")}
	pair(t, front, 1)
	files := &certificate{front: front, log: slog.New(slog.DiscardHandler)}
	if err := files.load(); err != nil {
		t.Fatal(err)
	}
	number := func() int64 {
		got, err := files.current(&tls.ClientHelloInfo{})
		if err != nil {
			t.Fatal(err)
		}
		return got.Leaf.SerialNumber.Int64()
	}
	if got := number(); got != 1 {
		t.Errorf("the first is %d", got)
	}
	pair(t, front, 2)
	if got := number(); got != 2 {
		t.Errorf("after a change it is %d", got)
	}
	if err := os.WriteFile(front.Key, []byte("half a"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := number(); got != 2 {
		t.Errorf("with half a key it is %d", got)
	}
	if err := os.Remove(front.Certificate); err != nil {
		t.Fatal(err)
	}
	if got := number(); got != 2 {
		t.Errorf("without a file it is %d", got)
	}
	pair(t, front, 3)
	if got := number(); got != 3 {
		t.Errorf("once they are whole it is %d", got)
	}
}
