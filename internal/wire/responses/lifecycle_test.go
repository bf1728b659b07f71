package responses_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/steward-llmops/steward/internal/wire/sse"
)

// lifecycle checks a stream of the Responses API as its strictest clients do, and
// returns the final response object. It knows nothing of the encoder.
type lifecycle struct {
	// recorded allows what real providers do and we need not: ids of their own
	// form, queues, the progress of server tools, and items that the last event
	// repeats a little otherwise (sealed anew, rounded).
	recorded bool

	seq      int
	created  bool
	id       string
	items    []*lifeItem
	terminal string
	final    map[string]any
	errored  bool
}

type lifeItem struct {
	id, typ  string
	done     map[string]any
	contents []*lifePart
	summary  []*lifePart
	args     lifePart
}

// ours reports whether the item's id is made here, and not by a server tool or
// by whoever thought.
func (it *lifeItem) ours() bool {
	return it.typ == "message" || it.typ == "function_call" || it.typ == "custom_tool_call"
}

type lifePart struct {
	typ         string
	text        string
	textDone    bool
	done        bool
	annotations []any
}

func checkLifecycle(stream []byte) (map[string]any, error) {
	var l lifecycle
	return l.check(stream)
}

func (l *lifecycle) check(stream []byte) (map[string]any, error) {
	var failure error
	err := sse.Events(bytes.NewReader(stream), func(name string, data []byte) bool {
		if failure = l.event(name, data); failure != nil {
			failure = fmt.Errorf("event %s: %w", data, failure)
		}
		return failure == nil
	})
	if failure == nil {
		failure = err
	}
	if failure == nil && l.terminal == "" {
		failure = fmt.Errorf("no terminal event")
	}
	return l.final, failure
}

func (l *lifecycle) event(name string, data []byte) error {
	var e map[string]any
	if err := json.Unmarshal(data, &e); err != nil {
		return err
	}
	if e["type"] != name {
		return fmt.Errorf("event name %q is not the type", name)
	}
	if e["sequence_number"] != float64(l.seq) {
		return fmt.Errorf("sequence number is not %d", l.seq)
	}
	l.seq++
	if l.terminal != "" {
		return fmt.Errorf("comes after %s", l.terminal)
	}
	switch name {
	case "response.created", "response.in_progress":
		return l.begin(name, e)
	case "response.queued":
		if l.recorded {
			return nil
		}
	case "error":
		l.errored = true
		return nil
	case "response.completed", "response.incomplete", "response.failed":
		return l.end(name, e)
	}
	if !l.created {
		return fmt.Errorf("comes before response.created")
	}
	return l.itemEvent(name, e)
}

func (l *lifecycle) begin(name string, e map[string]any) error {
	r := e["response"].(map[string]any)
	if (name == "response.created") == l.created {
		return fmt.Errorf("comes twice, or late")
	}
	if l.created = true; l.id != "" && l.id != r["id"] {
		return fmt.Errorf("the response has changed its id")
	}
	l.id = r["id"].(string)
	if l.recorded && r["status"] == "queued" {
		r["status"] = "in_progress"
	}
	if r["status"] != "in_progress" || len(r["output"].([]any)) != 0 || r["usage"] != nil {
		return fmt.Errorf("an answer that begins is in progress, and empty")
	}
	return l.object(r)
}

func (l *lifecycle) itemEvent(name string, e map[string]any) error {
	at, ok := e["output_index"].(float64)
	if !ok {
		return fmt.Errorf("no output_index")
	}
	if name == "response.output_item.added" {
		if int(at) != len(l.items) {
			return fmt.Errorf("output_index is not %d", len(l.items))
		}
		item := e["item"].(map[string]any)
		it := &lifeItem{typ: item["type"].(string)}
		it.id, _ = item["id"].(string)
		if it.ours() && it.id == "" {
			return fmt.Errorf("the item has no id")
		}
		for _, other := range l.items {
			if it.ours() && other.ours() && other.id == it.id {
				return fmt.Errorf("the item's id is taken")
			}
		}
		l.items = append(l.items, it)
		return nil
	}
	if int(at) >= len(l.items) {
		return fmt.Errorf("the item was never added")
	}
	it := l.items[int(at)]
	if it.done != nil {
		return fmt.Errorf("the item is done already")
	}
	if name == "response.output_item.done" {
		return it.end(e["item"].(map[string]any))
	}
	if e["item_id"] != it.id {
		return fmt.Errorf("item_id is not %q", it.id)
	}
	if l.recorded && strings.Contains(name, "_call") && strings.HasPrefix(name, "response."+it.typ) && it.typ != "function_call" {
		return nil
	}
	return it.event(name, e)
}

func (it *lifeItem) event(name string, e map[string]any) error {
	str := func(key string) string { s, _ := e[key].(string); return s }
	switch name {
	case "response.content_part.added":
		return addPart(&it.contents, e, "content_index")
	case "response.reasoning_summary_part.added":
		return addPart(&it.summary, e, "summary_index")
	case "response.function_call_arguments.delta", "response.custom_tool_call_input.delta":
		it.args.text += str("delta")
		return nil
	case "response.function_call_arguments.done":
		return it.args.finishText(str("arguments"))
	case "response.custom_tool_call_input.done":
		return it.args.finishText(str("input"))
	}
	list, index := it.contents, "content_index"
	if strings.HasPrefix(name, "response.reasoning_summary") {
		list, index = it.summary, "summary_index"
	}
	at, ok := e[index].(float64)
	if !ok || int(at) >= len(list) {
		return fmt.Errorf("%s names no part that was added", index)
	}
	p := list[int(at)]
	if p.done {
		return fmt.Errorf("the part is done already")
	}
	return p.event(name, e)
}

func addPart(list *[]*lifePart, e map[string]any, index string) error {
	if e[index] != float64(len(*list)) {
		return fmt.Errorf("%s is not %d", index, len(*list))
	}
	part := e["part"].(map[string]any)
	typ := part["type"].(string)
	if text, _ := part["text"].(string); text != "" {
		return fmt.Errorf("a part that begins has text")
	}
	*list = append(*list, &lifePart{typ: typ})
	return nil
}

func (p *lifePart) event(name string, e map[string]any) error {
	str := func(key string) string { s, _ := e[key].(string); return s }
	want := map[string]string{
		"response.output_text.delta": "output_text", "response.output_text.done": "output_text",
		"response.output_text.annotation.added": "output_text",
		"response.refusal.delta":                "refusal", "response.refusal.done": "refusal",
		"response.reasoning_text.delta": "reasoning_text", "response.reasoning_text.done": "reasoning_text",
		"response.reasoning_summary_text.delta": "summary_text", "response.reasoning_summary_text.done": "summary_text",
		"response.reasoning_summary_part.done": "summary_text", "response.content_part.done": p.typ,
	}
	if want[name] != p.typ {
		return fmt.Errorf("is not for a part of type %q", p.typ)
	}
	switch {
	case strings.HasSuffix(name, ".delta"):
		if p.textDone {
			return fmt.Errorf("a delta after the text was done")
		}
		p.text += str("delta")
	case name == "response.output_text.annotation.added":
		if e["annotation_index"] != float64(len(p.annotations)) {
			return fmt.Errorf("annotation_index is not %d", len(p.annotations))
		}
		p.annotations = append(p.annotations, e["annotation"])
	case strings.HasSuffix(name, "part.done"):
		p.done = true
		return p.same(e["part"].(map[string]any))
	case name == "response.refusal.done":
		return p.finishText(str("refusal"))
	default:
		return p.finishText(str("text"))
	}
	return nil
}

func (p *lifePart) finishText(whole string) error {
	if p.textDone {
		return fmt.Errorf("the text is done already")
	}
	if p.textDone = true; whole != p.text {
		return fmt.Errorf("the deltas give %q", p.text)
	}
	return nil
}

// same checks that a whole part is what the events told of it.
func (p *lifePart) same(part map[string]any) error {
	if part["type"] != p.typ {
		return fmt.Errorf("the part has changed its type")
	}
	switch p.typ {
	case "output_text":
		notes, ok := part["annotations"].([]any)
		if !ok || part["logprobs"] == nil {
			return fmt.Errorf("output_text without annotations or logprobs")
		}
		if len(notes) != len(p.annotations) || (len(notes) > 0 && !reflect.DeepEqual(notes, p.annotations)) {
			return fmt.Errorf("the annotations are not those that were added")
		}
	case "refusal":
		if part["refusal"] != p.text {
			return fmt.Errorf("the refusal is not its deltas")
		}
		return p.ended()
	case "reasoning_text", "summary_text":
	default:
		return nil
	}
	if part["text"] != p.text {
		return fmt.Errorf("the text is not its deltas")
	}
	return p.ended()
}

func (p *lifePart) ended() error {
	if !p.textDone {
		return fmt.Errorf("the text was never done")
	}
	return nil
}

// end checks that a whole item is what the events told of it.
func (it *lifeItem) end(item map[string]any) error {
	it.done = item
	if id, _ := item["id"].(string); item["type"] != it.typ || id != it.id {
		return fmt.Errorf("the item has changed its type or id")
	}
	check := func(key string, parts []*lifePart) error {
		whole, _ := item[key].([]any)
		if len(whole) != len(parts) {
			return fmt.Errorf("%s has %d parts, %d were added", key, len(whole), len(parts))
		}
		for i, p := range parts {
			if !p.done {
				return fmt.Errorf("a part of %s was never done", key)
			}
			if err := p.same(whole[i].(map[string]any)); err != nil {
				return err
			}
		}
		return nil
	}
	switch it.typ {
	case "message":
		if item["role"] != "assistant" || item["status"] == "in_progress" {
			return fmt.Errorf("a message without role or status")
		}
		return check("content", it.contents)
	case "reasoning":
		if _, ok := item["summary"].([]any); !ok {
			return fmt.Errorf("a reasoning item without summary")
		}
		if err := check("content", it.contents); err != nil {
			return err
		}
		return check("summary", it.summary)
	case "function_call", "custom_tool_call":
		key := map[string]string{"function_call": "arguments", "custom_tool_call": "input"}[it.typ]
		if s, _ := item["call_id"].(string); s == "" {
			return fmt.Errorf("a call without call_id")
		}
		if item[key] != it.args.text || !it.args.textDone {
			return fmt.Errorf("the %s are not their deltas", key)
		}
	}
	return nil
}

func (l *lifecycle) end(name string, e map[string]any) error {
	l.terminal = name
	r := e["response"].(map[string]any)
	l.final = r
	if "response."+r["status"].(string) != name {
		return fmt.Errorf("the status is not the event's")
	}
	if err := l.object(r); err != nil {
		return err
	}
	if name == "response.failed" {
		if r["error"] == nil {
			return fmt.Errorf("failed without an error")
		}
		if !l.created && !l.errored {
			return fmt.Errorf("neither created nor error came before")
		}
		return nil
	}
	if r["id"] != l.id {
		return fmt.Errorf("the response has changed its id")
	}
	if (name == "response.incomplete") != (r["incomplete_details"] != nil) {
		return fmt.Errorf("incomplete_details do not fit the status")
	}
	output := r["output"].([]any)
	if len(output) != len(l.items) {
		return fmt.Errorf("output has %d items, %d were added", len(output), len(l.items))
	}
	for i, it := range l.items {
		if it.done == nil {
			return fmt.Errorf("item %d was never done", i)
		}
		if !l.recorded && !reflect.DeepEqual(map[string]any(it.done), output[i]) {
			return fmt.Errorf("item %d is not as it was when done", i)
		}
	}
	return nil
}

// object checks that a response object has what strict types require.
func (l *lifecycle) object(r map[string]any) error {
	for _, key := range []string{
		"id", "object", "created_at", "status", "error", "incomplete_details", "instructions", "max_output_tokens",
		"metadata", "model", "output", "parallel_tool_calls", "previous_response_id", "reasoning", "store",
		"temperature", "text", "tool_choice", "tools", "top_p", "truncation", "usage", "user", "background",
		"service_tier", "max_tool_calls", "top_logprobs",
	} {
		if _, ok := r[key]; !ok {
			return fmt.Errorf("the response object has no %s", key)
		}
	}
	if r["object"] != "response" || !l.recorded && !strings.HasPrefix(r["id"].(string), "resp_") {
		return fmt.Errorf("the response object is none")
	}
	if u, ok := r["usage"].(map[string]any); ok {
		in, out := u["input_tokens"].(float64), u["output_tokens"].(float64)
		if in+out != u["total_tokens"].(float64) {
			return fmt.Errorf("total_tokens is not the sum")
		}
		cached, ok := u["input_tokens_details"].(map[string]any)["cached_tokens"].(float64)
		thought, ok2 := u["output_tokens_details"].(map[string]any)["reasoning_tokens"].(float64)
		if !ok || !ok2 || cached > in || thought > out {
			return fmt.Errorf("the details of usage are missing, or more than the whole")
		}
	}
	return nil
}
