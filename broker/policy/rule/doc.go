// Package rule is the language a policy document is written in. An Entry is one
// value of an attribute beside the clause it comes from; a Rule is one attribute
// with its entries at every level; a Match says what a question is about, and a
// When which questions an entry answers. The values that every attribute may use
// (amounts, sets, the word none) are here, and the strict reading of YAML that
// blames a line and a column.
//
// The most specific entry of the nearest document wins, unless a document above
// has said its last word.
package rule
