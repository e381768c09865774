package csvfile

import (
	"regexp"
	"slices"
	"strings"
)

// formula is what begins a cell that a spreadsheet would work out. A number is
// none, though it may begin with a sign.
var (
	formula  = regexp.MustCompile("^'*[=+\\-@\t\r]")
	isNumber = regexp.MustCompile(`^[+-]?\d+([.,]\d+)*$`)
)

// Defused is a cell that no spreadsheet takes for a formula: an apostrophe stands
// before it, which Armed takes away again.
func Defused(cell string) string {
	if formula.MatchString(cell) && !isNumber.MatchString(cell) {
		return "'" + cell
	}
	return cell
}

// Armed takes away the apostrophes that Defused wrote.
func Armed(cells []string) []string {
	var own []string
	for i, cell := range cells {
		if strings.HasPrefix(cell, "'") && formula.MatchString(cell) {
			if own == nil {
				own = slices.Clone(cells)
			}
			own[i] = cell[1:]
		}
	}
	if own == nil {
		return cells
	}
	return own
}
