package sim_test

import (
	"bytes"
	"compress/gzip"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/sim"
)

const tape = `{"id":"a","method":"POST","path":"/v1/chat/completions","request":"{\"model\": \"m\", \"n\": 1.0, \"messages\": []}","status":200,"response_headers":{"content-type":"application/json","x-kept":"yes"},"response":"{ \"first\": 1 }"}
{"id":"b","method":"POST","path":"/v1/chat/completions","request":"{\"messages\":[],\"model\":\"m\",\"n\":1}","status":200,"response_headers":{"content-type":"application/json"},"response":"{\"second\":1}"}

{"id":"s","method":"POST","path":"/v1/chat/completions?beta=true","request":"{\"stream\":true}","status":200,"response_headers":{"content-type":"text/event-stream; charset=utf-8"},"response":"data: {\"a\":1}  \r\n\r\n: note\n\ndata: [DONE]\n\ntail"}
{"id":"bin","method":"POST","path":"/model/x/converse-stream","request":"not json","status":200,"response_headers":{"content-type":"application/vnd.amazon.eventstream"},"response":{"base64":"AAECAwQ="}}
{"id":"err","method":"post","path":"/v1beta/models/g-1:generateContent","request":"{\"contents\":[]}","status":429,"response_headers":{"retry-after":"7"},"response":"slow down"}
{"id":"del","method":"DELETE","path":"/v1/files/f1","request":"","status":200,"response_headers":{},"response":"{}"}
`

func player(t *testing.T, text string, ignoreModel bool) *sim.Server {
	t.Helper()
	all, err := sim.ReadCassette(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	o := options()
	o.Cassette, o.IgnoreModel = all, ignoreModel
	return sim.New(o)
}

func TestCassette(t *testing.T) {
	s := player(t, tape, false)
	body := `{"n":1,"model":"m","messages":[]}`
	t.Run("equal requests are answered in recorded order, round and round", func(t *testing.T) {
		for i, want := range []string{`{ "first": 1 }`, `{"second":1}`, `{ "first": 1 }`} {
			if w := post(t, s, "/lab/v1/chat/completions", body); w.Body.String() != want {
				t.Errorf("answer %d: %d %s; want %s", i, w.Code, w.Body, want)
			}
		}
	})
	t.Run("headers come along", func(t *testing.T) {
		if w := post(t, s, chatPath, body, "x-sim-cassette", "a"); w.Header().Get("x-kept") != "yes" {
			t.Errorf("headers %v", w.Header())
		}
	})
	t.Run("a stream is byte-true", func(t *testing.T) {
		want := "data: {\"a\":1}  \r\n\r\n: note\n\ndata: [DONE]\n\ntail"
		for _, chunks := range []string{"event", "bytes:1", "random:3"} {
			if w := post(t, s, chatPath, `{ "stream": true }`, "x-sim-chunks", chunks); w.Body.String() != want {
				t.Errorf("%s: %q", chunks, w.Body)
			}
		}
	})
	t.Run("binary", func(t *testing.T) {
		if w := post(t, s, "/model/x/converse-stream", "not json"); !bytes.Equal(w.Body.Bytes(), []byte{0, 1, 2, 3, 4}) {
			t.Errorf("%d %x", w.Code, w.Body)
		}
	})
	t.Run("errors come with their status", func(t *testing.T) {
		w := post(t, s, "/v1beta/models/g-1:generateContent", `{"contents":[]}`)
		if w.Code != 429 || w.Header().Get("retry-after") != "7" || w.Body.String() != "slow down" {
			t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
		}
	})
	t.Run("without a body", func(t *testing.T) {
		if w := get(t, s, "DELETE", "/v1/files/f1"); w.Code != 200 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
	t.Run("what is not recorded is 404 and says what was looked for", func(t *testing.T) {
		w := post(t, s, chatPath, `{"model":"other","messages":[]}`)
		if w.Code != 404 || !strings.Contains(w.Body.String(), chatPath) || !strings.Contains(w.Body.String(), "other") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if w := post(t, s, chatPath, body, "x-sim-cassette", "zzz"); w.Code != 404 {
			t.Errorf("unknown id: %d", w.Code)
		}
	})
	t.Run("another model, where that does not matter", func(t *testing.T) {
		any := player(t, tape, true)
		if w := post(t, any, chatPath, `{"model":"other","n":1,"messages":[]}`); w.Code != 200 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if w := post(t, any, "/v1beta/models/g-2:generateContent", `{"contents":[]}`); w.Code != 429 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if w := post(t, any, "/v1beta/models/g-2:countTokens", `{"contents":[]}`); w.Code != 404 {
			t.Errorf("another method: %d %s", w.Code, w.Body)
		}
	})
	t.Run("faults strike recordings too", func(t *testing.T) {
		w := post(t, s, chatPath, `{"stream":true}`, "x-sim-fault", "cut,after=1")
		if got := w.Body.String(); got != "data: {\"a\":1}  \r\n\r\n" {
			t.Errorf("%q", got)
		}
	})
}

func TestReadCassette(t *testing.T) {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	if _, err := w.Write([]byte(tape)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if all, err := sim.ReadCassette(&z); err != nil || len(all) != 6 {
		t.Errorf("gzip: %d interactions, %v", len(all), err)
	}
	for _, text := range []string{"{", `{"status":7}`, `{"status":200,"response":7}`, `{"status":200,"response":{"base64":"!"}}`} {
		if _, err := sim.ReadCassette(strings.NewReader(text)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := sim.LoadCassette(filepath.Join(t.TempDir(), "none")); !fault.Is(err, fault.NotFound) {
		t.Errorf("no file: %v", err)
	}
}

func FuzzReadCassette(f *testing.F) {
	f.Add([]byte(tape))
	f.Add([]byte{0x1f, 0x8b, 8, 0})
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := sim.ReadCassette(bytes.NewReader(text))
		if err != nil || len(all) == 0 {
			return
		}
		o := options()
		o.Cassette = all
		s := sim.New(o)
		r := httptest.NewRequest("POST", chatPath, bytes.NewReader(all[0].Request))
		s.ServeHTTP(httptest.NewRecorder(), r)
	})
}

// shared is the folder of public sample data.
func shared(t *testing.T, name string) []string {
	t.Helper()
	dir := os.Getenv("STEWARD_SHARED")
	if dir == "" {
		t.Skip("STEWARD_SHARED is not set: no recorded traffic to replay")
	}
	files, err := filepath.Glob(filepath.Join(dir, "data", name))
	if err != nil || len(files) == 0 {
		t.Skipf("no %s below STEWARD_SHARED", name)
	}
	return files
}

func TestRecordedTrafficReplaysByteTrue(t *testing.T) {
	total, streams := 0, 0
	for _, file := range shared(t, "cassettes/*.jsonl.gz") {
		all, err := sim.LoadCassette(file)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		o := options()
		o.Cassette = all
		byRequest, byID := sim.New(o), sim.New(o)
		ids := map[string]bool{}
		for _, i := range all {
			ask := func(s *sim.Server, headers ...string) {
				r := httptest.NewRequest(strings.ToUpper(i.Method), "http://sim"+i.Path, bytes.NewReader(i.Request))
				for k := 0; k < len(headers); k += 2 {
					r.Header.Set(headers[k], headers[k+1])
				}
				w := httptest.NewRecorder()
				s.ServeHTTP(w, r)
				if w.Code != i.Status || !bytes.Equal(w.Body.Bytes(), i.Response) {
					t.Errorf("%s %v: status %d, %d bytes; want %d, %d bytes", i.ID, headers, w.Code, w.Body.Len(), i.Status, len(i.Response))
				}
			}
			ask(byRequest)
			if !ids[i.ID] {
				ask(byID, "x-sim-cassette", i.ID, "x-sim-chunks", "random:5")
			}
			ids[i.ID] = true
			total++
			if strings.Contains(i.ResponseHeaders["content-type"], "stream") {
				streams++
			}
		}
	}
	t.Logf("%d interactions, %d of them streams", total, streams)
	if total == 0 {
		t.Error("no interaction was read")
	}
}
