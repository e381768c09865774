// Package money answers the operations about patrons' accounts, the till, and what
// libraries owe each other.
package money

import "afield/api/rest/pipeline"

// Money holds the handlers.
type Money struct{ *pipeline.Base }
