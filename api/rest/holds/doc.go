// Package holds answers the operations about holds: the queue, the hold shelf, and
// the copies to fetch for them.
package holds

import "afield/api/rest/pipeline"

// Holds holds the handlers.
type Holds struct{ *pipeline.Base }
