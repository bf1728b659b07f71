package main

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestGoals(t *testing.T) {
	v := func(f ...float64) []float64 { return f }
	tests := map[string]struct {
		direct, proxy, steward []float64
		goal                   goal
		met                    bool
	}{
		"a figure at its goal":                   {nil, nil, v(300), goal{most: 300}, true},
		"a figure past its goal":                 {nil, nil, v(301), goal{most: 300}, false},
		"the median counts":                      {nil, nil, v(900, 1, 2), goal{most: 300}, true},
		"as much as the proxy":                   {nil, v(70, 80, 90), v(70, 80, 90), goal{1, proxyTimes}, true},
		"rounds are compared one by one":         {nil, v(50, 100, 200), v(60, 120, 190), goal{1, proxyTimes}, false},
		"within the direct run's and some":       {v(60), nil, v(110), goal{50, directPlus}, true},
		"beyond the direct run's and some":       {v(60), nil, v(111), goal{50, directPlus}, false},
		"nothing measured is not met":            {nil, nil, nil, goal{most: 300}, false},
		"a proxy that used nothing is no excuse": {nil, v(0), v(0), goal{1, proxyTimes}, false},
	}
	for name, tt := range tests {
		f := row("name", "us", 0, tt.direct, tt.proxy, tt.steward, &tt.goal)
		if want := map[bool]string{true: met, false: missed}[tt.met]; f.Verdict != want {
			t.Errorf("%s: %s, want %s", name, f.Verdict, want)
		}
	}
}

func TestMissed(t *testing.T) {
	r := report{Answered: 10, Recorded: 9, Failed: 1, Figures: []figure{
		row("fast", "us", 0, nil, nil, []float64{1}, &goal{most: 2}),
		row("slow", "us", 0, nil, nil, []float64{3}, &goal{most: 2}),
		row("told", "us", 0, nil, nil, []float64{9}, nil),
	}}
	if got, want := strings.Join(r.with(missed), "; "), "slow; whole answers; calls recorded"; got != want {
		t.Errorf("missed %q, want %q", got, want)
	}
	if got := r.with(inconclusive); len(got) != 0 {
		t.Errorf("inconclusive: %q, want none", got)
	}
}

func TestUnsure(t *testing.T) {
	quiet, loud := outcome{}, outcome{noise: noise{Foreign: 0.5}}
	tests := map[string]struct {
		verdict         string
		direct, steward []outcome
		want            string
	}{
		"quiet rounds":                     {met, []outcome{quiet, quiet}, []outcome{quiet, quiet}, met},
		"one loud round of three":          {missed, nil, []outcome{quiet, loud, quiet}, missed},
		"most rounds loud":                 {met, nil, []outcome{quiet, loud, loud}, inconclusive},
		"a loud direct run spoils a round": {missed, []outcome{loud}, []outcome{quiet}, inconclusive},
		"no goal, no verdict":              {"", nil, []outcome{loud}, ""},
	}
	for name, tt := range tests {
		got := unsure(figure{Verdict: tt.verdict}, map[string][]outcome{"direct": tt.direct, "steward": tt.steward})
		if got.Verdict != tt.want {
			t.Errorf("%s: %q, want %q", name, got.Verdict, tt.want)
		}
	}
}

func TestMarkdown(t *testing.T) {
	r := report{Rounds: 3, Answered: 1200, Recorded: 1200, CostNano: 1_500_000_000, Figures: []figure{
		row("CPU a call", "us", 0, nil, []float64{70, 90}, []float64{1234, 1236}, &goal{1.5, proxyTimes}),
		row("added", "us", 0, nil, []float64{-5, 5, 10}, []float64{-50, 50, 50}, nil),
		row("gap", "ms", 1, []float64{50}, nil, []float64{51.26}, &goal{50, directPlus}),
	}, Machine: machine{CPUs: 2, Runs: 30, Disturbed: 7}}
	var b strings.Builder
	if err := r.markdown(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| CPU a call | us |  | 80 | 1,235 | 15.68x | at most 1.5 x the proxy | missed |\n",
		"| added | us |  | 5 | 50 |  |  |  |\n",
		"| gap | ms | 50.0 |  | 51.3 |  | at most 50 over direct | met |\n",
		"1200 of 1200 calls recorded, 0 without a price, $1.500000000 in the ledger; 0 answers failed.",
		"The machine was not quiet in 7 of 30 runs",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, b.String())
		}
	}
}

func TestNoise(t *testing.T) {
	began := reading{at: time.Unix(100, 0), busy: time.Hour, stolen: time.Minute, ours: time.Second}
	tests := map[string]struct {
		busy, stolen, ours time.Duration // in ten seconds
		want               noise
		disturbs           bool
	}{
		"a quiet machine":          {8 * time.Second, 0, 8 * time.Second, noise{}, false},
		"others at work":           {13 * time.Second, 0, 8 * time.Second, noise{Foreign: 0.5}, true},
		"a host that takes":        {8 * time.Second, 2 * time.Second, 8 * time.Second, noise{Stolen: 0.2}, true},
		"clocks that do not agree": {8 * time.Second, 0, 9 * time.Second, noise{}, false},
	}
	for name, tt := range tests {
		ended := reading{began.at.Add(10 * time.Second), began.busy + tt.busy, began.stolen + tt.stolen, began.ours + tt.ours}
		if got := ended.since(began); got != tt.want || got.disturbs() != tt.disturbs {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}

func TestNumber(t *testing.T) {
	tests := map[string]struct {
		v      float64
		digits int
		want   string
	}{
		"thousands apart":   {1234567, 0, "1,234,567"},
		"digits":            {1234.56, 1, "1,234.6"},
		"below a thousand":  {999.4, 0, "999"},
		"negative":          {-1234, 0, "-1,234"},
		"no negative zero":  {-0.2, 0, "0"},
		"no number, no NaN": {math.Copysign(0, -1), 1, "0.0"},
	}
	for name, tt := range tests {
		if got := number(tt.v, tt.digits); got != tt.want {
			t.Errorf("%s: number(%v, %d) = %q, want %q", name, tt.v, tt.digits, got, tt.want)
		}
	}
}
