package gemini

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
)

// configReader reads generationConfig; the fields that shape the output together
// are gathered first.
type configReader struct {
	*requestReader
	mime   string
	schema []byte
}

func (d *requestReader) config(v gjson.Result) {
	if !v.IsObject() {
		d.fail(wrong("generationConfig", "an object"))
		return
	}
	c := configReader{requestReader: d}
	fields(v, c.field)
	c.output()
}

func (c *configReader) field(name string, f gjson.Result) {
	r, at := c.req, "generationConfig."+name
	switch name {
	case "maxOutputTokens":
		r.MaxTokens = c.integer(f, at)
	case "temperature":
		r.Temperature = c.float(f, at)
	case "topP":
		r.TopP = c.float(f, at)
	case "topK":
		r.TopK = c.integer(f, at)
	case "seed":
		r.Seed = c.integer(f, at)
	case "presencePenalty":
		r.PresencePenalty = c.float(f, at)
	case "frequencyPenalty":
		r.FrequencyPenalty = c.float(f, at)
	case "stopSequences":
		each(f, func(_ int, e gjson.Result) { r.Stop = append(r.Stop, c.text(e, at)) })
	case "responseLogprobs":
		r.LogProbs = f.Bool()
	case "logprobs":
		r.TopLogProbs = c.integer(f, at)
	case "responseMimeType":
		c.mime = c.text(f, at)
	case "responseSchema":
		c.schema = fromOpenAPI(f)
	case "responseJsonSchema", "_responseJsonSchema":
		c.schema = compact(f.Raw)
	case "thinkingConfig":
		c.thinking(f)
	case "candidateCount":
		if n, ok := integer(f); !ok || n > 1 {
			c.unknown.Add(name)
		}
	case "responseModalities":
		if !onlyText(f) {
			c.unknown.Add(name)
		}
	default: // speechConfig, mediaResolution, imageConfig, audioTimestamp, ...
		c.unknown.Add(name)
	}
}

// onlyText reports that the modalities asked for are what a chat answers anyway.
func onlyText(v gjson.Result) bool {
	only := true
	each(v, func(_ int, e gjson.Result) { only = only && strings.EqualFold(e.Str, "TEXT") })
	return only
}

func (c *configReader) output() {
	r := c.req
	switch {
	case len(c.schema) > 0:
		r.Output = llm.OutputShape{Kind: "schema", Schema: c.schema}
		if c.mime != "" && c.mime != "application/json" {
			c.unknown.Add("responseMimeType")
		}
	case c.mime == "application/json":
		r.Output.Kind = "json"
	case c.mime != "" && c.mime != "text/plain":
		c.unknown.Add("responseMimeType")
	}
}

func (c *configReader) thinking(v gjson.Result) {
	t := &llm.Reasoning{}
	const at = "generationConfig.thinkingConfig"
	fields(v, func(name string, f gjson.Result) {
		switch name {
		case "thinkingBudget":
			n := c.integer(f, at+".thinkingBudget")
			if n != nil && *n == 0 {
				t.Off = true
			} else {
				t.Budget = n
			}
		case "thinkingLevel":
			t.Effort = strings.ToLower(c.text(f, at+".thinkingLevel"))
			switch t.Effort {
			case "minimal", "low", "medium", "high":
			case "thinking_level_unspecified":
				t.Effort = ""
			default:
				c.fail(wrong(at+".thinkingLevel", "MINIMAL, LOW, MEDIUM or HIGH"))
			}
		case "includeThoughts":
			t.Show = f.Bool()
		default:
			c.unknown.Add("thinkingConfig." + name)
		}
	})
	c.req.Reasoning = t
}

func (c *configReader) integer(v gjson.Result, at string) *int64 {
	n, ok := integer(v)
	if !ok {
		c.fail(wrong(at, "an integer"))
		return nil
	}
	return &n
}

func (c *configReader) float(v gjson.Result, at string) *float64 {
	n, ok := float(v)
	if !ok {
		c.fail(wrong(at, "a number"))
		return nil
	}
	return &n
}
