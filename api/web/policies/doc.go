// Package policies is a library's rules as people read them: each value with its
// clause and the document it comes from, what the rules say to one patron and one
// act with every value that was asked, versions and what differs between them, and
// a new version.
package policies
