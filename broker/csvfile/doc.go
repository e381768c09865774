// Package csvfile reads the text of CSV files that other systems and people
// wrote: it passes over a byte order mark, refuses UTF-16, bounds how long a row
// may be, and says in plain words what is wrong with a row and what would be
// right. What the columns mean is the business of whoever reads them.
//
//	text, err := csvfile.Open(source)
//	rows := csv.NewReader(text)
//	text.NextRow() // before each row
//	fields, err := rows.Read()
package csvfile
