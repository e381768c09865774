// Package checks asks the policy about a request that somebody wants to make:
// may this patron have it, would a hold of a copy nearby serve, is a copy within
// what copyright allows. It reads the counts that only the database knows, and
// changes nothing.
package checks
