// Package partner has the page on which a library without a system answers: a mail
// leads there, and nothing else does. Looking answers nothing; it needs no account
// and shows nothing of the patron.
package partner
