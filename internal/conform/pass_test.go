package conform_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/record"
)

// noise returns n bytes that are no text.
func noise(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// TestWhatPassesThrough sends what is not chat: sound, pictures, files, old
// completions, whole and broken off.
func TestWhatPassesThrough(t *testing.T) {
	sound, large := noise(200<<10), noise(3<<20)
	completion := `data: {"id":"cmpl-1","object":"text_completion","model":"gpt-3.5-turbo-instruct","choices":[{"index":0,"text":"Hello ","finish_reason":null}]}` + "\n\n" +
		`data: {"id":"cmpl-1","object":"text_completion","model":"gpt-3.5-turbo-instruct","choices":[{"index":0,"text":"world","finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}}` + "\n\n"
	form := func(fields string, file []byte) []byte {
		return []byte("--cut\r\n" + fields + "--cut\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\n" + string(file) + "\r\n--cut--\r\n")
	}
	model := "Content-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n"
	type want struct {
		op      string
		outcome record.Outcome
		counted llm.Quantity
		n       int64
	}
	tests := map[string]struct {
		method, path, requestType string
		body                      []byte
		chunked                   bool
		answerType                string
		answer                    []byte
		length                    bool // the answer says how long it is
		cut                       bool // and ends before it is whole
		want                      want
	}{
		"spoken text":                     {"POST", "/v1/audio/speech", "application/json", []byte(`{"model":"tts-1","input":"Grüße","voice":"alloy"}`), false, "audio/mpeg", sound, true, false, want{"audio_speech", record.OK, llm.Characters, 5}},
		"spoken text, large, in chunks":   {"POST", "/v1/audio/speech", "application/json", []byte(`{"model":"tts-1","input":"abc","voice":"alloy"}`), false, "audio/mpeg", large, false, false, want{"audio_speech", record.OK, llm.Characters, 3}},
		"spoken text, large, cut":         {"POST", "/v1/audio/speech", "application/json", []byte(`{"model":"tts-1","input":"abc","voice":"alloy"}`), false, "audio/mpeg", large, false, true, want{"audio_speech", record.Failed, llm.Characters, 3}},
		"spoken text, short, cut":         {"POST", "/v1/audio/speech", "application/json", []byte(`{"model":"tts-1","input":"abc","voice":"alloy"}`), false, "audio/mpeg", sound, true, true, want{"audio_speech", record.Failed, llm.Characters, 0}},
		"a transcription":                 {"POST", "/v1/audio/transcriptions", "multipart/form-data; boundary=cut", form(model, sound), false, "application/json", []byte(`{"text":"Hello","usage":{"type":"duration","seconds":7}}`), true, false, want{"audio_transcription", record.OK, llm.AudioMicros, 7_000_000}},
		"a transcription, large, chunked": {"POST", "/v1/audio/transcriptions", "multipart/form-data; boundary=cut", form(model, large), true, "application/json", []byte(`{"text":"Hello","usage":{"type":"duration","seconds":7}}`), true, false, want{"audio_transcription", record.OK, llm.AudioMicros, 7_000_000}},
		"a picture":                       {"POST", "/v1/images/generations", "application/json", []byte(`{"model":"dall-e-3","prompt":"a cat"}`), false, "application/json", []byte(`{"created":1,"data":[{"url":"http://x/1"}]}`), true, false, want{"images", record.OK, llm.Images, 1}},
		"an upload":                       {"POST", "/v1/files", "multipart/form-data; boundary=cut", form("", large), false, "application/json", []byte(`{"id":"file-1"}`), true, false, want{"files", record.OK, llm.Input, 0}},
		"a file's content":                {"GET", "/v1/files/file-1/content", "", nil, false, "application/octet-stream", large, true, false, want{"files", record.OK, llm.Input, 0}},
		"an old completion as a stream":   {"POST", "/v1/completions", "application/json", []byte(`{"model":"gpt-3.5-turbo-instruct","prompt":"Say hello","stream":true}`), false, "text/event-stream", []byte(completion + "data: [DONE]\n\n"), false, false, want{"completions", record.OK, llm.Output, 4}},
		"an old completion, truncated":    {"POST", "/v1/completions", "application/json", []byte(`{"model":"gpt-3.5-turbo-instruct","prompt":"Say hello","stream":true}`), false, "text/event-stream", []byte(completion[:strings.Index(completion, "\n\n")+2]), false, false, want{"completions", record.Failed, llm.Output, 2}},
		"a list of batches":               {"GET", "/v1/batches?limit=2", "", nil, false, "application/json", []byte(`{"data":[]}`), true, false, want{"batches", record.OK, llm.Input, 0}},
		"an answer without a body":        {"DELETE", "/v1/files/file-1", "", nil, false, "", nil, true, false, want{"files", record.OK, llm.Input, 0}},
		"a moderation":                    {"POST", "/v1/moderations", "application/json", []byte(`{"model":"omni-moderation-latest","input":"x"}`), false, "application/json", []byte(`{"id":"m","results":[]}`), true, false, want{"moderations", record.OK, llm.Input, 0}},
	}
	up := newUpstream(t)
	h := open(t, map[string]config.Provider{"openai": {Kind: "openai", BaseURL: up.URL + "/v1", Key: "env:KEY"}})
	answers := map[string]*answer{}
	for name, tt := range tests {
		up.answer(func(w http.ResponseWriter, _ *received) {
			if tt.answerType != "" {
				w.Header().Set("Content-Type", tt.answerType)
			}
			if tt.length {
				w.Header().Set("Content-Length", strconv.Itoa(len(tt.answer)))
			}
			if tt.cut {
				_, _ = w.Write(tt.answer[:len(tt.answer)/2])
				w.(http.Flusher).Flush()
				panic(http.ErrAbortHandler)
			}
			_, _ = io.Copy(w, bytes.NewReader(tt.answer))
		})
		r := request{method: tt.method, path: tt.path, body: tt.body, chunked: tt.chunked, header: http.Header{}}
		if tt.requestType != "" {
			r.header.Set("Content-Type", tt.requestType)
		}
		a := h.do(r)
		answers[name] = a
		got := up.last(t)
		if got == nil || got.method != tt.method || got.target != tt.path || !bytes.Equal(got.body, tt.body) || got.header.Get("Content-Type") != tt.requestType {
			t.Errorf("%s: the provider got %+v", name, got)
			continue
		}
		switch {
		case tt.want.outcome == record.OK:
			if a.err != nil || a.status != 200 || !bytes.Equal(a.body, tt.answer) || a.header.Get("Content-Type") != tt.answerType {
				t.Errorf("%s: %d %v, %d of %d bytes: %s", name, a.status, a.err, len(a.body), len(tt.answer), excerpt(a.body[:min(len(a.body), 300)]))
			}
		case a.err == nil && a.status == 200:
			t.Errorf("%s: a broken answer looks whole: %s", name, excerpt(a.body[:min(len(a.body), 300)]))
		}
	}
	h.end()
	for name, tt := range tests {
		c := h.record(answers[name].id())
		if c.Operation != tt.want.op || c.Outcome != tt.want.outcome || c.Usage.N[tt.want.counted] != tt.want.n || c.Provider != "openai" {
			t.Errorf("%s: operation %q, %s, %v of %s, %s", name, c.Operation, c.Outcome, c.Usage.N[tt.want.counted], tt.want.counted, c.Pricing)
		}
	}
}
