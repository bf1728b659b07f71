package gateway

import (
	"net/http"
	"strings"
	"sync"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/wire"
)

// background remembers the answers that providers still work on after the call
// that asked for them has ended (OpenAI's background mode), so that each is paid
// for once: by the first call that fetches it finished. It forgets the oldest
// beyond maxBackground.
type background struct {
	mu     sync.Mutex
	models map[string]string // by provider and answer id: the model that was asked
	order  []string          // oldest first; may hold ids that were taken already
}

const maxBackground = 4096

func (b *background) add(id, model string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.models == nil {
		b.models = map[string]string{}
	}
	b.models[id] = model
	b.order = append(b.order, id)
	if len(b.order) > maxBackground {
		delete(b.models, b.order[0])
		b.order = append(b.order[:0], b.order[1:]...)
	}
}

func (b *background) take(id string) (model string, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	model, ok = b.models[id]
	delete(b.models, id)
	return model, ok
}

// owes reports whether what r says was used is this call's to pay. An answer that
// the provider has only queued is paid for by the call that fetches it; one that is
// fetched again, or was paid for as it was made, is not paid for again.
func (c *call) owes(r *wire.Reading, used bool) bool {
	switch {
	case r.ID == "" || c.target.Provider == nil:
		return used
	case c.format == llm.OpenAIResponses && used && !c.rec.Stream && !r.Complete && r.Err == nil && !r.Usage.Reported:
		c.g.background.add(c.target.Provider.Name+"/"+r.ID, c.target.Model)
		return false
	case c.op != "responses" || c.r.Method != http.MethodGet && !strings.HasSuffix(c.path, "/cancel"):
		return used
	case r.Usage.Reported:
		if model, ok := c.g.background.take(c.target.Provider.Name + "/" + r.ID); ok {
			c.target.Model, c.rec.Model = model, model
			return true
		}
	}
	r.Usage = llm.Usage{}
	return false
}
