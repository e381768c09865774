package openurl

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"afield/broker"
)

// Links as sources write them; the fields are those of the new-request page.
func TestLinksLandWithTheirFields(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ link, want string }{
		"a book, from a union catalogue": {
			`url_ver=Z39.88-2004&ctx_ver=Z39.88-2004&rfr_id=info%3Asid%2Ffirstsearch.oclc.org%3AWorldCat&rft_val_fmt=info%3Aofi%2Ffmt%3Akev%3Amtx%3Abook&rft.genre=book&rft.btitle=The+living+mountain&rft.aulast=Shepherd&rft.aufirst=Nan&rft.isbn=9780857861832&rft.date=2011&rft.pub=Canongate&rft.place=Edinburgh&rft_id=info%3Aoclcnum%2F751750391&rfe_dat=%3Caccessionnumber%3E751750391%3C%2Faccessionnumber%3E&req_dat=%3Csessionid%3E1234%3C%2Fsessionid%3E`,
			`author=Shepherd, Nan|isbn=9780857861832|note=Place: Edinburgh/Found in: firstsearch.oclc.org:WorldCat|oclc=751750391|publisher=Canongate|title=The living mountain|year=2011`,
		},
		"an article, with everything": {
			`ctx_ver=Z39.88-2004&rft_val_fmt=info:ofi/fmt:kev:mtx:journal&rft.genre=article&rft.atitle=On+tides&rft.jtitle=Journal+of+the+Sea&rft.aulast=Brook&rft.auinit=A.&rft.au=Rill,+B.&rft.issn=10643923&rft.volume=12&rft.issue=3&rft.spage=11&rft.epage=20&rft.date=2019-04-01&rft_id=info:doi/10.1000/182&rft_id=info:pmid/12345`,
			`doi=10.1000/182|issn=1064-3923|issue=3|note=Also by: Rill, B./Date: 2019-04-01|pages=11–20|part_author=Brook, A.|part_title=On tides|pmid=12345|service=copy|title=Journal of the Sea|volume=12|year=2019`,
		},
		"version 0.1, an article": {
			`sid=EBSCO:MEDLINE&genre=article&issn=1064-3923&volume=5&issue=&spage=7&pages=7-9&date=1998&title=Tidal+Letters&atitle=Ebb&aulast=Rill&aufirst=Beth&id=doi:10.1000/5`,
			`doi=10.1000/5|issn=1064-3923|note=Found in: EBSCO:MEDLINE|pages=7-9|part_author=Rill, Beth|part_title=Ebb|service=copy|title=Tidal Letters|volume=5|year=1998`,
		},
		"version 0.1, a book":  {`genre=book&isbn=0-14-044913-2&title=The%20Odyssey&aulast=Homer&date=2003`, `author=Homer|isbn=9780140449136|title=The Odyssey|year=2003`},
		"a search engine's":    {`sid=google&auinit=N&aulast=Shepherd&title=The+living+mountain&genre=book&date=1977`, `author=Shepherd, N|note=Found in: google|title=The living mountain|year=1977`},
		"only a PubMed number": {`sid=Entrez:PubMed&id=pmid:9382845`, `note=Found in: Entrez:PubMed|pmid=9382845|service=copy`},
		"only a DOI":           {`url_ver=Z39.88-2004&rft_id=https%3A%2F%2Fdoi.org%2F10.1093%2Fnar%2F25.17.3389`, `doi=10.1093/nar/25.17.3389|service=copy`},
		"a chapter": {
			`rft_val_fmt=info:ofi/fmt:kev:mtx:book&rft.genre=bookitem&rft.btitle=Rivers&rft.atitle=Deltas&rft.au=Brook,+Ann&rft.isbn=9780306406157&rft.pages=31-60&rft.edition=2nd`,
			`edition=2nd|isbn=9780306406157|pages=31-60|part_author=Brook, Ann|part_title=Deltas|service=copy|title=Rivers`,
		},
		"a dissertation": {
			`rft_val_fmt=info:ofi/fmt:kev:mtx:dissertation&rft.title=Silt&rft.au=Brook,+Ann&rft.inst=University+of+the+Lakes&rft.degree=PhD&rft.date=2001`,
			`author=Brook, Ann|note=Dissertation: PhD|publisher=University of the Lakes|title=Silt|year=2001`,
		},
		"names alike, and a second volume": {
			`genre=article&jtitle=Silt&aulast=Li&aufirst=Wei&au=Li,+Wei&au=Oliver,+Mary&au=Li,+Na&volume=12&rft.volume=12+Suppl`,
			`note=Also by: Oliver, Mary; Li, Na/volume, also: 12|part_author=Li, Wei|service=copy|title=Silt|volume=12 Suppl`,
		},
		"a journal": {`rft_val_fmt=info:ofi/fmt:kev:mtx:journal&rft.genre=journal&rft.jtitle=Journal+of+the+Sea&rft.stitle=J+Sea&rft.eissn=2434-561X`, `format=periodical|issn=2434-561X|note=Also called: J Sea|title=Journal of the Sea`},
		"a paper of a conference": {
			`rft.genre=proceeding&rft.atitle=Foam&rft.btitle=Proceedings+of+the+Sea&rft.isbn=9780306406157&rft.au=Rill`,
			`isbn=9780306406157|part_author=Rill|part_title=Foam|service=copy|title=Proceedings of the Sea`,
		},
		"escaped twice":                   {`rft.btitle=Tides&amp;rft.aulast=Brook&amp;rft.date=2011`, `author=Brook|title=Tides|year=2011`},
		"in Latin-1":                      {`ctx_enc=info:ofi/enc:ISO-8859-1&rft.btitle=%C9mile&rft.aulast=K%E4stner`, `author=Kästner|title=Émile`},
		"Latin-1 that does not say so":    {`title=%C9mile`, `title=Émile`},
		"UTF-8 that says it is Latin-1":   {`ctx_enc=info:ofi/enc:ISO-8859-1&title=%C3%89mile`, `title=Émile`},
		"mark-up in a title":              {`genre=article&title=Letters&atitle=%3Ci%3EE.+coli%3C%2Fi%3E+%26amp%3B+H%3Csub%3E2%3C%2Fsub%3EO`, `part_title=E. coli & H2O|service=copy|title=Letters`},
		"an ISBN with words":              {`rft.genre=book&rft.btitle=Tides&rft.isbn=0140449132+(pbk.)&rft.isbn=9780306406157`, `isbn=9780140449136|note=Also ISBN: 9780306406157|title=Tides`},
		"an ISBN that is wrong":           {`rft.btitle=Tides&rft.isbn=9780140449137`, `note=ISBN as given: 9780140449137|title=Tides`},
		"identifiers as names":            {`rft_id=urn:ISBN:9780140449136&rft_id=info:lccn/2002027734&rft_id=http://www.worldcat.org/oclc/51850372&rft.title=The+Odyssey`, `isbn=9780140449136|note=LCCN: 2002027734|oclc=51850372|title=The Odyssey`},
		"what nobody here knows":          {`title=Tides&rft.series=Waters&rft.colour=blue&x_shelf=9&rft_id=oai:lakes:77`, `note=Series: Waters/Also: oai:lakes:77/colour: blue/x_shelf: 9|title=Tides`},
		"of the reader, which is dropped": {`title=Tides&req_id=mailto:reader@lakes.example&req.emailAddress=reader@lakes.example&svc_id=loan`, `title=Tides`},
		"an object inside":                {`url_ctx_fmt=info:ofi/fmt:kev:mtx:ctx&url_ctx_val=rft.btitle%3DTides%26rft.aulast%3DBrook`, `author=Brook|title=Tides`},
		"several authors of a book":       {`rft.btitle=Tides&rft.au=Brook,+Ann&rft.au=Rill,+Beth&rft.aucorp=Lakes+Society`, `author=Brook, Ann|note=Also by: Rill, Beth; Lakes Society|title=Tides`},
		"an article's title alone":        {`genre=article&atitle=On+tides&aulast=Brook`, `part_author=Brook|part_title=On tides|service=copy|title=On tides`},
		"a kind of its own":               {`genre=patent&title=A+sluice`, `note=Kind: patent|title=A sluice`},
		"nothing":                         {``, ``},
	} {
		form := Read(c.link).Form()
		var got []string
		for _, field := range strings.Split("author doi edition format isbn issn issue note oclc pages part_author part_title pmid publisher service title volume year", " ") {
			if value := form.Get(field); value != "" {
				got = append(got, field+"="+strings.ReplaceAll(value, "\n", "/"))
			}
		}
		if text := strings.Join(got, "|"); text != c.want {
			t.Errorf("%s:\n got  %s\n want %s", name, text, c.want)
		}
	}
}

// Whatever a link says, what comes of it can be stored and is not too long.
func FuzzRead(f *testing.F) {
	f.Add("rft.btitle=Tides&rft.aulast=%FF%00&rft_id=info:doi/10.1/%3Cscript%3E")
	f.Add("0%00=00")
	f.Add("url_ctx_val=url_ctx_val%3Da%26b%3Dc&title=%E2%80%AE%EF%BF%BF")
	f.Add(strings.Repeat("a=b&", 2000))
	f.Add("title=" + strings.Repeat("x", 6000) + "&note=" + strings.Repeat("%C3%A9", 900))
	f.Fuzz(func(t *testing.T, link string) {
		wish := Read(link)
		for field, values := range wish.Form() {
			text := values[0]
			if !utf8.ValidString(text) || utf8.RuneCountInString(text) > 2000 {
				t.Errorf("%s cannot be stored: %q", field, text)
			}
			if strings.ContainsFunc(text, func(c rune) bool { return c != '\n' && unicode.IsControl(c) }) || broker.CheckSigns("", strings.ReplaceAll(text, "\n", " ")) != nil {
				t.Errorf("%s has signs that cannot be seen: %q", field, text)
			}
		}
	})
}
