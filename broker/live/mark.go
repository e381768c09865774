package live

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"afield/broker"
)

// Mark is how far somebody has heard: a snapshot of the database and its wall time.
// The zero value is nobody's.
type Mark struct {
	snapshot string
	at       time.Time
}

// Kept is how long changes are kept. Who comes back later has to read everything
// again.
const Kept = 24 * time.Hour

// String gives the mark as a reader keeps it, for example "812:815:813@1798790400".
func (m Mark) String() string {
	if m.snapshot == "" {
		return ""
	}
	return m.snapshot + "@" + strconv.FormatInt(m.at.Unix(), 10)
}

// longestMark bounds what is read of a mark.
const longestMark = 8 << 10

var snapshots = regexp.MustCompile(`^[0-9]{1,19}:[0-9]{1,19}:([0-9]{1,19}(,[0-9]{1,19})*)?$`)

// ParseMark reads what String gave; "" is the zero value. The error names the
// field of the mark.
func ParseMark(field, text string) (Mark, error) {
	if text == "" {
		return Mark{}, nil
	}
	snapshot, seconds, _ := strings.Cut(text, "@")
	at, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || len(text) > longestMark || !snapshots.MatchString(snapshot) {
		return Mark{}, unknownMark(field)
	}
	return Mark{snapshot, time.Unix(at, 0)}, nil
}

func unknownMark(field string) error {
	return broker.Invalid(broker.FieldError{
		Pointer: field, Code: "unknown_mark",
		Message: fmt.Sprintf("must be the id of an event that this server sent in the last %d hours, unchanged", int(Kept.Hours())),
	})
}
