package notices

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// A template is text with facts in it: {due_on} stands for a fact, and a part in
// [ ] is left out where a fact in it is not known. A literal brace or bracket is
// written twice.

// piece is a part of a template: text, one fact, or pieces that go together.
type piece struct {
	text   string
	fact   string
	inside []piece
}

// templateFault says where a template is wrong and what would be right.
type templateFault struct {
	line, column int
	message      string
}

func (f *templateFault) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", f.line, f.column, f.message)
}

// factsKnown are the facts a text may use, and those that may be said aloud.
func factsKnown(channel Channel) []string {
	said := []string{"library", "branch", "number", "pick_up_by", "due_on", "answer_by"}
	if channel.Spoken() {
		return said
	}
	return append(said, "title", "amount", "reason")
}

// alwaysKnown are the facts that need no brackets: for an unknown title there is
// wording of its own.
func alwaysKnown(fact string) bool { return fact == "library" || fact == "title" }

// parseTemplate reads a template for a channel; the error is a *templateFault.
func parseTemplate(text string, channel Channel) ([]piece, error) {
	p := &templateParser{text: text, channel: channel}
	pieces, err := p.pieces(false)
	if err != nil {
		return nil, err
	}
	return pieces, nil
}

type templateParser struct {
	text    string
	at      int
	channel Channel
}

func (p *templateParser) fault(at int, format string, args ...any) error {
	before := p.text[:at]
	line := strings.Count(before, "\n")
	return &templateFault{line + 1, utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1, fmt.Sprintf(format, args...)}
}

// pieces reads on to the end, or to the bracket that closes the optional part.
func (p *templateParser) pieces(inside bool) ([]piece, error) {
	var found []piece
	start := p.at
	for p.at < len(p.text) {
		mark := p.text[p.at]
		if !strings.ContainsRune("{}[]", rune(mark)) {
			end := strings.IndexAny(p.text[p.at:], "{}[]")
			if end < 0 {
				end = len(p.text) - p.at
			}
			found = append(found, piece{text: p.text[p.at : p.at+end]})
			p.at += end
			continue
		}
		if p.at+1 < len(p.text) && p.text[p.at+1] == mark {
			found = append(found, piece{text: string(mark)})
			p.at += 2
			continue
		}
		switch {
		case mark == '{':
			fact, err := p.fact(inside)
			if err != nil {
				return nil, err
			}
			found = append(found, piece{fact: fact})
		case mark == '[' && !inside:
			p.at++
			optional, err := p.pieces(true)
			if err != nil {
				return nil, err
			}
			found = append(found, piece{inside: optional})
		case mark == ']' && inside:
			p.at++
			if !slices.ContainsFunc(found, func(p piece) bool { return p.fact != "" }) {
				return nil, p.fault(start-1, "what stands in [ ] must have a fact in it, such as {due_on}; without one it would never be left out")
			}
			return found, nil
		case mark == '[':
			return nil, p.fault(p.at, "[ stands inside another [ ]; close the first one before it")
		default:
			return nil, p.fault(p.at, "%c closes nothing; write %c%c for the sign itself", mark, mark, mark)
		}
	}
	if inside {
		return nil, p.fault(start-1, "[ is never closed; write ] where the part that may be left out ends")
	}
	return found, nil
}

func (p *templateParser) fact(inside bool) (string, error) {
	start := p.at
	end := strings.IndexAny(p.text[start+1:], "{}[]\n")
	if end < 0 || p.text[start+1+end] != '}' {
		return "", p.fault(start, "{ is never closed; write for example {due_on}")
	}
	name := p.text[start+1 : start+1+end]
	p.at = start + end + 2
	known := factsKnown(p.channel)
	switch {
	case slices.Contains(known, name):
	case slices.Contains(factsKnown(Email), name):
		return "", p.fault(start, "{%s} may not be said on the telephone or in a text message, where others may hear or read it; say for example \"something you borrowed\"", name)
	default:
		return "", p.fault(start, "{%s} is no fact of a notice%s; there are {%s}", name, didYouMean(name), strings.Join(known, "}, {"))
	}
	if !inside && !alwaysKnown(name) {
		return "", p.fault(start, "{%s} is not always known: put [ ] around the sentence it stands in, so that it can be left out", name)
	}
	return name, nil
}

// didYouMean names the fact that a wrong name is nearest to, within two letters.
func didYouMean(name string) string {
	best, nearest := 3, ""
	for _, known := range factsKnown(Email) {
		if distance := lettersApart(strings.ToLower(name), known); distance < best {
			best, nearest = distance, known
		}
	}
	if nearest == "" {
		return ""
	}
	return " (did you mean {" + nearest + "}?)"
}

// lettersApart counts the letters to insert, delete or change.
func lettersApart(one, other string) int {
	row := make([]int, len(other)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(one) {
		before := row[0]
		row[0] = i + 1
		for j := range len(other) {
			changed := before
			if one[i] != other[j] {
				changed++
			}
			before = row[j+1]
			row[j+1] = min(changed, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(other)]
}

// fillTemplate puts facts into a template. say gives a fact's words, knowing
// whether it begins a sentence; "" is not known.
func fillTemplate(pieces []piece, say func(fact string, begins bool) string) string {
	var out strings.Builder
	for _, part := range pieces {
		if part.inside != nil {
			if whole, known := fillWhole(part.inside, out.String(), say); known {
				out.WriteString(whole)
			}
			continue
		}
		out.WriteString(part.text)
		if part.fact != "" {
			out.WriteString(say(part.fact, beginsSentence(out.String())))
		}
	}
	return strings.TrimSpace(out.String())
}

// fillWhole fills an optional part; false when a fact in it is not known.
func fillWhole(pieces []piece, before string, say func(string, bool) string) (string, bool) {
	var out strings.Builder
	for _, part := range pieces {
		out.WriteString(part.text)
		if part.fact == "" {
			continue
		}
		said := say(part.fact, beginsSentence(before+out.String()))
		if said == "" {
			return "", false
		}
		out.WriteString(said)
	}
	return out.String(), true
}

func beginsSentence(before string) bool {
	before = strings.TrimRight(before, " \n")
	return before == "" || strings.ContainsAny(before[len(before)-1:], ".!?")
}
