package sim

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

// Interaction is one recorded request and its answer.
type Interaction struct {
	ID              string            `json:"id"`
	Method          string            `json:"method"`
	Path            string            `json:"path"` // with its query
	Request         Body              `json:"request"`
	Status          int               `json:"status"`
	ResponseHeaders map[string]string `json:"response_headers"`
	Response        Body              `json:"response"`
}

// Body is the bytes of a message: in JSON a string, or {"base64": "..."}.
type Body []byte

// UnmarshalJSON reads either form; null is no bytes.
func (b *Body) UnmarshalJSON(text []byte) error {
	v := gjson.ParseBytes(text)
	switch {
	case v.Type == gjson.Null:
		*b = nil
	case v.Type == gjson.String:
		var s string
		if err := json.Unmarshal(text, &s); err != nil {
			return err
		}
		*b = Body(s)
	case v.IsObject() && v.Get("base64").Type == gjson.String:
		raw, err := base64.StdEncoding.DecodeString(v.Get("base64").Str)
		if err != nil {
			return fmt.Errorf("base64 body: %w", err)
		}
		*b = raw
	default:
		return fmt.Errorf("a body is a string or {\"base64\": ...}")
	}
	return nil
}

// ReadCassette reads interactions, one JSON object a line, gzipped or not.
func ReadCassette(r io.Reader) ([]Interaction, error) {
	in := bufio.NewReader(r)
	if head, err := in.Peek(2); err == nil && head[0] == 0x1f && head[1] == 0x8b {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fault.New(fault.Invalid, "bad_cassette", "the cassette cannot be unpacked").Because(err)
		}
		in = bufio.NewReader(z)
	}
	var out []Interaction
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if text := bytes.TrimSpace(line); len(text) > 0 {
			var i Interaction
			if err := json.Unmarshal(text, &i); err != nil {
				return nil, fault.New(fault.Invalid, "bad_cassette", "line %d of the cassette is not an interaction", n).Because(err)
			}
			if i.Status < 100 || i.Status > 599 {
				return nil, fault.New(fault.Invalid, "bad_cassette", "line %d of the cassette has status %d", n, i.Status)
			}
			out = append(out, i)
		}
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return nil, fault.New(fault.Invalid, "bad_cassette", "the cassette cannot be read").Because(err)
		}
	}
}

// LoadCassette reads the cassette in a file.
func LoadCassette(path string) ([]Interaction, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.New(fault.NotFound, "no_cassette", "the cassette cannot be opened").Because(err)
	}
	defer f.Close()
	return ReadCassette(f)
}

// tapes finds recorded interactions.
type tapes struct {
	all         []Interaction
	ignoreModel bool
	byID        map[string]int
	byBody      map[string][]int // method and body, in recorded order

	mu   sync.Mutex
	next map[string]int // position among equal interactions
}

func newTapes(all []Interaction, ignoreModel bool) *tapes {
	t := &tapes{all: all, ignoreModel: ignoreModel, byID: map[string]int{}, byBody: map[string][]int{}, next: map[string]int{}}
	for i := range all {
		if _, known := t.byID[all[i].ID]; !known {
			t.byID[all[i].ID] = i
		}
		key := t.key(all[i].Method, all[i].Request)
		t.byBody[key] = append(t.byBody[key], i)
	}
	return t
}

// key is equal for requests that mean the same: JSON in another order or
// spacing, or the same bytes.
func (t *tapes) key(method string, body []byte) string {
	method = strings.ToUpper(method)
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var v any
	if decoder.Decode(&v) != nil || decoder.More() {
		return method + "\x00" + string(body)
	}
	if m, ok := v.(map[string]any); ok && t.ignoreModel {
		delete(m, "model")
	}
	return method + "\x01" + string(mustJSON(plainNumbers(v)))
}

// plainNumbers makes 1, 1.0 and 1e0 the same.
func plainNumbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = plainNumbers(v[k])
		}
	case []any:
		for i := range v {
			v[i] = plainNumbers(v[i])
		}
	case json.Number:
		if _, err := v.Int64(); err == nil {
			return v
		}
		if f, err := v.Float64(); err == nil {
			return json.Number(strconv.FormatFloat(f, 'f', -1, 64))
		}
	}
	return v
}

// find returns the interaction that answers a request: the next in recorded
// order among those that are equal, from the start again after the last.
func (t *tapes) find(method string, u *url.URL, body []byte) (*Interaction, bool) {
	key := t.key(method, body)
	var same, exact []int
	for _, i := range t.byBody[key] {
		path, query, _ := strings.Cut(t.all[i].Path, "?")
		if !t.samePath(path, u.EscapedPath()) {
			continue
		}
		same = append(same, i)
		if query == u.RawQuery {
			exact = append(exact, i)
		}
	}
	turn := key + "\x00" + u.EscapedPath()
	if len(exact) > 0 {
		same, turn = exact, turn+"?"+u.RawQuery
	}
	if len(same) == 0 {
		return nil, false
	}
	t.mu.Lock()
	n := t.next[turn]
	t.next[turn] = (n + 1) % len(same)
	t.mu.Unlock()
	return &t.all[same[n%len(same)]], true
}

// samePath reports whether one path ends in the other.
func (t *tapes) samePath(a, b string) bool {
	if t.ignoreModel {
		a, b = blankModel(a), blankModel(b)
	}
	if len(a) < len(b) {
		a, b = b, a
	}
	a, b = "/"+strings.Trim(a, "/"), "/"+strings.Trim(b, "/")
	return b != "/" && strings.HasSuffix(a, b)
}

// blankModel takes the model's name out of a path that holds one.
func blankModel(path string) string {
	r := routePath(path)
	if r.model == "" {
		return path
	}
	for _, mark := range []string{"/models/", "/model/", "/deployments/", "/endpoints/"} {
		if head, rest, ok := strings.Cut(path, mark); ok {
			end := strings.LastIndexAny(rest, ":/")
			if end < 0 {
				end = len(rest)
			}
			return head + mark + "*" + rest[end:]
		}
	}
	return path
}

// replay answers with a recorded interaction.
func (c *call) replay() {
	if c.s.tapes == nil {
		c.refuse("not_found", "the simulator plays no cassette")
		return
	}
	var tape *Interaction
	if id := c.controls.cassette; id != "" {
		i, ok := c.s.tapes.byID[id]
		if !ok {
			c.refuse("not_found", "the cassette has no interaction "+strconv.Quote(clip(id, 200)))
			return
		}
		tape = &c.s.tapes.all[i]
	} else {
		var ok bool
		if tape, ok = c.s.tapes.find(c.r.Method, c.r.URL, c.body); !ok {
			c.refuse("not_found", fmt.Sprintf("the cassette has no interaction for %s %s with model %q and this body (%d bytes)",
				c.r.Method, clip(c.r.URL.Path, 200), clip(c.model, 100), len(c.body)))
			return
		}
	}
	c.play(tape)
}

func (c *call) play(tape *Interaction) {
	h := c.w.Header()
	kind := ""
	for k, v := range tape.ResponseHeaders {
		switch k = http.CanonicalHeaderKey(k); k {
		case "Content-Type":
			kind = v
		case "Content-Length", "Transfer-Encoding", "Content-Encoding", "Connection":
		default:
			h.Set(k, v)
		}
	}
	format, streams := streamFormat(kind, c.route.format)
	if !streams || tape.Status != http.StatusOK {
		c.unary(tape.Status, kind, tape.Response, 0, c.shortPace())
		return
	}
	frames, _ := appendFrames(nil, format, tape.Response, 0)
	for i := range frames {
		frames[i].tokens = 1
	}
	p := c.shortPace()
	if c.controls.rate > 0 {
		p.gaps, p.rng = 1/c.controls.rate, c.rng(tape.ID)
	}
	frames, end := bend(c.controls.fault, format, frames)
	c.stream(kind, frames, p, end)
}

// streamFormat returns the framing of a recorded stream by its content type.
func streamFormat(contentType string, otherwise llm.Format) (llm.Format, bool) {
	switch {
	case strings.HasPrefix(contentType, "application/vnd.amazon.eventstream"):
		return llm.BedrockConverse, true
	case strings.HasPrefix(contentType, "text/event-stream"):
		if otherwise == "" || otherwise == llm.BedrockConverse {
			otherwise = llm.OpenAIChat
		}
		return otherwise, true
	}
	return otherwise, false
}
