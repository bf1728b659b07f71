package api_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/api/apitest"
	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/record"
)

// later is when questions are asked: all samples are in its last 24 hours.
func later() time.Time { return apitest.Noon().Add(10 * time.Minute) }

// agents returns a world with every sample, asked later.
func agents() *apitest.World {
	w := apitest.New(later)
	w.Samples()
	w.Agent()
	return w
}

func ids(page client.CallPage) string {
	var list []string
	for _, c := range page.Calls {
		list = append(list, c.ID[len(c.ID)-2:])
	}
	return strings.Join(list, " ")
}

func TestListCallsByQuery(t *testing.T) {
	h := agents().Server().Handler()
	own, agent, tool, wrapper := idOf(24), idOf(21), idOf(22), idOf(23)
	tests := map[string]struct{ params, want string }{
		"nothing said leaves out what sums leave out": {"", own + " 0c 08 04"},
		"all rows":                          {"spans=true", own + " " + wrapper + " " + tool + " " + agent + " 0c 08 04"},
		"a query":                           {"query=" + url.QueryEscape(`model:sim/* OR cost:>$0.001`), own + " 04"},
		"a query and a parameter":           {"query=" + url.QueryEscape(`-status:error`) + "&model=gpt-5", own},
		"a parameter's star":                {"model=gpt*", own},
		"a star within a parameter":         {"model=g*t-5", ""},
		"another kind brings spans":         {"query=kind:tool", tool},
		"a trace is whole":                  {"trace_id=" + apitest.AgentTrace, own + " " + wrapper + " " + tool + " " + agent},
		"what was said":                     {"query=" + url.QueryEscape(`"refund policy"`), own},
		"what was said by one side only":    {"query=" + url.QueryEscape(`output:"refund policy"`), ""},
		"an HTTP status":                    {"status=429", "0c"},
		"not ok":                            {"errors=true", "0c"},
		"an outcome":                        {"outcome=error", "0c"},
		"a time ago":                        {"from=-6m", own},
		"until a time ago":                  {"to=-6m", "0c 08 04"},
		"until now":                         {"to=now&from=-1d", own + " 0c 08 04"},
		"a key, a project, a team together": {"key=key_0001&project=batch&team=default", "0c"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			page := decode[client.CallPage](t, ask(h, "GET", "/api/calls?"+tt.params, ""), 200)
			if got := ids(page); got != tt.want || page.Next != "" || page.Partial {
				t.Errorf("calls are %q, next %q, partial %v; want %q", got, page.Next, page.Partial, tt.want)
			}
		})
	}
}

// idOf returns the last letters of the id of the n-th row of the agent's samples.
func idOf(n uint16) string {
	s := apitest.ID(apitest.Noon(), n).String()
	return s[len(s)-2:]
}

func TestSearchThatEndsEarlyGoesOnWhereItEnded(t *testing.T) {
	w := agents()
	w.EndEarly(1)
	h := w.Server().Handler()
	var pages []string
	before := ""
	for {
		page := decode[client.CallPage](t, ask(h, "GET", "/api/calls?query=input:hi"+before, ""), 200)
		pages = append(pages, ids(page))
		if page.Next == "" {
			if page.Partial {
				t.Error("the last page is partial")
			}
			break
		}
		if !page.Partial || page.Reason == "" {
			t.Errorf("a page with a next is %+v", page)
		}
		before = "&before=" + page.Next
	}
	if diff := cmp.Diff([]string{"", "", "", "", "", "", "04"}, pages); diff != "" {
		t.Error(diff)
	}
}

func TestQueryCalls(t *testing.T) {
	h := agents().Server().Handler()
	tests := map[string]struct {
		params string
		want   []string
	}{
		"one row":                     {"measure=calls,cost&measure=errors", []string{`{"calls":4,"cost":1875000,"errors":1}`}},
		"nothing said":                {"", []string{`{"calls":4}`}},
		"by two dimensions":           {"measure=cost&by=provider,project", []string{`{"project":"web","provider":"openai","cost":1500000}`, `{"project":"web","provider":"sim","cost":375000}`, `{"project":"batch","provider":"","cost":0}`, `{"project":"web","provider":"lab","cost":null}`}},
		"by a tag":                    {"measure=calls&by=tag.feature&filter=has:tag.feature", []string{`{"tag.feature":"search","calls":1}`}},
		"a figure that cannot be had": {"measure=cost_per_call,unpriced&filter=model:large", []string{`{"cost_per_call":null,"unpriced":1}`}},
		"steps of time come in their order": {"measure=calls&by=5m&from=2026-11-23T12:00:00Z&to=2026-11-23T12:10:00Z",
			[]string{`{"5m":"2026-11-23T12:00:00Z","calls":3}`, `{"5m":"2026-11-23T12:05:00Z","calls":1}`}},
		"an order before that":         {"measure=calls,tokens&by=5m&order=-tokens&limit=1", []string{`{"5m":"2026-11-23T12:00:00Z","calls":3,"tokens":1567}`}},
		"an order in another spelling": {"measure=p95(latency)&by=model&order=latency_p95&limit=1&filter=status:ok", []string{`{"model":"gpt-5","p95(latency)":2015232}`}},
		"by the dimensions":            {"measure=cost&by=provider&order=by&limit=2", []string{`{"provider":"","cost":0}`, `{"provider":"lab","cost":null}`}},
		"the period before": {"measure=calls,cost,error_rate&by=day&from=2026-11-23&to=2026-11-24&compare=true",
			[]string{`{"day":"2026-11-23","calls":4,"cost":1875000,"error_rate":0.25,"previous":{"calls":0,"cost":null,"error_rate":null}}`}},
		"a score":           {"measure=score.helpfulness", []string{`{"score.helpfulness":0.75}`}},
		"a zone's days":     {"measure=calls&by=day&zone=Pacific/Auckland", []string{`{"day":"2026-11-24","calls":4}`}},
		"a quoted comma":    {"measure=calls&by=" + url.QueryEscape(`tag."a,b",team`), []string{`{"tag.\"a,b\"":"","team":"default","calls":4}`}},
		"nothing was there": {"measure=calls&by=model&filter=provider:nobody", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			table := decode[client.Table](t, ask(h, "GET", "/api/calls/query?"+tt.params, ""), 200)
			var got []string
			for _, r := range table.Rows {
				b, err := r.MarshalJSON()
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, string(b))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if table.Groups < int64(len(table.Rows)) || table.Partial {
				t.Errorf("groups %d, partial %v", table.Groups, table.Partial)
			}
		})
	}
}

func TestTableSaysWhatItIsOf(t *testing.T) {
	h := agents().Server().Handler()
	got := decode[client.Table](t, ask(h, "GET", "/api/calls/query?compare=true&by=model&limit=1&measure=calls,spans,errors,cost,latency_p95,ttft,tokens,speed,error_rate,cost_per_user,users,attempts,avg(score.x)", ""), 200)
	got.Rows = nil
	want := client.Table{Measures: strings.Split("calls,spans,errors,cost,latency_p95,ttft,tokens,speed,error_rate,cost_per_user,users,attempts,avg(score.x)", ","),
		By: []string{"model"}, From: "2026-11-22T12:10:00Z", To: "2026-11-23T12:10:00Z", PreviousFrom: "2026-11-21T12:10:00Z", Groups: 4, Scanned: got.Scanned,
		Units: map[string]string{"calls": "calls", "spans": "spans", "errors": "calls", "cost": "nano_usd", "latency_p95": "us", "ttft": "us", "tokens": "tokens",
			"speed": "tokens_per_second", "error_rate": "ratio", "cost_per_user": "nano_usd", "users": "values", "attempts": "attempts", "avg(score.x)": "score"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestQuestionsThatDoNotFit(t *testing.T) {
	tests := map[string]struct{ path, code, param string }{
		"a query that is wrong":            {"/api/calls?query=modle:x", "invalid_query", "query"},
		"a filter that is wrong":           {"/api/calls/query?filter=(model:x", "invalid_query", "filter"},
		"a trace query that is wrong":      {"/api/traces?query=)", "invalid_query", "query"},
		"a tail query that is wrong":       {"/api/calls/tail?query=latency:>fast", "invalid_query", "query"},
		"a query to check that is wrong":   {"/api/calls/parse?query=cost:much", "invalid_query", "query"},
		"a measure that is none":           {"/api/calls/query?measure=costs", "unknown_measure", "measure"},
		"a measure twice":                  {"/api/calls/query?measure=cost,cost", "repeated_measure", "measure"},
		"too many measures":                {"/api/calls/query?measure=" + strings.Repeat("cost,", 21), "too_many_measures", "measure"},
		"a dimension that is none":         {"/api/calls/query?by=cost", "unknown_dimension", "by"},
		"a dimension twice":                {"/api/calls/query?by=model&by=model", "repeated_dimension", "by"},
		"too many dimensions":              {"/api/calls/query?by=model,provider,team,org,project,key,env", "too_many_dimensions", "by"},
		"an order that is not asked for":   {"/api/calls/query?measure=calls&order=cost", "unknown_order", "order"},
		"a zone that is none":              {"/api/calls/query?zone=Mars/Olympus", "unknown_zone", "zone"},
		"the server's own zone":            {"/api/calls/query?zone=Local", "unknown_zone", "zone"},
		"a time that ends before it began": {"/api/calls/query?from=now&to=-1h", "invalid_time", "from"},
		"a time that is none":              {"/api/calls/facets?from=-soon", "invalid_time", "from"},
		"a facet that is none":             {"/api/calls/facets?fields=cost", "unknown_facet", "fields"},
		"a step that is none":              {"/api/metrics/query?name=x&step=often", "invalid_step", "step"},
		"too many steps":                   {"/api/metrics/query?name=x&step=1s", "too_many_steps", "step"},
		"a trace that is not there":        {"/api/traces/none", "trace_not_found", ""},
		"a session that is not there":      {"/api/sessions/none", "session_not_found", ""},
		"a key that is not there":          {"/api/keys/none", "key_not_found", ""},
	}
	h := agents().Server().Handler()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := ask(h, "GET", tt.path, "")
			status := 400
			if tt.param == "" {
				status = 404
			}
			p := decode[client.Problem](t, w, status)
			if p.Code != tt.code || p.Param != tt.param || p.Detail == "" || p.Hint == "" {
				t.Errorf("problem is %+v; want %s at %s", p, tt.code, tt.param)
			}
			if tt.code == "invalid_query" && !strings.Contains(p.Detail, "character") {
				t.Errorf("the place is not said: %s", p.Detail)
			}
		})
	}
	for _, path := range []string{"/api/calls/query?query=model:x", "/api/calls/facets?field=model", "/api/traces?filter=x"} {
		if w := ask(h, "GET", path, ""); w.Code != 422 {
			t.Errorf("%s is answered %d: a parameter that is not there changes nothing, unsaid", path, w.Code)
		}
	}
}

func TestFacets(t *testing.T) {
	h := agents().Server().Handler()
	got := decode[client.FacetList](t, ask(h, "GET", "/api/calls/facets?fields=model,environment&fields=tag.feature&limit=2", ""), 200)
	n := func(n int64) *int64 { return &n }
	want := client.FacetList{From: "2026-11-16T12:10:00Z", To: "2026-11-23T12:10:00Z", Facets: []client.Facet{
		{Field: "model", Values: []client.FacetValue{{Value: "gpt-5", Calls: n(1)}, {Value: "large", Calls: n(1)}}, More: true},
		{Field: "env", Values: []client.FacetValue{{Value: "prod", Calls: n(0)}}},
		{Field: "tag.feature", Values: []client.FacetValue{{Value: "search", Calls: n(1)}}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	all := decode[client.FacetList](t, ask(h, "GET", "/api/calls/facets?prefix=sea", ""), 200)
	if len(all.Facets) != 1 || all.Facets[0].Field != "tag.feature" {
		t.Errorf("facets that begin with sea are %+v", all.Facets)
	}
}

func TestFieldsAreThoseOfTheGrammar(t *testing.T) {
	h := agents().Server().Handler()
	got := decode[client.FieldList](t, ask(h, "GET", "/api/calls/fields", ""), 200)
	if len(got.Fields) != len(calls.Fields) || len(got.Measures) != len(calls.Measures()) || len(got.Steps) != 8 || len(got.Aggregations) == 0 {
		t.Errorf("%d fields, %d measures, %d steps", len(got.Fields), len(got.Measures), len(got.Steps))
	}
	for _, f := range got.Fields {
		if f.Kind == "" || f.Doc == "" {
			t.Errorf("field %+v says too little", f)
		}
		if f.Dimension {
			decode[client.Table](t, ask(h, "GET", "/api/calls/query?by="+f.Name, ""), 200)
		}
		if f.Facet {
			decode[client.FacetList](t, ask(h, "GET", "/api/calls/facets?fields="+f.Name, ""), 200)
		}
	}
	for _, m := range got.Measures {
		if table := decode[client.Table](t, ask(h, "GET", "/api/calls/query?measure="+m.Name, ""), 200); table.Units[m.Name] != m.Unit || m.Unit == "" {
			t.Errorf("%s is in %q, and %q in a table", m.Name, m.Unit, table.Units[m.Name])
		}
	}
}

func TestParseQuery(t *testing.T) {
	h := agents().Server().Handler()
	got := decode[client.ParsedQuery](t, ask(h, "GET", "/api/calls/parse?query="+url.QueryEscape(`  kind:tool  AND "x y"`), ""), 200)
	if diff := cmp.Diff(client.ParsedQuery{Query: `kind:tool "x y"`, Content: true, Spans: true}, got); diff != "" {
		t.Error(diff)
	}
	if got := decode[client.ParsedQuery](t, ask(h, "GET", "/api/calls/parse", ""), 200); got != (client.ParsedQuery{}) {
		t.Errorf("nothing is %+v", got)
	}
}

func TestTraces(t *testing.T) {
	h := agents().Server().Handler()
	sum := client.TraceSum{TraceID: apitest.AgentTrace, Name: "answer question", Service: "shop", Session: "talk-2", Subject: "user-8",
		Start: "2026-11-23T12:05:00.000000Z", Duration: 9_000_000, Spans: 4, Calls: 1, CostNano: 1_500_000, Tokens: 500}
	list := decode[client.TraceList](t, ask(h, "GET", "/api/traces?query=kind:tool", ""), 200)
	if diff := cmp.Diff(client.TraceList{Traces: []client.TraceSum{sum}}, list); diff != "" {
		t.Error(diff)
	}
	whole := decode[client.Trace](t, ask(h, "GET", "/api/traces/"+apitest.AgentTrace, ""), 200)
	if diff := cmp.Diff(sum, whole.TraceSum); diff != "" {
		t.Error(diff)
	}
	if len(whole.Rows) != 4 || len(whole.Compact) != 0 || len(whole.Scores) != 1 || *whole.Scores[0].Value != 0.75 || len(whole.Logs) != 1 || whole.Partial {
		t.Errorf("trace is %+v", whole)
	}
	short := decode[client.Trace](t, ask(h, "GET", "/api/traces/"+apitest.AgentTrace+"?compact=true&limit=3", ""), 200)
	if len(short.Rows) != 0 || len(short.Compact) != 3 || !short.Partial || short.Calls != 0 {
		t.Errorf("the first rows are %+v", short)
	}
	want := client.SpanRow{ID: short.Compact[2].ID, SpanID: "00f067aa0ba902b9", Parent: "00f067aa0ba902b7", Kind: "call", Name: "chat gpt-5", Service: "shop",
		Start: 4_000_000, Duration: 4_000_000, Model: "openai/gpt-5", Outcome: "ok", Tokens: 500, CostNano: 1_500_000, Pricing: "priced"}
	if diff := cmp.Diff(want, short.Compact[2]); diff != "" {
		t.Error(diff)
	}
}

func TestTraceOfWhichTheRootIsNotHere(t *testing.T) {
	w := apitest.New(later)
	for n, parent := range []string{"beyond", "s0"} {
		w.Add(record.Call{ID: apitest.ID(apitest.Noon(), uint16(n)), Time: apitest.Noon().UnixMicro() + int64(n), TraceID: "t", SpanID: "s" + string(rune('0'+n)),
			ParentSpanID: parent, Name: "row " + string(rune('0'+n)), TotalMicros: -1, Outcome: record.Failed, Pricing: record.Unpriced}, nil)
	}
	got := decode[client.Trace](t, ask(w.Server().Handler(), "GET", "/api/traces/t", ""), 200)
	if got.Name != "row 0" || got.Duration != 1 || got.Errors != 2 || got.Unpriced != 2 {
		t.Errorf("trace is %+v", got.TraceSum)
	}
}

func TestSessions(t *testing.T) {
	w := agents()
	w.Add(record.Call{ID: apitest.ID(later(), 40), Time: later().UnixMicro() - 1, Session: "talk-2", TraceID: "second", Outcome: record.OK, Pricing: record.Free}, nil)
	h := w.Server().Handler()
	list := decode[client.SessionList](t, ask(h, "GET", "/api/sessions?limit=1", ""), 200)
	sum := client.SessionSum{Session: "talk-2", Subject: "user-8", First: "2026-11-23T12:05:00.000000Z", Last: "2026-11-23T12:09:59.999999Z", Traces: 2, Calls: 2,
		CostNano: 1_500_000, Tokens: 500}
	if diff := cmp.Diff(client.SessionList{Sessions: []client.SessionSum{sum}, More: true}, list); diff != "" {
		t.Error(diff)
	}
	got := decode[client.SessionDetail](t, ask(h, "GET", "/api/sessions/talk-2", ""), 200)
	if got.SessionSum != sum || len(got.List) != 2 || got.List[0].TraceID != apitest.AgentTrace || got.List[1].TraceID != "second" || got.More {
		t.Errorf("session is %+v", got)
	}
	got = decode[client.SessionDetail](t, ask(h, "GET", "/api/sessions/talk-2?limit=1", ""), 200)
	if len(got.List) != 1 || got.List[0].TraceID != "second" || !got.More {
		t.Errorf("its newest trace is %+v", got)
	}
}

func TestSessionWhoseNameHasASlash(t *testing.T) {
	w := apitest.New(later)
	w.Add(record.Call{ID: apitest.ID(later(), 1), Session: "a/b c", TraceID: "t"}, nil)
	if got := decode[client.SessionDetail](t, ask(w.Server().Handler(), "GET", "/api/sessions/a%2Fb%20c", ""), 200); got.Session != "a/b c" {
		t.Errorf("session is %+v", got)
	}
}

func TestMetrics(t *testing.T) {
	h := agents().Server().Handler()
	list := decode[client.MetricList](t, ask(h, "GET", "/api/metrics", ""), 200)
	if len(list.Metrics) != 2 || list.Metrics[0].Name != "queue.length" || list.Metrics[0].Points != 2 || list.Metrics[0].Last != "2026-11-23T12:06:30.000000Z" {
		t.Errorf("metrics are %+v", list)
	}
	got := decode[client.MetricSeries](t, ask(h, "GET", "/api/metrics/query?name=queue.length&from=2026-11-23T12:00:00Z&to=2026-11-23T12:10:00Z&step=1m&by=service", ""), 200)
	v := func(v float64) *float64 { return &v }
	want := client.MetricSeries{Name: "queue.length", From: "2026-11-23T12:00:00Z", To: "2026-11-23T12:10:00Z", Step: 60_000_000,
		Series: []client.Series{{Labels: map[string]string{"service": "shop"}, Values: []client.SeriesValue{
			{Time: "2026-11-23T12:05:00.000000Z", Value: v(3)}, {Time: "2026-11-23T12:06:00.000000Z", Value: v(1.5)}}}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOTLPStatus(t *testing.T) {
	s := agents().Server()
	st := decode[client.OTLPStatus](t, ask(s.Handler(), "GET", "/api/otlp", ""), 200)
	if !st.Enabled || len(st.Signals) != 3 || st.Signals[0].Duplicate != 3 || st.Cuts["attribute"] != 2 {
		t.Errorf("status is %+v", st)
	}
	if whole := decode[client.Status](t, ask(s.Handler(), "GET", "/api/status", ""), 200); !cmp.Equal(whole.OTLP, st) {
		t.Errorf("the server's status says %+v", whole.OTLP)
	}
	s.OTLP = nil
	if w := ask(s.Handler(), "GET", "/api/otlp", ""); w.Code != 200 || w.Body.String() != `{"enabled":false,"http_path":"","grpc_address":"","in_flight_bytes":0,"signals":[],"cuts":{}}`+"\n" {
		t.Errorf("without a receiver: %d %s", w.Code, w.Body)
	}
}

func TestContentOfASpanIsGivenAsItCame(t *testing.T) {
	h := agents().Server().Handler()
	id := apitest.ID(apitest.Noon().Add(5*time.Minute), 21).Text("call")
	d := decode[client.CallDetail](t, ask(h, "GET", "/api/calls/"+id+"?content=true", ""), 200)
	if d.Source != "otlp" || d.Kind != "agent" || d.Counted || d.Content == nil || d.Content.Raw != "CgA=" {
		t.Errorf("span is %+v with %+v", d.Call, d.Content)
	}
}
