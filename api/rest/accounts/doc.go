// Package accounts answers the operations about signing in and about patrons: their
// registration, cards, blocks, links and the requests for their records.
package accounts

import "afield/api/rest/pipeline"

// Accounts holds the handlers.
type Accounts struct{ *pipeline.Base }
