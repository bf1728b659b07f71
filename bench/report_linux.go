package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// goal is what a figure of Steward's must reach.
type goal struct {
	most    float64
	against string // what most is measured against; empty: the figure itself
}

// What goals may be measured against.
const (
	proxyTimes = "x the proxy" // the median of each round's ratio
	directPlus = "over direct" // the figure less that of the direct run
)

// The verdicts on a figure that has a goal. A latency that was taken amid the work of
// others is inconclusive, whichever side of its goal it fell on.
const (
	met          = "met"
	missed       = "missed"
	inconclusive = "inconclusive"
)

// figure is one row: a value for each round at each target. A target that was not
// measured has none.
type figure struct {
	Name    string    `json:"name"`
	Unit    string    `json:"unit"`
	Direct  []float64 `json:"direct,omitempty"`
	Proxy   []float64 `json:"proxy,omitempty"`
	Steward []float64 `json:"steward"`
	Goal    string    `json:"goal,omitempty"`
	Verdict string    `json:"verdict,omitempty"` // empty where there is no goal
	digits  int
}

// report is what a benchmark found.
type report struct {
	Machine  machine  `json:"machine"`
	Rounds   int      `json:"rounds"`
	Figures  []figure `json:"figures"`
	Answered int      `json:"answered"` // calls that Steward answered, warm-up included
	Recorded int      `json:"recorded"` // calls in the ledger
	Unpriced int      `json:"unpriced"` // of those, without a price
	CostNano int64    `json:"cost_nano"`
	Failed   int      `json:"failed"` // answers that were not whole, of all targets
	Failure  string   `json:"failure,omitempty"`
}

// row makes a figure and judges it.
func row(name, unit string, digits int, direct, proxy, steward []float64, g *goal) figure {
	f := figure{Name: name, Unit: unit, Direct: direct, Proxy: proxy, Steward: steward, digits: digits}
	if g == nil {
		return f
	}
	value := median(steward)
	switch g.against {
	case proxyTimes:
		value = median(each(steward, proxy, func(s, p float64) float64 { return s / p }))
	case directPlus:
		value -= median(direct)
	}
	f.Verdict = missed
	if len(steward) > 0 && value <= g.most { // not so where the value is no number
		f.Verdict = met
	}
	f.Goal = "at most " + number(g.most, decimals(g.most))
	if g.against != "" {
		f.Goal += " " + g.against
	}
	return f
}

// each combines the figures of each round.
func each(a, b []float64, of func(a, b float64) float64) []float64 {
	var out []float64
	for i := range min(len(a), len(b)) {
		out = append(out, of(a[i], b[i]))
	}
	return out
}

// ratio is Steward's figure in proxies: the median of each round's, which noise
// between rounds does not touch.
func (f figure) ratio() string {
	r := each(f.Steward, f.Proxy, func(s, p float64) float64 {
		if s <= 0 || p <= 0 { // what was added can be nothing or less, which has no ratio
			return math.NaN()
		}
		return s / p
	})
	if len(r) == 0 || slices.ContainsFunc(r, math.IsNaN) {
		return ""
	}
	return number(median(r), 2) + "x"
}

// with are the names of the goals on which the verdict is v.
func (r report) with(v string) []string {
	var names []string
	for _, f := range r.Figures {
		if f.Verdict == v {
			names = append(names, f.Name)
		}
	}
	if v == missed && r.Failed > 0 {
		names = append(names, "whole answers")
	}
	if v == missed && r.Recorded != r.Answered {
		names = append(names, "calls recorded")
	}
	return names
}

// markdown writes the report as the README shows it.
func (r report) markdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString("| figure | unit | direct | ReverseProxy | Steward | Steward / proxy | goal | |\n|---|---|--:|--:|--:|--:|---|---|\n")
	for _, f := range r.Figures {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", f.Name, f.Unit,
			cell(f.Direct, f.digits), cell(f.Proxy, f.digits), cell(f.Steward, f.digits), f.ratio(), f.Goal, f.Verdict)
	}
	m := r.Machine
	fmt.Fprintf(&b, "\n%d of %d calls recorded, %d without a price, $%d.%09d in the ledger; %d answers failed.\n",
		r.Recorded, r.Answered, r.Unpriced, r.CostNano/1e9, r.CostNano%1e9, r.Failed)
	if r.Failure != "" {
		fmt.Fprintf(&b, "First failure: %s.\n", r.Failure)
	}
	fmt.Fprintf(&b, "\n%s, %s, %d CPUs, %s. Medians of %d rounds in %.0f s. Load average %s before, %s after;\nother programs used %.2f CPUs meanwhile, the machine's host took %.2f.",
		m.Date, m.Processor, m.CPUs, m.Go, r.Rounds, m.Seconds, m.LoadBefore, m.LoadAfter, m.Foreign, m.Stolen)
	if m.Disturbed > 0 {
		fmt.Fprintf(&b, " The machine was not quiet in %d of %d runs: their\nlatencies are too high and their CPU times unsteady. Compare columns, not runs.", m.Disturbed, m.Runs)
	}
	if m.CPUs < 2 {
		b.WriteString(" One CPU only: the mock and the load generator shared it with what was measured.")
	}
	b.WriteString("\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func cell(v []float64, digits int) string {
	if len(v) == 0 {
		return ""
	}
	return number(median(v), digits)
}

// number writes v with so many digits behind the point, and thousands apart.
func number(v float64, digits int) string {
	s := fmt.Sprintf("%.*f", digits, math.Abs(v))
	whole, part, _ := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if part != "" {
		whole += "." + part
	}
	if v < 0 && strings.Trim(s, "0.") != "" {
		whole = "-" + whole
	}
	return whole
}

// decimals is how many digits a goal needs.
func decimals(v float64) int {
	if v == math.Trunc(v) && v >= 10 {
		return 0
	}
	return 1
}
