package conform_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
)

// dialect is how a client speaks to Steward, and how a provider of the same format
// answers: "Hello world" in two pieces, 9 tokens in and 4 out.
type dialect struct {
	format llm.Format
	kind   string // of a provider that speaks it
	base   string // path of that provider's API
	key    string // the header where the SDK puts its key
	path   func(model string, stream bool) string
	body   func(model string, stream bool) string

	whole      string   // the provider's whole answer
	streamType string   // of the provider's stream
	frames     []string // the provider's stream, event by event
	finish     int      // index of the event with the finish reason
	terminator int      // index of the event that ends the stream; -1: the finish does
	errorBody  string   // the provider's 429 in its own words

	// complete reports whether a client would take the stream for a whole answer.
	complete func(body []byte) bool
	// failed reports whether the stream tells of an error in the format's own way.
	failed func(body []byte) bool
	// fault reads an error body: message and code; ok is false if it is not the format's.
	fault func(header http.Header, body []byte) (message, code string, ok bool)
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// events returns the data of a stream's events, of those that are whole.
func events(body []byte) []gjson.Result {
	var list []gjson.Result
	blocks := strings.Split(string(body), "\n\n")
	for _, block := range blocks[:len(blocks)-1] {
		for line := range strings.SplitSeq(block, "\n") {
			if data, ok := strings.CutPrefix(line, "data: "); ok {
				list = append(list, gjson.Parse(data))
			}
		}
	}
	return list
}

func anyEvent(body []byte, is func(e gjson.Result) bool) bool {
	for _, e := range events(body) {
		if is(e) {
			return true
		}
	}
	return false
}

var openAIChat = dialect{
	format: llm.OpenAIChat, kind: "cerebras", base: "/v1", key: "Authorization",
	path: func(string, bool) string { return "/v1/chat/completions" },
	body: func(model string, stream bool) string {
		return `{"model":` + quoted(model) + `,"messages":[{"role":"user","content":"Say hello to the world"}],"max_completion_tokens":50,"stream":` + strconv.FormatBool(stream) + `,"stream_options":{"include_usage":` + strconv.FormatBool(stream) + `}}`
	},
	whole:      `{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"m-1","choices":[{"index":0,"message":{"role":"assistant","content":"Hello world"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}}`,
	streamType: "text/event-stream",
	frames: []string{
		`data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}` + "\n\n",
		`data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"m-1","choices":[{"index":0,"delta":{"content":"Hello "},"finish_reason":null}]}` + "\n\n",
		`data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"m-1","choices":[{"index":0,"delta":{"content":"world"},"finish_reason":null}]}` + "\n\n",
		`data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"m-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\n",
		`data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"m-1","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}}` + "\n\n",
		"data: [DONE]\n\n",
	},
	finish: 3, terminator: 5,
	errorBody: `{"error":{"message":"slow down","type":"requests","param":null,"code":"rate_limit_exceeded"}}`,
	complete: func(body []byte) bool {
		return bytes.Contains(body, []byte("[DONE]")) || anyEvent(body, func(e gjson.Result) bool { return e.Get("choices.0.finish_reason").String() != "" })
	},
	failed: func(body []byte) bool {
		return anyEvent(body, func(e gjson.Result) bool { return e.Get("error.message").String() != "" })
	},
	fault: openAIFault,
}

func openAIFault(_ http.Header, body []byte) (message, code string, ok bool) {
	var e struct {
		Error struct {
			Message, Type, Code, Param *string
			Call                       string `json:"call_id"`
		}
	}
	if strict(body, &e) != nil || e.Error.Message == nil || e.Error.Type == nil || e.Error.Code == nil {
		return "", "", false
	}
	return *e.Error.Message, *e.Error.Code, gjson.GetBytes(body, "error.param").Exists()
}

// strict reads JSON that has no fields but those of v.
func strict(body []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

const responseHead = `"id":"resp_1","object":"response","created_at":1700000000,"model":"m-1","error":null,"incomplete_details":null,"instructions":null,"metadata":{},"parallel_tool_calls":true,"temperature":1,"tool_choice":"auto","tools":[],"top_p":1`

const responseItem = `{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Hello world","annotations":[]}]}`

const responseUsage = `"usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":0},"output_tokens":4,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":13}`

func responsesEvent(name, rest string, n int) string {
	return "event: " + name + "\ndata: {\"type\":\"" + name + "\",\"sequence_number\":" + strconv.Itoa(n) + "," + rest + "}\n\n"
}

var openAIResponses = dialect{
	format: llm.OpenAIResponses, kind: "openai", base: "/v1", key: "Authorization",
	path: func(string, bool) string { return "/v1/responses" },
	body: func(model string, stream bool) string {
		return `{"model":` + quoted(model) + `,"input":"Say hello to the world","max_output_tokens":50,"store":false,"stream":` + strconv.FormatBool(stream) + `}`
	},
	whole:      `{` + responseHead + `,"status":"completed","output":[` + responseItem + `],` + responseUsage + `}`,
	streamType: "text/event-stream",
	frames: []string{
		responsesEvent("response.created", `"response":{`+responseHead+`,"status":"in_progress","output":[],"usage":null}`, 0),
		responsesEvent("response.output_item.added", `"output_index":0,"item":{"id":"msg_1","type":"message","status":"in_progress","role":"assistant","content":[]}`, 1),
		responsesEvent("response.content_part.added", `"item_id":"msg_1","output_index":0,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]}`, 2),
		responsesEvent("response.output_text.delta", `"item_id":"msg_1","output_index":0,"content_index":0,"delta":"Hello "`, 3),
		responsesEvent("response.output_text.delta", `"item_id":"msg_1","output_index":0,"content_index":0,"delta":"world"`, 4),
		responsesEvent("response.output_text.done", `"item_id":"msg_1","output_index":0,"content_index":0,"text":"Hello world"`, 5),
		responsesEvent("response.output_item.done", `"output_index":0,"item":`+responseItem, 6),
		responsesEvent("response.completed", `"response":{`+responseHead+`,"status":"completed","output":[`+responseItem+`],`+responseUsage+`}`, 7),
	},
	finish: 7, terminator: -1,
	errorBody: `{"error":{"message":"slow down","type":"requests","param":null,"code":"rate_limit_exceeded"}}`,
	complete: func(body []byte) bool {
		return bytes.Contains(body, []byte("response.completed")) || bytes.Contains(body, []byte("response.incomplete"))
	},
	failed: func(body []byte) bool {
		return anyEvent(body, func(e gjson.Result) bool {
			return e.Get("type").Str == "response.failed" && e.Get("response.error.message").Str != "" || e.Get("type").Str == "error" && e.Get("message").Str != ""
		})
	},
	fault: openAIFault,
}

var anthropicMessages = dialect{
	format: llm.AnthropicMessages, kind: "anthropic", base: "", key: "X-Api-Key",
	path: func(string, bool) string { return "/v1/messages" },
	body: func(model string, stream bool) string {
		return `{"model":` + quoted(model) + `,"max_tokens":50,"messages":[{"role":"user","content":"Say hello to the world"}],"stream":` + strconv.FormatBool(stream) + `}`
	},
	whole:      `{"id":"msg_1","type":"message","role":"assistant","model":"m-1","content":[{"type":"text","text":"Hello world"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":4}}`,
	streamType: "text/event-stream",
	frames: []string{
		"event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m-1\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\n\n",
		"event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
		"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello \"}}\n\n",
		"event: ping\ndata: {\"type\":\"ping\"}\n\n",
		"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"world\"}}\n\n",
		"event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
		"event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":4}}\n\n",
		"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
	},
	finish: 6, terminator: 7,
	errorBody: `{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}`,
	complete: func(body []byte) bool {
		return anyEvent(body, func(e gjson.Result) bool {
			return e.Get("type").Str == "message_stop" || e.Get("delta.stop_reason").String() != ""
		})
	},
	failed: func(body []byte) bool {
		return anyEvent(body, func(e gjson.Result) bool { return e.Get("type").Str == "error" && e.Get("error.message").Str != "" })
	},
	fault: func(_ http.Header, body []byte) (message, code string, ok bool) {
		e := gjson.ParseBytes(body)
		return e.Get("error.message").Str, e.Get("error.code").Str,
			gjson.ValidBytes(body) && e.Get("type").Str == "error" && e.Get("error.type").Str != "" && e.Get("request_id").Str != ""
	},
}

var geminiGenerate = dialect{
	format: llm.GeminiGenerate, kind: "gemini", base: "", key: "X-Goog-Api-Key",
	path: func(model string, stream bool) string {
		if stream {
			return "/v1beta/models/" + model + ":streamGenerateContent?alt=sse"
		}
		return "/v1beta/models/" + model + ":generateContent"
	},
	body: func(string, bool) string {
		return `{"contents":[{"role":"user","parts":[{"text":"Say hello to the world"}]}],"generationConfig":{"maxOutputTokens":50}}`
	},
	whole:      `{"candidates":[{"content":{"role":"model","parts":[{"text":"Hello world"}]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":4,"totalTokenCount":13},"modelVersion":"m-1","responseId":"r-1"}`,
	streamType: "text/event-stream",
	frames: []string{
		"data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"Hello \"}]},\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":9,\"totalTokenCount\":9},\"modelVersion\":\"m-1\",\"responseId\":\"r-1\"}\r\n\r\n",
		"data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"world\"}]},\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":9,\"totalTokenCount\":9},\"modelVersion\":\"m-1\",\"responseId\":\"r-1\"}\r\n\r\n",
		"data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"\"}]},\"finishReason\":\"STOP\",\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":9,\"candidatesTokenCount\":4,\"totalTokenCount\":13},\"modelVersion\":\"m-1\",\"responseId\":\"r-1\"}\r\n\r\n",
	},
	finish: 2, terminator: -1,
	errorBody: `{"error":{"code":429,"message":"slow down","status":"RESOURCE_EXHAUSTED"}}`,
	complete:  func(body []byte) bool { return bytes.Contains(body, []byte("finishReason")) },
	failed: func(body []byte) bool {
		return anyEvent(bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n")), func(e gjson.Result) bool { return e.Get("error.message").Str != "" })
	},
	fault: geminiFault,
}

func geminiFault(_ http.Header, body []byte) (message, code string, ok bool) {
	e := gjson.ParseBytes(body)
	return e.Get("error.message").Str, e.Get("error.details.0.reason").Str,
		gjson.ValidBytes(body) && e.Get("error.code").Int() >= 400 && e.Get("error.status").Str != ""
}

// geminiArray is Gemini without alt=sse: the stream is one JSON array.
var geminiArray = func() dialect {
	d := geminiGenerate
	d.path = func(model string, stream bool) string {
		return strings.TrimSuffix(geminiGenerate.path(model, stream), "?alt=sse")
	}
	d.streamType = "application/json"
	d.frames = nil
	for i, f := range geminiGenerate.frames {
		f = strings.TrimSpace(strings.TrimPrefix(f, "data: "))
		switch i {
		case 0:
			f = "[" + f
		default:
			f = ",\r\n" + f
		}
		if i == len(geminiGenerate.frames)-1 {
			f += "]"
		}
		d.frames = append(d.frames, f)
	}
	d.failed = func(body []byte) bool { return bytes.Contains(body, []byte(`"error"`)) }
	return d
}()

var bedrockConverse = dialect{
	format: llm.BedrockConverse, kind: "bedrock", base: "", key: "Authorization",
	path: func(model string, stream bool) string {
		if model = strings.ReplaceAll(model, "/", "%2F"); stream {
			return "/model/" + model + "/converse-stream"
		}
		return "/model/" + model + "/converse"
	},
	body: func(string, bool) string {
		return `{"messages":[{"role":"user","content":[{"text":"Say hello to the world"}]}],"inferenceConfig":{"maxTokens":50}}`
	},
	whole:      `{"output":{"message":{"role":"assistant","content":[{"text":"Hello world"}]}},"stopReason":"end_turn","usage":{"inputTokens":9,"outputTokens":4,"totalTokens":13},"metrics":{"latencyMs":9}}`,
	streamType: "application/vnd.amazon.eventstream",
	frames: []string{
		string(eventStream(`messageStart {"role":"assistant"}`)),
		string(eventStream(`contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"Hello "}}`)),
		string(eventStream(`contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"world"}}`)),
		string(eventStream(`contentBlockStop {"contentBlockIndex":0}`)),
		string(eventStream(`messageStop {"stopReason":"end_turn"}`)),
		string(eventStream(`metadata {"usage":{"inputTokens":9,"outputTokens":4,"totalTokens":13},"metrics":{"latencyMs":9}}`)),
	},
	finish: 4, terminator: -1,
	errorBody: `{"message":"slow down"}`,
	complete:  func(body []byte) bool { return bytes.Contains(body, []byte("messageStop")) },
	failed:    func(body []byte) bool { return bytes.Contains(body, []byte(":exception-type")) },
	fault: func(h http.Header, body []byte) (message, code string, ok bool) {
		return gjson.GetBytes(body, "message").Str, gjson.GetBytes(body, "code").Str, gjson.ValidBytes(body) && h.Get("X-Amzn-Errortype") != ""
	},
}

// dialects are those that Steward has a codec for.
func dialects(t testing.TB) map[string]dialect {
	all := map[string]dialect{"openai-chat": openAIChat, "openai-responses": openAIResponses, "anthropic-messages": anthropicMessages,
		"gemini-generate": geminiGenerate, "gemini-array": geminiArray, "bedrock-converse": bedrockConverse}
	for name, d := range all {
		if !hasCodec(d.format) {
			t.Logf("no codec for %s yet", name)
			delete(all, name)
		}
	}
	return all
}

// request makes a dialect's request to the model.
func (d *dialect) request(key, model string, stream bool) request {
	h := http.Header{"Content-Type": {"application/json"}}
	if d.key == "Authorization" {
		key = "Bearer " + key
	}
	h.Set(d.key, key)
	return request{method: http.MethodPost, path: d.path(model, stream), body: []byte(d.body(model, stream)), header: h}
}

// stream is the provider's whole stream.
func (d *dialect) stream() string { return strings.Join(d.frames, "") }
