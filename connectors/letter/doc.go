// Package letter reaches libraries that have no system to speak to: each message
// goes to them as a mail with one signed link to a page where they answer without
// an account. What they answer there is an ordinary lender's message.
//
// A link names the borrower, the lender, the ask and its last day, and is signed
// with a key of this server, so nothing is stored for it. A mail tells a library
// that a book is asked for, never for whom.
package letter
