package anthropic

import (
	"time"

	"github.com/tidwall/gjson"
)

// Model is an entry of the list of models.
type Model struct {
	ID          string
	DisplayName string    // empty: the ID
	Created     time.Time // when it was released; the zero time is shown as 1970, as Anthropic does
}

type modelJSON struct {
	Type        string `json:"type"`
	ID          string `json:"id"`
	DisplayName string `json:"display_name"`
	CreatedAt   string `json:"created_at"`
}

type modelListJSON struct {
	Data    []modelJSON `json:"data"`
	HasMore bool        `json:"has_more"`
	FirstID *string     `json:"first_id"`
	LastID  *string     `json:"last_id"`
}

func modelOf(m Model) modelJSON {
	v := modelJSON{Type: "model", ID: m.ID, DisplayName: m.DisplayName, CreatedAt: "1970-01-01T00:00:00Z"}
	if v.DisplayName == "" {
		v.DisplayName = m.ID
	}
	if !m.Created.IsZero() {
		v.CreatedAt = m.Created.UTC().Format(time.RFC3339)
	}
	return v
}

// EncodeModels writes the answer to GET /v1/models, all on one page.
func EncodeModels(models []Model) []byte {
	list := modelListJSON{Data: make([]modelJSON, 0, len(models))}
	for _, m := range models {
		list.Data = append(list.Data, modelOf(m))
	}
	if n := len(models); n > 0 {
		list.FirstID, list.LastID = &models[0].ID, &models[n-1].ID
	}
	return marshal(list)
}

// EncodeModel writes the answer to GET /v1/models/{id}.
func EncodeModel(m Model) []byte { return marshal(modelOf(m)) }

// EncodeCount writes the answer to /v1/messages/count_tokens.
func EncodeCount(tokens int64) []byte {
	return marshal(struct {
		InputTokens int64 `json:"input_tokens"`
	}{tokens})
}

// MeasureCount reads a provider's answer to count_tokens; ok is false where it
// holds no count.
func MeasureCount(body []byte) (tokens int64, ok bool) {
	v := gjson.GetBytes(body, "input_tokens")
	if v.Type != gjson.Number {
		return 0, false
	}
	return count(v), true
}

// marshal writes structs of strings and numbers, which cannot fail.
func marshal(v any) []byte {
	b, err := output.Marshal(v)
	if err != nil {
		return []byte("{}")
	}
	return b
}
