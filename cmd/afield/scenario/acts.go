package scenario

import (
	"fmt"
	"slices"
)

// act is something a step may do, and what does it.
type act struct {
	word   string
	says   string
	fields []field
	run    func(*play, step) (result, error)
}

func allActs() []act {
	return slices.Concat(deskActs(), lossActs(), holdActs(), accountActs(), cardActs(), requestActs(), ruleActs(), otherActs())
}

// actWords lists everything a step may do.
func actWords() []Act {
	var words []Act
	for _, act := range allActs() {
		words = append(words, Act{Word: act.word, Says: act.says, Fields: act.fields})
	}
	return words
}

// do does what a step says.
func do(p *play, s step) (result, error) {
	for _, act := range allActs() {
		if act.word == s.does {
			return act.run(p, s)
		}
	}
	return result{}, fmt.Errorf("nothing does %q", s.does)
}

var (
	patronField = field{word: "patron", kind: nameOf("patron"), must: true, says: "Who."}
	itemField   = field{word: "item", kind: nameOf("item"), must: true, says: "What."}
)
