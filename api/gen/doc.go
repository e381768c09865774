// Package gen holds the types and the server interface made from
// ../openapi.yaml. Nothing here is written by hand except this file.
package gen

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -config config.yaml ../openapi.yaml
