package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// startMock serves a mock on loopback for the length of a test.
func startMock(t *testing.T, tm timing) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- newMock(tm).serve(l) }()
	t.Cleanup(func() {
		l.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// post asks the mock through the standard library's client, as the judge of its
// HTTP.
func post(t *testing.T, url string, body io.Reader) (*http.Response, []byte) {
	t.Helper()
	res, err := http.Post(url, "application/json", body)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, b
}

func TestMockAnswersPlainly(t *testing.T) {
	addr := startMock(t, timing{})
	tests := map[string]struct {
		path, body string
		chunked    bool
		usage      string
	}{
		"chat completions":           {"/v1/chat/completions", `{"model":"x"}`, false, "completion_tokens"},
		"messages":                   {"/v1/messages", `{"model":"x"}`, false, "output_tokens"},
		"a request in chunks":        {"/v1/chat/completions", `{"model":"x"}`, true, "completion_tokens"},
		"stream, but false":          {"/v1/messages", `{"stream":false}`, false, "output_tokens"},
		"stream, but inside a text":  {"/v1/messages", `{"text":"\"stream\":true"}`, false, "output_tokens"},
		"an empty body":              {"/v1/messages", "", false, "output_tokens"},
		"a query behind the address": {"/v1/messages?beta=true", `{}`, false, "output_tokens"},
	}
	for name, tt := range tests {
		var body io.Reader = strings.NewReader(tt.body)
		if tt.chunked {
			body = io.MultiReader(body) // the client does not know its length
		}
		res, b := post(t, "http://"+addr+tt.path, body)
		var got struct {
			ID    string         `json:"id"`
			Usage map[string]any `json:"usage"`
		}
		if err := json.Unmarshal(b, &got); err != nil || res.StatusCode != 200 {
			t.Errorf("%s: status %d, %v: %s", name, res.StatusCode, err, b)
		}
		if got.Usage[tt.usage] != 118.0 || upstreamTime(b) < 0 {
			t.Errorf("%s: id %q, usage %v", name, got.ID, got.Usage)
		}
		if len(b) < 900 || len(b) > 1200 {
			t.Errorf("%s: %d bytes, want about 1 KB", name, len(b))
		}
	}
}

func TestMockStreams(t *testing.T) {
	addr := startMock(t, timing{chunks: 3})
	tests := map[string]struct {
		path, body string
		events     int
		last       string
		usage      bool
	}{
		"chat completions":            {"/v1/chat/completions", `{"stream":true}`, 6, "data: [DONE]\n\n", false},
		"chat completions with usage": {"/v1/chat/completions", `{"stream": true,"stream_options":{"include_usage":true}}`, 7, "data: [DONE]\n\n", true},
		"messages":                    {"/v1/messages", `{"stream":true}`, 8, "data: {\"type\":\"message_stop\"}\n\n", true},
	}
	for name, tt := range tests {
		res, b := post(t, "http://"+addr+tt.path, strings.NewReader(tt.body))
		if got := res.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/event-stream") {
			t.Errorf("%s: content type %q", name, got)
		}
		if n := bytes.Count(b, []byte("\n\n")); n != tt.events || !bytes.HasSuffix(b, []byte(tt.last)) {
			t.Errorf("%s: %d events, want %d ending in %q:\n%s", name, n, tt.events, tt.last, b)
		}
		if n := bytes.Count(b, []byte(word)); n != 3 {
			t.Errorf("%s: %d chunks of text, want 3", name, n)
		}
		if got := bytes.Contains(b, []byte(`"usage":{`)); got != tt.usage {
			t.Errorf("%s: usage is there: %t", name, got)
		}
		for line := range strings.Lines(string(b)) {
			data, ok := strings.CutPrefix(strings.TrimSpace(line), "data: ")
			if ok && data != "[DONE]" && !json.Valid([]byte(data)) {
				t.Errorf("%s: not JSON: %s", name, data)
			}
		}
	}
}

func TestMockTiming(t *testing.T) {
	addr := startMock(t, timing{})
	want := timing{2 * time.Millisecond, time.Millisecond, 5}
	if got, err := parseTiming(want.query()); err != nil || got != want {
		t.Fatalf("a timing came back as %+v, %v", got, err)
	}
	if res, _ := post(t, "http://"+addr+"/timing?"+want.query(), nil); res.StatusCode != 200 {
		t.Fatalf("timing: status %d", res.StatusCode)
	}
	_, b := post(t, "http://"+addr+"/v1/messages", strings.NewReader(`{"stream":true}`))
	if n := bytes.Count(b, []byte(word)); n != 5 {
		t.Errorf("%d chunks after the timing said 5", n)
	}
	if took := upstreamTime(b); took < want.latency {
		t.Errorf("the id says %v for a latency of %v", took, want.latency)
	}
	if res, _ := post(t, "http://"+addr+"/timing?latency=soon", nil); res.StatusCode != 400 {
		t.Errorf("a bad timing: status %d", res.StatusCode)
	}
	if res, _ := post(t, "http://"+addr+"/v2", nil); res.StatusCode != 404 {
		t.Errorf("an unknown path: status %d", res.StatusCode)
	}
}
