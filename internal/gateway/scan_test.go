package gateway

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/fault"
)

func TestScan(t *testing.T) {
	tests := map[string]struct {
		in   string
		want asked
		code string
	}{
		"model and stream":             {`{"model":"a/b","stream":true,"max_tokens":7}`, asked{model: "a/b", modelAt: span{9, 14}, stream: true, maxTokens: 7}, ""},
		"spaces":                       {"{ \"model\" :\t\"m\" }", asked{model: "m", modelAt: span{12, 15}}, ""},
		"escapes in the value":         {`{"model":"\u0061\/b"}`, asked{model: "a/b", modelAt: span{9, 20}}, ""},
		"stream options":               {`{"stream_options":{"include_usage":true},"model":"m"}`, asked{model: "m", modelAt: span{49, 52}, hasUsage: true, hasOptions: true}, ""},
		"nested names do not count":    {`{"x":{"model":"no","stream":true},"model":"m"}`, asked{model: "m", modelAt: span{42, 45}}, ""},
		"the larger of two limits":     {`{"max_tokens":5,"max_completion_tokens":9}`, asked{maxTokens: 9}, ""},
		"model twice":                  {`{"model":"cheap","model":"dear"}`, asked{}, "ambiguous_request"},
		"model in an escaped spelling": {`{"model":"cheap","mod\u0065l":"dear"}`, asked{}, "ambiguous_request"},
		"model in other letters":       {`{"Model":"dear"}`, asked{}, "ambiguous_request"},
		"stream twice":                 {`{"stream":false,"stream":true}`, asked{}, "ambiguous_request"},
		"model is a number":            {`{"model":7}`, asked{}, "invalid_model"},
		"an array":                     {`[1]`, asked{}, "invalid_json"},
		"nothing":                      {"  ", asked{}, "invalid_json"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := scan([]byte(tt.in))
			if tt.code != "" {
				if f := fault.As(err); f == nil || f.StableCode() != tt.code {
					t.Fatalf("scan(%s) = %v, want code %s", tt.in, err, tt.code)
				}
				return
			}
			if err != nil {
				t.Fatalf("scan(%s): %v", tt.in, err)
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(asked{}, span{})); diff != "" {
				t.Errorf("scan(%s) (-want +got):\n%s", tt.in, diff)
			}
		})
	}
}

func TestInvalidJSONSaysWhere(t *testing.T) {
	_, err := scan([]byte("{\"model\": \"m\",\n \"messages\": [}"))
	if want := "line 2, column 15"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v does not say %s", err, want)
	}
}

func FuzzPatchingKeepsEveryOtherByte(f *testing.F) {
	f.Add(`{"model":"a/b","stream":true,"messages":[]}`, "b")
	f.Add(`{ "model" : "x" , "stream_options" : {"include_usage":false}}`, "quote\"and\u2028line")
	f.Add(`{"a":1}`, "b")
	f.Fuzz(func(t *testing.T, in, model string) {
		a, err := scan([]byte(in))
		if err != nil || a.modelAt.to == 0 {
			return
		}
		var before, after map[string]json.RawMessage
		if json.Unmarshal([]byte(in), &before) != nil || !utf8.ValidString(model) {
			return
		}
		out := patchModel(nil, []byte(in), &a, model)
		if !strings.HasPrefix(string(out), in[:a.modelAt.from]) || !strings.HasSuffix(string(out), in[a.modelAt.to:]) {
			t.Fatalf("patched %q to %q: other bytes changed", in, out)
		}
		if err := json.Unmarshal(out, &after); err != nil {
			t.Fatalf("patched %q to %q: %v", in, out, err)
		}
		var got string
		if err := json.Unmarshal(after["model"], &got); err != nil || got != model {
			t.Fatalf("patched model reads %q, want %q (%v)", got, model, err)
		}
		asked := askUsage(out, &a)
		var usage struct {
			Options struct {
				Include bool `json:"include_usage"`
			} `json:"stream_options"`
		}
		if err := json.Unmarshal(asked, &usage); err == nil && !a.hasOptions && !usage.Options.Include {
			t.Fatalf("usage was not asked for in %q", asked)
		}
	})
}
