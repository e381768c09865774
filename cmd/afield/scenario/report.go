package scenario

import (
	"fmt"
	"io"
	"strings"
)

// Print writes how one scenario came out: a line, and below it each difference
// with its position in the file, what was expected, what was found, and the
// reason for a refusal.
func Print(out io.Writer, result Result) {
	name := result.Scenario
	if len(result.Cases) > 0 {
		name = strings.Join(result.Cases, ", ") + " " + name
	}
	if result.OK {
		fmt.Fprintf(out, "ok    %s\n", name)
		return
	}
	fmt.Fprintf(out, "FAIL  %s  (%s:%d)\n", name, result.File, result.Line)
	for _, difference := range result.Differences {
		fmt.Fprintf(out, "      %s  %s: expected %s %s, found %s\n", difference.Position, difference.Step, difference.Word, difference.Expected, difference.Found)
		for _, line := range difference.Why {
			fmt.Fprintf(out, "          %s\n", line)
		}
	}
	for line := range strings.Lines(result.Error) {
		fmt.Fprintf(out, "      %s\n", strings.TrimRight(line, "\n"))
	}
}

// PrintSummary writes how a run came out.
func PrintSummary(out io.Writer, summary Summary) {
	for _, mistake := range summary.Mistakes {
		fmt.Fprintf(out, "WRONG %s\n", mistake.Error())
	}
	fmt.Fprintf(out, "%d scenarios: %d as expected, %d not.\n", summary.Scenarios, summary.Passed, summary.Failed)
	if summary.Unread > 0 {
		fmt.Fprintf(out, "%d files could not be read.\n", summary.Unread)
	}
}
