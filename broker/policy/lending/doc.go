// Package lending answers what a library's policy says about loans at the desk:
// who may check out what and how many, until when, who may renew, for which day
// a return counts, and what becomes of a claim that an item was returned or
// never had. Borrowed copies are lent here too, within their lender's dates.
package lending
