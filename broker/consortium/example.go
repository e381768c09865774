package consortium

import _ "embed"

//go:embed example.yaml
var example string

// Example is a commented file of a small consortium that works as it is.
func Example() string { return example }
