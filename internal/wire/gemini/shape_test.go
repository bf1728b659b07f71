package gemini_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/gemini"
)

// dice makes messages of the format that are well formed as JSON and mostly, but
// not always, as messages.
type dice struct{ *rand.Rand }

func (d dice) one(list ...string) string { return list[d.IntN(len(list))] }

func (d dice) maybe(s string) string {
	if d.IntN(3) == 0 {
		return s
	}
	return ""
}

// obj joins the fields that are not empty.
func (d dice) obj(fields ...string) string {
	var kept []string
	for _, f := range fields {
		if f != "" {
			kept = append(kept, f)
		}
	}
	d.Shuffle(len(kept), func(i, k int) { kept[i], kept[k] = kept[k], kept[i] })
	return "{" + strings.Join(kept, ",") + "}"
}

func (d dice) list(most int, make func() string) string {
	var list []string
	for range d.IntN(most + 1) {
		list = append(list, make())
	}
	if len(list) == 1 && d.IntN(4) == 0 {
		return list[0]
	}
	return "[" + strings.Join(list, ",") + "]"
}

func (d dice) text() string {
	return d.one(`""`, `"a"`, `"é€😀"`, `"{\"a\":1}"`, `"line\nbreak \"q\""`, `"\ud800"`, `"<&>"`, `" {}"`, `"error"`)
}

func (d dice) num() string { return d.one("0", "1", "-1", `"7"`, "2.0", "1e3", "null", "100000", "-5") }

func (d dice) any(depth int) string {
	if depth > 3 {
		return "1"
	}
	switch d.IntN(6) {
	case 0:
		return d.text()
	case 1:
		return d.num()
	case 2:
		return d.list(3, func() string { return d.any(depth + 1) })
	case 3:
		return d.one("true", "false", "null")
	}
	return d.obj(d.maybe(`"output":`+d.any(depth+1)), d.maybe(`"error":`+d.any(depth+1)), d.maybe(`"some_key":`+d.any(depth+1)))
}

func (d dice) args() string {
	return d.obj(d.maybe(`"a_b":`+d.any(0)), d.maybe(`"output":`+d.any(0)), d.maybe(`"error":`+d.any(0)))
}

func (d dice) part(inResult bool) string {
	sig := d.maybe(d.one(`"thoughtSignature"`, `"thought_signature"`) + `:` + d.one(`"c2ln"`, `"_-8"`))
	extra := d.maybe(`"videoMetadata":{"fps":1}`)
	switch n := d.IntN(10); {
	case n < 3:
		return d.obj(`"text":`+d.text(), d.maybe(`"thought":true`), sig, extra)
	case n == 3:
		return d.obj(d.one(`"inlineData"`, `"inline_data"`)+`:`+d.obj(d.maybe(`"mimeType":`+d.one(`"image/png"`, `"text/plain"`, `"application/pdf"`)), d.maybe(`"data":`+d.one(`"YWJj"`, `"_-8"`, `"//8="`, `""`))), sig)
	case n == 4:
		return d.obj(`"fileData":`+d.obj(d.maybe(`"mime_type":"video/mp4"`), `"fileUri":`+d.one(`"gs://b/x"`, `"https://x.example/a.png"`, `"files/x"`)), sig)
	case n == 5:
		return d.obj(`"executableCode":`+d.any(0), sig)
	case n == 6 || inResult:
		return d.obj(sig)
	case n < 9:
		return d.obj(`"functionCall":`+d.obj(d.maybe(`"id":`+d.one(`"i1"`, `"i2"`)), `"name":`+d.one(`"f"`, `"g"`), d.maybe(`"args":`+d.args())), sig)
	}
	return d.obj(`"functionResponse":` + d.obj(d.maybe(`"id":`+d.one(`"i1"`, `"i2"`)), `"name":`+d.one(`"f"`, `"g"`),
		d.maybe(`"response":`+d.args()), d.maybe(`"parts":`+d.list(2, func() string { return d.part(true) }))))
}

func (d dice) content() string {
	return d.obj(d.maybe(`"role":`+d.one(`"user"`, `"model"`, `"function"`)), `"parts":`+d.list(4, func() string { return d.part(false) }))
}

func (d dice) schema(depth int) string {
	if depth > 3 {
		return `{"type":"STRING"}`
	}
	in := func() string { return d.schema(depth + 1) }
	return d.obj(d.maybe(`"type":`+d.one(`"STRING"`, `"object"`, `"OBJECT"`, `"INTEGER"`, `["string","null"]`, `"null"`, `"ARRAY"`)), d.maybe(`"nullable":true`),
		d.maybe(`"properties":`+d.obj(`"x_y":`+in(), d.maybe(`"type":`+in()))), d.maybe(`"property_ordering":["type","x_y"]`),
		d.maybe(`"items":`+in()), d.maybe(`"any_of":`+d.list(2, in)), d.maybe(`"enum":["a","b"]`), d.maybe(`"format":`+d.one(`"enum"`, `"date-time"`, `"email"`)),
		d.maybe(`"minItems":"2"`), d.maybe(`"example":`+d.any(2)), d.maybe(`"$schema":"s"`), d.maybe(`"additionalProperties":false`), d.maybe(`"description":`+d.text()))
}

func (d dice) tool() string {
	fn := func() string {
		return d.obj(`"name":`+d.one(`"f"`, `"g"`), d.maybe(`"description":`+d.text()), d.maybe(`"parameters":`+d.schema(0)), d.maybe(`"parameters_json_schema":`+d.schema(0)))
	}
	return d.obj(d.maybe(`"functionDeclarations":`+d.list(2, fn)), d.maybe(`"googleSearch":{}`), d.maybe(`"code_execution":{"a_b":1}`))
}

func (d dice) request() string {
	n := func(name string) string { return d.maybe(`"` + name + `":` + d.num()) }
	config := d.obj(n("maxOutputTokens"), n("top_k"), n("temperature"), n("topP"), n("seed"), n("candidateCount"), n("logprobs"), d.maybe(`"stopSequences":`+d.list(7, d.text)),
		d.maybe(`"responseMimeType":`+d.one(`"application/json"`, `"text/plain"`, `"text/x.enum"`)), d.maybe(`"responseSchema":`+d.schema(0)),
		d.maybe(`"thinkingConfig":`+d.obj(n("thinkingBudget"), d.maybe(`"thinking_level":`+d.one(`"HIGH"`, `"low"`)), d.maybe(`"includeThoughts":true`))))
	return d.obj(`"contents":`+d.list(5, d.content), d.maybe(`"systemInstruction":`+d.one(d.content(), d.text())), d.maybe(`"tools":`+d.list(3, d.tool)),
		d.maybe(`"generation_config":`+config), d.maybe(`"serviceTier":`+d.one(`"flex"`, `"SERVICE_TIER_STANDARD"`, `"batch"`)), d.maybe(`"labels":{"a":"b"}`),
		d.maybe(`"toolConfig":{"functionCallingConfig":`+d.obj(`"mode":`+d.one(`"AUTO"`, `"ANY"`, `"NONE"`, `"VALIDATED"`), d.maybe(`"allowedFunctionNames":`+d.list(2, func() string { return `"f"` })))+`}`))
}

func (d dice) usage() string {
	details := func() string {
		return d.list(3, func() string {
			return d.obj(`"modality":`+d.one(`"TEXT"`, `"AUDIO"`, `"IMAGE"`, `"VIDEO"`, `"DOCUMENT"`), `"tokenCount":`+d.num())
		})
	}
	var fields []string
	for _, f := range []string{"promptTokenCount", "cachedContentTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "toolUsePromptTokenCount"} {
		fields = append(fields, d.maybe(`"`+f+`":`+d.num()))
	}
	for _, f := range []string{"promptTokensDetails", "cacheTokensDetails", "candidatesTokensDetails", "toolUsePromptTokensDetails"} {
		fields = append(fields, d.maybe(`"`+f+`":`+details()))
	}
	return d.obj(append(fields, d.maybe(`"trafficType":`+d.one(`"ON_DEMAND"`, `"ON_DEMAND_FLEX"`)))...)
}

func (d dice) answer(finish string) string {
	grounding := d.obj(d.maybe(`"webSearchQueries":`+d.list(3, d.text)), `"groundingChunks":`+d.list(2, func() string { return d.one(`{"web":{"uri":"u","title":"t"}}`, `{"web":{}}`, `{"x":1}`) }),
		`"groundingSupports":`+d.list(2, func() string {
			return d.obj(`"segment":`+d.obj(d.maybe(`"startIndex":`+d.num()), `"endIndex":`+d.num(), d.maybe(`"partIndex":`+d.num()), d.maybe(`"text":`+d.text())), `"groundingChunkIndices":`+d.list(2, d.num))
		}))
	candidate := d.obj(`"content":`+d.content(), finish, d.maybe(`"groundingMetadata":`+grounding), d.maybe(`"index":0`),
		d.maybe(`"logprobsResult":{"chosenCandidates":`+d.list(2, func() string { return `{"token":"a","logProbability":-1}` })+`}`))
	return d.obj(`"candidates":[`+candidate+`]`, d.maybe(`"usageMetadata":`+d.usage()), d.maybe(`"responseId":"r"`), d.maybe(`"modelVersion":`+d.one(`"gemini-2.5-pro"`, `"gemini-3-pro"`)))
}

func FuzzRequestShapes(f *testing.F) {
	for i := range uint64(300) {
		f.Add(i)
	}
	codec := gemini.Generate()
	f.Fuzz(func(t *testing.T, seed uint64) {
		body := dice{rand.New(rand.NewPCG(seed, 3))}.request()
		r, err := codec.DecodeRequest([]byte(body))
		if err != nil {
			return
		}
		for _, model := range []string{"", "gemini-2.5-pro", "gemini-3-flash"} {
			r.Model = model
			first, lost, err := codec.EncodeRequest(r)
			if err != nil || !json.Valid(first) {
				t.Fatalf("%s became %s, %v", body, first, err)
			}
			again, err := codec.DecodeRequest(first)
			if err != nil {
				if strings.Contains(string(first), `"contents":null`) {
					return
				}
				t.Fatalf("%s became %s: %v", body, first, err)
			}
			again.Model = model
			second, _, err := codec.EncodeRequest(again)
			if diff := cmp.Diff(string(first), string(second)); err != nil || diff != "" {
				t.Fatalf("%s: %v (-first +second writing):\n%s", body, err, diff)
			}
			if diff := cmp.Diff(words(r.Messages), words(again.Messages)); model == "" && diff != "" && !slices.Contains(lost, "system") {
				t.Fatalf("%s (-before +after):\n%s", body, diff)
			}
		}
	})
}

func FuzzStreamShapes(f *testing.F) {
	for i := range uint64(300) {
		f.Add(i)
	}
	codec := gemini.Generate()
	f.Fuzz(func(t *testing.T, seed uint64) {
		d := dice{rand.New(rand.NewPCG(seed, 4))}
		var chunks []string
		for range d.IntN(5) {
			chunks = append(chunks, d.answer(""))
		}
		chunks = append(chunks, d.answer(`"finishReason":`+d.one(`"STOP"`, `"MAX_TOKENS"`, `"SAFETY"`, `"NEW"`)))
		sse := "data: " + strings.Join(chunks, "\n\ndata: ") + "\n\n"
		want := events(codec.DecodeStream(strings.NewReader(sse)))
		for _, in := range []string{sse, "[" + strings.Join(chunks, ",\n") + "]"} {
			if diff := cmp.Diff(want, events(codec.DecodeStream(chunked(in, seed)))); diff != "" {
				t.Fatalf("%s (-whole sse +chunked):\n%s", in, diff)
			}
		}
		resp, err := llm.Collect(codec.DecodeStream(strings.NewReader(sse)))
		if err != nil {
			return
		}
		var reading wire.Reading
		for _, c := range chunks {
			codec.Observe("", []byte(c), &reading)
		}
		if diff := cmp.Diff(resp.Usage, reading.Usage); diff != "" {
			t.Fatalf("%s: usage (-decoded +observed):\n%s", sse, diff)
		}
		if reading.Finish != resp.Finish || !reading.Complete {
			t.Fatalf("%s: observed %+v, decoded %q", sse, reading, resp.Finish)
		}
		for q, n := range resp.Usage.N {
			if n < 0 {
				t.Fatalf("%s: %s is %d", sse, llm.Quantity(q), n)
			}
		}
		order(t, codec.DecodeStream(strings.NewReader(sse)))
		enc := codec.NewEncoder(nil)
		var b []byte
		for e := range codec.DecodeStream(strings.NewReader(sse)) {
			b = enc.Append(b, e)
		}
		again, err := llm.Collect(codec.DecodeStream(strings.NewReader(string(enc.End(b)))))
		if err != nil {
			t.Fatalf("%s became %s: %v", sse, b, err)
		}
		if diff := cmp.Diff(said(resp), said(again)); diff != "" {
			t.Fatalf("%s (-before +after):\n%s", sse, diff)
		}
	})
}

// order checks the order that llm promises for the events of a stream.
func order(t *testing.T, s llm.Stream) {
	t.Helper()
	open := map[int]bool{}
	next, n, finished := 0, 0, false
	for e, err := range s {
		if err != nil {
			return
		}
		if (e.Kind == llm.EventStart) != (n == 0) || finished {
			t.Fatalf("event %d of kind %d is out of order", n, e.Kind)
		}
		n++
		switch e.Kind {
		case llm.EventPart:
			if e.Index != next {
				t.Fatalf("part %d begins where %d is next", e.Index, next)
			}
			open[e.Index], next = true, next+1
		case llm.EventDelta, llm.EventSign:
			if !open[e.Index] {
				t.Fatalf("more of part %d, which is not open", e.Index)
			}
		case llm.EventPartEnd:
			if !open[e.Index] {
				t.Fatalf("part %d ends twice", e.Index)
			}
			delete(open, e.Index)
		case llm.EventFinish:
			finished = true
		}
	}
	if len(open) > 0 || !finished {
		t.Fatalf("parts %v stay open; finished %v", open, finished)
	}
}
