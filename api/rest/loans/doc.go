// Package loans answers the operations about loans, and the scan at the desk.
package loans

import "afield/api/rest/pipeline"

// Loans holds the handlers.
type Loans struct{ *pipeline.Base }
