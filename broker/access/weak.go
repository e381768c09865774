package access

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"afield/broker"
)

// Known is what others may know about somebody, and so guess first.
type Known struct {
	// Card is the number of the card that a PIN goes with.
	Card   string
	BornOn broker.Date
	// Username is the name that a password goes with.
	Username string
}

// CheckPIN refuses a PIN of the wrong length, and one that would be guessed
// first: one sign repeated, a run such as 1234, a part of the card's number, the
// year or the day of birth. pointer is the field it was given in.
func CheckPIN(pointer, pin string, of Known) []broker.FieldError {
	wrong := func(code, format string, args ...any) []broker.FieldError {
		return []broker.FieldError{{Pointer: pointer, Code: code, Message: fmt.Sprintf(format, args...)}}
	}
	born := of.BornOn
	switch length := utf8.RuneCountInString(pin); {
	case length < minPIN || length > maxPIN || !printable(pin):
		return wrong("bad_pin", "must have %d to %d characters", minPIN, maxPIN)
	case isRepeated(pin, 2):
		return wrong("weak_pin", "must not be one or two characters repeated")
	case isRun(pin):
		return wrong("weak_pin", "must not be a run of digits or letters")
	case of.Card != "" && strings.Contains(normalCard(of.Card), normalCard(pin)):
		return wrong("weak_pin", "must not be part of the card's number")
	case !born.IsZero() && isOneOf(pin, born, "2006", "0102", "0201", "010206", "020106", "060102", "02012006", "01022006", "20060102"):
		return wrong("weak_pin", "must not be the day or the year of birth")
	}
	return nil
}

// isOneOf tells whether a text is a date, written in one of several ways.
func isOneOf(text string, date broker.Date, ways ...string) bool {
	for _, way := range ways {
		if text == date.UTC().Format(way) {
			return true
		}
	}
	return false
}

// commonWords are what passwords that were found out are most often made of.
const commonWords = "password|passwort|motdepasse|passphrase|letmein|welcome|bienvenue|qwerty|qwertz|azerty|asdfgh|" +
	"administrator|admin|changeme|iloveyou|monkey|dragon|master|secret|login|library|librarian|bibliotheque|afield|abc|xyz"

// onlyCommon fits what is nothing but common words, with digits anywhere.
var onlyCommon = regexp.MustCompile(`^(?:[0-9]|` + commonWords + `)*$`)

// CheckPassword refuses a password of the wrong length, and one that would be
// guessed first: a few signs repeated, a run, the user name, or nothing but
// common words and digits.
func CheckPassword(pointer, password string, of Known) []broker.FieldError {
	wrong := func(code, format string, args ...any) []broker.FieldError {
		return []broker.FieldError{{Pointer: pointer, Code: code, Message: fmt.Sprintf(format, args...)}}
	}
	plain := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, password)
	switch length := utf8.RuneCountInString(password); {
	case length < minPassword || length > maxPassword || !utf8.ValidString(password):
		return wrong("bad_password", "must have %d to %d characters", minPassword, maxPassword)
	case len(of.Username) > 3 && strings.Contains(strings.ToLower(password), normalUsername(of.Username)):
		return wrong("weak_password", "must not contain the user name")
	case isRepeated(strings.ToLower(password), 4):
		return wrong("weak_password", "must not be a few characters repeated")
	case onlyCommon.MatchString(plain):
		return wrong("weak_password", "must not be made of digits and of words that others try first")
	}
	return nil
}

// isRepeated tells whether a text is some characters, at most longest, again and
// again.
func isRepeated(text string, longest int) bool {
	runes := []rune(text)
	for unit := 1; unit <= longest && unit < len(runes); unit++ {
		same := true
		for i := unit; i < len(runes); i++ {
			same = same && runes[i] == runes[i-unit]
		}
		if same {
			return true
		}
	}
	return false
}

// isRun tells whether each character is the next one after, or before, the one
// before it; after 9 comes 0.
func isRun(text string) bool {
	runes := []rune(text)
	for _, step := range []rune{1, -1} {
		run := len(runes) > 1
		for i := 1; i < len(runes); i++ {
			next := runes[i-1] + step
			switch next {
			case '9' + 1:
				next = '0'
			case '0' - 1:
				next = '9'
			}
			run = run && runes[i] == next
		}
		if run {
			return true
		}
	}
	return false
}

// RandomPIN makes six digits that CheckPIN accepts.
func RandomPIN(of Known) string {
	for {
		number, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
		if err != nil {
			panic(err) // crypto/rand does not fail
		}
		if pin := fmt.Sprintf("%06d", number); CheckPIN("", pin, of) == nil {
			return pin
		}
	}
}
