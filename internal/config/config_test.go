package config_test

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/fault"
)

var update = flag.Bool("update", false, "rewrite the golden files' expected problems")

var kinds = []string{"openai", "anthropic", "gemini", "bedrock"}

// TestProblems reads each testdata/*.txtar: in.yaml, and the problems that it has.
func TestProblems(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil || len(a.Files) != 2 {
				t.Fatalf("%d files, %v", len(a.Files), err)
			}
			_, err = config.Parse("steward.yaml", a.Files[0].Data, kinds)
			got := "none\n"
			if err != nil {
				got = err.Error() + "\n"
			}
			if *update {
				a.Files[1].Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(a.Files[1].Data), got); diff != "" {
				t.Error(diff)
			}
			// Secrets in the cases are all spelled with this word.
			if strings.Contains(got, "hunter2") {
				t.Errorf("a problem holds a secret:\n%s", got)
			}
			if err != nil && (!fault.Is(err, fault.Invalid) || fault.As(err).Kind.ExitCode() != 2) {
				t.Errorf("the problems are %v", fault.As(err))
			}
		})
	}
}

func TestEmptyFileIsTheDefaults(t *testing.T) {
	for name, src := range map[string]string{"nothing": "", "comments": "# a\n", "a document mark": "---\n", "null sections": "calls:\nproviders:\nprices: ~\n"} {
		got, err := config.Parse("f", []byte(src), kinds)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(config.Default(), got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestDefaults(t *testing.T) {
	c := config.Default()
	if c.Listen != "127.0.0.1:8080" || c.Data != "./steward-data" || !c.Content.Keep || !c.Sim.Enabled || !c.Auth.Required ||
		c.Limits.MaxBody != 32<<20 || c.Limits.MaxUpload != 512<<20 || c.Limits.Header != 64<<10 || c.Calls.HangUp != "cancel" ||
		c.Calls.DrainTimeout.Std() != 30*time.Second || c.Content.Retention.Std() != 720*time.Hour || c.Journal.Sync.Std() != 10*time.Millisecond ||
		c.Journal.Segment != 64<<20 || c.Journal.MinFree != 256<<20 || !c.OTLP.Receive || c.OTLP.MaxBody != 16<<20 || c.OTLP.Export.MetricsEvery.Std() != time.Minute || c.Prices.Unpriced != "allow" || c.Log.Level != "info" {
		t.Errorf("defaults are %+v", c)
	}
}

func TestWholeFile(t *testing.T) {
	const src = `
listen: :8080
providers:
  base: &base
    kind: openai
    timeouts: {connect: 2s}
    max_connections: 9
  lab:
    <<: *base
    base_url: http://127.0.0.1:9100/v1
    key: env:LAB_KEY
    models: [large, "small"]
    headers: {x-team: research, authorization: "file:/run/secret"}
    timeouts:
      first_token: 1m30s
prices:
  unpriced: default
  default: {input: 5, output: "20.000000001"}
  overrides:
    - {provider: lab, model: large, input: 2.50, output: 10.00}
    - model: own
      compute_hour: 1.9
limits: {max_body: 1.5MiB}
content: {keep: false, retention: 30d}
`
	got, err := config.Parse("f", []byte(src), kinds)
	if err != nil {
		t.Fatal(err)
	}
	want := config.Default()
	want.Listen = ":8080"
	base := config.Provider{Kind: "openai", MaxConnections: 9, HTTP2: true, Timeouts: config.Timeouts{
		Connect: config.Duration(2 * time.Second), FirstToken: config.Duration(2 * time.Minute),
		Idle: config.Duration(time.Minute), Total: config.Duration(10 * time.Minute)}}
	lab := base
	lab.BaseURL, lab.Key, lab.Models = "http://127.0.0.1:9100/v1", "env:LAB_KEY", []string{"large", "small"}
	lab.Headers = map[string]config.Value{"x-team": "research", "authorization": "file:/run/secret"}
	lab.Timeouts.FirstToken = config.Duration(90 * time.Second)
	want.Providers = map[string]config.Provider{"base": base, "lab": lab}
	want.Prices = config.Prices{Unpriced: "default", Default: config.DefaultPrice{Input: "5", Output: "20.000000001"},
		Overrides: []config.Override{{Provider: "lab", Model: "large", Input: "2.50", Output: "10.00"}, {Model: "own", ComputeHour: "1.9"}}}
	want.Limits.MaxBody = 3 << 19
	want.Content.Keep, want.Content.Retention = false, config.Duration(720*time.Hour)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLoadOrder(t *testing.T) {
	read := func(path string) ([]byte, error) {
		switch path {
		case "steward.yaml":
			return []byte("listen: 127.0.0.1:1\ndata: file\n"), nil
		case "locked.yaml":
			return nil, fs.ErrPermission
		}
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	tests := map[string]struct {
		s            config.Sources
		listen, data string
		kind         fault.Kind
		ok           bool
	}{
		"the defaults":                     {config.Sources{}, "127.0.0.1:8080", "./steward-data", 0, true},
		"the file":                         {config.Sources{Path: "steward.yaml"}, "127.0.0.1:1", "file", 0, true},
		"the environment before the file":  {config.Sources{Path: "steward.yaml", Getenv: vars("STEWARD_LISTEN", ":2", "STEWARD_DATA", "env")}, ":2", "env", 0, true},
		"flags before the environment":     {config.Sources{Path: "steward.yaml", Getenv: vars("STEWARD_LISTEN", ":2", "STEWARD_DATA", "env"), Listen: ":3", Data: "flag"}, ":3", "flag", 0, true},
		"an optional file that is missing": {config.Sources{Path: "none.yaml", Optional: true}, "127.0.0.1:8080", "./steward-data", 0, true},
		"a file that is missing":           {config.Sources{Path: "none.yaml"}, "", "", fault.NotFound, false},
		"a file that may not be read":      {config.Sources{Path: "locked.yaml", Optional: true}, "", "", fault.Invalid, false},
		"a flag that is no address":        {config.Sources{Listen: "here"}, "", "", fault.Invalid, false},
		"a variable that is no address":    {config.Sources{Getenv: vars("STEWARD_LISTEN", "here")}, "", "", fault.Invalid, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.s.ReadFile = read
			c, err := config.Load(tt.s)
			if !tt.ok {
				if !fault.Is(err, tt.kind) {
					t.Errorf("error is %v", err)
				}
				return
			}
			if err != nil || c.Listen != tt.listen || c.Data != tt.data {
				t.Errorf("listens on %q with data in %q, %v", c.Listen, c.Data, err)
			}
		})
	}
}

func vars(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestDurations(t *testing.T) {
	tests := map[string]struct {
		in, out string
		want    time.Duration
		ok      bool
	}{
		"milliseconds":    {"5ms", "5ms", 5 * time.Millisecond, true},
		"two units":       {"1h30m", "90m", 90 * time.Minute, true},
		"days":            {"30d", "720h", 720 * time.Hour, true},
		"nothing":         {"0s", "0s", 0, true},
		"zero bare":       {"0", "0s", 0, true},
		"no unit":         {"5", "", 0, false},
		"negative":        {"-5s", "", 0, false},
		"words":           {"soon", "", 0, false},
		"too many days":   {"999999999d", "", 0, false},
		"a part of a day": {"1.5d", "", 0, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d, err := config.ParseDuration(tt.in)
			if (err == nil) != tt.ok || d.Std() != tt.want || (tt.ok && d.String() != tt.out) {
				t.Errorf("ParseDuration(%q) = %v, %v; want %v as %q", tt.in, d, err, tt.want, tt.out)
			}
		})
	}
}

func TestSizes(t *testing.T) {
	tests := map[string]struct {
		in, out string
		want    config.Size
		ok      bool
	}{
		"binary":       {"32MiB", "32MiB", 32 << 20, true},
		"decimal":      {"5MB", "5MB", 5e6, true},
		"a part":       {"1.5GiB", "1536MiB", 3 << 29, true},
		"a space":      {"64 KiB", "64KiB", 64 << 10, true},
		"bytes":        {"17B", "17B", 17, true},
		"no unit":      {"32", "", 0, false},
		"negative":     {"-1MiB", "", 0, false},
		"an exponent":  {"1e3MiB", "", 0, false},
		"out of range": {"99999999999TiB", "", 0, false},
		"a unit alone": {"MiB", "", 0, false},
		"another unit": {"3MiBs", "", 0, false},
		"not a number": {"NaNMiB", "", 0, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			n, err := config.ParseSize(tt.in)
			if (err == nil) != tt.ok || n != tt.want || (tt.ok && n.String() != tt.out) {
				t.Errorf("ParseSize(%q) = %d, %v; want %d as %q", tt.in, n, err, tt.want, tt.out)
			}
		})
	}
}

func TestResolve(t *testing.T) {
	read := func(path string) ([]byte, error) {
		switch path {
		case "/key":
			return []byte("from-file\r\n"), nil
		case "/empty":
			return []byte("\n"), nil
		}
		return nil, errors.New("no such file")
	}
	tests := map[string]struct {
		in   config.Secret
		want string
		ok   bool
	}{
		"none":                  {"", "", true},
		"a variable":            {"env:KEY", "from-env", true},
		"a file":                {"file:/key", "from-file", true},
		"an unset variable":     {"env:OTHER", "", false},
		"a file that is empty":  {"file:/empty", "", false},
		"a file that is absent": {"file:/absent", "", false},
		"a secret in clear":     {"sk-hunter2hunter2", "", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := tt.in.Resolve(vars("KEY", "from-env"), read)
			if got != tt.want || (err == nil) != tt.ok {
				t.Errorf("Resolve = %q, %v", got, err)
			}
			if err != nil && (!fault.Is(err, fault.Invalid) || fault.As(err).Hint == "" || strings.Contains(err.Error(), "hunter2")) {
				t.Errorf("error is %v", err)
			}
		})
	}
	if v, err := config.Value("plain").Resolve(vars(), read); v != "plain" || err != nil {
		t.Errorf("a plain value is %q, %v", v, err)
	}
	if v, err := config.Value("file:/key").Resolve(vars(), read); v != "from-file" || err != nil {
		t.Errorf("a value by reference is %q, %v", v, err)
	}
}

func TestLoopback(t *testing.T) {
	for address, want := range map[string]bool{"127.0.0.1:1": true, "[::1]:1": true, "localhost:1": true, "127.9.9.9:1": true,
		":1": false, "0.0.0.0:1": false, "10.0.0.1:1": false, "nonsense": false, "localhost.example:1": false} {
		if got := config.IsLoopback(address); got != want {
			t.Errorf("IsLoopback(%q) = %v", address, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, path := range files {
		if a, err := txtar.ParseFile(path); err == nil {
			f.Add(a.Files[0].Data)
		}
	}
	f.Add([]byte("a: &a {b: *a}\n<<: *a"))
	f.Fuzz(func(t *testing.T, src []byte) {
		c, err := config.Parse("f", src, kinds)
		_, _ = config.ParseOverrides("f", src)
		if err == nil {
			return
		}
		var ps config.Problems
		if !errors.As(err, &ps) || len(ps) == 0 {
			t.Fatalf("%v of type %T, with %+v", err, err, c)
		}
		for _, p := range ps {
			if p.Message == "" || p.Line < 0 || strings.Count(p.Excerpt, "\n") > 0 {
				t.Errorf("problem %+v", p)
			}
		}
	})
}
