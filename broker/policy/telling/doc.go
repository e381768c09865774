// Package telling answers what a library's policy says about notices: which one
// is due for a loan, by which way a patron is told, and in which hours nobody is
// called.
package telling
