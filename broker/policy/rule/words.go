package rule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Plural gives "1 copy", "5 copies".
func Plural(count int, one, many string) string {
	if count == 1 {
		return strconv.Itoa(count) + " " + one
	}
	return fmt.Sprintf("%d %s", count, many)
}

// Joined gives "card or photo_id".
func Joined[T ~string](values []T) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = string(value)
	}
	return strings.Join(texts, " or ")
}

// Among refuses a word outside a closed list.
func Among[T ~string](what string, value T, allowed ...T) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	var names []string
	for _, word := range allowed {
		names = append(names, string(word))
	}
	return fmt.Errorf("%s is %q; it must be one of %s", what, value, strings.Join(names, ", "))
}
