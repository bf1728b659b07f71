package sqlite

import (
	"context"
	"strconv"

	"github.com/steward-llmops/steward/internal/store"
)

// OpenBusy is Open with another patience, in milliseconds.
func OpenBusy(ctx context.Context, path string, busy int) (*store.Store, error) {
	return open(ctx, path, strconv.Itoa(busy))
}
