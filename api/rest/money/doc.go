// Package money answers the operations about patrons' accounts, the till, and what
// libraries owe each other.
package money

import "afield/api/rest/pipeline"

// Money is the handlers.
type Money struct{ *pipeline.Base }
