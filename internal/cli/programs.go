package cli

import (
	"context"

	house "github.com/steward-llmops/steward/internal/app"
	"github.com/steward-llmops/steward/internal/config"
)

// programs ties the command line to the house.
func programs() Programs {
	return Programs{
		Kinds: house.KnownKinds(),
		Up: func(ctx context.Context, cfg config.Config, o UpOptions) error {
			return house.Up(ctx, cfg, house.Options{Version: Version(), Out: o.Stdout, Err: o.Stderr, Getenv: o.Getenv})
		},
		Sim: func(ctx context.Context, o SimOptions) error {
			return house.Sim(ctx, house.SimOptions{Listen: o.Listen, Out: o.Stdout})
		},
		Found: func(getenv func(string) string) []Found {
			var list []Found
			for _, f := range house.FoundIn(getenv) {
				list = append(list, Found(f))
			}
			return list
		},
		BaseURL: house.BaseURL,
	}
}
