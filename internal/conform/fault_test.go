package conform_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/record"
)

// speakers are the providers of the fault tests by name, each of one format that
// calls are translated to.
var speakers = func() map[string]*dialect {
	all := map[string]*dialect{"chat": &openAIChat, "resp": &openAIResponses, "claude": &anthropicMessages, "google": &geminiGenerate}
	if hasCodec(llm.BedrockConverse) {
		all["aws"] = &bedrockConverse
	}
	return all
}()

// speakerConfigs configures the speakers against an upstream, under their names
// with the prefix.
func speakerConfigs(prefix, url string, timeouts config.Timeouts) map[string]config.Provider {
	all := map[string]config.Provider{}
	for name, d := range speakers {
		p := config.Provider{Kind: d.kind, BaseURL: url + d.base, Key: "env:KEY", Timeouts: timeouts}
		if name == "resp" {
			p.Translate = string(llm.OpenAIResponses)
		}
		all[prefix+name] = p
	}
	return all
}

// priceModel gives the model m-1 a price at every provider: $1 a million in, $10 out.
func priceModel(t testing.TB) func(*config.Config) {
	t.Helper()
	o, err := config.NewOverride("", "m-1", map[string]string{"input": "1", "output": "10"})
	if err != nil {
		t.Fatal(err)
	}
	return func(c *config.Config) { c.Prices.Overrides = append(c.Prices.Overrides, o) }
}

// native reports whether a speaker answers the dialect without translation.
func native(d *dialect, speaker string) bool {
	return speakers[speaker].format == d.format || speaker == "resp" && d.format == llm.OpenAIChat
}

// trouble is what a provider does wrong, and what a caller must see of it.
type trouble struct {
	provider string // prefix of the provider's name: "slow-", "down-"
	streams  bool   // strikes in a stream only
	wholes   bool   // strikes in a whole answer only
	// play misbehaves in the words of p, half an answer before it where the answer
	// is a stream.
	play func(w http.ResponseWriter, got *received, p *dialect, stream bool)

	status int    // before the answer began; 0: in mid-stream
	code   string // stable code; empty: any
	good   bool   // the caller gets the complete answer all the same
	free   bool   // nothing was used
}

// half writes the beginning of a stream: all that comes before the last text.
func half(w http.ResponseWriter, p *dialect) {
	w.Header().Set("Content-Type", p.streamType)
	w.WriteHeader(http.StatusOK)
	for _, f := range p.frames {
		if strings.Contains(f, "world") {
			break
		}
		_, _ = io.WriteString(w, f)
		w.(http.Flusher).Flush()
	}
}

func say(status int, contentType, body string, header ...string) func(http.ResponseWriter, *received, *dialect, bool) {
	return func(w http.ResponseWriter, _ *received, _ *dialect, _ bool) {
		w.Header().Set("Content-Type", contentType)
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// hangUp closes the connection to Steward, with a reset if hard.
func hangUp(w http.ResponseWriter, hard bool, last string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	if hard {
		_ = conn.(*net.TCPConn).SetLinger(0)
	}
	_, _ = io.WriteString(conn, last)
	_ = conn.Close()
}

var troubles = map[string]trouble{
	"the provider is down": {provider: "down-", status: 502, code: "upstream_unreachable", free: true},
	"the provider is silent": {provider: "slow-", status: 504, code: "upstream_timeout", free: true,
		play: func(_ http.ResponseWriter, got *received, _ *dialect, _ bool) { <-got.ctx.Done() }},
	"the provider says 429": {status: 429, free: true,
		play: func(w http.ResponseWriter, got *received, p *dialect, stream bool) {
			say(429, "application/json", p.errorBody, "Retry-After", "7")(w, got, p, stream)
		}},
	"the provider says 500":        {status: 500, free: true, play: say(500, "application/json", `{"error":{"message":"boom"}}`)},
	"a proxy says 502 in HTML":     {status: 502, free: true, play: say(502, "text/html", "<html><body><h1>502 Bad Gateway</h1></body></html>")},
	"the provider refuses our key": {status: 502, code: "provider_auth", free: true, play: say(401, "application/json", `{"error":{"message":"bad key sk-secret","type":"authentication_error","code":"invalid_api_key"}}`)},
	"200 with half a JSON":         {wholes: true, status: 502, code: "upstream_malformed", play: say(200, "application/json", `{"id":"x","choices":[{"ind`)},
	"200 with HTML":                {wholes: true, status: 502, code: "upstream_malformed", play: say(200, "text/html", `<html>welcome</html>`)},
	"200 with an empty body":       {wholes: true, status: 502, code: "upstream_malformed", play: say(200, "application/json", ``)},
	"a reset before the head":      {status: 502, code: "upstream_reset", free: true, play: func(w http.ResponseWriter, _ *received, _ *dialect, _ bool) { hangUp(w, true, "") }},
	"an answer that is not HTTP": {status: 502, code: "upstream_malformed", free: true, play: func(w http.ResponseWriter, _ *received, _ *dialect, _ bool) {
		hangUp(w, false, "SSH-2.0-OpenSSH_9.6 hello\r\n")
	}},
	"a body shorter than it announced": {wholes: true, status: 502, code: "upstream_reset", play: func(w http.ResponseWriter, _ *received, p *dialect, _ bool) {
		hangUp(w, false, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "+strconv.Itoa(len(p.whole)+9)+"\r\n\r\n"+p.whole)
	}},
	"a stream that is cut in good order": {streams: true, code: "stream_truncated", play: func(w http.ResponseWriter, _ *received, p *dialect, _ bool) { half(w, p) }},
	"a stream that is cut in an event": {streams: true, play: func(w http.ResponseWriter, _ *received, p *dialect, _ bool) {
		half(w, p)
		next := p.frames[1]
		_, _ = io.WriteString(w, next[:len(next)/2])
	}},
	"a stream whose connection closes": {streams: true, code: "upstream_reset", play: func(w http.ResponseWriter, _ *received, p *dialect, _ bool) {
		half(w, p)
		panic(http.ErrAbortHandler)
	}},
	"a stream that is reset in an event": {streams: true, play: func(w http.ResponseWriter, _ *received, p *dialect, _ bool) {
		half(w, p)
		next := p.frames[1]
		_, _ = io.WriteString(w, next[:len(next)/2])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}},
	"a stream that stalls": {provider: "slow-", streams: true, code: "upstream_timeout", play: func(w http.ResponseWriter, got *received, p *dialect, _ bool) {
		half(w, p)
		<-got.ctx.Done()
	}},
	"a stream that is empty": {streams: true, play: func(w http.ResponseWriter, _ *received, p *dialect, _ bool) {
		w.Header().Set("Content-Type", p.streamType)
		w.WriteHeader(http.StatusOK)
	}},
	"a stream with an event that is no JSON, and no more": {streams: true, play: func(w http.ResponseWriter, _ *received, p *dialect, _ bool) {
		half(w, p)
		_, _ = io.WriteString(w, "data: {\"choices\":[{\"del\n\n")
	}},
	"a stream without its terminator": {streams: true, good: true, play: func(w http.ResponseWriter, _ *received, p *dialect, _ bool) {
		w.Header().Set("Content-Type", p.streamType)
		for i, f := range p.frames {
			if i != p.terminator {
				_, _ = io.WriteString(w, f)
			}
		}
	}},
	"a stream whose last event lacks its blank line": {streams: true, good: true, play: func(w http.ResponseWriter, _ *received, p *dialect, _ bool) {
		w.Header().Set("Content-Type", p.streamType)
		if s := p.stream(); p.streamType == "text/event-stream" {
			_, _ = io.WriteString(w, strings.TrimRight(s, "\r\n"))
		} else {
			_, _ = io.WriteString(w, s)
		}
	}},
	"a stream with comments between its events": {streams: true, good: true, play: func(w http.ResponseWriter, _ *received, p *dialect, _ bool) {
		w.Header().Set("Content-Type", p.streamType)
		for _, f := range p.frames {
			if p.streamType == "text/event-stream" {
				f = ": processing\n\n" + f
			}
			_, _ = io.WriteString(w, f)
			w.(http.Flusher).Flush()
		}
	}},
	"nothing goes wrong": {good: true, play: func(w http.ResponseWriter, got *received, p *dialect, stream bool) {
		if stream {
			say(200, p.streamType, p.stream())(w, got, p, stream)
		} else {
			say(200, "application/json", p.whole)(w, got, p, stream)
		}
	}},
}

// struck is one call into a trouble, and its answer.
type struck struct {
	name    string
	trouble *trouble
	d       *dialect
	speaker string
	stream  bool
	answer  *answer
}

// TestProvidersFaults sends a call of every dialect into every trouble of every
// provider, streaming and not, all at once.
func TestProvidersFaults(t *testing.T) {
	up := newUpstream(t)
	providers := speakerConfigs("", up.URL, config.Timeouts{})
	for name, p := range speakerConfigs("slow-", up.URL, config.Timeouts{FirstToken: config.Duration(300 * time.Millisecond), Idle: config.Duration(300 * time.Millisecond)}) {
		providers[name] = p
	}
	for name, p := range speakerConfigs("down-", deadAddress(t), config.Timeouts{}) {
		providers[name] = p
	}
	h := open(t, providers, priceModel(t))
	var all []*struck
	for name, tr := range troubles {
		for dn, d := range dialects(t) {
			for speaker := range speakers {
				for _, stream := range []bool{false, true} {
					if tr.streams && !stream || tr.wholes && stream {
						continue
					}
					s := &struck{name: name + " / " + dn + " / " + speaker, trouble: &tr, d: &d, speaker: speaker, stream: stream}
					if stream {
						s.name += " / stream"
					}
					all = append(all, s)
				}
			}
		}
	}
	gate := make(chan struct{}, 64)
	var wg sync.WaitGroup
	for _, s := range all {
		up.on(s.name, func(w http.ResponseWriter, got *received) {
			p := speakers[s.speaker]
			if s.stream && native(s.d, s.speaker) && s.d.format == p.format {
				p = s.d // Gemini's stream as an array
			}
			if s.speaker == "resp" && s.d.format == llm.OpenAIChat {
				p = &openAIChat
			}
			s.trouble.play(w, got, p, s.stream)
		})
		gate <- struct{}{}
		wg.Go(func() {
			defer func() { <-gate }()
			r := s.d.request(h.key, s.trouble.provider+s.speaker+"/m-1", s.stream)
			r.header.Set(caseHeader, s.name)
			s.answer = h.do(r)
		})
	}
	wg.Wait()
	h.end()
	failed := 0
	for _, s := range all {
		if !t.Run(s.name, func(t *testing.T) { s.check(t, h) }) {
			failed++
		}
	}
	t.Logf("%d of %d calls into trouble answered as they must be", len(all)-failed, len(all))
}

func (s *struck) check(t *testing.T, h *house) {
	a, tr := s.answer, s.trouble
	if a.status == 0 {
		t.Fatalf("no answer at all: %v", a.err)
	}
	c := h.record(a.id())
	switch {
	case tr.good:
		if a.status != 200 || a.err != nil || s.stream && (!s.d.complete(a.body) || s.d.failed(a.body)) ||
			!strings.Contains(string(a.body), "world") {
			t.Errorf("status %d, %v: %s", a.status, a.err, excerpt(a.body))
		}
		if s.stream && !strings.HasPrefix(a.header.Get("Content-Type"), s.d.streamType) {
			t.Errorf("content type %q", a.header.Get("Content-Type"))
		}
		if c.Outcome != record.OK || c.Finish != llm.FinishStop || c.Usage.InputTokens() != 9 || c.Usage.OutputTokens() != 4 || c.Cost != 9*1000+4*10000 || c.Pricing != record.Priced {
			t.Errorf("record: %s, finish %q, %v, cost %d, %s", c.Outcome, c.Finish, c.Usage.N, c.Cost, c.Pricing)
		}
		return
	case tr.status > 0:
		s.checkRefused(t, a)
	default:
		s.checkBroken(t, a)
	}
	if c.Outcome != record.Failed || c.ErrorCode == "" || c.ErrorKind == "" || tr.code != "" && c.ErrorCode != tr.code || c.Status != a.status || len(c.Attempts) != 1 {
		t.Errorf("record: %s, %s %s, status %d, %d attempts", c.Outcome, c.ErrorKind, c.ErrorCode, c.Status, len(c.Attempts))
	}
	if tr.free != (c.Cost == 0) || tr.free != (c.Pricing == record.Free) {
		t.Errorf("record: cost %d, %s, usage %v", c.Cost, c.Pricing, c.Usage.N)
	}
}

// checkRefused looks at an error that came before the answer began.
func (s *struck) checkRefused(t *testing.T, a *answer) {
	tr := s.trouble
	message, code, ok := s.d.fault(a.header, a.body)
	passed := native(s.d, s.speaker) && a.code() != "provider_auth" && string(a.body) == speakers[s.speaker].errorBody
	switch {
	case a.err != nil:
		t.Errorf("reading it: %v", a.err)
	case tr.status == 500 && (a.status == 500 || a.status == 502): // the provider's own, or ours of it
	case a.status != tr.status:
		t.Errorf("status %d: %s", a.status, excerpt(a.body))
	case !passed && (!ok || message == "" || code != a.code()):
		t.Errorf("the error is not the caller's own, or does not say the code %q: %s", a.code(), excerpt(a.body))
	case a.code() == "" || tr.code != "" && a.code() != tr.code:
		t.Errorf("code %q", a.code())
	}
	if tr.status == 429 && a.header.Get("Retry-After") != "7" {
		t.Errorf("retry-after %q", a.header.Get("Retry-After"))
	}
	if !strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
		t.Errorf("content type %q", a.header.Get("Content-Type"))
	}
	if strings.Contains(string(a.body), "secret") {
		t.Errorf("the answer tells of the provider's key: %s", a.body)
	}
}

// checkBroken looks at a stream that broke off after it had begun.
func (s *struck) checkBroken(t *testing.T, a *answer) {
	if a.status != 200 {
		if _, code, ok := s.d.fault(a.header, a.body); !ok || code == "" || a.status < 500 {
			t.Errorf("status %d: %s", a.status, excerpt(a.body))
		}
		return
	}
	if s.d.complete(a.body) {
		t.Errorf("a truncated answer looks complete: %s", excerpt(a.body))
	}
	if !s.d.failed(a.body) {
		t.Errorf("no error frame that a client could read: %s", excerpt(a.body))
	}
	if a.err == nil {
		t.Errorf("the stream ended in good order: %s", excerpt(a.body))
	}
	if !strings.Contains(s.name, "empty") && !strings.Contains(string(a.body), "Hello ") {
		t.Errorf("the text that had come is lost: %s", excerpt(a.body))
	}
}

// TestHangUps lets callers leave in the middle of every kind of answer.
func TestHangUps(t *testing.T) {
	type left struct{ name, id string }
	for _, policy := range []string{"cancel", "drain"} {
		t.Run(policy, func(t *testing.T) {
			up := newUpstream(t)
			h := open(t, speakerConfigs("", up.URL, config.Timeouts{}), priceModel(t), func(c *config.Config) {
				c.Calls.HangUp = policy
			})
			var mu sync.Mutex
			var all []left
			var wg sync.WaitGroup
			for dn, d := range dialects(t) {
				for speaker := range speakers {
					name := dn + " / " + speaker
					began, cancelled := make(chan struct{}), make(chan struct{})
					up.on(name, func(w http.ResponseWriter, got *received) {
						p := speakers[speaker]
						if native(&d, speaker) {
							p = &d
						}
						half(w, p)
						<-began
						if policy == "cancel" {
							<-got.ctx.Done()
							close(cancelled)
							return
						}
						rest := p.stream()
						_, _ = io.WriteString(w, rest[strings.Index(rest, p.frames[lastText(p)]):])
						close(cancelled)
					})
					wg.Go(func() {
						ctx, leave := context.WithCancel(context.Background())
						defer leave()
						r := d.request(h.key, speaker+"/m-1", true)
						r.header.Set(caseHeader, name)
						resp, err := h.send(ctx, r)
						if err != nil {
							t.Errorf("%s: %v", name, err)
							close(began)
							return
						}
						buf, got := make([]byte, 4096), ""
						for !strings.Contains(got, "Hello ") {
							n, err := resp.Body.Read(buf)
							if got += string(buf[:n]); err != nil {
								t.Errorf("%s: %v after %q", name, err, got)
								break
							}
						}
						leave()
						_ = resp.Body.Close()
						close(began)
						select {
						case <-cancelled:
						case <-time.After(10 * time.Second):
							t.Errorf("%s: the provider was never told", name)
						}
						mu.Lock()
						all = append(all, left{name: name, id: resp.Header.Get("X-Steward-Call-Id")})
						mu.Unlock()
					})
				}
			}
			wg.Wait()
			h.end()
			for _, l := range all {
				c := h.record(l.id)
				outcome := c.Outcome == record.Cancelled || policy == "drain" && c.Outcome == record.OK // it may end before Steward sees that nobody reads
				if !outcome || c.Cost <= 0 {
					t.Errorf("%s: %s, cost %d, %s, %v", l.name, c.Outcome, c.Cost, c.Pricing, c.Usage.N)
				}
				exact := c.Usage.Reported && !c.Usage.Estimated && c.Usage.InputTokens() == 9 && c.Usage.OutputTokens() == 4 && c.Pricing == record.Priced
				if policy == "drain" && !exact {
					t.Errorf("%s: drained to its end, yet %v, %s", l.name, c.Usage.N, c.Pricing)
				}
				if policy == "cancel" && (c.Usage.OutputTokens() <= 0 || c.Usage.InputTokens() <= 0) {
					t.Errorf("%s: %v, %s", l.name, c.Usage.N, c.Pricing)
				}
			}
			t.Logf("%d callers left", len(all))
		})
	}
}

// lastText is the index of the event with the last text.
func lastText(p *dialect) int {
	for i, f := range p.frames {
		if strings.Contains(f, "world") {
			return i
		}
	}
	return len(p.frames)
}

// TestHangUpBeforeTheAnswer lets callers leave while the provider is at work.
func TestHangUpBeforeTheAnswer(t *testing.T) {
	up := newUpstream(t)
	h := open(t, speakerConfigs("", up.URL, config.Timeouts{}), priceModel(t))
	n := 0
	for _, d := range dialects(t) {
		for speaker := range speakers {
			n++
			ctx, leave := context.WithCancel(context.Background())
			cancelled := make(chan struct{})
			up.answer(func(_ http.ResponseWriter, got *received) {
				leave()
				<-got.ctx.Done()
				close(cancelled)
			})
			r := d.request(h.key, speaker+"/m-1", false)
			if _, err := h.send(ctx, r); !errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
			<-cancelled
		}
	}
	h.end()
	if len(h.calls) != n {
		t.Errorf("%d calls in the journal; there were %d", len(h.calls), n)
	}
	for id, c := range h.calls {
		if c.Outcome != record.Cancelled || c.Cost <= 0 || c.Pricing != record.Estimated || c.Status != 499 {
			t.Errorf("%s %s: %s, status %d, cost %d, %s", id, c.Surface, c.Outcome, c.Status, c.Cost, c.Pricing)
		}
	}
}
