// Package people is a patron's record at the desk, the search for one, and a new
// card: blocks first, then money, then what they have and wait for.
package people
