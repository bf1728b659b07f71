package openai_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire/openai"
)

func TestEmbedRequests(t *testing.T) {
	tests := map[string]struct {
		body string
		want llm.EmbedRequest
	}{
		"a text":         {`{"model":"e","input":"a"}`, llm.EmbedRequest{Model: "e", Inputs: []llm.EmbedInput{{Text: "a"}}}},
		"texts":          {`{"model":"e","input":["a",""]}`, llm.EmbedRequest{Model: "e", Inputs: []llm.EmbedInput{{Text: "a"}, {}}}},
		"tokens":         {`{"model":"e","input":[1,2]}`, llm.EmbedRequest{Model: "e", Inputs: []llm.EmbedInput{{Tokens: []int64{1, 2}}}}},
		"lists of token": {`{"model":"e","input":[[1],[2]]}`, llm.EmbedRequest{Model: "e", Inputs: []llm.EmbedInput{{Tokens: []int64{1}}, {Tokens: []int64{2}}}}},
		"everything": {`{"model":"e","input":"a","encoding_format":"base64","dimensions":3,"user":"u","input_type":"query","nothing":null}`,
			llm.EmbedRequest{Model: "e", Inputs: []llm.EmbedInput{{Text: "a"}}, Base64: true, Dimensions: ptr(int64(3)), User: "u", Unknown: llm.Lost{"input_type"}}},
	}
	embed := openai.Embeddings()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := embed.DecodeRequest([]byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			body, lost, err := embed.EncodeRequest(got)
			if err != nil {
				t.Fatal(err)
			}
			again, err := embed.DecodeRequest(body)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, again, cmpopts.IgnoreFields(llm.EmbedRequest{}, "Unknown")); diff != "" {
				t.Errorf("encoded and read again (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(got.Unknown, lost); diff != "" {
				t.Errorf("lost (-want +got):\n%s", diff)
			}
		})
	}
	_, lost, err := embed.EncodeRequest(&llm.EmbedRequest{Task: "t", Title: "t"})
	if err != nil || cmp.Diff(llm.Lost{"task", "title"}, lost) != "" {
		t.Errorf("lost %v, %v", lost, err)
	}
}

func TestEmbedRequestsThatAreRefused(t *testing.T) {
	for body, param := range map[string]string{
		`{`: "", `[]`: "", `{"model":"e"}`: "input", `{"input":7}`: "input", `{"input":[]}`: "input", `{"input":[[]]}`: "input",
		`{"input":[1,"a"]}`: "input", `{"input":["a",{}]}`: "input", `{"input":[1.5]}`: "input",
		`{"input":"a","dimensions":"x"}`: "dimensions", `{"input":"a","encoding_format":"hex"}`: "encoding_format",
	} {
		_, err := openai.Embeddings().DecodeRequest([]byte(body))
		if f := fault.As(err); f == nil || f.Kind != fault.Invalid || f.Param != param {
			t.Errorf("%s: %+v; want invalid at %q", body, f, param)
		}
	}
}

func TestVectorsComeBackAsTheyWere(t *testing.T) {
	embed := openai.Embeddings()
	resp := &llm.EmbedResponse{Model: "e", Usage: llm.Usage{Reported: true},
		Vectors: [][]float32{{0.1, -1e-30, math.MaxFloat32, 0}, {}, {1, 2, 3}}}
	resp.Usage.N[llm.Input] = 9
	for _, inBase64 := range []bool{false, true} {
		body, lost, err := embed.EncodeResponse(resp, &llm.EmbedRequest{Base64: inBase64})
		if err != nil || lost != nil {
			t.Fatal(err, lost)
		}
		if strings.Contains(string(body), `"embedding":"`) != inBase64 {
			t.Errorf("base64 %v: %s", inBase64, body)
		}
		got, err := embed.DecodeResponse(body)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(resp, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("base64 %v (-want +got):\n%s", inBase64, diff)
		}
		if r := embed.Measure(body); r.Usage.N != resp.Usage.N || r.Model != "e" || !r.Complete {
			t.Errorf("metered %+v", r)
		}
	}
}

func TestEmbedAnswers(t *testing.T) {
	embed := openai.Embeddings()
	tests := map[string]struct {
		body string
		code string
	}{
		"out of order":     {`{"data":[{"index":1,"embedding":[1]},{"index":0,"embedding":[2]}]}`, ""},
		"without indexes":  {`{"data":[{"embedding":[2]},{"embedding":[1]}]}`, ""},
		"an index twice":   {`{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[2]}]}`, "bad_response"},
		"an index too far": {`{"data":[{"index":0,"embedding":[1]},{"index":9,"embedding":[2]}]}`, "bad_response"},
		"broken base64":    {`{"data":[{"index":0,"embedding":"!"}]}`, "bad_response"},
		"half a float":     {`{"data":[{"index":0,"embedding":"AAA="}]}`, "bad_response"},
		"words":            {`{"data":[{"index":0,"embedding":["x"]}]}`, "bad_response"},
		"no data":          {`{}`, "bad_response"},
		"no JSON":          {`<`, "bad_response"},
		"an error":         {`{"error":{"message":"x","code":503}}`, "provider_overloaded"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := embed.DecodeResponse([]byte(tt.body))
			if f := fault.As(err); (f == nil) != (tt.code == "") || f != nil && f.Code != tt.code {
				t.Errorf("%+v; want %q", f, tt.code)
			}
			if tt.code == "" && cmp.Diff([][]float32{{2}, {1}}, got.Vectors) != "" {
				t.Errorf("vectors %v", got.Vectors)
			}
		})
	}
	r := embed.Measure([]byte(`{"data":[],"model":"v","usage":{"total_tokens":12}}`))
	if r.Usage.N[llm.Input] != 12 || r.Usage.OutputTokens() != 0 {
		t.Errorf("a total alone: %v", r.Usage.N)
	}
}

func TestModels(t *testing.T) {
	got := string(openai.EncodeModels([]openai.Model{{ID: "a/b", Created: 5, OwnedBy: "a"}}))
	want := `{"object":"list","data":[{"id":"a/b","object":"model","created":5,"owned_by":"a"}]}`
	if got != want {
		t.Errorf("models %s; want %s", got, want)
	}
	if got := string(openai.EncodeModels(nil)); got != `{"object":"list","data":[]}` {
		t.Errorf("no models: %s", got)
	}
	if got := string(openai.EncodeModel(openai.Model{ID: "m"})); got != `{"id":"m","object":"model","created":0,"owned_by":""}` {
		t.Errorf("one model: %s", got)
	}
}
