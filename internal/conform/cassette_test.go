package conform_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/llm"
)

// interaction is one recorded call.
type interaction struct {
	id, provider, method, path string
	requestType                string
	request, response          []byte
	status                     int
	header                     map[string]string // of the answer
	bare                       bool              // the model was sent as recorded, without its provider
}

// contentType returns the answer's Content-Type.
func (in *interaction) contentType() string { return in.header["content-type"] }

func (in *interaction) streams() bool {
	return strings.HasPrefix(in.contentType(), "text/event-stream") || strings.HasPrefix(in.contentType(), "application/vnd.amazon.eventstream")
}

// seed is the interaction's own, so that a failure can be had again.
func (in *interaction) rand() *rand.Rand {
	f := fnv.New64a()
	_, _ = f.Write([]byte(in.id))
	return rand.New(rand.NewPCG(f.Sum64(), 7))
}

// cassette reads the recorded interactions of a provider.
func cassette(t testing.TB, provider string) []*interaction {
	t.Helper()
	shared := os.Getenv("STEWARD_SHARED")
	if shared == "" {
		t.Skip("STEWARD_SHARED is not set: no recorded traffic")
	}
	f, err := os.Open(filepath.Join(shared, "data", "cassettes", provider+".jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var list []*interaction
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var raw struct {
			ID, Provider, Method, Path string
			RequestHeaders             map[string]string `json:"request_headers"`
			Request, Response          json.RawMessage
			Status                     int
			ResponseHeaders            map[string]string `json:"response_headers"`
		}
		if err := json.Unmarshal(lines.Bytes(), &raw); err != nil {
			t.Fatal(err)
		}
		list = append(list, &interaction{id: raw.ID, provider: raw.Provider, method: strings.ToUpper(raw.Method), path: raw.Path,
			requestType: raw.RequestHeaders["content-type"], request: recordedBody(t, raw.Request), response: recordedBody(t, raw.Response),
			status: raw.Status, header: raw.ResponseHeaders})
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

// recordedBody is a string, or base64 where it was binary.
func recordedBody(t testing.TB, raw json.RawMessage) []byte {
	t.Helper()
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return []byte(text)
	}
	var binary struct{ Base64 string }
	if err := json.Unmarshal(raw, &binary); err != nil {
		t.Fatal(err)
	}
	b, err := base64.StdEncoding.DecodeString(binary.Base64)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// vendors says for each cassette how its provider is configured (base is the path
// of its API) and what a caller's SDK sends to Steward in place of it.
var vendors = []struct {
	name, base string
	surface    string // what stands in base's place before the caller's path
	named      bool   // the model is addressed with its provider
	header     string // where the SDK puts its key
	tests      int    // recorded interactions
}{
	{"openai", "/v1", "/v1", false, "Authorization", 282},
	{"anthropic", "", "", false, "X-Api-Key", 127},
	{"gemini", "", "", false, "X-Goog-Api-Key", 179},
	{"vertex", "", "", false, "Authorization", 54},
	{"bedrock", "", "", false, "Authorization", 124},
	{"groq", "/openai/v1", "/v1", true, "Authorization", 33},
	{"openrouter", "/api/v1", "/v1", true, "Authorization", 30},
	{"mistral", "/v1", "/v1", true, "Authorization", 27},
	{"deepseek", "", "/v1", true, "Authorization", 9},
}

// tally counts what was checked, by check.
type tally struct {
	of, ok  [numChecks]int
	unknown map[string]int // bare models that the catalogue does not know, sent with their provider
}

type check int

const (
	checkAccepted check = iota
	checkRequest
	checkAnswer
	checkUsage
	checkCost
	numChecks
)

var checkNames = [numChecks]string{"accepted", "request", "answer", "usage", "cost"}

func (y *tally) count(c check, ok bool) bool {
	y.of[c]++
	if ok {
		y.ok[c]++
	}
	return ok
}

func (y *tally) String() string {
	var b strings.Builder
	for c := range numChecks {
		b.WriteString("  " + checkNames[c] + " " + strconv.Itoa(y.ok[c]) + " of " + strconv.Itoa(y.of[c]))
	}
	return b.String()
}

// TestRecordedTraffic sends all recorded requests through a whole Steward to a
// provider that answers as recorded.
func TestRecordedTraffic(t *testing.T) {
	var sum tally
	priced := map[string]bool{}
	for _, v := range vendors {
		t.Run(v.name, func(t *testing.T) {
			list := cassette(t, v.name)
			if len(list) != v.tests {
				t.Errorf("%d interactions; there are %d", len(list), v.tests)
			}
			up := newUpstream(t)
			h := open(t, map[string]config.Provider{v.name: {Kind: v.name, BaseURL: up.URL + v.base, Key: "env:KEY"}})
			var y tally
			answers := make([]*answer, len(list))
			for i, in := range list {
				if !hasCodec(llm.BedrockConverse) && strings.Contains(in.path, "/converse") {
					continue
				}
				a := replay(t, h, up, &y, in, v.base, v.surface, v.named, v.header)
				answers[i] = a
			}
			h.end()
			for i, in := range list {
				if answers[i] == nil {
					continue
				}
				checkRecord(t, h, &y, in, answers[i], priced)
			}
			if log := h.log.String(); strings.Contains(log, "level=ERROR") || strings.Contains(log, "level=WARN") {
				t.Errorf("the log: %s", excerpt([]byte(log)))
			}
			t.Logf("%-10s of %3d:%s", v.name, len(list), &y)
			for why, n := range y.unknown {
				t.Logf("  %d sent with the provider's name before the model, because bare: %s", n, why)
			}
			for c := range numChecks {
				sum.of[c] += y.of[c]
				sum.ok[c] += y.ok[c]
			}
		})
	}
	t.Logf("all:%s", &sum)
	for id := range costs {
		if !priced[id] && os.Getenv("STEWARD_SHARED") != "" && (hasCodec(llm.BedrockConverse) || !strings.Contains(id, "bedrock")) {
			t.Errorf("the cost of %s was never checked: there is no such interaction", id)
		}
	}
}

// replay sends one interaction and checks what arrives at both ends.
func replay(t *testing.T, h *house, up *upstream, y *tally, in *interaction, base, surface string, named bool, keyHeader string) *answer {
	t.Helper()
	up.answer(func(w http.ResponseWriter, _ *received) { in.play(w) })
	r := request{method: in.method, path: surface + strings.TrimPrefix(in.path, base), body: in.request, header: http.Header{}}
	if len(in.request) == 0 {
		r.body = nil
	}
	if in.requestType != "" {
		r.header.Set("Content-Type", in.requestType)
	}
	key := h.key
	if keyHeader == "Authorization" {
		key = "Bearer " + key
	}
	r.header.Set(keyHeader, key)
	if in.provider == "anthropic" {
		r.header.Set("Anthropic-Version", "2023-06-01")
	}
	model := ""
	if m := gjson.GetBytes(in.request, "model"); m.Type == gjson.String && strings.HasPrefix(in.requestType, "application/json") {
		model = m.Str
	}
	if named && model != "" {
		r.body = setModel(in.request, in.provider+"/"+model)
	}
	in.bare = !named
	a := h.do(r)
	if a.code() == "model_not_found" && !named && up.last(t) == nil { // the catalogue does not know the bare name
		in.bare = false
		if y.unknown == nil {
			y.unknown = map[string]int{}
		}
		y.unknown[a.message()]++
		if model != "" {
			r.body = setModel(in.request, in.provider+"/"+model)
		} else {
			r.path = nameInPath(r.path, in.provider)
		}
		a = h.do(r)
	}
	got := up.last(t)
	if !y.count(checkAccepted, a.err == nil && got != nil) {
		t.Errorf("%s: %s %s was not accepted: %d %v %s", in.id, in.method, in.path, a.status, a.err, excerpt(a.body))
		return a
	}
	y.count(checkRequest, in.checkRequest(t, got, model))
	y.count(checkAnswer, in.checkAnswer(t, a))
	return a
}

// play answers as recorded: whole bodies at once or in chunks, streams in pieces
// that end anywhere.
func (in *interaction) play(w http.ResponseWriter) {
	for name, value := range in.header {
		w.Header().Set(name, value)
	}
	w.Header().Set("Set-Cookie", "session=a-secret-of-the-vendor")
	w.Header().Set("X-Request-Id", "req-of-the-vendor")
	r := in.rand()
	if !in.streams() && r.IntN(2) == 0 {
		w.Header().Set("Content-Length", strconv.Itoa(len(in.response)))
		w.WriteHeader(in.status)
		_, _ = w.Write(in.response)
		return
	}
	w.WriteHeader(in.status)
	var cuts []int
	for range min(12, len(in.response)/8) {
		cuts = append(cuts, r.IntN(len(in.response)))
	}
	pieces(w, in.response, sorted(cuts))
}

// setModel replaces the value of a JSON body's model.
func setModel(body []byte, model string) []byte {
	m := gjson.GetBytes(body, "model")
	return bytes.Join([][]byte{body[:m.Index], []byte(strconv.Quote(model)), body[m.Index+len(m.Raw):]}, nil)
}

// nameInPath puts the provider before the model in a path.
func nameInPath(path, provider string) string {
	for _, mark := range []string{"/models/", "/model/"} {
		if head, tail, ok := strings.Cut(path, mark); ok {
			return head + mark + provider + "%2F" + tail
		}
	}
	return path
}

const askedUsage = `"stream_options":{"include_usage":true},`

// checkRequest compares what reached the provider with the recorded request.
func (in *interaction) checkRequest(t *testing.T, got *received, model string) bool {
	t.Helper()
	ok := true
	problem := func(format string, args ...any) {
		t.Helper()
		ok = false
		t.Errorf(in.id+": "+format, args...)
	}
	if got.method != in.method || got.target != in.path {
		problem("the provider got %s %s; recorded %s %s", got.method, got.target, in.method, in.path)
	}
	body := got.body
	if bytes.Contains(body, []byte(askedUsage)) && !bytes.Contains(in.request, []byte("stream_options")) {
		body = bytes.Replace(body, []byte(askedUsage), nil, 1)
	}
	if !bytes.Equal(body, in.request) {
		problem("the provider got another body:\n%s\nrecorded:\n%s", excerpt(body), excerpt(in.request))
	}
	if ct := got.header.Get("Content-Type"); ct != in.requestType {
		problem("the provider got the type %q; recorded %q", ct, in.requestType)
	}
	shown := ""
	for _, name := range []string{"Authorization", "X-Api-Key", "X-Goog-Api-Key"} {
		shown += got.header.Get(name)
	}
	if shown != "Bearer secret-of-KEY" && shown != "secret-of-KEY" {
		problem("the provider was shown %q as key", shown)
	}
	return ok
}

// checkAnswer compares what the caller got with the recorded answer.
func (in *interaction) checkAnswer(t *testing.T, a *answer) bool {
	t.Helper()
	ok := true
	problem := func(format string, args ...any) {
		t.Helper()
		ok = false
		t.Errorf(in.id+": "+format, args...)
	}
	if a.status != in.status {
		problem("status %d; recorded %d: %s", a.status, in.status, excerpt(a.body))
	}
	if !bytes.Equal(a.body, in.response) {
		problem("the caller got another body:\n%s\nrecorded:\n%s", excerpt(a.body), excerpt(in.response))
	}
	if ct := a.header.Get("Content-Type"); ct != in.contentType() {
		problem("content type %q; recorded %q", ct, in.contentType())
	}
	if want := in.header["retry-after"]; a.header.Get("Retry-After") != want {
		problem("retry-after %q; recorded %q", a.header.Get("Retry-After"), want)
	}
	if a.header.Get("Set-Cookie") != "" {
		problem("the vendor's cookie went to the caller")
	}
	if a.id() == "" {
		problem("no call id")
	}
	if cost := a.header.Get("X-Steward-Cost-Usd") + a.header.Get("X-Steward-Pricing") + a.trailer.Get("X-Steward-Cost-Usd") + a.trailer.Get("X-Steward-Pricing"); cost == "" && a.status < 400 {
		problem("neither a cost nor that it is unknown is told")
	}
	return ok
}
