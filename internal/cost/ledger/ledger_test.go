package ledger_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/cost/ledger"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/record"
)

func TestParseDimensions(t *testing.T) {
	tests := map[string]struct {
		names []string
		want  []ledger.Dimension
		code  string
	}{
		"none":     {nil, []ledger.Dimension{}, ""},
		"two":      {[]string{"project", "day"}, []ledger.Dimension{ledger.Project, ledger.Day}, ""},
		"unknown":  {[]string{"colour"}, nil, "unknown_dimension"},
		"repeated": {[]string{"day", "day"}, nil, "repeated_dimension"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ledger.ParseDimensions(tt.names)
			if tt.code == "" && err != nil || tt.code != "" && fault.As(err).StableCode() != tt.code {
				t.Fatalf("ParseDimensions(%q) gives %v; want code %q", tt.names, err, tt.code)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSummary(t *testing.T) {
	s := ledger.NewSummary([]ledger.Dimension{ledger.Project, ledger.Day})
	for _, l := range []ledger.Line{
		{Project: "web", Day: 20_000, Pricing: record.Priced, Sums: ledger.Sums{Calls: 2, CostNano: 10, InputTokens: 5}},
		{Project: "web", Day: 20_000, Pricing: record.Unpriced, Sums: ledger.Sums{Calls: 3, OutputTokens: 7}},
		{Project: "app", Day: 20_001, Pricing: record.Priced, Sums: ledger.Sums{Calls: 1, CostNano: 11}},
	} {
		if err := s.Add(&l); err != nil {
			t.Fatal(err)
		}
	}
	want := ledger.Report{
		By: []ledger.Dimension{ledger.Project, ledger.Day},
		Rows: []ledger.Row{
			{Values: []string{"app", "2024-10-05"}, Sums: ledger.Sums{Calls: 1, CostNano: 11}},
			{Values: []string{"web", "2024-10-04"}, Sums: ledger.Sums{Calls: 5, Unpriced: 3, CostNano: 10, InputTokens: 5, OutputTokens: 7}},
		},
		Total: ledger.Sums{Calls: 6, Unpriced: 3, CostNano: 21, InputTokens: 5, OutputTokens: 7},
	}
	if diff := cmp.Diff(want, s.Report()); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

func TestSumsThatDoNotFitChangeNothing(t *testing.T) {
	s := ledger.Sums{Calls: 1, CostNano: math.MaxInt64}
	if s.Add(ledger.Sums{Calls: 1, CostNano: 1}) {
		t.Error("a sum past 63 bits fits")
	}
	if diff := cmp.Diff(ledger.Sums{Calls: 1, CostNano: math.MaxInt64}, s); diff != "" {
		t.Errorf("afterwards (-want +got):\n%s", diff)
	}
	if !s.Add(ledger.Sums{CostNano: -1}) || s.CostNano != math.MaxInt64-1 {
		t.Errorf("a refund gives %d", s.CostNano)
	}
}
