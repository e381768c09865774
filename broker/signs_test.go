package broker_test

import (
	"strings"
	"testing"

	"afield/broker"
)

func TestPlainSigns(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"２１２３４": "21234", " 21234\u3000": "21234", "ＡＢ－１２": "AB-12", "ｶﾞ": "ガ", "Ame\u0301lie": "Amélie",
		"O’Brien, Zoë (née Smith)": "O’Brien, Zoë (née Smith)", "山田　太郎": "山田 太郎", "علی\u200cرضا": "علی\u200cرضا", "31234 00001": "31234 00001",
	} {
		if got := broker.Plain(text); got != want || broker.CheckSigns("/name", text) != nil {
			t.Errorf("%q became %q, want %q; %v", text, got, want, broker.CheckSigns("/name", text))
		}
	}
	for _, sign := range "\x00\t\r\n\x1b\u0085\u200b\u200d\u200e\u200f\u202e\u2066\u2028\u2060\ufeff\u00ad\u3164\U000e0041" {
		text := "21" + string(sign) + "234"
		wrong := broker.CheckSigns("/card", text)
		if len(wrong) != 1 || wrong[0].Pointer != "/card" || wrong[0].Code != "control_character" {
			t.Errorf("%q is let in: %v", text, wrong)
		}
		if broker.Plain(text) != text {
			t.Errorf("%q became %q", text, broker.Plain(text))
		}
	}
	if wrong := broker.CheckSigns("/name", "Ana\u202eluj"); !strings.Contains(wrong[0].Message, "U+202E") {
		t.Errorf("it is not named: %v", wrong)
	}
}

// A symbol becomes a header of what we send.
func TestASymbolHasNoLineEnds(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"ISIL:US-A\r\nX-Other: 1", "IS\nIL:US-A", "ISIL:US\u202eA", "ISIL:US\x00A"} {
		if symbol, err := broker.ParseSymbol(text); err == nil {
			t.Errorf("%q is the symbol %q", text, symbol)
		}
	}
}
