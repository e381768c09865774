package acts

import (
	"fmt"
	"slices"

	"afield/cmd/afield/scenario/language"
	"afield/cmd/afield/scenario/stage"
)

// act is something a step may do, with the function that does it.
type act struct {
	word   string
	says   string
	fields []language.Field
	run    func(*stage.Play, language.Step) (stage.Result, error)
}

func allActs() []act {
	return slices.Concat(deskActs(), lossActs(), holdActs(), accountActs(), cardActs(), requestActs(), ruleActs(), otherActs())
}

// Words lists everything a step may do.
func Words() []language.Act {
	var words []language.Act
	for _, act := range allActs() {
		words = append(words, language.Act{Word: act.word, Says: act.says, Fields: act.fields})
	}
	return words
}

// Do does what a step says.
func Do(p *stage.Play, s language.Step) (stage.Result, error) {
	for _, act := range allActs() {
		if act.word == s.Does {
			return act.run(p, s)
		}
	}
	return stage.Result{}, fmt.Errorf("nothing does %q", s.Does)
}

var (
	patronField = language.Field{Word: "patron", Kind: language.NameOf("patron"), Must: true, Says: "Who."}
	itemField   = language.Field{Word: "item", Kind: language.NameOf("item"), Must: true, Says: "What."}
)
