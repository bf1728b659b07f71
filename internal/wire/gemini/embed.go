package gemini

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
)

// Embed returns the codec of embedContent and batchEmbedContents. The answer has
// the shape of the method that was called: llm.EmbedRequest.Batch tells them
// apart for a caller, EmbedMethod for a provider.
func Embed() wire.Embed {
	return wire.Embed{
		Format:         llm.GeminiEmbed,
		DecodeRequest:  decodeEmbed,
		EncodeRequest:  encodeEmbed,
		DecodeResponse: decodeVectors,
		EncodeResponse: encodeVectors,
		EncodeError:    encodeError,
		DecodeError:    decodeError,
		Measure:        measureEmbed,
	}
}

// EmbedMethod names the method that takes what Embed().EncodeRequest writes for
// r: "embedContent" for one input, else "batchEmbedContents".
func EmbedMethod(r *llm.EmbedRequest) string {
	if r.Batch || len(r.Inputs) != 1 {
		return "batchEmbedContents"
	}
	return "embedContent"
}

func decodeEmbed(body []byte) (*llm.EmbedRequest, error) {
	v, ok := parse(body)
	if !ok {
		return nil, fault.New(fault.Invalid, "invalid_json", "the request body is not a JSON object")
	}
	d := embedReader{req: &llm.EmbedRequest{}}
	if requests := field(v, "requests"); requests.Exists() {
		d.req.Batch = true
		each(requests, func(i int, e gjson.Result) { d.one(i, e, fmt.Sprintf("requests[%d].", i)) })
		fields(v, func(name string, f gjson.Result) {
			switch name {
			case "requests":
			case "model":
				d.req.Model = bareModel(d.text(f, name))
			default:
				d.req.Unknown.Add(name)
			}
		})
	} else {
		d.one(0, v, "")
	}
	if d.err == nil && len(d.req.Inputs) == 0 {
		d.fail(wrong("requests", "a list of at least one request"))
	}
	if d.err != nil {
		return nil, d.err
	}
	return d.req, nil
}

type embedReader struct {
	partReader
	req *llm.EmbedRequest
}

// one reads an EmbedContentRequest. A batch may differ from one request to the
// next in what llm says once; the first counts, and a difference is unknown.
func (d *embedReader) one(i int, v gjson.Result, at string) {
	if !v.IsObject() {
		d.fail(wrong(strings.TrimSuffix(at, "."), "an object"))
		return
	}
	var one llm.EmbedRequest
	text, found := "", false
	var read func(name string, f gjson.Result)
	read = func(name string, f gjson.Result) {
		switch name {
		case "model":
			one.Model = bareModel(d.text(f, at+name))
		case "content":
			text, found = d.content(f, at+name), true
		case "taskType":
			one.Task = d.text(f, at+name)
		case "title":
			one.Title = d.text(f, at+name)
		case "outputDimensionality":
			n, ok := integer(f)
			if !ok || n <= 0 {
				d.fail(wrong(at+name, "a positive integer"))
			}
			one.Dimensions = &n
		case "embedContentConfig":
			fields(f, read)
		default:
			d.req.Unknown.Add(name)
		}
	}
	fields(v, read)
	if !found {
		d.fail(wrong(at+"content", "a content with text"))
	}
	d.req.Inputs = append(d.req.Inputs, llm.EmbedInput{Text: text})
	d.join(i, &one)
}

func (d *embedReader) join(i int, one *llm.EmbedRequest) {
	r := d.req
	if i == 0 {
		r.Model, r.Task, r.Title, r.Dimensions = one.Model, one.Task, one.Title, one.Dimensions
		return
	}
	if one.Task != r.Task {
		r.Unknown.Add("requests.taskType")
	}
	if one.Title != r.Title {
		r.Unknown.Add("requests.title")
	}
	if (one.Dimensions == nil) != (r.Dimensions == nil) || one.Dimensions != nil && *one.Dimensions != *r.Dimensions {
		r.Unknown.Add("requests.outputDimensionality")
	}
}

// content returns the texts of a content, a line each.
func (d *embedReader) content(v gjson.Result, at string) string {
	var texts []string
	parts := field(v, "parts")
	if v.Type == gjson.String { // the shortest form that some clients send
		return v.Str
	}
	each(parts, func(_ int, e gjson.Result) {
		p, _ := d.part(e, at+".parts")
		if p.Kind == llm.KindText {
			texts = append(texts, p.Text)
		} else {
			d.req.Unknown.Add("content.parts")
		}
	})
	if len(texts) == 0 {
		d.fail(wrong(at+".parts", "a list with text"))
	}
	return strings.Join(texts, "\n")
}

type embedJSON struct {
	Model                string       `json:"model,omitempty"`
	Content              *contentJSON `json:"content"`
	TaskType             string       `json:"taskType,omitempty"`
	Title                string       `json:"title,omitempty"`
	OutputDimensionality *int64       `json:"outputDimensionality,omitempty"`
}

type batchEmbedJSON struct {
	Requests []embedJSON `json:"requests"`
}

func encodeEmbed(r *llm.EmbedRequest) ([]byte, llm.Lost, error) {
	var lost llm.Lost
	lost.AddAll(r.Unknown)
	if r.User != "" {
		lost.Add("user")
	}
	if len(r.Inputs) == 0 {
		return nil, lost, fault.New(fault.Invalid, "invalid_request", "there is nothing to embed").At("input")
	}
	var batch batchEmbedJSON
	for i := range r.Inputs {
		in := &r.Inputs[i]
		if len(in.Tokens) > 0 {
			return nil, lost, fault.New(fault.Invalid, "unsupported_input", "Gemini embeds text, not token ids").
				At("input").Hinted("send the input as text")
		}
		e := embedJSON{
			Content:  &contentJSON{Parts: []any{&partJSON{Text: &in.Text}}},
			TaskType: r.Task, Title: r.Title, OutputDimensionality: r.Dimensions,
		}
		if r.Model != "" {
			e.Model = "models/" + bareModel(r.Model)
		}
		batch.Requests = append(batch.Requests, e)
	}
	var out any = &batch
	if EmbedMethod(r) == "embedContent" {
		out = &batch.Requests[0]
	}
	b, err := writer.Marshal(out)
	if err != nil {
		return nil, lost, fmt.Errorf("write embedContent request: %w", err)
	}
	return b, lost, nil
}

func decodeVectors(body []byte) (*llm.EmbedResponse, error) {
	v, ok := parse(body)
	if !ok {
		return nil, fault.New(fault.Upstream, "response_malformed", "the provider's answer is not a JSON object")
	}
	resp := &llm.EmbedResponse{}
	malformed := false
	add := func(_ int, e gjson.Result) {
		vector := []float32{}
		each(field(e, "values"), func(_ int, n gjson.Result) {
			x, ok := float(n)
			malformed = malformed || !ok || math.Abs(x) > math.MaxFloat32
			vector = append(vector, float32(x))
		})
		malformed = malformed || len(vector) == 0
		resp.Vectors = append(resp.Vectors, vector)
	}
	fields(v, func(name string, f gjson.Result) {
		switch name {
		case "embedding":
			add(0, f)
		case "embeddings":
			each(f, add)
		case "usageMetadata":
			resp.Usage = readUsage(f)
		case "modelVersion":
			resp.Model = bareModel(f.Str)
		}
	})
	if malformed || len(resp.Vectors) == 0 {
		return nil, fault.New(fault.Upstream, "response_malformed", "the provider's answer has no vectors")
	}
	return resp, nil
}

func encodeVectors(resp *llm.EmbedResponse, req *llm.EmbedRequest) ([]byte, llm.Lost, error) {
	batch := len(resp.Vectors) != 1 || req != nil && req.Batch
	var b bytes.Buffer
	if batch {
		b.WriteString(`{"embeddings":[`)
	} else {
		b.WriteString(`{"embedding":`)
	}
	for i, vector := range resp.Vectors {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"values":[`)
		for k, x := range vector {
			if k > 0 {
				b.WriteByte(',')
			}
			if y := float64(x); math.IsNaN(y) || math.IsInf(y, 0) {
				return nil, nil, fault.New(fault.Upstream, "response_malformed", "the provider's answer has a vector that is not finite")
			}
			b.Write(strconv.AppendFloat(b.AvailableBuffer(), float64(x), 'g', -1, 32))
		}
		b.WriteString(`]}`)
	}
	if batch {
		b.WriteByte(']')
	}
	if u := writeUsage(&resp.Usage); u != nil {
		fmt.Fprintf(&b, `,"usageMetadata":{"promptTokenCount":%d}`, u.PromptTokenCount)
	}
	b.WriteByte('}')
	return b.Bytes(), nil, nil
}

func measureEmbed(body []byte) wire.Reading {
	var r wire.Reading
	fields(view(body), func(name string, f gjson.Result) {
		switch name {
		case "embedding", "embeddings":
			r.Complete, r.Done = true, true
		case "usageMetadata":
			r.Usage = readUsage(f)
		case "modelVersion":
			r.Model = strings.Clone(bareModel(f.Str))
		}
	})
	return r
}

// MeasurePredict reads the answer of Vertex AI's :predict method for text
// embeddings: its tokens stand beside each vector, in
// predictions[].embeddings.statistics.token_count.
func MeasurePredict(body []byte) wire.Reading {
	var r wire.Reading
	each(field(view(body), "predictions"), func(_ int, p gjson.Result) {
		e := field(p, "embeddings")
		if !e.IsObject() {
			return
		}
		r.Complete, r.Done = true, true
		if n := field(field(e, "statistics"), "tokenCount"); n.Exists() {
			r.Usage.Reported = true
			r.Usage.N[llm.Input] += count(n)
		}
	})
	return r
}
