// Package catalogue answers the operations about titles and items.
package catalogue

import "afield/api/rest/pipeline"

// Catalogue holds the handlers.
type Catalogue struct{ *pipeline.Base }
