package bedrock_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/bedrock"
)

// TestOverlappingParts: parts that come mixed are written one after the other.
func TestOverlappingParts(t *testing.T) {
	call := func(id string) *llm.Part {
		return &llm.Part{Kind: llm.KindToolCall, Call: &llm.ToolCall{ID: id, Name: "f"}}
	}
	events := []llm.Event{
		{Kind: llm.EventDelta, Index: 0, Text: "Hi"}, // a part that never began
		{Kind: llm.EventPart, Index: 1, Part: call("a")},
		{Kind: llm.EventPart, Index: 2, Part: call("b")},
		{Kind: llm.EventDelta, Index: 2, Text: `{"b"`},
		{Kind: llm.EventDelta, Index: 1, Text: `{"a":1}`},
		{Kind: llm.EventPing},
		{Kind: llm.EventPartEnd, Index: 0},
		{Kind: llm.EventDelta, Index: 2, Text: `:2}`},
		{Kind: llm.EventPartEnd, Index: 2},
		{Kind: llm.EventPartEnd, Index: 1},
		{Kind: llm.EventPart, Index: 3, Part: &llm.Part{Kind: llm.KindAudio}},
		{Kind: llm.EventDelta, Index: 3, Text: "unheard"},
		{Kind: llm.EventFinish, Finish: llm.FinishToolCalls},
		{Kind: llm.EventUsage, Usage: &llm.Usage{Reported: true, N: [llm.NumQuantities]int64{llm.Input: 7}}},
		{Kind: llm.EventDelta, Index: 0, Text: "too late"},
	}
	enc := codec.NewEncoder(nil)
	var b []byte
	for _, e := range events {
		b = enc.Append(b, e)
	}
	b = enc.End(b)
	got, err := llm.Collect(codec.DecodeStream(bytes.NewReader(b)))
	if err != nil {
		t.Fatal(err)
	}
	want := []llm.Part{{Kind: llm.KindText, Text: "Hi"}, *call("a"), *call("b")}
	want[1].Call.Arguments, want[2].Call.Arguments = `{"a":1}`, `{"b":2}`
	if diff := cmp.Diff(want, got.Parts); diff != "" || got.Usage.N[llm.Input] != 7 {
		t.Errorf("usage %v, parts (-want +got):\n%s", got.Usage, diff)
	}
	if !slices.Equal(enc.Lost(), []string{"part.audio"}) {
		t.Errorf("lost %v", enc.Lost())
	}
}

// TestForeignReasoningComesBack: another provider's tokens survive a caller who
// speaks Bedrock, streamed or not; to Bedrock itself they do not go.
func TestForeignReasoningComesBack(t *testing.T) {
	blocks := map[string]llm.Part{
		"Anthropic's signature": {Kind: llm.KindReasoning, Text: "hm", Reasoning: &llm.ReasoningBlock{Signature: "EqQB==", Issuer: llm.AnthropicMessages}},
		"a signature alone":     {Kind: llm.KindReasoning, Reasoning: &llm.ReasoningBlock{Signature: "EqQB", Issuer: llm.AnthropicMessages}},
		"OpenAI's, encrypted":   {Kind: llm.KindReasoning, Text: "sum", Reasoning: &llm.ReasoningBlock{ID: "rs_1", Encrypted: "gAAA", Summary: true, Issuer: llm.OpenAIResponses}},
		"Anthropic's, redacted": {Kind: llm.KindReasoning, Reasoning: &llm.ReasoningBlock{Encrypted: "Eq", Redacted: true, Issuer: llm.AnthropicMessages}},
	}
	for name, part := range blocks {
		t.Run(name, func(t *testing.T) {
			resp := &llm.Response{Parts: []llm.Part{part}, Finish: llm.FinishStop}
			whole, _, err := codec.EncodeResponse(resp, nil)
			if err != nil {
				t.Fatal(err)
			}
			streamed, err := llm.Collect(codec.DecodeStream(bytes.NewReader(encodeStream(t, resp.Events()))))
			if err != nil {
				t.Fatal(err)
			}
			again, _, err := codec.EncodeResponse(streamed, nil)
			if err != nil || !cmp.Equal(answerOf(t, whole), answerOf(t, again)) {
				t.Errorf("streamed as %s, whole %s", again, whole)
			}
			content := answerOf(t, whole)
			body := `{"messages":[{"role":"user","content":[{"text":"a"}]},{"role":"assistant","content":` + content + `},{"role":"user","content":[{"text":"b"}]}]}`
			req, err := codec.DecodeRequest([]byte(body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(part, req.Messages[1].Parts[0]); diff != "" {
				t.Errorf("(-sent +came back):\n%s", diff)
			}
			out, lost, err := codec.EncodeRequest(req)
			if err != nil || bytes.Contains(out, []byte("reasoningContent")) || !slices.Equal(lost, []string{"reasoning.signature"}) {
				t.Errorf("to Bedrock as %s, lost %v, %v", out, lost, err)
			}
		})
	}
}

func answerOf(t *testing.T, body []byte) string {
	t.Helper()
	v := tree(t, body).(map[string]any)["output"].(map[string]any)["message"].(map[string]any)["content"]
	return string(dump(t, v))
}

func TestFinish(t *testing.T) {
	tests := map[string]struct {
		finish llm.Finish
		wire   string
		lost   []string
	}{
		"stop":           {llm.FinishStop, "end_turn", nil},
		"tools":          {llm.FinishToolCalls, "tool_use", nil},
		"length":         {llm.FinishLength, "max_tokens", nil},
		"stop sequence":  {llm.FinishStopSequence, "stop_sequence", nil},
		"filter":         {llm.FinishContentFilter, "content_filtered", nil},
		"context window": {llm.FinishContext, "model_context_window_exceeded", nil},
		"refusal":        {llm.FinishRefusal, "content_filtered", []string{"finish.refusal"}},
		"pause":          {llm.FinishPause, "end_turn", []string{"finish.pause"}},
		"other":          {llm.FinishOther, "end_turn", []string{"finish.other"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			body, lost, err := codec.EncodeResponse(&llm.Response{Finish: tt.finish}, nil)
			if err != nil || !bytes.Contains(body, []byte(`"stopReason":"`+tt.wire+`"`)) || !slices.Equal(lost, tt.lost) {
				t.Errorf("%s, lost %v, %v", body, lost, err)
			}
		})
	}
	for reason, want := range map[string]llm.Finish{
		"guardrail_intervened": llm.FinishContentFilter, "malformed_model_output": llm.FinishOther, "malformed_tool_use": llm.FinishOther,
		"refusal": llm.FinishRefusal, "of tomorrow": llm.FinishOther,
	} {
		r := codec.Measure([]byte(`{"output":{"message":{"content":[]}},"stopReason":"` + reason + `"}`))
		if r.Finish != want {
			t.Errorf("%s is %q, want %q", reason, r.Finish, want)
		}
	}
}

func TestStreamsThatFail(t *testing.T) {
	tests := map[string]struct {
		f         *fault.Error
		exception string
		code      string
		kind      fault.Kind
	}{
		"a limit":             {fault.New(fault.Exhausted, "budget_exceeded", "no money"), "throttlingException", "rate_limit_exceeded", fault.Exhausted},
		"our own trouble":     {fault.New(fault.Unavailable, "x", "not now"), "serviceUnavailableException", "overloaded", fault.Upstream},
		"the provider's":      {fault.New(fault.Upstream, "provider_error", "broke"), "modelStreamErrorException", "provider_error", fault.Upstream},
		"a slow provider":     {fault.New(fault.Timeout, "x", "slow"), "modelStreamErrorException", "provider_error", fault.Upstream},
		"a guard that blocks": {fault.New(fault.Denied, "guard", "no"), "validationException", "invalid_request", fault.Refused},
		"a bug":               {fault.New(fault.Internal, "x", "oops"), "internalServerException", "provider_error", fault.Upstream},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			enc := codec.NewEncoder(nil)
			b := enc.Append(nil, llm.Event{Kind: llm.EventDelta, Text: "Hel"})
			b = enc.Fail(b, tt.f)
			if rest := enc.End(enc.Append(nil, llm.Event{Kind: llm.EventFinish, Finish: llm.FinishStop})); len(rest) > 0 {
				t.Errorf("after its failure came %q", rest)
			}
			events, _ := splits(b, len(b))
			if last := events[len(events)-1]; !strings.HasPrefix(last, "exception:"+tt.exception+` {"message":`) {
				t.Errorf("ends with %q", last)
			}
			_, err := llm.Collect(codec.DecodeStream(bytes.NewReader(b)))
			if f := fault.As(err); f == nil || f.Kind != tt.kind || f.Code != tt.code || f.Message != tt.f.Message {
				t.Errorf("read back as %+v", f)
			}
			if r := observeAll(b, 9); r.Err == nil || r.Done || r.Complete || r.Err.Code != tt.code {
				t.Errorf("observed %+v", r)
			}
		})
	}
	t.Run("without a finish", func(t *testing.T) {
		enc := codec.NewEncoder(nil)
		b := enc.End(enc.Append(nil, llm.Event{Kind: llm.EventDelta, Text: "Hel"}))
		if r := observeAll(b, 9); r.Err == nil || r.Complete || r.Done {
			t.Errorf("observed %+v", r)
		}
	})
	t.Run("a spoiled frame", func(t *testing.T) {
		b := event(t, "contentBlockDelta", `{"delta":{"text":"abc"}}`)
		b[len(b)-7] ^= 1
		_, err := llm.Collect(codec.DecodeStream(bytes.NewReader(b)))
		if f := fault.As(err); f == nil || f.Kind != fault.Upstream || f.Code != "bad_stream" {
			t.Errorf("read as %v", err)
		}
		if r := observeAll(b, 9); r.Err == nil || r.Err.Code != "bad_stream" {
			t.Errorf("observed %+v", r)
		}
	})
}

func TestErrors(t *testing.T) {
	aws := func(name string) http.Header { return http.Header{"X-Amzn-Errortype": {name}} }
	tests := map[string]struct {
		status int
		h      http.Header
		body   string
		kind   fault.Kind
		code   string
		text   string
	}{
		"validation":              {400, aws("ValidationException:http://internal.amazon.com/x"), `{"message":"bad"}`, fault.Refused, "invalid_request", "bad"},
		"without a type":          {400, nil, `{"Message":"bad"}`, fault.Refused, "invalid_request", "bad"},
		"too long":                {400, nil, `{"message":"Input is too long for requested model."}`, fault.Refused, "context_length_exceeded", "Input is too long for requested model."},
		"no such model":           {400, nil, `{"message":"The provided model identifier is invalid."}`, fault.Refused, "model_not_found", "The provided model identifier is invalid."},
		"a quota of the account":  {400, aws("ServiceQuotaExceededException"), `{"message":"quota"}`, fault.Exhausted, "rate_limit_exceeded", "quota"},
		"throttled":               {429, http.Header{"Retry-After": {"3"}}, `{"message":"slow down"}`, fault.Exhausted, "rate_limit_exceeded", "slow down"},
		"a model that warms up":   {429, aws("ModelNotReadyException"), `{"message":"soon"}`, fault.Upstream, "overloaded", "soon"},
		"no access":               {403, aws("AccessDeniedException"), `{"message":"User: arn:aws:iam::1:user/x is not authorized"}`, fault.Upstream, "provider_denied", "the provider answered AccessDeniedException"},
		"a bad token":             {403, nil, `{"message":"The security token included in the request is invalid."}`, fault.Upstream, "provider_auth", "the provider answered AccessDeniedException"},
		"a bad token by its type": {403, nil, `{"__type":"com.amazon.coral.service#UnrecognizedClientException","message":"x"}`, fault.Upstream, "provider_auth", "the provider answered UnrecognizedClientException"},
		"unauthorised":            {401, nil, `{}`, fault.Upstream, "provider_auth", "the provider answered UnrecognizedClientException"},
		"not found":               {404, aws("ResourceNotFoundException"), `{"message":"no"}`, fault.Refused, "model_not_found", "no"},
		"a model's failure":       {424, aws("ModelErrorException"), `{"message":"broke","originalStatusCode":500}`, fault.Upstream, "provider_error", "broke"},
		"a model's delay":         {408, aws("ModelTimeoutException"), `{"message":"late"}`, fault.Upstream, "provider_timeout", "late"},
		"unavailable":             {503, nil, `not JSON`, fault.Upstream, "overloaded", "the provider answered ServiceUnavailableException"},
		"a proxy's failure":       {502, aws("ValidationException"), `{"message":"x"}`, fault.Upstream, "provider_error", "x"},
		"too large":               {413, nil, ``, fault.Refused, "request_too_large", "the provider answered ValidationException"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := codec.DecodeError(tt.status, tt.h, []byte(tt.body))
			if f.Kind != tt.kind || f.Code != tt.code || f.Message != tt.text || f.Status != tt.status {
				t.Errorf("%s %s %d %q", f.Kind, f.Code, f.Status, f.Message)
			}
			if wait := f.RetryAfter; (wait == 3*time.Second) != (tt.h.Get("Retry-After") != "") {
				t.Errorf("wait %v", wait)
			}
		})
	}
}

func TestEncodeError(t *testing.T) {
	tests := map[string]struct {
		f      *fault.Error
		status int
		typ    string
	}{
		"invalid":          {fault.New(fault.Invalid, "invalid_request", "m"), 400, "ValidationException"},
		"nobody we know":   {fault.New(fault.Unauthenticated, "", "m"), 401, "UnrecognizedClientException"},
		"not allowed":      {fault.New(fault.Denied, "", "m"), 403, "AccessDeniedException"},
		"no such model":    {fault.New(fault.NotFound, "model_not_found", "m"), 404, "ResourceNotFoundException"},
		"a limit":          {fault.New(fault.Exhausted, "budget_exceeded", "m"), 429, "ThrottlingException"},
		"not ready":        {fault.New(fault.Unavailable, "", "m"), 503, "ServiceUnavailableException"},
		"a full provider":  {fault.New(fault.Upstream, "overloaded", "m"), 503, "ServiceUnavailableException"},
		"a provider broke": {fault.New(fault.Upstream, "", "m"), 502, "ModelErrorException"},
		"a slow provider":  {fault.New(fault.Timeout, "", "m"), 504, "ModelTimeoutException"},
		"a bug":            {fault.New(fault.Internal, "", "m"), 500, "InternalServerException"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			status, body := codec.EncodeError(tt.f.At("p"), "call-1")
			want := `{"message":"m","__type":"` + tt.typ + `","code":"` + tt.f.StableCode() + `","param":"p","callId":"call-1"}`
			if status != tt.status || string(body) != want || bedrock.ErrorType(tt.f) != tt.typ {
				t.Errorf("%d %s, want %d %s", status, body, tt.status, want)
			}
		})
	}
}

func TestMeasureInvoke(t *testing.T) {
	counted := http.Header{"X-Amzn-Bedrock-Input-Token-Count": {"11"}, "X-Amzn-Bedrock-Output-Token-Count": {"12"},
		"X-Amzn-Bedrock-Cache-Read-Input-Token-Count": {"13"}, "X-Amzn-Bedrock-Performanceconfig-Latency": {"optimized"}}
	tests := map[string]struct {
		h    http.Header
		body string
		want string
	}{
		"Titan embeddings":            {nil, `{"embedding":[0.1],"inputTextTokenCount":5}`, "input=5"},
		"Titan text":                  {nil, `{"inputTextTokenCount":5,"results":[{"tokenCount":3,"outputText":"a"},{"tokenCount":4}]}`, "input=5 output=7"},
		"Cohere, counted in headers":  {counted, `{"embeddings":[[0.1]],"texts":["a"]}`, "input=11 cache_read=13 output=12 optimized"},
		"Cohere, without headers":     {nil, `{"embeddings":[[0.1]],"texts":["a"]}`, ""},
		"headers that are no numbers": {http.Header{"X-Amzn-Bedrock-Input-Token-Count": {"x"}, "X-Amzn-Bedrock-Output-Token-Count": {"-4"}}, `{}`, ""},
		"Claude":                      {counted, `{"type":"message","usage":{"input_tokens":5,"cache_creation_input_tokens":6,"cache_creation":{"ephemeral_1h_input_tokens":6},"output_tokens":7}}`, "input=5 cache_write_1h=6 output=7 optimized"},
		"Nova":                        {nil, `{"output":{"message":{"content":[{"text":"a"}]}},"stopReason":"end_turn","usage":{"inputTokens":5,"outputTokens":7,"cacheReadInputTokenCount":2}}`, "input=5 cache_read=2 output=7"},
		"Llama":                       {nil, `{"generation":"a","prompt_token_count":5,"generation_token_count":7}`, "input=5 output=7"},
		"gpt-oss":                     {nil, `{"object":"chat.completion","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":7}}`, "input=5 output=7"},
		"what is no JSON":             {nil, `<html>`, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := bedrock.MeasureInvoke(tt.h, []byte(tt.body))
			if got := figures(&r.Usage); got != tt.want || r.Usage.Reported != (tt.want != "") || !r.Done || !r.Complete {
				t.Errorf("%+v: %q, want %q", r, got, tt.want)
			}
		})
	}
}

// TestInvokeStreams: InvokeModelWithResponseStream wraps the model's own events.
func TestInvokeStreams(t *testing.T) {
	chunk := func(inner string) []byte {
		return event(t, "chunk", `{"bytes":"`+base64.StdEncoding.EncodeToString([]byte(inner))+`","p":"abc"}`)
	}
	const metrics = `"amazon-bedrock-invocationMetrics":{"inputTokenCount":9,"outputTokenCount":8,"cacheReadInputTokenCount":7,"invocationLatency":1}`
	tests := map[string]struct {
		chunks []string
		want   string
		finish llm.Finish
		done   bool
	}{
		"Claude": {[]string{
			`{"type":"message_start","message":{"id":"m","usage":{"input_tokens":5,"cache_creation_input_tokens":6,"output_tokens":1}}}`,
			`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"abc"}}`,
			`{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":7}}`,
			`{"type":"message_stop",` + metrics + `}`,
		}, "input=5 cache_write=6 output=7", llm.FinishStop, true},
		"another model":  {[]string{`{"generation":"a"}`, `{"generation":"",` + metrics + `}`}, "input=9 cache_read=7 output=8", "", true},
		"one cut off":    {[]string{`{"generation":"a"}`}, "", "", false},
		"not even chunk": {nil, "", "", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var b []byte
			for _, c := range tt.chunks {
				b = append(b, chunk(c)...)
			}
			b = append(b, event(t, "chunk", `{"bytes":"%%%"}`)...)
			r := observeAll(b, 10)
			if got := figures(&r.Usage); got != tt.want || r.Done != tt.done || r.Complete != tt.done || r.Finish != tt.finish {
				t.Errorf("%+v: %q, want %q", r, got, tt.want)
			}
		})
	}
}

func TestObserveMarksTheFirstToken(t *testing.T) {
	tests := map[string]struct {
		name, data string
		first      bool
		bytes      int64
	}{
		"the start":       {"messageStart", `{"role":"assistant"}`, false, 0},
		"text":            {"contentBlockDelta", `{"delta":{"text":"a\n\u00e9\ud83d\ude00"}}`, true, 8},
		"no text":         {"contentBlockDelta", `{"delta":{"text":""}}`, false, 0},
		"a thought":       {"contentBlockDelta", `{"delta":{"reasoningContent":{"text":"ab"}}}`, true, 2},
		"a signature":     {"contentBlockDelta", `{"delta":{"reasoningContent":{"signature":"ab"}}}`, true, 0},
		"hidden thoughts": {"contentBlockDelta", `{"delta":{"reasoningContent":{"redactedContent":"ab"}}}`, true, 0},
		"a call":          {"contentBlockStart", `{"start":{"toolUse":{"name":"f"}}}`, true, 0},
		"arguments":       {"contentBlockDelta", `{"delta":{"toolUse":{"input":"{}"}}}`, true, 2},
		"the usage":       {"metadata", `{"usage":{"inputTokens":1}}`, false, 0},
		"rubbish":         {"contentBlockDelta", `rubbish`, false, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := wire.Reading{UsageOnly: true}
			codec.Observe(tt.name, []byte(tt.data), &r)
			if r.FirstToken != tt.first || r.OutputBytes != tt.bytes || r.UsageOnly || r.Done {
				t.Errorf("%+v", r)
			}
		})
	}
}

func BenchmarkObserve(b *testing.B) {
	data := []byte(`{"contentBlockIndex":0,"delta":{"text":" and some words"},"p":"abcdefghijklmnopqrstuvwxyzABCDEF"}`)
	stream := bytes.Repeat(event(b, "contentBlockDelta", string(data)), 60)
	b.ReportAllocs()
	for b.Loop() {
		var r wire.Reading
		s := codec.NewSplitter()
		s.Feed(stream, func(name string, data []byte, _ int) { codec.Observe(name, data, &r) })
	}
}

func BenchmarkEncodeStream(b *testing.B) {
	b.ReportAllocs()
	var dst []byte
	for b.Loop() {
		enc := codec.NewEncoder(nil)
		dst = enc.Append(dst[:0], llm.Event{Kind: llm.EventPart, Part: &llm.Part{}})
		for range 60 {
			dst = enc.Append(dst, llm.Event{Kind: llm.EventDelta, Text: " and some words"})
		}
	}
}
