// Package conform_test holds Steward to its promises from the outside: a whole app
// in a temporary directory, real connections on both sides, and what recorded or
// faulty providers say in between.
package conform_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/app"
	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/journal"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/record"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// house is a Steward that runs as `steward up` runs it.
type house struct {
	t     testing.TB
	cfg   config.Config
	url   string
	key   string // of a caller who may do everything
	admin *client.Client
	log   *lines
	stop  context.CancelFunc
	done  chan error
	calls map[string]*record.Call // after end
	texts map[string]*record.Content
}

// lines collects a log; it is safe for concurrent use.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// open starts a Steward with the providers, whose keys are references to an
// environment in which every variable NAME holds "secret-of-NAME".
func open(t testing.TB, providers map[string]config.Provider, change ...func(*config.Config)) *house {
	t.Helper()
	cfg := config.Default()
	cfg.Listen, cfg.Data, cfg.Providers = "127.0.0.1:0", t.TempDir(), providers
	cfg.Sim.Enabled = false
	cfg.Journal.MinFree = 1 << 20
	cfg.Journal.Segment = 4 << 20
	cfg.Calls.DrainTimeout = config.Duration(2 * time.Second)
	for _, f := range change {
		f(&cfg)
	}
	ctx, stop := context.WithCancel(context.Background())
	h := &house{t: t, cfg: cfg, stop: stop, done: make(chan error, 1), log: &lines{}}
	ready := make(chan string, 1)
	a, err := app.Open(ctx, cfg, app.Options{Version: "test", Out: io.Discard, Err: h.log,
		Getenv: func(name string) string { return "secret-of-" + name }, Now: time.Now, Ready: func(addr string) { ready <- addr }})
	if err != nil {
		stop()
		t.Fatal(err)
	}
	go func() { h.done <- errors.Join(a.Serve(ctx), a.Close()) }()
	select {
	case addr := <-ready:
		h.url = "http://" + addr
	case err := <-h.done:
		t.Fatalf("serve: %v", err)
	}
	h.admin = &client.Client{URL: h.url, Token: a.Token}
	h.key = h.newKey(client.NewKey{Name: "test"})
	t.Cleanup(func() { h.end() })
	return h
}

func (h *house) newKey(k client.NewKey) string {
	h.t.Helper()
	made, err := h.admin.CreateKey(context.Background(), k)
	if err != nil {
		h.t.Fatal(err)
	}
	return made.Secret
}

// end stops the house, as a signal does, and reads what it wrote into its journal.
func (h *house) end() {
	h.t.Helper()
	if h.calls != nil {
		return
	}
	h.stop()
	if err := <-h.done; err != nil {
		h.t.Errorf("the house ended with %v", err)
	}
	j, _, err := journal.Open(journal.Options{Dir: filepath.Join(h.cfg.Data, "journal"), MinFree: 1})
	if err != nil {
		h.t.Fatal(err)
	}
	defer j.Close()
	r := j.NewReader(0)
	defer r.Close()
	h.calls, h.texts = map[string]*record.Call{}, map[string]*record.Content{}
	for {
		entries, _, err := r.Next(nil, 512)
		if err != nil {
			h.t.Fatal(err)
		}
		if len(entries) == 0 {
			return
		}
		for _, e := range entries {
			if e.Call == nil {
				continue
			}
			id := e.Call.ID.Text("call")
			if h.calls[id] != nil {
				h.t.Errorf("%s is in the journal twice", id)
			}
			h.calls[id] = e.Call
			if content, err := j.Content(e.Call); err == nil {
				h.texts[id] = content
			}
		}
	}
}

// record returns what the journal says of an answered call; the house has ended.
func (h *house) record(id string) *record.Call {
	h.t.Helper()
	c := h.calls[id]
	if c == nil {
		h.t.Fatalf("call %q is not in the journal", id)
	}
	return c
}

// request is what a caller sends.
type request struct {
	method, path string
	body         []byte
	header       http.Header
	chunked      bool
}

// answer is what a caller got.
type answer struct {
	status  int
	header  http.Header
	trailer http.Header
	body    []byte
	err     error // of reading the body
}

func (a *answer) id() string   { return a.header.Get("X-Steward-Call-Id") }
func (a *answer) code() string { return a.header.Get("X-Steward-Error") }

// message is what an error says, wherever its format puts it.
func (a *answer) message() string {
	return cmp.Or(gjson.GetBytes(a.body, "error.message").Str, gjson.GetBytes(a.body, "message").Str)
}

var caller = &http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 4}}

func (h *house) send(ctx context.Context, r request) (*http.Response, error) {
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body)
		if r.chunked {
			body = io.MultiReader(body)
		}
	}
	req, err := http.NewRequestWithContext(ctx, r.method, h.url+r.path, body)
	if err != nil {
		return nil, err
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	if req.Header.Get("Authorization") == "" && req.Header.Get("X-Api-Key") == "" && req.Header.Get("X-Goog-Api-Key") == "" && req.Header["No-Key"] == nil {
		req.Header.Set("Authorization", "Bearer "+h.key)
	}
	delete(req.Header, "No-Key")
	return caller.Do(req)
}

// do sends the request and reads the answer to its end, or to where it breaks.
func (h *house) do(r request) *answer {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	resp, err := h.send(ctx, r)
	if err != nil {
		return &answer{err: err, header: http.Header{}}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return &answer{status: resp.StatusCode, header: resp.Header, trailer: resp.Trailer, body: body, err: err}
}

// upstream is a provider under the test's control.
type upstream struct {
	*httptest.Server
	mu    sync.Mutex
	serve func(w http.ResponseWriter, got *received)
	cases map[string]func(w http.ResponseWriter, got *received) // by the header caseHeader
	all   []*received
}

// caseHeader tells the upstream which of its cases a call belongs to. Steward lets
// headers for a simulator through on every path, so that calls may run side by side.
const caseHeader = "X-Sim-Case"

// received is a request as it reached the provider.
type received struct {
	method, target string
	header         http.Header
	body           []byte
	ctx            context.Context // ends when Steward hangs up
}

func newUpstream(t testing.TB) *upstream {
	u := &upstream{}
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("upstream: read the request: %v", err)
		}
		got := &received{r.Method, r.URL.RequestURI(), r.Header, body, r.Context()}
		u.mu.Lock()
		u.all = append(u.all, got)
		serve := u.serve
		if f := u.cases[r.Header.Get(caseHeader)]; f != nil {
			serve = f
		}
		u.mu.Unlock()
		if serve == nil {
			t.Errorf("upstream: nobody expects %s %s", r.Method, r.URL)
			w.WriteHeader(http.StatusTeapot)
			return
		}
		serve(w, got)
	}))
	t.Cleanup(u.Close)
	return u
}

// answer sets what the next requests get.
func (u *upstream) answer(serve func(w http.ResponseWriter, got *received)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.serve, u.all = serve, nil
}

// on sets what the requests of a case get.
func (u *upstream) on(name string, serve func(w http.ResponseWriter, got *received)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.cases == nil {
		u.cases = map[string]func(http.ResponseWriter, *received){}
	}
	u.cases[name] = serve
}

// last returns the request that came last since answer was called.
func (u *upstream) last(t testing.TB) *received {
	t.Helper()
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.all) == 0 {
		return nil
	}
	return u.all[len(u.all)-1]
}

// deadAddress is an address where nobody listens.
func deadAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

// pieces writes b in pieces that end at the cuts.
func pieces(w http.ResponseWriter, b []byte, cuts []int) {
	at := 0
	for _, cut := range append(cuts, len(b)) {
		if cut <= at || cut > len(b) {
			continue
		}
		_, _ = w.Write(b[at:cut])
		w.(http.Flusher).Flush()
		at = cut
	}
}

func hasCodec(f llm.Format) bool {
	_, ok := app.ChatCodecs()[f]
	return ok
}

// excerpt shows a body in a failure.
func excerpt(b []byte) string {
	s := string(b)
	if len(s) > 600 {
		s = s[:600] + fmt.Sprintf("... (%d bytes)", len(b))
	}
	return strings.ToValidUTF8(s, "?")
}
