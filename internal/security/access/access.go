// Package access says who is calling and what they may do.
package access

import (
	"context"
	"strings"

	"github.com/steward-llmops/steward/internal/ident"
)

// Key is a virtual API key as it is kept: never its secret. Times are
// microseconds since the Unix epoch; zero means never.
type Key struct {
	ID      string // "key_..."
	Name    string
	Org     string
	Team    string
	Project string
	Prefix  string   // the visible first characters of the secret
	Models  []string // patterns of models that it may call ("openai/*", "sim/small"); empty: all
	Created int64
	Expires int64
	Revoked int64
	// Replaced is the id of the key that took this one's place in a rotation; this
	// one works until Expires.
	Replaced string
}

// NewKey is a wish for a key. Empty Org, Team and Project mean "default".
type NewKey struct {
	Name, Org, Team, Project string
	Models                   []string
	Expires                  int64
}

// StoredKey is a key with its keyed hash, as the store holds it.
type StoredKey struct {
	Key
	Hash [32]byte // HMAC-SHA-256 of the secret under the installation's pepper
}

// Store keeps keys.
type Store interface {
	InsertKey(ctx context.Context, k StoredKey) error
	// UpdateKey writes Expires, Revoked and Replaced.
	UpdateKey(ctx context.Context, k Key) error
	// Keys returns every key, in order of Created.
	Keys(ctx context.Context) ([]StoredKey, error)
}

// Grant is what a key allows: immutable, shared by its calls.
type Grant struct {
	Principal ident.Principal
	Models    []string
	Expires   int64
}

// Allows reports whether the grant covers the model, addressed as
// "provider/model". A pattern ends in "*" or names the whole; a pattern without a
// slash fits the model of any provider.
func (g *Grant) Allows(model string) bool {
	if len(g.Models) == 0 {
		return true
	}
	_, bare, _ := strings.Cut(model, "/")
	for _, p := range g.Models {
		name := model
		if !strings.Contains(p, "/") && p != "*" {
			name = bare
		}
		if head, ok := strings.CutSuffix(p, "*"); ok && strings.HasPrefix(name, head) || p == name {
			return true
		}
	}
	return false
}

// Project is a place in the tree that keys hang on.
type Project struct {
	Org, Team, Name string
	Created         int64 // microseconds since the Unix epoch
}
