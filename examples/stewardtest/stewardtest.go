// Package stewardtest starts a whole Steward for the tests of the examples, with
// providers that each speak one format only, so that every SDK also reaches models
// that its own format does not.
package stewardtest

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/app"
	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/sim"
)

// patience bounds every wait for something that is due at once.
const patience = 10 * time.Second

// Steward is a running server.
type Steward struct {
	URL   string // of the gateway, such as http://127.0.0.1:40123
	Key   string // an API key that may call everything
	Admin *client.Client
	slow  *sim.Server
}

// Targets are the providers that the examples are run against. "sim" speaks the
// caller's own format, whichever that is; each of the others only the one that its
// name says.
func Targets() []string {
	return []string{"sim", "openai", "responses", "anthropic", "gemini"}
}

// slowModel returns a model of the target that takes its time.
func (s *Steward) slowModel(target, name string) string {
	if target == "sim" {
		return "sim/large"
	}
	return target + "-slow/" + name
}

// Start starts Steward on a free port, and stops it when the test ends.
func Start(t testing.TB) *Steward {
	t.Helper()
	options := sim.Options{Chat: app.ChatCodecs(), Embed: app.EmbedCodecs(), Now: time.Now, Instant: true}
	fast := upstream(t, sim.New(options))
	options.Instant, options.Latency, options.Rate = false, time.Millisecond, 20
	s := &Steward{slow: sim.New(options)}
	slow := upstream(t, s.slow)

	cfg := config.Default()
	cfg.Listen, cfg.Data = "127.0.0.1:0", t.TempDir()
	cfg.Calls.DrainTimeout = config.Duration(time.Second)
	cfg.Providers = map[string]config.Provider{}
	for suffix, base := range map[string]string{"": fast, "-slow": slow} {
		add := func(name, kind, url string, translate llm.Format) {
			cfg.Providers[name+suffix] = config.Provider{Kind: kind, BaseURL: url, Key: "env:UPSTREAM_KEY",
				Translate: string(translate), Timeouts: timeouts()}
		}
		add("openai", "openai", base+"/v1", llm.OpenAIChat)
		add("responses", "openai", base+"/v1", llm.OpenAIResponses)
		add("anthropic", "anthropic", base, "")
		add("gemini", "gemini", base, "")
	}
	s.run(t, cfg)
	key, err := s.Admin.CreateKey(t.Context(), client.NewKey{Name: "examples"})
	if err != nil {
		t.Fatalf("create a key: %v", err)
	}
	s.Key = key.Secret
	return s
}

func timeouts() config.Timeouts {
	second := config.Duration(time.Second)
	return config.Timeouts{Connect: 5 * second, FirstToken: 30 * second, Idle: 30 * second, Total: 60 * second}
}

func upstream(t testing.TB, s *sim.Server) string {
	server := httptest.NewServer(s)
	t.Cleanup(func() {
		server.CloseClientConnections() // a slow answer must not hold the end up
		server.Close()
	})
	return server.URL
}

func (s *Steward) run(t testing.TB, cfg config.Config) {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ready := make(chan string, 1)
	a, err := app.Open(ctx, cfg, app.Options{Version: "examples", Now: time.Now, Err: t.Output(),
		Getenv: func(name string) string { return map[string]string{"UPSTREAM_KEY": "upstream-key"}[name] },
		Ready:  func(addr string) { ready <- addr }})
	if err != nil {
		stop()
		t.Fatalf("open Steward: %v", err)
	}
	var served error
	var work sync.WaitGroup
	done := make(chan struct{})
	work.Go(func() {
		defer close(done)
		served = a.Serve(ctx)
	})
	t.Cleanup(func() {
		stop()
		work.Wait()
		if err := errors.Join(served, a.Close()); err != nil {
			t.Errorf("stop Steward: %v", err)
		}
	})
	select {
	case addr := <-ready:
		s.URL = "http://" + addr
	case <-done:
		t.Fatalf("serve: %v", served)
	case <-time.After(patience):
		t.Fatal("Steward is not ready")
	}
	s.Admin = &client.Client{URL: s.URL, Token: a.Token}
}

// AwaitCancelled waits until a call of the model, begun at or after begin, is
// recorded as cancelled, and until a slow provider has seen its caller leave.
func (s *Steward) AwaitCancelled(t testing.TB, model string, begin time.Time) {
	t.Helper()
	provider, name, _ := strings.Cut(model, "/")
	await(t, "a record with outcome cancelled for "+model, func() bool {
		page, err := s.Admin.CallPage(t.Context(), client.CallQuery{From: begin.Truncate(time.Microsecond), Model: name, Outcome: "cancelled", Limit: 10})
		if err != nil {
			t.Fatalf("list calls: %v", err)
		}
		return len(page.Calls) > 0
	})
	if provider != "sim" {
		await(t, "the provider to see the caller leave", func() bool { return s.slow.Stats().Models[name].Aborted > 0 })
	}
}

// await asks until the condition holds.
func await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	limit := time.After(patience)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}
