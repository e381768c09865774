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
		if got := waitFor(cardLimits, c.tallies, noon); got != c.want {
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
			if waitFor(cardLimits, tallies, at) > 0 {
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
	for _, pin := range []string{"123", "0000", strings.Repeat("12", 40), "12\x004"} {
		if !broker.IsKind(checkPIN(pin), broker.KindInvalid) {
			t.Errorf("PIN %q is accepted", pin)
		}
	}
	if err := checkPIN("4821"); err != nil {
		t.Errorf("PIN 4821: %v", err)
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
