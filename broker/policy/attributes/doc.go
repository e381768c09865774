// Package attributes lists every attribute a policy document may give, in Rules,
// and the types of their values. A type checks itself when it is read. What a
// value means for a patron is decided elsewhere, in the package of its theme.
package attributes
