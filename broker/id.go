package broker

import (
	"bytes"
	"strings"

	"github.com/google/uuid"
)

// ID names a row anywhere in Afield. It is a UUIDv7 made in Go, so ids sort by
// the moment they were made and never need a round trip. The zero ID is none: the
// database stores it as NULL and gives it back for NULL.
type ID uuid.UUID

// NoID is the zero ID: "none".
var NoID ID

// NewID makes a new time-ordered ID.
func NewID() ID { return ID(uuid.Must(uuid.NewV7())) }

// IsZero tells whether it names nothing.
func (id ID) IsZero() bool { return id == NoID }

// Compare orders ids by the moment they were made: -1, 0 or +1.
func (id ID) Compare(other ID) int { return bytes.Compare(id[:], other[:]) }

// String gives the usual text form, 01890a5d-ac96-774b-bcce-b302099a8057; of
// NoID all zeros.
func (id ID) String() string { return uuid.UUID(id).String() }

// MarshalText writes the usual text form.
func (id ID) MarshalText() ([]byte, error) { return uuid.UUID(id).MarshalText() }

// UnmarshalText reads the usual text form.
func (id *ID) UnmarshalText(text []byte) error { return (*uuid.UUID)(id).UnmarshalText(text) }

// ParseID reads an ID in its usual text form; field names the input for the
// error, for example "patron_id".
func ParseID(field, text string) (ID, error) {
	id, err := uuid.Parse(text)
	if err != nil || len(text) != 36 {
		return NoID, Invalid(FieldError{
			Pointer: "/" + field, Code: "not_an_id",
			Message: "must be an id such as 01890a5d-ac96-774b-bcce-b302099a8057",
		})
	}
	return ID(id), nil
}

// DeriveID makes the same ID from the same parts every time (UUIDv5). Outgoing
// messages use it where a stable id must survive a lost answer.
func DeriveID(parts ...string) ID {
	return ID(uuid.NewSHA1(uuid.NameSpaceURL, []byte("afield:"+strings.Join(parts, "\x1f"))))
}

// Symbol is a library's name in one naming scheme, for example ISIL:US-NWPTL.
// A library may have many.
type Symbol struct {
	Namespace string `json:"namespace"`
	Value     string `json:"value"`
}

// NewSymbol normalises both parts: trimmed and in capitals, because the field
// treats symbols as case-insensitive.
func NewSymbol(namespace, value string) Symbol {
	return Symbol{Namespace: normalSymbol(namespace), Value: normalSymbol(value)}
}

// ParseSymbol reads NAMESPACE:VALUE.
func ParseSymbol(text string) (Symbol, error) {
	namespace, value, found := strings.Cut(text, ":")
	symbol := NewSymbol(namespace, value)
	if !found || symbol.Namespace == "" || symbol.Value == "" || CheckSigns("", text) != nil {
		return Symbol{}, Invalid(FieldError{
			Pointer: "/symbol", Code: "not_a_symbol",
			Message: "must be NAMESPACE:VALUE, for example ISIL:US-NWPTL",
		})
	}
	return symbol, nil
}

// String gives NAMESPACE:VALUE.
func (s Symbol) String() string { return s.Namespace + ":" + s.Value }

func normalSymbol(text string) string { return strings.ToUpper(strings.TrimSpace(text)) }
