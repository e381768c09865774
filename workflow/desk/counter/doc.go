// Package counter is what every act at a desk has in common: where it happens
// and who acts (At), what it did (Done), and what follows from it for requests,
// for the next in the queue and for patrons who are to be told.
package counter
