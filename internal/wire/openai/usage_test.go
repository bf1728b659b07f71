package openai_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire/openai"
)

func TestUsageIsSortedIntoDisjointQuantities(t *testing.T) {
	tests := map[string]struct{ usage, want string }{
		"plain": {`{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}`,
			"input 10, output 5"},
		"zero is reported": {`{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}`, ""},
		"cached and written are within the prompt": {`{"prompt_tokens":100,"completion_tokens":1,"total_tokens":101,"prompt_tokens_details":{"cached_tokens":60,"cache_write_tokens":30}}`,
			"input 10, cache_read 60, cache_write 30, output 1"},
		"every modality": {`{"prompt_tokens":100,"completion_tokens":90,"prompt_tokens_details":{"audio_tokens":10,"image_tokens":20,"video_tokens":30},"completion_tokens_details":{"audio_tokens":10,"image_tokens":20,"reasoning_tokens":30}}`,
			"input 40, input_audio 10, input_image 20, input_video 30, output 30, output_reasoning 30, output_audio 10, output_image 20"},
		"details above the sum are cut": {`{"prompt_tokens":10,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":8,"audio_tokens":8},"completion_tokens_details":{"audio_tokens":9}}`,
			"input_audio 2, cache_read 8, output_audio 3"},
		"deepseek repeats the figure": {`{"prompt_tokens":563,"completion_tokens":116,"total_tokens":679,"prompt_cache_hit_tokens":512,"prompt_cache_miss_tokens":51,"prompt_tokens_details":{"cached_tokens":512}}`,
			"input 51, cache_read 512, output 116"},
		"moonshot": {`{"prompt_tokens":20,"completion_tokens":1,"total_tokens":21,"cached_tokens":5}`,
			"input 15, cache_read 5, output 1"},
		"cached outside of the prompt, by the total": {`{"prompt_tokens":20,"completion_tokens":1,"total_tokens":27,"cache_read_input_tokens":4,"cache_creation_input_tokens":2}`,
			"input 20, cache_read 4, cache_write 2, output 1"},
		"cached outside of the prompt, by its size": {`{"prompt_tokens":3,"completion_tokens":1,"cached_tokens":400}`,
			"input 3, cache_read 400, output 1"},
		"xai counts thinking apart": {`{"prompt_tokens":10,"completion_tokens":20,"total_tokens":130,"completion_tokens_details":{"reasoning_tokens":100}}`,
			"input 10, output 20, output_reasoning 100"},
		"thinking apart that is the smaller": {`{"prompt_tokens":10,"completion_tokens":20,"total_tokens":35,"completion_tokens_details":{"reasoning_tokens":5}}`,
			"input 10, output 20, output_reasoning 5"},
		"more thinking than completion and no total": {`{"prompt_tokens":10,"completion_tokens":20,"completion_tokens_details":{"reasoning_tokens":100}}`,
			"input 10, output 20, output_reasoning 100"},
		"google hides thinking in the total": {`{"prompt_tokens":35,"completion_tokens":12,"total_tokens":109}`,
			"input 35, output 12, output_reasoning 62"},
		"google with tool-use prompt": {`{"prompt_tokens":35,"completion_tokens":12,"total_tokens":60,"completion_tokens_details":{"reasoning_tokens":10}}`,
			"input 38, output 12, output_reasoning 10"},
		"a total below the sum is ignored": {`{"prompt_tokens":35,"completion_tokens":12,"total_tokens":5}`,
			"input 35, output 12"},
		"negative and broken figures are nothing": {`{"prompt_tokens":-5,"completion_tokens":"7","total_tokens":null,"prompt_tokens_details":null,"completion_tokens_details":[]}`,
			"output 7"},
		"rejected predictions stay within output": {`{"prompt_tokens":1,"completion_tokens":9,"completion_tokens_details":{"rejected_prediction_tokens":4}}`,
			"input 1, output 9, rejected 4"},
		"perplexity": {`{"prompt_tokens":33,"completion_tokens":100,"total_tokens":133,"search_context_size":"low","num_search_queries":2,"citation_tokens":7,"reasoning_tokens":900,"cost":{"total_cost":0.0061}}`,
			"input 40, output 100, output_reasoning 900, web_search 2, requests 1, cost 0.0061"},
		"openrouter": {`{"prompt_tokens":1,"completion_tokens":1,"cost":0.0133176,"server_tool_use":{"web_search_requests":3}}`,
			"input 1, output 1, web_search 3, cost 0.0133176"},
		"openrouter with the caller's own key": {`{"prompt_tokens":1,"completion_tokens":1,"cost":0.001,"is_byok":true,"cost_details":{"upstream_inference_cost":0.02}}`,
			"input 1, output 1, cost 0.021"},
		"xai sources": {`{"prompt_tokens":1,"completion_tokens":1,"num_sources_used":4}`,
			"input 1, output 1, web_search 4"},
		"cost with a float's tail": {`{"prompt_tokens":1,"completion_tokens":1,"cost":4.1400000000000003e-05}`,
			"input 1, output 1, cost 0.0000414"},
		"cost is rounded": {`{"prompt_tokens":1,"completion_tokens":1,"cost":0.0000000016}`,
			"input 1, output 1, cost 0.000000002"},
		"cost below a nano-dollar": {`{"prompt_tokens":1,"completion_tokens":1,"cost":1e-300}`,
			"input 1, output 1, cost 0.00"},
		"cost above a dollar": {`{"prompt_tokens":1,"completion_tokens":1,"cost":1.25E1}`,
			"input 1, output 1, cost 12.50"},
		"absurd cost is none": {`{"prompt_tokens":1,"completion_tokens":1,"cost":1e300}`,
			"input 1, output 1"},
		"negative cost is none": {`{"prompt_tokens":1,"completion_tokens":1,"cost":-1}`,
			"input 1, output 1"},
	}
	chat := openai.Chat()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			body := []byte(`{"id":"i","model":"m","choices":[{"index":0,"message":{"content":"x"},"finish_reason":"stop"}],"usage":` + tt.usage + `}`)
			resp, err := chat.DecodeResponse(body)
			if err != nil {
				t.Fatal(err)
			}
			if got := usageLine(&resp.Usage); got != tt.want || !resp.Usage.Reported {
				t.Errorf("usage %s\n = %s (reported %v)\nwant %s", tt.usage, got, resp.Usage.Reported, tt.want)
			}
			r := chat.Measure(body)
			if diff := cmp.Diff(resp.Usage, r.Usage); diff != "" {
				t.Errorf("metered otherwise (-decoded +metered):\n%s", diff)
			}
			event := []byte(`{"id":"i","model":"m","choices":[],"usage":` + tt.usage + `}`)
			r.Usage = llm.Usage{}
			r.Done = false
			r.State = nil
			chat.Observe("", event, &r)
			if diff := cmp.Diff(resp.Usage, r.Usage); diff != "" || !r.UsageOnly {
				t.Errorf("observed otherwise, usage only %v (-decoded +observed):\n%s", r.UsageOnly, diff)
			}
		})
	}
}

func usageLine(u *llm.Usage) string {
	s := strings.ReplaceAll(strings.TrimSpace(usageLines(u)), "\n", ", ")
	if u.Rejected > 0 {
		s += fmt.Sprintf(", rejected %d", u.Rejected)
	}
	return s
}

func TestNoUsageIsNotZeroUsage(t *testing.T) {
	for _, usage := range []string{`null`, `"none"`, `[]`} {
		r := openai.Chat().Measure([]byte(`{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}],"usage":` + usage + `}`))
		if r.Usage.Reported {
			t.Errorf("usage %s was taken as reported", usage)
		}
	}
}

func TestServiceTierTellsOnlyWhatChangesThePrice(t *testing.T) {
	for tier, want := range map[string]string{"default": "", "auto": "", "on_demand": "", "flex": "flex", "priority": "priority"} {
		r := openai.Chat().Measure([]byte(`{"service_tier":"` + tier + `","choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}`))
		if r.Usage.ServiceTier != want {
			t.Errorf("tier %q read as %q; want %q", tier, r.Usage.ServiceTier, want)
		}
	}
}
