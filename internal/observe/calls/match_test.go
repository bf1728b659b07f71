package calls_test

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/observe/calls/callstest"
	"github.com/steward-llmops/steward/internal/record"
)

// full is a row in which everything is known.
func full() *calls.Row {
	c := record.Call{
		ID: ident.ID{0x01, 0x9b, 0xc6, 15: 7}, Time: now.UnixMicro(), Org: "acme", Team: "search", Project: "bot", Key: "key_1", KeyName: "ci",
		Subject: "ann", Session: "s1", TraceID: "0af7651916cd43dd8448eb211c80319c", SpanID: "b7ad6b7169203331", ParentSpanID: "00f067aa0ba902b7",
		Tags: []record.Tag{{Name: "team", Value: "a"}, {Name: "team", Value: "b"}, {Name: "my name", Value: `x "y"`}, {Name: "empty"}},
		Name: "answer", Service: "web", Environment: "prod", Release: "1.2", UserAgent: "curl/8", Source: record.FromOTLP, Kind: record.KindCall,
		Provider: "openai", Model: "gpt-5-mini", Asked: "fast", Reported: "gpt-5-mini-2026", UpstreamID: "resp_1", Deployment: "chat", Variant: "v1",
		Prompt: "greet", PromptNumber: "3", Surface: "openai-chat", Operation: "chat", Finish: "stop", Cache: "exact", Pricing: record.Priced,
		Stream: true, Attempts: make([]record.Attempt, 2), Cost: 12_000_000, Savings: 5_000_000, TotalMicros: 2_500_000, FirstTokenMicros: 500_000,
		Outcome: record.Failed, Status: 429, ErrorCode: "rate_limited", ErrorKind: "limited",
	}
	c.Usage.N[llm.Input], c.Usage.N[llm.CacheRead], c.Usage.N[llm.CacheWrite] = 1000, 200, 34
	c.Usage.N[llm.Output], c.Usage.N[llm.OutputReasoning] = 60, 40
	return &calls.Row{Call: c, Counted: true}
}

// unknown is a row of which as little is known as can be.
func unknown() *calls.Row {
	return &calls.Row{Call: record.Call{Pricing: record.Unpriced, TotalMicros: -1, FirstTokenMicros: -1}}
}

func TestMatch(t *testing.T) {
	said := calls.Texts{Request: []string{"What is the REFUND Policy?"}, Answer: []string{"Thirty days", "ÜNÏ"}, Other: []string{"gen_ai.prompt"}}
	tests := map[string][2]bool{ // of full, of unknown
		"": {true, true},

		"model:gpt-5-mini":              {true, false},
		"model:openai/gpt-5-mini":       {true, false},
		"model:fast":                    {true, false},
		"model:gpt-5":                   {false, false},
		"model:gpt-5*":                  {true, false},
		"model:*mini":                   {true, false},
		"model:gpt*5*mini":              {true, false},
		"model:gpt-5-mini*mini":         {false, false},
		`model:"gpt-5*"`:                {false, false},
		"model:GPT-5-MINI":              {false, false},
		"model:~GPT":                    {true, false},
		"model:!~GPT":                   {false, true},
		"model:!fast":                   {false, true},
		"model:*":                       {true, false},
		`model:""`:                      {false, true},
		"model:a,fast":                  {true, false},
		"key:key_1 key:ci":              {true, false},
		"env:prod":                      {true, false},
		"source:otlp":                   {true, false},
		"source:gateway":                {false, true},
		"kind:call":                     {true, true},
		"id:call_" + full().ID.String(): {true, false},
		"has:id":                        {true, true},

		"tag.team:a tag.team:b":   {true, false},
		"-tag.team:a":             {false, true},
		"tag.team:c":              {false, false},
		"tag.team:~B":             {true, false},
		"has:tag.team":            {true, false},
		"has:tag.empty":           {false, false},
		`tag.empty:""`:            {true, true},
		`tag.team:""`:             {false, true},
		`tag."my name":"x \"y\""`: {true, false},
		`tag."my name":x*`:        {true, false},

		"status:error":     {true, false},
		"status:429":       {true, false},
		"status:4xx":       {true, false},
		"status:>=500":     {false, false},
		"-status:>=500":    {true, true},
		"http_status:0":    {false, true},
		"error:rate_*":     {true, false},
		"cache:hit":        {true, false},
		"pricing:unpriced": {false, true},

		"cost:0.012":            {true, false},
		"cost:>0":               {true, false},
		"cost:>=0":              {true, false},
		"-cost:>=0":             {false, true},
		"cost:0":                {false, false},
		"cost:0.01..0.012":      {true, false},
		"has:cost":              {true, false},
		"savings:0.005":         {true, false},
		"savings:0":             {false, true},
		"tokens:1334":           {true, false},
		"input_tokens:1234":     {true, false},
		"cached_tokens:200":     {true, false},
		"cache_write_tokens:34": {true, false},
		"output_tokens:100":     {true, false},
		"reasoning_tokens:<=40": {true, true},
		"attempts:<2":           {false, true},
		"latency:2.5s":          {true, false},
		"latency:<2.5s":         {false, false},
		"latency:<=2500ms":      {true, false},
		"latency:>0":            {true, false},
		"-latency:>0":           {false, true},
		"has:latency":           {true, false},
		"ttft:500ms":            {true, false},
		"speed:50":              {true, false},
		"speed:<1":              {false, false},
		"stream:true":           {true, false},
		"stream:false":          {false, true},
		"has:stream":            {true, true},
		"counted:yes":           {true, false},
		"time:2026-03-01":       {true, false},
		"time:<2026-03-01":      {false, true},
		"time:>-1m":             {true, false},

		"refund":                           {true, false},
		`"refund policy"`:                  {true, false},
		"input:refund":                     {true, false},
		"output:refund":                    {false, false},
		"output:thirty":                    {true, false},
		"output:ünï":                       {true, false},
		"-output:refund":                   {true, true},
		"gen_ai":                           {true, false},
		"input:gen_ai":                     {false, false},
		"ANN":                              {true, false},
		"rate_limited":                     {true, false},
		"0AF7651916CD43DD8448EB211C80319C": {true, false},
		"0af7651916cd43dd":                 {false, false},
		full().ID.String():                 {true, false},
		"CALL_" + full().ID.String():       {true, false},
		"call":                             {false, false},
		"curl":                             {false, false},
		"model:gpt* (refund OR x)":         {true, false},
		"a OR model:fast":                  {true, false},
		"NOT (refund thirty)":              {false, true},
	}
	for query, want := range tests {
		t.Run(query, func(t *testing.T) {
			e, err := calls.Parse(query, now)
			if err != nil {
				t.Fatal(err)
			}
			if got := calls.Match(e, full(), func() calls.Texts { return said }); got != want[0] {
				t.Errorf("of the full row it is %v", got)
			}
			if got := calls.Match(e, unknown(), nil); got != want[1] {
				t.Errorf("of the empty row it is %v", got)
			}
		})
	}
}

func TestMatchReadsContentOnce(t *testing.T) {
	tests := map[string]struct {
		query string
		reads int
	}{
		"without texts":            {"model:fast cost:>0", 0},
		"decided before":           {"refund model:other", 0},
		"decided before, by an or": {"refund OR model:fast", 0},
		"found in the row":         {"ann", 0},
		"needed":                   {"model:fast thirty", 1},
		"needed by several":        {"input:a OR output:b OR c -d", 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e, err := calls.Parse(tt.query, now)
			if err != nil {
				t.Fatal(err)
			}
			reads := 0
			calls.Match(e, full(), func() calls.Texts { reads++; return calls.Texts{Request: []string{"thirty"}} })
			if reads != tt.reads {
				t.Errorf("content was read %d times; want %d", reads, tt.reads)
			}
		})
	}
}

func TestPrefilter(t *testing.T) {
	tests := map[string]string{
		"":                             "",
		"refund":                       "",
		"-refund":                      "",
		"model:a refund":               "model:a",
		"model:a OR refund":            "",
		"-(model:a refund)":            "",
		"-(model:a OR refund)":         "-model:a",
		"-(model:a OR -refund)":        "-model:a",
		"env:x (model:a OR refund b)":  "env:x",
		"env:x (model:a b OR model:c)": "env:x model:a,c",
	}
	for query, want := range tests {
		t.Run(query, func(t *testing.T) {
			e, err := calls.Parse(query, now)
			if err != nil {
				t.Fatal(err)
			}
			if got := calls.Format(calls.Prefilter(e)); got != want {
				t.Errorf("the prefilter is %q; want %q", got, want)
			}
		})
	}
}

func TestNamed(t *testing.T) {
	rows, named := callstest.Rows(2, 200), 0
	for _, text := range []string{"ann", "GPT", "call", "openai/g", "日本", "rate", rows[3].ID.String(), rows[4].ID.Text("CALL"), rows[5].TraceID} {
		e := &calls.Said{Text: text}
		for i := range rows {
			got := calls.Match(e, &rows[i], nil)
			if want := calls.Match(e.Named(), &rows[i], nil); got != want {
				t.Errorf("%q names row %d: %v, and by its condition %v", text, i, got, want)
			}
			if got {
				named++
			}
		}
	}
	if named < 100 {
		t.Errorf("only %d rows were named", named)
	}
	if e := (&calls.Said{Where: calls.InAnswer, Text: "ann"}).Named(); e != nil {
		t.Errorf("what was answered names a row: %v", e)
	}
}

// TestMatchLaws holds Match, Normal, Format and Prefilter to what they promise one
// another, over awkward rows.
func TestMatchLaws(t *testing.T) {
	rows := callstest.Rows(1, 60)
	matched, narrowed := 0, 0
	for seed := range uint64(2000) {
		e := callstest.Expr(seed)
		pre := calls.Prefilter(e)
		if calls.NeedsContent(pre) {
			t.Fatalf("the prefilter of %q needs content", calls.Format(e))
		}
		read, err := calls.Parse(calls.Format(e), now)
		if err != nil || !reflect.DeepEqual(read, calls.Normal(e)) {
			t.Fatalf("Parse(%q) = %q, %v", calls.Format(e), calls.Format(read), err)
		}
		for i := range rows {
			texts := callstest.Texts(seed + uint64(i))
			said := func() calls.Texts { return texts }
			got := calls.Match(e, &rows[i], said)
			if got == calls.Match(calls.Not{X: e}, &rows[i], said) {
				t.Fatalf("%q and its opposite are both %v", calls.Format(e), got)
			}
			may := calls.Match(pre, &rows[i], nil)
			if got && !may {
				t.Fatalf("%q holds of row %d, and its prefilter %q does not", calls.Format(e), i, calls.Format(pre))
			}
			if got {
				matched++
			}
			if !may {
				narrowed++
			}
		}
	}
	if matched < 1000 || narrowed < 1000 {
		t.Errorf("only %d matches, %d narrowed away", matched, narrowed)
	}
}

func TestNormal(t *testing.T) {
	model, _ := calls.FieldOf("model")
	a, b := &calls.Cond{Field: model, Text: "a"}, &calls.Cond{Field: model, Text: "b"}
	tests := map[string]struct {
		in   calls.Expr
		want string
	}{
		"nothing":                 {nil, ""},
		"an empty and":            {calls.And{}, ""},
		"an empty or":             {calls.Or{}, "-id:*"},
		"one part":                {calls.And{calls.Or{a}}, "model:a"},
		"within one another":      {calls.And{calls.And{a, calls.And{b}}, nil}, "model:a model:b"},
		"an or that always holds": {calls.Or{a, calls.And{}}, ""},
		"an and that never does":  {calls.And{a, calls.Or{}}, "-id:*"},
		"twice not":               {calls.Not{X: calls.Not{X: a}}, "model:a"},
		"not nothing":             {calls.Not{}, "-id:*"},
		"a pattern without stars": {&calls.Cond{Field: model, Op: calls.Like, Text: `a\*`}, `model:"a*"`},
		"a pattern of stars":      {&calls.Cond{Field: model, Op: calls.Like, Text: "***"}, ""},
		"stars in a row":          {&calls.Cond{Field: model, Op: calls.Like, Text: `**a\b***c**`}, "model:*ab*c*"},
		"no part":                 {&calls.Cond{Field: model, Op: calls.Contains}, ""},
		"no text":                 {calls.And{&calls.Said{}, a}, "model:a"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := calls.Format(tt.in); got != tt.want {
				t.Errorf("it is %q; want %q", got, tt.want)
			}
		})
	}
}

func TestPieces(t *testing.T) {
	tests := map[string][]string{
		"":       {""},
		"a":      {"a"},
		"a*":     {"a", ""},
		"*a*b":   {"", "a", "b"},
		`a\*b*`:  {"a*b", ""},
		`a\\*`:   {`a\`, ""},
		`a\`:     {`a\`},
		"50%_*x": {"50%_", "x"},
	}
	for pattern, want := range tests {
		if diff := cmp.Diff(want, calls.Pieces(pattern)); diff != "" {
			t.Errorf("Pieces(%q): -want +got:\n%s", pattern, diff)
		}
	}
}
