package sim

import (
	"container/list"
	"sync"
	"time"

	"github.com/steward-llmops/steward/internal/llm"
)

// What media count, in tokens.
const (
	imageTokens        = 765 // one image, whatever its size
	bytesPerToken      = 4   // of a document
	soundBytesPerToken = 3200
	messageTokens      = 4 // what a turn costs beyond its text
)

// Prompt caching, as vendors document it.
const (
	cacheFloor = 1024 // tokens below which nothing is cached
	cacheStep  = 256  // tokens between two places where prefixes are compared
	autoStep   = 128  // what is read without marks is a multiple of this
	cacheSize  = 1 << 14
	cacheLife  = 5 * time.Minute
	cacheLong  = time.Hour
)

// boundary is a place in the prompt up to which it may be cached.
type boundary struct {
	hash   uint64 // of all before it
	tokens int64
	mark   *llm.CacheMark // nil: a place of the simulator's own
}

// prompt is what one walk over a request finds: what it weighs, what identifies
// it, and where it may be cached.
type prompt struct {
	hash   uint64
	text   int64 // tokens, media and audio included
	audio  int64 // tokens of sound within text
	bounds []boundary
}

// FNV-1a, 64 bits: the hash must be the same in every process.
const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

func hashString(h uint64, s string) uint64 {
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * fnvPrime
	}
	return (h ^ 0xff) * fnvPrime // 0xff is in no UTF-8 text: ends the field
}

func hashInt(h, v uint64) uint64 {
	for range 8 {
		h = (h ^ v&0xff) * fnvPrime
		v >>= 8
	}
	return h
}

// readPrompt walks over what the model reads, in the order in which vendors
// cache it: tools, system, messages.
func readPrompt(r *llm.Request) *prompt {
	p := &prompt{hash: fnvOffset, text: 3}
	for i := range r.Tools {
		t := &r.Tools[i]
		p.add(t.Name)
		p.add(t.Description)
		p.add(string(t.Schema))
		p.mark(t.Cache)
	}
	for i := range r.System {
		p.part(&r.System[i])
	}
	for i := range r.Messages {
		m := &r.Messages[i]
		p.text += messageTokens
		p.hash = hashString(p.hash, string(m.Role))
		for k := range m.Parts {
			p.part(&m.Parts[k])
		}
	}
	return p
}

func (p *prompt) part(part *llm.Part) {
	p.hash = hashInt(p.hash, uint64(part.Kind))
	switch {
	case part.Media != nil:
		p.media(part.Kind, part.Media)
	case part.Call != nil:
		p.add(part.Call.Name)
		p.add(part.Call.Arguments)
	case part.Result != nil:
		for i := range part.Result.Parts {
			p.part(&part.Result.Parts[i])
		}
	case part.Opaque != nil:
		p.add(string(part.Opaque.Raw))
	default:
		p.add(part.Text)
	}
	p.mark(part.Cache)
}

func (p *prompt) media(kind llm.Kind, m *llm.Media) {
	for _, s := range []string{m.MIME, m.Data, m.URL, m.FileID} {
		p.hash = hashString(p.hash, s)
	}
	switch kind {
	case llm.KindImage:
		p.text += imageTokens
	case llm.KindAudio, llm.KindVideo:
		n := max(1, mediaBytes(m)/soundBytesPerToken)
		p.text += n
		if kind == llm.KindAudio {
			p.audio += n
		}
	default:
		if m.Plain != "" {
			p.add(m.Plain)
			return
		}
		p.text += max(1, mediaBytes(m)/bytesPerToken)
	}
}

// mediaBytes is the size of the media that came with the request.
func mediaBytes(m *llm.Media) int64 {
	if m.Plain != "" {
		return int64(len(m.Plain))
	}
	n := len(m.Data)
	for n > 0 && m.Data[n-1] == '=' {
		n--
	}
	return int64(n) * 3 / 4
}

// add counts and hashes s, and notes a boundary each cacheStep tokens.
func (p *prompt) add(s string) {
	for len(s) > 0 {
		n := nextToken(s)
		for i := range n {
			p.hash = (p.hash ^ uint64(s[i])) * fnvPrime
		}
		s = s[n:]
		p.text++
		if p.text >= cacheFloor && p.text%cacheStep == 0 {
			p.bounds = append(p.bounds, boundary{hash: p.hash, tokens: p.text})
		}
	}
	p.hash = (p.hash ^ 0xff) * fnvPrime
}

// mark ends a part: a place up to which the prompt may be cached.
func (p *prompt) mark(m *llm.CacheMark) {
	if p.text >= cacheFloor {
		p.bounds = append(p.bounds, boundary{hash: p.hash, tokens: p.text, mark: m})
	}
}

// fingerprint is the seed of the answer: what the model reads and every setting
// that shapes the answer, but not how it is delivered.
func fingerprint(r *llm.Request, p *prompt) uint64 {
	h := hashString(p.hash, r.Model)
	h = hashString(h, r.ToolChoice.Mode)
	h = hashString(h, r.ToolChoice.Name)
	h = hashString(h, r.Output.Kind)
	h = hashString(h, string(r.Output.Schema))
	for _, s := range r.Stop {
		h = hashString(h, s)
	}
	if r.MaxTokens != nil {
		h = hashInt(h, uint64(*r.MaxTokens))
	}
	if r.Seed != nil {
		h = hashInt(h, uint64(*r.Seed))
	}
	if r.Reasoning != nil {
		h = hashString(h, r.Reasoning.Effort)
	}
	return h
}

// prefixCache remembers which prompts were seen, as a provider's prompt cache.
type prefixCache struct {
	mu    sync.Mutex
	order list.List // of *prefix, newest first
	byKey map[uint64]*list.Element
}

type prefix struct {
	hash    uint64
	expires time.Time
}

// cached is how many of a prompt's tokens were read from and written to the cache.
type cached struct{ read, write, writeLong int64 }

// look finds the longest prefix of p that is known, and remembers p. A prompt
// with marks is cached up to its last mark, and pays for the writing; one
// without is cached by itself, for nothing.
func (c *prefixCache) look(p *prompt, now time.Time) (got cached) {
	if len(p.bounds) == 0 {
		return got
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byKey == nil {
		c.byKey = make(map[uint64]*list.Element)
	}
	last := boundary{}
	marked := false
	for _, b := range p.bounds {
		if b.mark != nil {
			last, marked = b, true
		}
	}
	for i := len(p.bounds) - 1; i >= 0; i-- {
		b := p.bounds[i]
		if c.has(b.hash, now) {
			got.read = b.tokens
			break
		}
	}
	if !marked {
		got.read -= got.read % autoStep
	}
	if rest := last.tokens - got.read; marked && rest > 0 {
		if last.mark.TTL == "1h" {
			got.writeLong = rest
		} else {
			got.write = rest
		}
	}
	for _, b := range p.bounds {
		if b.mark != nil || !marked {
			c.put(b, now)
		}
	}
	return got
}

func (c *prefixCache) has(hash uint64, now time.Time) bool {
	el, ok := c.byKey[hash]
	return ok && now.Before(el.Value.(*prefix).expires)
}

func (c *prefixCache) put(b boundary, now time.Time) {
	life := cacheLife
	if b.mark != nil && b.mark.TTL == "1h" {
		life = cacheLong
	}
	if el, ok := c.byKey[b.hash]; ok {
		el.Value.(*prefix).expires = now.Add(life)
		c.order.MoveToFront(el)
		return
	}
	c.byKey[b.hash] = c.order.PushFront(&prefix{b.hash, now.Add(life)})
	if c.order.Len() > cacheSize {
		old := c.order.Back()
		c.order.Remove(old)
		delete(c.byKey, old.Value.(*prefix).hash)
	}
}
