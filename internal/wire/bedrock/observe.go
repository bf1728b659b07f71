package bedrock

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/wire"
)

// measure reads a whole answer of Converse.
func measure(body []byte) wire.Reading {
	o := fieldsOf(gjson.ParseBytes(body))
	r := wire.Reading{Usage: decodeUsage(o.get("usage")), Finish: decodeStop(o.get("stopReason").String())}
	decodeTerms(&r.Usage, o.get("serviceTier"), o.get("performanceConfig"))
	o.get("output").Get("message.content").ForEach(func(_, block gjson.Result) bool {
		r.FirstToken = true
		r.OutputBytes += blockBytes(block)
		return true
	})
	r.Done = true
	r.Complete = r.Finish != ""
	return r
}

// blockBytes counts what the model wrote in a block.
func blockBytes(block gjson.Result) (n int64) {
	block.ForEach(func(key, v gjson.Result) bool {
		switch key.Str {
		case "text":
			n += stringLen(v)
		case "reasoningContent":
			n += stringLen(v.Get("reasoningText.text"))
		case "citationsContent":
			v.Get("content").ForEach(func(_, c gjson.Result) bool {
				n += stringLen(c.Get("text"))
				return true
			})
		case "toolUse":
			n += int64(len(arguments(v.Get("input"))))
		}
		return true
	})
	return n
}

func stringLen(v gjson.Result) int64 {
	if v.Type != gjson.String {
		return 0
	}
	return textLen(v.Raw)
}

// observe folds one event of a stream into r. metadata comes behind messageStop
// and ends the stream; before that it ends nothing.
func observe(name string, data []byte, r *wire.Reading) {
	r.UsageOnly = false
	switch name {
	case eventBlockDelta:
		gjson.GetBytes(data, "delta").ForEach(func(key, v gjson.Result) bool {
			r.FirstToken = deltaBytes(key.Str, v, r) || r.FirstToken
			return true
		})
	case eventBlockStart:
		r.FirstToken = r.FirstToken || gjson.GetBytes(data, "start").IsObject()
	case eventMessageStop:
		r.Finish, r.Complete = stopOf(gjson.GetBytes(data, "stopReason")), true
	case eventMetadata:
		v := gjson.GetManyBytes(data, "usage", "serviceTier", "performanceConfig")
		if u := decodeUsage(v[0]); u.Reported {
			decodeTerms(&u, v[1], v[2])
			r.Usage = u
		}
		r.Done = r.Complete
	case eventChunk:
		observeChunk(data, r)
	default:
		if strings.HasPrefix(name, exceptionPrefix) {
			r.Err = streamFault(name, data)
		}
	}
}

// deltaBytes counts a delta into r, and reports whether it brings output.
func deltaBytes(key string, v gjson.Result, r *wire.Reading) bool {
	var n int64
	switch key {
	case "text":
		n = stringLen(v)
	case "toolUse":
		n = stringLen(v.Get("input"))
	case "reasoningContent":
		n = stringLen(v.Get("text"))
		if n == 0 {
			return v.Get("signature").String() != "" || v.Get("redactedContent").String() != ""
		}
	case "image":
		return true
	}
	r.OutputBytes += n
	return n > 0
}
