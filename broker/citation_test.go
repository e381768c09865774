package broker_test

import (
	"testing"

	"afield/broker"
)

func TestNumbersOfACitation(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"0-14-044913-2": "9780140449136", "014044923X": "9780140449235", "978 0 14 044913 6": "9780140449136",
		"0140449135": "", "9780140449137": "", "01404X9132": "", "123": "", "": "",
	} {
		if got := broker.NormalISBN(text); got != want {
			t.Errorf("ISBN %q: %q, want %q", text, got, want)
		}
	}
	for isbn, want := range map[string]string{"9780140449136": "0140449132", "9780140449235": "014044923X", "9791090636071": "", "978014044913": "", "": ""} {
		if got := broker.ISBN10(isbn); got != want {
			t.Errorf("the older form of %q: %q, want %q", isbn, got, want)
		}
	}
	for text, want := range map[string]string{
		"1064-3923": "1064-3923", "10643923": "1064-3923", "ISSN 2434-561x": "2434-561X", "1064-3924": "", "2434-5610": "", "X064-3923": "", "": "", "1064392": "",
	} {
		if got := broker.NormalISSN(text); got != want {
			t.Errorf("ISSN %q: %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"10.1000/182": "10.1000/182", "https://doi.org/10.1038/S41586-020": "10.1038/s41586-020", "doi: 10.1000.10/1(2)3": "10.1000.10/1(2)3",
		"info:doi/10.1000/182": "10.1000/182", "http://dx.doi.org/10.1000/182": "10.1000/182", "11.1000/182": "", "10.1000": "", "10.1000/": "", "10.1000/a b": "", "": "",
	} {
		if got := broker.NormalDOI(text); got != want {
			t.Errorf("DOI %q: %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{"PMID: 012345": "12345", "info:pmid/9": "9", "0": "", "12x": "", "1234567890": "", "": ""} {
		if got := broker.NormalPMID(text); got != want {
			t.Errorf("PMID %q: %q, want %q", text, got, want)
		}
	}
}
