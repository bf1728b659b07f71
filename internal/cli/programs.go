package cli

import (
	"context"
	"strings"

	house "github.com/steward-llmops/steward/internal/app"
	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/sim"
)

// programs ties the command line to the house.
func programs() Programs {
	return Programs{
		Kinds: house.KnownKinds(),
		Up: func(ctx context.Context, cfg config.Config, o UpOptions) error {
			return house.Up(ctx, cfg, house.Options{Version: Version(), Out: o.Stdout, Err: o.Stderr, Getenv: o.Getenv})
		},
		Sim: func(ctx context.Context, o SimOptions) error {
			return house.Sim(ctx, house.SimOptions{Listen: o.Listen, Seed: o.Seed, Instant: o.Instant, Latency: o.Latency, Rate: o.Rate,
				Script: o.Script, Cassette: o.Cassette, IgnoreModel: o.IgnoreModel, Out: o.Stdout})
		},
		SimFaults: simFaults(),
		Probe: func(ctx context.Context, cfg config.Config) []Check {
			var list []Check
			for _, p := range house.Probe(ctx, cfg) {
				list = append(list, Check(p))
			}
			return list
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

func simFaults() []SimFault {
	var list []SimFault
	for _, f := range sim.Faults() {
		var params []string
		for _, p := range f.Params {
			params = append(params, p.Name+"="+p.Default)
		}
		list = append(list, SimFault{Name: f.Name, Params: strings.Join(params, ","), What: f.What})
	}
	return list
}
