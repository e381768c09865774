// Package marc reads and writes bibliographic records as MARC 21: binary (ISO
// 2709) and MARCXML. It knows the formats and which parts of a record
// describe a title and a copy; it touches no database.
//
// Reading is tolerant: the directory of a binary record is believed before its
// lengths, line breaks between records are passed over, and one broken record
// does not stop the next. Writing is strict. Text is UTF-8. A record that says
// it is MARC-8 is read where it is plain ASCII, which is the same in both, and
// refused otherwise: save such a file as UTF-8 first. UTF-8 that says it is MARC-8
// is known by its bytes.
//
// Systems write copies into records each in its own way (Ways); which one a file
// has is found by what finds most copies (Evidence).
//
// What a stranger sends is bounded: a binary record has at most
// 99,999 bytes by its own format, an XML record 256 KB, 64 levels and 5,000
// elements.
//
//	reader, err := marc.NewReader(file) // tells binary from XML by the first byte
//	for {
//		record, err := reader.Next()   // io.EOF at the end; a *marc.BadRecord can be passed over
//		title, copies := marc.TitleOf(record), way.Copies(record) // way, _ := marc.Way("koha")
//	}
package marc
