package gateway

import (
	"time"

	"github.com/steward-llmops/steward/internal/wire/anthropic"
	"github.com/steward-llmops/steward/internal/wire/gemini"
	"github.com/steward-llmops/steward/internal/wire/openai"
)

// encodeModels lists models in the shape of the caller's SDK.
func encodeModels(s style, targets []Target) []byte {
	switch s {
	case anthropicStyle:
		list := make([]anthropic.Model, len(targets))
		for i, t := range targets {
			list[i] = anthropic.Model{ID: t.Name(), DisplayName: t.Name(), Created: time.Unix(0, 0).UTC()}
		}
		return anthropic.EncodeModels(list)
	case geminiStyle:
		list := make([]gemini.Model, len(targets))
		for i, t := range targets {
			list[i] = gemini.Model{Name: t.Name(), DisplayName: t.Name()}
		}
		return gemini.EncodeModels(list)
	}
	list := make([]openai.Model, len(targets))
	for i, t := range targets {
		list[i] = openai.Model{ID: t.Name(), OwnedBy: t.Provider.Name}
	}
	return openai.EncodeModels(list)
}

func encodeModel(s style, name, owner string) []byte {
	switch s {
	case anthropicStyle:
		return anthropic.EncodeModel(anthropic.Model{ID: name, DisplayName: name, Created: time.Unix(0, 0).UTC()})
	case geminiStyle:
		return gemini.EncodeModel(gemini.Model{Name: name, DisplayName: name})
	}
	return openai.EncodeModel(openai.Model{ID: name, OwnedBy: owner})
}
