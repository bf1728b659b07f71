package otel_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/steward-llmops/steward/internal/otel"
	"github.com/steward-llmops/steward/internal/record"
)

func newMetrics(t *testing.T, c *collector, every time.Duration) (*otel.Metrics, *prometheus.Registry) {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	opts := otel.MetricsOptions{Naming: naming{}, Registerer: reg, Every: every}
	if c != nil {
		opts.Target = otel.Target{Endpoint: "http://collector/base", Client: &http.Client{Transport: c}}
	}
	m, err := otel.NewMetrics(opts)
	if err != nil {
		t.Fatal(err)
	}
	return m, reg
}

// gather returns the histograms by name and labels.
func gather(t *testing.T, reg *prometheus.Registry) map[string]*dto.Histogram {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*dto.Histogram{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += " " + strings.TrimPrefix(l.GetName(), "gen_ai_") + "=" + l.GetValue()
			}
			all[name] = m.GetHistogram()
		}
	}
	return all
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	m, reg := newMetrics(t, nil, 0)
	failed := aCall(2)
	failed.Outcome, failed.ErrorKind, failed.Stream = record.Failed, "upstream", false
	lost := aCall(3)
	lost.Outcome, lost.ErrorKind, lost.Provider, lost.Asked = record.Failed, "not_found", "", "whatever they like"
	left := aCall(4)
	left.Outcome, left.ErrorKind = record.Cancelled, ""
	odd := aCall(5)
	odd.Outcome, odd.ErrorKind, odd.Stream = record.Failed, "surprise", false
	m.Count(entriesOf(aCall(1), failed, lost, left, odd))
	got := map[string]string{}
	for name, h := range gather(t, reg) {
		got[name] = fmt.Sprintf("%d of %.3f", h.GetSampleCount(), h.GetSampleSum())
	}
	series := "operation_name=chat provider_name=openai request_model=gpt-4o"
	want := map[string]string{
		"gen_ai_client_token_usage " + series + " token_type=input":                                                                "4 of 400.000",
		"gen_ai_client_token_usage " + series + " token_type=output":                                                               "4 of 204.000",
		"gen_ai_client_operation_duration_seconds error_type= " + series:                                                           "1 of 1.499",
		"gen_ai_client_operation_duration_seconds error_type=upstream " + series:                                                   "1 of 1.499",
		"gen_ai_client_operation_duration_seconds error_type=cancelled " + series:                                                  "1 of 1.499",
		"gen_ai_client_operation_duration_seconds error_type=_OTHER " + series:                                                     "1 of 1.499",
		"gen_ai_server_request_duration_seconds error_type= " + series:                                                             "1 of 1.500",
		"gen_ai_server_request_duration_seconds error_type=upstream " + series:                                                     "1 of 1.500",
		"gen_ai_server_request_duration_seconds error_type=cancelled " + series:                                                    "1 of 1.500",
		"gen_ai_server_request_duration_seconds error_type=_OTHER " + series:                                                       "1 of 1.500",
		"gen_ai_server_request_duration_seconds error_type=not_found operation_name=chat provider_name=steward request_model=none": "1 of 1.500",
		"gen_ai_server_time_to_first_token_seconds " + series:                                                                      "2 of 1.000",
		"gen_ai_server_time_per_output_token_seconds " + series:                                                                    "1 of 0.020",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
}

func TestMetricsAreBounded(t *testing.T) {
	t.Parallel()
	m, reg := newMetrics(t, nil, 0)
	for i := range 2 * otel.MaxModels {
		bad, good := aCall(1), aCall(1)
		bad.Model, bad.Outcome, bad.ErrorKind = fmt.Sprintf("made-up-%d", i), record.Failed, "refused"
		good.Model = fmt.Sprintf("model-%d", i)
		m.Count(entriesOf(bad, good))
	}
	models := map[string]bool{}
	for name := range gather(t, reg) {
		_, model, _ := strings.Cut(name, "request_model=")
		model, _, _ = strings.Cut(model, " ")
		models[model] = true
		if strings.HasPrefix(model, "made-up") {
			t.Errorf("a model that never answered has a series: %s", model)
		}
	}
	if len(models) != otel.MaxModels+1 || !models["other"] {
		t.Errorf("%d models, want %d and other", len(models), otel.MaxModels)
	}
}

func TestMetricsByOTLP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &collector{}
		m, reg := newMetrics(t, c, 10*time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { m.Run(ctx); close(ended) }()
		time.Sleep(15 * time.Second)
		synctest.Wait()
		if len(c.metrics) != 0 {
			t.Errorf("%d exports before the first call, want none", len(c.metrics))
		}
		m.Count(entriesOf(aCall(1)))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		cancel()
		<-ended
		if len(c.metrics) != 2 {
			t.Fatalf("%d exports, want that of its time and the last", len(c.metrics))
		}
		scope := c.metrics[1].ResourceMetrics[0].ScopeMetrics[0]
		prom := gather(t, reg)
		for _, metric := range scope.Metrics {
			p := metric.GetHistogram().GetDataPoints()[0]
			total := uint64(0)
			for _, n := range p.BucketCounts {
				total += n
			}
			if len(p.BucketCounts) != len(p.ExplicitBounds)+1 || total != p.Count || p.StartTimeUnixNano >= p.TimeUnixNano {
				t.Errorf("%s: %v", metric.Name, p)
			}
			if metric.Name == "gen_ai.server.request.duration" {
				want := map[string]any{"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"}
				if diff := cmp.Diff(want, attributesOf(p.Attributes)); diff != "" {
					t.Error(diff)
				}
				h := prom["gen_ai_server_request_duration_seconds error_type= operation_name=chat provider_name=openai request_model=gpt-4o"]
				if p.GetSum() != h.GetSampleSum() || p.Count != h.GetSampleCount() {
					t.Errorf("OTLP has %v of %d, Prometheus %v of %d", p.GetSum(), p.Count, h.GetSampleSum(), h.GetSampleCount())
				}
				// 1.5 s lies between 1.28 and 2.56: the ninth bucket.
				if p.BucketCounts[8] != 1 || p.ExplicitBounds[7] != 1.28 {
					t.Errorf("buckets %v of %v", p.BucketCounts, p.ExplicitBounds)
				}
			}
		}
		if len(scope.Metrics) != 5 {
			t.Errorf("%d metrics, want 5", len(scope.Metrics))
		}
	})
}
