// Package exchange brings a library's rows in from files and takes them out
// again: patrons with their links, proxies and blocks, items, loans, holds,
// charges and the calendar as CSV, titles and items as MARC 21 too. Every table is
// written by the package that owns it. Requests that began in another system are read
// here, and taken in by whoever can move requests (Taker).
//
// A CSV file is UTF-8 and names its columns in the first line, in any order;
// comma, semicolon, tab or vertical bar separate them. An unknown column is
// refused with the list of the known ones (ColumnsOf; afield import KIND --help
// prints them). A column that is left out leaves what is stored as it is; an
// empty cell empties it. Dates are 2026-08-22; times carry their offset or are
// on the library's clock; money is in the library's currency.
//
// A file of another system is read by a map (broker/filemap), which says which of
// its columns are which of ours and what its codes mean. What is left out can be
// had as it came, with the reason in a column of its own.
//
// Things are recognised by their natural keys, so that reading a file twice
// changes nothing: patrons by card number or key, items by barcode, titles by
// the library's own key, ISBN or OCLC number, loans by item and start, holds by
// patron, title and start, charges and blocks by key, closures by their days.
// Patrons, items and weekly hours take over what the file says; loans, holds,
// charges and blocks that are here already stay as they are, because life went on.
//
// Files are read in the order of Kinds: a loan whose item or patron is not here
// yet is a wrong row. Wrong rows are reported, all of them, and left out. What a
// row says of a person, a card, an item or a block is judged by the package that
// owns it, as the API's calls are, and gets the same code; a column that the file
// does not have is not judged.
//
// Of a MARC record all is kept, and goes home in an export. What is wrong with one
// of its copies costs that copy only; it is named, and counted.
//
// An export writes what can be read in, with the same columns, so that a library
// can move, and beside it everything else the library owns. It never holds a
// secret: no PIN, no password, no token.
//
//	result, err := exchange.Import(ctx, db, file, exchange.Options{Kind: exchange.Patrons, Library: library.ID, …})
//	manifest, err := exchange.Export(ctx, db, exchange.ExportOptions{Library: library.ID, Folder: "out", …})
package exchange
