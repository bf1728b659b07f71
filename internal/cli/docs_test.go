package cli_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/steward-llmops/steward/internal/api/apitest"
	"github.com/steward-llmops/steward/internal/cli"
)

// TestPageOfQuestions asks every question of the page, by its command and by its URL.
func TestPageOfQuestions(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "how-to", "analyse-calls.md"))
	if err != nil {
		t.Fatal(err)
	}
	w := apitest.New(now)
	w.Samples()
	w.Agent()
	w.Hush() // a tail ends at once
	h := w.Server().Handler()
	commands, urls := 0, 0
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSuffix(line, "\n")
		if args, ok := strings.CutPrefix(line, "steward "); ok {
			commands++
			e, _, talk := env("", map[string]string{"STEWARD_TOKEN": apitest.Token})
			e.HTTP = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				rec := httptest.NewRecorder()
				h.ServeHTTP(rec, r)
				return rec.Result(), nil
			})}
			code := cli.MainWith(cli.Programs{}, e, shellWords(args))
			if tail := strings.HasPrefix(args, "calls tail"); code != 0 && !(tail && strings.Contains(talk.String(), "closed the stream")) {
				t.Errorf("%s: exit code %d: %s", line, code, talk)
			}
		}
		if path, ok := strings.CutPrefix(line, "    /api/"); ok {
			urls++
			r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/api/"+path, nil)
			r.Header.Set("Authorization", "Bearer "+apitest.Token)
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			if rec.Code != http.StatusOK {
				t.Errorf("%s is answered %d: %s", path, rec.Code, rec.Body)
			}
		}
	}
	if commands < 20 || commands != urls {
		t.Errorf("the page has %d commands and %d URLs; each question has both", commands, urls)
	}
}

// shellWords takes a command line apart, at spaces that stand outside single quotes.
func shellWords(line string) []string {
	quoted := false
	words := strings.FieldsFunc(line, func(r rune) bool {
		if r == '\'' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	})
	for i, w := range words {
		words[i] = strings.ReplaceAll(w, "'", "")
	}
	return words
}
