// Package policies holds the commands that read, check, explain and publish
// libraries' policies: afield policy.
package policies
