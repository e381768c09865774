package access

import (
	"errors"
	"strings"
	"testing"
	"time"

	"afield/broker"
)

var noon = time.Date(2026, 8, 3, 12, 0, 30, 0, time.UTC)

func minutesAgo(minutes, tries int) tally {
	return tally{minute: noon.Add(-time.Duration(minutes) * time.Minute).Truncate(time.Minute), tries: tries}
}

func TestWaitFor(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		tallies []tally
		want    time.Duration
	}{
		{"nothing tried", nil, 0},
		{"four in this minute", []tally{minutesAgo(0, 4)}, 0},
		{"five in this minute", []tally{minutesAgo(0, 5)}, 30 * time.Second},
		{"ten in a quarter of an hour", []tally{minutesAgo(14, 5), minutesAgo(7, 5)}, 30 * time.Second},
		{"twenty in a day wait for the oldest to be a day old", []tally{minutesAgo(23*60, 5), minutesAgo(600, 5), minutesAgo(300, 5), minutesAgo(100, 5)}, time.Hour - 30*time.Second},
		{"older than a day does not count", []tally{minutesAgo(25*60, 400)}, 0},
	}
	for _, c := range cases {
		if got := waitFor(guessLimits, c.tallies, noon); got != c.want {
			t.Errorf("%s: wait %s, want %s", c.name, got, c.want)
		}
	}
}

// However a guesser spreads the tries, no day of 24 hours has more than twenty.
func TestNoDayHasMoreThanTwentyGuesses(t *testing.T) {
	t.Parallel()
	for _, every := range []time.Duration{time.Second, 7 * time.Second, time.Minute, 13 * time.Minute, 71 * time.Minute} {
		var tallies []tally
		var tried []time.Time
		for at := noon; at.Before(noon.Add(72 * time.Hour)); at = at.Add(every) {
			if waitFor(guessLimits, tallies, at) > 0 {
				continue
			}
			tried = append(tried, at)
			tallies = append(tallies, tally{minute: at.Truncate(time.Minute), tries: 1})
		}
		for i := range tried {
			if i >= 20 && tried[i].Sub(tried[i-20]) < 24*time.Hour-time.Minute {
				t.Fatalf("every %s: guesses %d to %d lie within %s", every, i-20, i, tried[i].Sub(tried[i-20]))
			}
		}
	}
}

func TestNetworkOf(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"203.0.113.9": "203.0.113.0/24", "203.0.113.200": "203.0.113.0/24", "::ffff:203.0.113.9": "203.0.113.0/24",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "nonsense": "unknown", "": "unknown",
	} {
		if got := networkOf(address); got != want {
			t.Errorf("networkOf(%q) = %q, want %q", address, got, want)
		}
	}
}

func TestOneCardHoweverTyped(t *testing.T) {
	t.Parallel()
	for _, typed := range []string{"21234000000011", " 2123 4000 0000 11 ", "2-1234-00000-0011", "21234\u00a0000000011"} {
		if got := normalCard(typed); got != "21234000000011" {
			t.Errorf("normalCard(%q) = %q", typed, got)
		}
	}
}

func TestWeakSecretsAreRefusedTogether(t *testing.T) {
	t.Parallel()
	err := checkStaff(NewStaff{Username: " ", Password: "short", Roles: []string{"king"}})
	ours, ok := broker.AsError(err)
	if !ok || len(ours.Fields) != 3 {
		t.Fatalf("want user name, password and roles refused at once, got %v", err)
	}
	if err := checkStaff(NewStaff{Username: "librarian", Password: "the-Librarian-2026", Roles: []string{RoleDesk}}); !broker.IsKind(err, broker.KindInvalid) {
		t.Errorf("a password with the user name in it: %v", err)
	}
}

func TestAStoredHashHoldsNoSecretAndNeedsTheKey(t *testing.T) {
	t.Parallel()
	cheap := Cost{MemoryKiB: 64, Passes: 1}
	one, other := newHasher([]byte(strings.Repeat("k", 32)), cheap), newHasher([]byte(strings.Repeat("o", 32)), cheap)
	stored, err := one.hash(t.Context(), "4821")
	if err != nil || strings.Contains(stored, "4821") {
		t.Fatalf("hash %q, %v", stored, err)
	}
	for _, c := range []struct {
		hasher *hasher
		secret string
		stored string
		want   bool
	}{{one, "4821", stored, true}, {one, "4822", stored, false}, {other, "4821", stored, false}, {one, "4821", "", false}} {
		if got, err := c.hasher.matches(t.Context(), c.secret, c.stored); err != nil || got != c.want {
			t.Errorf("matches(%q) = %v, %v; want %v", c.secret, got, err, c.want)
		}
	}
	if _, err := one.matches(t.Context(), "4821", "$argon2id$broken"); !errors.Is(err, errBadHash) {
		t.Errorf("a broken hash: %v", err)
	}
}

// What would be guessed first is refused, and says which rule it breaks.
func TestWhatIsGuessedFirstIsRefused(t *testing.T) {
	t.Parallel()
	of := Known{Card: "21234000000958", BornOn: broker.MustDate("1987-03-14"), Username: "desk-west"}
	for pin, code := range map[string]string{
		"123": "bad_pin", strings.Repeat("9128", 20): "bad_pin", "12\x004": "bad_pin", "0000": "weak_pin", "7979": "weak_pin", "1234": "weak_pin",
		"4321": "weak_pin", "8901": "weak_pin", "2109": "weak_pin", "abcd": "weak_pin", "0958": "weak_pin", "21234000000958": "weak_pin",
		"1987": "weak_pin", "1403": "weak_pin", "0314": "weak_pin", "14031987": "weak_pin", "19870314": "weak_pin",
		"4821": "", "9580": "", "1978": "", "731946": "",
	} {
		if got := codeOf(CheckPIN("/pin", pin, of)); got != code {
			t.Errorf("PIN %q: %q, want %q", pin, got, code)
		}
	}
	if CheckPIN("/pin", "1987", Known{}) != nil {
		t.Error("a year is refused though no birthday is known")
	}
	for password, code := range map[string]string{
		"elevenchars": "bad_password", strings.Repeat("ab1", 70): "bad_password", "aaaaaaaaaaaa": "weak_password", "Abc1abc1abc1": "weak_password",
		"Password2026!": "weak_password", "letmein-letmein": "weak_password", "123456789012": "weak_password", "the-Desk-West-2026": "weak_password",
		"qwerty qwerty 99": "weak_password", "correct horse battery": "", "a long enough secret": "", "nine marmots dig": "",
	} {
		if got := codeOf(CheckPassword("/password", password, of)); got != code {
			t.Errorf("password %q: %q, want %q", password, got, code)
		}
	}
	for range 200 {
		if pin := RandomPIN(of); CheckPIN("/pin", pin, of) != nil || len(pin) != 6 {
			t.Fatalf("made %q", pin)
		}
	}
}

func codeOf(wrong []broker.FieldError) string {
	if len(wrong) == 0 {
		return ""
	}
	return wrong[0].Code
}
