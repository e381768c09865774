package directory

import "testing"

func TestNamesInCapitalsBecomeReadable(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"ANCHOR POINT PUBLIC LIBRARY":                     "Anchor Point Public Library",
		"PUBLIC LIBRARY OF CAMDEN & OUACHITA COUNTY":      "Public Library of Camden & Ouachita County",
		"CLAYTON - TOWN AND COUNTY PUBLIC LIBRARY":        "Clayton - Town and County Public Library",
		"THE FREE LIBRARY OF THE VALLEY":                  "The Free Library of the Valley",
		"DERMOTT O`TOOLE MEMORIAL LIBRARY":                "Dermott O'Toole Memorial Library",
		"HOPE-FUNK'S LIBRARY":                             "Hope-Funk's Library",
		"CITIZENS' LIBRARY":                               "Citizens' Library",
		"W.A. BILLINGSLEY/JACKSON COUNTY LIBRARY":         "W.A. Billingsley/Jackson County Library",
		"HARTFORD - MCGREGOR-MCKINNEY PUBLIC LIBRARY":     "Hartford - McGregor-McKinney Public Library",
		"NORTHERN CHAFFEE LIBRARY DISTRICT (BUENA VISTA)": "Northern Chaffee Library District (Buena Vista)",
		"SAN MIGUEL LIBRARY DISTRICT # 1 (TELLURIDE)":     "San Miguel Library District # 1 (Telluride)",
		"EMMET II LIBRARY, INC.":                          "Emmet II Library, Inc.",
		"  TWO   SPACES ":                                 "Two Spaces",
		"Perth & District Union Public Library":           "Perth & District Union Public Library",
		"BIBLIOTHÈQUE DE L'ÎLE":                           "Bibliothèque De L'Île",
	} {
		if got := readableName(name); got != want {
			t.Errorf("%s: %q, not %q", name, got, want)
		}
	}
}
