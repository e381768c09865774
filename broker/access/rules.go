package access

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"afield/broker"
	"afield/broker/directory"
)

// limit allows a number of tries within a window that slides with time.
type limit struct {
	window time.Duration
	tries  int
}

// guessLimits bound the guesses at one card or staff user from one network, or from
// one device or session that is known. A four-digit PIN has 10,000 values: at 20 a
// day a guesser needs most of a year for an even chance, and the short windows slow a
// script down long before that.
var guessLimits = []limit{
	{time.Minute, 5},
	{15 * time.Minute, 10},
	{24 * time.Hour, 20},
}

// accountLimits bound the guesses at one card or staff user from everywhere, against
// a guesser with many networks. They are wider, so that one network cannot reach
// them alone; a known device comes in all the same.
var accountLimits = []limit{
	{time.Minute, 12},
	{15 * time.Minute, 24},
	{24 * time.Hour, 60},
}

// networkLimits bound the failures from one network, against spraying one PIN
// over many cards. They are wider than a card's, because a whole library may
// stand behind one address; tries that succeed are taken off again.
var networkLimits = []limit{
	{time.Minute, 30},
	{time.Hour, 120},
	{24 * time.Hour, 400},
}

// longestWindow is how far back tries are kept.
const longestWindow = 24 * time.Hour

// tally counts the tries of one bucket in one minute.
type tally struct {
	minute time.Time
	tries  int
}

// waitFor gives how long the next try must wait, or 0: the longest wait that any
// limit asks for.
func waitFor(limits []limit, tallies []tally, now time.Time) time.Duration {
	var longest time.Duration
	for _, l := range limits {
		count := 0
		var oldest []tally
		for _, t := range tallies {
			if t.minute.After(now.Add(-l.window)) {
				count += t.tries
				oldest = append(oldest, t)
			}
		}
		if count < l.tries {
			continue
		}
		slices.SortFunc(oldest, func(a, b tally) int { return a.minute.Compare(b.minute) })
		// The try passes once enough of the oldest have left the window.
		for _, t := range oldest {
			count -= t.tries
			if count < l.tries {
				longest = max(longest, t.minute.Add(l.window).Sub(now), time.Second)
				break
			}
		}
	}
	return longest
}

// networkOf gives the network a caller is counted under: 256 addresses of
// IPv4, or the 64 bits that one IPv6 subscriber is given.
func networkOf(address string) string {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return "unknown"
	}
	addr = addr.Unmap().WithZone("")
	bits := 64
	if addr.Is4() {
		bits = 24
	}
	prefix, err := addr.Prefix(bits)
	if err != nil {
		return "unknown"
	}
	return prefix.String()
}

// normalCard drops what people put between the digits of a card number, so that
// one card has one bucket however it is typed.
func normalCard(number string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '-' || r == '.' {
			return -1
		}
		return unicode.ToUpper(r)
	}, broker.Plain(number))
}

func normalUsername(name string) string { return strings.ToLower(broker.Plain(name)) }

const (
	minPIN, maxPIN           = 4, 64
	minPassword, maxPassword = 12, 200
	maxUsername              = 64
)

// checkStaff reports everything wrong with a new staff user at once.
func checkStaff(staff NewStaff) error {
	name := normalUsername(staff.Username)
	wrong := checkUsername(name)
	wrong = append(wrong, CheckPassword("/password", staff.Password, Known{Username: name})...)
	wrong = append(wrong, checkRoles(staff.Roles)...)
	if len(wrong) > 0 {
		return broker.Invalid(wrong...)
	}
	return nil
}

// CheckUsername refuses what cannot be a user name; pointer is its field.
func CheckUsername(pointer, name string) error {
	wrong := checkUsername(normalUsername(name))
	if len(wrong) == 0 {
		return nil
	}
	wrong[0].Pointer = pointer
	return broker.Invalid(wrong...)
}

func checkUsername(name string) []broker.FieldError {
	if unfit := broker.CheckSigns("/username", name); unfit != nil {
		return unfit
	}
	if name != "" && len(name) <= maxUsername {
		return nil
	}
	return []broker.FieldError{{
		Pointer: "/username", Code: "bad_username",
		Message: fmt.Sprintf("must have 1 to %d characters", maxUsername),
	}}
}

func checkRoles(roles []string) []broker.FieldError {
	if len(roles) == 0 {
		return []broker.FieldError{{Pointer: "/roles", Code: "required", Message: "must name at least one role"}}
	}
	for _, role := range roles {
		if !slices.Contains(Roles(), role) {
			return []broker.FieldError{{
				Pointer: "/roles", Code: "unknown_role",
				Message: fmt.Sprintf("%q is not a role; the roles are %s", role, strings.Join(Roles(), ", ")),
			}}
		}
	}
	return nil
}

func printable(text string) bool {
	return utf8.ValidString(text) && strings.IndexFunc(text, unicode.IsControl) < 0
}

// How long a sign-in lasts, and the longest life of a program's token.
const (
	staffSession   = 12 * time.Hour
	patronSession  = 12 * time.Hour
	longestProgram = 2 * 365 * 24 * time.Hour
)

// How long a session may lie idle: staff go away from a desk for a while, patrons walk
// away from a computer that the next one sits down at. A program's token may.
const (
	staffIdle  = 90 * time.Minute
	patronIdle = 30 * time.Minute
)

// usedEvery is how exactly the last use of a session is kept.
const usedEvery = 2 * time.Minute

// notSignedIn is the one answer to a failed sign-in: it does not say whether the
// card, the user, the library or the secret was wrong.
func notSignedIn() error {
	return &broker.Error{
		Kind: broker.KindUnauthenticated, Code: "sign_in_failed",
		Detail: "That sign-in is not right.",
	}
}

// badToken is the one answer to a token that is unknown, expired or revoked.
func badToken() error {
	return &broker.Error{
		Kind: broker.KindUnauthenticated, Code: "bad_token",
		Detail: "The token is not known here, or has ended. Sign in again.",
	}
}

// mayEnter refuses the staff and the programs of a library that is suspended, and
// everybody of one that has left. It is asked only of callers who are who they say.
func mayEnter(kind Kind, status directory.Status) error {
	refuse := func(code, detail string) error {
		return &broker.Error{Kind: broker.KindUnauthenticated, Code: code, Detail: detail}
	}
	switch {
	case status == directory.StatusClosed:
		return refuse("library_closed", "The library has left this consortium; nobody signs in there any more.")
	case status == directory.StatusSuspended && kind != KindPatron:
		return refuse("library_suspended", "The library is suspended; its staff cannot sign in until the consortium's office lets it in again.")
	}
	return nil
}

func throttled(wait time.Duration) error {
	seconds := int((wait + time.Second - 1) / time.Second)
	return &broker.Error{
		Kind: broker.KindThrottled, Code: "too_many_tries", RetryAfterSeconds: seconds,
		Detail: "Too many tries to sign in. Wait, then try again.",
	}
}
