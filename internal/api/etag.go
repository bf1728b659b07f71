package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"strings"

	"github.com/steward-llmops/steward/internal/fault"
)

// maxTagged is the most bytes of an answer that is held to compute its ETag; a longer
// one goes out without.
const maxTagged = 16 << 20

// matched gives the answers of resources a strong ETag, the hash of their bytes, and
// holds requests to If-None-Match and If-Match.
func (s *Server) matched(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodGet || r.Method == http.MethodHead:
			if tagged(r.URL.Path) {
				answerTagged(next, w, r)
				return
			}
		case resourceOf(r.URL.Path) != "":
			s.change(next, w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// tagged reports whether the answer to GET is a resource that carries an ETag.
func tagged(path string) bool {
	head, tail, _ := strings.Cut(strings.TrimPrefix(path, "/api/"), "/")
	switch head {
	case "openapi.json", "keys", "providers", "models", "prices":
		return true
	case "calls":
		switch tail {
		case "", "query", "facets", "tail", "parse":
			return false
		}
		return true
	}
	return false
}

// resourceOf returns the path of the resource that a change of path changes, "" where
// it has no ETag.
func resourceOf(path string) string {
	head, tail, _ := strings.Cut(strings.TrimPrefix(path, "/api/"), "/")
	switch head {
	case "keys":
		id, _, _ := strings.Cut(tail, "/")
		return strings.TrimSuffix("/api/keys/"+id, "/")
	case "prices":
		return "/api/prices"
	}
	return ""
}

// etag returns the strong validator of a body.
func etag(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
}

// answerTagged answers with an ETag, or 304 where the caller has the answer already.
func answerTagged(next http.Handler, w http.ResponseWriter, r *http.Request) {
	held := &held{ResponseWriter: w, status: http.StatusOK, most: maxTagged}
	next.ServeHTTP(held, r)
	if held.through {
		return
	}
	if held.status == http.StatusOK {
		tag := etag(held.body.Bytes())
		w.Header().Set("ETag", tag)
		if list := r.Header.Values("If-None-Match"); len(list) > 0 && listed(list, tag, true) {
			w.Header().Del("Content-Type")
			w.Header().Del("Content-Length")
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	held.flush()
}

// change makes one change at a time, if what it changes still is as If-Match says.
func (s *Server) change(next http.Handler, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body) // before the lock: a slow sender holds up nobody
	if err != nil {
		writeFault(w, unreadable(err))
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.changes.Lock()
	defer s.changes.Unlock()
	if list := r.Header.Values("If-Match"); len(list) > 0 {
		now := s.tagOf(next, r, resourceOf(r.URL.Path))
		if now != "" && !listed(list, now, false) {
			w.Header().Set("ETag", now)
			writeFault(w, fault.New(fault.Conflict, "precondition_failed", "what should be changed is not any more as If-Match says").
				Hinted("read it again, decide again, and send its new ETag"))
			return
		}
	}
	next.ServeHTTP(w, r)
}

// tagOf returns the ETag of the resource as it is now; "" where it cannot be read, and
// then the change itself says why.
func (s *Server) tagOf(next http.Handler, r *http.Request, path string) string {
	get := r.Clone(r.Context())
	get.Method, get.Body, get.ContentLength = http.MethodGet, http.NoBody, 0
	get.URL.Path, get.URL.RawPath, get.URL.RawQuery = path, "", ""
	held := &held{ResponseWriter: &discard{header: http.Header{}}, status: http.StatusOK, most: maxTagged}
	next.ServeHTTP(held, get)
	if held.through || held.status != http.StatusOK {
		return ""
	}
	return etag(held.body.Bytes())
}

// listed reports whether a tag is among those of If-Match or If-None-Match. Only a
// weak comparison takes weak ones.
func listed(lists []string, tag string, weak bool) bool {
	for _, list := range lists {
		for one := range strings.SplitSeq(list, ",") {
			one = strings.TrimSpace(one)
			if weak {
				one = strings.TrimPrefix(one, "W/")
			}
			if one == tag || one == "*" {
				return true
			}
		}
	}
	return false
}

// held is an answer that is kept back until it is whole, or over the most bytes that
// may be kept; then it goes through.
type held struct {
	http.ResponseWriter
	status  int
	most    int
	body    bytes.Buffer
	through bool
}

func (h *held) WriteHeader(status int) { h.status = status }

func (h *held) Write(p []byte) (int, error) {
	if !h.through && h.body.Len()+len(p) > h.most {
		h.flush()
	}
	if h.through {
		return h.ResponseWriter.Write(p)
	}
	return h.body.Write(p)
}

// flush sends what is kept; from then on everything goes through.
func (h *held) flush() {
	if h.through {
		return
	}
	h.through = true
	h.ResponseWriter.WriteHeader(h.status)
	_, _ = h.ResponseWriter.Write(h.body.Bytes()) // a reader who has left is no fault
	h.body.Reset()
}

// discard is an answer that nobody reads.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}
