package directory_test

import (
	"testing"

	"afield/broker/directory"
)

func TestNumbersAreToldApart(t *testing.T) {
	t.Parallel()
	library := directory.Library{Numbers: []directory.NumberPattern{
		{Kind: directory.CardNumbers, Prefix: "21", Length: 14}, {Kind: directory.ItemNumbers, Prefix: "31", Length: 14}, {Kind: directory.ItemNumbers, Prefix: "21", Length: 13},
	}}
	for number, want := range map[string]directory.NumberKind{
		"21001000000001": directory.CardNumbers, "31001000000001": directory.ItemNumbers, "2100100000001": directory.ItemNumbers,
		"41001000000001": "", "21": "", "": "",
	} {
		if is := library.KindOf(number); is != want {
			t.Errorf("%q is %q, want %q", number, is, want)
		}
	}
	if wrong := library.NotTaken("/card", "31001000000001", directory.CardNumbers); len(wrong) != 1 || wrong[0].Code != "an_item" {
		t.Errorf("an item as a card: %v", wrong)
	}
	if wrong := library.NotTaken("/barcode", "21001000000001", directory.ItemNumbers); len(wrong) != 1 || wrong[0].Code != "a_card" {
		t.Errorf("a card as an item: %v", wrong)
	}
	for number, as := range map[string]directory.NumberKind{"31001000000001": directory.ItemNumbers, "9999": directory.CardNumbers, "99": directory.ItemNumbers} {
		if wrong := library.NotTaken("/x", number, as); wrong != nil {
			t.Errorf("%s as %s: %v", number, as, wrong)
		}
	}
}
