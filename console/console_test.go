package console_test

import (
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/steward-llmops/steward/console"
)

func get(path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	console.Handler().ServeHTTP(w, r)
	return w
}

func TestHandler(t *testing.T) {
	t.Run("any address is a page of the console, with a policy that forbids foreign scripts", func(t *testing.T) {
		for _, path := range []string{"/", "/calls", "/calls/call_1?show=request", "/index.html", "/../../etc/passwd"} {
			w := get(path)
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "<title>Steward</title>") {
				t.Errorf("GET %s = %d, not the page", path, w.Code)
			}
			if csp := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'self';") || strings.Contains(csp, "script-src") {
				t.Errorf("GET %s has the policy %q", path, csp)
			}
			if got := w.Header().Get("Cache-Control"); got != "no-cache" {
				t.Errorf("GET %s is cached: %q", path, got)
			}
		}
	})
	t.Run("a built file comes compressed to whom it suits, and is the same", func(t *testing.T) {
		names, err := fs.Glob(os.DirFS("dist"), "assets/*.js.gz")
		if err != nil || len(names) == 0 {
			t.Skip("the console is not built: make console")
		}
		for _, name := range names {
			path := "/" + strings.TrimSuffix(name, ".gz")
			plain, packed := get(path), get(path, "Accept-Encoding", "gzip")
			unpacked, err := gzip.NewReader(packed.Body)
			if err != nil {
				t.Fatalf("GET %s: %v", path, err)
			}
			if text, err := io.ReadAll(unpacked); err != nil || string(text) != plain.Body.String() {
				t.Errorf("GET %s differs when it is compressed (%v)", path, err)
			}
			if got := packed.Header().Get("Content-Type"); got != plain.Header().Get("Content-Type") {
				t.Errorf("GET %s is %q when it is compressed", path, got)
			}
		}
		path := "/" + strings.TrimSuffix(names[0], ".gz")
		for accept, want := range map[string]string{"gzip, br": "gzip", "br;q=1, gzip;q=0.5": "gzip", "gzip;q=0": "", "br": "", "": ""} {
			if got := get(path, "Accept-Encoding", accept).Header().Get("Content-Encoding"); got != want {
				t.Errorf("Accept-Encoding %q gets %q, want %q", accept, got, want)
			}
		}
		plain := get(path)
		if w := get(path, "Accept-Encoding", "gzip", "Range", "bytes=0-9"); w.Code != http.StatusPartialContent || w.Body.String() != plain.Body.String()[:10] {
			t.Errorf("a range is %d %q, want the file's own first bytes", w.Code, w.Body)
		}
	})
}
