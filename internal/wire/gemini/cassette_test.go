package gemini_test

import (
	"bufio"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
	"github.com/steward-llmops/steward/internal/wire/gemini"
)

// interaction is one recorded call.
type interaction struct {
	ID, Method, Path  string
	Request, Response json.RawMessage
	Status            int
}

func (i *interaction) body(t *testing.T, raw json.RawMessage) []byte {
	t.Helper()
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatalf("%s: %v", i.ID, err)
	}
	return []byte(s)
}

var modelInPath = regexp.MustCompile(`/models/([^:/]+):(\w+)`)

// recorded returns the interactions whose method is one of methods.
func recorded(t *testing.T, methods ...string) []interaction {
	t.Helper()
	shared := os.Getenv("STEWARD_SHARED")
	if shared == "" {
		t.Skip("STEWARD_SHARED is not set: no recorded traffic")
	}
	var list []interaction
	for _, name := range []string{"gemini", "vertex"} {
		f, err := os.Open(filepath.Join(shared, "data", "cassettes", name+".jsonl.gz"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(z)
		lines.Buffer(nil, 64<<20)
		for lines.Scan() {
			var i interaction
			if err := json.Unmarshal(lines.Bytes(), &i); err != nil {
				t.Fatal(err)
			}
			if m := modelInPath.FindStringSubmatch(i.Path); m != nil && slices.Contains(methods, m[2]) {
				list = append(list, i)
			}
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

func TestRecordedRequestsEncodeToTheSame(t *testing.T) {
	codec := gemini.Generate()
	total, same := 0, 0
	dropped := map[string]int{}
	for _, i := range recorded(t, "generateContent", "streamGenerateContent", "countTokens") {
		total++
		body := i.body(t, i.Request)
		r, err := gemini.DecodeCount(body)
		if err != nil {
			t.Errorf("%s: decode: %v", i.ID, err)
			continue
		}
		r.Model = modelInPath.FindStringSubmatch(i.Path)[1]
		out, lost, err := codec.EncodeRequest(r)
		if err != nil {
			t.Errorf("%s: encode: %v", i.ID, err)
			continue
		}
		for _, name := range lost {
			dropped[name]++
		}
		want, got := normalRequest(t, body, r.Unknown, r.Model), normalRequest(t, out, nil, r.Model)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (%s, lost %v) (-recorded +encoded):\n%.3000s", i.ID, r.Model, lost, diff)
			continue
		}
		same++
	}
	t.Logf("%d of %d requests encode to what was recorded, apart from fields declared lost:", same, total)
	names := []string{}
	for name := range dropped {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		t.Logf("  lost in %3d: %s", dropped[name], name)
	}
}

func TestRecordedAnswersAreReadAndMetered(t *testing.T) {
	codec := gemini.Generate()
	total, answers, refused, parts, cited := 0, 0, 0, 0, 0
	kinds := map[llm.Kind]int{}
	finishes := map[llm.Finish]int{}
	for _, i := range recorded(t, "generateContent") {
		total++
		body := i.body(t, i.Response)
		if i.Status != http.StatusOK {
			refused++
			checkError(t, &i, codec.DecodeError(i.Status, nil, body))
			continue
		}
		resp, err := codec.DecodeResponse(body)
		if err != nil {
			t.Errorf("%s: %v", i.ID, err)
			continue
		}
		answers++
		finishes[resp.Finish]++
		for _, p := range resp.Parts {
			parts++
			kinds[p.Kind]++
		}
		reading := codec.Measure(body)
		want := recompute(t, [][]byte{body})
		if diff := cmp.Diff(want, resp.Usage); diff != "" {
			t.Errorf("%s: usage (-recomputed +decoded):\n%s", i.ID, diff)
		}
		checkReading(t, i.ID, reading, resp, want)
		checkAnswerSurvives(t, i.ID, resp)
		cited += checkCitations(t, i.ID, body, resp)
	}
	t.Logf("%d citations lie where the recorded segments say", cited)
	t.Logf("%d generateContent: %d answers read and metered (%d parts by kind %v, finish %v), %d errors", total, answers, parts, kinds, finishes, refused)
}

func TestRecordedStreamsAreReadAndMetered(t *testing.T) {
	codec := gemini.Generate()
	streams := 0
	for _, i := range recorded(t, "streamGenerateContent") {
		body := i.body(t, i.Response)
		var chunks [][]byte
		var reading wire.Reading
		s := codec.NewSplitter()
		emit := func(name string, data []byte, _ int) {
			chunks = append(chunks, slices.Clone(data))
			codec.Observe(name, data, &reading)
		}
		s.Feed(body, emit)
		s.Flush(emit)

		resp, err := llm.Collect(codec.DecodeStream(strings.NewReader(string(body))))
		if err != nil {
			t.Errorf("%s: %v", i.ID, err)
			continue
		}
		streams++
		want := recompute(t, chunks)
		if diff := cmp.Diff(want, resp.Usage); diff != "" {
			t.Errorf("%s: usage (-recomputed +decoded):\n%s", i.ID, diff)
		}
		checkReading(t, i.ID, reading, resp, want)
		checkAnswerSurvives(t, i.ID, resp)

		array := "[" + strings.Join(asStrings(chunks), ",\n") + "]\n"
		again, err := llm.Collect(codec.DecodeStream(strings.NewReader(array)))
		if err != nil {
			t.Errorf("%s as an array: %v", i.ID, err)
		}
		if diff := cmp.Diff(resp, again); diff != "" {
			t.Errorf("%s (-sse +array):\n%s", i.ID, diff)
		}
	}
	t.Logf("%d streams read and metered, each in both forms", streams)
}

func TestRecordedEmbeddingsAndCounts(t *testing.T) {
	codec := gemini.Embed()
	embeds, counts, predictions, refused := 0, 0, 0, 0
	for _, i := range recorded(t, "embedContent", "batchEmbedContents", "countTokens", "predict") {
		body := i.body(t, i.Response)
		switch {
		case strings.Contains(i.Path, ":countTokens"):
			n, ok := gemini.MeasureCount(body)
			if !ok || n <= 0 {
				t.Errorf("%s: MeasureCount = %d, %v", i.ID, n, ok)
			}
			counts++
		case strings.Contains(i.Path, ":predict"):
			r := gemini.MeasurePredict(body)
			if !r.Usage.Reported || r.Usage.N[llm.Input] <= 0 || !r.Complete {
				t.Errorf("%s: MeasurePredict = %+v", i.ID, r)
			}
			predictions++
		default:
			checkEmbed(t, codec, &i)
			if i.Status != http.StatusOK {
				refused++
				checkError(t, &i, codec.DecodeError(i.Status, nil, body))
				continue
			}
			resp, err := codec.DecodeResponse(body)
			if err != nil || len(resp.Vectors) == 0 {
				t.Errorf("%s: %v", i.ID, err)
				continue
			}
			r := codec.Measure(body)
			if want := recompute(t, [][]byte{body}); cmp.Diff(want, r.Usage) != "" || cmp.Diff(resp.Usage, r.Usage) != "" {
				t.Errorf("%s: usage measured %+v, decoded %+v, recomputed %+v", i.ID, r.Usage, resp.Usage, want)
			}
			out, _, err := codec.EncodeResponse(resp, &llm.EmbedRequest{Batch: true})
			if err != nil {
				t.Errorf("%s: %v", i.ID, err)
				continue
			}
			again, err := codec.DecodeResponse(out)
			if err != nil || cmp.Diff(resp.Vectors, again.Vectors) != "" {
				t.Errorf("%s: the vectors do not survive: %v", i.ID, err)
			}
			embeds++
		}
	}
	t.Logf("%d embeddings, %d counts, %d predictions, %d errors", embeds, counts, predictions, refused)
}

func checkEmbed(t *testing.T, codec wire.Embed, i *interaction) {
	t.Helper()
	body := i.body(t, i.Request)
	r, err := codec.DecodeRequest(body)
	if err != nil {
		t.Errorf("%s: %v", i.ID, err)
		return
	}
	out, lost, err := codec.EncodeRequest(r)
	if err != nil || len(lost) > 0 {
		t.Errorf("%s: lost %v, %v", i.ID, lost, err)
		return
	}
	if diff := cmp.Diff(normalRequest(t, body, nil, ""), normalRequest(t, out, nil, "")); diff != "" {
		t.Errorf("%s (-recorded +encoded):\n%s", i.ID, diff)
	}
}

func checkError(t *testing.T, i *interaction, f *fault.Error) {
	t.Helper()
	if f.Kind != fault.Refused || f.Status != i.Status || f.Message == "" {
		t.Errorf("%s: status %d became %+v", i.ID, i.Status, f)
	}
}

func checkReading(t *testing.T, id string, r wire.Reading, resp *llm.Response, usage llm.Usage) {
	t.Helper()
	if diff := cmp.Diff(usage, r.Usage); diff != "" {
		t.Errorf("%s: usage (-recomputed +measured):\n%s", id, diff)
	}
	if r.ID != resp.ID || r.Model != resp.Model || r.Finish != resp.Finish {
		t.Errorf("%s: measured %q %q %q, decoded %q %q %q", id, r.ID, r.Model, r.Finish, resp.ID, resp.Model, resp.Finish)
	}
	var bytes int64
	output := false
	for _, p := range resp.Parts {
		bytes += int64(len(p.Text))
		if p.Text != "" || p.Call != nil || p.Media != nil || p.Opaque != nil {
			output = true
		}
	}
	if !r.Complete || !r.Done || r.Err != nil || r.UsageOnly || r.FirstToken != output || r.OutputBytes < bytes {
		t.Errorf("%s: measured %+v; output %v, %d bytes of text", id, r, output, bytes)
	}
}

// checkCitations compares the words at each citation's characters with the text
// that the recorded segments quote, and returns how many there are.
func checkCitations(t *testing.T, id string, body []byte, resp *llm.Response) int {
	t.Helper()
	var a struct {
		Candidates []struct {
			GroundingMetadata struct {
				GroundingSupports []struct {
					Segment               struct{ Text string }
					GroundingChunkIndices []int
				}
			}
		}
	}
	if err := json.Unmarshal(body, &a); err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, c := range a.Candidates {
		for _, s := range c.GroundingMetadata.GroundingSupports {
			for range s.GroundingChunkIndices {
				want = append(want, s.Segment.Text)
			}
		}
	}
	for _, p := range resp.Parts {
		for _, c := range p.Citations {
			if !c.InAnswer || c.URL == "" && c.Title == "" && c.Quote == "" {
				t.Errorf("%s: citation %+v", id, c)
			}
			got = append(got, string([]rune(p.Text)[c.Start:c.End]))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: cited words (-recorded +decoded):\n%s", id, diff)
	}
	return len(got)
}

// checkAnswerSurvives writes an answer whole and as a stream in both forms, and
// reads it back.
func checkAnswerSurvives(t *testing.T, id string, resp *llm.Response) {
	t.Helper()
	codec := gemini.Generate()
	out, lost, err := codec.EncodeResponse(resp, nil)
	if err != nil || len(lost) > 0 {
		t.Errorf("%s: encode: lost %v, %v", id, lost, err)
		return
	}
	again, err := codec.DecodeResponse(out)
	if err != nil {
		t.Errorf("%s: read back: %v", id, err)
		return
	}
	if diff := cmp.Diff(essence(resp), essence(again)); diff != "" {
		t.Errorf("%s: whole (-before +after):\n%s", id, diff)
	}
	for form, enc := range map[string]wire.Encoder{"sse": codec.NewEncoder(nil), "array": gemini.NewArrayEncoder(nil)} {
		var b []byte
		for e := range resp.Events() {
			b = enc.Append(b, e)
		}
		b = enc.End(b)
		again, err := llm.Collect(codec.DecodeStream(strings.NewReader(string(b))))
		if err != nil {
			t.Errorf("%s as %s: %v", id, form, err)
			continue
		}
		if diff := cmp.Diff(essence(resp), essence(again)); diff != "" {
			t.Errorf("%s as %s (-before +after):\n%s", id, form, diff)
		}
	}
}

// essence renders what must survive: per kind the text, calls, signatures, usage
// and finish. Boundaries between texts of one kind may move in a stream, and a
// stop after calls is a stop for calls.
func essence(r *llm.Response) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s\n", r.ID, r.Model, r.Finish)
	u := r.Usage
	u.N[llm.WebSearch] = 0 // the queries themselves have no place in llm
	u.N[llm.CacheRead] += 0
	fmt.Fprintf(&b, "in %d cached %d out %d thought %d tier %q\n", u.InputTokens(), u.CachedTokens(), u.OutputTokens(), u.N[llm.OutputReasoning], u.ServiceTier)
	last := llm.Kind(255)
	for _, p := range r.Parts {
		if p.Kind == llm.KindText && p.Text == "" && p.Signature == "" {
			continue
		}
		spoken := p.Kind == llm.KindText || p.Kind == llm.KindReasoning
		if !spoken || p.Kind != last {
			fmt.Fprintf(&b, "\n%d: ", p.Kind)
		}
		last = p.Kind
		b.WriteString(p.Text)
		if p.Reasoning != nil {
			b.WriteString(" sign " + p.Reasoning.Signature)
		}
		if p.Signature != "" {
			fmt.Fprintf(&b, " sign %s %s", p.Signature, p.SignatureOf)
		}
		if p.Call != nil {
			fmt.Fprintf(&b, " %s(%s)", p.Call.Name, p.Call.Arguments)
		}
		if p.Opaque != nil {
			fmt.Fprintf(&b, " %s %s", p.Opaque.Type, p.Opaque.Raw)
		}
		for _, c := range p.Citations {
			fmt.Fprintf(&b, "\n  [%d,%d) %s %s %s", c.Start, c.End, c.Title, c.URL, c.Raw)
		}
		if len(p.Citations) > 0 {
			last = 255
		}
	}
	return b.String()
}

// recompute derives the usage of an answer from its chunks by encoding/json, in
// another way than the codec: the last usageMetadata counts.
func recompute(t *testing.T, chunks [][]byte) llm.Usage {
	t.Helper()
	type detail struct {
		Modality   string
		TokenCount int64
	}
	type answer struct {
		ModelVersion  string
		UsageMetadata *struct {
			PromptTokenCount, CachedContentTokenCount, CandidatesTokenCount int64
			ThoughtsTokenCount, ToolUsePromptTokenCount, TotalTokenCount    int64
			PromptTokensDetails, PromptTokenDetails, CacheTokensDetails     []detail
			CandidatesTokensDetails, ToolUsePromptTokensDetails             []detail
			TrafficType, ServiceTier                                        string
		}
		Candidates []struct {
			GroundingMetadata struct{ WebSearchQueries []string }
		}
	}
	of := func(list []detail, modality string) (n int64) {
		for _, d := range list {
			if d.Modality == modality {
				n += d.TokenCount
			}
		}
		return n
	}
	var u llm.Usage
	queries := map[string]bool{}
	model := ""
	for _, c := range chunks {
		var a answer
		if err := json.Unmarshal(c, &a); err != nil {
			t.Fatal(err)
		}
		model = a.ModelVersion
		for _, c := range a.Candidates {
			for _, q := range c.GroundingMetadata.WebSearchQueries {
				queries[q] = q != ""
			}
		}
		m := a.UsageMetadata
		if m == nil {
			continue
		}
		if m.TotalTokenCount != 0 && m.TotalTokenCount != m.PromptTokenCount+m.CandidatesTokenCount+m.ThoughtsTokenCount+m.ToolUsePromptTokenCount {
			t.Errorf("the recorded total %d is not the sum of %+v", m.TotalTokenCount, *m)
		}
		u = llm.Usage{Reported: true}
		media := map[llm.Quantity][2]string{llm.InputAudio: {"AUDIO"}, llm.InputImage: {"IMAGE"}, llm.InputVideo: {"VIDEO"}}
		prompt := append(m.PromptTokensDetails, m.PromptTokenDetails...)
		var other int64
		for q, name := range media {
			u.N[q] = of(prompt, name[0]) - of(m.CacheTokensDetails, name[0]) + of(m.ToolUsePromptTokensDetails, name[0])
			other += u.N[q]
		}
		u.N[llm.Input] = m.PromptTokenCount + m.ToolUsePromptTokenCount - m.CachedContentTokenCount - other
		u.N[llm.CacheReadAudio] = of(m.CacheTokensDetails, "AUDIO")
		u.N[llm.CacheReadImage] = of(m.CacheTokensDetails, "IMAGE")
		u.N[llm.CacheRead] = m.CachedContentTokenCount - u.N[llm.CacheReadAudio] - u.N[llm.CacheReadImage]
		u.N[llm.OutputReasoning] = m.ThoughtsTokenCount
		u.N[llm.OutputAudio] = of(m.CandidatesTokensDetails, "AUDIO")
		u.N[llm.OutputImage] = of(m.CandidatesTokensDetails, "IMAGE")
		u.N[llm.Output] = m.CandidatesTokenCount - u.N[llm.OutputAudio] - u.N[llm.OutputImage]
		tiers := map[string]string{"": "", "ON_DEMAND": "", "standard": "", "ON_DEMAND_FLEX": "flex"}
		for _, word := range []string{m.TrafficType, m.ServiceTier} {
			tier, known := tiers[word]
			if !known {
				t.Errorf("tier %q is new", word)
			}
			if tier != "" {
				u.ServiceTier = tier
			}
		}
	}
	for _, counts := range queries {
		if counts {
			u.N[llm.WebSearch]++
		}
	}
	if strings.HasPrefix(model, "gemini-2") && u.N[llm.WebSearch] > 0 {
		u.N[llm.WebSearch] = 1
	}
	return u
}

func asStrings(list [][]byte) []string {
	var out []string
	for _, b := range list {
		out = append(out, string(b))
	}
	return out
}

// normalRequest reads a request into one form, whatever way it was written:
// camelCase names, one alphabet of base64, a single value as a list, one dialect
// of schemas, no defaults, and without the fields in unknown.
func normalRequest(t *testing.T, body []byte, unknown llm.Lost, model string) any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	v = camelKeys(v).(map[string]any)
	for _, path := range unknown {
		remove(v, strings.Split(path, "."))
	}
	if s, ok := v["systemInstruction"].(map[string]any); ok {
		delete(s, "role") // means nothing there
	}
	if c, ok := v["generationConfig"].(map[string]any); ok {
		for _, path := range unknown {
			remove(c, strings.Split(path, "."))
		}
		if cmp.Equal(c["responseModalities"], []any{"TEXT"}) {
			delete(c, "responseModalities") // the default
		}
		if s, ok := c["responseSchema"]; ok {
			delete(c, "responseSchema")
			c["responseJsonSchema"] = s
		}
		if s, ok := c["responseJsonSchema"]; ok {
			c["responseJsonSchema"] = normalSchema(s)
		}
		if len(c) == 0 {
			delete(v, "generationConfig")
		}
	}
	if c, ok := v["toolConfig"].(map[string]any); ok {
		f, _ := c["functionCallingConfig"].(map[string]any)
		if slices.Contains(unknown, "toolConfig.functionCallingConfig.mode") {
			f["mode"] = "AUTO" // VALIDATED, declared lost
		}
		if len(c) == 0 {
			delete(v, "toolConfig")
		}
	}
	if tools, ok := v["tools"]; ok {
		if _, list := tools.([]any); !list {
			v["tools"] = []any{tools}
		}
		for _, tool := range v["tools"].([]any) {
			fs, _ := tool.(map[string]any)["functionDeclarations"].([]any)
			for _, f := range fs {
				f := f.(map[string]any)
				if f["description"] == "" {
					delete(f, "description")
				}
				for _, key := range []string{"parameters", "parametersJsonSchema"} {
					if s, ok := f[key]; ok {
						delete(f, key)
						f["schema"] = normalSchema(s)
					}
				}
			}
		}
	}
	if contents, ok := v["contents"].([]any); ok {
		v["contents"] = normalContents(contents)
	}
	return v
}

// normalContents joins turns as a step of the conversation wants them.
func normalContents(list []any) []any {
	results := func(c map[string]any) bool {
		for _, p := range c["parts"].([]any) {
			if p.(map[string]any)["functionResponse"] == nil {
				return false
			}
		}
		return true
	}
	var out []any
	for _, c := range list {
		c := c.(map[string]any)
		if c["role"] == nil {
			c["role"] = "user"
		}
		if n := len(out); n > 0 {
			last := out[n-1].(map[string]any)
			if last["role"] == c["role"] && (c["role"] == "model" || results(last) && results(c)) {
				last["parts"] = append(last["parts"].([]any), c["parts"].([]any)...)
				continue
			}
		}
		out = append(out, c)
	}
	return out
}

func remove(v map[string]any, path []string) {
	if len(path) == 1 {
		delete(v, path[0])
		return
	}
	if inner, ok := v[path[0]].(map[string]any); ok {
		remove(inner, path[1:])
	}
}

// camelKeys renames fields, leaving what is the caller's own words alone.
func camelKeys(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = camelKeys(v[i])
		}
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			words := strings.Split(k, "_")
			for i := 1; i < len(words); i++ {
				if words[i] != "" {
					words[i] = strings.ToUpper(words[i][:1]) + words[i][1:]
				}
			}
			k = strings.Join(words, "")
			switch k {
			case "args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema":
			case "data":
				if s, ok := x.(string); ok {
					b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(s), "="))
					if err == nil {
						x = fmt.Sprintf("%d bytes %x", len(b), b)
					}
				}
			default:
				x = camelKeys(x)
			}
			out[k] = x
		}
		return out
	}
	return v
}

// normalSchema writes a schema of either dialect in JSON schema's words.
func normalSchema(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	out := map[string]any{}
	nullable := false
	for k, x := range m {
		switch k {
		case "type":
			if s, ok := x.(string); ok {
				x = strings.ToLower(s)
			}
		case "any_of", "anyOf":
			k = "anyOf"
			list := []any{}
			for _, e := range x.([]any) {
				list = append(list, normalSchema(e))
			}
			x = list
		case "items":
			x = normalSchema(x)
		case "properties", "$defs":
			inner := map[string]any{}
			for name, e := range x.(map[string]any) {
				inner[name] = normalSchema(e)
			}
			x = inner
		case "nullable":
			nullable, _ = x.(bool)
			continue
		case "property_ordering", "propertyOrdering", "$schema":
			continue
		}
		out[k] = x
	}
	if s, ok := out["type"].(string); ok && nullable {
		out["type"] = []any{s, "null"}
	}
	return out
}

func TestRecordedErrorsKeepTheirStatus(t *testing.T) {
	codec := gemini.Generate()
	n := 0
	for _, i := range recorded(t, "generateContent", "batchEmbedContents") {
		if i.Status == http.StatusOK {
			continue
		}
		n++
		f := codec.DecodeError(i.Status, http.Header{}, i.body(t, i.Response))
		status, body := codec.EncodeError(f, "call-1")
		again := codec.DecodeError(status, nil, body)
		if status != i.Status || again.Kind != f.Kind || again.Message != f.Message || errors.Unwrap(again) != nil {
			t.Errorf("%s: %+v became %d %+v", i.ID, f, status, again)
		}
	}
	t.Logf("%d errors", n)
}
