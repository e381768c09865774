// Package blocks answers what stops a patron: the card, the blocks staff put,
// what is owed, what is long overdue, and the linked accounts. Every decision
// about a person begins with CheckStanding.
package blocks
