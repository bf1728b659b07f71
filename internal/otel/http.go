package otel

import (
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/steward-llmops/steward/internal/fault"

	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
)

// paths are where SDKs send to. Those below /api/public/otel are what Langfuse's SDKs
// add to a host.
var paths = map[string]signal{
	"/v1/traces": traces, "/v1/logs": logs, "/v1/metrics": metrics,
	"/otlp/v1/traces": traces, "/otlp/v1/logs": logs, "/otlp/v1/metrics": metrics,
	"/api/public/otel/v1/traces": traces, "/api/public/otel/v1/logs": logs, "/api/public/otel/v1/metrics": metrics,
}

// Serves reports whether a path is one that a Receiver's Handler answers.
func Serves(path string) bool {
	_, ok := paths[path]
	return ok
}

// Handler returns the handler of OTLP over HTTP, for the paths that Serves names.
func (r *Receiver) Handler() http.Handler { return http.HandlerFunc(r.serveHTTP) }

func (r *Receiver) serveHTTP(w http.ResponseWriter, req *http.Request) {
	s, ok := paths[req.URL.Path]
	if !ok {
		http.NotFound(w, req)
		return
	}
	if req.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "OTLP is sent by POST", http.StatusMethodNotAllowed)
		return
	}
	enc, known := encodingOf(req.Header.Get("Content-Type"))
	if !known {
		r.refuseHTTP(w, s, enc, unsupported("the content type is not one of OTLP's", "send application/x-protobuf or application/json"))
		return
	}
	who, err := r.authenticate(secretOf(req.Header.Get, header))
	if err != nil {
		r.refuseHTTP(w, s, enc, err)
		return
	}
	p := &pass{gate: r.gate}
	defer p.end()
	body, err := r.read(w, req, p)
	if err != nil {
		r.refuseHTTP(w, s, enc, err)
		return
	}
	out, err := r.take(req.Context(), s, who, enc, body)
	if err != nil {
		r.refuseHTTP(w, s, enc, err)
		return
	}
	r.answered(s, answerOf(out))
	writeHTTP(w, enc, http.StatusOK, out)
}

// encodingOf returns the encoding that a content type means. Of one that is not known
// the answer is in JSON, which people can read.
func encodingOf(contentType string) (encoding, bool) {
	kind, _, err := mime.ParseMediaType(contentType)
	switch {
	case err != nil:
		return inJSON, false
	case kind == "application/x-protobuf" || kind == "application/protobuf":
		return protobuf, true
	}
	return inJSON, kind == "application/json"
}

// header is what stands where HTTP headers are looked up by their canonical names.
var header = [...]string{"X-Steward-Key", "Authorization", "X-Api-Key", "Api-Key"}

// secretOf returns the key that a request carries: Steward's own header, a bearer
// token, the password of basic authentication (Langfuse's SDKs), or the headers that
// vendors' SDKs use; empty where there is none. What names is looked up by get.
func secretOf(get func(string) string, names [4]string) string {
	for _, name := range names {
		v := strings.TrimSpace(get(name))
		if v == "" {
			continue
		}
		if !strings.EqualFold(name, "Authorization") {
			return v
		}
		scheme, rest, found := strings.Cut(v, " ")
		rest = strings.TrimSpace(rest)
		switch {
		case !found:
			return v
		case strings.EqualFold(scheme, "Bearer"):
			return rest
		case strings.EqualFold(scheme, "Basic"):
			if plain, err := base64.StdEncoding.DecodeString(rest); err == nil {
				_, password, _ := strings.Cut(string(plain), ":")
				return password
			}
		}
	}
	return ""
}

const chunk = 64 << 10

// read returns the body, decompressed. What it holds is in p.
func (r *Receiver) read(w http.ResponseWriter, req *http.Request, p *pass) ([]byte, error) {
	if req.ContentLength > r.opts.Body {
		return nil, tooLarge(r.opts.Body, "as it comes")
	}
	if n := req.ContentLength; n > 0 && r.gate.held.Load()+n > r.gate.room {
		return nil, busy() // before reading it for nothing
	}
	// A sender that stalls must not hold its place. Not every ResponseWriter can.
	control := http.NewResponseController(w)
	if control.SetReadDeadline(time.Now().Add(r.opts.ReadTimeout)) == nil {
		defer func() { _ = control.SetReadDeadline(time.Time{}) }()
	}
	var from io.Reader = http.MaxBytesReader(w, req.Body, r.opts.Body)
	most := r.opts.Body
	switch strings.ToLower(strings.TrimSpace(req.Header.Get("Content-Encoding"))) {
	case "", "identity":
	case "gzip":
		z, err := gzip.NewReader(from)
		if err != nil {
			return nil, r.unreadable(err)
		}
		defer z.Close()
		from, most = z, r.opts.Plain
	default:
		return nil, unsupported("the content encoding is not supported", "send gzip, or no encoding")
	}
	hint := int64(0)
	if most == r.opts.Body {
		hint = min(max(req.ContentLength, 0), most)
	}
	body, err := readAll(from, p, most, hint)
	if err != nil {
		return nil, r.unreadable(err)
	}
	return body, nil
}

var errLonger = errors.New("longer than allowed")

// readAll reads up to most bytes and takes room for them as they come; hint is how
// many are expected.
func readAll(from io.Reader, p *pass, most, hint int64) ([]byte, error) {
	if hint == 0 {
		hint = min(chunk, most)
	}
	if err := p.grow(hint); err != nil {
		return nil, err
	}
	body := make([]byte, 0, hint)
	for {
		into := body[len(body):cap(body)]
		if len(into) == 0 { // there may be no more: look, before room is taken for it
			into = make([]byte, 1)
		}
		n, err := from.Read(into)
		switch room := cap(body) - len(body); {
		case n == 0:
		case room > 0:
			body = body[:len(body)+n]
		default:
			more := min(max(int64(cap(body)), chunk), most-int64(len(body)))
			if more <= 0 {
				return nil, errLonger
			}
			if err := p.grow(more); err != nil {
				return nil, err
			}
			grown := make([]byte, len(body), int64(cap(body))+more)
			copy(grown, body)
			body = append(grown, into[0])
		}
		if err == io.EOF {
			return body, p.settle(int64(len(body)))
		}
		if err != nil {
			return nil, err
		}
	}
}

// unreadable says why a body could not be read.
func (r *Receiver) unreadable(err error) error {
	var f *fault.Error
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &big):
		return tooLarge(r.opts.Body, "as it comes")
	case errors.Is(err, errLonger):
		return tooLarge(r.opts.Plain, "decompressed")
	}
	return fault.New(fault.Invalid, "unreadable_body", "the body broke off, or is not what its content encoding says").
		Hinted("send it again; if this lasts, send it without compression")
}

func tooLarge(most int64, how string) error {
	return fault.New(fault.TooLarge, "telemetry_too_large", "the request is larger than %d bytes %s", most, how).
		Hinted("lower the exporter's batch size, or raise otlp.max_body")
}

// unsupported is an answer of 415.
func unsupported(message, hint string) error {
	f := fault.New(fault.Invalid, "unsupported_media", "%s", message).Hinted("%s", hint)
	f.Status = http.StatusUnsupportedMediaType
	return f
}

func (r *Receiver) refuseHTTP(w http.ResponseWriter, s signal, enc encoding, err error) {
	f := fault.As(err)
	refusal := refusalOf(f)
	r.answered(s, refusal.answer)
	status := f.HTTPStatus()
	switch {
	case f.Status == http.StatusUnsupportedMediaType:
		status = f.Status
	case refusal.answer == answeredUnavailable:
		status = http.StatusServiceUnavailable
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	if refusal.retry > 0 {
		seconds := (refusal.retry + time.Second - 1) / time.Second
		w.Header().Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
	}
	writeHTTP(w, enc, status, refusal.status(f))
}

func writeHTTP(w http.ResponseWriter, enc encoding, status int, m proto.Message) {
	var b []byte
	var err error
	if enc == protobuf {
		w.Header().Set("Content-Type", "application/x-protobuf")
		b, err = proto.Marshal(m)
	} else {
		w.Header().Set("Content-Type", "application/json")
		b, err = protojson.Marshal(m)
	}
	if err != nil { // a message of our own: cannot be
		status, b = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, _ = w.Write(b) // a sender that has gone sends it again, and it is a duplicate
}

// answerOf says whether something in a request was refused.
func answerOf(m proto.Message) answer {
	partial := false
	switch m := m.(type) {
	case *coltracepb.ExportTraceServiceResponse:
		partial = m.PartialSuccess != nil
	case *collogspb.ExportLogsServiceResponse:
		partial = m.PartialSuccess != nil
	case *colmetricspb.ExportMetricsServiceResponse:
		partial = m.PartialSuccess != nil
	}
	if partial {
		return answeredPartial
	}
	return answeredOK
}
