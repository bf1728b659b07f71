// Package wire is what a wire format's codec offers to the gateway. Each folder
// below holds one format: pure functions between bytes and llm, no network.
package wire

import (
	"io"
	"net/http"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
)

// Chat is the codec of a chat format, both directions: as the caller's format
// (DecodeRequest, EncodeResponse, NewEncoder, EncodeError) and as the provider's
// (EncodeRequest, DecodeResponse, DecodeStream, DecodeError); and the readers
// that meter same-format traffic as it passes (Measure, Observe).
//
// All functions are safe for concurrent use and keep nothing of their arguments.
type Chat struct {
	Format llm.Format

	// DecodeRequest reads a caller's request. Model and Stream may be overridden
	// by the surface afterwards, where the URL carries them (Gemini, Bedrock).
	// An error is a *fault.Error of kind Invalid, with Param set where it can be.
	DecodeRequest func(body []byte) (*llm.Request, error)
	// EncodeRequest writes a request for the provider, and what it could not carry.
	EncodeRequest func(r *llm.Request) ([]byte, llm.Lost, error)

	// DecodeResponse reads a provider's whole answer (status 200).
	DecodeResponse func(body []byte) (*llm.Response, error)
	// EncodeResponse writes an answer to req for the caller.
	EncodeResponse func(resp *llm.Response, req *llm.Request) ([]byte, llm.Lost, error)

	// DecodeStream reads a provider's stream. It never panics on malformed input,
	// loses no text, gives the same events for any chunking, and yields an error
	// (fault.Upstream, code "stream_truncated") where the stream ends before its
	// finish reason. An error event of the provider becomes its fault.
	DecodeStream func(r io.Reader) llm.Stream
	// NewEncoder writes a stream for the caller. req is the caller's request.
	NewEncoder func(req *llm.Request) Encoder

	// EncodeError writes the body that answers a failed request, in the caller's
	// format. The status is f.HTTPStatus() unless the format has its own custom,
	// which Status then gives.
	EncodeError func(f *fault.Error, callID string) (status int, body []byte)
	// DecodeError turns a provider's error answer (status >= 400) into a fault:
	// kind Refused (Status set) for what the caller can mend, Exhausted for 429
	// (RetryAfter from the headers), Upstream for 5xx and for our own credentials
	// (401, code "provider_auth").
	DecodeError func(status int, h http.Header, body []byte) *fault.Error

	// Measure reads a provider's whole answer (status 200) for the record, cheaply.
	Measure func(body []byte) Reading
	// Observe folds one event of a provider's stream into r, cheaply: name is the
	// event's name (SSE "event:", Bedrock ":event-type"; may be empty), data its
	// payload. It is called on every event in order and must cope with anything.
	Observe func(name string, data []byte, r *Reading)
	// NewSplitter returns the reader that cuts the format's stream into events.
	NewSplitter func() Splitter

	// StreamType is the Content-Type of the format's stream.
	StreamType string
}

// Encoder writes a stream in one format. It is for one goroutine.
type Encoder interface {
	// Append appends what the caller shall read for e to dst, which may be nothing.
	Append(dst []byte, e llm.Event) []byte
	// End appends what ends a stream that is complete ("data: [DONE]").
	End(dst []byte) []byte
	// Fail appends the format's own error frame, after which the stream is over. It
	// never looks like a complete answer.
	Fail(dst []byte, f *fault.Error) []byte
	// Lost is what could not be carried so far.
	Lost() llm.Lost
}

// Splitter cuts the bytes of a stream into events, whatever their chunking.
type Splitter interface {
	// Feed takes the next bytes and calls emit for each event that they complete.
	// name and data are valid only during the call. end is the offset in p, after
	// which the event's bytes end (its terminating blank line included), so that
	// the gateway can hold back the bytes of the last event.
	Feed(p []byte, emit func(name string, data []byte, end int))
	// Flush emits what is left at the end of the stream without a terminator.
	Flush(emit func(name string, data []byte, end int))
}

// Reading is what the record needs to know of an answer. Observe fills it step
// by step; the zero Reading is the start.
type Reading struct {
	ID     string // the provider's id of the answer
	Model  string // the model that the provider says answered
	Usage  llm.Usage
	Finish llm.Finish
	// FirstToken is set by the first event that brings output: text, thought or a
	// tool call, not a preamble.
	FirstToken bool
	// Done is set by the event after which the answer is complete: the terminator
	// ([DONE], message_stop, response.completed, Bedrock's metadata), or, in a
	// format without one, the event with the finish reason.
	Done bool
	// Complete is set once the answer is whole though the terminator may be missing:
	// a finish reason was seen.
	Complete bool
	// UsageOnly is set by Observe for an event that brings usage and nothing else
	// (OpenAI's last chunk with empty choices), and cleared for every other event:
	// the gateway strips it where the caller did not ask for usage.
	UsageOnly bool
	// Err is the fault that the stream itself reported.
	Err *fault.Error
	// OutputBytes counts bytes of output text, thought and arguments so far, from
	// which output tokens are estimated where the provider's count is missing.
	OutputBytes int64
	// State is for the codec's own use between events.
	State any
}

// Embed is the codec of an embeddings format, both directions.
type Embed struct {
	Format         llm.Format
	DecodeRequest  func(body []byte) (*llm.EmbedRequest, error)
	EncodeRequest  func(r *llm.EmbedRequest) ([]byte, llm.Lost, error)
	DecodeResponse func(body []byte) (*llm.EmbedResponse, error)
	EncodeResponse func(resp *llm.EmbedResponse, req *llm.EmbedRequest) ([]byte, llm.Lost, error)
	EncodeError    func(f *fault.Error, callID string) (status int, body []byte)
	DecodeError    func(status int, h http.Header, body []byte) *fault.Error
	Measure        func(body []byte) Reading
}
