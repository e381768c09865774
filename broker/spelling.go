package broker

import "fmt"

// Meant gives the hint that follows an unknown word: the nearest known one.
func Meant(word string, known []string) string {
	if near := Nearest(word, known); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

// Nearest gives the word most like one that is not known, for "did you mean"; ""
// where none is much like it.
func Nearest(word string, known []string) string {
	best, bestDistance := "", max(2, len(word)/2)
	for _, candidate := range known {
		if distance := lettersApart(word, candidate); distance < bestDistance {
			best, bestDistance = candidate, distance
		}
	}
	return best
}

// lettersApart counts the letters to change, add or drop between two words.
func lettersApart(a, b string) int {
	row := make([]int, len(b)+1)
	for i := range row {
		row[i] = i
	}
	for i := 1; i <= len(a); i++ {
		corner := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := corner
			if a[i-1] != b[j-1] {
				cost++
			}
			corner = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
