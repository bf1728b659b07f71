package normal

import (
	"bytes"
	"strings"

	"github.com/tidwall/gjson"
)

// document is one side of what was said.
type document struct {
	body []byte
	json bool
	cut  bool
}

const (
	jsonType  = "application/json"
	plainType = "text/plain"
)

func (d document) empty() bool { return len(d.body) == 0 }

func (d document) mime() string {
	switch {
	case d.empty():
		return ""
	case d.json:
		return jsonType
	}
	return plainType
}

// get returns a part of a JSON document; of a text there is none.
func (d document) get(path string) gjson.Result {
	if !d.json {
		return gjson.Result{}
	}
	return gjson.GetBytes(d.body, path)
}

// document makes one of a text. It is JSON only where it is an object, an array or a
// string: a bare number is a text.
func (n *reader) document(s string) document {
	t := strings.TrimSpace(s)
	switch t {
	case "", "null", "{}", "[]", `""`, "__REDACTED__", `"__REDACTED__"`:
		return document{}
	}
	d := document{body: []byte(s)}
	if n.cut.Values > 0 && len(s) > n.limits.Value-4 {
		d.cut = true // it, or something as long, was shortened
	}
	if len(d.body) > n.limits.Raw {
		d.body, d.cut = d.body[:n.limits.Raw], true
		n.cut.Values++
	}
	d.json = !d.cut && (t[0] == '{' || t[0] == '[' || t[0] == '"') && wellFormed(t)
	return d
}

// plain takes the first of the attributes that says something.
func (n *reader) plain(names ...string) func() document {
	return func() document {
		for _, name := range names {
			if v, ok := n.attrs.by[name]; ok {
				if d := n.document(textOf(v)); !d.empty() {
					return d
				}
			}
		}
		return document{}
	}
}

// flat takes the first of the flattened arrays that has something.
func (n *reader) flat(prefixes ...string) func() document {
	return func() document {
		for _, p := range prefixes {
			if b := n.assemble(n.attrs.list, p); b != nil {
				return n.document(string(b))
			}
		}
		return document{}
	}
}

// object puts parts together under their names; if only the first is there, it stands
// alone.
func (n *reader) object(names []string, parts []string) document {
	var b bytes.Buffer
	have := 0
	for i, p := range parts {
		if n.document(p).empty() {
			continue
		}
		b.WriteString([]string{"{", ","}[min(have, 1)])
		b.Write(append(appendString(nil, names[i]), ':'))
		b.Write(rawJSON(p))
		have++
	}
	if have == 0 || (have == 1 && !n.document(parts[0]).empty()) {
		return n.document(parts[0])
	}
	b.WriteByte('}')
	return n.document(b.String())
}

// rawJSON returns s if it is a JSON document, else s as a JSON string.
func rawJSON(s string) []byte {
	if t := strings.TrimSpace(s); t != "" && strings.ContainsAny(t[:1], `{["`) && wellFormed(t) {
		return []byte(t)
	}
	return appendString(nil, s)
}

// documents finds what was said: first what a convention gives as a whole, then what
// must be put together.
func (n *reader) documents() {
	n.request = first(
		n.plain("langfuse.observation.input"),
		func() document { return n.asked(n.attrs) },
		n.plain("input.value"),
		n.flat("llm.input_messages", "llm.prompts", "embedding.embeddings", "reranker.input_documents"),
		n.plain("ai.prompt.messages", "ai.prompt", "ai.toolCall.args", "ai.values", "ai.value"),
		n.flat("gen_ai.prompt"),
		n.plain("gen_ai.prompt", "gen_ai.tool.call.arguments", "gen_ai.retrieval.query.text", "gen_ai.tool.arguments"),
		n.plain("pydantic_ai.all_messages", "all_messages_events", "tool_arguments"),
		n.plain("traceloop.entity.input", "mlflow.spanInputs", "genkit:input"),
		n.plain("gcp.vertex.agent.llm_request", "gcp.vertex.agent.tool_call_args", "gcp.vertex.agent.data"),
		n.plain("lk.pii.chat_ctx", "lk.chat_ctx", "lk.pii.function_tool.arguments", "lk.function_tool.arguments",
			"lk.pii.input_text", "lk.input_text", "lk.pii.user_input", "lk.user_input", "lk.pii.user_transcript", "lk.user_transcript"),
		func() document { return n.eventSide(false) },
		n.plain("llm.request.messages", "llm.prompt_template.template", "tool.parameters", "crewai.task.description", "input", "prompt", "request_data"),
		n.plain("langfuse.trace.input"),
	)
	n.response = first(
		n.plain("langfuse.observation.output"),
		func() document { return n.answered(n.attrs) },
		n.plain("output.value"),
		n.flat("llm.output_messages", "llm.choices", "retrieval.documents", "reranker.output_documents"),
		func() document {
			return n.object([]string{"text", "reasoning", "toolCalls", "object"}, []string{
				n.attrs.text("ai.response.text", "ai.result.text"), n.attrs.text("ai.response.reasoning"),
				n.attrs.text("ai.response.toolCalls", "ai.result.toolCalls"), n.attrs.text("ai.response.object", "ai.result.object")})
		},
		n.plain("ai.toolCall.result", "ai.embeddings", "ai.embedding"),
		n.flat("gen_ai.completion"),
		n.plain("gen_ai.completion", "gen_ai.tool.call.result", "gen_ai.retrieval.documents", "gen_ai.tool.output"),
		n.plain("final_result", "tool_response", "traceloop.entity.output", "mlflow.spanOutputs", "genkit:output"),
		n.plain("gcp.vertex.agent.llm_response", "gcp.vertex.agent.tool_response"),
		n.plain("lk.pii.response.text", "lk.response.text", "lk.pii.response.function_calls", "lk.response.function_calls",
			"lk.pii.function_tool.output", "lk.function_tool.output"),
		func() document { return n.eventSide(true) },
		n.plain("output", "completion", "response_data"),
		n.plain("langfuse.trace.output"),
		n.failure,
	)
}

func first(sources ...func() document) document {
	for _, f := range sources {
		if d := f(); !d.empty() {
			return d
		}
	}
	return document{}
}

// asked is the input in the words of the GenAI conventions.
func (n *reader) asked(a *attrs) document {
	return n.object([]string{"messages", "system_instructions", "tools"}, []string{
		a.text("gen_ai.input.messages"), a.text("gen_ai.system_instructions", "gen_ai.system.instructions"),
		a.text("gen_ai.tool.definitions")})
}

// answered is the output in the words of the GenAI conventions.
func (n *reader) answered(a *attrs) document { return n.document(a.text("gen_ai.output.messages")) }

// failure is what went wrong, where nothing else was answered.
func (n *reader) failure() document {
	e := n.exception()
	message := e.message
	if message == "" {
		message = n.attrs.text("langfuse.observation.status_message")
	}
	if message == "" {
		message = n.span.GetStatus().GetMessage()
	}
	if message == "" && e.stack == "" {
		return document{}
	}
	b := appendString([]byte(`{"error":{"type":`), e.kind)
	b = appendString(append(b, `,"message":`...), message)
	if e.stack != "" {
		b = appendString(append(b, `,"stacktrace":`...), e.stack)
	}
	return n.document(string(append(b, "}}"...)))
}
