// Package rota holds the effects that choose lenders and keep account of each
// one's part: who is asked next, in what way, and how it ended. Package routing
// ranks who could lend; this room takes the next of them.
package rota
