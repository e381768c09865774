package holds_test

import (
	"encoding/json"
	"strings"
	"testing"

	"afield/broker"
	"afield/broker/holds"
	"afield/broker/towntest"
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
		slip := holds.NewSlip(holds.SlipFacts{
			PatronName: c.name, Card: c.card, Hold: holds.Hold{PickUpBy: broker.MustDate("2026-03-12")}, Barcode: "30001",
		})
		towntest.Equal(t, "for", slip.For, c.masked)
		towntest.Equal(t, "position", slip.Position, c.position)
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
	home := holds.NewTransitSlip(holds.Transit{}, "A", "B", "main", "A title", "30001", broker.MustDate("2026-03-02"))
	towntest.Equal(t, "home", home.Why, "home")
	hold := holds.NewTransitSlip(holds.Transit{Hold: broker.NewID()}, "A", "B", "main", "A title", "30001", broker.MustDate("2026-03-02"))
	towntest.Equal(t, "hold", hold.Why, "hold")
}
