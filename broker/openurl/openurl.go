package openurl

import (
	"cmp"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"afield/broker"
)

// The bounds of what is read. The note's is what a request takes.
const (
	// MaxBytes is the longest query that is worth reading.
	MaxBytes   = 8 << 10
	mostKeys   = 80
	mostValues = 8
	longest    = 500
	longNote   = 1900
)

// Wish is what a link asks for.
type Wish struct {
	Citation broker.Citation
	// Copy asks for a copy of an article or a chapter; else a loan is wanted.
	Copy bool
	// Note has what the citation has no place for, a line for each.
	Note string
}

// ofItself are the keys by which a link tells of itself and of the one who follows
// it.
var ofItself = regexp.MustCompile(`^(url_.*|ctx_.*|req_.*|req\..*|rft_val_fmt|rfr_.*|rfe_val_fmt|svc_.*|svc\..*|res_.*|res\..*|sid|rft\.object_id|utm_.*|institution|vid)$`)

// Read reads a link's query, as it came. What cannot be decoded is kept as it is.
func Read(raw string) Wish {
	query := parse(raw)
	r := reader{values: map[string][]string{}, used: map[string]bool{}}
	r.take(query, query.Get("ctx_enc"), true)
	return r.wish()
}

// parse takes a query apart. Links that were escaped once too often have &amp; between
// their parts.
func parse(raw string) url.Values {
	query := url.Values{}
	for part := range strings.SplitSeq(strings.ReplaceAll(raw[:min(len(raw), MaxBytes)], "&amp;", "&"), "&") {
		name, value, _ := strings.Cut(part, "=")
		for _, text := range []*string{&name, &value} {
			if decoded, err := url.QueryUnescape(*text); err == nil {
				*text = decoded
			}
		}
		query.Add(name, value)
	}
	return query
}

// reader holds the values of a link by its keys in small letters, and which of them
// were understood.
type reader struct {
	values map[string][]string
	order  []string
	used   map[string]bool
	ids    []string
	lines  []string
}

// take takes over the keys and values, and those of a context object that stands
// inside as keys and values.
func (r *reader) take(query url.Values, encoding string, outer bool) {
	keys := make([]string, 0, len(query))
	for key := range query {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		name := strings.ToLower(clean(key, encoding))
		if outer && (name == "url_ctx_val" || name == "rft_val") {
			if inner := parse(query.Get(key)); len(inner) > 1 {
				r.take(inner, cmp.Or(inner.Get("ctx_enc"), encoding), false)
				continue
			}
		}
		if name == "" || len(name) > 60 || len(r.order) >= mostKeys {
			continue
		}
		if _, known := r.values[name]; !known {
			r.order = append(r.order, name)
		}
		for _, value := range query[key] {
			if value = clean(value, encoding); value != "" && len(r.values[name]) < mostValues {
				r.values[name] = append(r.values[name], value)
			}
		}
	}
}

// markup is what databases leave in titles.
var markup = regexp.MustCompile(`(?i)</?(i|b|em|strong|sub|sup|u|span|scp|inf)( [^<>]*)?>`)

// clean makes one line of plain signs: decoded, without mark-up, without signs that
// cannot be seen.
func clean(text, encoding string) string {
	if !utf8.ValidString(text) || strings.HasSuffix(strings.ToUpper(encoding), "ISO-8859-1") && !multibyte(text) {
		if decoded, err := charmap.Windows1252.NewDecoder().String(text); err == nil {
			text = decoded
		}
	}
	text = markup.ReplaceAllString(html.UnescapeString(text), "")
	text = strings.Map(func(c rune) rune {
		switch {
		case unicode.IsControl(c), c == utf8.RuneError:
			return ' '
		case unicode.In(c, unicode.Cf, unicode.Co), c&0xfffe == 0xfffe, broker.CheckSigns("", string(c)) != nil:
			return -1
		}
		return c
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest-1]) + "…"
	}
	return text
}

// multibyte tells text that is UTF-8 although its link says otherwise.
func multibyte(text string) bool {
	return utf8.ValidString(text) && strings.ContainsFunc(text, func(c rune) bool { return c > 0x7f })
}

// all gives the values of keys, with or without rft., in the order of the keys.
func (r *reader) all(keys ...string) []string {
	var found []string
	for _, key := range keys {
		for _, name := range []string{"rft." + key, key} {
			r.used[name] = true
			for _, value := range r.values[name] {
				if !slices.Contains(found, value) {
					found = append(found, value)
				}
			}
		}
	}
	return found
}

// first gives the first value of keys, "" where there is none. Other values of that key
// go into the note.
func (r *reader) first(keys ...string) string {
	value := ""
	for _, key := range keys {
		found := r.all(key)
		if value == "" && len(found) > 0 {
			value = found[0]
			r.say(key+", also", found[1:]...)
		}
	}
	return value
}

// say adds a line to the note.
func (r *reader) say(name string, values ...string) {
	values = slices.DeleteFunc(values, func(value string) bool { return value == "" })
	if len(values) > 0 {
		r.lines = append(r.lines, name+": "+strings.Join(values, "; "))
	}
}

// kind is what sort of thing a link is about.
type kind int

const (
	book kind = iota
	chapter
	journal
	article
	dissertation
)

func (r *reader) kind() kind {
	format := strings.ToLower(strings.Join(r.values["rft_val_fmt"], " "))
	genre := strings.ToLower(r.first("genre"))
	switch genre {
	case "article", "preprint":
		return article
	case "bookitem", "chapter":
		return chapter
	case "journal", "issue":
		return journal
	case "dissertation", "thesis":
		return dissertation
	case "proceeding":
		if r.first("jtitle") != "" || r.first("issn") != "" && r.first("isbn") == "" {
			return article
		}
		return chapter
	case "book", "conference", "report", "document":
		return book
	case "", "unknown":
	default:
		r.say("Kind", genre)
	}
	switch {
	case strings.Contains(format, "dissertation"):
		return dissertation
	case r.first("atitle") != "" && (strings.Contains(format, "book") || r.first("isbn") != "" && r.first("issn") == ""):
		return chapter
	case r.first("atitle") != "":
		return article
	case strings.Contains(format, "journal"):
		return journal
	case r.first("issn", "eissn") != "" && r.first("isbn") == "" && r.first("btitle") == "":
		return journal
	case r.first("title", "btitle", "isbn", "oclcnum") == "" && slices.ContainsFunc(r.all("rft_id", "id", "doi", "pmid"), ofArticle.MatchString):
		return article
	}
	return book
}

// wish puts together what is wanted.
func (r *reader) wish() Wish {
	var wish Wish
	is := r.kind()
	wish.Copy = is == article || is == chapter
	c := &wish.Citation
	whole := []string{"btitle", "title", "jtitle", "stitle", "ctitle"}
	if is == journal || is == article {
		whole = []string{"jtitle", "title", "stitle", "btitle"}
	}
	titles := r.all(whole...)
	part := r.first("atitle")
	authors := r.authors()
	c.Title = cmp.Or(append(titles, "")...)
	if c.Title == "" && is != chapter { // an article is known by its own title, too
		c.Title = part
	}
	for _, other := range titles[min(1, len(titles)):] {
		r.say("Also called", other)
	}
	by := &c.Author
	if wish.Copy {
		c.PartTitle, by = part, &c.PartAuthor
	} else {
		r.say("Part", part)
	}
	if len(authors) > 0 {
		*by, authors = authors[0], authors[1:]
	}
	r.say("Also by", authors...)
	switch {
	case wish.Copy:
		c.Format = broker.FormatArticle
	case is == journal:
		c.Format = broker.FormatPeriodical
	default:
		c.Format = broker.FormatBook
	}
	if is == dissertation {
		r.say("Dissertation", r.all("degree", "advisor")...)
		c.Publisher = r.first("inst")
	}
	r.numbers(c)
	r.dates(c)
	c.Publisher = cmp.Or(r.first("pub", "publisher"), c.Publisher)
	c.Edition = r.first("edition")
	r.say("Place", r.first("place"))
	r.say("Series", r.first("series"))
	pages := r.first("pages")
	if first, last := r.first("spage"), r.first("epage"); pages == "" && first != "" {
		pages = first
		if last != "" && last != first {
			pages += "–" + last
		}
	}
	if wish.Copy {
		c.Pages = pages
	} else {
		r.say("Pages", pages)
	}
	r.say("Article number", r.first("artnum"))
	r.leave()
	wish.Note = r.note()
	bound(c)
	return wish
}

// bound keeps a citation to what a request takes.
func bound(c *broker.Citation) {
	const short = 200
	for _, text := range []*string{&c.Publisher, &c.Year, &c.Edition, &c.Volume, &c.Issue, &c.Pages, &c.PartAuthor, &c.DOI} {
		if runes := []rune(*text); len(runes) > short {
			*text = string(runes[:short-1]) + "…"
		}
	}
}

// authors gives who wrote it, the first as in a catalogue: Shepherd, Nan.
func (r *reader) authors() []string {
	last, first := r.first("aulast"), r.first("aufirst")
	if first == "" {
		if first = r.first("auinit"); first == "" {
			first = strings.TrimSpace(r.first("auinit1") + " " + r.first("auinitm"))
		}
	}
	suffix := r.first("ausuffix")
	r.all("auinit", "auinit1", "auinitm")
	named := r.all("au", "author", "creator")
	corporate := r.all("aucorp")
	if last == "" {
		return append(named, corporate...)
	}
	one := last
	for _, more := range []string{first, suffix} {
		if more != "" {
			one += ", " + more
		}
	}
	named = slices.DeleteFunc(named, func(other string) bool { return sameName(other, last, first) })
	return append(append([]string{one}, named...), corporate...)
}

// sameName tells whether a name written in one piece is that of a last and a first
// name: Li, Wei; Wei Li; Li W.
func sameName(whole, last, first string) bool {
	family, given, parted := strings.Cut(whole, ",")
	if words := strings.Fields(whole); !parted && len(words) > 0 {
		family, given = words[len(words)-1], strings.Join(words[:len(words)-1], " ")
		if !strings.EqualFold(family, last) {
			family, given = words[0], strings.Join(words[1:], " ")
		}
	}
	given = strings.TrimSpace(given)
	initial := func(text string) string { return strings.ToLower(string([]rune(text)[:1])) }
	return strings.EqualFold(strings.TrimSpace(family), last) && (given == "" || first == "" || initial(given) == initial(first))
}

// dates reads when and which volume.
func (r *reader) dates(c *broker.Citation) {
	date := r.first("date", "year")
	c.Year = yearIn.FindString(date)
	if date != c.Year {
		r.say("Date", date)
	}
	volume, issue := r.first("volume"), r.first("issue")
	c.Volume = volume
	if c.Format == broker.FormatArticle {
		c.Issue = issue
	} else if issue != "" {
		c.Volume = strings.TrimSpace(volume + " (" + issue + ")")
	}
	r.say("Part", r.first("part"))
	r.say("Season", r.all("ssn", "quarter", "chron")...)
}

var yearIn = regexp.MustCompile(`\b(1[4-9]|20)[0-9]{2}\b|^(1[4-9]|20)[0-9]{2}`)

// identifiers are the forms in which numbers come as identifiers.
var identifiers = []struct {
	form *regexp.Regexp
	name string
}{
	{regexp.MustCompile(`(?i)^(?:info:doi/|doi:\s*|https?://(?:dx\.)?doi\.org/|urn:doi:)(10\..+)$`), "DOI"},
	{regexp.MustCompile(`(?i)^(?:info:pmid/|pmid:\s*)(\d+)$`), "PMID"},
	{regexp.MustCompile(`(?i)^(?:info:oclcnum/|oclcnum:|oclc:|https?://(?:www\.)?worldcat\.org/oclc/)(?:oc[mn]|on)?0*(\d+)$`), "OCLC"},
	{regexp.MustCompile(`(?i)^(?:info:lccn/|lccn:)(.+)$`), "LCCN"},
	{regexp.MustCompile(`(?i)^(?:urn:isbn:|isbn:)(.+)$`), "ISBN"},
	{regexp.MustCompile(`(?i)^(?:urn:issn:|issn:)(.+)$`), "ISSN"},
}

// ofArticle tells the numbers that articles have.
var ofArticle = regexp.MustCompile(`(?i)^(info:doi/|doi:|https?://(dx\.)?doi\.org/|10\.|info:pmid/|pmid:|[0-9]{5,9}$)`)

// accession is how FirstSearch gives an OCLC number.
var accession = regexp.MustCompile(`(?i)<?accession ?number>?\s*(\d+)`)

// numbers reads the numbers of a thing; wrong ones go into the note.
func (r *reader) numbers(c *broker.Citation) {
	found := map[string][]string{
		"ISBN": r.all("isbn", "eisbn"), "ISSN": r.all("issn", "eissn"), "OCLC": r.all("oclcnum", "oclc"), "LCCN": r.all("lccn"),
		"DOI": r.all("doi"), "PMID": r.all("pmid"),
	}
	for _, id := range append(r.all("rft_id", "id"), r.values["pid"]...) {
		known := false
		for _, one := range identifiers {
			if parts := one.form.FindStringSubmatch(id); parts != nil {
				found[one.name], known = append(found[one.name], parts[1]), true
			}
		}
		if !known {
			r.ids = append(r.ids, id)
		}
	}
	r.used["pid"] = true
	for _, name := range []string{"rfe_dat", "pid"} {
		r.used[name] = true
		for _, value := range r.values[name] {
			if number := accession.FindStringSubmatch(value); number != nil {
				found["OCLC"] = append(found["OCLC"], number[1])
				r.ids = slices.DeleteFunc(r.ids, func(id string) bool { return id == value })
			} else if name == "rfe_dat" {
				r.say("With the link", value)
			}
		}
	}
	normal := func(name string, into *string, read func(string) string) {
		for _, text := range found[name] {
			good := ""
			for _, word := range append([]string{text}, strings.FieldsFunc(text, func(c rune) bool { return c == ' ' || c == ',' || c == ';' || c == '(' })...) {
				if good = read(word); good != "" {
					break
				}
			}
			switch {
			case good == "":
				r.say(name+" as given", text)
			case *into == "":
				*into = good
			case *into != good:
				r.say("Also "+name, good)
			}
		}
	}
	normal("ISBN", &c.ISBN, broker.NormalISBN)
	normal("ISSN", &c.ISSN, broker.NormalISSN)
	normal("OCLC", &c.OCLC, broker.NormalOCLC)
	if c.Format == broker.FormatArticle {
		normal("DOI", &c.DOI, broker.NormalDOI)
		normal("PMID", &c.PMID, broker.NormalPMID)
	} else {
		r.say("DOI", found["DOI"]...)
		r.say("PMID", found["PMID"]...)
	}
	r.say("LCCN", found["LCCN"]...)
}

// leave puts into the note where the link came from, and what was not understood.
func (r *reader) leave() {
	r.say("Also", r.ids...)
	for _, name := range r.order {
		if !r.used[name] && !ofItself.MatchString(name) {
			r.say(strings.TrimPrefix(name, "rft."), r.values[name]...)
		}
	}
	from := append(slices.Clone(r.values["rfr_id"]), r.values["sid"]...)
	for i := range from {
		from[i] = strings.TrimPrefix(from[i], "info:sid/")
	}
	slices.Sort(from)
	r.say("Found in", slices.Compact(from)...)
}

// note gives the lines, as many as a request's note takes.
func (r *reader) note() string {
	var out strings.Builder
	for _, line := range r.lines {
		if out.Len()+len(line) > longNote {
			out.WriteString("The link said more than fits here.\n")
			break
		}
		out.WriteString(line + "\n")
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// Form gives a wish as the fields of the new-request pages.
func (w Wish) Form() url.Values {
	fields := url.Values{}
	for name, text := range map[string]string{
		"title": w.Citation.Title, "author": w.Citation.Author, "isbn": w.Citation.ISBN, "issn": w.Citation.ISSN, "oclc": w.Citation.OCLC,
		"publisher": w.Citation.Publisher, "year": w.Citation.Year, "edition": w.Citation.Edition, "volume": w.Citation.Volume, "note": w.Note,
		"issue": w.Citation.Issue, "pages": w.Citation.Pages, "part_title": w.Citation.PartTitle, "part_author": w.Citation.PartAuthor,
		"doi": w.Citation.DOI, "pmid": w.Citation.PMID,
	} {
		if text != "" {
			fields.Set(name, text)
		}
	}
	if w.Citation.Format == broker.FormatPeriodical {
		fields.Set("format", string(w.Citation.Format))
	}
	if w.Copy {
		fields.Set("service", "copy")
	}
	return fields
}
