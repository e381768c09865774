package catalog

import (
	"testing"

	"afield/broker"
)

func TestWhatMatchesACitationByWords(t *testing.T) {
	t.Parallel()
	title := Title{Title: "The Winter Orchard: A History", Author: "Baker, Carla", Year: "2001", Format: broker.FormatBook}
	cases := map[string]struct {
		asked broker.Citation
		want  bool
	}{
		"the title in other letters":    {broker.Citation{Title: "the winter orchard: a history"}, true},
		"without the subtitle":          {broker.Citation{Title: "The winter orchard", Author: "Carla Baker"}, true},
		"an initial for the first name": {broker.Citation{Title: "The winter orchard", Author: "C. Baker"}, true},
		"another author":                {broker.Citation{Title: "The winter orchard", Author: "Carla Baxter"}, false},
		"another year":                  {broker.Citation{Title: "The winter orchard", Year: "1999"}, false},
		"the same year":                 {broker.Citation{Title: "The winter orchard", Year: "2001"}, true},
		"another format":                {broker.Citation{Title: "The winter orchard", Format: broker.FormatAudiobook}, false},
		"only some of the words":        {broker.Citation{Title: "Winter orchard"}, false},
		"another subtitle":              {broker.Citation{Title: "The winter orchard: poems"}, false},
		"no title at all":               {broker.Citation{}, false},
	}
	for name, c := range cases {
		if got := Matches(title, c.asked); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestOfSeveralMatchesNoneIsPicked(t *testing.T) {
	t.Parallel()
	one := Title{ID: broker.NewID(), Title: "Tides", Year: "1990", Format: broker.FormatBook}
	two := Title{ID: broker.NewID(), Title: "Tides", Year: "2010", Format: broker.FormatBook}
	if _, found := pick([]Title{one, two}, broker.Citation{Title: "Tides"}); found {
		t.Error("one of two editions was picked")
	}
	if id, found := pick([]Title{one, two}, broker.Citation{Title: "Tides", Year: "2010"}); !found || id != two.ID {
		t.Error("the edition of the year asked for was not picked")
	}
}

func TestOCLCNumbersAreBare(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"(OCoLC)ocm00123456": "123456", "on1234567890": "1234567890", "": "", "none": ""} {
		if got := broker.NormalOCLC(text); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}
