// Package rota holds the effects that choose lenders and record how each one's
// part went: who is asked next, in what way, and how it ended. Package routing
// ranks who could lend; this package takes the next of them.
package rota
