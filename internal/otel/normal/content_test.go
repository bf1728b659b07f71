package normal_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

func TestContent(t *testing.T) {
	tests := map[string]struct {
		attrs             m
		events            []*tracepb.Span_Event
		request, response string
	}{
		"GenAI messages": {attrs: m{"gen_ai.input.messages": `[{"role":"user"}]`, "gen_ai.output.messages": `[{"role":"assistant"}]`},
			request: `[{"role":"user"}]`, response: `[{"role":"assistant"}]`},
		"GenAI messages with what the system was told": {attrs: m{"gen_ai.input.messages": `[1]`, "gen_ai.system_instructions": `[{"type":"text","content":"be kind"}]`, "gen_ai.tool.definitions": "not json"},
			request: `{"messages":[1],"system_instructions":[{"type":"text","content":"be kind"}],"tools":"not json"}`},
		"GenAI messages as values": {attrs: m{"gen_ai.input.messages": []any{m{"role": "user", "n": 1.5}}}, request: `[{"n":1.5,"role":"user"}]`},
		"GenAI messages in an event": {
			events:  []*tracepb.Span_Event{event("gen_ai.client.inference.operation.details", 0, m{"gen_ai.input.messages": "[1]", "gen_ai.output.messages": "[2]"})},
			request: "[1]", response: "[2]"},
		"OpenInference's whole values": {attrs: m{"input.value": "hello", "output.value": `{"a":1}`, "llm.input_messages.0.message.role": "user"}, request: "hello", response: `{"a":1}`},
		"OpenInference's parts": {
			attrs: m{"llm.input_messages.1.message.role": "user", "llm.input_messages.1.message.contents.0.message_content.type": "text", "llm.input_messages.1.message.contents.0.message_content.text": "hi",
				"llm.input_messages.0.message.role": "system", "llm.input_messages.0.message.content": "be kind",
				"llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "f", "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": `{"x":1}`},
			request:  `[{"content":"be kind","role":"system"},{"contents":[{"text":"hi","type":"text"}],"role":"user"}]`,
			response: `[{"tool_calls":[{"function":{"arguments":"{\"x\":1}","name":"f"}}]}]`},
		"a redacted value leaves the parts": {attrs: m{"input.value": "__REDACTED__", "llm.input_messages.0.message.content": "x"}, request: `[{"content":"x"}]`},
		"retrieved documents":               {attrs: m{"input.value": "q", "retrieval.documents.0.document.content": "d", "retrieval.documents.0.document.score": 0.5}, request: "q", response: `[{"content":"d","score":0.5}]`},
		"Traceloop's parts": {attrs: m{"gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "hi", "gen_ai.completion.0.content": "ho", "gen_ai.completion.0.finish_reason": "stop"},
			request: `[{"content":"hi","role":"user"}]`, response: `[{"content":"ho","finish_reason":"stop"}]`},
		"Traceloop's entity":         {attrs: m{"traceloop.entity.input": `{"inputs":{}}`, "traceloop.entity.output": "done"}, request: `{"inputs":{}}`, response: "done"},
		"the first GenAI attributes": {attrs: m{"gen_ai.prompt": "hi", "gen_ai.completion": "ho"}, request: "hi", response: "ho"},
		"a tool":                     {attrs: m{"gen_ai.tool.call.arguments": `{"a":1}`, "gen_ai.tool.call.result": "7"}, request: `{"a":1}`, response: "7"},
		"Vercel, text and calls":     {attrs: m{"ai.prompt.messages": "[1]", "ai.response.text": "ho", "ai.response.toolCalls": `[{"name":"f"}]`}, request: "[1]", response: `{"text":"ho","toolCalls":[{"name":"f"}]}`},
		"Vercel, an object":          {attrs: m{"ai.prompt": `{"prompt":"x"}`, "ai.response.object": `{"b":2}`}, request: `{"prompt":"x"}`, response: `{"object":{"b":2}}`},
		"Vercel, a tool":             {attrs: m{"ai.toolCall.args": `{"c":3}`, "ai.toolCall.result": `"sunny"`}, request: `{"c":3}`, response: `"sunny"`},
		"MLflow":                     {attrs: m{"mlflow.spanInputs": `{"q":1}`, "mlflow.spanOutputs": `"a"`}, request: `{"q":1}`, response: `"a"`},
		"Langfuse before all":        {attrs: m{"langfuse.observation.input": "in", "langfuse.observation.output": "out", "input.value": "other"}, request: "in", response: "out"},
		"Langfuse's trace after all": {attrs: m{"langfuse.trace.input": "in", "langfuse.trace.output": "out", "input": "nearer"}, request: "nearer", response: "out"},
		"Pydantic AI":                {attrs: m{"pydantic_ai.all_messages": "[1]", "final_result": "done"}, request: "[1]", response: "done"},
		"Logfire's list of events":   {attrs: m{"events": `[{"event.name":"gen_ai.user.message","content":"hi"},{"event.name":"gen_ai.choice","message":{}}]`}, request: `[{"event.name":"gen_ai.user.message","content":"hi"}]`, response: `[{"event.name":"gen_ai.choice","message":{}}]`},
		"Genkit":                     {attrs: m{"genkit:input": `"in"`, "genkit:output": `{"o":1}`}, request: `"in"`, response: `{"o":1}`},
		"Google ADK, whose empty objects say nothing": {attrs: m{"gcp.vertex.agent.llm_request": "{}", "gcp.vertex.agent.llm_response": "{}", "gcp.vertex.agent.tool_call_args": `{"n":1}`, "gcp.vertex.agent.tool_response": `{"r":2}`}, request: `{"n":1}`, response: `{"r":2}`},
		"LiveKit": {attrs: m{"lk.chat_ctx": "[1]", "lk.response.text": "ho"}, request: "[1]", response: "ho"},
		"the first events": {
			events: []*tracepb.Span_Event{event("gen_ai.content.prompt", 0, m{"gen_ai.prompt": "hi"}), event("gen_ai.content.completion", 0, m{"gen_ai.completion": `{"x":1}`})}, request: "hi", response: `{"x":1}`},
		"an event for each message": {
			events:  []*tracepb.Span_Event{event("gen_ai.system.message", 0, m{"content": "be kind"}), event("gen_ai.user.message", 0, m{"gen_ai.event.content": `{"content":"hi","role":"user"}`}), event("gen_ai.choice", 0, m{"index": 0, "message": "ho"})},
			request: `[{"role":"system","content":"be kind"},{"content":"hi","role":"user"}]`, response: `{"index":0,"message":"ho"}`},
		"what went wrong": {
			events:   []*tracepb.Span_Event{event("exception", 0, m{"exception.type": "a.B", "exception.message": "no <x>", "exception.stacktrace": "line"})},
			response: `{"error":{"type":"a.B","message":"no <x>","stacktrace":"line"}}`},
		"text that only looks like JSON": {attrs: m{"input.value": `{"a":`, "output.value": "42"}, request: `{"a":`, response: "42"},
		"nothing":                        {attrs: m{"input.value": "", "output.value": "null"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := spanOf(tt.attrs)
			s.Events = tt.events
			r := read(t, s)
			c := r.Content
			if string(c.Request) != tt.request {
				t.Errorf("request\n %s; want\n %s", c.Request, tt.request)
			}
			if string(c.Response) != tt.response {
				t.Errorf("response\n %s; want\n %s", c.Response, tt.response)
			}
			if got, want := c.RequestType, mime(tt.request); got != want {
				t.Errorf("request is %q; want %q", got, want)
			}
			if got, want := c.ResponseType, mime(tt.response); got != want {
				t.Errorf("response is %q; want %q", got, want)
			}
			if r.Call.RequestBytes != int64(len(tt.request)) || r.Call.ResponseBytes != int64(len(tt.response)) {
				t.Errorf("sizes %d and %d", r.Call.RequestBytes, r.Call.ResponseBytes)
			}
			var back tracepb.ResourceSpans
			if err := proto.Unmarshal(c.Raw, &back); err != nil || !proto.Equal(back.ScopeSpans[0].Spans[0], s) {
				t.Errorf("the span is not kept as it came: %v", err)
			}
		})
	}
}

func mime(s string) string {
	switch {
	case s == "":
		return ""
	case strings.ContainsAny(s[:1], `{["`) && s != `{"a":`:
		return "application/json"
	}
	return "text/plain"
}

func TestErrors(t *testing.T) {
	failed := func(message string) *tracepb.Status {
		return &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: message}
	}
	exception := func(kind, message string) *tracepb.Span_Event {
		return event("exception", time.Second, m{"exception.type": kind, "exception.message": message})
	}
	call := m{"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-5"}
	with := func(more m) m {
		all := m{}
		for _, a := range []m{call, more} {
			for k, v := range a {
				all[k] = v
			}
		}
		return all
	}
	tests := map[string]struct {
		attrs  m
		status *tracepb.Status
		event  *tracepb.Span_Event
		want   string
	}{
		"none":                           {attrs: call, want: "ok"},
		"a status code that was fine":    {attrs: with(m{"http.response.status_code": 200}), want: "ok 200"},
		"only the status":                {attrs: call, status: failed(""), want: "error upstream error"},
		"an SDK's exception":             {attrs: call, status: failed("x"), event: exception("openai.RateLimitError", "Error code: 429 - {'error': {}}"), want: "error 429 refused rate_limit_error"},
		"an exception without a status":  {attrs: call, event: exception("ValueError", "x"), want: "error upstream value_error"},
		"an exception that was caught":   {attrs: call, status: &tracepb.Status{Code: tracepb.Status_STATUS_CODE_OK}, event: exception("ValueError", "x"), want: "ok"},
		"error.type is a status":         {attrs: with(m{"error.type": "503"}), want: "error 503 upstream http_503"},
		"error.type is a class":          {attrs: with(m{"error.type": "com.acme.net.SocketTimeoutException"}), want: "error timeout socket_timeout_exception"},
		"error.type is a code":           {attrs: with(m{"error.type": "rate_limit_exceeded"}), status: failed(""), want: "error refused rate_limit_exceeded"},
		"error.type is a sentence":       {attrs: with(m{"error.type": "The quick brown fox jumps, and 1 secret"}), want: "error upstream error"},
		"the status names the exception": {attrs: call, status: failed("APITimeoutError: Request timed out."), want: "error timeout api_timeout_error"},
		"an HTTP status beside":          {attrs: with(m{"http.response.status_code": 401}), status: failed("nope"), want: "error 401 refused http_401"},
		"an HTTP status in words":        {attrs: call, status: failed("HTTP 502 from upstream"), want: "error 502 upstream http_502"},
		"a number that is no status":     {attrs: call, status: failed("used 512 tokens"), want: "error upstream error"},
		"who called went away":           {attrs: call, status: failed(""), event: exception("asyncio.exceptions.CancelledError", ""), want: "cancelled cancelled cancelled_error"},
		"a tool's own fault":             {attrs: m{"gen_ai.operation.name": "execute_tool"}, event: exception("KeyError", "'x'"), want: "error internal key_error"},
		"Vercel's name":                  {attrs: call, event: exception("AI_APICallError", "x"), want: "error upstream ai_api_call_error"},
		"Go's type":                      {attrs: call, event: exception("*url.Error", "x"), want: "error upstream error"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := spanOf(tt.attrs)
			s.Status = tt.status
			if tt.event != nil {
				s.Events = []*tracepb.Span_Event{tt.event}
			}
			if got := ended(read(t, s)); got != tt.want {
				t.Errorf("ended %q; want %q", got, tt.want)
			}
		})
	}
}

func TestFinish(t *testing.T) {
	tests := map[string]struct {
		attrs m
		want  string
	}{
		"an array":            {m{"gen_ai.response.finish_reasons": []string{"tool_calls", "stop"}}, "ok tool_calls"},
		"an array as JSON":    {m{"gen_ai.response.finish_reasons": `["max_tokens"]`}, "ok length"},
		"a word":              {m{"gen_ai.response.finish_reasons": "end_turn"}, "ok stop"},
		"Gemini's":            {m{"gen_ai.response.finish_reasons": []string{"MAX_TOKENS"}}, "ok length"},
		"Gemini's safety":     {m{"gen_ai.response.finish_reasons": []string{"SAFETY"}}, "ok content_filter"},
		"Vercel's":            {m{"ai.response.finishReason": "content-filter"}, "ok content_filter"},
		"Anthropic's":         {m{"gen_ai.response.finish_reasons": []string{"pause_turn"}}, "ok pause"},
		"its own window":      {m{"gen_ai.response.finish_reasons": []string{"model_context_window_exceeded"}}, "ok context_window"},
		"of the messages":     {m{"gen_ai.output.messages": `[{"role":"assistant","finish_reason":"tool_call"}]`}, "ok tool_calls"},
		"of OpenAI's answer":  {m{"output.value": `{"choices":[{"finish_reason":"length"}]}`}, "ok length"},
		"of a plain answer":   {m{"output.value": `{"stop_reason":"refusal"}`}, "ok refusal"},
		"a word of nobody":    {m{"gen_ai.response.finish_reasons": []string{"tired"}}, "ok other"},
		"Vercel's unknown":    {m{"ai.response.finishReason": "unknown"}, "ok other"},
		"a stop sequence":     {m{"gen_ai.response.finish_reasons": []string{"stop_sequence"}}, "ok stop_sequence"},
		"not said":            {m{}, "ok"},
		"an array of nothing": {m{"gen_ai.response.finish_reasons": []string{}}, "ok"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := ended(read(t, spanOf(tt.attrs))); got != tt.want {
				t.Errorf("ended %q; want %q", got, tt.want)
			}
		})
	}
}
