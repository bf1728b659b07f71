package calls_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/observe/calls/callstest"
	"github.com/steward-llmops/steward/internal/record"
)

var start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC) // a Monday

// at makes a counted row so much after start, with some cost and tokens.
func at(after time.Duration, cost money.Nano, tokens int64, change func(r *calls.Row)) calls.Row {
	r := calls.Row{Counted: true, Call: record.Call{Time: start.Add(after).UnixMicro(), Cost: cost, Pricing: record.Priced,
		Outcome: record.OK, TotalMicros: -1, FirstTokenMicros: -1}}
	r.Usage.N[llm.Output] = tokens
	if change != nil {
		change(&r)
	}
	return r
}

func whole(n int64) calls.Value      { return calls.Value{N: n} }
func fraction(f float64) calls.Value { return calls.Value{Frac: true, F: f} }

var none = calls.Value{None: true}

// ask reads an analysis: measures and dimensions between spaces.
func ask(t *testing.T, query, measures, by string, zone *time.Location) *calls.Analysis {
	t.Helper()
	a := &calls.Analysis{From: start, To: start.AddDate(0, 0, 7), Order: -1}
	var err error
	if a.Filter, err = calls.Parse(query, now); err != nil {
		t.Fatal(err)
	}
	for _, m := range strings.Fields(measures) {
		measure, err := calls.ParseMeasure(m)
		if err != nil {
			t.Fatal(err)
		}
		a.Measures = append(a.Measures, measure)
	}
	for _, d := range strings.Fields(by) {
		dimension, err := calls.ParseDimension(d, zone)
		if err != nil {
			t.Fatal(err)
		}
		a.By = append(a.By, dimension)
	}
	return a
}

func TestLoopMeasures(t *testing.T) {
	unpriced := func(r *calls.Row) { r.Pricing = record.Unpriced }
	rows := []calls.Row{
		at(0, 10, 5, func(r *calls.Row) { r.TraceID, r.Session, r.Subject, r.Cache = "t1", "s1", "ann", "exact" }),
		at(1, 21, 6, func(r *calls.Row) { r.TraceID, r.Session, r.TotalMicros, r.Outcome = "t1", "s1", 1000, record.Failed }),
		at(2, 0, 8, func(r *calls.Row) {
			unpriced(r)
			r.TraceID, r.Session = "t2", "s2"
			r.TotalMicros = 3000
			r.Cache = "miss"
		}),
		at(3, 3, 0, func(r *calls.Row) { r.TotalMicros, r.Outcome, r.Cache = 2001, record.Cancelled, "semantic" }),
		at(4, 900, 900, func(r *calls.Row) { r.Counted, r.TotalMicros, r.Outcome = false, 9e6, record.Failed }),
	}
	tests := map[string]calls.Value{
		"calls": whole(4), "spans": whole(5), "errors": whole(2), "unpriced": whole(1), "cache_hits": whole(2),
		"error_rate": fraction(0.5), "cache_hit_rate": fraction(0.5),
		"cost": whole(34), "cost_avg": whole(11), "cost_min": whole(3), "cost_max": whole(21), "cost_p50": whole(10),
		"cost_per_call":  whole(11), // 34/3 = 11.3
		"cost_per_trace": whole(31), "cost_per_session": whole(31), "cost_per_user": whole(10),
		"tokens": whole(19), "output_tokens_avg": whole(5), // 19/4 = 4.75
		"latency": whole(2000), "latency_sum": whole(6001), "latency_max": whole(3000), "latency_min": whole(1000),
		"latency_p50": whole(calls.BucketMiddle(calls.Bucket(2001))), "latency_p99": whole(calls.BucketMiddle(calls.Bucket(3000))),
		"ttft": none, "ttft_sum": none, "ttft_p95": none, "ttft_min": none,
		"speed_max": fraction(6000), "speed_min": fraction(2666.666), "speed_sum": fraction(8666.666), "speed": fraction(8_666_666.0 / 2 / 1000),
		"traces": whole(2), "sessions": whole(2), "users": whole(1), "unique(provider)": whole(0),
		"score.x": none,
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			got := calls.Loop(rows, nil, ask(t, "", name+" calls", "", nil), nil)
			if diff := cmp.Diff([]calls.TableRow{{Keys: []string{}, Values: []calls.Value{want, whole(4)}}}, got.Rows); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestLoopOfNothing(t *testing.T) {
	a := ask(t, "", "calls cost error_rate latency_p95 cost_per_call models", "", nil)
	a.Compare = true
	want := []calls.TableRow{{Keys: []string{}, Values: []calls.Value{whole(0), none, none, none, none, whole(0)}}}
	if diff := cmp.Diff(want, calls.Loop(nil, nil, a, nil).Rows); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	a.By = ask(t, "", "", "model", nil).By
	if got := calls.Loop(nil, nil, a, nil); len(got.Rows) != 0 {
		t.Errorf("there are rows of nothing: %v", got.Rows)
	}
}

func TestLoopRounding(t *testing.T) {
	tests := map[string]struct {
		costs []money.Nano
		want  int64
	}{
		"a half":              {[]money.Nano{1, 2}, 2},
		"below":               {[]money.Nano{1, 1, 2}, 1},
		"above":               {[]money.Nano{1, 2, 2}, 2},
		"a half below 0":      {[]money.Nano{-1, -2}, -2},
		"less below 0":        {[]money.Nano{-1, -1, -2}, -1},
		"sums beyond 63 bits": {[]money.Nano{math.MaxInt64, math.MaxInt64}, 1 << 62}, // stay at the end
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var rows []calls.Row
			for _, c := range tt.costs {
				rows = append(rows, at(0, c, 0, nil))
			}
			got := calls.Loop(rows, nil, ask(t, "", "cost_avg cost_per_call", "", nil), nil).Rows[0].Values
			if diff := cmp.Diff([]calls.Value{whole(tt.want), whole(tt.want)}, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestLoopPercentiles(t *testing.T) {
	var rows []calls.Row
	for i := range int64(60) { // 1 to 60 us, where buckets are exact, from the largest
		rows = append(rows, at(0, 0, 60-i, func(r *calls.Row) { r.TotalMicros = 60 - i }))
	}
	got := calls.Loop(rows, nil, ask(t, "", "latency_p50 latency_p75 latency_p90 latency_p95 latency_p99 tokens_p50 tokens_p99", "", nil), nil)
	want := []calls.Value{whole(30), whole(45), whole(54), whole(57), whole(60), whole(30), whole(60)}
	if diff := cmp.Diff(want, got.Rows[0].Values); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	one := calls.Loop(rows[:1], nil, ask(t, "", "latency_p50 latency_p99", "", nil), nil)
	if diff := cmp.Diff([]calls.Value{whole(60), whole(60)}, one.Rows[0].Values); diff != "" {
		t.Errorf("of one value: -want +got:\n%s", diff)
	}
}

func TestLoopGroups(t *testing.T) {
	tagged := func(model string, tags ...record.Tag) func(r *calls.Row) {
		return func(r *calls.Row) { r.Model, r.Tags, r.Status, r.Stream = model, tags, len(tags), model == "b" }
	}
	rows := []calls.Row{
		at(0, 5, 0, tagged("b", record.Tag{Name: "team", Value: "x"}, record.Tag{Name: "team", Value: "y"})),
		at(1, 5, 0, tagged("a")), at(2, 1, 0, tagged("a", record.Tag{Name: "team", Value: "y"})), at(3, 9, 0, tagged("")),
		at(4, 0, 0, func(r *calls.Row) { r.Model, r.Counted = "span", false }),
		at(5, 0, 0, func(r *calls.Row) { r.Model, r.Pricing = "unknown", record.Unpriced }),
		at(-1, 7, 0, tagged("a")), at(7*24*time.Hour, 7, 0, tagged("a")), // before and after
	}
	tests := map[string]struct {
		query, measures, by string
		order, limit        int
		want                string
		groups              int64
	}{
		"by a field":          {"", "calls cost", "model", -1, 0, ":1 9|a:2 6|b:1 5|unknown:1 -", 0},
		"with spans":          {"", "calls spans", "model", -1, 0, ":1 1|a:2 2|b:1 1|span:0 1|unknown:1 1", 0},
		"the largest first":   {"", "cost", "model", 0, 0, ":9|a:6|b:5|unknown:-", 0},
		"equals by name":      {"", "calls", "model", 0, 0, "a:2|:1|b:1|unknown:1", 0},
		"the top":             {"", "cost", "model", 0, 2, ":9|a:6", 4},
		"just as many":        {"", "cost", "model", 0, 4, ":9|a:6|b:5|unknown:-", 0},
		"by a tag":            {"", "calls", "tag.team", -1, 0, ":3|x:1|y:1", 0},
		"by two":              {"", "calls", "model tag.team", -1, 0, ",:1|a,:1|a,y:1|b,x:1|unknown,:1", 0},
		"by a number":         {"", "calls", "http_status", -1, 0, "0:3|1:1|2:1", 0},
		"by true or false":    {"", "calls", "stream", -1, 0, "false:4|true:1", 0},
		"filtered":            {"model:a cost_nano:>1", "calls cost", "model", -1, 0, "a:1 5", 0},
		"nothing that counts": {"model:span", "calls", "model", -1, 0, "", 0},
		"one row":             {"model:span", "calls cost", "", 0, 0, ":0 -", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := ask(t, tt.query, tt.measures, tt.by, nil)
			a.Order, a.Limit = tt.order, tt.limit
			got := calls.Loop(rows, nil, a, nil)
			if s := table(t, got); s != tt.want || got.Groups != tt.groups {
				t.Errorf("it is %q of %d; want %q of %d", s, got.Groups, tt.want, tt.groups)
			}
		})
	}
}

// table writes the rows of a table as keys:figures|keys:figures.
func table(t *testing.T, given *calls.Table) string {
	t.Helper()
	var rows []string
	for _, r := range given.Rows {
		var list []string
		for _, v := range r.Values {
			b, err := v.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, strings.ReplaceAll(string(b), "null", "-"))
		}
		s := strings.Join(r.Keys, ",") + ":" + strings.Join(list, " ")
		if r.Previous != nil {
			b, _ := r.Previous[0].MarshalJSON()
			s += " was " + strings.ReplaceAll(string(b), "null", "-")
		}
		rows = append(rows, s)
	}
	return strings.Join(rows, "|")
}

func TestLoopSteps(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	moment := time.Date(2026, 3, 29, 23, 17, 42, 123456000, time.UTC) // Sunday; in Berlin it is Monday, and summer
	tests := map[string]struct {
		zone *time.Location
		want string
	}{
		"minute": {berlin, "2026-03-29T23:17:00Z"}, "5m": {nil, "2026-03-29T23:15:00Z"}, "15m": {nil, "2026-03-29T23:15:00Z"},
		"hour": {berlin, "2026-03-29T23:00:00Z"}, "6h": {berlin, "2026-03-29T18:00:00Z"},
		"day": {berlin, "2026-03-30"}, "week": {berlin, "2026-03-30"}, "month": {berlin, "2026-03-01"},
	}
	for step, tt := range tests {
		if got := calls.Step(step).Key(moment.UnixMicro(), tt.zone); got != tt.want {
			t.Errorf("the %s is %s; want %s", step, got, tt.want)
		}
	}
	for step, want := range map[calls.Step]string{calls.Day: "2026-03-29", calls.Week: "2026-03-23", calls.Month: "2026-03-01"} {
		if got := step.Key(moment.UnixMicro(), nil); got != want {
			t.Errorf("in UTC the %s is %s; want %s", step, got, want)
		}
	}
	if got := calls.Minute.Key(-1, nil); got != "1969-12-31T23:59:00Z" {
		t.Errorf("before the epoch it is %s", got)
	}
	if got := calls.Week.Key(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro(), nil); got != "2025-12-29" {
		t.Errorf("the week over a new year is %s", got)
	}
}

func TestLoopCompare(t *testing.T) {
	model := func(m string) func(r *calls.Row) { return func(r *calls.Row) { r.Model = m } }
	day := 24 * time.Hour
	rows := []calls.Row{
		at(0, 1, 0, model("a")), at(day, 2, 0, model("b")), at(8*time.Hour+day, 4, 0, model("a")),
		at(-7*day, 8, 0, model("a")), at(-6*day, 16, 0, model("b")), at(-1, 32, 0, model("c")), at(-7*day-1, 64, 0, model("a")),
	}
	tests := map[string]struct{ by, want string }{
		"all":      {"", ":7 was 56"},
		"by model": {"model", "a:5 was 8|b:2 was 16"},
		"by day":   {"day", "2026-03-02:1 was 8|2026-03-03:6 was 16"},
		"by both":  {"day model", "2026-03-02,a:1 was 8|2026-03-03,a:4|2026-03-03,b:2 was 16"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := ask(t, "", "cost", tt.by, nil)
			a.Compare = true
			if got := table(t, calls.Loop(rows, nil, a, nil)); got != tt.want {
				t.Errorf("it is %q; want %q", got, tt.want)
			}
		})
	}
}

func TestLoopScores(t *testing.T) {
	rows := []calls.Row{
		at(0, 0, 0, func(r *calls.Row) { r.TraceID, r.SpanID, r.UpstreamID, r.Model = "t", "1", "resp", "a" }),
		at(1, 0, 0, func(r *calls.Row) { r.TraceID, r.SpanID, r.Model = "t", "2", "a" }),
		at(2, 0, 0, func(r *calls.Row) { r.Model = "b" }),
		at(3, 0, 0, func(r *calls.Row) { r.TraceID, r.SpanID, r.Counted = "t", "3", false }),
	}
	scores := calls.NewScores([]record.Score{
		{ID: ident.ID{1}, TraceID: "t", SpanID: "1", Response: "resp", Name: "x", Micros: 1_000_000, Valued: true}, // once
		{ID: ident.ID{2}, Response: "resp", Name: "x", Micros: 500_000, Valued: true},
		{ID: ident.ID{3}, TraceID: "t", SpanID: "2", Name: "x", Micros: -250_000, Valued: true},
		{ID: ident.ID{4}, TraceID: "t", SpanID: "2", Name: "x", Label: "good"}, // no figure
		{ID: ident.ID{5}, TraceID: "t", SpanID: "2", Name: "y", Micros: 9_000_000, Valued: true},
		{ID: ident.ID{6}, TraceID: "t", SpanID: "3", Name: "x", Micros: 9_000_000, Valued: true}, // not counted
		{ID: ident.ID{7}, Name: "x", Micros: 9_000_000, Valued: true},                            // of nothing
	})
	got := table(t, calls.Loop(rows, scores, ask(t, "", "sum(score.x) score.x min(score.x) max(score.x) score.y score.z", "model", nil), nil))
	third := 1_250_000.0 / 3 / 1e6
	b, _ := fraction(third).MarshalJSON()
	if want := "a:1.25 " + string(b) + " -0.25 1 9 -|b:- - - - - -"; got != want {
		t.Errorf("it is %q; want %q", got, want)
	}
}

func TestLoopReadsContent(t *testing.T) {
	rows := []calls.Row{at(0, 1, 0, nil), at(1, 2, 0, nil)}
	said := func(r *calls.Row) calls.Texts {
		if r.Cost == 2 {
			return calls.Texts{Answer: []string{"Refund"}}
		}
		return calls.Texts{}
	}
	if got := table(t, calls.Loop(rows, nil, ask(t, "output:refund", "cost", "", nil), said)); got != ":2" {
		t.Errorf("it is %q", got)
	}
}

// TestLoopLaws holds Loop to laws that do not depend on how it counts.
func TestLoopLaws(t *testing.T) {
	rows := callstest.Rows(7, 400)
	scores := calls.NewScores(callstest.Scores(7, rows))
	filled := 0
	for seed := range uint64(400) {
		a := callstest.Analysis(seed)
		got := calls.Loop(rows, scores, a, nil)
		total := *a
		total.By, total.Compare, total.Limit = nil, false, 0
		whole := calls.Loop(rows, scores, &total, nil).Rows[0]
		for i, m := range a.Measures {
			additive := m.What == calls.Calls || m.What == calls.Spans || m.What == calls.Errors || m.What == calls.Of && m.Agg == calls.Sum && m.Field.Kind != calls.Milli
			if !additive || got.Groups > 0 {
				continue
			}
			sum := int64(0)
			for _, r := range got.Rows {
				sum += r.Values[i].N
			}
			if sum != whole.Values[i].N {
				t.Fatalf("analysis %d: the groups' %s come to %d, all together to %d", seed, m.Name, sum, whole.Values[i].N)
			}
		}
		for j := 1; j < len(got.Rows) && a.Order >= 0; j++ {
			x, y := got.Rows[j-1].Values[a.Order], got.Rows[j].Values[a.Order]
			if x.None && !y.None || !x.None && !y.None && x.Float() < y.Float() {
				t.Fatalf("analysis %d: row %d is smaller than what follows", seed, j-1)
			}
		}
		filled += len(got.Rows)
	}
	if filled < 2000 {
		t.Errorf("only %d rows", filled)
	}
}
