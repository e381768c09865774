package circulation_test

import (
	"encoding/json"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/circulation"
)

func TestASlipShowsInitialsAndLastDigitsAndNoMore(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, card, masked, position string }{
		{"Adult Patron 1", "21234000567890", "AP …7890", "AP7890"},
		{"", "21234000567890", "…7890", "7890"},
		{"Adult Patron", "1234", "AP …34", "AP34"},
		{"Adult Patron", "", "AP", "AP"},
		{"A Very Long Household Name", "99990000", "AVL …0000", "AVL0000"},
	}
	for _, c := range cases {
		slip := circulation.NewHoldSlip(circulation.SlipFacts{
			PatronName: c.name, Card: c.card, Hold: circulation.Hold{PickUpBy: broker.MustDate("2026-03-12")}, Barcode: "30001",
		})
		equal(t, "for", slip.For, c.masked)
		equal(t, "position", slip.Position, c.position)
		text, err := json.Marshal(slip)
		if err != nil {
			t.Fatal(err)
		}
		if c.card != "" && strings.Contains(string(text), c.card) {
			t.Errorf("the slip tells the whole card: %s", text)
		}
		if !strings.Contains(string(text), `"pick_up_by":"2026-03-12"`) {
			t.Errorf("the slip does not say until when: %s", text)
		}
	}
}

func TestATransitSlipSaysWhy(t *testing.T) {
	t.Parallel()
	home := circulation.NewTransitSlip(circulation.Transit{}, "A", "B", "main", "A title", "30001", broker.MustDate("2026-03-02"))
	equal(t, "home", home.Why, "home")
	hold := circulation.NewTransitSlip(circulation.Transit{Hold: broker.NewID()}, "A", "B", "main", "A title", "30001", broker.MustDate("2026-03-02"))
	equal(t, "hold", hold.Why, "hold")
}
