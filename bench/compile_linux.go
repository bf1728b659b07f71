package main

// compile turns what was measured into the report's rows.
func (s *suite) compile(m machine, foot footprint, spent spending) report {
	r := report{Machine: m, Rounds: s.rounds, Answered: s.answered, Recorded: spent.Calls, Unpriced: spent.Unpriced,
		CostNano: spent.Nano, Failed: s.failed, Failure: s.failure}
	add := func(name, unit string, digits int, scenario string, of func(outcome) float64, g *goal) {
		at := s.found[scenario]
		r.Figures = append(r.Figures, row(name, unit, digits, pick(at["direct"], of), pick(at["proxy"], of), pick(at["steward"], of), g))
	}
	// Added figures are over the direct run of the same round.
	added := func(name, scenario string, of func(outcome) float64, g *goal) {
		at := s.found[scenario]
		direct := pick(at["direct"], of)
		over := func(v []float64) []float64 {
			return each(v, direct, func(a, b float64) float64 { return a - b })
		}
		r.Figures = append(r.Figures, unsure(row(name, "us", 0, nil, over(pick(at["proxy"], of)), over(pick(at["steward"], of)), g), at))
	}
	// What the direct run has no process for is asked of proxy and Steward only.
	charged := func(name, unit string, digits int, scenario string, of func(outcome) float64, g *goal) {
		at := s.found[scenario]
		r.Figures = append(r.Figures, row(name, unit, digits, nil, pick(at["proxy"], of), pick(at["steward"], of), g))
	}
	perSecond := func(o outcome) float64 { return float64(o.Done) / o.Seconds }
	cpu := func(o outcome) float64 { return o.cpu }
	settled := func(o outcome) float64 { return o.settled }

	add("64 connections: calls", "1/s", 0, saturation, perSecond, nil)
	charged("64 connections: CPU a call, while answering", "us", 0, saturation, cpu, nil)
	charged("64 connections: CPU a call, caught up", "us", 0, saturation, settled, &goal{1.0, proxyTimes})
	charged("64 connections: CPU in use", "%", 0, saturation, func(o outcome) float64 { return 100 * o.busy }, nil)
	charged("64 connections: memory", "MiB", 0, saturation, func(o outcome) float64 { return o.rss }, nil)
	added("500 calls/s: added latency, p50", paced, func(o outcome) float64 { return o.Overhead.P50 }, &goal{most: 300})
	added("500 calls/s: added latency, p99", paced, func(o outcome) float64 { return o.Overhead.P99 }, &goal{most: 1500})
	charged("500 calls/s: CPU a call, caught up", "us", 0, paced, settled, nil)
	added("50 streams/s: added time to first token, p50", streams, func(o outcome) float64 { return o.Overhead.P50 }, &goal{most: 300})
	added("50 streams/s: added time to first token, p99", streams, func(o outcome) float64 { return o.Overhead.P99 }, nil)
	charged("50 streams/s: CPU a stream of 60 chunks, caught up", "us", 0, streams, settled, &goal{1.5, proxyTimes})
	add("512 streams at once: longest gap between chunks 50 ms apart", "ms", 1, crowd,
		func(o outcome) float64 { return o.Gap.Max / 1000 }, &goal{float64(crowdInterval.Milliseconds()), directPlus})
	gap := &r.Figures[len(r.Figures)-1]
	*gap = unsure(*gap, s.found[crowd])
	add("512 streams at once: longest gap of a stream, p50", "ms", 1, crowd, func(o outcome) float64 { return o.Gap.P50 / 1000 }, nil)
	charged("Anthropic to Anthropic: CPU a call, caught up", "us", 0, sameFormat, settled, nil)
	charged("Anthropic to OpenAI, translated: CPU a call, caught up", "us", 0, translated, settled, nil)

	only := func(name, unit string, digits int, v []float64, g *goal) {
		r.Figures = append(r.Figures, row(name, unit, digits, nil, nil, v, g))
	}
	only("start, until /healthz answers", "ms", 0, foot.healthy, &goal{most: 300})
	only("start, as Steward says", "ms", 0, foot.said, nil)
	only("idle: memory", "MB", 1, []float64{foot.rss * 1.048576}, &goal{most: 80})
	only("idle: CPU", "%", 1, []float64{foot.cpu}, &goal{most: 0.5})
	only("binary", "MB", 0, []float64{foot.binary}, nil)
	return r
}

// pick reads one figure off each round's outcome.
func pick(rounds []outcome, of func(outcome) float64) []float64 {
	var v []float64
	for _, o := range rounds {
		v = append(v, of(o))
	}
	return v
}

// unsure withholds the verdict on a latency if in most rounds others were at work
// while it, or the direct run that it is compared with, was taken.
func unsure(f figure, at map[string][]outcome) figure {
	disturbed, rounds := 0, at["steward"]
	for i, o := range rounds {
		if o.noise.disturbs() || (i < len(at["direct"]) && at["direct"][i].noise.disturbs()) {
			disturbed++
		}
	}
	if f.Verdict != "" && 2*disturbed > len(rounds) {
		f.Verdict = inconclusive
	}
	return f
}
