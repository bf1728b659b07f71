package conform_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/record"
)

// script is the one conversation of the translation matrix in one format: how a
// client asks, and how a provider answers, at once and as a stream.
type script struct {
	format                  llm.Format
	path, streamPath        string // of the client; MODEL stands for the model
	request, answer, stream string
}

var scripts = []script{
	{format: llm.OpenAIChat, path: "/v1/chat/completions", streamPath: "/v1/chat/completions"},
	{format: llm.OpenAIResponses, path: "/v1/responses", streamPath: "/v1/responses"},
	{format: llm.AnthropicMessages, path: "/v1/messages", streamPath: "/v1/messages"},
	{format: llm.GeminiGenerate, path: "/v1beta/models/MODEL:generateContent", streamPath: "/v1beta/models/MODEL:streamGenerateContent?alt=sse"},
	{format: llm.BedrockConverse, path: "/model/MODEL/converse", streamPath: "/model/MODEL/converse-stream"},
}

func (s *script) load(t *testing.T) {
	t.Helper()
	a, err := txtar.ParseFile(filepath.Join("testdata", "in", string(s.format)+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range a.Files {
		*map[string]*string{"request.json": &s.request, "answer.json": &s.answer, "stream.txt": &s.stream}[f.Name] = string(f.Data)
	}
}

// TestTranslations sends one rich conversation in each format to a provider of each
// other, and compares what arrives at both ends with golden files.
func TestTranslations(t *testing.T) {
	up := newUpstream(t)
	b := newBare(t, up.URL)
	var known []script
	for _, s := range scripts {
		if !hasCodec(s.format) {
			t.Logf("no codec for %s yet", s.format)
			continue
		}
		s.load(t)
		known = append(known, s)
	}
	for _, client := range known {
		for _, provider := range known {
			if client.format == provider.format {
				continue
			}
			name := string(client.format) + "-to-" + string(provider.format)
			t.Run(name, func(t *testing.T) {
				var out txtar.Archive
				add := func(name, text string) {
					out.Files = append(out.Files, txtar.File{Name: name, Data: []byte(strings.TrimRight(text, "\n") + "\n")})
				}
				add("client request", client.request)
				whole := translate(t, b, up, &client, &provider, false)
				add("request at the provider", whole.path+"\n"+indent(whole.request))
				add("answer of the provider", provider.answer)
				add("answer at the client", indent(whole.answer))
				add("lost", whole.lost)
				add("record", whole.record)
				stream := translate(t, b, up, &client, &provider, true)
				if stream.request == whole.request { // the path says that it is a stream
					add("stream: request at the provider", stream.path+"\n(the same)")
				} else {
					add("stream: request at the provider", stream.path+"\n"+differing(whole.request, stream.request))
				}
				add("stream: answer of the provider", provider.stream)
				add("stream: answer at the client", stream.answer)
				add("stream: lost", stream.lost)
				add("stream: record", stream.record)
				golden(t, filepath.Join("testdata", "translate", name+".txtar"), &out)
			})
		}
	}
}

// differing shows the top level of b where it is not a's.
func differing(a, b string) string {
	var x, y map[string]json.RawMessage
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return indent(b)
	}
	var lines []string
	for k, v := range y {
		if !bytes.Equal(x[k], v) {
			lines = append(lines, fmt.Sprintf("%q: %s", k, v))
		}
	}
	for k := range x {
		if _, ok := y[k]; !ok {
			lines = append(lines, fmt.Sprintf("%q is not there", k))
		}
	}
	slices.Sort(lines)
	return "(the same, but)\n" + strings.Join(lines, "\n")
}

type translated struct{ path, request, answer, lost, record string }

// translate makes one call of the client's format to the provider of the other.
func translate(t *testing.T, b *bare, up *upstream, client, provider *script, stream bool) translated {
	t.Helper()
	up.answer(func(w http.ResponseWriter, _ *received) {
		switch {
		case !stream:
			w.Header().Set("Content-Type", "application/json")
			var compact bytes.Buffer // as providers send it
			if err := json.Compact(&compact, []byte(provider.answer)); err != nil {
				t.Error(err)
			}
			_, _ = w.Write(compact.Bytes())
		case provider.format == llm.BedrockConverse:
			w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
			_, _ = w.Write(eventStream(provider.stream))
		default:
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = w.Write([]byte(provider.stream))
		}
	})
	model := string(provider.format) + "/m-1"
	path := client.path
	body := strings.Replace(client.request, `"MODEL"`, strconv.Quote(model), 1)
	if stream {
		path = client.streamPath
		if strings.Contains(client.request, `"MODEL"`) {
			body = strings.Replace(body, "{", `{"stream": true,`, 1)
		}
	}
	if client.format == llm.OpenAIChat && stream {
		body = strings.Replace(body, "{", `{"stream_options": {"include_usage": true},`, 1)
	}
	path = strings.Replace(path, "MODEL", strings.Replace(model, "/", "%2F", 1), 1)
	w := httptest.NewRecorder()
	if b.serve(w, request{method: "POST", path: path, body: []byte(body), header: http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer k"}}}) || w.Code != 200 {
		t.Fatalf("%s: status %d: %s", path, w.Code, excerpt(w.Body.Bytes()))
	}
	got := up.last(t)
	c := b.journal.last(t)
	answer := w.Body.String()
	if w.Header().Get("Content-Type") == "application/vnd.amazon.eventstream" {
		answer = eventLines(t, w.Body.Bytes())
	}
	lost := w.Header().Get("X-Steward-Lost")
	if all := w.Result().Trailer.Get("X-Steward-Lost"); all != "" && all != lost {
		lost += "\n(and in the trailer)\n" + all
	}
	if c.Outcome != record.OK {
		t.Errorf("outcome %s", c.Outcome)
	}
	return translated{path: got.method + " " + got.target, request: string(got.body), answer: timeless(answer), lost: strings.ReplaceAll(lost, ", ", "\n"), record: timeless(recordText(c))}
}

func recordText(c *record.Call) string {
	var b strings.Builder
	fmt.Fprintf(&b, "finish %s, reported %s, upstream id %s\n", c.Finish, c.Reported, c.UpstreamID)
	for q, n := range c.Usage.N {
		if q := llm.Quantity(q); n != 0 && q != llm.ComputeMicros && q != llm.Requests {
			fmt.Fprintf(&b, "%s %d\n", q, n)
		}
	}
	fmt.Fprintf(&b, "lost %s", strings.Join(c.Lost, ", "))
	return b.String()
}

// indent lays JSON out without changing the order of its members.
func indent(s string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(s), "", "  ") != nil {
		return s
	}
	return b.String()
}

func golden(t *testing.T, path string, got *txtar.Archive) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, txtar.Format(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	for i := range max(len(want.Files), len(got.Files)) {
		if i >= len(want.Files) || i >= len(got.Files) || want.Files[i].Name != got.Files[i].Name {
			t.Fatalf("%s has other sections; go test -update rewrites it", path)
		}
		if diff := cmp.Diff(string(want.Files[i].Data), string(got.Files[i].Data)); diff != "" {
			t.Errorf("%s (-golden +got):\n%s", want.Files[i].Name, diff)
		}
	}
}

// eventStream writes lines of "event json" as AWS frames.
func eventStream(lines string) []byte {
	var out []byte
	for line := range strings.Lines(lines) {
		name, data, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			continue
		}
		var head []byte
		for _, h := range [][2]string{{":event-type", name}, {":content-type", "application/json"}, {":message-type", "event"}} {
			head = append(append(head, byte(len(h[0]))), h[0]...)
			head = binary.BigEndian.AppendUint16(append(head, 7), uint16(len(h[1])))
			head = append(head, h[1]...)
		}
		frame := binary.BigEndian.AppendUint32(nil, uint32(16+len(head)+len(data)))
		frame = binary.BigEndian.AppendUint32(frame, uint32(len(head)))
		frame = binary.BigEndian.AppendUint32(frame, crc32.ChecksumIEEE(frame))
		frame = append(append(frame, head...), data...)
		out = append(out, binary.BigEndian.AppendUint32(frame, crc32.ChecksumIEEE(frame))...)
	}
	return out
}

// eventLines is the inverse of eventStream; it checks the sums.
func eventLines(t *testing.T, b []byte) string {
	t.Helper()
	var out strings.Builder
	for len(b) >= 16 {
		total, head := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
		if int(total) > len(b) || binary.BigEndian.Uint32(b[8:]) != crc32.ChecksumIEEE(b[:8]) || binary.BigEndian.Uint32(b[total-4:]) != crc32.ChecksumIEEE(b[:total-4]) {
			t.Fatalf("a frame is damaged")
		}
		name := ""
		for h := b[12 : 12+head]; len(h) > 0; {
			key := string(h[1 : 1+h[0]])
			h = h[1+h[0]:]
			n := binary.BigEndian.Uint16(h[1:])
			if value := string(h[3 : 3+n]); key == ":event-type" || key == ":exception-type" {
				name = value
			}
			h = h[3+n:]
		}
		fmt.Fprintf(&out, "%s %s\n", name, b[12+head:total-4])
		b = b[total:]
	}
	if len(b) > 0 {
		t.Fatalf("%d bytes behind the last frame", len(b))
	}
	return out.String()
}
