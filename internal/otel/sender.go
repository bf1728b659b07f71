package otel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"google.golang.org/protobuf/proto"

	"github.com/steward-llmops/steward/internal/fault"
)

// Target is where telemetry is sent: OTLP over HTTP, protobuf, gzip.
type Target struct {
	// Endpoint is the address below which /v1/traces and /v1/metrics lie.
	Endpoint string
	Headers  map[string]string // resolved; they may hold secrets, and are in no error
	Client   *http.Client      // nil: one of its own that follows no redirect
	Timeout  time.Duration     // of one request; zero means 30 s
}

// sender sends to a target.
type sender struct {
	target Target
	base   string
	client *http.Client
}

func newSender(t Target) (*sender, error) {
	u, err := url.Parse(t.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fault.New(fault.Invalid, "invalid_endpoint", "the OTLP endpoint is no address of the web").
			Hinted("write http://host:4318 or https://host/path")
	}
	setDefault(&t.Timeout, 30*time.Second)
	base := strings.TrimSuffix(t.Endpoint, "/")
	for _, signal := range signalNames { // some write down the whole address
		base = strings.TrimSuffix(base, "/v1/"+signal)
	}
	s := &sender{target: t, base: base, client: t.Client}
	if s.client == nil {
		s.client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return s, nil
}

// sendError says why something was not taken, and whether it is of use to send it
// again.
type sendError struct {
	status int           // 0: no answer
	again  bool          // it may be sent again, and should not be lost
	after  time.Duration // not before; zero: not said
	err    error
}

// Error implements error. What the other side wrote is not in it.
func (e *sendError) Error() string {
	if e.status == 0 {
		return "the OTLP endpoint cannot be reached: " + e.err.Error()
	}
	return fmt.Sprintf("the OTLP endpoint answers %d %s", e.status, http.StatusText(e.status))
}

// Unwrap returns the cause; nil where the endpoint answered.
func (e *sendError) Unwrap() error { return e.err }

// send sends a message and reads the answer into out. Its errors are *sendError.
func (s *sender) send(ctx context.Context, sig signal, m, out proto.Message) error {
	plain, err := proto.Marshal(m)
	if err != nil {
		return &sendError{err: err}
	}
	var body bytes.Buffer
	z := gzip.NewWriter(&body)
	_, _ = z.Write(plain) // into memory
	_ = z.Close()
	ctx, cancel := context.WithTimeout(ctx, s.target.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+"/v1/"+sig.String(), &body)
	if err != nil {
		return &sendError{err: errors.New("its address cannot be used")}
	}
	for name, value := range s.target.Headers {
		req.Header.Set(name, value)
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Content-Encoding", "gzip")
	req.Header.Set("User-Agent", "steward-otlp")
	resp, err := s.client.Do(req)
	if err != nil {
		var inner *url.Error
		if errors.As(err, &inner) {
			err = inner.Err
		}
		return &sendError{again: true, err: err}
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if resp.StatusCode != http.StatusOK {
		return &sendError{status: resp.StatusCode, again: sendAgain(resp.StatusCode), after: retryAfter(resp.Header.Get("Retry-After"))}
	}
	if err != nil {
		return &sendError{again: true, err: err}
	}
	_ = proto.Unmarshal(answer, out) // it was taken, however it is said
	return nil
}

// sendAgain reports whether what got a status may be sent again. A body that the other
// side does not like will not be liked later; anything else is mended some day: a key,
// a path, an overload.
func sendAgain(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return false
	}
	return true
}

// maxPatience bounds how long another side's Retry-After is honoured.
const maxPatience = 5 * time.Minute

// retryAfter reads seconds; dates, which hardly anybody sends, mean not said.
func retryAfter(s string) time.Duration {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil || n <= 0 {
		return 0
	}
	return min(time.Duration(min(n, 1<<30))*time.Second, maxPatience)
}
