package broker

import (
	"errors"
	"net/mail"
	"net/url"
)

// Mailto reads the address of whoever is reached by mail, for example
// mailto:ill@library.example.org. The error says what it must be.
func Mailto(text string) (string, error) {
	parsed, err := url.Parse(text)
	if err == nil && parsed.Scheme == "mailto" && parsed.RawQuery == "" {
		if address, err := mail.ParseAddress(parsed.Opaque); err == nil && address.Address == parsed.Opaque {
			return address.Address, nil
		}
	}
	return "", errors.New("must be a mail address such as mailto:ill@library.example.org")
}
