// Package flags holds the effects that note something on the request itself:
// overdue, recalled, a renewal asked for, to go back unused, why it is being
// cancelled. None of these is a state. What was asked for is changed here, too.
package flags
