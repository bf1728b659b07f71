package sim

import (
	"math"
	"strconv"
	"strings"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

// Sizes of vectors.
const (
	defaultDimensions = 384
	maxDimensions     = 4096
	featureWeight     = 24 // places of the vector that a word touches
	trigramWeight     = 0.25
)

func (c *call) embed() {
	codec, ok := c.s.opt.Embed[c.route.format]
	if !ok {
		c.refuse("no_codec", "the simulator was built without "+string(c.route.format))
		return
	}
	req, err := codec.DecodeRequest(c.body)
	if err != nil {
		status, text := codec.EncodeError(fault.As(err), c.id)
		c.send(status, map[string][]string{"Content-Type": {"application/json"}}, text)
		return
	}
	if c.route.model != "" {
		req.Model = c.route.model
	}
	c.model = req.Model
	resp := c.s.vectors(req)
	switch f := c.controls.fault; {
	case f.is("wrong_usage"):
		resp.Usage.N[llm.Input] *= 2
	case f.is("no_usage"):
		resp.Usage = llm.Usage{}
	}
	c.count.InputTokens = resp.Usage.InputTokens()
	body, _, err := codec.EncodeResponse(resp, req)
	if err != nil {
		c.refuse("error_500", fault.As(err).Public())
		return
	}
	c.unary(200, "application/json", body, 0, c.shortPace())
}

// vectors embeds each input.
func (s *Server) vectors(req *llm.EmbedRequest) *llm.EmbedResponse {
	n := int64(defaultDimensions)
	if req.Dimensions != nil {
		n = min(max(*req.Dimensions, 1), maxDimensions)
	}
	resp := &llm.EmbedResponse{Model: req.Model, Usage: llm.Usage{Reported: true}}
	for i := range req.Inputs {
		in := &req.Inputs[i]
		text := in.Text
		if in.Tokens != nil {
			var b strings.Builder
			for _, id := range in.Tokens {
				b.WriteString(" t")
				b.WriteString(strconv.FormatInt(id, 10))
			}
			text = b.String()
			resp.Usage.N[llm.Input] += int64(len(in.Tokens))
		} else {
			resp.Usage.N[llm.Input] += CountTokens(text)
		}
		resp.Vectors = append(resp.Vectors, Vector(text, int(n), s.opt.Seed))
	}
	return resp
}

// faint are common words that say little of what a text is about.
var faint = map[string]bool{
	"the": true, "and": true, "for": true, "with": true, "that": true, "this": true, "are": true, "was": true, "you": true,
	"from": true, "have": true, "has": true, "not": true, "but": true, "can": true, "its": true, "they": true, "what": true,
}

// Vector returns a unit vector of n numbers for the text. Each word, and with
// less weight each three letters of it, adds to a few places that a hash
// chooses, so that texts with words in common are near one another.
func Vector(text string, n int, seed uint64) []float32 {
	sum := make([]float64, n)
	add := func(feature string, weight float64) {
		h := hashString(hashInt(fnvOffset, seed), feature)
		for range featureWeight {
			h = h*6364136223846793005 + 1442695040888963407 // Knuth's MMIX
			x := h >> 32
			if x&1 == 0 {
				sum[(x>>1)%uint64(n)] += weight
			} else {
				sum[(x>>1)%uint64(n)] -= weight
			}
		}
	}
	for _, w := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return r < 0x80 && class[r] != letter && class[r] != digit
	}) {
		weight := 1.0
		if len(w) <= 2 || faint[w] {
			weight = 0.4
		}
		add(w, weight)
		for i := 0; i+3 <= len(w) && len(w) > 3; i++ {
			add("#"+w[i:i+3], weight*trigramWeight)
		}
	}
	length := 0.0
	for _, x := range sum {
		length += x * x
	}
	if length == 0 {
		sum[0], length = 1, 1
	}
	out := make([]float32, n)
	for i, x := range sum {
		out[i] = float32(x / math.Sqrt(length))
	}
	return out
}
