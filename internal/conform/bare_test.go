package conform_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/steward-llmops/steward/internal/app"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/gateway"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
	"github.com/steward-llmops/steward/internal/provider"
	"github.com/steward-llmops/steward/internal/record"
	"github.com/steward-llmops/steward/internal/security/access"
	"github.com/steward-llmops/steward/internal/wire"
)

// ledger is a gateway's journal in memory. Before, if not nil, is called when a
// call is about to be recorded, and may refuse it.
type ledger struct {
	mu     sync.Mutex
	holds  []record.Hold
	calls  []record.Call
	before func(c *record.Call) error
}

// Hold implements gateway.Journal.
func (l *ledger) Hold(h *record.Hold) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.holds = append(l.holds, *h)
	return nil
}

// Record implements gateway.Journal.
func (l *ledger) Record(c *record.Call, _ *record.Content) error {
	if l.before != nil {
		if err := l.before(c); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := *c
	kept.Attempts = slices.Clone(c.Attempts)
	kept.Lost = slices.Clone(c.Lost)
	l.calls = append(l.calls, kept)
	return nil
}

func (l *ledger) last(t testing.TB) *record.Call {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.calls) == 0 {
		t.Fatal("nothing was recorded")
	}
	return &l.calls[len(l.calls)-1]
}

type everybody struct{}

// Authenticate implements gateway.Keys.
func (everybody) Authenticate(string) (*access.Grant, error) {
	return &access.Grant{Principal: ident.Principal{Org: "o", Team: "t", Project: "p", Key: "k"}}, nil
}

// flatRate prices every model at $1 a million tokens in and $10 out.
type flatRate struct{}

// Price implements gateway.Prices.
func (flatRate) Price(_, _ string, u *llm.Usage, _ time.Time) gateway.Cost {
	return gateway.Cost{Nano: money.Nano(u.InputTokens()*1000 + u.OutputTokens()*10000), Pricing: record.Priced}
}

// Ceiling implements gateway.Prices.
func (flatRate) Ceiling(string, string, gateway.CeilingQuery) (gateway.Cost, bool, error) {
	return gateway.Cost{Nano: 1}, true, nil
}

// Lists and Models implement gateway.Lister.
func (flatRate) Lists(string, string) bool { return false }

// Models implements gateway.Lister.
func (flatRate) Models(string) []string { return nil }

type bytesOverFour struct{}

// Count implements gateway.Counter.
func (bytesOverFour) Count(text string) int64 { return int64(len(text)+3) / 4 }

// bare is a gateway without the house around it, whose providers, named after
// their formats, speak one format each.
type bare struct {
	*gateway.Gateway
	journal *ledger
	log     *lines
}

func newBare(t testing.TB, url string, change ...func(map[llm.Format]wire.Chat)) *bare {
	t.Helper()
	codecs := app.ChatCodecs()
	for _, f := range change {
		f(codecs)
	}
	var list []*provider.Provider
	for _, f := range slices.Sorted(maps.Keys(app.ChatCodecs())) {
		p, err := provider.New(provider.Settings{Name: string(f), Kind: provider.Kind{ID: "openai-compatible", Formats: []llm.Format{f}, Auth: provider.AuthBearer},
			BaseURL: url, Key: "secret", Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Close)
		list = append(list, p)
	}
	b := &bare{journal: &ledger{}, log: &lines{}}
	b.Gateway = gateway.New(gateway.Options{Keys: everybody{}, Journal: b.journal, Prices: flatRate{}, Counter: bytesOverFour{},
		Chat: codecs, Embed: app.EmbedCodecs(), IDs: ident.NewSource(), Now: time.Now, Log: slog.New(slog.NewTextHandler(b.log, nil)),
		MaxBody: 1 << 20, MaxUpload: 1 << 20, MaxContent: 1 << 20, HangUp: gateway.Cancel}, gateway.NewDirectory(list, flatRate{}))
	return b
}

// serve runs one call in this goroutine. aborted says that the connection broke.
func (b *bare) serve(w *httptest.ResponseRecorder, r request) (aborted bool) {
	req := httptest.NewRequest(r.method, r.path, bytes.NewReader(r.body))
	for name, values := range r.header {
		req.Header[name] = values
	}
	defer func() {
		if v := recover(); v != nil {
			if err, ok := v.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				panic(v)
			}
			aborted = true
		}
	}()
	b.ServeHTTP(w, req)
	return false
}

// pairs calls f for every dialect and every format of a provider, streaming and not.
func pairs(t *testing.T, f func(t *testing.T, d, p *dialect, stream bool)) {
	for dn, d := range dialects(t) {
		for _, p := range dialects(t) {
			if p.streamType == "application/json" {
				continue // an array is a dialect of callers only
			}
			for _, stream := range []bool{false, true} {
				name := dn + " to " + string(p.format)
				if stream {
					name += ", streaming"
				}
				t.Run(name, func(t *testing.T) { f(t, &d, &p, stream) })
			}
		}
	}
}

// play answers as d does, to a caller who speaks as asker does; one who speaks d's
// own format gets asker's words.
func (d *dialect) play(asker *dialect, stream bool) func(http.ResponseWriter, *received) {
	says := d
	if asker.format == d.format {
		says = asker
	}
	return func(w http.ResponseWriter, _ *received) {
		if !stream {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, says.whole)
			return
		}
		w.Header().Set("Content-Type", says.streamType)
		for _, f := range says.frames {
			_, _ = io.WriteString(w, f)
			w.(http.Flusher).Flush()
		}
	}
}

// ended reports whether a stream's terminator is there, where it has one behind the
// reason why it finished.
func ended(body string) bool {
	return strings.Contains(body, "[DONE]") || strings.Contains(body, "message_stop") || strings.Contains(body, `"inputTokens"`)
}

// TestNoAnswerEndsUnrecorded looks at what the caller has got at the moment when
// the call is about to be written into the journal.
func TestNoAnswerEndsUnrecorded(t *testing.T) {
	up := newUpstream(t)
	b := newBare(t, up.URL)
	pairs(t, func(t *testing.T, d, p *dialect, stream bool) {
		up.answer(p.play(d, stream))
		w := httptest.NewRecorder()
		var before string
		b.journal.before = func(*record.Call) error {
			before = w.Body.String()
			return nil
		}
		if b.serve(w, d.request("k", string(p.format)+"/m-1", stream)) || w.Code != 200 {
			t.Fatalf("status %d: %s", w.Code, excerpt(w.Body.Bytes()))
		}
		after := w.Body.String()
		switch {
		case !stream && before != "":
			t.Errorf("the caller had %q before the call was recorded", before)
		case stream && (d.complete([]byte(before)) && d.format != llm.OpenAIChat && d.format != llm.AnthropicMessages && d.format != llm.BedrockConverse || ended(before)):
			t.Errorf("the caller had the end before the call was recorded: %s", before)
		case stream && !strings.Contains(before, "world"):
			t.Errorf("the text was held back until the call was recorded: %q", before)
		case stream && (!d.complete([]byte(after)) || len(after) == len(before)):
			t.Errorf("the answer is not whole: %s", after)
		}
		if c := b.journal.last(t); c.Outcome != record.OK || c.Cost != 49000 || c.Usage.Estimated {
			t.Errorf("recorded %s, cost %d", c.Outcome, c.Cost)
		}

		// A journal that cannot be written to: the caller must not take the answer for whole.
		w = httptest.NewRecorder()
		b.journal.before = func(*record.Call) error {
			return fault.New(fault.Unavailable, "journal_write", "the call cannot be recorded")
		}
		aborted := b.serve(w, d.request("k", string(p.format)+"/m-1", stream))
		if stream && (!aborted || !d.failed(w.Body.Bytes()) || ended(w.Body.String())) {
			t.Errorf("not recorded, yet aborted %v: %s", aborted, w.Body)
		}
		if !stream && (w.Code != 503 && w.Code != 529 || strings.Contains(w.Body.String(), "world")) {
			t.Errorf("not recorded, yet %d: %s", w.Code, w.Body)
		}
	})
}

// TestPanicsStayInTheirCall lets codecs panic where answers are read.
func TestPanicsStayInTheirCall(t *testing.T) {
	up := newUpstream(t)
	var on bool
	bomb := func() {
		if on {
			panic("a bug in a codec")
		}
	}
	b := newBare(t, up.URL, func(codecs map[llm.Format]wire.Chat) {
		for f, c := range codecs {
			measure, observe, decode, decodeStream := c.Measure, c.Observe, c.DecodeResponse, c.DecodeStream
			c.Measure = func(body []byte) wire.Reading { bomb(); return measure(body) }
			c.Observe = func(name string, data []byte, r *wire.Reading) {
				if bytes.Contains(data, []byte("world")) {
					bomb()
				}
				observe(name, data, r)
			}
			c.DecodeResponse = func(body []byte) (*llm.Response, error) { bomb(); return decode(body) }
			c.DecodeStream = func(r io.Reader) llm.Stream {
				return func(yield func(llm.Event, error) bool) {
					for e, err := range decodeStream(r) {
						if e.Text == "world" {
							bomb()
						}
						if !yield(e, err) {
							return
						}
					}
				}
			}
			codecs[f] = c
		}
	})
	pairs(t, func(t *testing.T, d, p *dialect, stream bool) {
		up.answer(p.play(d, stream))
		on = true
		w := httptest.NewRecorder()
		n := len(b.journal.calls)
		aborted := b.serve(w, d.request("k", string(p.format)+"/m-1", stream))
		on = false
		if len(b.journal.calls) != n+1 {
			t.Fatalf("%d records of one call", len(b.journal.calls)-n)
		}
		if c := b.journal.last(t); c.Outcome != record.Failed || c.ErrorCode != "internal" {
			t.Errorf("recorded %s %s", c.Outcome, c.ErrorCode)
		}
		if stream {
			if !aborted || d.complete(w.Body.Bytes()) {
				t.Errorf("aborted %v: %s", aborted, w.Body)
			}
		} else if message, code, ok := d.fault(w.Header(), w.Body.Bytes()); w.Code != 500 || !ok || code != "internal" || strings.Contains(message, "bug") {
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
		w = httptest.NewRecorder()
		if b.serve(w, d.request("k", string(p.format)+"/m-1", stream)) || !strings.Contains(w.Body.String(), "world") {
			t.Errorf("the next call: %d %s", w.Code, w.Body)
		}
	})
	if !strings.Contains(b.log.String(), "panic in a call") {
		t.Error("nothing of it is in the log")
	}
}
