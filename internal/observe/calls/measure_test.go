package calls_test

import (
	"strings"
	"testing"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/observe/calls"
)

func TestParseMeasure(t *testing.T) {
	tests := map[string]string{ // what, aggregation, field or score
		"calls": "calls", " Calls ": "calls", "spans": "spans", "errors": "errors", "unpriced": "unpriced", "cache_hits": "cache_hits",
		"error_rate": "error_rate", "cache_hit_rate": "cache_hit_rate", "cost_per_call": "cost_per_call",
		"cost_per_trace": "cost_per_trace", "cost_per_session": "cost_per_session", "cost_per_user": "cost_per_user",
		"cost": "of sum cost", "savings": "of sum savings", "tokens": "of sum tokens", "input_tokens": "of sum input_tokens",
		"cached_tokens": "of sum cached_tokens", "cache_write_tokens": "of sum cache_write_tokens",
		"output_tokens": "of sum output_tokens", "reasoning_tokens": "of sum reasoning_tokens", "attempts": "of sum attempts",
		"latency": "of avg latency", "ttft": "of avg ttft", "speed": "of avg speed", "tps": "of avg speed", "duration": "of avg latency",
		"latency_p95": "of p95 latency", "p95(latency)": "of p95 latency", "latency.p95": "of p95 latency", "P95( Latency )": "of p95 latency",
		"input_tokens_max": "of max input_tokens", "avg(cost)": "of avg cost", "cost_min": "of min cost", "sum(latency)": "of sum latency",
		"cost_nano": "of sum cost", "cost_nano_p50": "of p50 cost", "latency_us.p99": "of p99 latency", "ttft_us": "of avg ttft", "savings_nano": "of sum savings",
		"traces": "of unique trace", "sessions": "of unique session", "users": "of unique subject", "models": "of unique model", "keys": "of unique key",
		"unique(model)": "of unique model", "model_unique": "of unique model", "unique(http_status)": "of unique http_status", "key_name.unique": "of unique key_name",
		"unique(user)": "of unique subject", "unique(stream)": "of unique stream",
		"score.helpfulness": "score avg helpfulness", "score.a_min": "score avg a_min", "avg(score.A b)": "score avg A b", "max(score.x)": "score max x",
		"sum(score.x)": "score sum x", "score.min": "score avg min",
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			m, err := calls.ParseMeasure(text)
			if err != nil {
				t.Fatal(err)
			}
			got := string(m.What) + " " + string(m.Agg) + " " + m.Score
			if m.Field != nil {
				got += m.Field.Name
			}
			if strings.TrimSpace(got) != want {
				t.Errorf("it is %q; want %q", got, want)
			}
			if m.Name != strings.TrimSpace(text) {
				t.Errorf("its name is %q", m.Name)
			}
		})
	}
	for _, name := range calls.Measures() {
		if _, err := calls.ParseMeasure(name); err != nil {
			t.Errorf("ParseMeasure(%q) = %v, though it is listed", name, err)
		}
	}
}

func TestParseMeasureRefuses(t *testing.T) {
	tests := map[string]string{ // part of the hint
		"":                "measures are",
		"cots":            "did you mean cost?",
		"latancy_p95":     "did you mean latency_p95?",
		"latency_p96":     "did you mean latency_p9",
		"nothing_at_all":  "measures are",
		"p95(latency":     "p95(latency)",
		"p96(latency)":    "did you mean p9",
		"median(latency)": "one of sum",
		"sum(model)":      "unique(model)",
		"model":           "unique(model)",
		"p95(calls)":      "did you mean calls?",
		"unique(cost)":    "avg, max or p95",
		"unique(traces)":  "did you mean trace",
		"sum(time)":       "unique(time)",
		"p95(score.x)":    "avg(score.x)",
		"unique(score.x)": "avg(score.x)",
		"score.":          "measures are",
		"http_status_avg": "unique(http_status)",
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			m, err := calls.ParseMeasure(text)
			f := fault.As(err)
			if err == nil || f.Kind != fault.Invalid || f.Code != "unknown_measure" || f.Param != "measure" || !strings.Contains(f.Hint, want) {
				t.Errorf("it is %+v, %+v; want an unknown measure whose hint has %q", m, f, want)
			}
		})
	}
}

func TestParseDimension(t *testing.T) {
	berlin := time.FixedZone("Berlin", 3600)
	for _, name := range calls.Dimensions() {
		d, err := calls.ParseDimension(name, berlin)
		if err != nil || d.Name != name || (d.Field == nil) == (d.Step == "") || d.Step != "" && d.Zone != berlin {
			t.Errorf("ParseDimension(%q) = %+v, %v", name, d, err)
		}
	}
	tests := map[string]string{
		"user": "subject", " Model ": "model", "outcome": "status", "tag.team": "tag team", `tag."my name"`: "tag my name", "TAG.Team": "tag Team",
		`tag."`: `tag "`, "5m": "step 5m", "DAY": "step day",
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			d, err := calls.ParseDimension(text, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := "tag " + d.Tag
			if d.Field != nil {
				got = d.Field.Name
			} else if d.Step != "" {
				got = "step " + string(d.Step)
			}
			if got != want || d.Name != strings.TrimSpace(text) {
				t.Errorf("it is %q, called %q; want %q", got, d.Name, want)
			}
		})
	}
	for text, want := range map[string]string{"modle": "did you mean model?", "cost": "dimensions are", "id": "dimensions are", "": "dimensions are", "tag.": "tag.NAME"} {
		_, err := calls.ParseDimension(text, nil)
		f := fault.As(err)
		if err == nil || f.Code != "unknown_dimension" || f.Param != "by" || !strings.Contains(f.Hint, want) {
			t.Errorf("ParseDimension(%q) = %+v; want an unknown dimension whose hint has %q", text, f, want)
		}
	}
}
