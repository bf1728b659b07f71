package anthropic_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/anthropic"
	"github.com/steward-llmops/steward/internal/wire/sse"
)

var codec = anthropic.Messages()

// cassette is one recorded exchange.
type cassette struct {
	ID, Method, Path  string
	Request, Response string
	Status            int
}

func (c cassette) counts() bool  { return strings.Contains(c.Path, "count_tokens") }
func (c cassette) streams() bool { return strings.HasPrefix(c.Response, "event:") }

func cassettes(t *testing.T) []cassette {
	t.Helper()
	shared := os.Getenv("STEWARD_SHARED")
	if shared == "" {
		t.Skip("STEWARD_SHARED is not set: no recorded traffic to read")
	}
	f, err := os.Open(filepath.Join(shared, "data", "cassettes", "anthropic.jsonl.gz"))
	if err != nil {
		t.Skipf("no recorded traffic: %v", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var all []cassette
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var c struct {
			cassette
			Request, Response json.RawMessage
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(c.Path, "/v1/messages") {
			continue
		}
		c.cassette.Request, c.cassette.Response = text(t, c.Request), text(t, c.Response)
		all = append(all, c.cassette)
	}
	if err := lines.Err(); err != nil || len(all) == 0 {
		t.Fatalf("read %d recordings: %v", len(all), err)
	}
	return all
}

func text(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func tree(t testing.TB, body []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("not JSON: %v: %.200s", err, body)
	}
	return v
}

// equal brings a request to the form in which equivalent ones are the same: text
// as blocks, turns of one role merged, null fields, false
// defaults and empty descriptions left out.
func equal(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = equal(v[i])
		}
	case map[string]any:
		for key, val := range v {
			if val == nil || val == false && (key == "stream" || key == "is_error") || val == "" && key == "description" {
				delete(v, key)
				continue
			}
			if s, ok := val.(string); ok && (key == "content" && v["role"] != nil || key == "system" || key == "content" && v["type"] == "tool_result") {
				if val = []any{map[string]any{"type": "text", "text": s}}; s == "" {
					delete(v, key)
					continue
				}
			}
			v[key] = equal(val)
		}
		if messages, ok := v["messages"].([]any); ok {
			v["messages"] = merged(messages)
		}
	}
	return v
}

func merged(messages []any) []any {
	var out []any
	for _, m := range messages {
		m := m.(map[string]any)
		if len(out) > 0 {
			last := out[len(out)-1].(map[string]any)
			if last["role"] == m["role"] {
				last["content"] = slices.Concat(last["content"].([]any), m["content"].([]any))
				continue
			}
		}
		out = append(out, m)
	}
	return out
}

// differences lists the paths at which two trees differ, without positions.
func differences(path string, a, b any, add func(string)) {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok {
			break
		}
		for key := range a {
			differences(path+"."+key, a[key], b[key], add)
		}
		for key := range b {
			if _, ok := a[key]; !ok {
				add("+" + path + "." + key)
			}
		}
		return
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			break
		}
		for i := range a {
			differences(path+"[]", a[i], b[i], add)
		}
		return
	}
	if !reflect.DeepEqual(a, b) {
		add(path)
	}
}

// declared says which loss of a request accounts for a difference.
var declared = map[string]string{
	".cache_control":             "cache_control",
	".container":                 "container",
	".context_management":        "context_management",
	".mcp_servers":               "mcp_servers",
	".output_config.effort":      "reasoning.effort",
	".output_config.task_budget": "output_config.task_budget",
	".tools[].defer_loading":     "tools.defer_loading",
	".messages":                  "message.system_position",
}

func TestRecordedRequestsAreCarriedWhole(t *testing.T) {
	total, same := 0, 0
	for _, c := range cassettes(t) {
		total++
		decode := codec.DecodeRequest
		if c.counts() {
			decode = anthropic.DecodeCount
		}
		req, err := decode([]byte(c.Request))
		if err != nil {
			t.Errorf("%s: decode: %v", c.ID, err)
			continue
		}
		body, lost, err := codec.EncodeRequest(req)
		if err != nil {
			t.Errorf("%s: encode: %v", c.ID, err)
			continue
		}
		var diffs []string
		differences("", equal(tree(t, []byte(c.Request))), equal(tree(t, body)), func(path string) {
			if path == "+.max_tokens" && c.counts() {
				return
			}
			diffs = append(diffs, path)
		})
		slices.Sort(diffs)
		diffs = slices.Compact(diffs)
		if len(diffs) == 0 {
			same++
			continue
		}
		t.Logf("%s differs at %v, declared %v", c.ID, diffs, lost)
		for _, d := range diffs {
			if d == "+.thinking" && req.Reasoning.Effort != "" && !req.Reasoning.Adaptive {
				continue // an effort alone means thinking: other formats have no other word for it
			}
			if !slices.Contains(lost, declared[d]) {
				t.Errorf("%s: %s differs and is not declared in %v", c.ID, d, lost)
			}
		}
	}
	t.Logf("%d of %d requests are carried whole; the others differ only where declared", same, total)
}

// bill is a second, independent reading of Anthropic's usage.
func bill(model string, start, final map[string]any) llm.Usage {
	u := llm.Usage{Reported: true}
	num := func(m map[string]any, keys ...string) int64 {
		for i, k := range keys {
			if i == len(keys)-1 {
				f, _ := m[k].(float64)
				return int64(f)
			}
			m, _ = m[k].(map[string]any)
		}
		return 0
	}
	all := map[string]any{}
	for _, m := range []map[string]any{start, final} {
		for k, v := range m {
			all[k] = v
		}
	}
	words := map[string]*string{"service_tier": &u.ServiceTier, "inference_geo": &u.Geo, "speed": &u.Speed}
	for k, dst := range words {
		if s, _ := all[k].(string); !slices.Contains([]string{"standard", "global", "not_available"}, s) {
			*dst = s
		}
	}
	tally := func(u *llm.Usage, m map[string]any) {
		u.N[llm.Input] += num(m, "input_tokens")
		u.N[llm.CacheRead] += num(m, "cache_read_input_tokens")
		hour := num(m, "cache_creation", "ephemeral_1h_input_tokens")
		u.N[llm.CacheWrite1h] += hour
		u.N[llm.CacheWrite] += num(m, "cache_creation_input_tokens") - hour
		u.N[llm.Output] += num(m, "output_tokens")
	}
	if its, _ := all["iterations"].([]any); len(its) > 0 {
		for _, it := range its {
			it := it.(map[string]any)
			if m, _ := it["model"].(string); m != "" && m != model {
				other := llm.Usage{Reported: true, ServiceTier: u.ServiceTier, Geo: u.Geo}
				tally(&other, it)
				u.Others = append(u.Others, llm.ModelUsage{Model: m, Usage: other})
				continue
			}
			tally(&u, it)
		}
	} else {
		tally(&u, all)
	}
	thinking := num(all, "output_tokens_details", "thinking_tokens")
	u.N[llm.OutputReasoning], u.N[llm.Output] = thinking, u.N[llm.Output]-thinking
	u.N[llm.WebSearch] = num(all, "server_tool_use", "web_search_requests")
	u.N[llm.WebFetch] = num(all, "server_tool_use", "web_fetch_requests")
	return u
}

func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func TestRecordedAnswersAreReadAlike(t *testing.T) {
	answers, counts, faults := 0, 0, 0
	for _, c := range cassettes(t) {
		switch {
		case c.streams():
			continue
		case c.Status != 200:
			faults++
			f := codec.DecodeError(c.Status, nil, []byte(c.Response))
			want := object(object(tree(t, []byte(c.Response)))["error"])["message"]
			if f.Kind != fault.Refused || f.Status != 400 || f.Message != want {
				t.Errorf("%s: DecodeError = %+v", c.ID, f)
			}
			continue
		case c.counts():
			counts++
			n, ok := anthropic.MeasureCount([]byte(c.Response))
			if !ok || tree(t, anthropic.EncodeCount(n)).(map[string]any)["input_tokens"] != float64(n) || n == 0 {
				t.Errorf("%s: MeasureCount = %d, %v", c.ID, n, ok)
			}
			continue
		}
		answers++
		body := []byte(c.Response)
		raw := object(tree(t, body))
		resp, err := codec.DecodeResponse(body)
		if err != nil {
			t.Errorf("%s: %v", c.ID, err)
			continue
		}
		want := bill(resp.Model, nil, object(raw["usage"]))
		r := codec.Measure(body)
		if diff := cmp.Diff(want, resp.Usage); diff != "" {
			t.Errorf("%s: usage (-computed +decoded):\n%s", c.ID, diff)
		}
		if diff := cmp.Diff(want, r.Usage); diff != "" {
			t.Errorf("%s: usage (-computed +measured):\n%s", c.ID, diff)
		}
		if r.ID != raw["id"] || r.Model != raw["model"] || r.Finish != resp.Finish || !r.Done || !r.Complete || !r.FirstToken {
			t.Errorf("%s: Measure = %+v", c.ID, r)
		}
		if got := outputBytes(resp); r.OutputBytes < got {
			t.Errorf("%s: Measure saw %d bytes of output, the answer has %d", c.ID, r.OutputBytes, got)
		}
		again, lost, err := codec.EncodeResponse(resp, nil)
		if err != nil || len(lost) > 0 {
			t.Errorf("%s: EncodeResponse lost %v: %v", c.ID, lost, err)
			continue
		}
		back := object(tree(t, again))
		var diffs []string
		for _, key := range []string{"id", "type", "role", "model", "content", "stop_reason", "stop_sequence"} {
			differences("."+key, equal(raw[key]), equal(back[key]), func(p string) { diffs = append(diffs, p) })
		}
		diffs = slices.DeleteFunc(diffs, func(p string) bool { return p == ".content[].caller" })
		if len(diffs) > 0 {
			t.Errorf("%s: written back, it differs at %v", c.ID, diffs)
		}
		resp2, err := codec.DecodeResponse(again)
		if diff := cmp.Diff(resp, resp2); err != nil || diff != "" {
			t.Errorf("%s: read back (-first +again): %v\n%s", c.ID, err, diff)
		}
	}
	t.Logf("%d answers, %d counts, %d faults", answers, counts, faults)
}

// outputBytes counts the text, thoughts and arguments of client tools.
func outputBytes(resp *llm.Response) (n int64) {
	for _, p := range resp.Parts {
		n += int64(len(p.Text))
		if p.Call != nil {
			n += int64(len(p.Call.Arguments))
		}
	}
	return n
}

func TestRecordedStreamsAreReadAlike(t *testing.T) {
	streams := 0
	for _, c := range cassettes(t) {
		if !c.streams() {
			continue
		}
		streams++
		resp, err := llm.Collect(codec.DecodeStream(strings.NewReader(c.Response)))
		if err != nil {
			t.Errorf("%s: %v", c.ID, err)
			continue
		}
		bytewise, err := llm.Collect(codec.DecodeStream(iotest.OneByteReader(strings.NewReader(c.Response))))
		if diff := cmp.Diff(resp, bytewise); err != nil || diff != "" {
			t.Errorf("%s: byte by byte it reads differently: %v\n%s", c.ID, err, diff)
		}
		want, parts := replay(t, c.Response)
		if diff := cmp.Diff(want, resp.Usage); diff != "" {
			t.Errorf("%s: usage (-computed +decoded):\n%s", c.ID, diff)
		}
		if diff := cmp.Diff(parts, flatten(resp)); diff != "" {
			t.Errorf("%s: content (-replayed +decoded):\n%s", c.ID, diff)
		}
		r := observed(t, c.Response)
		if diff := cmp.Diff(want, r.Usage); diff != "" {
			t.Errorf("%s: usage (-computed +observed):\n%s", c.ID, diff)
		}
		if r.ID != resp.ID || r.Model != resp.Model || r.Finish != resp.Finish || !r.Done || !r.Complete || !r.FirstToken || r.Err != nil {
			t.Errorf("%s: Observe = %+v", c.ID, r)
		}
		if got := outputBytes(resp); r.OutputBytes < got {
			t.Errorf("%s: Observe saw %d bytes of output, the answer has %d", c.ID, r.OutputBytes, got)
		}
		again := encodeStream(t, codec.DecodeStream(strings.NewReader(c.Response)))
		resp2, err := llm.Collect(codec.DecodeStream(strings.NewReader(again)))
		if diff := cmp.Diff(resp, resp2); err != nil || diff != "" {
			t.Errorf("%s: written and read back (-first +again): %v\n%s", c.ID, err, diff)
		}
	}
	t.Logf("%d streams", streams)
}

func observed(t testing.TB, stream string) wire.Reading {
	t.Helper()
	var r wire.Reading
	s := codec.NewSplitter()
	emit := func(name string, data []byte, _ int) { codec.Observe(name, data, &r) }
	s.Feed([]byte(stream), emit)
	s.Flush(emit)
	r.State = nil
	return r
}

// encodeStream writes a stream as a caller would read it.
func encodeStream(t testing.TB, s llm.Stream) string {
	t.Helper()
	enc := codec.NewEncoder(nil)
	var out []byte
	for e, err := range s {
		if err != nil {
			return string(enc.Fail(out, fault.As(err)))
		}
		out = enc.Append(out, e)
	}
	return string(enc.End(out))
}

// replay reads a stream as a simple client would: the bill, and each block's
// type with its text, thought or input.
func replay(t *testing.T, stream string) (llm.Usage, []string) {
	t.Helper()
	var start, final map[string]any
	var model string
	var types, texts []string
	err := sse.Events(strings.NewReader(stream), func(_ string, data []byte) bool {
		e := object(tree(t, data))
		switch e["type"] {
		case "message_start":
			msg := object(e["message"])
			model, start = msg["model"].(string), object(msg["usage"])
		case "content_block_start":
			types = append(types, object(e["content_block"])["type"].(string))
			texts = append(texts, "")
		case "content_block_delta":
			d := object(e["delta"])
			for _, key := range []string{"text", "thinking", "partial_json"} {
				s, _ := d[key].(string)
				texts[len(texts)-1] += s
			}
		case "message_delta":
			final = object(e["usage"])
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range texts {
		texts[i] = fmt.Sprintf("%s|%s", types[i], texts[i])
	}
	return bill(model, start, final), texts
}

func flatten(resp *llm.Response) []string {
	var out []string
	for _, p := range resp.Parts {
		typ, s := "text", p.Text
		switch p.Kind {
		case llm.KindReasoning:
			typ = "thinking"
			if p.Reasoning.Redacted {
				typ = "redacted_thinking"
			}
		case llm.KindToolCall:
			typ, s = "tool_use", p.Call.Arguments
		case llm.KindOpaque:
			var b struct{ Input json.RawMessage }
			if json.Unmarshal(p.Opaque.Raw, &b) == nil {
				s = strings.TrimSuffix(string(b.Input), "{}")
			}
			typ = p.Opaque.Type
		}
		out = append(out, typ+"|"+s)
	}
	return out
}
