package bedrock_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire/bedrock"
)

// frame writes a frame by Amazon's own encoder.
func frame(t testing.TB, payload string, headers ...string) []byte {
	t.Helper()
	m := eventstream.Message{Payload: []byte(payload)}
	for i := 0; i < len(headers); i += 2 {
		m.Headers.Set(headers[i], eventstream.StringValue(headers[i+1]))
	}
	var b bytes.Buffer
	if err := eventstream.NewEncoder().Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func event(t testing.TB, name, payload string) []byte {
	t.Helper()
	return frame(t, payload, ":message-type", "event", ":event-type", name, ":content-type", "application/json")
}

// splits feeds b in pieces and returns what comes out, and where each event ends.
func splits(b []byte, size int) (events []string, ends []int) {
	var s bedrock.Splitter
	at := 0
	emit := func(name string, data []byte, end int) {
		events = append(events, name+" "+string(data))
		ends = append(ends, at+end)
	}
	for piece := range slices.Chunk(b, size) {
		s.Feed(piece, emit)
		at += len(piece)
	}
	s.Flush(emit)
	return events, ends
}

func TestSplitter(t *testing.T) {
	all := eventstream.Message{Payload: []byte(`{"a":1}`)}
	for name, v := range map[string]eventstream.Value{
		"t": eventstream.BoolValue(true), "f": eventstream.BoolValue(false), "b": eventstream.Int8Value(1), "s": eventstream.Int16Value(2),
		"i": eventstream.Int32Value(3), "l": eventstream.Int64Value(4), "y": eventstream.BytesValue("x"), "d": eventstream.TimestampValue(time.Unix(5, 0)),
		"u": eventstream.UUIDValue{1}, ":event-type": eventstream.StringValue("metadata"),
	} {
		all.Headers.Set(name, v)
	}
	var every bytes.Buffer
	if err := eventstream.NewEncoder().Encode(&every, all); err != nil {
		t.Fatal(err)
	}
	spoiled := event(t, "metadata", `{}`)
	spoiled[len(spoiled)-6] ^= 1
	noFrame := event(t, "metadata", `{}`)
	noFrame[8] ^= 1
	var huge []byte
	huge = binary.BigEndian.AppendUint32(huge, 16<<20+1)
	huge = binary.BigEndian.AppendUint32(huge, 0)
	huge = binary.BigEndian.AppendUint32(huge, crc32.ChecksumIEEE(huge))

	start := event(t, "messageStart", `{"role":"assistant"}`)
	tests := map[string]struct {
		in   []byte
		want []string
	}{
		"nothing":                                  {nil, nil},
		"an event":                                 {start, []string{`messageStart {"role":"assistant"}`}},
		"events behind one another":                {slices.Concat(start, event(t, "x", "")), []string{`messageStart {"role":"assistant"}`, "x "}},
		"every type of header":                     {every.Bytes(), []string{`metadata {"a":1}`}},
		"an exception":                             {frame(t, `{"message":"slow"}`, ":message-type", "exception", ":exception-type", "throttlingException"), []string{`exception:throttlingException {"message":"slow"}`}},
		"an error without a payload":               {frame(t, "", ":message-type", "error", ":error-code", "InternalFailure", ":error-message", `a "b"`), []string{`exception:InternalFailure {"message":"a \"b\""}`}},
		"a frame without headers":                  {frame(t, "x"), []string{" x"}},
		"a payload that is spoiled, and one after": {slices.Concat(spoiled, start), []string{"exception:malformed ", `messageStart {"role":"assistant"}`}},
		"a length that is spoiled, and one after":  {slices.Concat(start, noFrame, start), []string{`messageStart {"role":"assistant"}`, "exception:malformed "}},
		"a frame over the limit":                   {slices.Concat(huge, start), []string{"exception:malformed "}},
		"text in place of frames":                  {[]byte("data: {\"message\":\"hello\"}\n\n"), []string{"exception:malformed "}},
		"a frame that is cut":                      {start[:len(start)-1], nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, size := range []int{1, 2, 3, 5, 7, 11, 12, 13, 16, 100, 1 << 20} {
				if got, _ := splits(tt.in, size); !slices.Equal(got, tt.want) {
					t.Errorf("in pieces of %d: %q, want %q", size, got, tt.want)
				}
			}
		})
	}
}

// TestEventsEndWhereTheirBytesEnd: the gateway holds the last event back by its
// offset.
func TestEventsEndWhereTheirBytesEnd(t *testing.T) {
	frames := [][]byte{event(t, "messageStart", `{}`), event(t, "contentBlockDelta", `{"delta":{"text":"abc"}}`), event(t, "metadata", `{}`)}
	var want []int
	sum := 0
	for _, f := range frames {
		sum += len(f)
		want = append(want, sum)
	}
	whole := slices.Concat(frames...)
	for size := 1; size <= len(whole); size++ {
		if _, ends := splits(whole, size); !slices.Equal(ends, want) {
			t.Errorf("in pieces of %d the events end at %v, want %v", size, ends, want)
		}
	}
}

// TestFramesAreAmazons reads what our encoder writes by Amazon's own decoder.
func TestFramesAreAmazons(t *testing.T) {
	resp := llm.Response{
		Parts: []llm.Part{
			{Kind: llm.KindReasoning, Text: "hm", Reasoning: &llm.ReasoningBlock{Signature: "sig", Issuer: llm.BedrockConverse}},
			{Kind: llm.KindText, Text: "a\"b\n\x01ü\xff"},
			{Kind: llm.KindToolCall, Call: &llm.ToolCall{ID: "t1", Name: "f", Arguments: `{"x":1}`}},
		},
		Finish: llm.FinishToolCalls, Usage: llm.Usage{Reported: true},
	}
	resp.Usage.N[llm.Input], resp.Usage.N[llm.Output], resp.Usage.N[llm.CacheRead], resp.Usage.N[llm.CacheWrite1h] = 3, 4, 5, 6
	b := encodeStream(t, resp.Events())
	d := eventstream.NewDecoder()
	var got []string
	for r := bytes.NewReader(b); r.Len() > 0; {
		m, err := d.Decode(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if m.Headers.Get(":message-type").String() != "event" || m.Headers.Get(":content-type").String() != "application/json" {
			t.Errorf("headers are %v", m.Headers)
		}
		got = append(got, fmt.Sprintf("%s %s", m.Headers.Get(":event-type"), m.Payload))
	}
	want := []string{
		`messageStart {"role":"assistant"}`,
		`contentBlockDelta {"delta":{"reasoningContent":{"text":"hm"}},"contentBlockIndex":0}`,
		`contentBlockDelta {"delta":{"reasoningContent":{"signature":"sig"}},"contentBlockIndex":0}`,
		`contentBlockStop {"contentBlockIndex":0}`,
		`contentBlockDelta {"delta":{"text":"a\"b\n\u0001ü` + "\uFFFD" + `"},"contentBlockIndex":1}`,
		`contentBlockStop {"contentBlockIndex":1}`,
		`contentBlockStart {"start":{"toolUse":{"toolUseId":"t1","name":"f"}},"contentBlockIndex":2}`,
		`contentBlockDelta {"delta":{"toolUse":{"input":"{\"x\":1}"}},"contentBlockIndex":2}`,
		`contentBlockStop {"contentBlockIndex":2}`,
		`messageStop {"stopReason":"tool_use"}`,
		`metadata {"usage":{"inputTokens":3,"outputTokens":4,"totalTokens":18,"cacheReadInputTokens":5,"cacheWriteInputTokens":6,"cacheDetails":[{"inputTokens":6,"ttl":"1h"}]},"metrics":{"latencyMs":0}}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func FuzzSplitter(f *testing.F) {
	f.Add(event(f, "messageStart", `{"role":"assistant"}`), 3)
	f.Add(slices.Concat(event(f, "a", "b"), event(f, "c", "d")), 13)
	f.Add([]byte("no frame at all, but long enough"), 1)
	f.Fuzz(func(t *testing.T, b []byte, size int) {
		if size < 1 {
			size = 1 - size%64
		}
		whole, wholeEnds := splits(b, max(len(b), 1))
		pieces, ends := splits(b, size)
		if !slices.Equal(whole, pieces) {
			t.Errorf("in pieces of %d: %q, whole: %q", size, pieces, whole)
		}
		for i := range ends {
			if last := i == len(ends)-1 && pieces[i] == "exception:malformed "; !last && ends[i] != wholeEnds[i] || ends[i] > len(b) {
				t.Errorf("event %d ends at %d, whole at %d of %d", i, ends[i], wholeEnds[i], len(b))
			}
		}
	})
}

// FuzzFrame: frames that Amazon's encoder writes come out as they went in.
func FuzzFrame(f *testing.F) {
	f.Add("metadata", []byte(`{}`), 5)
	f.Fuzz(func(t *testing.T, name string, payload []byte, size int) {
		if len(name) > 60000 || name == "" {
			return
		}
		b := frame(t, string(payload), ":event-type", name)
		got, _ := splits(slices.Concat(b, b), max(size&1023, 1))
		if want := name + " " + string(payload); !slices.Equal(got, []string{want, want}) {
			t.Errorf("%q came as %q", want, got)
		}
	})
}
