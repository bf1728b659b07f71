package gemini

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
)

// meter is Reading.State: what later chunks need of earlier ones.
type meter struct {
	searches
	called bool
	reason string // the finish reason seen
}

func measure(body []byte) wire.Reading {
	var r wire.Reading
	fold(body, &r)
	return r
}

// observe folds a chunk of either form of the stream into r. Every chunk brings
// usage, so that none is UsageOnly.
func observe(_ string, data []byte, r *wire.Reading) {
	r.UsageOnly = false
	fold(data, r)
}

// fold reads one answer or chunk in one pass, without checking its JSON.
func fold(data []byte, r *wire.Reading) {
	v := view(data)
	if !v.IsObject() {
		return
	}
	m, ok := r.State.(*meter)
	if !ok {
		m = &meter{}
		r.State = m
	}
	a := readAnswer(v)
	if a.failure.Exists() {
		r.Err = streamFault(gjson.Parse(strings.Clone(a.failure.Raw)))
		return
	}
	if r.ID == "" && a.id != "" {
		r.ID = strings.Clone(a.id)
	}
	if a.model != "" && a.model != r.Model {
		r.Model = strings.Clone(a.model)
	}
	each(field(a.content, "parts"), func(_ int, e gjson.Result) { m.part(e, r) })
	m.add(a.grounding)
	if a.usage.IsObject() {
		r.Usage = readUsage(a.usage)
		r.Usage.ServiceTier = strings.Clone(r.Usage.ServiceTier)
	}
	r.Usage.N[llm.WebSearch] = m.count(r.Model)
	if finishOf(a.finish, false) != llm.FinishNone {
		m.reason = strings.Clone(a.finish)
	}
	finish := finishOf(m.reason, m.called)
	if a.blocked() {
		finish = llm.FinishContentFilter
	}
	if finish != llm.FinishNone {
		r.Finish, r.Complete, r.Done = finish, true, true
	}
}

// part counts the bytes of output that a part brings.
func (m *meter) part(v gjson.Result, r *wire.Reading) {
	var n int
	output := false
	fields(v, func(name string, f gjson.Result) {
		switch name {
		case "text":
			n += len(f.Str)
			output = output || f.Str != ""
		case "thought", "thoughtSignature", "videoMetadata", "mediaResolution", "partMetadata":
		case "functionCall":
			m.called = true
			n += len(field(f, "args").Raw)
			output = true
		default:
			output = true
		}
	})
	r.OutputBytes += int64(n)
	r.FirstToken = r.FirstToken || output
}
