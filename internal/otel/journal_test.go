package otel_test

import (
	"bytes"
	"context"
	"testing"

	journalpkg "github.com/steward-llmops/steward/internal/journal"
	"github.com/steward-llmops/steward/internal/otel"
	"github.com/steward-llmops/steward/internal/record"
)

// real ties the journal itself, as app does.
type real struct{ *journalpkg.Journal }

func (r real) Append(_ context.Context, items []otel.Item) error {
	list := make([]journalpkg.Item, len(items))
	for i, item := range items {
		list[i] = journalpkg.Item(item)
	}
	return r.Journal.Append(list)
}

// What was acknowledged is in the journal at that moment, content and all.
func TestAcknowledgedIsInTheJournal(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j, _, err := journalpkg.Open(journalpkg.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	w := newWorld(t, func(o *otel.Options) { o.Journal = real{j} })
	said := text("gen_ai.input.messages", `[{"role":"user","parts":[{"type":"text","content":"hello"}]}]`)
	if resp, body := w.post(t, "/v1/traces", wire(t, tracesOf(span(1, said), span(2)))); resp.StatusCode != 200 {
		t.Fatalf("status %d: %s", resp.StatusCode, body)
	}
	r := j.NewReader(0)
	defer r.Close()
	entries, _, err := r.Next(nil, 100)
	if err != nil || len(entries) != 2 {
		t.Fatalf("%d entries, %v; want 2", len(entries), err)
	}
	c := entries[0].Span
	content, err := j.Content(c)
	if err != nil || !bytes.Contains(content.Request, []byte("hello")) || c.SourceOf() != record.FromOTLP {
		t.Errorf("span %+v, content %+v, %v", c, content, err)
	}
}

func TestFullDiskSendsSendersAway(t *testing.T) {
	t.Parallel()
	j, _, err := journalpkg.Open(journalpkg.Options{Dir: t.TempDir(), MinFree: 1 << 60})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	w := newWorld(t, func(o *otel.Options) { o.Journal = real{j} })
	resp, _ := w.post(t, "/v1/traces", wire(t, tracesOf(span(1))))
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || j.End() != 0 {
		t.Errorf("status %d, journal's end %d; want 503 and nothing written", resp.StatusCode, j.End())
	}
}
