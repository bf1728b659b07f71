package provider

import (
	_ "embed"
	"fmt"
	"sync"

	"github.com/goccy/go-yaml"

	"github.com/steward-llmops/steward/internal/llm"
)

//go:embed catalog.yaml
var catalogYAML []byte

// Kind is a vendor, or a server that one runs oneself: a row of catalog.yaml.
type Kind struct {
	ID      string       `yaml:"id"`
	Name    string       `yaml:"name"`
	BaseURL string       `yaml:"base_url"`
	Env     []string     `yaml:"env"`
	Auth    Auth         `yaml:"auth"`
	Formats []llm.Format `yaml:"formats"`
	Prices  string       `yaml:"prices"`
	// NoStreamOptions marks vendors that send usage in streams unasked and refuse
	// OpenAI's stream_options.
	NoStreamOptions bool   `yaml:"no_stream_options"`
	Local           bool   `yaml:"local"`
	Docs            string `yaml:"docs"`
}

// Auth says how a vendor is shown its key.
type Auth string

// The ways of authentication.
const (
	AuthBearer Auth = "bearer"         // Authorization: Bearer KEY
	AuthXKey   Auth = "x-api-key"      // Anthropic
	AuthGoog   Auth = "x-goog-api-key" // Gemini
	AuthAPIKey Auth = "api-key"        // Azure
	AuthSigV4  Auth = "sigv4"          // AWS; a bearer key is accepted too
	AuthGoogle Auth = "google"         // OAuth 2 access tokens
	AuthNone   Auth = "none"
)

// Kinds returns the rows of the catalogue, in its order.
var Kinds = sync.OnceValue(func() []Kind {
	var kinds []Kind
	if err := yaml.UnmarshalWithOptions(catalogYAML, &kinds, yaml.Strict()); err != nil {
		panic(fmt.Sprintf("catalog.yaml: %v", err)) // our own embedded file
	}
	return kinds
})

// KindByID returns the row with the id.
func KindByID(id string) (Kind, bool) {
	for _, k := range Kinds() {
		if k.ID == id {
			return k, true
		}
	}
	return Kind{}, false
}
