// Package account is a patron's own pages: where is my book, what does it cost, what
// do I have to answer. One column, large type, and everything works without
// scripts.
//
// No page here shows another patron's data, why a lender said no, or what staff say
// among themselves: the operations give patrons less, and these pages show only
// what they give.
package account
