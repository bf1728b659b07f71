// Command reference writes docs/reference: what the code itself knows of the
// configuration, the command line and the admin API. Run it from the top of the
// repository: go run ./internal/reference
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/steward-llmops/steward/internal/api"
	"github.com/steward-llmops/steward/internal/cli"
	"github.com/steward-llmops/steward/internal/config"
)

func main() {
	if err := write(filepath.Join("docs", "reference")); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func write(dir string) error {
	files, err := generate()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(filepath.Join(dir, name), files[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate returns the files of docs/reference by name.
func generate() (map[string][]byte, error) {
	fields, err := config.Fields()
	if err != nil {
		return nil, err
	}
	schema, err := schemaFile(fields)
	if err != nil {
		return nil, err
	}
	example, err := config.Example()
	if err != nil {
		return nil, err
	}
	openapi, err := api.OpenAPI("")
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		"steward.schema.json":  schema,
		"configuration.md":     configPage(fields),
		"steward.example.yaml": []byte(example),
		"cli.md":               cliPage(cli.Root()),
		"openapi.json":         openapi,
		"providers.md":         providersPage(),
		"query-language.md":    queryPage(),
	}, nil
}
