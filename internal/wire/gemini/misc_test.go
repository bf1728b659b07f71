package gemini_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire/gemini"
)

func TestEncodeError(t *testing.T) {
	tests := map[string]struct {
		in     *fault.Error
		status int
		word   string
	}{
		"invalid":         {fault.New(fault.Invalid, "x", "m"), 400, "INVALID_ARGUMENT"},
		"too large":       {fault.New(fault.TooLarge, "x", "m"), 413, "INVALID_ARGUMENT"},
		"unauthenticated": {fault.New(fault.Unauthenticated, "x", "m"), 401, "UNAUTHENTICATED"},
		"denied":          {fault.New(fault.Denied, "x", "m"), 403, "PERMISSION_DENIED"},
		"not found":       {fault.New(fault.NotFound, "x", "m"), 404, "NOT_FOUND"},
		"conflict":        {fault.New(fault.Conflict, "x", "m"), 409, "ABORTED"},
		"exhausted":       {fault.New(fault.Exhausted, "x", "m"), 429, "RESOURCE_EXHAUSTED"},
		"unavailable":     {fault.New(fault.Unavailable, "x", "m"), 503, "UNAVAILABLE"},
		"upstream":        {fault.New(fault.Upstream, "x", "m"), 502, "UNAVAILABLE"},
		"timeout":         {fault.New(fault.Timeout, "x", "m"), 504, "DEADLINE_EXCEEDED"},
		"cancelled":       {fault.New(fault.Cancelled, "x", "m"), 499, "CANCELLED"},
		"internal":        {fault.New(fault.Internal, "x", "m"), 500, "INTERNAL"},
		"refused":         {&fault.Error{Kind: fault.Refused, Code: "x", Message: "m", Status: 422}, 422, "INVALID_ARGUMENT"},
		"refused oddly":   {&fault.Error{Kind: fault.Refused, Code: "x", Message: "m", Status: 418}, 418, "UNKNOWN"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			status, body := gemini.Generate().EncodeError(tt.in, "")
			var got struct {
				Error struct {
					Code            int
					Message, Status string
					Details         []map[string]any
				}
			}
			if err := json.Unmarshal(body, &got); err != nil {
				t.Fatal(err)
			}
			e := got.Error
			if status != tt.status || e.Code != tt.status || e.Status != tt.word || e.Message != "m" || e.Details[0]["reason"] != "x" {
				t.Errorf("%v became %d %s", tt.in, status, body)
			}
		})
	}
}

func TestEncodeErrorDetails(t *testing.T) {
	f := fault.New(fault.Exhausted, "rate_limit_exceeded", "too many requests").At("contents").Hinted("wait a little")
	f.RetryAfter = 1500 * time.Millisecond
	_, body := gemini.Generate().EncodeError(f, "call-1")
	const want = `{"error":{"code":429,"message":"too many requests (wait a little)","status":"RESOURCE_EXHAUSTED","details":[` +
		`{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"rate_limit_exceeded","domain":"steward","metadata":{"callId":"call-1"}},` +
		`{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"contents","description":"too many requests"}]},` +
		`{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"2s"}]}}`
	if diff := cmp.Diff(want, string(body)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if again := gemini.Generate().DecodeError(429, nil, body); again.RetryAfter != 2*time.Second {
		t.Errorf("read back: %+v", again)
	}
}

func TestDecodeError(t *testing.T) {
	const quota = `[{"error":{"code":429,"message":"Quota exceeded for project 123","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.5s"}]}}]`
	tests := map[string]struct {
		status int
		header http.Header
		body   string
		want   fault.Error
	}{
		"a refusal":              {400, nil, `{"error":{"code":400,"message":"bad contents","status":"INVALID_ARGUMENT"}}`, fault.Error{Kind: fault.Refused, Code: "invalid_argument", Message: "bad contents", Status: 400}},
		"no such model":          {404, nil, `{"error":{"code":404,"message":"models/x is not found","status":"NOT_FOUND"}}`, fault.Error{Kind: fault.Refused, Code: "model_not_found", Message: "models/x is not found", Status: 404}},
		"a quota, in a list":     {429, nil, quota, fault.Error{Kind: fault.Exhausted, Code: "rate_limit_exceeded", Status: 429, RetryAfter: 34500 * time.Millisecond}},
		"the header wins":        {429, http.Header{"Retry-After": {"7"}}, quota, fault.Error{Kind: fault.Exhausted, Code: "rate_limit_exceeded", Status: 429, RetryAfter: 7 * time.Second}},
		"a time to wait for":     {429, http.Header{"Retry-After": {"Tue, 17 Feb 2026 04:28:30 GMT"}, "Date": {"Tue, 17 Feb 2026 04:28:18 GMT"}}, ``, fault.Error{Kind: fault.Exhausted, Code: "rate_limit_exceeded", Status: 429, RetryAfter: 12 * time.Second}},
		"our key, as 401":        {401, nil, `{"error":{"code":401,"message":"no","status":"UNAUTHENTICATED"}}`, fault.Error{Kind: fault.Upstream, Code: "provider_auth", Status: 401}},
		"our key, as 400":        {400, nil, `{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}`, fault.Error{Kind: fault.Upstream, Code: "provider_auth", Status: 400}},
		"our project":            {403, nil, `{"error":{"code":403,"status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED"}]}}`, fault.Error{Kind: fault.Upstream, Code: "provider_auth", Status: 403}},
		"no credit":              {402, nil, `{}`, fault.Error{Kind: fault.Upstream, Code: "provider_billing", Status: 402}},
		"overloaded":             {503, nil, `{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}`, fault.Error{Kind: fault.Upstream, Code: "provider_error", Status: 503}},
		"a page of a proxy":      {502, nil, `<html>bad gateway</html>`, fault.Error{Kind: fault.Upstream, Code: "provider_error", Status: 502}},
		"a refusal without word": {403, nil, ``, fault.Error{Kind: fault.Refused, Code: "permission_denied", Message: "the provider refused the request with status 403", Status: 403}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := gemini.Generate().DecodeError(tt.status, tt.header, []byte(tt.body))
			got := *f
			got.Err = nil
			if tt.want.Message == "" { // our own words, which name nothing of the provider's
				if strings.Contains(got.Message, "123") {
					t.Errorf("the message gives the project away: %s", got.Message)
				}
				got.Message = ""
			}
			if got != tt.want {
				t.Errorf("%d %s became %+v; want %+v", tt.status, tt.body, got, tt.want)
			}
		})
	}
}

func TestEmbedRequests(t *testing.T) {
	tests := map[string]struct {
		in, out string
		batch   bool
		inputs  []string
		unknown llm.Lost
	}{
		"one": {
			`{"model":"models/e","content":{"parts":[{"text":"a"},{"text":"b"}]},"task_type":"RETRIEVAL_DOCUMENT","title":"T","output_dimensionality":"8"}`,
			`{"model":"models/e","content":{"parts":[{"text":"a\nb"}]},"taskType":"RETRIEVAL_DOCUMENT","title":"T","outputDimensionality":8}`,
			false, []string{"a\nb"}, nil,
		},
		"a batch": {
			`{"requests":[{"model":"models/e","content":{"parts":[{"text":"a"}]}},{"model":"models/e","content":{"parts":{"text":"b"}},"taskType":"CLUSTERING"}]}`,
			`{"requests":[{"model":"models/e","content":{"parts":[{"text":"a"}]}},{"model":"models/e","content":{"parts":[{"text":"b"}]}}]}`,
			true, []string{"a", "b"}, llm.Lost{"requests.taskType"},
		},
		"a batch of one": {
			`{"requests":[{"content":{"parts":[{"text":"a"}]}}]}`, `{"requests":[{"content":{"parts":[{"text":"a"}]}}]}`,
			true, []string{"a"}, nil,
		},
		"a picture": {
			`{"content":{"parts":[{"text":"a"},{"inlineData":{"mimeType":"image/png","data":""}}]},"x":1}`, `{"content":{"parts":[{"text":"a"}]}}`,
			false, []string{"a"}, llm.Lost{"content.parts", "x"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := gemini.Embed().DecodeRequest([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			var inputs []string
			for _, in := range r.Inputs {
				inputs = append(inputs, in.Text)
			}
			if !cmp.Equal(inputs, tt.inputs) || r.Batch != tt.batch || !cmp.Equal(r.Unknown, tt.unknown) {
				t.Errorf("read %+v", r)
			}
			out, lost, err := gemini.Embed().EncodeRequest(r)
			if err != nil || string(out) != tt.out || !cmp.Equal(lost, tt.unknown) {
				t.Errorf("wrote %s, lost %v, %v; want %s", out, lost, err, tt.out)
			}
			if method := gemini.EmbedMethod(r); (method == "batchEmbedContents") != strings.Contains(tt.out, "requests") {
				t.Errorf("method %s for %s", method, tt.out)
			}
		})
	}
	for _, bad := range []string{``, `{}`, `{"requests":[]}`, `{"content":{}}`, `{"content":{"parts":[{"text":"a"}]},"outputDimensionality":0}`} {
		if _, err := gemini.Embed().DecodeRequest([]byte(bad)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v; want an invalid request", bad, err)
		}
	}
	for _, r := range []*llm.EmbedRequest{{}, {Inputs: []llm.EmbedInput{{Tokens: []int64{1}}}}} {
		if _, _, err := gemini.Embed().EncodeRequest(r); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v; want an invalid request", r, err)
		}
	}
}

func TestEmbedAnswers(t *testing.T) {
	codec := gemini.Embed()
	body := []byte(`{"embedding":{"values":[0.5,-1e-3]},"usageMetadata":{"promptTokenCount":3,"promptTokenDetails":[{"modality":"IMAGE","tokenCount":1}]}}`)
	resp, err := codec.DecodeResponse(body)
	if err != nil {
		t.Fatal(err)
	}
	if u := codec.Measure(body).Usage; u.N[llm.Input] != 2 || u.N[llm.InputImage] != 1 || !cmp.Equal(u, resp.Usage) {
		t.Errorf("usage %+v", u)
	}
	for batch, want := range map[bool]string{
		false: `{"embedding":{"values":[0.5,-0.001]},"usageMetadata":{"promptTokenCount":3}}`,
		true:  `{"embeddings":[{"values":[0.5,-0.001]}],"usageMetadata":{"promptTokenCount":3}}`,
	} {
		out, _, err := codec.EncodeResponse(resp, &llm.EmbedRequest{Batch: batch})
		if err != nil || string(out) != want {
			t.Errorf("batch %v: %s, %v; want %s", batch, out, err, want)
		}
	}
	if u := codec.Measure([]byte(`{"embeddings":[{"values":[1]}]}`)).Usage; u.Reported {
		t.Errorf("usage out of nothing: %+v", u)
	}
	for _, bad := range []string{`{}`, `{"embedding":{}}`, `{"embedding":{"values":["x"]}}`, `[]`, `{"embedding":{"values":[1e300]}}`} {
		if _, err := codec.DecodeResponse([]byte(bad)); !fault.Is(err, fault.Upstream) {
			t.Errorf("%s: %v; want a malformed answer", bad, err)
		}
	}
}

func TestPredict(t *testing.T) {
	r := gemini.MeasurePredict([]byte(`{"predictions":[{"embeddings":{"statistics":{"token_count":7,"truncated":false},"values":[1]}},{"embeddings":{"statistics":{"token_count":5}}}]}`))
	if !r.Usage.Reported || r.Usage.N[llm.Input] != 12 || !r.Complete {
		t.Errorf("%+v", r)
	}
	if r := gemini.MeasurePredict([]byte(`{"predictions":[{"content":"text"}]}`)); r.Usage.Reported || r.Complete {
		t.Errorf("another model's prediction: %+v", r)
	}
}

func TestCount(t *testing.T) {
	for name, body := range map[string]string{
		"contents":        `{"contents":[{"parts":[{"text":"a"}]}]}`,
		"a whole request": `{"generateContentRequest":{"model":"models/m","contents":[{"parts":[{"text":"a"}]}],"systemInstruction":{"parts":[{"text":"s"}]}}}`,
		"snake case":      `{"generate_content_request":{"contents":[{"parts":[{"text":"a"}]}]}}`,
	} {
		r, err := gemini.DecodeCount([]byte(body))
		if err != nil || len(r.Messages) != 1 || r.Messages[0].Parts[0].Text != "a" {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		if name == "a whole request" && (r.Model != "m" || len(r.System) != 1) {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if n, ok := gemini.MeasureCount(gemini.EncodeCount(42)); n != 42 || !ok {
		t.Errorf("read back %d, %v", n, ok)
	}
	if _, ok := gemini.MeasureCount([]byte(`{"error":{}}`)); ok {
		t.Error("a count out of nothing")
	}
}

func TestModels(t *testing.T) {
	got := string(gemini.EncodeModels([]gemini.Model{{Name: "chat", DisplayName: "Chat", InputLimit: 1000, OutputLimit: 10}, {Name: "models/b"}}))
	const want = `{"models":[{"name":"models/chat","baseModelId":"chat","displayName":"Chat","inputTokenLimit":1000,"outputTokenLimit":10,"supportedGenerationMethods":["generateContent","streamGenerateContent","countTokens"]},` +
		`{"name":"models/b","baseModelId":"b","displayName":"b","supportedGenerationMethods":["generateContent","streamGenerateContent","countTokens"]}]}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := string(gemini.EncodeModels(nil)); got != `{"models":[]}` {
		t.Errorf("no models: %s", got)
	}
	if got := string(gemini.EncodeModel(gemini.Model{Name: "b"})); !strings.HasPrefix(got, `{"name":"models/b"`) {
		t.Errorf("one model: %s", got)
	}
}
