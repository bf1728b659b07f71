package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/app"
	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/fault"
)

// locked is a buffer that a server writes to while a test reads it.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// house is a Steward in this process, served over loopback.
type house struct {
	*app.App
	url  string
	log  *locked
	data string
}

func open(t *testing.T, data, yaml string, env map[string]string) *house {
	t.Helper()
	cfg, err := config.Parse("test.yaml", []byte("data: "+data+"\nlog: {level: debug}\n"+yaml), app.KnownKinds())
	if err != nil {
		t.Fatal(err)
	}
	h := &house{log: &locked{}, data: data}
	h.App, err = app.Open(t.Context(), cfg, app.Options{Version: "test", Err: h.log, Now: time.Now, Getenv: func(name string) string { return env[name] }})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h.Handler(true, true))
	h.url = srv.URL
	t.Cleanup(func() {
		srv.Close()
		if err := h.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return h
}

func (h *house) do(t *testing.T, method, path, secret, body string, header ...string) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, h.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+secret)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil && resp.StatusCode < 400 {
		b = append(b, []byte("<cut>")...)
	}
	return resp.StatusCode, string(b), resp.Header
}

// key makes a key by the admin API.
func (h *house) key(t *testing.T, models ...string) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"name": "test", "models": models})
	if err != nil {
		t.Fatal(err)
	}
	status, answer, _ := h.do(t, "POST", "/api/keys", h.Token, string(body))
	var made struct {
		Key string `json:"key"`
	}
	if err := json.Unmarshal([]byte(answer), &made); err != nil || made.Key == "" {
		t.Fatalf("make a key: %d %s", status, answer)
	}
	return made.Key
}

func TestSecretsAndContentStayOutOfLogsAndMetrics(t *testing.T) {
	const prompt, upstreamKey = "PROMPTMARKER7731", "sk-upstreamMARKER9917"
	mock := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch {
		case strings.Contains(string(body), "html"):
			w.WriteHeader(502)
			_, _ = io.WriteString(w, "<html>"+string(body))
		case strings.Contains(string(body), "refuse"):
			w.WriteHeader(400)
			_, _ = io.WriteString(w, `{"error":{"message":"I do not like `+prompt+`"}}`)
		case strings.Contains(string(body), "auth"):
			w.WriteHeader(401)
			_, _ = io.WriteString(w, `{"error":{"message":"bad key `+upstreamKey+`"}}`)
		case strings.Contains(string(body), "cut"):
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, "data: {\"choices\":[{\"delta\":{\"content\":\""+prompt+"\"}}]}\n\n")
		default:
			_, _ = io.WriteString(w, `{"id":"x","choices":[{"message":{"role":"assistant","content":"`+prompt+`"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}`)
		}
	}))
	defer mock.Close()
	h := open(t, t.TempDir(), "providers: {lab: {kind: openai, base_url: \""+mock.URL+"/v1\", key: \"env:LAB\"}}\n", map[string]string{"LAB": upstreamKey})
	secret := h.key(t)
	for _, word := range []string{"fine", "html", "refuse", "auth", "cut"} {
		for _, stream := range []string{"false", "true"} {
			for _, path := range []string{"/v1/chat/completions", "/v1/messages", "/v1/responses"} {
				body := `{"model":"lab/m","max_tokens":9,"stream":` + stream + `,"input":"` + word + prompt + `","messages":[{"role":"user","content":"` + word + prompt + `"}]}`
				status, answer, header := h.do(t, "POST", path, secret, body)
				if word == "auth" && (status == 401 || strings.Contains(answer, upstreamKey)) {
					t.Errorf("%s: the provider's refusal of our key reached the caller: %d %s", path, status, answer)
				}
				for name, values := range header {
					if strings.Contains(strings.Join(values, " "), prompt) {
						t.Errorf("%s %s: header %s holds content", path, word, name)
					}
				}
			}
		}
	}
	h.do(t, "POST", "/v1/chat/completions", secret, `{"model":"`+prompt+`", broken`)
	h.do(t, "POST", "/v1/chat/completions", secret+"wrong", `{"messages":"`+prompt+`"}`)
	h.do(t, "POST", "/v1beta/models/sim%2Fecho:generateContent?key="+secret, "", `{"contents":[{"parts":[{"text":"`+prompt+`"}]}]}`)
	_, metrics, _ := h.do(t, "GET", "/metrics", "", "")
	if !strings.Contains(metrics, "steward_calls_total") {
		t.Fatalf("no metrics of calls:\n%s", metrics)
	}
	for where, text := range map[string]string{"the log": h.log.String(), "the metrics": metrics} {
		for what, marker := range map[string]string{"content": prompt, "the provider's key": upstreamKey, "the caller's key": secret, "the admin token": h.Token} {
			if strings.Contains(text, marker) {
				t.Errorf("%s holds %s:\n%s", where, what, text)
			}
		}
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	held := t.TempDir()
	open(t, held, "", nil)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	damaged := t.TempDir()
	if err := os.WriteFile(filepath.Join(damaged, "state.db"), bytes.Repeat([]byte("garbage "), 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	pepper := t.TempDir()
	if err := os.WriteFile(filepath.Join(pepper, "pepper"), []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ data, code string }{
		"a directory that another Steward uses": {held, "data_in_use"},
		"a path below a file":                   {filepath.Join(file, "x"), "data_unwritable"},
		"a damaged database":                    {damaged, "store_corrupt"},
		"a damaged secret":                      {pepper, "secret_damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config.Default()
			cfg.Data = tt.data
			a, err := app.Open(t.Context(), cfg, app.Options{Now: time.Now, Getenv: func(string) string { return "" }})
			f := fault.As(err)
			if f == nil {
				_ = a.Close()
				t.Fatal("Open succeeded")
			}
			if f.StableCode() != tt.code || f.Hint == "" {
				t.Errorf("Open = %v (code %s, hint %q), want code %s with a hint", err, f.StableCode(), f.Hint, tt.code)
			}
		})
	}
}

func TestADamagedCallsStoreIsBuiltAgain(t *testing.T) {
	data := t.TempDir()
	call := func(h *house, secret string) string {
		status, answer, header := h.do(t, "POST", "/v1/chat/completions", secret, `{"model":"sim/echo","messages":[{"role":"user","content":"hi"}]}`, "X-Sim-Latency", "0s")
		if status != 200 {
			t.Fatalf("%d %s", status, answer)
		}
		return header.Get("X-Steward-Call-Id")
	}
	cfg, err := config.Parse("t", []byte("data: "+data), app.KnownKinds())
	if err != nil {
		t.Fatal(err)
	}
	opts := app.Options{Now: time.Now, Getenv: func(string) string { return "" }}
	a, err := app.Open(t.Context(), cfg, opts)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(a.Handler(true, true))
	h := &house{App: a, url: srv.URL}
	secret := h.key(t)
	id := call(h, secret)
	srv.Close()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "calls.duckdb"), []byte("no database at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	h = open(t, data, "", nil)
	status, answer, _ := h.do(t, "GET", "/api/calls/"+id, h.Token, "")
	if status != 200 || !strings.Contains(answer, `"status":200`) {
		t.Errorf("the call is gone from the rebuilt store: %d %s", status, answer)
	}
	if !strings.Contains(h.log.String(), "damaged") {
		t.Errorf("the log does not say that the store was damaged:\n%s", h.log.String())
	}
	if aside, _ := filepath.Glob(filepath.Join(data, "calls.duckdb.damaged-*")); len(aside) != 1 {
		t.Errorf("damaged files set aside: %v", aside)
	}
}

func TestServeSaysThatThePortIsTaken(t *testing.T) {
	busy := httptest.NewServer(http.NotFoundHandler())
	defer busy.Close()
	cfg := config.Default()
	cfg.Data, cfg.Listen = t.TempDir(), strings.TrimPrefix(busy.URL, "http://")
	err := app.Up(context.Background(), cfg, app.Options{Now: time.Now, Getenv: func(string) string { return "" }})
	if f := fault.As(err); f == nil || f.StableCode() != "listen" || !strings.Contains(f.Hint, "--listen") {
		t.Errorf("Up = %v, want a fault that names --listen", err)
	}
}

func TestAnUploadsModelIsNamedAsItsProviderKnowsIt(t *testing.T) {
	for _, size := range []int{100, 600 << 10} { // held whole, and streamed
		var got string
		mock := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := r.ParseMultipartForm(1 << 20); err == nil {
				f, _, err := r.FormFile("file")
				if err == nil {
					n, _ := io.Copy(io.Discard, f)
					got = r.FormValue("model") + " " + r.URL.Path + " " + strconv.FormatInt(n, 10)
				}
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"text":"hi","usage":{"type":"duration","seconds":60}}`)
		}))
		h := open(t, t.TempDir(), "providers: {lab: {kind: openai, base_url: \""+mock.URL+"/v1\", key: \"env:LAB\"}}\n", map[string]string{"LAB": "k"})
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		_ = form.WriteField("model", "lab/whisper-1")
		part, _ := form.CreateFormFile("file", "a.mp3")
		_, _ = part.Write(bytes.Repeat([]byte("x"), size))
		_ = form.Close()
		status, answer, header := h.do(t, "POST", "/v1/audio/transcriptions", h.key(t), body.String(), "Content-Type", form.FormDataContentType())
		if want := "whisper-1 /v1/audio/transcriptions " + strconv.Itoa(size); status != 200 || got != want {
			t.Errorf("the provider got %q, want %q (%d %s)", got, want, status, answer)
		}
		if cost := header.Get("X-Steward-Cost-Usd"); cost != "0.006" { // a minute at $0.006
			t.Errorf("a minute of sound costs %q, want 0.006", cost)
		}
		mock.Close()
	}
}

func TestAzureIsAddressedByItsDeployment(t *testing.T) {
	var got []string
	mock := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Model string }
		_ = json.NewDecoder(r.Body).Decode(&body)
		got = append(got, r.URL.String()+" "+body.Model+" "+r.Header.Get("Api-Key"))
		_, _ = io.WriteString(w, `{"id":"x","choices":[{"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1000,"completion_tokens":100}}`)
	}))
	defer mock.Close()
	h := open(t, t.TempDir(), `providers:
  dated: {kind: azure, base_url: "`+mock.URL+`", key: "env:K", api_version: "2024-10-21", deployment: ours}
  v1: {kind: azure, base_url: "`+mock.URL+`", key: "env:K"}
`, map[string]string{"K": "secret"})
	secret := h.key(t)
	for _, model := range []string{"dated/gpt-4o", "v1/gpt-4o"} {
		for _, path := range []string{"/v1/chat/completions", "/v1/messages"} {
			status, answer, header := h.do(t, "POST", path, secret, `{"model":"`+model+`","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}`)
			if cost := header.Get("X-Steward-Cost-Usd"); status != 200 || cost != "0.0035" { // 1000 x $2.50/M + 100 x $10/M
				t.Errorf("%s %s: %d, cost %q: %s", model, path, status, cost, answer)
			}
		}
	}
	want := []string{
		"/openai/deployments/ours/chat/completions?api-version=2024-10-21 ours secret", "/openai/deployments/ours/chat/completions?api-version=2024-10-21 ours secret",
		"/openai/v1/chat/completions gpt-4o secret", "/openai/v1/chat/completions gpt-4o secret",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what Azure got (-want +got):\n%s", diff)
	}
}
