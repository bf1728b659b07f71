package openai_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/openai"
)

// chunk returns the event of one delta.
func chunk(delta string) string {
	return `data: {"id":"i","model":"m","choices":[{"index":0,"delta":{` + delta + `},"finish_reason":null}]}` + "\n\n"
}

// ending returns the event with the finish reason.
func ending(reason string) string {
	return `data: {"id":"i","choices":[{"index":0,"delta":{},"finish_reason":"` + reason + `"}]}` + "\n\n"
}

const doneEvent = "data: [DONE]\n\n"

func call(fields string) string { return `"tool_calls":[{` + fields + `}]` }

func TestToolCallsOfEveryServer(t *testing.T) {
	tests := map[string]struct {
		stream string
		want   string // id name arguments; ...
	}{
		"fragments with the name once": {
			chunk(call(`"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}`)) +
				chunk(call(`"index":0,"function":{"arguments":"{\"x\":"}`)) + chunk(call(`"index":0,"function":{"arguments":"1}"}`)),
			`a f {"x":1}`},
		"the name on every fragment": {
			chunk(call(`"index":0,"id":"a","function":{"name":"f","arguments":"{"}`)) + chunk(call(`"index":0,"id":"a","function":{"name":"f","arguments":"}"}`)),
			`a f {}`},
		"a new id on every fragment": {
			chunk(call(`"index":0,"id":"a","function":{"name":"f","arguments":"{"}`)) + chunk(call(`"index":0,"id":"b","function":{"arguments":"}"}`)),
			`a f {}`},
		"two by index": {
			chunk(call(`"index":0,"id":"a","function":{"name":"f","arguments":"{}"}`)) + chunk(call(`"index":1,"id":"b","function":{"name":"g","arguments":"{}"}`)),
			`a f {}; b g {}`},
		"two interleaved": {
			chunk(call(`"index":0,"id":"a","function":{"name":"f","arguments":"{"}`)) + chunk(call(`"index":1,"id":"b","function":{"name":"g","arguments":"["}`)) +
				chunk(call(`"index":0,"function":{"arguments":"}"}`)) + chunk(call(`"index":1,"function":{"arguments":"]"}`)),
			`a f {}; b g []`},
		"two with index 0": {
			chunk(call(`"index":0,"id":"a","function":{"name":"f","arguments":"{}"}`)) + chunk(call(`"index":0,"id":"b","function":{"name":"g","arguments":"{}"}`)),
			`a f {}; b g {}`},
		"no index, by id": {
			chunk(call(`"id":"a","function":{"name":"f","arguments":"{"}`)) + chunk(call(`"function":{"arguments":"}"}`)) +
				chunk(call(`"id":"b","function":{"name":"g","arguments":"{}"}`)),
			`a f {}; b g {}`},
		"no index and no id": {
			chunk(call(`"function":{"name":"f","arguments":"{}"}`)) + chunk(call(`"id":"","function":{"name":"f","arguments":"{\"y\":2}"}`)),
			`call_i_0 f {}; call_i_1 f {"y":2}`},
		"the name after the id": {
			chunk(call(`"index":0,"id":"a","function":{"arguments":"{"}`)) + chunk(call(`"index":0,"function":{"name":"f","arguments":"}"}`)),
			`a f {}`},
		"never a name": {
			chunk(call(`"index":0,"id":"a","function":{"arguments":"{}"}`)),
			`a  {}`},
		"arguments as an object": {
			chunk(call(`"index":0,"id":"a","function":{"name":"f","arguments":{"x":1}}`)),
			`a f {"x":1}`},
		"no arguments": {
			chunk(call(`"index":0,"id":"a","function":{"name":"f"}`)),
			`a f `},
		"legacy function call": {
			chunk(`"function_call":{"name":"f","arguments":"{"}`) + chunk(`"function_call":{"arguments":"}"}`),
			`call_i_0 f {}`},
		"calls between words": {
			chunk(`"content":"one"`) + chunk(call(`"index":0,"id":"a","function":{"name":"f","arguments":"{}"}`)) + chunk(`"content":"two"`),
			`a f {}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			stream := tt.stream + ending("stop") + doneEvent
			resp, err := llm.Collect(openai.Chat().DecodeStream(strings.NewReader(stream)))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range partsOf(resp, llm.KindToolCall) {
				got = append(got, p.Call.ID+" "+p.Call.Name+" "+p.Call.Arguments)
			}
			if strings.Join(got, "; ") != tt.want || resp.Finish != llm.FinishToolCalls {
				t.Errorf("calls %q, finish %s; want %q", got, resp.Finish, tt.want)
			}
			r := observeAll(openai.Chat(), []byte(stream))
			compareReading(t, name, &r, resp)
			checkOrder(t, stream)
		})
	}
}

// checkOrder sees that the events of a stream keep the contract of llm.Stream.
func checkOrder(t *testing.T, stream string) {
	t.Helper()
	var v violations
	for e, err := range openai.Chat().DecodeStream(strings.NewReader(stream)) {
		v.take(e, err)
	}
	v.end()
	if v.list != nil {
		t.Errorf("stream %q breaks the contract: %q", stream, v.list)
	}
}

// violations checks the order of events.
type violations struct {
	started, finished, failed bool
	next                      int
	open                      map[int]bool
	list                      []string
}

func (v *violations) add(format string, args ...any) {
	v.list = append(v.list, fmt.Sprintf(format, args...))
}

func (v *violations) take(e llm.Event, err error) {
	if v.failed || v.finished {
		v.add("event %d after the end", e.Kind)
	}
	if err != nil {
		v.failed = true
		return
	}
	if v.open == nil {
		v.open = map[int]bool{}
	}
	switch e.Kind {
	case llm.EventStart:
		if v.started {
			v.add("started twice")
		}
		v.started = true
		return
	case llm.EventPart:
		if e.Index != v.next || e.Part == nil {
			v.add("part %d where %d is next", e.Index, v.next)
		}
		v.next++
		v.open[e.Index] = true
	case llm.EventDelta, llm.EventSign:
		if !v.open[e.Index] {
			v.add("text for part %d, which is not open", e.Index)
		}
		if e.Text == "" {
			v.add("an empty delta")
		}
	case llm.EventPartEnd:
		if !v.open[e.Index] {
			v.add("part %d ended twice", e.Index)
		}
		v.open[e.Index] = false
	case llm.EventFinish:
		v.finished = true
		for i, open := range v.open {
			if open {
				v.add("part %d is open at the finish", i)
			}
		}
	}
	if !v.started {
		v.add("event %d before the start", e.Kind)
	}
}

func (v *violations) end() {
	if !v.finished && !v.failed {
		v.add("neither finish nor fault")
	}
}

func TestHowStreamsEnd(t *testing.T) {
	tests := map[string]struct {
		stream string
		code   string // of the fault; empty: complete
		text   string
	}{
		"with done":                       {chunk(`"content":"a"`) + ending("stop") + doneEvent, "", "a"},
		"without done":                    {chunk(`"content":"a"`) + ending("stop"), "", "a"},
		"without a blank line":            {chunk(`"content":"a"`) + strings.TrimSpace(ending("stop")), "", "a"},
		"with usage on every chunk":       {`data: {"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":1,"completion_tokens":1}}` + "\n\n" + ending("stop"), "", "a"},
		"cut":                             {chunk(`"content":"a"`), "stream_truncated", "a"},
		"done without a reason":           {chunk(`"content":"a"`) + doneEvent, "stream_truncated", "a"},
		"empty":                           {"", "stream_truncated", ""},
		"only comments":                   {": hi\n\n: ho\n\n", "stream_truncated", ""},
		"cut within an event":             {chunk(`"content":"a"`) + `data: {"choices":[{"delta":{"content":"b`, "stream_malformed", "a"},
		"prose":                           {chunk(`"content":"a"`) + "data: oops\n\n", "stream_malformed", "a"},
		"a bare string":                   {"data: \"text\"\n\n", "stream_malformed", ""},
		"an error object":                 {chunk(`"content":"a"`) + `data: {"error":{"message":"x","code":503}}` + "\n\n" + ending("stop"), "provider_overloaded", "a"},
		"an error in a list":              {`data: [{"error":{"code":429,"message":"x"}}]` + "\n\n", "rate_limit_exceeded", ""},
		"an error as a string":            {`data: {"error":"x"}` + "\n\n", "provider_error", ""},
		"vllm's error":                    {`data: {"object":"error","message":"x","code":400}` + "\n\n", "invalid_request", ""},
		"an error with choices":           {`data: {"error":{"code":502,"message":"x"},"choices":[{"delta":{"content":""},"finish_reason":"error"}]}` + "\n\n", "provider_error", ""},
		"an event named error":            {"event: error\ndata: {\"message\":\"x\",\"code\":503}\n\n", "provider_overloaded", ""},
		"an error that is null":           {`data: {"error":null,"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}` + "\n\n", "", "a"},
		"an error in the choice":          {`data: {"choices":[{"error":{"code":429,"message":"x"},"delta":{}}]}` + "\n\n", "rate_limit_exceeded", ""},
		"a reason that means breakdown":   {chunk(`"content":"a"`) + ending("abort") + doneEvent, "provider_error", "a"},
		"words after the reason":          {ending("stop") + chunk(`"content":"late"`) + doneEvent, "", "late"},
		"words after done":                {chunk(`"content":"a"`) + ending("stop") + doneEvent + chunk(`"content":"b"`) + "data: oops\n\n", "", "a"},
		"crlf":                            {strings.ReplaceAll(chunk(`"content":"a"`)+ending("stop")+doneEvent, "\n", "\r\n"), "", "a"},
		"spaces around done":              {chunk(`"content":"a"`) + ending("stop") + "data:  [DONE] \n\n", "", "a"},
		"data over two lines":             {"data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\ndata: \"finish_reason\":\"stop\"}]}\n\n", "", "a"},
		"empty data":                      {"data:\n\n" + chunk(`"content":"a"`) + ending("stop"), "", "a"},
		"whole messages":                  {`data: {"choices":[{"message":{"role":"assistant","content":"a"},"finish_reason":"stop"}]}` + "\n\n", "", "a"},
		"text as in legacy completions":   {`data: {"choices":[{"text":"a","index":0}]}` + "\n\n" + ending("stop"), "", "a"},
		"other choices":                   {`data: {"choices":[{"index":1,"delta":{"content":"no"},"finish_reason":"stop"}]}` + "\n\n" + chunk(`"content":"a"`) + ending("stop"), "", "a"},
		"a raw control character":         {"data: {\"choices\":[{\"delta\":{\"content\":\"a\tb\\\"c\"},\"finish_reason\":\"stop\"}]}\n\n", "", "a\tb\"c"},
		"a filter's preface (Azure)":      {`data: {"choices":[],"prompt_filter_results":[{"prompt_index":0}]}` + "\n\n" + chunk(`"content":"a"`) + ending("stop"), "", "a"},
		"a reason twice":                  {chunk(`"content":"a"`) + ending("length") + ending("stop") + doneEvent, "", "a"},
		"the role on every chunk":         {chunk(`"role":"assistant","content":"a"`) + chunk(`"role":"assistant","content":"b"`) + ending("stop"), "", "ab"},
		"deltas that are null":            {`data: {"choices":[{"delta":null,"finish_reason":null}]}` + "\n\n" + ending("stop"), "", ""},
		"fields of the wrong kind":        {`data: {"choices":[{"delta":{"content":7,"tool_calls":"x","annotations":3},"finish_reason":5}]}` + "\n\n" + ending("stop"), "", ""},
		"choices of the wrong kind":       {`data: {"choices":{"0":1}}` + "\n\n" + ending("stop"), "", ""},
		"a broken event after the finish": {ending("stop") + "data: oops\n\n", "stream_malformed", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			resp, err := llm.Collect(openai.Chat().DecodeStream(strings.NewReader(tt.stream)))
			f := fault.As(err)
			if (f == nil) != (tt.code == "") || f != nil && f.Code != tt.code {
				t.Errorf("fault %+v; want %q", f, tt.code)
			}
			if got := textOf(resp); got != tt.text {
				t.Errorf("text %q; want %q", got, tt.text)
			}
			checkOrder(t, tt.stream)
			r := observeAll(openai.Chat(), []byte(tt.stream))
			if tt.code == "" && (!r.Complete || r.Err != nil || r.Finish != resp.Finish) {
				t.Errorf("observed complete %v, %v, finish %q; want %q", r.Complete, r.Err, r.Finish, resp.Finish)
			}
			if tt.code != "" && r.Err == nil && (r.Complete || tt.code != "stream_truncated") {
				t.Errorf("observed no fault, complete %v; want %s", r.Complete, tt.code)
			}
		})
	}
}

func TestAReadersFaultIsPassedOn(t *testing.T) {
	tests := map[string]struct {
		err  error
		code string
	}{
		"a fault of ours":    {fault.New(fault.Timeout, "idle_timeout", "too slow"), "idle_timeout"},
		"a broken line":      {io.ErrUnexpectedEOF, "stream_truncated"},
		"a caller who left":  {context.Canceled, "stream_truncated"},
		"wrapped, as always": {fmt.Errorf("read: %w", fault.New(fault.Cancelled, "hung_up", "bye")), "hung_up"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := io.MultiReader(strings.NewReader(chunk(`"content":"a"`)), iotest.ErrReader(tt.err))
			resp, err := llm.Collect(openai.Chat().DecodeStream(r))
			if f := fault.As(err); f == nil || f.Code != tt.code || textOf(resp) != "a" {
				t.Errorf("fault %+v, text %q; want %s", f, textOf(resp), tt.code)
			}
			if tt.code == "stream_truncated" && !errors.Is(err, tt.err) {
				t.Errorf("%v has lost its cause", err)
			}
		})
	}
	r := io.MultiReader(strings.NewReader(chunk(`"content":"a"`)+ending("stop")), iotest.ErrReader(io.ErrUnexpectedEOF))
	if _, err := llm.Collect(openai.Chat().DecodeStream(r)); err != nil {
		t.Errorf("a line that broke after the finish reason: %v", err)
	}
}

func TestBreakingOutStopsTheStream(t *testing.T) {
	stream := chunk(`"content":"a"`) + chunk(`"content":"b"`) + ending("stop")
	for limit := range 6 {
		n := 0
		for range openai.Chat().DecodeStream(strings.NewReader(stream)) {
			if n++; n > limit {
				break
			}
		}
		if n != limit+1 {
			t.Errorf("%d events after breaking out at %d", n, limit)
		}
	}
}

func TestThoughtsOfEveryServer(t *testing.T) {
	tests := map[string]struct{ stream, want string }{
		"deepseek":                    {chunk(`"reasoning_content":"a","content":null`) + chunk(`"reasoning_content":"b"`) + chunk(`"content":"c"`), "1:ab 0:c"},
		"groq":                        {chunk(`"reasoning":"a","channel":"analysis"`) + chunk(`"content":"c"`), "1:a 0:c"},
		"both names":                  {chunk(`"reasoning":"a","reasoning_content":"a"`) + chunk(`"content":"c"`), "1:a 0:c"},
		"details beside the text":     {chunk(`"reasoning":"a","reasoning_details":[{"type":"reasoning.text","text":"a"}]`) + chunk(`"content":"c"`), "1:a 0:c"},
		"empty details":               {chunk(`"reasoning":"a","reasoning_details":[]`) + chunk(`"content":"c"`), "1:a 0:c"},
		"mistral":                     {chunk(`"content":[{"type":"thinking","thinking":[{"type":"text","text":"a"}]}]`) + chunk(`"content":"c"`), "1:a 0:c"},
		"thought, text, thought":      {chunk(`"reasoning":"a"`) + chunk(`"content":"b"`) + chunk(`"reasoning":"c"`), "1:a 0:b 1:c"},
		"two blocks of details":       {chunk(`"reasoning_details":[{"type":"reasoning.text","text":"a","index":0}]`) + chunk(`"reasoning_details":[{"type":"reasoning.text","text":"b","index":1}]`), "1:a 1:b"},
		"a refusal":                   {chunk(`"refusal":"no"`) + chunk(`"refusal":" way"`), "2:no way"},
		"a spoken answer":             {chunk(`"audio":{"id":"x","transcript":"hi"}`) + chunk(`"audio":{"data":"QUJD"}`), "0:hi 5:"},
		"an image":                    {chunk(`"content":"see","images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]`), "0:see 3:"},
		"a tool run by the server":    {chunk(`"executed_tools":[{"index":0,"type":"search"}]`) + chunk(`"content":"c"`), "9: 0:c"},
		"a custom call":               {chunk(call(`"index":0,"id":"a","type":"custom","custom":{"name":"sh","input":"ls"}`)), "9:"},
		"citations without any words": {chunk(`"annotations":[{"type":"url_citation","url_citation":{"url":"u"}}]`), "0:"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			stream := tt.stream + ending("stop")
			resp, err := llm.Collect(openai.Chat().DecodeStream(strings.NewReader(stream)))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range resp.Parts {
				got = append(got, fmt.Sprintf("%d:%s", p.Kind, p.Text))
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("parts %q; want %q", got, tt.want)
			}
			checkOrder(t, stream)
		})
	}
}

// encode returns what the encoder writes for a whole answer.
func encode(resp *llm.Response, req *llm.Request) ([]byte, llm.Lost) {
	enc := openai.Chat().NewEncoder(req)
	var out []byte
	for e := range resp.Events() {
		out = enc.Append(out, e)
	}
	return enc.End(out), enc.Lost()
}

func TestTheEncoderDeclaresItsLosses(t *testing.T) {
	tests := map[string]struct {
		resp   llm.Response
		want   llm.Lost
		finish string
	}{
		"nothing":       {llm.Response{Finish: llm.FinishStop, Parts: []llm.Part{{Text: "a"}}}, nil, "stop"},
		"a pause":       {llm.Response{Finish: llm.FinishPause}, llm.Lost{"finish.pause"}, "stop"},
		"another end":   {llm.Response{Finish: llm.FinishOther}, llm.Lost{"finish.other"}, "stop"},
		"no reason":     {llm.Response{}, llm.Lost{"finish.none"}, "stop"},
		"which stop":    {llm.Response{Finish: llm.FinishStopSequence, StopSequence: "x"}, llm.Lost{"stop_sequence"}, "stop"},
		"full window":   {llm.Response{Finish: llm.FinishContext}, llm.Lost{"finish.context_window"}, "length"},
		"limit":         {llm.Response{Finish: llm.FinishLength}, nil, "length"},
		"calls":         {llm.Response{Finish: llm.FinishToolCalls}, nil, "tool_calls"},
		"filter":        {llm.Response{Finish: llm.FinishContentFilter}, nil, "content_filter"},
		"refusal":       {llm.Response{Finish: llm.FinishRefusal, Parts: []llm.Part{{Kind: llm.KindRefusal, Text: "no"}}}, nil, "stop"},
		"bare refusal":  {llm.Response{Finish: llm.FinishRefusal}, nil, "content_filter"},
		"foreign block": {llm.Response{Finish: llm.FinishStop, Parts: []llm.Part{{Kind: llm.KindOpaque, Opaque: &llm.Opaque{Format: llm.AnthropicMessages, Type: "server_tool_use"}}}}, llm.Lost{"part.server_tool_use"}, "stop"},
		"sound":         {llm.Response{Finish: llm.FinishStop, Parts: []llm.Part{{Kind: llm.KindAudio, Media: &llm.Media{Data: "x"}}}}, llm.Lost{"part.audio"}, "stop"},
		"citation of a document": {llm.Response{Finish: llm.FinishStop, Parts: []llm.Part{{Text: "a", Citations: []llm.Citation{{Quote: "q", Unit: "page"}}}}},
			llm.Lost{"citations"}, "stop"},
		"foreign signature": {llm.Response{Finish: llm.FinishStop, Parts: []llm.Part{{Text: "a", Signature: "s", SignatureOf: llm.AnthropicMessages}}},
			llm.Lost{"part.signature"}, "stop"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			stream, lost := encode(&tt.resp, &llm.Request{})
			if diff := cmp.Diff(tt.want, lost); diff != "" {
				t.Errorf("stream: lost (-want +got):\n%s", diff)
			}
			if !bytes.Contains(stream, []byte(`"finish_reason":"`+tt.finish+`"`)) || !bytes.HasSuffix(stream, []byte(doneEvent)) {
				t.Errorf("stream %s; want finish %s", stream, tt.finish)
			}
			body, lost, err := openai.Chat().EncodeResponse(&tt.resp, &llm.Request{})
			if err != nil || !bytes.Contains(body, []byte(`"finish_reason":"`+tt.finish+`"`)) {
				t.Errorf("answer %s, %v; want finish %s", body, err, tt.finish)
			}
			if diff := cmp.Diff(tt.want, lost); diff != "" {
				t.Errorf("answer: lost (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUsageIsSentOnlyToWhoAsked(t *testing.T) {
	resp := &llm.Response{ID: "i", Finish: llm.FinishStop, Usage: llm.Usage{Reported: true}}
	resp.Usage.N[llm.Input] = 7
	for _, asked := range []bool{false, true} {
		out, _ := encode(resp, &llm.Request{StreamUsage: asked})
		if got := bytes.Contains(out, []byte(`"choices":[],"usage":{"prompt_tokens":7`)); got != asked {
			t.Errorf("asked %v: %s", asked, out)
		}
		if got := bytes.Contains(out, []byte(`"usage":null`)); got != asked {
			t.Errorf("asked %v: %s", asked, out)
		}
	}
}

func TestNothingLooksCompleteThatIsNot(t *testing.T) {
	enc := openai.Chat().NewEncoder(nil)
	out := enc.Append(nil, llm.Event{Kind: llm.EventPart, Part: &llm.Part{}})
	out = enc.Append(out, llm.Event{Kind: llm.EventDelta, Text: "half"})
	out = enc.Append(out, llm.Event{Kind: llm.EventPing})
	for name, end := range map[string][]byte{
		"an end without a finish": enc.End(bytes.Clone(out)),
		"a fault":                 enc.Fail(bytes.Clone(out), fault.New(fault.Upstream, "x", "down")),
	} {
		if bytes.Contains(end, []byte("[DONE]")) || bytes.Contains(end, []byte(`"finish_reason":"`)) {
			t.Errorf("%s looks complete: %s", name, end)
		}
		resp, err := llm.Collect(openai.Chat().DecodeStream(bytes.NewReader(end)))
		if err == nil || textOf(resp) != "half" {
			t.Errorf("%s was read as %v, %q", name, err, textOf(resp))
		}
	}
}

func TestObserveTellsWhatTheGatewayActsOn(t *testing.T) {
	chat := openai.Chat()
	type step struct {
		event                        string
		first, done, complete, usage bool
	}
	steps := []step{
		{event: `{"id":"i","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"finish_reason":null}],"usage":null}`},
		{event: `{"id":"i","choices":[{"index":0,"delta":{"content":"say \"usage\": 5"},"finish_reason":null}],"usage":null}`, first: true},
		{event: `{"id":"i","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage" : null}`, first: true, complete: true},
		{event: `{"id":"i","choices":[],"usage": {"prompt_tokens":1,"completion_tokens":2}}`, first: true, complete: true, usage: true},
		{event: `[DONE]`, first: true, complete: true, done: true},
		{event: `{"choices":[{"delta":{"content":"late"}}]}`, first: true, complete: true, done: true},
	}
	var r wire.Reading
	for _, s := range steps {
		chat.Observe("", []byte(s.event), &r)
		got := step{s.event, r.FirstToken, r.Done, r.Complete, r.UsageOnly}
		if got != s {
			t.Errorf("after %s: %+v; want %+v", s.event, got, s)
		}
	}
	if r.OutputBytes != int64(len(`say "usage": 5`)) || r.ID != "i" || r.Model != "m" || r.Usage.InputTokens() != 1 {
		t.Errorf("reading %+v", r)
	}
}

func TestAReadingKeepsNothingOfItsEvents(t *testing.T) {
	chat := openai.Chat()
	var r wire.Reading
	for _, s := range []string{
		`{"id":"ident","model":"model","service_tier":"flex","choices":[{"delta":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}`,
		`{"error":{"message":"words","code":"some_code","param":"field"}}`,
	} {
		data := []byte(s)
		chat.Observe("", data, &r)
		for i := range data {
			data[i] = '#'
		}
	}
	if r.ID != "ident" || r.Model != "model" || r.Usage.ServiceTier != "flex" || r.Err == nil || r.Err.Param != "field" ||
		!strings.Contains(r.Err.Message, "words") {
		t.Errorf("reading %+v, %+v", r, r.Err)
	}
	body := []byte(`{"id":"ident","model":"model","service_tier":"flex","error":{"message":"words","param":"field"}}`)
	r = chat.Measure(body)
	for i := range body {
		body[i] = '#'
	}
	if r.ID != "ident" || r.Usage.ServiceTier != "flex" || r.Err == nil || r.Err.Param != "field" {
		t.Errorf("reading %+v, %+v", r, r.Err)
	}
}
