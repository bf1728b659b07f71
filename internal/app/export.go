package app

import (
	"bytes"
	"context"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/journal"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/otel"
	"github.com/steward-llmops/steward/internal/record"
	"github.com/steward-llmops/steward/internal/wire"
)

// conversations reads what was said in calls, for the export of content.
type conversations struct {
	journal *journal.Journal
	codecs  map[llm.Format]wire.Chat
}

// Messages implements otel.Contents. Of a body that was cut, or that is none of the
// format's, nothing goes out.
func (c conversations) Messages(_ context.Context, call *record.Call) (m otel.Messages, err error) {
	format := llm.Format(call.Surface)
	if call.Surface == "vertex-generate" {
		format = llm.GeminiGenerate
	}
	codec, ok := c.codecs[format]
	if !ok || call.Operation != "chat" {
		return m, nil
	}
	content, err := c.journal.Content(call)
	if fault.Is(err, fault.NotFound) {
		return m, nil
	}
	if err != nil {
		return m, err
	}
	if req, err := codec.DecodeRequest(content.Request); err == nil {
		m.System, m.Input = req.System, req.Messages
	}
	var resp *llm.Response
	if call.Stream {
		resp, _ = llm.Collect(codec.DecodeStream(bytes.NewReader(content.Response))) // what came before an end is kept
	} else if resp, err = codec.DecodeResponse(content.Response); err != nil {
		return m, nil // an error answer says nothing
	}
	if len(resp.Parts) > 0 {
		m.Output = []llm.Message{{Role: llm.RoleAssistant, Parts: resp.Parts}}
	}
	return m, nil
}
