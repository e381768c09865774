// Package administration answers the operations about libraries and their rules:
// policies, closures, notices and the nightly work.
package administration

import "afield/api/rest/pipeline"

// Administration holds the handlers.
type Administration struct{ *pipeline.Base }
