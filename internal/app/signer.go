package app

import (
	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/provider"
)

// signerFor returns what signs a kind's requests where a key alone does not.
func signerFor(kind provider.Kind, c config.Provider, key string, getenv func(string) string) (provider.Signer, error) {
	return nil, nil
}
