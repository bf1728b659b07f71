package gemini_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/gemini"
)

func TestUsage(t *testing.T) {
	type n = map[llm.Quantity]int64
	tests := map[string]struct {
		in   string
		want n
		tier string
	}{
		"cached tokens are within the prompt, thoughts beside the answer": {
			`{"promptTokenCount":100,"cachedContentTokenCount":60,"candidatesTokenCount":5,"thoughtsTokenCount":1}`,
			n{llm.Input: 40, llm.CacheRead: 60, llm.Output: 5, llm.OutputReasoning: 1}, "",
		},
		"tool use comes on top, by kind": {
			`{"promptTokenCount":10,"toolUsePromptTokenCount":7,"toolUsePromptTokensDetails":[{"modality":"IMAGE","tokenCount":3}]}`,
			n{llm.Input: 14, llm.InputImage: 3}, "",
		},
		"every kind on its own": {
			`{"promptTokenCount":100,"cachedContentTokenCount":50,"candidatesTokenCount":40,
			  "promptTokensDetails":[{"modality":"TEXT","tokenCount":10},{"modality":"AUDIO","tokenCount":20},{"modality":"IMAGE","tokenCount":30},{"modality":"VIDEO","tokenCount":35},{"modality":"DOCUMENT","tokenCount":5}],
			  "cacheTokensDetails":[{"modality":"AUDIO","tokenCount":10},{"modality":"IMAGE","tokenCount":15},{"modality":"VIDEO","tokenCount":20},{"modality":"DOCUMENT","tokenCount":5}],
			  "candidatesTokensDetails":[{"modality":"AUDIO","tokenCount":30},{"modality":"IMAGE","tokenCount":4},{"modality":"VIDEO","tokenCount":5}]}`,
			n{llm.Input: 10, llm.InputAudio: 10, llm.InputImage: 15, llm.InputVideo: 15, llm.CacheRead: 25, llm.CacheReadAudio: 10, llm.CacheReadImage: 15, llm.Output: 1, llm.OutputAudio: 30, llm.OutputImage: 4, llm.OutputVideo: 5}, "",
		},
		"details that are too much are cut": {
			`{"promptTokenCount":10,"promptTokensDetails":[{"modality":"AUDIO","tokenCount":8},{"modality":"IMAGE","tokenCount":8}]}`,
			n{llm.InputAudio: 8, llm.InputImage: 2}, "",
		},
		"cached text that a prompt of sound cannot have": {
			`{"promptTokenCount":10,"cachedContentTokenCount":6,"promptTokensDetails":[{"modality":"AUDIO","tokenCount":8},{"modality":"TEXT","tokenCount":2}]}`,
			n{llm.InputAudio: 4, llm.CacheRead: 2, llm.CacheReadAudio: 4}, "",
		},
		"more cached than read": {
			`{"promptTokenCount":10,"cachedContentTokenCount":60}`, n{llm.CacheRead: 60}, "",
		},
		"numbers as text, names as protobuf has them, negative ones": {
			`{"prompt_token_count":"12","candidatesTokenCount":-4,"thoughtsTokenCount":2.0}`, n{llm.Input: 12, llm.OutputReasoning: 2}, "",
		},
		"on demand":     {`{"trafficType":"ON_DEMAND"}`, n{}, ""},
		"flex":          {`{"trafficType":"ON_DEMAND_FLEX"}`, n{}, "flex"},
		"priority":      {`{"serviceTier":"SERVICE_TIER_PRIORITY"}`, n{}, "priority"},
		"standard":      {`{"serviceTier":"standard"}`, n{}, ""},
		"provisioned":   {`{"trafficType":"PROVISIONED_THROUGHPUT"}`, n{}, "provisioned"},
		"batch":         {`{"trafficType":"BATCH","serviceTier":"standard"}`, n{}, "batch"},
		"not specified": {`{"trafficType":"TRAFFIC_TYPE_UNSPECIFIED"}`, n{}, ""},
		"huge":          {`{"promptTokenCount":99999999999999999999}`, n{}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			body := []byte(`{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}],"usageMetadata":` + tt.in + `}`)
			resp, err := gemini.Generate().DecodeResponse(body)
			if err != nil {
				t.Fatal(err)
			}
			got := n{}
			for q, k := range resp.Usage.N {
				if k != 0 {
					got[llm.Quantity(q)] = k
				}
			}
			if !maps.Equal(tt.want, got) || resp.Usage.ServiceTier != tt.tier || !resp.Usage.Reported {
				t.Errorf("usage of %s: %v tier %q; want %v tier %q", tt.in, got, resp.Usage.ServiceTier, tt.want, tt.tier)
			}
			if diff := cmp.Diff(resp.Usage, gemini.Generate().Measure(body).Usage); diff != "" {
				t.Errorf("decoded and measured differ:\n%s", diff)
			}
		})
	}
}

func TestSearchesAreCountedAsTheModelIsCharged(t *testing.T) {
	tests := map[string]struct {
		model, queries string
		want           int64
	}{
		"Gemini 3, each query":         {"gemini-3-flash-preview", `["a","b",""]`, 2},
		"Gemini 3, the same one twice": {"gemini-3.1-pro", `["a","a"]`, 1},
		"Gemini 2.5, the prompt":       {"gemini-2.5-pro", `["a","b"]`, 1},
		"Gemini 2.5, none":             {"gemini-2.5-pro", `[]`, 0},
		"no number, each query":        {"gemini-flash-latest", `["a","b"]`, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			body := []byte(`{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP","groundingMetadata":{"webSearchQueries":` + tt.queries + `}}],"modelVersion":"` + tt.model + `"}`)
			resp, err := gemini.Generate().DecodeResponse(body)
			if err != nil {
				t.Fatal(err)
			}
			if got := resp.Usage.N[llm.WebSearch]; got != tt.want || gemini.Generate().Measure(body).Usage.N[llm.WebSearch] != tt.want {
				t.Errorf("%s with %s: %d searches; want %d", tt.model, tt.queries, got, tt.want)
			}
		})
	}
}

func TestFinishReasons(t *testing.T) {
	tests := map[string]llm.Finish{
		"STOP": llm.FinishStop, "MAX_TOKENS": llm.FinishLength, "SAFETY": llm.FinishContentFilter,
		"RECITATION": llm.FinishContentFilter, "BLOCKLIST": llm.FinishContentFilter, "PROHIBITED_CONTENT": llm.FinishContentFilter,
		"SPII": llm.FinishContentFilter, "IMAGE_SAFETY": llm.FinishContentFilter, "MODEL_ARMOR": llm.FinishContentFilter,
		"MALFORMED_FUNCTION_CALL": llm.FinishOther, "UNEXPECTED_TOOL_CALL": llm.FinishOther, "OTHER": llm.FinishOther, "BRAND_NEW": llm.FinishOther,
	}
	for reason, want := range tests {
		for _, parts := range []string{`{"text":"x"}`, `{"functionCall":{"name":"f","args":{}}}`} {
			body := []byte(`{"candidates":[{"content":{"parts":[` + parts + `]},"finishReason":"` + reason + `"}]}`)
			if reason == "STOP" && strings.Contains(parts, "functionCall") {
				want = llm.FinishToolCalls
			}
			resp, err := gemini.Generate().DecodeResponse(body)
			if err != nil || resp.Finish != want {
				t.Errorf("%s: %v, %v; want %s", body, resp, err, want)
			}
			if r := gemini.Generate().Measure(body); r.Finish != want || !r.Complete {
				t.Errorf("Measure(%s) = %+v", body, r)
			}
		}
	}
}

func TestObserve(t *testing.T) {
	var r wire.Reading
	codec := gemini.Generate()
	steps := []struct {
		data        string
		first, done bool
	}{
		{`{"usageMetadata":{"promptTokenCount":5},"modelVersion":"gemini-3-pro","responseId":"id"}`, false, false},
		{`{"candidates":[{"content":{"parts":[{"text":"","thoughtSignature":"x"}]}}]}`, false, false},
		{`not JSON {`, false, false},
		{`{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"a":1}}}]}}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":1}}`, true, false},
		{`{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":9}}`, true, true},
	}
	for i, s := range steps {
		data := []byte(s.data)
		codec.Observe("", data, &r)
		for k := range data {
			data[k] = '#' // nothing may point into it afterwards
		}
		if r.FirstToken != s.first || r.Done != s.done || r.Complete != s.done || r.UsageOnly {
			t.Errorf("after step %d: %+v", i, r)
		}
	}
	if r.ID != "id" || r.Model != "gemini-3-pro" || r.Finish != llm.FinishToolCalls || r.OutputBytes != int64(len(`{"a":1}`)) || r.Usage.N[llm.Output] != 9 {
		t.Errorf("at the end: %+v", r)
	}
}

func TestObserveAnError(t *testing.T) {
	var r wire.Reading
	data := []byte(`{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}`)
	gemini.Generate().Observe("", data, &r)
	for k := range data {
		data[k] = '#'
	}
	if r.Err == nil || r.Err.Status != 503 || r.Done || !strings.Contains(r.Err.Error(), "overloaded") {
		t.Errorf("%+v", r)
	}
}
