package cli_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/steward-llmops/steward/internal/api/apitest"
	"github.com/steward-llmops/steward/internal/cli"
	"github.com/steward-llmops/steward/internal/record"
)

// env returns a world of strings around the command line.
func env(stdin string, vars map[string]string) (cli.Env, *bytes.Buffer, *bytes.Buffer) {
	var out, talk bytes.Buffer
	e := cli.SystemEnv(strings.NewReader(stdin), &out, &talk)
	e.Now = now
	e.Getenv = func(name string) string { return vars[name] }
	return e, &out, &talk
}

func TestInterruptEndsTheAnswerAndThenTheChat(t *testing.T) {
	left := make(chan struct{})
	sig := make(chan os.Signal, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), "go on") {
			if !strings.Contains(string(body), "half an ans") {
				t.Errorf("the half answer is not in the history: %s", body)
			}
			fmt.Fprint(w, "data: {\"choices\":[{\"delta\":{\"content\":\"whole\"}}]}\n\ndata: [DONE]\n\n")
			return
		}
		fmt.Fprint(w, "data: {\"choices\":[{\"delta\":{\"content\":\"half an ans\"}}]}\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done() // until the reader leaves
		close(left)
	}))
	defer srv.Close()
	in, typed := io.Pipe()
	e, _, talk := env("", map[string]string{"STEWARD_URL": srv.URL, "STEWARD_KEY": "sk-steward-mine"})
	seen := newWatched()
	e.Stdin, e.Stdout, e.Interactive = in, seen, true
	e.Interrupts = func() (<-chan os.Signal, func()) { return sig, func() {} }
	code := make(chan int)
	go func() { code <- cli.MainWith(cli.Programs{}, e, []string{"chat", "sim/small"}) }()

	fmt.Fprintln(typed, "tell me")
	seen.until(t, "half an ans")
	sig <- os.Interrupt
	<-left // the gateway saw the reader leave
	fmt.Fprintln(typed, "go on")
	seen.until(t, "whole\n")
	sig <- os.Interrupt // at the prompt
	if got := <-code; got != 0 {
		t.Errorf("exit code %d", got)
	}
	if !strings.Contains(talk.String(), "cut short") || !strings.Contains(talk.String(), "sim/small> ") {
		t.Errorf("the talk is %q", talk)
	}
}

// watched is output that a test can wait for.
type watched struct {
	got   strings.Builder
	wrote chan string
}

func newWatched() *watched { return &watched{wrote: make(chan string, 1024)} }

func (w *watched) Write(p []byte) (int, error) {
	w.wrote <- string(p)
	return len(p), nil
}

// until waits for a text; the test's own deadline ends a wait for what never comes.
func (w *watched) until(t *testing.T, text string) {
	t.Helper()
	for !strings.Contains(w.got.String(), text) {
		w.got.WriteString(<-w.wrote)
	}
}

// roundTrip is a network of one function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestWhereTheTokenGoes(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "admin-token"), []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		args []string
		vars map[string]string
		want string
	}{
		"the file, to this machine":              {nil, map[string]string{"STEWARD_DATA": dir}, "Bearer from-file"},
		"the file, to localhost":                 {[]string{"--url", "http://localhost:1"}, map[string]string{"STEWARD_DATA": dir}, "Bearer from-file"},
		"not the file, to another machine":       {[]string{"--url", "http://example.com"}, map[string]string{"STEWARD_DATA": dir}, ""},
		"the file, where --data asks for it":     {[]string{"--url", "http://example.com", "--data", dir}, nil, "Bearer from-file"},
		"the variable, to any machine":           {[]string{"--url", "http://example.com"}, map[string]string{"STEWARD_TOKEN": "t"}, "Bearer t"},
		"the variable before the file":           {[]string{"--data", dir}, map[string]string{"STEWARD_TOKEN": "t"}, "Bearer t"},
		"a name that only looks like this one's": {[]string{"--url", "http://127.0.0.1.example.com"}, map[string]string{"STEWARD_DATA": dir}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e, _, _ := env("", tt.vars)
			got, n := "", 0
			e.HTTP = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				got, n = r.Header.Get("Authorization"), n+1
				return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(`{"keys":[]}`))}, nil
			})}
			if code := cli.MainWith(cli.Programs{}, e, append(tt.args, "key", "list")); code != 0 || n != 1 {
				t.Fatalf("exit code %d after %d requests", code, n)
			}
			if got != tt.want {
				t.Errorf("sent %q, want %q", got, tt.want)
			}
		})
	}
}

func TestListOfAllIsOneArrayOverManyPages(t *testing.T) {
	w := apitest.New(now)
	w.Samples()
	pages := 0
	h := w.Server().Handler()
	e, out, talk := env("", map[string]string{"STEWARD_TOKEN": apitest.Token})
	e.HTTP = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		pages++
		q := r.URL.Query()
		q.Set("limit", "1") // a server that gives less than it is asked for
		r.URL.RawQuery = q.Encode()
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return rec.Result(), nil
	})}
	if code := cli.MainWith(cli.Programs{}, e, []string{"calls", "list", "--limit", "0", "--json"}); code != 0 {
		t.Fatalf("exit code %d: %s", code, talk)
	}
	if n := strings.Count(out.String(), `"id":"call_`); n != 3 || pages != 3 || !strings.HasPrefix(out.String(), "[\n{") || !strings.HasSuffix(out.String(), "}\n]\n") {
		t.Errorf("%d calls from %d pages: %s", n, pages, out)
	}
}

func TestShowReadsTheTextOutOfAStream(t *testing.T) {
	streams := map[string]string{
		"openai chat":      "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"lo\"}}]}\n\ndata: [DONE]\n\n",
		"openai responses": "event: a\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"Hel\"}\n\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"lo\"}\n\n",
		"anthropic":        "event: a\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"Hel\"}}\n\ndata: {\"delta\":{\"text\":\"lo\"}}\n\n",
		"gemini":           "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"He\"},{\"text\":\"l\"}]}}]}\r\n\r\ndata: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"lo\"}]}}]}",
	}
	for name, stream := range streams {
		t.Run(name, func(t *testing.T) {
			w := apitest.New(now)
			w.Add(record.Call{ID: apitest.ID(now(), 1)}, &record.Content{Response: []byte(stream), ResponseType: "text/event-stream; charset=utf-8"})
			h := w.Server().Handler()
			e, out, _ := env("", map[string]string{"STEWARD_TOKEN": apitest.Token})
			e.HTTP = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				rec := httptest.NewRecorder()
				h.ServeHTTP(rec, r)
				return rec.Result(), nil
			})}
			if code := cli.MainWith(cli.Programs{}, e, []string{"calls", "show", "--content", apitest.ID(now(), 1).Text("call")}); code != 0 {
				t.Fatalf("exit code %d", code)
			}
			if !strings.Contains(out.String(), "\nHello\n\n(the text of ") {
				t.Errorf("printed %q", out)
			}
		})
	}
}

func TestNameOfAModelCannotSteerTheTerminal(t *testing.T) {
	w := apitest.New(now)
	w.Add(record.Call{ID: apitest.ID(now(), 1), Asked: "a\x1b[2J\nb", Key: "\x1b[2J", Outcome: record.OK}, nil)
	h := w.Server().Handler()
	e, out, _ := env("", map[string]string{"STEWARD_TOKEN": apitest.Token})
	e.HTTP = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return rec.Result(), nil
	})}
	for _, args := range [][]string{{"calls", "list"}, {"calls", "show", apitest.ID(now(), 1).Text("call")}, {"cost", "report", "--by", "key"}} {
		out.Reset()
		if code := cli.MainWith(cli.Programs{}, e, args); code != 0 {
			t.Fatalf("%v: exit code %d", args, code)
		}
		if strings.Contains(out.String(), "\x1b") || !strings.Contains(out.String(), "\uFFFD[2J") {
			t.Errorf("%v prints %q", args, out)
		}
	}
}

func TestAnswerCannotSteerTheTerminal(t *testing.T) {
	e, out, _ := env("", map[string]string{"STEWARD_KEY": "sk-steward-mine", "STEWARD_URL": "http://localhost"})
	e.HTTP = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		body := "data: {\"choices\":[{\"delta\":{\"content\":\"a\\u001b]0;owned\\u0007b\\u009bc\\n\"}}]}\n\ndata: [DONE]\n\n"
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(body))}, nil
	})}
	if code := cli.MainWith(cli.Programs{}, e, []string{"chat", "m", "hi"}); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	if want := "a\uFFFD]0;owned\uFFFDb\uFFFDc\n\n"; out.String() != want {
		t.Errorf("printed %q, want %q", out, want)
	}
}
