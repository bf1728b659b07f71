package anthropic_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/llm"
)

// TestUsage reads each pair of reports, message_start's and message_delta's, by
// all readers.
func TestUsage(t *testing.T) {
	tests := map[string]struct {
		start, final string // the objects of usage
		want         string
	}{
		"input excludes the cache":           {`{"input_tokens":10,"cache_read_input_tokens":90,"output_tokens":1}`, `{"output_tokens":5}`, "input=10 cache_read=90 output=5"},
		"the placeholder gives way":          {`{"input_tokens":10,"output_tokens":7}`, `{"output_tokens":5}`, "input=10 output=5"},
		"the placeholder where nothing else": {`{"input_tokens":10,"output_tokens":7}`, `{"input_tokens":10}`, "input=10 output=7"},
		"final input wins":                   {`{"input_tokens":10,"output_tokens":1}`, `{"input_tokens":30,"output_tokens":5}`, "input=30 output=5"},
		"explicit zeros":                     {`{"input_tokens":0,"output_tokens":0}`, `{"output_tokens":0}`, ""},
		"a null is no zero":                  {`{"input_tokens":10,"output_tokens":1}`, `{"input_tokens":null,"output_tokens":5}`, "input=10 output=5"},
		"the split is kept":                  {`{"cache_creation_input_tokens":30,"cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20}}`, `{"cache_creation_input_tokens":30,"output_tokens":5}`, "cache_write=10 cache_write_1h=20 output=5"},
		"the split is scaled to the total":   {`{"cache_creation_input_tokens":3,"cache_creation":{"ephemeral_5m_input_tokens":1,"ephemeral_1h_input_tokens":2}}`, `{"cache_creation_input_tokens":100,"output_tokens":5}`, "cache_write=33 cache_write_1h=67 output=5"},
		"no split is five minutes":           {`{"cache_creation_input_tokens":30}`, `{"output_tokens":5}`, "cache_write=30 output=5"},
		"a split without a total":            {`{"cache_creation":{"ephemeral_5m_input_tokens":1,"ephemeral_1h_input_tokens":2}}`, `{"output_tokens":5}`, "cache_write=1 cache_write_1h=2 output=5"},
		"an empty split is five minutes":     {`{"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0}}`, `{"cache_creation_input_tokens":8,"output_tokens":5}`, "cache_write=8 output=5"},
		"thinking is within output":          {`{"input_tokens":1}`, `{"output_tokens":50,"output_tokens_details":{"thinking_tokens":20}}`, "input=1 output=30 output_reasoning=20"},
		"thinking beyond output":             {`{"input_tokens":1}`, `{"output_tokens":5,"output_tokens_details":{"thinking_tokens":20}}`, "input=1 output_reasoning=5"},
		"server tools":                       {`{"input_tokens":1}`, `{"output_tokens":5,"server_tool_use":{"web_search_requests":2,"web_fetch_requests":3}}`, "input=1 output=5 web_search=2 web_fetch=3"},
		"words that change the price":        {`{"input_tokens":1,"service_tier":"batch","inference_geo":"us"}`, `{"output_tokens":5,"speed":"fast"}`, "input=1 output=5 batch us fast"},
		"words that do not":                  {`{"input_tokens":1,"service_tier":"standard","inference_geo":"not_available"}`, `{"output_tokens":5,"speed":"standard"}`, "input=1 output=5"},
		"the bill is the sum of iterations":  {`{"cache_read_input_tokens":55096,"output_tokens":1}`, `{"input_tokens":181,"cache_read_input_tokens":0,"output_tokens":8,"iterations":[{"type":"compaction","input_tokens":100,"cache_read_input_tokens":55096,"output_tokens":83},{"type":"message","input_tokens":181,"output_tokens":8}]}`, "input=281 cache_read=55096 output=91"},
		"no iterations are none":             {`{"input_tokens":1}`, `{"output_tokens":5,"iterations":[]}`, "input=1 output=5"},
		"another model's iterations":         {`{"input_tokens":1}`, `{"output_tokens":5,"output_tokens_details":{"thinking_tokens":2},"iterations":[{"type":"message","model":"main","input_tokens":1,"output_tokens":5},{"type":"advisor_message","model":"big","input_tokens":7,"output_tokens":3},{"type":"advisor_message","model":"big","input_tokens":1,"output_tokens":1}]}`, "input=1 output=3 output_reasoning=2 big(input=8 output=4)"},
		"iterations with their own split":    {`{"input_tokens":1}`, `{"iterations":[{"cache_creation_input_tokens":5,"cache_creation":{"ephemeral_1h_input_tokens":5}},{"cache_creation_input_tokens":3}]}`, "cache_write=3 cache_write_1h=5"},
		"iterations split as the message's":  {`{"cache_creation":{"ephemeral_5m_input_tokens":1,"ephemeral_1h_input_tokens":1}}`, `{"iterations":[{"cache_creation_input_tokens":10}]}`, "cache_write=5 cache_write_1h=5"},
		"hostile figures":                    {`{"input_tokens":-5,"cache_read_input_tokens":1e300,"output_tokens":"7"}`, `{"output_tokens":-1,"cache_creation_input_tokens":9223372036854775807,"cache_creation":{"ephemeral_5m_input_tokens":9223372036854775807,"ephemeral_1h_input_tokens":9223372036854775807}}`, "cache_read=1099511627776 cache_write=549755813888 cache_write_1h=549755813888"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			stream := fmt.Sprintf("data: {\"type\":\"message_start\",\"message\":{\"id\":\"i\",\"model\":\"main\",\"usage\":%s}}\n\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":%s}\n\ndata: {\"type\":\"message_stop\"}\n\n", tt.start, tt.final)
			resp, err := llm.Collect(codec.DecodeStream(strings.NewReader(stream)))
			if err != nil {
				t.Fatal(err)
			}
			r := observed(t, stream)
			for reader, u := range map[string]llm.Usage{"DecodeStream": resp.Usage, "Observe": r.Usage} {
				if !u.Reported {
					t.Errorf("%s: usage was not reported", reader)
				}
				if got := bill2(&u); strings.TrimSpace(got) != tt.want {
					t.Errorf("%s reads %q; want %q", reader, got, tt.want)
				}
			}
			back, err := llm.Collect(codec.DecodeStream(strings.NewReader(encodeStream(t, resp.Events()))))
			if diff := cmp.Diff(resp.Usage, back.Usage); err != nil || diff != "" {
				t.Errorf("written and read back: %v (-want +got)\n%s", err, diff)
			}
		})
	}
}

func TestUsageThatIsMissingIsNotZero(t *testing.T) {
	body := []byte(`{"id":"i","type":"message","model":"m","content":[],"stop_reason":"end_turn"}`)
	resp, err := codec.DecodeResponse(body)
	if err != nil || resp.Usage.Reported || codec.Measure(body).Usage.Reported {
		t.Errorf("usage that is missing was reported: %+v, %v", resp, err)
	}
}
