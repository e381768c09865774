// Package dialogue holds the effects that say something to the library at the
// other end of a request. Which library that is, and how it is reached, is the
// engine's to know; this room puts the words together.
package dialogue
