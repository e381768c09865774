// Package filemap says how the files of another system are to be read: which of
// their columns are which of ours, what their codes mean, how they write dates,
// and in which field their records have copies. A map is YAML, checked strictly,
// with line and column of every mistake; those of Koha, Sierra and Evergreen are
// shipped (Names, Text), and a library's own begins with one of them:
//
//	system: koha                   # begin with what is shipped for Koha
//	codes:
//	  branch: {CPL: main, "E*": east}
//	  type:   {BK: book, "DVD*": dvd}
//	items:
//	  columns: {call_number: cn or itemcallnumber, title: title + subtitle}
//
// A map knows nothing of what the columns mean; broker/exchange reads by it.
package filemap
