package app

import (
	"strings"
	"testing"
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
