// Package views holds what handlers of several themes show: libraries, branches,
// who acted, what titles are called. Views of one theme stand with it.
package views
