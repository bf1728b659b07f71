package openai

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"strconv"

	"github.com/bytedance/sonic"
	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
)

// decodeEmbedRequest reads an embeddings request.
func decodeEmbedRequest(body []byte) (*llm.EmbedRequest, error) {
	root, ok := parse(body)
	if !ok || !root.IsObject() {
		return nil, fault.New(fault.Invalid, "invalid_json", "the request body is not a JSON object")
	}
	r := &llm.EmbedRequest{}
	var f *fault.Error
	fail := func(param, complaint string) {
		if f == nil {
			f = fault.New(fault.Invalid, "invalid_request", "%s", complaint).At(param)
		}
	}
	input := false
	fields(root, func(k string, v gjson.Result) bool {
		switch {
		case v.Type == gjson.Null:
		case k == "model":
			r.Model = text(v)
		case k == "user":
			r.User = text(v)
		case k == "input":
			input = true
			if r.Inputs, ok = embedInputs(v); !ok {
				fail("input", "input must be a text, a list of texts, or tokens")
			}
		case k == "dimensions":
			n, ok := whole(v)
			if !ok {
				fail("dimensions", "dimensions must be a whole number")
			}
			r.Dimensions = &n
		case k == "encoding_format":
			r.Base64 = v.Str == "base64"
			if v.Str != "float" && v.Str != "base64" {
				fail("encoding_format", "encoding_format must be float or base64")
			}
		default:
			r.Unknown.Add(k)
		}
		return true
	})
	if !input {
		fail("input", "input is missing")
	}
	if f != nil {
		return nil, f
	}
	return r, nil
}

// embedInputs reads a text, a list of texts, tokens, or a list of tokens.
func embedInputs(v gjson.Result) ([]llm.EmbedInput, bool) {
	if v.Type == gjson.String {
		return []llm.EmbedInput{{Text: text(v)}}, true
	}
	if !v.IsArray() {
		return nil, false
	}
	if v.Get("0").Type == gjson.Number {
		tokens, ok := tokensOf(v)
		return []llm.EmbedInput{{Tokens: tokens}}, ok
	}
	var out []llm.EmbedInput
	good := true
	each(v, func(v gjson.Result) bool {
		in := llm.EmbedInput{Text: text(v)}
		if v.Type != gjson.String {
			in.Tokens, good = tokensOf(v)
		}
		out = append(out, in)
		return good
	})
	return out, good && len(out) > 0
}

func tokensOf(v gjson.Result) ([]int64, bool) {
	if !v.IsArray() {
		return nil, false
	}
	var out []int64
	good := true
	each(v, func(v gjson.Result) bool {
		n, ok := whole(v)
		good = good && ok
		out = append(out, n)
		return good
	})
	return out, good && len(out) > 0
}

type embedRequest struct {
	Model          string `json:"model"`
	Input          []any  `json:"input"`
	EncodingFormat string `json:"encoding_format,omitempty"`
	Dimensions     *int64 `json:"dimensions,omitempty"`
	User           string `json:"user,omitempty"`
}

// encodeEmbedRequest writes r for the provider. Vectors are asked for as numbers,
// which every server knows, unless the caller wants base64.
func encodeEmbedRequest(r *llm.EmbedRequest) ([]byte, llm.Lost, error) {
	var lost llm.Lost
	out := embedRequest{Model: r.Model, Dimensions: r.Dimensions, User: r.User, Input: make([]any, 0, len(r.Inputs))}
	if r.Base64 {
		out.EncodingFormat = "base64"
	}
	for i := range r.Inputs {
		if in := &r.Inputs[i]; in.Tokens != nil {
			out.Input = append(out.Input, in.Tokens)
		} else {
			out.Input = append(out.Input, in.Text)
		}
	}
	if r.Task != "" {
		lost.Add("task")
	}
	if r.Title != "" {
		lost.Add("title")
	}
	lost.AddAll(r.Unknown)
	body, err := marshaler.Marshal(&out)
	if err != nil {
		return nil, lost, fault.New(fault.Invalid, "invalid_request", "the request cannot be written").Because(err)
	}
	return body, lost, nil
}

// decodeEmbedResponse reads vectors given as numbers or as base64 of
// little-endian float32.
func decodeEmbedResponse(body []byte) (*llm.EmbedResponse, error) {
	root, ok := parse(body)
	if !ok {
		return nil, fault.New(fault.Upstream, "bad_response", "the provider's answer is not JSON").
			Hinted("check the provider's base URL")
	}
	if f := faultIn("", root, &answer{fault: get(root, "error"), choices: get(root, "data")}); f != nil {
		return nil, f
	}
	data := get(root, "data")
	if !data.IsArray() {
		return nil, fault.New(fault.Upstream, "bad_response", "the provider's answer has no vectors").
			Hinted("check the provider's base URL")
	}
	items := data.Array()
	r := &llm.EmbedResponse{Model: text(get(root, "model")), Vectors: make([][]float32, len(items))}
	for i, v := range items {
		at := int64(i)
		if index := get(v, "index"); index.Exists() {
			at = count(index)
		}
		if at >= int64(len(items)) || r.Vectors[at] != nil {
			return nil, fault.New(fault.Upstream, "bad_response", "the provider's vectors are numbered wrongly")
		}
		if r.Vectors[at], ok = vectorOf(get(v, "embedding")); !ok {
			return nil, fault.New(fault.Upstream, "bad_response", "a vector of the provider's answer cannot be read")
		}
	}
	embedUsage(get(root, "usage"), &r.Usage)
	return r, nil
}

func vectorOf(v gjson.Result) ([]float32, bool) {
	if v.Type == gjson.String {
		b, err := base64.StdEncoding.DecodeString(text(v))
		if err != nil || len(b)%4 != 0 {
			return nil, false
		}
		out := make([]float32, len(b)/4)
		for i := range out {
			out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
		return out, true
	}
	if !v.IsArray() {
		return nil, false
	}
	out := []float32{}
	if err := sonic.UnmarshalString(v.Raw, &out); err != nil {
		return nil, false
	}
	return out, true
}

// embedUsage reads the usage object of an embeddings answer. Servers that count only a
// total mean input by it.
func embedUsage(v gjson.Result, u *llm.Usage) {
	if !usageOf(v, u) {
		return
	}
	u.N[llm.Input] += u.N[llm.Output] + u.N[llm.OutputReasoning]
	u.N[llm.Output], u.N[llm.OutputReasoning] = 0, 0
}

// encodeEmbedResponse writes vectors as the caller asked for them.
func encodeEmbedResponse(resp *llm.EmbedResponse, req *llm.EmbedRequest) ([]byte, llm.Lost, error) {
	inBase64 := req != nil && req.Base64
	dims := 0
	if len(resp.Vectors) > 0 {
		dims = len(resp.Vectors[0])
	}
	out := make([]byte, 0, 256+len(resp.Vectors)*(64+12*dims))
	out = append(out, `{"object":"list","data":[`...)
	for i, vector := range resp.Vectors {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, `{"object":"embedding","index":`...)
		out = strconv.AppendInt(out, int64(i), 10)
		out = append(out, `,"embedding":`...)
		if inBase64 {
			out = appendBase64(out, vector)
		} else {
			out = appendFloats(out, vector)
		}
		out = append(out, '}')
	}
	out = append(out, `],"model":`...)
	out = quote(out, resp.Model)
	if u := &resp.Usage; u.Reported || u.Estimated {
		n := strconv.FormatInt(u.InputTokens(), 10)
		out = append(out, `,"usage":{"prompt_tokens":`+n+`,"total_tokens":`+n+`}`...)
	}
	return append(out, '}'), nil, nil
}

func appendBase64(dst []byte, vector []float32) []byte {
	b := make([]byte, 0, 4*len(vector))
	for _, f := range vector {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, b)
	return append(dst, '"')
}

func appendFloats(dst []byte, vector []float32) []byte {
	dst = append(dst, '[')
	for i, f := range vector {
		if i > 0 {
			dst = append(dst, ',')
		}
		x := float64(f)
		if math.IsNaN(x) || math.IsInf(x, 0) {
			x = 0 // JSON has no word for it
		}
		dst = strconv.AppendFloat(dst, x, 'g', -1, 32)
	}
	return append(dst, ']')
}

// measureEmbed reads an embeddings answer for the record: usage and model only.
func measureEmbed(body []byte) wire.Reading {
	r := wire.Reading{Done: true}
	if !sonic.Valid(body) {
		r.Err = fault.New(fault.Upstream, "bad_response", "the provider's answer is not JSON")
		return r
	}
	root := gjson.Parse(view(body))
	a := readAnswer(root)
	r.Model, r.ID = clone(a.model), clone(a.id)
	embedUsage(a.usage, &r.Usage)
	if r.Err = ownFault("", body, root, &a); r.Err != nil {
		return r
	}
	r.Complete = true
	return r
}
