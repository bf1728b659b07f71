package main

import (
	"fmt"
	"strings"
)

// What the mock's answers are made of, and what the load generator looks for in
// them to know that an answer is whole.
const (
	// word is the text of one chunk of a stream; an answer of n chunks holds n.
	word = " benchmark"
	// lastWords end the text of every plain answer.
	lastWords = "That is all of the answer."
	// idDigits is how many digits of an answer's id tell the microseconds that the
	// mock spent on it before the first byte.
	idDigits = 9

	openAIID    = "chatcmpl-"
	anthropicID = "msg_"
	mockModel   = "gpt-4o-mini-2024-07-18"
	mockClaude  = "claude-haiku-4-5-20251001"
)

// text is a reply with a hole where the digits of the id go. Without the hole, it
// is the same for every answer.
type text struct {
	before, after string
	hole          bool
}

func cut(s string) text {
	before, after, ok := strings.Cut(s, "@")
	return text{before, after, ok}
}

func (t text) append(b []byte, id []byte) []byte {
	b = append(b, t.before...)
	if t.hole {
		b = append(b, id...)
	}
	return append(b, t.after...)
}

func (t text) len() int {
	if t.hole {
		return len(t.before) + idDigits + len(t.after)
	}
	return len(t.before) + len(t.after)
}

// dialect is one wire format's answers.
type dialect struct {
	answer text   // the body of a plain answer, about 1 KB
	begin  []text // the events before the first chunk
	chunk  text   // the event of one chunk
	end    []text // the events behind the last chunk
	usage  text   // sent before the last event where the caller asked for it; may be empty
}

// prose is some 500 bytes of answer, which make the whole about 1 KB.
const prose = "The customer writes about an order that arrived with one part missing. " +
	"The invoice lists the part, the parcel's weight suggests that it was never packed, and the photograph of the open box shows an empty slot. " +
	"The customer has already spoken with the carrier, who knows of no damage. " +
	"What the customer wants next is the missing part by Friday, or a label to send everything back and the whole amount returned to the card that paid. "

// moreProse makes up for what Anthropic's answers say in fewer words.
const moreProse = "Nobody has told the customer yet whether the part is in stock, and the shop's own page says that it is sold out until the end of the month. " +
	"If that is so, a refund is the only answer that keeps the date, and it should be offered in the first sentence of the reply. "

func openAI() dialect {
	const usage = `"usage":{"prompt_tokens":412,"completion_tokens":118,"total_tokens":530,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},` +
		`"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}`
	event := func(rest string) text {
		return cut(`data: {"id":"` + openAIID + `@","object":"chat.completion.chunk","created":1790000000,"model":"` + mockModel +
			`","service_tier":"default","system_fingerprint":"fp_bench",` + rest + "}\n\n")
	}
	return dialect{
		answer: cut(`{"id":"` + openAIID + `@","object":"chat.completion","created":1790000000,"model":"` + mockModel + `","choices":[{"index":0,"message":{"role":"assistant","content":"` +
			prose + lastWords + `","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],` + usage + `,"service_tier":"default","system_fingerprint":"fp_bench"}`),
		begin: []text{event(`"choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}]`)},
		chunk: event(`"choices":[{"index":0,"delta":{"content":"` + word + `"},"logprobs":null,"finish_reason":null}]`),
		end: []text{
			event(`"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]`),
			{before: "data: [DONE]\n\n"},
		},
		usage: event(`"choices":[],` + usage),
	}
}

func anthropic() dialect {
	event := func(name, rest string) text {
		return cut(fmt.Sprintf("event: %s\ndata: {\"type\":%q%s}\n\n", name, name, rest))
	}
	head := `"id":"` + anthropicID + `@","type":"message","role":"assistant","model":"` + mockClaude + `"`
	return dialect{
		answer: cut(`{` + head + `,"content":[{"type":"text","text":"` + prose + moreProse + lastWords + `"}],"stop_reason":"end_turn","stop_sequence":null,` +
			`"usage":{"input_tokens":412,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":118,"service_tier":"standard"}}`),
		begin: []text{
			event("message_start", `,"message":{`+head+`,"content":[],"stop_reason":null,"stop_sequence":null,`+
				`"usage":{"input_tokens":412,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1}}`),
			event("content_block_start", `,"index":0,"content_block":{"type":"text","text":""}`),
		},
		chunk: event("content_block_delta", `,"index":0,"delta":{"type":"text_delta","text":"`+word+`"}`),
		end: []text{
			event("content_block_stop", `,"index":0`),
			event("message_delta", `,"delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":118}`),
			event("message_stop", ""),
		},
	}
}
