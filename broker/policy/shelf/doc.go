// Package shelf answers what a library's policy says about holds: who may place
// one, how long it waits to be filled, how long the item then waits on the hold
// shelf, and what becomes of one that nobody picked up.
package shelf
