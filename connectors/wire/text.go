package wire

import (
	"strings"
	"unicode"
)

// OneLine turns control characters into spaces.
func OneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

// Clip cuts text to a number of bytes without splitting a character.
func Clip(text string, longest int) string {
	if len(text) <= longest {
		return strings.ToValidUTF8(text, "�")
	}
	return strings.ToValidUTF8(text[:longest], "") + "…"
}
