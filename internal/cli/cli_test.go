package cli_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/steward-llmops/steward/internal/api/apitest"
	"github.com/steward-llmops/steward/internal/cli"
	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/record"
)

var update = flag.Bool("update", false, "rewrite the scripts' expected output")

func now() time.Time { return apitest.Noon().Add(10 * time.Minute) }

// programs are parts that only say that they were started.
func programs() cli.Programs {
	return cli.Programs{
		Version: "1.2.3", Kinds: []string{"openai", "anthropic", "gemini"},
		Up: func(_ context.Context, cfg config.Config, o cli.UpOptions) error {
			fmt.Fprintf(o.Stdout, "up on %s in %s from %q, found %d\n", cfg.Listen, cfg.Data, o.ConfigPath, len(o.Found))
			return nil
		},
		Sim: func(_ context.Context, o cli.SimOptions) error {
			fmt.Fprintf(o.Stdout, "sim on %s\n", o.Listen)
			return nil
		},
		Found: func(getenv func(string) string) []cli.Found {
			if getenv("OPENAI_API_KEY") == "" {
				return nil
			}
			return []cli.Found{{Name: "openai", Kind: "openai", Variable: "OPENAI_API_KEY"}}
		},
		Probe: func(context.Context, config.Config) []cli.Check {
			return []cli.Check{{Name: "journal", State: "ok", Detail: "3 entries"}}
		},
	}
}

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"steward": func() {
		env := cli.SystemEnv(os.Stdin, os.Stdout, os.Stderr)
		env.Now = now
		p := programs()
		if os.Getenv("BARE") != "" {
			p = cli.Programs{}
		}
		os.Exit(cli.MainWith(p, env, os.Args[1:]))
	}})
}

type worldKey struct{}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata", UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			w := apitest.New(now)
			w.Samples()
			mux := http.NewServeMux()
			mux.Handle("/api/", w.Server().Handler())
			mux.HandleFunc("POST /v1/chat/completions", gateway)
			srv := httptest.NewServer(mux)
			env.Defer(srv.Close)
			env.Values[worldKey{}] = w
			env.Setenv("STEWARD_URL", srv.URL)
			env.Setenv("STEWARD_TOKEN", apitest.Token)
			env.Setenv("NOBODY", "http://127.0.0.1:1") // tcpmux: nothing listens there
			env.Setenv("HOME", env.WorkDir)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"rc":   exitCode,
			"call": func(ts *testscript.TestScript, _ bool, _ []string) { addCall(ts) },
			"agent": func(ts *testscript.TestScript, _ bool, _ []string) {
				ts.Value(worldKey{}).(*apitest.World).Agent()
			},
			"early": func(ts *testscript.TestScript, _ bool, _ []string) {
				ts.Value(worldKey{}).(*apitest.World).EndEarly(2)
			},
			"hush": func(ts *testscript.TestScript, _ bool, _ []string) { ts.Value(worldKey{}).(*apitest.World).Hush() },
		},
	})
}

// exitCode runs steward and demands an exit code: rc 2 key list.
func exitCode(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec("steward", args[1:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
}

// addCall ends a call as soon as somebody follows.
func addCall(ts *testscript.TestScript) {
	w := ts.Value(worldKey{}).(*apitest.World)
	select {
	case <-w.Joined():
	case <-time.After(30 * time.Second):
		ts.Fatalf("nobody follows")
	}
	w.Add(record.Call{ID: apitest.ID(now(), 7), Time: now().UnixMicro(), Provider: "sim", Model: "large", Asked: "sim/large",
		Status: 200, Outcome: record.OK, Pricing: record.Priced, Cost: 1_500_000, TotalMicros: 31_000, FirstTokenMicros: 9_000}, nil)
	w.Add(record.Call{ID: apitest.ID(now(), 8), Time: now().UnixMicro(), Provider: "sim", Model: "small", Asked: "sim/small",
		Status: 502, Outcome: record.Failed, ErrorCode: "upstream_failed", Pricing: record.Free, TotalMicros: 700, FirstTokenMicros: -1}, nil)
}

// gateway answers chats: it streams the last message back, and fails on request.
func gateway(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Model    string
		Messages []struct{ Role, Content string }
	}
	body, _ := io.ReadAll(r.Body)
	if json.Unmarshal(body, &in) != nil || !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer sk-steward-") {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error":{"message":"the API key is not known here","code":"invalid_api_key"}}`)
		return
	}
	last := in.Messages[len(in.Messages)-1].Content
	if in.Model == "sim/none" {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"error":{"message":"there is no model sim/none","code":"model_not_found"}}`)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Trailer", "x-steward-cost-usd")
	w.Header().Set("x-steward-call-id", "call_test")
	text := fmt.Sprintf("%d messages; %s", len(in.Messages), last)
	for _, piece := range strings.SplitAfter(text, " ") {
		b, _ := json.Marshal(map[string]any{"choices": []any{map[string]any{"delta": map[string]string{"content": piece}}}})
		fmt.Fprintf(w, "data: %s\n\n", b)
	}
	switch last {
	case "break":
		return
	case "fail":
		fmt.Fprint(w, "data: {\"error\":{\"message\":\"the provider failed\",\"code\":\"upstream_failed\"}}\n\n")
		return
	}
	fmt.Fprint(w, "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1234,\"completion_tokens\":5}}\n\ndata: [DONE]\n\n")
	w.Header().Set("x-steward-cost-usd", "0.000123")
}
