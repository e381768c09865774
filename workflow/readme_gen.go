//go:build ignore

// Writes README.md from the tables; run by `make generate`.
package main

import (
	"log"
	"os"

	"afield/workflow"
)

func main() {
	if err := os.WriteFile("README.md", []byte(workflow.Readme()), 0o644); err != nil {
		log.Fatal(err)
	}
}
