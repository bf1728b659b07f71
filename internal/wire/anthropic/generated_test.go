package anthropic_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// The laws hold for JSON that is made at random out of Anthropic's own words,
// right and wrong, which random bytes seldom are.

type maker struct{ *rand.Rand }

func (m maker) pick(words ...string) string { return words[m.IntN(len(words))] }

func (m maker) string() string {
	return m.pick("", "a", "e\u00e9", "line\nbreak", `quo"te\`, " ", "\u2028", "data:image/png;base64,iVBORw0K", "</system>", "gemini-generate:eyJzaWciOiJzIn0", "file_1")
}

func (m maker) scalar() any {
	switch m.IntN(7) {
	case 0:
		return nil
	case 1:
		return m.IntN(2) == 0
	case 2:
		return m.IntN(5000) - 10
	case 3:
		return 0.5
	case 4:
		return map[string]any{}
	case 5:
		return []any{}
	}
	return m.string()
}

// maybe puts a value under each key, most of the time the right one.
func (m maker) maybe(v map[string]any, fields map[string]func() any) map[string]any {
	for key, right := range fields {
		switch n := m.IntN(40); {
		case n == 0:
			v[key] = m.scalar()
		case n < 34:
			v[key] = right()
		}
	}
	return v
}

func (m maker) list(n int, item func() any) any {
	out := []any{}
	for range m.IntN(n + 1) {
		out = append(out, item())
	}
	return out
}

func (m maker) cache() any {
	return m.maybe(map[string]any{"type": "ephemeral"}, map[string]func() any{"ttl": func() any { return m.pick("5m", "1h") }})
}

func (m maker) citation() any {
	v := map[string]any{"type": m.pick("char_location", "page_location", "content_block_location", "web_search_result_location", "search_result_location", "new_location")}
	for _, key := range []string{"cited_text", "document_title", "title", "url", "source", "encrypted_index", "file_id"} {
		if m.IntN(2) == 0 {
			v[key] = m.string()
		}
	}
	for _, key := range []string{"document_index", "start_char_index", "end_page_number", "start_block_index"} {
		if m.IntN(2) == 0 {
			v[key] = m.scalar()
		}
	}
	return v
}

func (m maker) source() any {
	v := map[string]any{"type": m.pick("base64", "url", "file", "text", "content", "new")}
	return m.maybe(v, map[string]func() any{
		"media_type": func() any { return m.pick("image/png", "application/pdf", "text/plain", "") },
		"data":       func() any { return m.pick("iVBORw0K", "YSxi", "") },
		"url":        func() any { return m.string() },
		"file_id":    func() any { return m.pick("file_1", "other") },
		"content":    func() any { return m.list(2, func() any { return map[string]any{"type": "text", "text": m.string()} }) },
	})
}

func (m maker) input() any {
	return m.maybe(map[string]any{}, map[string]func() any{"q": func() any { return m.scalar() }})
}

func (m maker) block(depth int) any {
	v := map[string]any{"type": m.pick("text", "text", "thinking", "redacted_thinking", "image", "document", "tool_use", "tool_result", "server_tool_use", "compaction", "new_block")}
	if m.IntN(30) == 0 {
		delete(v, "type")
	}
	fields := map[string]func() any{}
	add := func(odds int, key string, f func() any) {
		if m.IntN(odds) == 0 {
			fields[key] = f
		}
	}
	add(1, "text", func() any { return m.string() })
	add(1, "thinking", func() any { return m.string() })
	add(2, "signature", func() any { return m.string() })
	add(1, "data", func() any { return m.string() })
	add(1, "name", func() any { return m.pick("f", "g") })
	add(1, "id", func() any { return m.pick("toolu_1", "call.2", "") })
	add(1, "tool_use_id", func() any { return m.pick("toolu_1", "call.2") })
	add(1, "input", m.input)
	add(1, "source", m.source)
	add(3, "title", func() any { return m.string() })
	add(3, "citations", func() any { return m.list(2, m.citation) })
	add(4, "cache_control", m.cache)
	add(4, "is_error", func() any { return true })
	add(5, "extra", m.scalar)
	if depth > 0 {
		add(2, "content", func() any { return m.content(depth - 1) })
	}
	return m.maybe(v, fields)
}

func (m maker) content(depth int) any {
	if m.IntN(3) == 0 {
		return m.string()
	}
	return m.list(3, func() any { return m.block(depth) })
}

func (m maker) request() any {
	return m.maybe(map[string]any{}, map[string]func() any{
		"model": func() any {
			return m.pick("claude-3-haiku", "claude-sonnet-4-5", "claude-opus-4-6", "claude-opus-4-7", "claude-sonnet-5", "lab")
		},
		"max_tokens": func() any { return m.IntN(40000) },
		"system":     func() any { return m.list(2, func() any { return map[string]any{"type": "text", "text": m.string()} }) },
		"messages": func() any {
			return m.list(5, func() any {
				return map[string]any{"role": m.pick("user", "assistant", "user", "assistant", "system"), "content": m.content(2)}
			})
		},
		"tools": func() any {
			return m.list(3, func() any {
				return m.maybe(map[string]any{"name": m.pick("f", "g")}, map[string]func() any{
					"type": func() any { return m.pick("custom", "web_search_1") }, "input_schema": m.input, "strict": m.scalar,
				})
			})
		},
		"tool_choice": func() any {
			return map[string]any{"type": m.pick("auto", "any", "none"), "disable_parallel_tool_use": m.IntN(2) == 0}
		},
		"thinking": func() any {
			return map[string]any{"type": m.pick("enabled", "adaptive", "disabled"), "budget_tokens": m.IntN(30000)}
		},
		"output_config": func() any {
			return map[string]any{"effort": m.pick("low", "high", "xhigh", "max", "odd"), "format": map[string]any{"type": "json_schema", "schema": m.input()}}
		},
		"temperature":  func() any { return m.Float64() * 2 },
		"top_p":        func() any { return m.Float64() },
		"top_k":        func() any { return m.IntN(9) },
		"service_tier": func() any { return m.pick("auto", "standard_only", "odd") },
		"stream":       func() any { return m.IntN(2) == 0 },
	})
}

func (m maker) usage() any {
	counts := map[string]func() any{}
	for _, key := range []string{"input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"} {
		counts[key] = func() any { return m.IntN(1000) }
	}
	counts["cache_creation"] = func() any {
		return map[string]any{"ephemeral_5m_input_tokens": m.IntN(99), "ephemeral_1h_input_tokens": m.IntN(99)}
	}
	counts["output_tokens_details"] = func() any { return map[string]any{"thinking_tokens": m.IntN(99)} }
	v := m.maybe(map[string]any{}, counts)
	if m.IntN(3) == 0 {
		v["iterations"] = m.list(3, func() any {
			return m.maybe(map[string]any{"type": "message", "model": m.pick("m", "big")}, counts)
		})
	}
	return v
}

func (m maker) response() any {
	return m.maybe(map[string]any{"type": "message", "content": m.list(4, func() any { return m.block(1) })}, map[string]func() any{
		"id": func() any { return "msg_1" }, "model": func() any { return "m" }, "usage": m.usage,
		"stop_reason":  func() any { return m.pick("end_turn", "tool_use", "refusal", "pause_turn", "odd") },
		"stop_details": func() any { return map[string]any{"explanation": m.string()} },
	})
}

func (m maker) delta() any {
	v := map[string]any{"type": m.pick("text_delta", "text_delta", "thinking_delta", "input_json_delta", "signature_delta", "citations_delta", "compaction_delta", "new_delta")}
	return m.maybe(v, map[string]func() any{
		"text": func() any { return m.string() }, "thinking": func() any { return m.string() },
		"partial_json": func() any { return m.pick("", `{"a":`, "1}") }, "signature": func() any { return m.string() },
		"citation": m.citation, "content": func() any { return m.string() },
	})
}

func (m maker) stream() string {
	var b strings.Builder
	add := func(name string, v map[string]any) {
		v["type"] = name
		data, _ := json.Marshal(v)
		if m.IntN(60) == 0 {
			data = data[:m.IntN(len(data))]
		}
		if m.IntN(4) > 0 {
			fmt.Fprintf(&b, "event: %s\n", name)
		}
		fmt.Fprintf(&b, "data: %s%s\n\n", data, m.pick("", "   "))
	}
	if m.IntN(20) > 0 {
		add("message_start", map[string]any{"message": map[string]any{"id": "msg_1", "model": "m", "usage": m.usage()}})
	}
	for range m.IntN(12) {
		i := m.IntN(3)
		switch m.IntN(6) {
		case 0, 1:
			add("content_block_start", map[string]any{"index": i, "content_block": m.block(0)})
		case 2, 3, 4:
			add("content_block_delta", map[string]any{"index": i, "delta": m.delta()})
		case 5:
			add(m.pick("content_block_stop", "ping", "new_event"), map[string]any{"index": i})
		}
	}
	if m.IntN(5) > 0 {
		add("message_delta", map[string]any{"delta": map[string]any{"stop_reason": m.pick("end_turn", "tool_use", "odd")}, "usage": m.usage()})
	}
	if m.IntN(5) > 0 {
		add("message_stop", map[string]any{})
	}
	return b.String()
}

func TestGeneratedTrafficObeysTheLaws(t *testing.T) {
	t.Parallel()
	const n = 1000
	read := map[string]int{}
	for i := range uint64(n) {
		m := maker{rand.New(rand.NewPCG(i, 1))}
		marshal := func(v any) []byte { b, _ := json.Marshal(v); return b }
		req, resp, stream := marshal(m.request()), marshal(m.response()), []byte(m.stream())
		if _, err := codec.DecodeRequest(req); err == nil {
			read["request"]++
		}
		if _, err := codec.DecodeResponse(resp); err == nil {
			read["response"]++
		}
		if strings.Contains(script(codec.DecodeStream(strings.NewReader(string(stream)))), "finish") {
			read["stream"]++
		}
		requestLaw(t, req)
		responseLaw(t, resp)
		streamLaw(t, stream, i)
		if t.Failed() {
			t.Fatalf("at seed %d\n%s\n%s\n%s", i, req, resp, stream)
		}
	}
	for kind, k := range read {
		if k < n/10 {
			t.Errorf("only %d of %d of kind %s were right: the maker tries too little", k, n, kind)
		}
	}
	t.Logf("read %v of %d each", read, n)
}
