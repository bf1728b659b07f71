package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/provider"
	"github.com/steward-llmops/steward/internal/sim"
)

// SimOptions are how the simulator is started on its own.
type SimOptions struct {
	Listen      string // host:port
	Seed        uint64
	Instant     bool          // no waiting but what a request asks for
	Latency     time.Duration // to the first token; zero: by model
	Rate        float64       // tokens a second; zero: by model
	Script      string        // file of scripted faults; empty: none
	Cassette    string        // file of recorded interactions; empty: none
	IgnoreModel bool          // a recorded interaction answers for any model
	Out         io.Writer
}

// Sim serves the simulator until ctx ends.
func Sim(ctx context.Context, o SimOptions) error {
	opts := sim.Options{Chat: ChatCodecs(), Embed: EmbedCodecs(), Seed: o.Seed, Now: time.Now, Instant: o.Instant,
		Latency: o.Latency, Rate: o.Rate, IgnoreModel: o.IgnoreModel}
	var err error
	if o.Script != "" {
		text, err := os.ReadFile(o.Script)
		if err != nil {
			return fault.New(fault.Invalid, "script_unreadable", "the script %s cannot be read", o.Script).Because(err)
		}
		if opts.Script, err = sim.ParseScript(text); err != nil {
			return err
		}
	}
	if o.Cassette != "" {
		if opts.Cassette, err = sim.LoadCassette(o.Cassette); err != nil {
			return err
		}
	}
	l, err := listen(o.Listen, "--listen")
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(o.Out, "simulator on http://%s  (OpenAI at /v1, Anthropic at /v1/messages, Gemini at /v1beta, Bedrock at /model)\n", reachable(l.Addr().String())); err != nil {
		return err
	}
	return sim.New(opts).Serve(ctx, l)
}

// Found is a provider whose key is in the environment.
type Found struct{ Name, Kind, Variable string }

// FoundIn lists the vendors whose keys the environment holds, in the catalogue's order.
func FoundIn(getenv func(string) string) []Found {
	var list []Found
	for _, k := range provider.Kinds() {
		for _, name := range k.Env {
			if getenv(name) != "" {
				list = append(list, Found{Name: k.ID, Kind: k.ID, Variable: name})
				break
			}
		}
	}
	return list
}

// BaseURL returns the address of a provider: its own, or its kind's.
func BaseURL(p config.Provider) string {
	if p.BaseURL != "" {
		return p.BaseURL
	}
	k, _ := provider.KindByID(p.Kind)
	return k.BaseURL
}
