// Package undo takes the last act of a person back: its message is withdrawn, its
// charges are reversed by new entries, and the request stands where it was. The
// table says which acts can be undone, and how.
package undo
