package bedrock_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
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
	"github.com/steward-llmops/steward/internal/wire/bedrock"
)

var codec = bedrock.Converse()

// cassette is one recorded exchange.
type cassette struct {
	ID, Path          string
	Request, Response []byte
	Status            int
}

func (c cassette) operation() string { return c.Path[strings.LastIndexByte(c.Path, '/')+1:] }

func (c cassette) model() string {
	name, _ := url.PathUnescape(strings.Split(c.Path, "/")[2])
	return name
}

func cassettes(t testing.TB) []cassette {
	t.Helper()
	shared := os.Getenv("STEWARD_SHARED")
	if shared == "" {
		t.Skip("STEWARD_SHARED is not set: no recorded traffic to read")
	}
	f, err := os.Open(filepath.Join(shared, "data", "cassettes", "bedrock.jsonl.gz"))
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
			ID, Path          string
			Request, Response json.RawMessage
			Status            int
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		all = append(all, cassette{c.ID, c.Path, recorded(t, c.Request), recorded(t, c.Response), c.Status})
	}
	if err := lines.Err(); err != nil || len(all) == 0 {
		t.Fatalf("read %d recordings: %v", len(all), err)
	}
	return all
}

func recorded(t testing.TB, raw json.RawMessage) []byte {
	t.Helper()
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return []byte(s)
	}
	var b struct{ Base64 []byte }
	if err := json.Unmarshal(raw, &b); err != nil {
		t.Fatal(err)
	}
	return b.Base64
}

func tree(t testing.TB, body []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("not JSON: %v: %.200s", err, body)
	}
	return v
}

// equal brings a request to the form in which equivalent ones are the same. What
// it evens out is all in which a request written again differs: empty objects and
// lists that say nothing, the default status of a tool's result, an empty
// description, results before other blocks.
func equal(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = equal(v[i])
		}
	case map[string]any:
		for key, val := range v {
			if _, in := v["toolUseId"]; in && key == "input" {
				continue
			}
			val = equal(val)
			v[key] = val
			empty := reflect.DeepEqual(val, map[string]any{}) || reflect.DeepEqual(val, []any{})
			switch {
			case val == nil,
				empty && (key == "inferenceConfig" || key == "system" || key == "additionalModelRequestFields"),
				val == "success" && key == "status",
				val == "" && key == "description":
				delete(v, key)
			case key == "schema":
				var schema any
				if json.Unmarshal([]byte(val.(string)), &schema) == nil {
					v[key] = schema
				}
			}
		}
	}
	return v
}

// merged joins turns of one role, and puts results first.
func merged(v any) any {
	top := v.(map[string]any)
	var out []any
	for _, m := range top["messages"].([]any) {
		m := m.(map[string]any)
		if len(out) > 0 && out[len(out)-1].(map[string]any)["role"] == m["role"] {
			last := out[len(out)-1].(map[string]any)
			last["content"] = append(last["content"].([]any), m["content"].([]any)...)
			continue
		}
		out = append(out, m)
	}
	for _, m := range out {
		slices.SortStableFunc(m.(map[string]any)["content"].([]any), func(a, b any) int {
			_, inA := a.(map[string]any)["toolResult"]
			_, inB := b.(map[string]any)["toolResult"]
			return map[bool]int{true: 0, false: 1}[inA] - map[bool]int{true: 0, false: 1}[inB]
		})
	}
	top["messages"] = out
	return top
}

func TestCassetteRequests(t *testing.T) {
	n, same := 0, 0
	lostBy := map[string]int{}
	for _, c := range cassettes(t) {
		if op := c.operation(); op != "converse" && op != "converse-stream" {
			continue
		}
		n++
		req, err := codec.DecodeRequest(c.Request)
		if err != nil {
			t.Errorf("%s: %v", c.ID, err)
			continue
		}
		req.Model = c.model()
		body, lost, err := codec.EncodeRequest(req)
		if err != nil {
			t.Errorf("%s: %v", c.ID, err)
			continue
		}
		want, got := merged(equal(tree(t, c.Request))).(map[string]any), merged(equal(tree(t, body))).(map[string]any)
		for _, name := range lost {
			lostBy[name]++
			switch {
			case want[name] != nil: // a field that llm has no word for
				delete(want, name)
			case name == "additionalModelRequestFields.anthropic_beta":
			case name == "cache_control": // on a model that takes none
				t.Logf("%s: %s drops its cache points", c.ID, c.model())
			default:
				t.Logf("%s: lost %s", c.ID, name)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s, %s, lost %v (-recorded +written again):\n%.3000s", c.ID, c.model(), lost, diff)
			continue
		}
		same++
	}
	t.Logf("%d of %d requests are written again as they were; lost by name: %v", same, n, lostBy)
	if n < 100 {
		t.Errorf("saw %d requests, want all 105", n)
	}
}

// bill recomputes usage by another way: out of the parsed JSON, with the total.
func bill(t *testing.T, id string, v any) (n [llm.NumQuantities]int64) {
	t.Helper()
	u := v.(map[string]any)
	get := func(key string) int64 { f, _ := u[key].(float64); return int64(f) }
	n[llm.Input], n[llm.Output] = get("inputTokens"), get("outputTokens")
	n[llm.CacheRead], n[llm.CacheWrite] = get("cacheReadInputTokens"), get("cacheWriteInputTokens")
	if sum := n[llm.Input] + n[llm.Output] + n[llm.CacheRead] + n[llm.CacheWrite]; sum != get("totalTokens") {
		t.Errorf("%s: figures sum to %d, the provider says %d", id, sum, get("totalTokens"))
	}
	return n
}

func TestCassetteResponses(t *testing.T) {
	n, good := 0, 0
	for _, c := range cassettes(t) {
		if c.operation() != "converse" || c.Status != 200 {
			continue
		}
		n++
		resp, err := codec.DecodeResponse(c.Response)
		if err != nil {
			t.Errorf("%s: %v", c.ID, err)
			continue
		}
		failed := t.Failed()
		want := bill(t, c.ID, tree(t, c.Response).(map[string]any)["usage"])
		if resp.Usage.N != want || !resp.Usage.Reported {
			t.Errorf("%s: usage %v, want %v", c.ID, resp.Usage.N, want)
		}
		r := codec.Measure(c.Response)
		if diff := cmp.Diff(resp.Usage, r.Usage); diff != "" || r.Finish != resp.Finish || !r.Done || !r.Complete || !r.FirstToken {
			t.Errorf("%s: measured %+v, decoded %q (-decoded +measured):\n%s", c.ID, r, resp.Finish, diff)
		}
		if r.OutputBytes != written(resp) {
			t.Errorf("%s: measured %d bytes, decoded %d", c.ID, r.OutputBytes, written(resp))
		}
		body, lost, err := codec.EncodeResponse(resp, nil)
		if err != nil || len(lost) > 0 {
			t.Errorf("%s: written again with loss of %v: %v", c.ID, lost, err)
			continue
		}
		if diff := cmp.Diff(answer(t, c.Response), answer(t, body)); diff != "" {
			t.Errorf("%s (-recorded +written again):\n%.2000s", c.ID, diff)
		}
		if !failed && !t.Failed() {
			good++
		}
	}
	t.Logf("%d of %d answers are decoded, measured alike and written again", good, n)
	if n < 90 {
		t.Errorf("saw %d answers, want all 93", n)
	}
}

// answer is what a caller reads of a response: all but measurements of time, the
// guardrail's trace, the doubled cache figures and zero ones, and a type of tool
// that only says that it is one.
func answer(t *testing.T, body []byte) any {
	v := tree(t, body).(map[string]any)
	delete(v, "metrics")
	delete(v, "trace")
	u := v["usage"].(map[string]any)
	for _, key := range []string{"cacheReadInputTokenCount", "cacheWriteInputTokenCount", "serverToolUsage"} {
		delete(u, key)
	}
	for _, key := range []string{"cacheReadInputTokens", "cacheWriteInputTokens"} {
		if u[key] == 0.0 {
			delete(u, key)
		}
	}
	for _, b := range v["output"].(map[string]any)["message"].(map[string]any)["content"].([]any) {
		if use, ok := b.(map[string]any)["toolUse"].(map[string]any); ok && use["type"] == "tool_use" {
			delete(use, "type")
		}
	}
	return v
}

// written counts the bytes of output in the measure's own terms.
func written(r *llm.Response) (n int64) {
	for _, p := range r.Parts {
		n += int64(len(p.Text))
		if p.Call != nil {
			n += int64(len(p.Call.Arguments))
		}
	}
	return n
}

func TestCassetteStreams(t *testing.T) {
	n, good := 0, 0
	for _, c := range cassettes(t) {
		if c.operation() != "converse-stream" || c.Status != 200 {
			continue
		}
		n++
		failed := t.Failed()
		want, err := llm.Collect(codec.DecodeStream(bytes.NewReader(c.Response)))
		if err != nil {
			t.Errorf("%s: %v", c.ID, err)
			continue
		}
		if one, _ := llm.Collect(codec.DecodeStream(iotest.OneByteReader(bytes.NewReader(c.Response)))); !cmp.Equal(want, one) {
			t.Errorf("%s: byte by byte it reads differently:\n%s", c.ID, cmp.Diff(want, one))
		}
		text, usage := byHand(t, c.ID, c.Response)
		if got := said(want); got != text {
			t.Errorf("%s: says %q, want %q", c.ID, got, text)
		}
		if want.Usage.N != usage {
			t.Errorf("%s: usage %v, want %v", c.ID, want.Usage.N, usage)
		}
		r := observeAll(c.Response, 7)
		if !cmp.Equal(r.Usage, want.Usage) || r.Finish != want.Finish || !r.Done || !r.Complete || !r.FirstToken || r.Err != nil || r.OutputBytes != written(want) {
			t.Errorf("%s: observed %+v, decoded %+v (%d bytes)", c.ID, r, want, written(want))
		}
		again, err := llm.Collect(codec.DecodeStream(bytes.NewReader(encodeStream(t, codec.DecodeStream(bytes.NewReader(c.Response))))))
		if err != nil || !cmp.Equal(want, again) {
			t.Errorf("%s: written and read again: %v\n%s", c.ID, err, cmp.Diff(want, again))
		}
		if !failed && !t.Failed() {
			good++
		}
	}
	t.Logf("%d of %d streams are decoded at any chunking, observed alike and written again", good, n)
	if n < 6 {
		t.Errorf("saw %d streams, want all 6", n)
	}
}

// byHand reads a stream without the codec's frames: JSON objects found by their
// opening brace.
func byHand(t *testing.T, id string, b []byte) (text string, usage [llm.NumQuantities]int64) {
	t.Helper()
	for len(b) > 0 {
		size := int(b[0])<<24 | int(b[1])<<16 | int(b[2])<<8 | int(b[3])
		part := b[:size]
		b = b[size:]
		var v struct {
			Delta struct {
				Text             string
				ToolUse          struct{ Input string }
				ReasoningContent struct{ Text string }
			}
			Start struct{ ToolUse struct{ Name string } }
			Usage map[string]any
		}
		if err := json.NewDecoder(bytes.NewReader(part[bytes.IndexByte(part, '{'):])).Decode(&v); err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		text += v.Start.ToolUse.Name + v.Delta.Text + v.Delta.ToolUse.Input + v.Delta.ReasoningContent.Text
		if v.Usage != nil {
			usage = bill(t, id, v.Usage)
		}
	}
	return text, usage
}

func said(r *llm.Response) string {
	var b strings.Builder
	for _, p := range r.Parts {
		if p.Call != nil {
			b.WriteString(p.Call.Name + p.Call.Arguments)
		}
		b.WriteString(p.Text)
	}
	return b.String()
}

// observeAll splits a stream into pieces of size bytes and observes its events, to
// the one that ends it.
func observeAll(b []byte, size int) wire.Reading {
	var r wire.Reading
	s := codec.NewSplitter()
	emit := func(name string, data []byte, _ int) {
		if !r.Done {
			codec.Observe(name, data, &r)
		}
	}
	for piece := range slices.Chunk(b, size) {
		s.Feed(piece, emit)
	}
	s.Flush(emit)
	return r
}

func encodeStream(t testing.TB, s llm.Stream) []byte {
	t.Helper()
	enc := codec.NewEncoder(&llm.Request{})
	var b []byte
	for e, err := range s {
		if err != nil {
			return enc.Fail(b, fault.As(err))
		}
		b = enc.Append(b, e)
	}
	return enc.End(b)
}

func TestCassetteErrors(t *testing.T) {
	n := 0
	for _, c := range cassettes(t) {
		if c.Status == 200 {
			continue
		}
		n++
		f := codec.DecodeError(c.Status, http.Header{}, c.Response)
		want := tree(t, c.Response).(map[string]any)["message"]
		if f.Kind != fault.Refused || f.Status != 400 || f.Message != want || f.HTTPStatus() != 400 {
			t.Errorf("%s: %v %d %q, want refused 400 %q", c.ID, f.Kind, f.Status, f.Message, want)
		}
		status, body := codec.EncodeError(f, "call")
		if back := codec.DecodeError(status, nil, body); status != 400 || back.Message != f.Message || back.Code != f.Code {
			t.Errorf("%s: written as %d %s", c.ID, status, body)
		}
	}
	t.Logf("%d errors", n)
	if n != 7 {
		t.Errorf("saw %d errors, want 7", n)
	}
}

func TestCassetteInvoke(t *testing.T) {
	shapes := map[string]int{}
	n := 0
	for _, c := range cassettes(t) {
		if c.operation() != "invoke" {
			continue
		}
		n++
		var want int64
		if f, ok := tree(t, c.Response).(map[string]any)["inputTextTokenCount"].(float64); ok {
			want = int64(f)
		}
		r := bedrock.MeasureInvoke(http.Header{}, c.Response)
		if r.Usage.Reported != (want > 0) || r.Usage.N[llm.Input] != want || !r.Complete {
			t.Errorf("%s: %+v, want %d tokens", c.ID, r, want)
		}
		shapes[fmt.Sprintf("body counts: %v", r.Usage.Reported)]++
		h := http.Header{"X-Amzn-Bedrock-Input-Token-Count": {"17"}}
		if r := bedrock.MeasureInvoke(h, c.Response); want == 0 && (!r.Usage.Reported || r.Usage.N[llm.Input] != 17) {
			t.Errorf("%s: the header is not read: %+v", c.ID, r)
		}
	}
	t.Logf("%d invocations: %v", n, shapes)
	if n != 16 {
		t.Errorf("saw %d invocations, want 16", n)
	}
}

func TestCassetteCounts(t *testing.T) {
	n := 0
	for _, c := range cassettes(t) {
		if c.operation() != "count-tokens" {
			continue
		}
		n++
		got, ok := bedrock.MeasureCount(c.Response)
		want, counted := tree(t, c.Response).(map[string]any)["inputTokens"].(float64)
		if ok != counted || got != int64(want) {
			t.Errorf("%s: %d, %v; want %v", c.ID, got, ok, want)
		}
		if counted && string(bedrock.EncodeCount(got)) != fmt.Sprintf(`{"inputTokens":%d}`, got) {
			t.Errorf("%s: %s", c.ID, bedrock.EncodeCount(got))
		}
		req, ok, err := bedrock.DecodeCount(c.Request)
		if converse := bytes.Contains(c.Request, []byte(`"converse"`)); ok != converse || err != nil || converse && len(req.Messages) == 0 {
			t.Errorf("%s: request read %v, %v", c.ID, ok, err)
		}
	}
	if n != 3 {
		t.Errorf("saw %d counts, want 3", n)
	}
}
