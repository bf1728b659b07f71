package bedrock

import (
	"encoding/json"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"github.com/steward-llmops/steward/internal/llm"
)

// blockJSON is a content block: one of its fields is set.
type blockJSON struct {
	Text       *string         `json:"text,omitempty"`
	Image      *mediaJSON      `json:"image,omitempty"`
	Document   *mediaJSON      `json:"document,omitempty"`
	Video      *mediaJSON      `json:"video,omitempty"`
	Audio      *mediaJSON      `json:"audio,omitempty"`
	ToolUse    *toolUseJSON    `json:"toolUse,omitempty"`
	ToolResult *toolResultJSON `json:"toolResult,omitempty"`
	Reasoning  *reasoningJSON  `json:"reasoningContent,omitempty"`
	Cited      *citedJSON      `json:"citationsContent,omitempty"`
	CachePoint *cachePointJSON `json:"cachePoint,omitempty"`
}

type toolUseJSON struct {
	ID    string          `json:"toolUseId"`
	Name  string          `json:"name"`
	Input json.RawMessage `json:"input"`
}

type toolResultJSON struct {
	ID      string `json:"toolUseId"`
	Content []any  `json:"content"`
	Status  string `json:"status,omitempty"`
}

type reasoningJSON struct {
	Text     *reasoningTextJSON `json:"reasoningText,omitempty"`
	Redacted string             `json:"redactedContent,omitempty"`
}

type reasoningTextJSON struct {
	Text      string `json:"text"`
	Signature string `json:"signature,omitempty"`
}

type cachePointJSON struct {
	Type string `json:"type"`
	TTL  string `json:"ttl,omitempty"`
}

func textBlock(text string) *blockJSON { return &blockJSON{Text: &text} }

// blockWriter turns the parts of a request into blocks.
type blockWriter struct {
	w     *requestWriter
	lost  *llm.Lost
	ids   idBook
	names nameBook
}

// blocks returns the blocks for the parts that Bedrock can carry. within is true
// for the content of a tool's result.
func (b *blockWriter) blocks(parts []llm.Part, role llm.Role, within bool) []any {
	var out []any
	for i := range parts {
		p := &parts[i]
		if p.Signature != "" {
			b.lost.Add("part.signature")
		}
		if len(p.LogProbs) > 0 {
			b.lost.Add("part.logprobs")
		}
		switch v := b.block(p, role, within); {
		case v != nil:
			out = append(out, v)
		case p.Kind == llm.KindOpaque:
			if raw := ownRaw(p.Opaque, b.lost); raw != nil {
				out = append(out, raw)
			}
		}
		if p.Cache == nil {
			continue
		}
		// A mark on a part that was left out still holds for what came before it.
		if within || !b.w.model.caches() {
			b.lost.Add("cache_control")
		} else if n := len(out); n > 0 && !isCachePoint(out[n-1]) {
			if last, ok := out[n-1].(*blockJSON); ok && (last.Document != nil || last.Video != nil) {
				out = append(out, textBlock("\n")) // a cache point may not follow a file
			}
			out = append(out, b.w.cachePoint(p.Cache))
		}
	}
	return out
}

func isCachePoint(v any) bool {
	b, ok := v.(*blockJSON)
	return ok && b.CachePoint != nil
}

// ownRaw returns an opaque block of Bedrock's own; another's is lost.
func ownRaw(o *llm.Opaque, lost *llm.Lost) json.RawMessage {
	switch {
	case o == nil:
		return nil
	case o.Format == llm.BedrockConverse && validObject(string(o.Raw)):
		return o.Raw
	}
	lost.Add(o.Type)
	return nil
}

// block returns nil for a part that is empty, or lost.
func (b *blockWriter) block(p *llm.Part, role llm.Role, within bool) any {
	var v *blockJSON
	switch p.Kind {
	case llm.KindText, llm.KindRefusal:
		v = b.text(p, role)
	case llm.KindReasoning:
		v = b.reasoning(p, role)
	case llm.KindImage, llm.KindDocument, llm.KindVideo, llm.KindAudio:
		v = b.media(p, role, within)
	case llm.KindToolCall:
		if p.Call != nil {
			v = &blockJSON{ToolUse: &toolUseJSON{
				ID: b.ids.call(p.Call.ID, p.Call.Name), Name: p.Call.Name, Input: toolInput(p.Call.Arguments, b.lost),
			}}
		}
	case llm.KindToolResult:
		if p.Result != nil {
			v = b.toolResult(p.Result)
		}
	}
	if v == nil {
		return nil
	}
	return v
}

// text leaves out empty text, which Bedrock refuses. Citations go back only as
// they came.
func (b *blockWriter) text(p *llm.Part, role llm.Role) *blockJSON {
	if p.Text == "" {
		return nil
	}
	var own []json.RawMessage
	for i := range p.Citations {
		if c := &p.Citations[i]; ownCitation(c) && role == llm.RoleAssistant {
			own = append(own, c.Raw)
		} else {
			b.lost.Add("citations")
		}
	}
	if own != nil {
		return &blockJSON{Cited: &citedJSON{[]textJSON{{p.Text}}, own}}
	}
	return textBlock(p.Text)
}

// reasoning replays a thought only where it is Bedrock's own and signed: any
// other would be refused, and break the conversation for good.
func (b *blockWriter) reasoning(p *llm.Part, role llm.Role) *blockJSON {
	r := p.Reasoning
	switch {
	case r == nil || r.Signature == "" && r.Encrypted == "":
		if p.Text != "" {
			b.lost.Add("reasoning")
		}
		return nil
	case r.Issuer != llm.BedrockConverse || role != llm.RoleAssistant:
		b.lost.Add("reasoning.signature")
		return nil
	case r.Encrypted != "":
		return &blockJSON{Reasoning: &reasoningJSON{Redacted: r.Encrypted}}
	}
	return &blockJSON{Reasoning: &reasoningJSON{Text: &reasoningTextJSON{p.Text, r.Signature}}}
}

// media: assistants send no files back, and a tool's result holds no sound.
func (b *blockWriter) media(p *llm.Part, role llm.Role, within bool) *blockJSON {
	key := keyOf(p.Kind)
	m := encodeMedia(key, p.Media)
	if m == nil || role != llm.RoleUser || within && key == "audio" {
		b.lost.Add("part." + key)
		return nil
	}
	if d := p.Media.Detail; d != "" && d != "auto" {
		b.lost.Add("image.detail")
	}
	v := &blockJSON{}
	switch p.Kind {
	case llm.KindImage:
		v.Image = m
	case llm.KindVideo:
		v.Video = m
	case llm.KindAudio:
		v.Audio = m
	default:
		m.Name = b.names.name(p.Media.Name, m.Format)
		v.Document = m
	}
	return v
}

func keyOf(kind llm.Kind) string {
	for key, k := range kinds {
		if k == kind {
			return key
		}
	}
	return ""
}

// toolResult: a result without content is refused, so that an empty one says so.
func (b *blockWriter) toolResult(r *llm.ToolResult) *blockJSON {
	v := &toolResultJSON{ID: b.ids.result(r.CallID, r.Name), Content: b.blocks(r.Parts, llm.RoleUser, true)}
	if len(v.Content) == 0 {
		v.Content = []any{textBlock("(empty)")}
	}
	if r.IsError {
		v.Status = "error"
	}
	return &blockJSON{ToolResult: v}
}

// toolInput returns the arguments as the object that Bedrock demands. What is no
// object is wrapped, so that the model still sees it.
func toolInput(arguments string, lost *llm.Lost) json.RawMessage {
	if strings.TrimSpace(arguments) == "" {
		return json.RawMessage("{}")
	}
	if validObject(arguments) {
		return json.RawMessage(arguments)
	}
	lost.Add("tool_call.arguments")
	return append(appendString([]byte(`{"arguments":`), arguments), '}')
}

// idBook keeps tool call ids in the form that a model takes, and gives one to
// calls without, as Gemini's are.
type idBook struct {
	clean   func(id string) string // nil: ids stay as they are
	made    int
	pending []pendingCall // calls whose id was made, not yet answered
}

type pendingCall struct{ name, id string }

func (b *idBook) fit(id string) string {
	if b.clean == nil {
		return id
	}
	return b.clean(id)
}

func (b *idBook) call(id, name string) string {
	if id != "" {
		return b.fit(id)
	}
	b.made++
	id = "tooluse_" + strconv.Itoa(b.made)
	b.pending = append(b.pending, pendingCall{name, id})
	return id
}

// result returns the id of the call that a result answers: where it names none,
// the first unanswered call of the same function, else the first unanswered.
func (b *idBook) result(id, name string) string {
	if id != "" {
		return b.fit(id)
	}
	if len(b.pending) == 0 {
		return "tooluse_0"
	}
	i := max(0, slices.IndexFunc(b.pending, func(p pendingCall) bool { return p.name == name }))
	id = b.pending[i].id
	b.pending = slices.Delete(b.pending, i, i+1)
	return id
}

// mostWord is the length that Bedrock allows ids and names.
const mostWord = 64

// cleanWord keeps letters, digits, hyphens, underscores and what is in also. A
// word that had to be changed or cut ends with a hash of what it was, so that two
// stay two.
func cleanWord(word, also string) string {
	clean := strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' ||
			strings.ContainsRune(also, r) {
			return r
		}
		return '_'
	}, word)
	if clean == word && len(word) <= mostWord {
		return word
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(word))
	tail := "_" + strconv.FormatUint(h.Sum64(), 36)
	return clean[:min(len(clean), mostWord-len(tail))] + tail
}

// cleanID: Claude takes the plain form alone; Kimi itself makes ids such as
// "functions.search:0".
func (m model) cleanID(id string) string {
	if m.family == claude {
		return cleanWord(id, "")
	}
	return cleanWord(id, ".:")
}
