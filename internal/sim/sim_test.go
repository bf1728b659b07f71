package sim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/sim"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/sse"
)

var epoch = time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)

func options() sim.Options {
	return sim.Options{
		Chat:    map[llm.Format]wire.Chat{llm.OpenAIChat: smallChat()},
		Embed:   map[llm.Format]wire.Embed{llm.OpenAIEmbeddings: smallEmbed()},
		Seed:    7,
		Now:     func() time.Time { return epoch },
		Instant: true,
	}
}

// post sends a request straight into the handler. Headers come in pairs.
func post(t testing.TB, s *sim.Server, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest("POST", path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func get(t testing.TB, s *sim.Server, method, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func request(model, text, more string) string {
	return `{"model":"` + model + `","messages":[{"role":"user","content":` + string(quote(text)) + `}]` + more + `}`
}

func quote(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return b
}

func answerOf(t testing.TB, w *httptest.ResponseRecorder) smallAnswer {
	t.Helper()
	var a smallAnswer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != 200 || len(a.Choices) != 1 {
		t.Fatalf("answer is %d %s (%v)", w.Code, w.Body, err)
	}
	return a
}

// gather reads a stream into a whole answer; done reports [DONE].
func gather(t testing.TB, body []byte) (a smallAnswer, chunks int, done bool) {
	t.Helper()
	m := &smallDelta{}
	a.Choices = []smallChoice{{Message: m}}
	err := sse.Events(bytes.NewReader(body), func(_ string, data []byte) bool {
		if string(data) == "[DONE]" {
			done = true
			return true
		}
		var c smallAnswer
		if err := json.Unmarshal(data, &c); err != nil {
			t.Fatalf("chunk %q: %v", data, err)
		}
		chunks++
		a.ID, a.Model = c.ID, c.Model
		if c.Usage != nil {
			a.Usage = c.Usage
		}
		for _, ch := range c.Choices {
			m.Content += ch.Delta.Content
			m.Reasoning += ch.Delta.Reasoning
			for _, call := range ch.Delta.ToolCalls {
				if call.Index == len(m.ToolCalls) {
					m.ToolCalls = append(m.ToolCalls, call)
				} else {
					m.ToolCalls[call.Index].Function.Arguments += call.Function.Arguments
				}
			}
			if ch.Finish != nil {
				a.Choices[0].Finish = ch.Finish
			}
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return a, chunks, done
}

const chatPath = "/v1/chat/completions"

func TestTheSameRequestGivesTheSameAnswer(t *testing.T) {
	bodies := map[string]string{
		"text":      request("small", "tell me about tides", ""),
		"reasoning": request("sim/reasoning", "why is the sky blue", ""),
		"tools":     request("large", "weather in Paris please", `,"tools":[{"function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}]`),
		"schema":    request("small", "x", `,"response_format":{"type":"json_schema","json_schema":{"schema":{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}}}`),
		"logprobs":  request("small", "x", `,"logprobs":true,"top_logprobs":3`),
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			a := post(t, sim.New(options()), chatPath, body)
			b := post(t, sim.New(options()), chatPath, body)
			if diff := cmp.Diff(a.Body.String(), b.Body.String()); diff != "" {
				t.Errorf("two servers of one seed differ:\n%s", diff)
			}
			other := post(t, sim.New(options()), chatPath, body, "x-sim-seed", "8")
			if other.Body.String() == a.Body.String() {
				t.Error("another seed gave the same answer")
			}
			stream := post(t, sim.New(options()), chatPath, strings.TrimSuffix(body, "}")+`,"stream":true,"stream_options":{"include_usage":true}}`)
			got, _, done := gather(t, stream.Body.Bytes())
			want := answerOf(t, a)
			want.Object, want.Choices[0].Message.Role, want.Choices[0].LogProbs = "", "", nil
			if diff := cmp.Diff(want, got); diff != "" || !done {
				t.Errorf("the stream says otherwise than the whole answer (-whole +stream), done %v:\n%s", done, diff)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	s := sim.New(options())
	content := func(a smallAnswer) string { return a.Choices[0].Message.Content }
	t.Run("echo says the last user text", func(t *testing.T) {
		const text = "  Zwölf Boxkämpfer\n\njagen 雨 \"quoted\"\t!"
		if got := content(answerOf(t, post(t, s, chatPath, request("sim/echo", text, "")))); got != text {
			t.Errorf("echo = %q; want %q", got, text)
		}
	})
	t.Run("max_tokens cuts with finish length", func(t *testing.T) {
		a := answerOf(t, post(t, s, chatPath, request("large", "go on", `,"max_tokens":5`)))
		if *a.Choices[0].Finish != "length" || a.Usage.Completion != 5 || sim.CountTokens(content(a)) != 5 {
			t.Errorf("finish %s, usage %d, text %q", *a.Choices[0].Finish, a.Usage.Completion, content(a))
		}
	})
	t.Run("a stop sequence ends the text before it", func(t *testing.T) {
		a := answerOf(t, post(t, s, chatPath, request("echo", "one two STOP three", `,"stop":["STOP"]`)))
		if content(a) != "one two " || *a.Choices[0].Finish != "stop" {
			t.Errorf("text %q, finish %s", content(a), *a.Choices[0].Finish)
		}
	})
	t.Run("x-sim-tokens is exact", func(t *testing.T) {
		for _, n := range []string{"1", "37", "1000"} {
			a := answerOf(t, post(t, s, chatPath, request("small", "x", ""), "x-sim-tokens", n))
			if got := string(mustMarshal(t, a.Usage.Completion)); got != n || *a.Choices[0].Finish != "stop" {
				t.Errorf("asked for %s tokens, got %s, finish %s", n, got, *a.Choices[0].Finish)
			}
		}
	})
	t.Run("an image is seen and counted", func(t *testing.T) {
		body := `{"model":"small","messages":[{"role":"user","content":[{"type":"text","text":"what is it"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAAAAA="}}]}]}`
		a := answerOf(t, post(t, s, chatPath, body))
		if !strings.HasPrefix(content(a), "I see 1 image (image/png, 5 bytes).") || a.Usage.Prompt < 765 || a.Usage.Prompt > 800 {
			t.Errorf("text %q, prompt tokens %d", content(a), a.Usage.Prompt)
		}
	})
	t.Run("the reasoning model thinks", func(t *testing.T) {
		a := answerOf(t, post(t, s, chatPath, request("reasoning", "explain tides", "")))
		if a.Choices[0].Message.Reasoning == "" || a.Usage.Reasoning != sim.CountTokens(a.Choices[0].Message.Reasoning) {
			t.Errorf("reasoning %q, counted %d", a.Choices[0].Message.Reasoning, a.Usage.Reasoning)
		}
		off := answerOf(t, post(t, s, chatPath, request("reasoning", "explain tides", `,"reasoning_effort":"none"`)))
		if off.Choices[0].Message.Reasoning != "" || off.Usage.Reasoning != 0 {
			t.Error("thought though switched off")
		}
		small := answerOf(t, post(t, s, chatPath, request("small", "explain tides", `,"reasoning_effort":"low"`)))
		if small.Choices[0].Message.Reasoning == "" {
			t.Error("did not think though asked to")
		}
	})
	t.Run("json mode", func(t *testing.T) {
		a := answerOf(t, post(t, s, chatPath, request("small", "x", `,"response_format":{"type":"json_object"}`)))
		var v struct{ Answer string }
		if err := json.Unmarshal([]byte(content(a)), &v); err != nil || v.Answer == "" {
			t.Errorf("content %q: %v", content(a), err)
		}
	})
	t.Run("log probabilities cover the text", func(t *testing.T) {
		a := answerOf(t, post(t, s, chatPath, request("small", "x", `,"logprobs":true,"top_logprobs":2`)))
		text := ""
		for _, lp := range a.Choices[0].LogProbs {
			text += lp.Token
			if lp.LogProb > 0 || len(lp.Top) != 2 || lp.Top[0].Token != lp.Token {
				t.Fatalf("log probability %+v", lp)
			}
		}
		if text != content(a) {
			t.Errorf("tokens spell %q; want %q", text, content(a))
		}
	})
	t.Run("a broken request is refused in the format's words", func(t *testing.T) {
		if w := post(t, s, chatPath, `{"messages":[]}`); w.Code != 400 || !strings.Contains(w.Body.String(), `"error"`) {
			t.Errorf("answer %d %s", w.Code, w.Body)
		}
	})
}

func mustMarshal(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const twoTools = `,"tools":[
	{"function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"},"unit":{"enum":["c","f"]}},"required":["city","unit"],"additionalProperties":false}}},
	{"function":{"name":"lookup_stock","parameters":{"type":"object","properties":{"ticker":{"type":"string","pattern":"^[A-Z]{3,4}$"}},"required":["ticker"]}}}]`

func TestTools(t *testing.T) {
	tests := map[string]struct {
		text, more string
		want       []string
	}{
		"nothing asks":           {"hello there", "", nil},
		"a word of the name":     {"how is the Weather in Paris?", "", []string{"get_weather"}},
		"the whole name":         {"please run lookup_stock", "", []string{"lookup_stock"}},
		"two at once":            {"weather and stock", "", []string{"get_weather", "lookup_stock"}},
		"two, but not parallel":  {"weather and stock", `,"parallel_tool_calls":false`, []string{"get_weather"}},
		"none is none":           {"weather", `,"tool_choice":"none"`, nil},
		"a named tool":           {"hello", `,"tool_choice":{"function":{"name":"lookup_stock"}}`, []string{"lookup_stock"}},
		"required takes the hit": {"the stock of it", `,"tool_choice":"required"`, []string{"lookup_stock"}},
	}
	s := sim.New(options())
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := answerOf(t, post(t, s, chatPath, request("small", tt.text, twoTools+tt.more)))
			var got []string
			for _, c := range a.Choices[0].Message.ToolCalls {
				got = append(got, c.Function.Name)
				if c.ID == "" || !json.Valid([]byte(c.Function.Arguments)) {
					t.Errorf("call %+v", c)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("tools (-want +got):\n%s", diff)
			}
			if finish := *a.Choices[0].Finish; (finish == "tool_calls") != (tt.want != nil) {
				t.Errorf("finish %s with calls %v", finish, got)
			}
		})
	}
	t.Run("required always calls", func(t *testing.T) {
		a := answerOf(t, post(t, s, chatPath, request("small", "hello", twoTools+`,"tool_choice":"required"`)))
		if len(a.Choices[0].Message.ToolCalls) != 1 {
			t.Errorf("calls %+v", a.Choices[0].Message.ToolCalls)
		}
	})
	t.Run("the city is the user's", func(t *testing.T) {
		a := answerOf(t, post(t, s, chatPath, request("small", "weather in Reykjavik?", twoTools)))
		if args := a.Choices[0].Message.ToolCalls[0].Function.Arguments; !strings.Contains(args, "Reykjavik") {
			t.Errorf("arguments %s", args)
		}
	})
	t.Run("a result is answered in words", func(t *testing.T) {
		body := `{"model":"small","messages":[{"role":"user","content":"weather in Oslo"},
			{"role":"assistant","tool_calls":[{"id":"call_1","function":{"name":"get_weather","arguments":"{}"}}]},
			{"role":"tool","tool_call_id":"call_1","content":"12 degrees and rain"}]` + twoTools + `}`
		a := answerOf(t, post(t, s, chatPath, body))
		if text := a.Choices[0].Message.Content; !strings.Contains(text, "get_weather") || !strings.Contains(text, "12 degrees and rain") {
			t.Errorf("text %q", text)
		}
	})
}

func TestPromptCache(t *testing.T) {
	long := strings.Repeat("All of this is context that does not change. ", 300)
	body := func(question string) string {
		return `{"model":"small","messages":[{"role":"system","content":` + string(quote(long)) + `},{"role":"user","content":` + string(quote(question)) + `}]}`
	}
	marked := func(question, ttl string) string {
		return `{"model":"small","messages":[{"role":"system","content":[{"type":"text","text":` + string(quote(long)) + `,"cache":"` + ttl + `"}]},{"role":"user","content":` + string(quote(question)) + `}]}`
	}
	now := epoch
	o := options()
	o.Now = func() time.Time { return now }
	s := sim.New(o)
	use := func(body string) smallUsage { return *answerOf(t, post(t, s, chatPath, body)).Usage }

	first := use(body("one"))
	if first.Cached != 0 || first.Prompt < 1024 {
		t.Fatalf("first: %+v", first)
	}
	again := use(body("two"))
	if again.Cached < 1024 || again.Cached%128 != 0 || again.Prompt != first.Prompt {
		t.Errorf("second: %+v", again)
	}
	if u := use(marked("three", "5m")); u.Prompt < 1024 || u.Cached+u.Written < 1024 {
		t.Errorf("marked: %+v", u)
	}
	now = now.Add(6 * time.Minute)
	if u := use(marked("four", "1h")); u.Cached != 0 || u.Written < 1024 {
		t.Errorf("after the cache's life, marked for an hour: %+v", u)
	}
	now = now.Add(30 * time.Minute)
	if u := use(marked("five", "1h")); u.Cached < 1024 || u.Written != 0 {
		t.Errorf("within the hour: %+v", u)
	}
	if u := use(request("small", "short", "")); u.Cached != 0 || u.Written != 0 {
		t.Errorf("short: %+v", u)
	}
}

func TestTokensAreAboutFourBytes(t *testing.T) {
	a := answerOf(t, post(t, sim.New(options()), chatPath, request("large", "x", ""), "x-sim-tokens", "5000"))
	text := a.Choices[0].Message.Content
	if per := float64(len(text)) / float64(sim.CountTokens(text)); per < 3.5 || per > 5 {
		t.Errorf("%.2f bytes a token", per)
	}
}

func FuzzTokensCutAnywhere(f *testing.F) {
	f.Add("Hello  world,\n\n  12345 äöü 雨雨雨 \xff\xfe!!!!!!", int64(3))
	f.Fuzz(func(t *testing.T, s string, n int64) {
		total := sim.CountTokens(s)
		head, count, cut := sim.FirstTokens(s, n)
		if !strings.HasPrefix(s, head) || count != max(0, min(n, total)) || cut != (len(head) < len(s)) || sim.CountTokens(head) != count {
			t.Errorf("FirstTokens(%q, %d) = %q, %d, %v of %d", s, n, head, count, cut, total)
		}
	})
}

func TestEmbeddings(t *testing.T) {
	s := sim.New(options())
	w := post(t, s, "/v1/embeddings", `{"model":"embed","dimensions":256,"input":["the cat sat on the mat","a cat sits on a mat","quarterly revenue forecast","the cat sat on the mat"]}`)
	var got struct {
		Vectors [][]float32
		Usage   smallUsage
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got.Vectors) != 4 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	dot := func(a, b []float32) (sum float64) {
		for i := range a {
			sum += float64(a[i]) * float64(b[i])
		}
		return sum
	}
	v := got.Vectors
	if len(v[0]) != 256 || math.Abs(dot(v[0], v[0])-1) > 1e-5 {
		t.Errorf("%d numbers, length %f", len(v[0]), dot(v[0], v[0]))
	}
	if near, far := dot(v[0], v[1]), dot(v[0], v[2]); near < 0.5 || far > 0.25 {
		t.Errorf("near %.3f, far %.3f", near, far)
	}
	if diff := cmp.Diff(v[0], v[3]); diff != "" {
		t.Error("equal texts have different vectors")
	}
	if got.Usage.Prompt == 0 {
		t.Error("no tokens counted")
	}
}

func TestSchemaInstancesAreValid(t *testing.T) {
	schemas := map[string]string{
		"plain object":         `{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"integer"},"c":{"type":"number"},"d":{"type":"boolean"},"e":{"type":"null"}},"required":["a","b","c","d","e"],"additionalProperties":false}`,
		"enum and const":       `{"type":"object","properties":{"u":{"enum":["c","f",3,null]},"k":{"const":{"x":[1]}}},"required":["u","k"]}`,
		"bounds":               `{"type":"object","properties":{"a":{"type":"integer","minimum":3,"maximum":4},"b":{"type":"number","exclusiveMinimum":0,"exclusiveMaximum":1},"c":{"type":"integer","exclusiveMinimum":9,"exclusiveMaximum":11},"d":{"type":"number","minimum":-5},"e":{"type":"integer","maximum":-100}},"required":["a","b","c","d","e"]}`,
		"multiples":            `{"type":"object","properties":{"a":{"type":"integer","multipleOf":7,"minimum":20,"maximum":30},"b":{"type":"number","multipleOf":0.01,"minimum":0,"maximum":1},"c":{"type":"number","multipleOf":0.1}},"required":["a","b","c"]}`,
		"lengths":              `{"type":"object","properties":{"a":{"type":"string","minLength":100},"b":{"type":"string","maxLength":3},"c":{"type":"string","minLength":5,"maxLength":5}},"required":["a","b","c"]}`,
		"patterns":             `{"type":"object","properties":{"a":{"type":"string","pattern":"^[A-Z]{3}-\\d{4}$"},"b":{"type":"string","pattern":"^(foo|bar)+$","minLength":9},"c":{"type":"string","pattern":"^\\w+@\\w+\\.(com|org)$"},"d":{"type":"string","pattern":"^#[0-9a-f]{6}$"}},"required":["a","b","c","d"]}`,
		"formats":              `{"type":"object","properties":{"a":{"type":"string","format":"date"},"b":{"type":"string","format":"date-time"},"c":{"type":"string","format":"email"},"d":{"type":"string","format":"uri"},"e":{"type":"string","format":"uuid"},"f":{"type":"string","format":"ipv4"},"g":{"type":"string","format":"ipv6"},"h":{"type":"string","format":"time"},"i":{"type":"string","format":"hostname"},"j":{"type":"string","format":"duration"}},"required":["a","b","c","d","e","f","g","h","i","j"]}`,
		"arrays":               `{"type":"object","properties":{"a":{"type":"array","items":{"type":"integer"},"minItems":2,"maxItems":4},"b":{"type":"array","items":{"enum":[1,2,3,4,5]},"uniqueItems":true,"minItems":5},"c":{"type":"array","prefixItems":[{"type":"string"},{"type":"boolean"}],"items":false},"d":{"type":"array","maxItems":0},"e":{"type":"array","contains":{"const":42}}},"required":["a","b","c","d","e"]}`,
		"any of":               `{"type":"object","properties":{"a":{"anyOf":[{"type":"string"},{"type":"null"}]},"b":{"oneOf":[{"type":"object","properties":{"kind":{"const":"x"},"n":{"type":"integer"}},"required":["kind","n"]},{"type":"object","properties":{"kind":{"const":"y"}},"required":["kind"]}]}},"required":["a","b"]}`,
		"all of":               `{"allOf":[{"type":"object","properties":{"a":{"type":"integer","minimum":5}},"required":["a"]},{"properties":{"a":{"maximum":6},"b":{"type":"string"}},"required":["b"]}]}`,
		"references":           `{"type":"object","properties":{"home":{"$ref":"#/$defs/addr"},"work":{"$ref":"#/definitions/a~1b"}},"required":["home","work"],"$defs":{"addr":{"type":"object","properties":{"street":{"type":"string"}},"required":["street"]}},"definitions":{"a/b":{"type":"integer"}}}`,
		"a tree":               `{"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":{"v":{"type":"integer"},"kids":{"type":"array","items":{"$ref":"#/$defs/node"}},"next":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]}},"required":["v","kids","next"],"additionalProperties":false}}}`,
		"type lists":           `{"type":"object","properties":{"a":{"type":["null","string"]},"b":{"type":["integer","null"],"minimum":1}},"required":["a","b"]}`,
		"required, not listed": `{"type":"object","required":["ghost"],"properties":{}}`,
		"free properties":      `{"type":"object","additionalProperties":{"type":"integer"},"minProperties":2,"maxProperties":3}`,
		"names with marks":     `{"type":"object","properties":{"a.b":{"type":"integer"},"c*":{"type":"string"},"q\"q":{"type":"boolean"},"ü":{"type":"null"}},"required":["a.b","c*","q\"q","ü"],"additionalProperties":false}`,
		"an array at the top":  `{"type":"array","items":{"type":"object","properties":{"id":{"type":"integer"}},"required":["id"]},"minItems":1}`,
		"draft 4 exclusive":    `{"$schema":"http://json-schema.org/draft-04/schema#","type":"object","properties":{"a":{"type":"integer","minimum":1,"exclusiveMinimum":true,"maximum":3,"exclusiveMaximum":true}},"required":["a"]}`,
	}
	for name, text := range schemas {
		t.Run(name, func(t *testing.T) {
			doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			compiler := jsonschema.NewCompiler()
			compiler.AssertFormat()
			if err := compiler.AddResource("s.json", doc); err != nil {
				t.Fatal(err)
			}
			schema, err := compiler.Compile("s.json")
			if err != nil {
				t.Fatal(err)
			}
			for seed := range uint64(50) {
				got := sim.Instance(text, seed, "Find a flat in Vienna, please")
				v, err := jsonschema.UnmarshalJSON(strings.NewReader(got))
				if err != nil {
					t.Fatalf("seed %d: %s: %v", seed, got, err)
				}
				if err := schema.Validate(v); err != nil {
					t.Fatalf("seed %d: %s: %v", seed, got, err)
				}
			}
		})
	}
}

func FuzzSchemaInstanceIsJSON(f *testing.F) {
	f.Add(`{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}`, uint64(1))
	f.Add(`{"anyOf":[{"$ref":"#"},{"$ref":"#"}]}`, uint64(2))
	f.Add(`{"type":"array","items":{"$ref":"#"},"minItems":9}`, uint64(3))
	f.Add(`{"type":"string","pattern":"(a{100}){10}","minLength":5000}`, uint64(4))
	f.Fuzz(func(t *testing.T, schema string, seed uint64) {
		if got := sim.Instance(schema, seed, "hint"); json.Valid([]byte(schema)) && !json.Valid([]byte(got)) {
			t.Errorf("instance of %q is %q", schema, got)
		}
	})
}

func TestRoutes(t *testing.T) {
	tests := map[string]struct {
		format llm.Format
		model  string
		stream bool
	}{
		"/v1/chat/completions":                             {llm.OpenAIChat, "", false},
		"/chat/completions":                                {llm.OpenAIChat, "", false},
		"/openai/deployments/gpt/chat/completions":         {llm.OpenAIChat, "gpt", false},
		"/v1/responses":                                    {llm.OpenAIResponses, "", false},
		"/v1/embeddings":                                   {llm.OpenAIEmbeddings, "", false},
		"/anthropic/v1/messages":                           {llm.AnthropicMessages, "", false},
		"/v1/messages/count_tokens":                        {llm.AnthropicMessages, "", false},
		"/v1beta/models/sim/small:generateContent":         {llm.GeminiGenerate, "sim/small", false},
		"/v1beta/models/sim%2Fsmall:streamGenerateContent": {llm.GeminiGenerate, "sim/small", true},
		"/v1/projects/p/locations/l/publishers/google/models/g:embedContent":       {llm.GeminiEmbed, "g", false},
		"/v1/projects/p/locations/l/publishers/google/models/g:batchEmbedContents": {llm.GeminiEmbed, "g", false},
		"/model/us.vendor.name-v1%3A0/converse":                                    {llm.BedrockConverse, "us.vendor.name-v1:0", false},
		"/model/small/converse-stream":                                             {llm.BedrockConverse, "small", true},
		"/v1/completions":                                                          {"", "", false},
		"/v1/files/file-1/content":                                                 {"", "", false},
	}
	for path, want := range tests {
		known, format, model, stream := sim.Route(path)
		if !known || format != want.format || model != want.model || stream != want.stream {
			t.Errorf("%s: known %v, %s %q %v; want %+v", path, known, format, model, stream, want)
		}
	}
	for _, path := range []string{"/", "/v1", "/v1/unknown", "/model/x/invoke", "/v1beta/models/x:unknown/y"} {
		if known, _, model, _ := sim.Route(path); known && model == "" {
			t.Errorf("%s is known", path)
		}
	}
}

func TestKeys(t *testing.T) {
	o := options()
	o.RequireKey = "k-1"
	s := sim.New(o)
	body := request("small", "hi", "")
	tests := map[string]struct {
		header, value string
		want          int
	}{
		"bearer":    {"Authorization", "Bearer k-1", 200},
		"anthropic": {"x-api-key", "k-1", 200},
		"google":    {"x-goog-api-key", "k-1", 200},
		"azure":     {"api-key", "k-1", 200},
		"aws":       {"Authorization", "AWS4-HMAC-SHA256 Credential=k-1/20260101/us-east-1/bedrock/aws4_request, Signature=x", 200},
		"wrong":     {"Authorization", "Bearer k-2", 401},
		"none":      {"X-Other", "k-1", 401},
	}
	for name, tt := range tests {
		if w := post(t, s, chatPath, body, tt.header, tt.value); w.Code != tt.want {
			t.Errorf("%s: %d; want %d", name, w.Code, tt.want)
		}
	}
	if w := post(t, s, chatPath+"?key=k-1", body); w.Code != 200 {
		t.Errorf("key in the query: %d", w.Code)
	}
}

func TestStats(t *testing.T) {
	s := sim.New(options())
	post(t, s, chatPath, request("small", "hi", ""))
	post(t, s, chatPath, request("small", "hi", `,"stream":true`))
	post(t, s, chatPath, request("large", "hi", ""), "x-sim-fault", "error_500")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := httptest.NewRequest("POST", chatPath, strings.NewReader(request("large", "hi", `,"stream":true`))).WithContext(ctx)
	func() {
		defer func() {
			if p := recover(); p != http.ErrAbortHandler {
				t.Errorf("an answer that is not whole ended with %v", p)
			}
		}()
		s.ServeHTTP(httptest.NewRecorder(), r)
	}()
	var got sim.Stats
	if err := json.Unmarshal(get(t, s, "GET", "/_sim/stats").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for name, m := range got.Models {
		m.InputTokens, m.OutputTokens = 0, 0
		got.Models[name] = m
	}
	want := sim.Stats{Requests: 4, Streams: 2, Aborted: 1, Faults: map[string]int64{"error_500": 1},
		Models: map[string]sim.ModelStats{"small": {Requests: 2, Streams: 1}, "large": {Requests: 2, Streams: 1, Aborted: 1}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
}

// serve starts s on an in-memory listener and returns a client of it.
func serve(t *testing.T, s *sim.Server) *http.Client {
	t.Helper()
	pipe := sim.NewPipe()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, pipe) }()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return pipe.Dial(ctx) }, DisableCompression: true}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return &http.Client{Transport: transport}
}

func do(t *testing.T, c *http.Client, body string, headers ...string) (*http.Response, []byte, error) {
	t.Helper()
	r, err := http.NewRequest("POST", "http://sim"+chatPath, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := c.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp, b, err
}

func TestChunksReassembleByteTrue(t *testing.T) {
	c := serve(t, sim.New(options()))
	body := request("echo", "Grüße, 雨 und 🌧 in Stücken "+strings.Repeat("aß雨🌧 ", 40), `,"stream":true`)
	_, want, err := do(t, c, body)
	if err != nil {
		t.Fatal(err)
	}
	for _, chunks := range []string{"event", "bytes:1", "bytes:7", "bytes:100000", "random:1", "random:2", "random:99"} {
		_, got, err := do(t, c, body, "x-sim-chunks", chunks)
		if err != nil || !bytes.Equal(want, got) {
			t.Errorf("%s: differs (%v)", chunks, err)
		}
	}
}
