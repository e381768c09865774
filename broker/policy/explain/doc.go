// Package explain answers one question about a policy in words, with its rule
// and clause, for the desk and the command line: a decision of another package,
// or the line of documents that an attribute's value comes from.
package explain
