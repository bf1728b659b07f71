package conform_test

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/record"
)

// usageChunk is what an OpenAI provider sends last where include_usage is set.
var usageChunk = openAIChat.frames[4]

// TestUsageIsAskedForAndStripped cuts a stream at each of its bytes: the caller who
// did not ask for usage gets the stream without it, to the byte, and the record has it.
func TestUsageIsAskedForAndStripped(t *testing.T) {
	whole := openAIChat.stream()
	stripped := strings.Replace(whole, usageChunk, "", 1)
	const head = `{"model":"chat/m-1","stream":true,`
	tests := map[string]struct {
		request, provider string // what the caller sends, and the provider must get
		stream, want      string
		every             bool // cut at every byte, not at some
	}{
		"not asked for": {head + `"messages":[]}`, `{"stream_options":{"include_usage":true},"model":"m-1","stream":true,"messages":[]}`, whole, stripped, true},
		"asked for":     {head + `"stream_options":{"include_usage":true},"messages":[]}`, `{"model":"m-1","stream":true,"stream_options":{"include_usage":true},"messages":[]}`, whole, whole, true},
		"declined":      {head + `"stream_options":{"include_usage":false},"messages":[]}`, `{"model":"m-1","stream":true,"stream_options":{"include_usage":true},"messages":[]}`, whole, stripped, false},
		"other options": {head + `"stream_options":{"include_obfuscation":false},"messages":[]}`, `{"model":"m-1","stream":true,"stream_options":{"include_obfuscation":false,"include_usage":true},"messages":[]}`, whole, stripped, false},
		"null options":  {head + `"stream_options":null,"messages":[]}`, "", whole, stripped, false},
		"with CRLF":     {head + `"messages":[]}`, "", strings.ReplaceAll(whole, "\n", "\r\n"), strings.ReplaceAll(stripped, "\n", "\r\n"), false},
		"with comments": {head + `"messages":[]}`, "", strings.ReplaceAll(whole, "data: ", ": on it\n\ndata: "), strings.Replace(strings.ReplaceAll(whole, "data: ", ": on it\n\ndata: "), usageChunk, "", 1), false},
		"usage at every event": {head + `"messages":[]}`, "", strings.ReplaceAll(whole, `"finish_reason":null}]`, `"finish_reason":null}],"usage":{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10}`),
			strings.Replace(strings.ReplaceAll(whole, `"finish_reason":null}]`, `"finish_reason":null}],"usage":{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10}`), usageChunk, "", 1), false},
		"usage first and last": {head + `"messages":[]}`, "", usageChunk + whole, stripped, false},
		"a null usage elsewhere": {head + `"messages":[]}`, "", strings.ReplaceAll(whole, `"finish_reason":null}]`, `"finish_reason":null}],"usage":null`),
			strings.Replace(strings.ReplaceAll(whole, `"finish_reason":null}]`, `"finish_reason":null}],"usage":null`), usageChunk, "", 1), false},
		"no terminator":                {head + `"messages":[]}`, "", strings.TrimSuffix(whole, "data: [DONE]\n\n"), strings.TrimSuffix(stripped, "data: [DONE]\n\n"), true},
		"usage without its blank line": {head + `"messages":[]}`, "", strings.TrimSuffix(whole, "\n\ndata: [DONE]\n\n"), strings.TrimSuffix(stripped, "data: [DONE]\n\n"), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			up := newUpstream(t)
			h := open(t, map[string]config.Provider{"chat": {Kind: "openai", BaseURL: up.URL + "/v1", Key: "env:KEY"}}, priceModel(t))
			calls := 0
			for at := 1; at < len(tt.stream); at += stride(tt.every, len(tt.stream)) {
				up.answer(func(w http.ResponseWriter, _ *received) {
					w.Header().Set("Content-Type", "text/event-stream")
					pieces(w, []byte(tt.stream), []int{at, min(at+7, len(tt.stream))})
				})
				a := h.do(request{method: "POST", path: "/v1/chat/completions", body: []byte(tt.request), header: http.Header{"Content-Type": {"application/json"}}})
				calls++
				if a.err != nil || a.status != 200 || string(a.body) != tt.want {
					t.Fatalf("cut at %d: %d %v:\n%s\nwant:\n%s", at, a.status, a.err, a.body, tt.want)
				}
				if got := up.last(t); tt.provider != "" && string(got.body) != tt.provider {
					t.Fatalf("the provider got %s; want %s", got.body, tt.provider)
				}
			}
			h.end()
			for id, c := range h.calls {
				if c.Outcome != record.OK || c.Cost != 49000 || c.Usage.Estimated {
					t.Fatalf("%s: %s, cost %d, %v", id, c.Outcome, c.Cost, c.Usage.N)
				}
				if text := h.texts[id]; string(text.Response) != tt.want {
					t.Fatalf("%s: kept %s", id, text.Response)
				}
			}
			if len(h.calls) != calls {
				t.Errorf("%d calls in the journal of %d", len(h.calls), calls)
			}
		})
	}
}

func stride(every bool, n int) int {
	if every {
		return 1
	}
	return n/40 + 1
}

// TestAnyChunkingGivesTheSameBytes cuts the stream of every provider for every
// dialect at random: what the caller gets, translated or not, is always the same.
func TestAnyChunkingGivesTheSameBytes(t *testing.T) {
	up := newUpstream(t)
	h := open(t, speakerConfigs("", up.URL, config.Timeouts{}), priceModel(t))
	calls := 0
	for dn, d := range dialects(t) {
		for speaker, p := range speakers {
			if native(&d, speaker) {
				p = &d
			}
			want := ""
			for seed := range uint64(25) {
				r := rand.New(rand.NewPCG(seed, 1))
				var cuts []int
				for range r.IntN(30) {
					cuts = append(cuts, r.IntN(len(p.stream())))
				}
				up.answer(func(w http.ResponseWriter, _ *received) {
					w.Header().Set("Content-Type", p.streamType)
					pieces(w, []byte(p.stream()), sorted(cuts))
				})
				a := h.do(d.request(h.key, speaker+"/m-1", true))
				calls++
				got := timeless(string(a.body))
				if seed == 0 {
					want = got
				}
				if a.err != nil || got != want || native(&d, speaker) && string(a.body) != p.stream() || !d.complete(a.body) {
					t.Errorf("%s from %s, seed %d: %v\n%s\nwant:\n%s", dn, speaker, seed, a.err, got, want)
				}
			}
		}
	}
	h.end()
	for id, c := range h.calls {
		if c.Outcome != record.OK || c.Cost != 49000 {
			t.Errorf("%s %s: %s, cost %d", id, c.Surface, c.Outcome, c.Cost)
		}
	}
	t.Logf("%d streams", calls)
}
