// Package console is the web console: its built files are embedded where they are
// there, and a page that says how to build them serves where they are not, so that
// `go build` works without Node.
package console

import (
	"bytes"
	"embed"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

//go:embed all:dist
var dist embed.FS

const unbuilt = `<!doctype html><meta charset="utf-8"><title>Steward</title>
<body style="font:16px system-ui;max-width:40rem;margin:4rem auto;padding:0 1rem">
<h1>Steward is running</h1><p>This binary was built without its console. Build both with <code>make build</code>.</p>
<p>The gateway, the admin API (<a href="/api/openapi.json">OpenAPI</a>) and the command line work all the same.</p>`

// Handler serves the console. Paths that are no file are pages of the one-page
// application, which reads them itself.
func Handler() http.Handler {
	files, err := fs.Sub(dist, "dist")
	index, ierr := fs.ReadFile(files, "index.html")
	if err != nil || ierr != nil {
		index = []byte(unbuilt)
	}
	static := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Content-Security-Policy", "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'")
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		if name != "" && name != "index.html" {
			if info, err := fs.Stat(files, name); err == nil && !info.IsDir() {
				if strings.HasPrefix(name, "assets/") { // their names hold a hash of their content
					h.Set("Cache-Control", "public, max-age=31536000, immutable")
				}
				if twin, err := fs.ReadFile(files, name+".gz"); err == nil {
					h.Set("Vary", "Accept-Encoding")
					if takesGzip(r) {
						h.Set("Content-Encoding", "gzip")
						h.Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
						http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(twin))
						return
					}
				}
				static.ServeHTTP(w, r)
				return
			}
		}
		h.Set("Cache-Control", "no-cache")
		h.Set("Content-Type", "text/html; charset=utf-8")
		http.ServeContent(w, r, "index.html", time.Time{}, bytes.NewReader(index))
	})
}

// takesGzip reports whether a browser takes the compressed twin of a file. A range is
// one of the file itself, so that who asks for one gets it plain.
func takesGzip(r *http.Request) bool {
	if r.Header.Get("Range") != "" {
		return false
	}
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			q, err := strconv.ParseFloat(strings.TrimPrefix(strings.ReplaceAll(weight, " ", ""), "q="), 64)
			return err != nil || q > 0
		}
	}
	return false
}
