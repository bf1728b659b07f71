package anthropic

import (
	"slices"
	"strconv"
	"strings"

	"github.com/steward-llmops/steward/internal/llm"
)

// conversation writes system and messages: turns of the same role are merged,
// tool results lead their turn, and what Anthropic would refuse as empty is left
// out.
func (w *requestWriter) conversation() {
	b := blockWriter{lost: &w.lost, ids: &idBook{}}
	system := b.blocks(w.req.System, llm.RoleSystem)
	turns := w.turns(&b)
	if len(turns) == 0 && len(system) > 0 {
		// Instructions alone are no conversation for Anthropic.
		turns, system = []turn{{llm.RoleUser, system}}, nil
		w.lost.Add("message.system_position")
	}
	if len(system) > 0 {
		w.out.System = plain(system)
	}
	w.out.Messages = make([]messageJSON, 0, len(turns))
	for _, t := range turns {
		if t.role == llm.RoleUser {
			resultsFirst(t.blocks)
		}
		w.out.Messages = append(w.out.Messages, messageJSON{string(t.role), plain(t.blocks)})
	}
}

// turn is a message of the answer to be; its blocks are *blockJSON or raw JSON.
type turn struct {
	role   llm.Role
	blocks []any
}

func (w *requestWriter) turns(b *blockWriter) []turn {
	var turns []turn
	for i := range w.req.Messages {
		m := &w.req.Messages[i]
		role, blocks := m.Role, b.blocks(m.Parts, m.Role)
		if len(blocks) == 0 {
			continue
		}
		if role == llm.RoleSystem && !native(m.Parts) {
			w.lost.Add("message.system_position")
			role = llm.RoleUser
			wrap(blocks)
		}
		if last := len(turns) - 1; last >= 0 && turns[last].role == role {
			turns[last].blocks = append(turns[last].blocks, blocks...)
			continue
		}
		turns = append(turns, turn{role, blocks})
	}
	return turns
}

// native reports whether a system message holds a block of Anthropic's own, such
// as tool_addition, which has its meaning in that role only.
func native(parts []llm.Part) bool {
	return slices.ContainsFunc(parts, func(p llm.Part) bool {
		return p.Kind == llm.KindOpaque && p.Opaque != nil && p.Opaque.Format == llm.AnthropicMessages
	})
}

// wrap marks instructions that have to travel in a user's turn.
func wrap(blocks []any) {
	for _, b := range blocks {
		if b, ok := b.(*blockJSON); ok && b.Text != nil {
			text := "<system>\n" + *b.Text + "\n</system>"
			b.Text = &text
		}
	}
}

// resultsFirst moves tool results to the front, as Anthropic demands.
func resultsFirst(blocks []any) {
	slices.SortStableFunc(blocks, func(a, b any) int { return rank(a) - rank(b) })
}

func rank(b any) int {
	if b, ok := b.(*blockJSON); ok && b.Type == typeToolResult {
		return 0
	}
	return 1
}

// plain writes a single text without marks as a string.
func plain(blocks []any) any {
	if len(blocks) == 1 {
		if b, ok := blocks[0].(*blockJSON); ok && b.Type == typeText && b.CacheControl == nil && b.Citations == nil {
			return *b.Text
		}
	}
	return blocks
}

// unthinking reports whether the conversation goes on from an assistant's turn
// that does not begin with a thought: an answer begun for the model, or calls of
// tools whose results follow. A model that thinks by budget refuses that.
func unthinking(messages []messageJSON) bool {
	for i := len(messages) - 1; i >= 0; i-- {
		blocks, _ := messages[i].Content.([]any)
		if messages[i].Role != string(llm.RoleAssistant) {
			if len(blocks) == 0 || rank(blocks[0]) != 0 {
				return false
			}
			continue
		}
		if len(blocks) == 0 {
			return true
		}
		b, ok := blocks[0].(*blockJSON)
		return ok && b.Type != typeThinking && b.Type != typeRedacted
	}
	return false
}

// idBook keeps tool call ids in the form that Anthropic takes, and gives one to
// calls without, as Gemini's are.
type idBook struct {
	made    int
	pending []pendingCall // calls whose id was made, not yet answered
}

type pendingCall struct{ name, id string }

func (b *idBook) call(id, name string) string {
	if id != "" {
		return cleanID(id)
	}
	b.made++
	id = "toolu_" + strconv.Itoa(b.made)
	b.pending = append(b.pending, pendingCall{name, id})
	return id
}

// result returns the id of the call that a result answers: where it names none,
// the first unanswered call of the same function, else the first unanswered.
func (b *idBook) result(id, name string) string {
	if id != "" {
		return cleanID(id)
	}
	if len(b.pending) == 0 {
		return "toolu_0"
	}
	i := max(0, slices.IndexFunc(b.pending, func(p pendingCall) bool { return p.name == name }))
	id = b.pending[i].id
	b.pending = slices.Delete(b.pending, i, i+1)
	return id
}

func cleanID(id string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, id)
}
