// Package requests answers the operations about requests, borrowing and lending,
// and about what staff must decide.
package requests

import "afield/api/rest/pipeline"

// Requests holds the handlers.
type Requests struct{ *pipeline.Base }
