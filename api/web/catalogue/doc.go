// Package catalogue is the search for titles, a title with its copies and queue, and
// the one search that finds anything: requests, patrons, titles and places.
package catalogue
