package directory

import (
	"strings"
	"unicode"
)

// readableName turns a name in capitals, as directory files write them, into
// one for reading: PUBLIC LIBRARY OF O'FALLON becomes Public Library of
// O'Fallon. A name that has small letters already is left as it is.
func readableName(name string) string {
	name = strings.Join(strings.Fields(strings.ReplaceAll(name, "`", "'")), " ")
	if strings.ContainsFunc(name, unicode.IsLower) {
		return name
	}
	tokens := strings.Split(name, " ")
	begins := true // a phrase begins: at the start, after a dash or an opening bracket
	for i, token := range tokens {
		tokens[i] = readableToken(token, begins)
		begins = strings.HasSuffix(token, "-") || strings.HasSuffix(token, "/") || strings.HasSuffix(token, ":")
	}
	return strings.Join(tokens, " ")
}

// smallWords stay small inside a name.
const smallWords = " a an and at by for from in of on or the to "

// initialisms stay in capitals.
const initialisms = " II III IV HQ USA US NYC YMCA AFB "

// readableToken writes what stands between two spaces; it may still hold
// several words: TRI-VALLEY, SCHOOL/COMMUNITY, (BUENA, R.L.
func readableToken(token string, begins bool) string {
	if strings.Contains(initialisms, " "+strings.Trim(token, ",.()")+" ") {
		return token
	}
	if small := strings.ToLower(token); !begins && strings.Contains(smallWords, " "+small+" ") {
		return small
	}
	var out strings.Builder
	for at := 0; at < len(token); {
		end := at
		for end < len(token) && isWordByte(token[end]) {
			end++
		}
		if end == at { // a sign between words
			out.WriteByte(token[at])
			at++
			continue
		}
		out.WriteString(readableWord(token[at:end]))
		at = end
	}
	return out.String()
}

func isWordByte(b byte) bool {
	return b == '\'' || b >= 0x80 || b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z'
}

// readableWord writes one word: FUNK'S, O'FALLON, MCGRATH, DELAWARE.
func readableWord(word string) string {
	head, tail, hasApostrophe := strings.Cut(word, "'")
	if !hasApostrophe {
		return capitalised(word)
	}
	if len(head) == 1 && len(tail) > 1 { // O'FALLON, L'ANSE, D'ARC
		return head + "'" + capitalised(tail)
	}
	return capitalised(head) + "'" + strings.ToLower(tail)
}

func capitalised(word string) string {
	runes := []rune(strings.ToLower(word))
	if len(runes) == 0 {
		return word
	}
	runes[0] = unicode.ToUpper(runes[0])
	if len(runes) > 4 && runes[0] == 'M' && runes[1] == 'c' {
		runes[2] = unicode.ToUpper(runes[2])
	}
	return string(runes)
}
