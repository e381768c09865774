// Package views holds what handlers of several themes show: libraries, branches,
// who acted, the names of titles. Views of one theme are in its own package.
package views
