package csvfile

import "bytes"

// Delimiter is the likeliest separator of a file, judged by its first line.
func Delimiter(head []byte) rune {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	best, most := ',', 0
	for _, candidate := range ",;\t|" {
		if count := bytes.Count(line, []byte(string(candidate))); count > most {
			best, most = candidate, count
		}
	}
	return best
}
