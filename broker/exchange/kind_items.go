package exchange

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"afield/broker"
	"afield/broker/catalog"
	"afield/broker/directory"
	"afield/broker/postgres"
)

func itemsKind() kind {
	return kind{
		name: Items,
		columns: []Column{
			{Name: "barcode", Needed: true, Says: "by it the item is known again"},
			{Name: "title_key", Says: "the title's record number in the old system"},
			{Name: "title", Says: "needed for an item that is new, unless title_key or isbn names a title that is known"},
			{Name: "author"},
			{Name: "isbn", Says: "one or several, divided by ;"},
			{Name: "issn"},
			{Name: "oclc"},
			{Name: "publisher"},
			{Name: "year"},
			{Name: "format", Says: strings.Join(broker.Texts(broker.Formats()), ", ")},
			{Name: "form", Says: strings.Join(catalog.Forms(), ", ") + ", or empty"},
			{Name: "type", Says: "a material type the library's policy knows; book when left out"},
			{Name: "audience", Says: strings.Join(catalog.Audiences(), ", ")},
			{Name: "age_mark", Says: strings.Join(catalog.AgeMarks(), ", ") + ", or empty"},
			{Name: "call_number"},
			{Name: "branch", Says: "the code of its branch"},
			{Name: "price", Says: "what a new copy costs: 18.00"},
			{Name: "price_paid", Says: "what it once cost"},
			{Name: "list_price", Says: "the publisher's price now"},
			{Name: "parts", Says: "how many pieces belong to it"},
			{Name: "parts_missing"},
			{Name: "loan_note", Says: "shown whenever it is lent or comes back"},
			{Name: "brief", Says: "yes: still to be catalogued"},
			{Name: "lendable", Says: "no: for use in the library"},
			{Name: "status", Says: "on_shelf, on_order, in_processing, missing, lost, withdrawn; what is on loan comes with the loans, what is held with the holds"},
			{Name: "replaced", Says: "the day a new copy was bought for it"},
			{Name: "damaged", Says: "the day it was noted as damaged, until it is put right"},
			{Name: "created", Says: "when the record was made"},
		},
		names: func(r *row) []string { return []string{"barcode " + r.text("barcode")} },
		save: func(ctx context.Context, tx *postgres.Tx, j *job, rows []*row) error {
			wanted := make([]wantedTitle, len(rows))
			pieces, columns := make([]piece, len(rows)), itemColumns(j.file)
			for i, read := range rows {
				pieces[i] = piece{read: read, as: read, record: j.item(read), columns: columns}
				wanted[i] = wantedTitle{read: read, key: read.text("title_key"), title: j.titleIn(read)}
			}
			return j.saveItems(ctx, tx, rows, wanted, pieces)
		},
	}
}

func (j *job) titleIn(read *row) catalog.Title {
	title := catalog.Title{
		Title: read.text("title"), Author: read.text("author"), ISSN: read.text("issn"), OCLC: read.text("oclc"),
		Publisher: read.text("publisher"), Year: read.text("year"), Format: broker.Format(read.oneOf("format", broker.Texts(broker.Formats())...)),
		Form: read.oneOf("form", append([]string{""}, catalog.Forms()...)...), Realm: j.library.SharingGroup,
	}
	for _, text := range read.list("isbn") {
		isbn := broker.NormalISBN(text)
		if isbn == "" {
			read.wrong("isbn", "%q is not an ISBN: look at its digits", shown(text))
			continue
		}
		title.ISBNs = append(title.ISBNs, isbn)
	}
	return title
}

func itemColumns(file rowReader) (columns []string) {
	for name, column := range map[string]string{
		"type": "type", "audience": "audience", "age_mark": "age_mark", "call_number": "call_number", "branch": "branch_id",
		"price": "price_minor", "price_paid": "price_paid_minor", "list_price": "list_price_minor", "parts": "parts",
		"parts_missing": "parts_missing", "loan_note": "loan_note", "brief": "brief", "lendable": "lendable", "status": "status",
		"replaced": "replaced_on", "damaged": "damaged_on", "title_key": "title_id", "isbn": "title_id",
	} {
		if file.has(name) && !slices.Contains(columns, column) {
			columns = append(columns, column)
		}
	}
	slices.Sort(columns)
	return columns
}

func (j *job) item(read *row) catalog.Record {
	record := catalog.Record{
		Library: j.Library, Realm: j.library.SharingGroup, Barcode: read.text("barcode"), Branch: j.branch(read),
		Type:     orElse(read.text("type"), "book"),
		Audience: orElse(strings.ToLower(read.text("audience")), catalog.Audiences()[0]), AgeMark: strings.ToLower(read.text("age_mark")),
		CallNumber: read.text("call_number"), Price: read.price("price", j.library.Currency), PricePaid: read.price("price_paid", j.library.Currency),
		ListPrice: read.price("list_price", j.library.Currency), Currency: j.library.Currency, Parts: read.count("parts", 1),
		PartsMissing: read.text("parts_missing"), LoanNote: read.text("loan_note"), Brief: read.yes("brief", false),
		Lendable: read.yes("lendable", true), ReplacedOn: read.date("replaced"), DamagedOn: read.date("damaged"), CreatedAt: read.moment("created", j.library.Zone),
		Status: looseStatus(read.oneOf("status", "on_shelf", "on_order", "in_processing", "missing", "lost", "withdrawn", "on_loan", "on_hold_shelf", "in_transit", "received")),
	}
	read.judge(map[string]string{"/barcode": "barcode", "/type": "type", "/audience": "audience", "/age_mark": "age_mark", "/parts": "parts"},
		append(catalog.CheckItem(j.document.Items(), catalog.Item{
			Barcode: record.Barcode, Type: record.Type, Audience: record.Audience, AgeMark: record.AgeMark, Parts: record.Parts,
		}), j.library.NotTaken("/barcode", record.Barcode, directory.ItemNumbers)...))
	if record.CreatedAt.IsZero() {
		record.CreatedAt = j.Now
	}
	return record
}

// looseStatus leaves the statuses on loan, held and travelling to the files that
// name the patron: until then the item is on its shelf.
func looseStatus(status string) catalog.ItemStatus {
	switch catalog.ItemStatus(status) {
	case catalog.OnLoan, catalog.OnHoldShelf, catalog.InTransit, catalog.Received, catalog.GoneHome:
		return catalog.OnShelf
	case catalog.OnShelf, catalog.Missing, catalog.Lost, catalog.Withdrawn, catalog.OnOrder, catalog.InProcess:
	}
	return catalog.ItemStatus(status)
}

// piece is an item that a row describes.
type piece struct {
	read *row
	// as is the row in which what is wrong with it is noted: the row itself, or one
	// of its own where a MARC record describes several.
	as     *row
	record catalog.Record
	// columns are those of the table that the file says something about.
	columns []string
}

// wantedTitle is a title that a row names.
type wantedTitle struct {
	read  *row
	key   string
	title catalog.Title
	id    broker.ID
}

// saveItems writes the titles that are new, then the items. wanted[i] is the
// title of rows[i].
func (j *job) saveItems(ctx context.Context, tx *postgres.Tx, rows []*row, wanted []wantedTitle, pieces []piece) error {
	barcodes := make([]string, len(pieces))
	for i, piece := range pieces {
		barcodes[i] = piece.record.Barcode
	}
	known, err := catalog.ItemsByBarcode(ctx, tx, j.library.SharingGroup, barcodes)
	if err != nil {
		return err
	}
	for i := range pieces {
		pieces[i].identify(j, known)
	}
	if err := j.saveTitles(ctx, tx, wanted, known); err != nil {
		return err
	}
	titles := map[*row]broker.ID{}
	for i, read := range rows {
		titles[read] = wanted[i].id
	}
	for _, group := range alike(pieces) {
		var records []catalog.Record
		var kept []*row
		var ids []broker.ID
		for _, piece := range group {
			piece.record.Title = titles[piece.read]
			records, kept, ids = append(records, piece.record), append(kept, piece.read), append(ids, piece.record.ID)
		}
		saved, err := catalog.SaveRecords(ctx, tx, group[0].columns, records)
		settle(kept, ids, saved)
		if err != nil {
			return err
		}
	}
	return nil
}

// alike groups the pieces that can be saved by the columns they say something
// about.
func alike(pieces []piece) [][]piece {
	var groups [][]piece
	places := map[string]int{}
	for _, one := range pieces {
		if one.read.errors != nil || one.as.errors != nil {
			continue
		}
		columns := strings.Join(one.columns, " ")
		at, known := places[columns]
		if !known {
			at = len(groups)
			places[columns], groups = at, append(groups, nil)
		}
		groups[at] = append(groups[at], one)
	}
	return groups
}

func (p *piece) identify(j *job, known map[string]catalog.Item) {
	item, found := known[p.record.Barcode]
	switch {
	case !found:
		p.record.ID = broker.NewID()
	case item.Library != j.Library:
		p.as.wrong("barcode", "%s is another library's item", shown(p.record.Barcode))
	case item.Temporary():
		p.as.wrong("barcode", "%s stands for a copy borrowed from a lender", shown(p.record.Barcode))
	default:
		p.record.ID = item.ID
	}
}

// saveTitles finds or makes the title of each row. A title is recognised by the
// library's own key, by its numbers, or by the item that is here already; one
// that has none of these is recognised by its words.
func (j *job) saveTitles(ctx context.Context, tx *postgres.Tx, wanted []wantedTitle, items map[string]catalog.Item) error {
	keys := make([]string, len(wanted))
	for i := range wanted {
		want := &wanted[i]
		if want.key == "" && want.title.Title != "" && len(want.title.ISBNs) == 0 && want.title.OCLC == "" {
			want.key = wordsKey(want.title)
		}
		keys[i] = want.key
	}
	known, err := catalog.TitlesByKey(ctx, tx, j.Library, keys)
	if err != nil {
		return err
	}
	var unknown []catalog.Title
	for i := range wanted {
		if _, found := known[wanted[i].key]; (!found || wanted[i].key == "") && wanted[i].read.errors == nil {
			unknown = append(unknown, wanted[i].title)
		}
	}
	numbered, err := catalog.LockNumbers(ctx, tx, unknown)
	if err != nil {
		return err
	}
	keysOf, err := catalog.KeysOf(ctx, tx, j.Library, numbered.IDs())
	if err != nil {
		return err
	}
	for i := range wanted {
		j.saveTitle(tx, &wanted[i], known, numbered, keysOf, items)
	}
	return nil
}

// wordsKey names a title without a number by its words, so that its copies, and
// the same file read again, find it.
func wordsKey(title catalog.Title) string {
	return broker.DeriveID("title", strings.ToLower(title.Title), strings.ToLower(title.Author), title.Year, string(title.Format)).String()
}

func (j *job) saveTitle(tx *postgres.Tx, want *wantedTitle, known map[string]catalog.Title, numbered *catalog.Numbered, keysOf map[broker.ID][]string, items map[string]catalog.Item) {
	if want.read.errors != nil {
		return
	}
	have, found := known[want.key]
	if !found || want.key == "" {
		// What another record of this library is, this one is not, whatever their numbers.
		apart := func(id broker.ID) bool {
			return want.key != "" && slices.ContainsFunc(keysOf[id], func(key string) bool { return key != want.key })
		}
		item, here := items[want.read.text("barcode")]
		if have, found = numbered.Has(item.Title, want.title); !here || !found || want.key != "" {
			have, found = numbered.Find(want.title, apart)
		}
		if found && (want.key != "" || !here) && joins(have, want.title) {
			catalog.NoteJoin(tx, j.Library, want.key, have, want.title, j.Now)
		}
		if !found && want.title.Title == "" {
			if item, here := items[want.read.text("barcode")]; !here || item.Title == broker.NoID {
				want.read.wrong("title", "is empty; a new item needs a title, or the number of one that is known")
			} else {
				want.id = item.Title
			}
			return
		}
	}
	if found {
		want.id = have.ID
		if catalog.Gains(have, want.title) {
			catalog.FillTitle(tx, have.ID, want.title)
			have.ISBNs, have.OCLC = slices.Concat(have.ISBNs, want.title.ISBNs), cmp.Or(have.OCLC, want.title.OCLC)
			numbered.Add(have)
			want.read.outcome = changed
		}
	} else {
		title := want.title
		title.ID = broker.NewID()
		if id, err := broker.ParseID("key", want.key); err == nil {
			title.ID = id
		}
		catalog.AddTitle(tx, title, j.Now)
		numbered.Add(title)
		want.id = title.ID
		have, want.read.outcome = title, isNew
	}
	if want.key != "" && want.key != want.id.String() {
		catalog.SaveTitleKey(tx, j.Library, want.key, want.id)
	}
	if want.key != "" {
		known[want.key] = have
		keysOf[want.id] = append(keysOf[want.id], want.key)
	}
}

// joins tells whether a record that is taken for a title says anything that the
// title does not.
func joins(have, said catalog.Title) bool {
	return said.Title != "" && (catalog.Gains(have, said) || have.Title != said.Title || have.Author != said.Author)
}
