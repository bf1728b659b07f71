package bedrock

import (
	"slices"
	"strings"

	"github.com/steward-llmops/steward/internal/llm"
)

// conversation writes system and messages: turns of the same role are merged,
// tool results lead their turn, and what Bedrock would refuse as empty is left
// out.
func (w *requestWriter) conversation() {
	b := blockWriter{w: w, lost: &w.lost, ids: idBook{clean: w.model.cleanID}}
	system := b.blocks(w.req.System, llm.RoleSystem, false)
	turns := w.turns(&b)
	if len(turns) == 0 && len(system) > 0 {
		// Instructions alone are no conversation for Bedrock.
		turns, system = []messageJSON{{string(llm.RoleUser), system}}, nil
		w.lost.Add("message.system_position")
	}
	w.out.System = system
	w.out.Messages = make([]messageJSON, 0, len(turns))
	for _, t := range turns {
		if t.Role == string(llm.RoleUser) {
			slices.SortStableFunc(t.Content, func(a, b any) int { return rank(a) - rank(b) })
			t.Content = explained(t.Content)
		}
		w.out.Messages = append(w.out.Messages, t)
	}
}

func (w *requestWriter) turns(b *blockWriter) []messageJSON {
	var turns []messageJSON
	for i := range w.req.Messages {
		m := &w.req.Messages[i]
		role, blocks := m.Role, b.blocks(m.Parts, m.Role, false)
		if len(blocks) == 0 {
			continue
		}
		if role == llm.RoleSystem {
			w.lost.Add("message.system_position")
			role = llm.RoleUser
			wrap(blocks)
		}
		if last := len(turns) - 1; last >= 0 && turns[last].Role == string(role) {
			turns[last].Content = append(turns[last].Content, blocks...)
			continue
		}
		turns = append(turns, messageJSON{string(role), blocks})
	}
	return turns
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

// rank puts tool results first, as models demand. What came before a cache point
// stays before it.
func rank(b any) int {
	if b, ok := b.(*blockJSON); ok && b.ToolResult != nil {
		return 0
	}
	return 1
}

// explained adds a text to a turn with documents and without one, which Bedrock
// refuses: the first document's name.
func explained(blocks []any) []any {
	name := ""
	for _, b := range blocks {
		b, ok := b.(*blockJSON)
		switch {
		case !ok:
		case b.Text != nil && strings.TrimSpace(*b.Text) != "":
			return blocks
		case b.Document != nil && name == "":
			name = b.Document.Name
		}
	}
	if name == "" {
		return blocks
	}
	return append(blocks, textBlock(name))
}

// unthinking reports whether the conversation goes on from an assistant's turn
// that does not begin with a thought: an answer begun for the model, or calls of
// tools whose results follow. A model that thinks by budget refuses that.
func unthinking(messages []messageJSON) bool {
	for i := len(messages) - 1; i >= 0; i-- {
		m := messages[i]
		if m.Role != string(llm.RoleAssistant) {
			if rank(m.Content[0]) != 0 {
				return false
			}
			continue
		}
		b, ok := m.Content[0].(*blockJSON)
		return ok && b.Reasoning == nil
	}
	return false
}
