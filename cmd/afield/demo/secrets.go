package demo

import (
	"crypto/rand"
	"math/big"
	"strings"
)

// letters leaves out characters that are easily misread.
const letters = "abcdefghjkmnpqrstuvwxyz23456789"

// randomPassword makes sixteen letters in four groups, about 79 bits.
func randomPassword() string {
	groups := make([]string, 4)
	for i := range groups {
		groups[i] = randomText(letters, 4)
	}
	return strings.Join(groups, "-")
}

func randomText(from string, length int) string {
	var text strings.Builder
	for range length {
		at, err := rand.Int(rand.Reader, big.NewInt(int64(len(from))))
		if err != nil {
			panic(err) // crypto/rand does not fail
		}
		text.WriteByte(from[at.Int64()])
	}
	return text.String()
}
