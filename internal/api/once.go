package api

import (
	"bytes"
	"container/list"
	"crypto/sha256"
	"errors"
	"io"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
)

// What is remembered of requests with an Idempotency-Key. Answers may hold secrets, so
// they stay in memory, and end with the process.
const (
	onceFor     = 24 * time.Hour
	onceMost    = 1000
	onceBytes   = 64 << 20 // of all answers together
	onceOne     = 8 << 20  // of one answer
	onceKeySize = 255
)

// onceKey says whose key it is.
type onceKey struct{ who, key string }

// onceEntry is a request that was made, or is being made, and its answer.
type onceEntry struct {
	key     onceKey
	request [sha256.Size]byte
	end     time.Time
	done    bool
	status  int
	header  http.Header
	body    []byte
	order   *list.Element
}

// onces is the memory of requests with an Idempotency-Key. The zero onces is empty. It
// is safe for concurrent use.
type onces struct {
	mu      sync.Mutex
	entries map[onceKey]*onceEntry
	oldest  list.List // of *onceEntry, in the order of their making
	bytes   int
}

// begin returns the entry of an earlier request, or a new one that the caller must end.
func (o *onces) begin(key onceKey, request [sha256.Size]byte, now time.Time) (e *onceEntry, fresh bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.forget(now)
	if e = o.entries[key]; e != nil {
		switch {
		case e.request != request:
			return nil, false, fault.New(fault.Invalid, "idempotency_key_reused", "this Idempotency-Key was sent with another request").
				Hinted("use a new key for each change").At("Idempotency-Key")
		case !e.done:
			f := fault.New(fault.Conflict, "idempotency_in_flight", "the request with this Idempotency-Key is still being made").
				Hinted("send it again in a moment").At("Idempotency-Key")
			f.RetryAfter = time.Second
			return nil, false, f
		}
		return e, false, nil
	}
	if len(o.entries) >= onceMost && !o.drop() {
		f := fault.New(fault.Unavailable, "too_many_requests", "too many requests with an Idempotency-Key are being made").
			Hinted("send it again in a moment")
		f.RetryAfter = time.Second
		return nil, false, f
	}
	e = &onceEntry{key: key, request: request, end: now.Add(onceFor)}
	e.order = o.oldest.PushBack(e)
	if o.entries == nil {
		o.entries = map[onceKey]*onceEntry{}
	}
	o.entries[key] = e
	return e, true, nil
}

// end keeps the answer of a new entry; nil header: there is none worth keeping, and the
// same request may be made again.
func (o *onces) end(e *onceEntry, status int, header http.Header, body []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if header == nil {
		o.remove(e)
		return
	}
	e.done, e.status, e.header, e.body = true, status, header, body
	o.bytes += len(body)
	for o.bytes > onceBytes && o.drop() {
	}
}

// forget drops what is too old.
func (o *onces) forget(now time.Time) {
	for x := o.oldest.Front(); x != nil; {
		e := x.Value.(*onceEntry)
		if now.Before(e.end) {
			return
		}
		x = x.Next()
		if e.done {
			o.remove(e)
		}
	}
}

// drop forgets the oldest answer; false where there is none.
func (o *onces) drop() bool {
	for x := o.oldest.Front(); x != nil; x = x.Next() {
		if e := x.Value.(*onceEntry); e.done {
			o.remove(e)
			return true
		}
	}
	return false
}

func (o *onces) remove(e *onceEntry) {
	o.oldest.Remove(e.order)
	delete(o.entries, e.key)
	o.bytes -= len(e.body)
}

// repeated answers a POST whose Idempotency-Key was there before as it was answered
// then. Answers that may be another the next time (429, and 500 and above) are not kept.
func (s *Server) repeated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.Header.Get("Idempotency-Key")
		if key == "" || r.Method != http.MethodPost || r.URL.Path == signInPath {
			next.ServeHTTP(w, r)
			return
		}
		if !isToken(key) {
			writeFault(w, fault.New(fault.Invalid, "invalid_idempotency_key", "the Idempotency-Key is not one to %d visible ASCII characters", onceKeySize).
				Hinted("send a random one, such as a UUID").At("Idempotency-Key"))
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			writeFault(w, unreadable(err))
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		e, fresh, err := s.once.begin(onceKey{principal(r), key}, fingerprint(r, body), s.Now())
		if err != nil {
			f := fault.As(err)
			writeFault(w, f)
			return
		}
		if !fresh {
			maps.Copy(w.Header(), e.header)
			w.Header().Set("Idempotent-Replayed", "true")
			w.WriteHeader(e.status)
			_, _ = w.Write(e.body) // a reader who has left is no fault
			return
		}
		s.makeOnce(next, w, r, e)
	})
}

// makeOnce makes a request and keeps its answer.
func (s *Server) makeOnce(next http.Handler, w http.ResponseWriter, r *http.Request, e *onceEntry) {
	held := &held{ResponseWriter: w, status: http.StatusOK, most: onceOne}
	kept := false
	defer func() {
		if !kept { // the handler did not come back, too
			s.once.end(e, 0, nil, nil)
		}
	}()
	next.ServeHTTP(held, r)
	if !held.through && held.status < 500 && held.status != http.StatusTooManyRequests {
		kept = true
		s.once.end(e, held.status, w.Header().Clone(), bytes.Clone(held.body.Bytes()))
	}
	held.flush()
}

// principal says who sends a request, as far as guard tells them apart: the admin, or
// one browser.
func principal(r *http.Request) string {
	if r.Header.Get("Authorization") != "" {
		return "admin"
	}
	if cookie, err := r.Cookie(cookieName); err == nil {
		sum := sha256.Sum256([]byte(cookie.Value))
		return "session " + string(sum[:])
	}
	return ""
}

// fingerprint tells one request from another.
func fingerprint(r *http.Request, body []byte) [sha256.Size]byte {
	h := sha256.New()
	_, _ = io.WriteString(h, r.Method+" "+r.URL.EscapedPath()+"?"+r.URL.RawQuery+"\n"+r.Header.Get("Content-Type")+"\n")
	_, _ = h.Write(body)
	return [sha256.Size]byte(h.Sum(nil))
}

func isToken(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return len(s) <= onceKeySize
}

// unreadable is the fault of a body that could not be read.
func unreadable(err error) *fault.Error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fault.New(fault.TooLarge, "too_large", "the request's body is over %d bytes", maxBody).Hinted("send less at once")
	}
	return fault.New(fault.Invalid, "unreadable_body", "the request's body did not come to its end").Hinted("send it again")
}
