package normal

import (
	"google.golang.org/protobuf/proto"

	"github.com/steward-llmops/steward/internal/record"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// content returns what was said in the span, and the span as it came.
func (n *reader) content() *record.Content {
	n.call.RequestBytes, n.call.ResponseBytes = int64(len(n.request.body)), int64(len(n.response.body))
	c := contentOf(n.request, n.response)
	c.Raw = n.raw(func() proto.Message {
		return &tracepb.ResourceSpans{Resource: n.res, ScopeSpans: []*tracepb.ScopeSpans{{
			Scope: n.scope, Spans: []*tracepb.Span{n.span}}}}
	}, func() {
		n.span = proto.CloneOf(n.span)
		n.span.Events, n.span.Links, n.span.Attributes = nil, nil, nil
		n.res, n.scope = nil, nil
	})
	return c
}

func contentOf(request, response document) *record.Content {
	return &record.Content{
		Request: request.body, RequestType: request.mime(), RequestCut: request.cut,
		Response: response.body, ResponseType: response.mime(), ResponseCut: response.cut,
	}
}

// raw writes the message. While it is too long, its values are cut shorter; if that
// is not enough, strip takes all attributes away.
func (n *reader) raw(message func() proto.Message, strip func()) []byte {
	for limit := n.limits.Value; ; limit /= 8 {
		m := message()
		if proto.Size(m) <= n.limits.Raw {
			break
		}
		n.cut.Raw = 1
		if limit < 64 {
			strip()
			break
		}
		n.shorten(limit / 8)
	}
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(message())
	if err != nil { // a text that is not UTF-8 was mended, and nothing else can fail
		n.cut.Raw = 1
		return nil
	}
	return b
}

// shorten cuts all values of what is kept to limit bytes.
func (n *reader) shorten(limit int) {
	s := &reader{limits: n.limits}
	s.limits.Value = limit
	n.res, n.scope = s.boundResource(n.res), s.boundScope(n.scope)
	if n.span != nil {
		n.span = s.boundSpan(n.span)
	}
	if n.log != nil {
		n.log = s.boundLog(n.log)
	}
}
