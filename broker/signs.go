package broker

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"
)

// oneLine is what barcodes, card numbers and names are made of: the free-form class of
// RFC 8264, which has no control signs and none that cannot be seen or turn the
// writing around, but for joiners where a script needs them. Full-width signs become
// the usual ones.
var oneLine = precis.NewFreeform(precis.FoldWidth, precis.Norm(norm.NFC))

// Plain gives a barcode, a card number or a name as it is kept and looked for: without
// blanks around it, with the usual signs for full-width ones. What CheckSigns refuses
// stays as it is, and so is found nowhere.
func Plain(text string) string {
	text = strings.TrimSpace(text)
	if plain, err := oneLine.String(text); err == nil {
		return strings.TrimSpace(plain)
	}
	return text
}

// CheckSigns refuses what no barcode, card number or name may hold; pointer is its
// field.
func CheckSigns(pointer, text string) []FieldError {
	if _, err := oneLine.String(text); err == nil {
		return nil
	}
	message := "must not hold control signs, nor such as cannot be seen or turn the writing around"
	for _, sign := range text {
		if unicode.In(sign, unicode.C, unicode.Zl, unicode.Zp) {
			message += fmt.Sprintf(" (it has U+%04X)", sign)
			break
		}
	}
	return []FieldError{{Pointer: pointer, Code: "control_character", Message: message}}
}
