// Package dialogue holds the effects that say something to the library at the
// other end of a request. The engine knows which library that is and how it is
// reached; this package only puts the words together.
package dialogue
