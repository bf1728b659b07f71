package responses

import (
	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
)

// tally counts the server tools that an answer used. The zero tally is ready.
type tally struct {
	searches, files int64
	containers      []string // distinct ids of code interpreters
}

// add counts one output item.
func (t *tally) add(typ string, v gjson.Result) {
	switch typ {
	case "web_search_call":
		// Opening a page that was found, or finding words in it, is no search.
		if a := v.Get("action.type").String(); a == "" || a == "search" {
			t.searches++
		}
	case "file_search_call":
		t.files++
	case "code_interpreter_call":
		id := v.Get("container_id").String()
		for _, seen := range t.containers {
			if seen == id {
				return
			}
		}
		t.containers = append(t.containers, id)
	}
}

// put writes the counts into u. Counts are figures of the provider's, but not
// usage that it reported.
func (t *tally) put(u *llm.Usage) {
	u.N[llm.WebSearch], u.N[llm.FileSearch] = t.searches, t.files
	u.N[llm.CodeSession] = int64(len(t.containers))
}

// bill is what of a response object money depends on.
type bill struct {
	usage, tier, tools, toolUsage gjson.Result
}

// take picks a field of a response object.
func (b *bill) take(key string, v gjson.Result) {
	switch key {
	case "usage":
		b.usage = v
	case "service_tier":
		b.tier = v
	case "tools":
		b.tools = v
	case "tool_usage":
		b.toolUsage = v
	}
}

// read returns the usage, disjoint: the format's input_tokens include what was
// read from and written to the cache, its output_tokens the reasoning.
func (b *bill) read(t *tally) llm.Usage {
	var u llm.Usage
	t.put(&u)
	switch tier := b.tier.String(); tier {
	case "", "auto", "default":
	default:
		u.ServiceTier = tier
	}
	if n := b.toolUsage.Get("web_search.num_requests"); n.Exists() {
		u.N[llm.WebSearch] = max(0, n.Int())
	}
	b.images(&u)
	if !b.usage.IsObject() {
		return u
	}
	u.Reported = true
	in := max(0, b.usage.Get("input_tokens").Int())
	details := b.usage.Get("input_tokens_details")
	read := within(details.Get("cached_tokens").Int(), in)
	written := within(details.Get("cache_write_tokens").Int(), in-read)
	u.N[llm.CacheRead], u.N[llm.CacheWrite] = read, written
	u.N[llm.Input] = in - read - written
	out := max(0, b.usage.Get("output_tokens").Int())
	thought := within(b.usage.Get("output_tokens_details.reasoning_tokens").Int(), out)
	u.N[llm.OutputReasoning], u.N[llm.Output] = thought, out-thought
	if c := b.usage.Get("cost"); c.Type == gjson.Number {
		if n, err := money.Parse(c.Raw); err == nil && n >= 0 {
			u.Cost, u.CostReported = n, true
		}
	}
	return u
}

// images reads what the image tool used, which another model is paid for.
func (b *bill) images(u *llm.Usage) {
	made := b.toolUsage.Get("image_gen")
	in, out := max(0, made.Get("input_tokens").Int()), max(0, made.Get("output_tokens").Int())
	if in+out <= 0 {
		return
	}
	model := "gpt-image-1" // what the tool uses where the request names none
	each(b.tools, func(t gjson.Result) {
		if m := t.Get("model").String(); m != "" && t.Get("type").String() == "image_generation" {
			model = m
		}
	})
	o := llm.ModelUsage{Model: model, Usage: llm.Usage{Reported: true}}
	n := &o.Usage.N
	n[llm.InputImage] = within(made.Get("input_tokens_details.image_tokens").Int(), in)
	n[llm.Input] = in - n[llm.InputImage]
	n[llm.Output] = within(made.Get("output_tokens_details.text_tokens").Int(), out)
	n[llm.OutputImage] = out - n[llm.Output]
	u.Others = append(u.Others, o)
}

// within returns n, but at least 0 and at most top.
func within(n, top int64) int64 { return min(max(n, 0), top) }
