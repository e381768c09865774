// Package undo takes the last act of a person back while its message has not
// gone out: who may do that, and that the message is withdrawn. What was before
// the act, the engine has kept, and puts it back. The table says which acts can
// be undone.
package undo
