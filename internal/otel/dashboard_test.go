package otel_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/steward-llmops/steward/internal/gateway"
	"github.com/steward-llmops/steward/internal/otel"
)

// described gathers the names of what is registered.
type described struct {
	*prometheus.Registry
	names map[string]bool
}

var fqName = regexp.MustCompile(`fqName: "([^"]+)"`)

func (d described) MustRegister(list ...prometheus.Collector) {
	for _, c := range list {
		if err := d.Register(c); err != nil {
			panic(err)
		}
	}
}

func (d described) Register(c prometheus.Collector) error {
	ch := make(chan *prometheus.Desc, 1000)
	c.Describe(ch)
	close(ch)
	for desc := range ch {
		if m := fqName.FindStringSubmatch(desc.String()); m != nil {
			d.names[m[1]] = true
		}
	}
	return d.Registry.Register(c)
}

// registered returns the names of all metrics that Steward registers. What app
// registers itself is read in its source.
func registered(t *testing.T) map[string]bool {
	t.Helper()
	d := described{prometheus.NewPedanticRegistry(), map[string]bool{}}
	d.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewGoCollector())
	gateway.NewMetrics(d)
	otel.NewReceiver(otel.Options{Registerer: d})
	if _, err := otel.NewMetrics(otel.MetricsOptions{Registerer: d}); err != nil {
		t.Fatal(err)
	}
	if _, err := otel.NewExporter(otel.ExportOptions{Registerer: d, Target: otel.Target{Endpoint: "http://a"}}); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../app/*.go")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`Name:\s*"(steward_[a-z_]+)"`)
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named.FindAllSubmatch(b, -1) {
			d.names[string(m[1])] = true
		}
	}
	return d.names
}

var metricName = regexp.MustCompile(`\b(?:steward|gen_ai|process|go)_[a-z_]+\b`)

// labelNames are what else looks like a metric in an expression.
var labelNames = map[string]bool{"gen_ai_request_model": true, "gen_ai_token_type": true, "gen_ai_provider_name": true, "gen_ai_operation_name": true}

// base takes off what a histogram's series add to its name.
func base(name string, known map[string]bool) string {
	for _, suffix := range []string{"_bucket", "_count", "_sum"} {
		if short, ok := strings.CutSuffix(name, suffix); ok && known[short] {
			return short
		}
	}
	return name
}

func TestDashboardAsksForWhatIsThere(t *testing.T) {
	b, err := os.ReadFile("../../deploy/grafana/steward.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			ID          int
			Title, Type string
			GridPos     struct{ X, Y, W, H int }
			Targets     []struct{ Expr string }
		}
		Templating struct {
			List []struct{ Name, Definition string }
		}
	}
	if err := json.Unmarshal(b, &board); err != nil {
		t.Fatal(err)
	}
	known := registered(t)
	used := map[string]bool{}
	check := func(where, expr string) {
		for _, name := range metricName.FindAllString(expr, -1) {
			if labelNames[name] {
				continue
			}
			if name = base(name, known); !known[name] {
				t.Errorf("%s asks for %s, which Steward does not register", where, name)
			}
			used[name] = true
		}
	}
	ids := map[int]bool{}
	for _, p := range board.Panels {
		if ids[p.ID] || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %q has the id of another, or does not fit", p.Title)
		}
		ids[p.ID] = true
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %q shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			check(p.Title, target.Expr)
		}
	}
	for _, v := range board.Templating.List {
		check("variable "+v.Name, v.Definition)
	}
	for name := range known { // a counter that nobody looks at is one too many
		if strings.HasPrefix(name, "steward_otlp_") && !used[name] {
			t.Errorf("no panel shows %s", name)
		}
	}
}

func TestMetricsAreDocumented(t *testing.T) {
	b, err := os.ReadFile("../../docs/reference/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	known := registered(t)
	for name := range known {
		if (strings.HasPrefix(name, "steward_") || strings.HasPrefix(name, "gen_ai_")) && !strings.Contains(string(b), "`"+name+"`") {
			t.Errorf("docs/reference/metrics.md does not tell of %s", name)
		}
	}
	for _, name := range metricName.FindAllString(string(b), -1) {
		if !labelNames[name] && !strings.HasPrefix(name, "go_") && !strings.HasPrefix(name, "process_") && !known[base(name, known)] {
			t.Errorf("docs/reference/metrics.md tells of %s, which Steward does not register", name)
		}
	}
}
