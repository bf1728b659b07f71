// Package storetest is the suite that every engine of the store passes.
package storetest

import (
	"context"
	"testing"

	"github.com/steward-llmops/steward/internal/store"
)

// Engine opens an engine for tests.
type Engine struct {
	// Fresh makes an empty database and returns a function that opens it; a second
	// call of that, after Close, opens the same database again.
	Fresh func(t testing.TB) (open func() (*store.Store, error))
}

// Run runs the suite.
func Run(t *testing.T, e Engine) {
	t.Run("every statement prepares", func(t *testing.T) {
		if err := e.open(t).PrepareAll(context.Background()); err != nil {
			t.Error(err)
		}
	})
	t.Run("opening again keeps what is there", e.testReopen)
	t.Run("keys", e.testKeys)
	t.Run("prices", e.testPrices)
	t.Run("ledger", e.testLedger)
}

// open opens a fresh database that ends with the test.
func (e Engine) open(t testing.TB) *store.Store {
	t.Helper()
	return reopen(t, e.Fresh(t))
}

func reopen(t testing.TB, open func() (*store.Store, error)) *store.Store {
	t.Helper()
	s, err := open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}
