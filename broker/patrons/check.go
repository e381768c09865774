package patrons

import (
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/policy"
	"afield/broker/policy/accounts"
	"afield/broker/policy/blocks"
)

// NoticeChannels are the ways a patron may ask to be told by.
func NoticeChannels() []string {
	return []string{"phone", "voice", "email", "sms", "letter", "account"}
}

// The years in which somebody who has a card can have been born begin here.
const firstBirthYear = 1900

// Check judges what is known of a person, whoever brings it: staff, a program or
// a file. It gives every problem with its field in the contract.
func Check(document *policy.Document, patron Patron, today broker.Date) (wrong []broker.FieldError) {
	say := func(pointer, code, format string, args ...any) {
		wrong = append(wrong, broker.FieldError{Pointer: pointer, Code: code, Message: fmt.Sprintf(format, args...)})
	}
	wrong = append(wrong, checkClass(document, patron.Class)...)
	if strings.TrimSpace(patron.Name) == "" {
		say("/name", "required", "must say who it is")
	}
	wrong = append(wrong, broker.CheckSigns("/name", patron.Name)...)
	switch born := patron.BornOn; {
	case born.IsZero():
	case born.After(today):
		say("/born_on", "in_the_future", "must not lie in the future")
	case born.Year() < firstBirthYear:
		say("/born_on", "too_early", "must not lie before %d", firstBirthYear)
	}
	if channels := NoticeChannels(); patron.NoticeChannel != "" && !slices.Contains(channels, patron.NoticeChannel) {
		say("/notice_channel", "not_allowed", "must be one of %s", strings.Join(channels, ", "))
	}
	if patron.Email != "" && !isAddress(patron.Email) {
		say("/email", "wrong_form", "must be an address such as name@example.org")
	}
	if patron.Phone != "" && !strings.ContainsFunc(patron.Phone, unicode.IsDigit) {
		say("/phone", "wrong_form", "must be a telephone number")
	}
	if _, err := language.Parse(patron.Language); patron.Language != "" && err != nil {
		say("/language", "wrong_form", "must be a language tag such as en or fr-CA")
	}
	known := append(slices.Clone(document.Items()), catalog.Audiences()...)
	for _, kept := range patron.NotFor {
		if !slices.Contains(known, kept) {
			say("/not_for", "not_allowed", "must be of %s", strings.Join(known, ", "))
			break
		}
	}
	return wrong
}

// checkClass refuses a class of patrons that the policy does not know. A library
// that borrows is no person and is not registered.
func checkClass(document *policy.Document, class string) []broker.FieldError {
	known := slices.DeleteFunc(slices.Clone(document.Classes()), func(class string) bool { return class == ClassLibrary })
	switch {
	case class == "":
		return []broker.FieldError{{Pointer: "/class", Code: "required", Message: "must be one of " + strings.Join(known, ", ")}}
	case slices.Contains(known, class):
		return nil
	}
	return []broker.FieldError{{Pointer: "/class", Code: "unknown_class", Message: "must be one of " + strings.Join(known, ", ")}}
}

func isAddress(text string) bool {
	read, err := mail.ParseAddress(text)
	return err == nil && read.Address == text // and no name before it
}

// longestNumber bounds a card number, in characters.
const longestNumber = 64

// CheckNumber judges the number of a card that is to be given out; pointer is
// its field.
func CheckNumber(library directory.Library, document *policy.Document, pointer, number string) []broker.FieldError {
	wrong := func(code, format string, args ...any) []broker.FieldError {
		return []broker.FieldError{{Pointer: pointer, Code: code, Message: fmt.Sprintf(format, args...)}}
	}
	digits := accounts.CardDigits(document)
	if unfit := broker.CheckSigns(pointer, number); unfit != nil {
		return unfit
	}
	switch number = broker.Plain(number); {
	case number == "":
		return wrong("required", "must be the number of an unused card")
	case !isNumber(number):
		return wrong("wrong_form", "must be at most %d letters and digits, without spaces", longestNumber)
	case digits.Value.Is && (len(number) != digits.Value.Value || strings.Trim(number, "0123456789") != ""):
		return wrong("wrong_length", "must have %d digits", digits.Value.Value)
	}
	return library.NotTaken(pointer, number, directory.CardNumbers)
}

// isNumber tells whether text can be a card number: files divide numbers by the
// characters that it may not have.
func isNumber(text string) bool {
	return utf8.RuneCountInString(text) <= longestNumber && !strings.ContainsAny(text, ";=") &&
		!strings.ContainsFunc(text, unicode.IsSpace)
}

// CheckDays refuses a block that ends before it begins; zero days are open.
func CheckDays(from, until broker.Date) []broker.FieldError {
	if until.IsZero() || !until.Before(from) {
		return nil
	}
	return []broker.FieldError{{Pointer: "/until_on", Code: "before_from", Message: "must not end before it begins"}}
}

// CheckGround refuses a ground for a block that is not one of those the policy
// names, where it names any.
func CheckGround(document *policy.Document, ground string) []broker.FieldError {
	known := blocks.BlockGrounds(document).Value
	if len(known) == 0 || slices.Contains(known, ground) {
		return nil
	}
	return []broker.FieldError{{Pointer: "/ground", Code: "not_a_ground", Message: "must be one of " + strings.Join(known, ", ")}}
}
