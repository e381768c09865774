// Package api holds the REST contract, openapi.yaml. It was written first, and
// everything under this folder serves it: gen is made from it, rest and peer
// answer it, and rest checks every request against it.
package api

import _ "embed"

// OpenAPI is the contract as written, in YAML.
//
//go:embed openapi.yaml
var OpenAPI []byte
