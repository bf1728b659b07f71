package otel

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/record"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// attributes gathers what a span or a data point says.
type attributes []*commonpb.KeyValue

func (a *attributes) add(name string, v *commonpb.AnyValue) {
	*a = append(*a, &commonpb.KeyValue{Key: clean(name), Value: v})
}

// text adds a text that is not empty.
func (a *attributes) text(name, s string) {
	if s != "" {
		a.add(name, textValue(s))
	}
}

func (a *attributes) whole(name string, n int64) {
	a.add(name, &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: n}})
}

func (a *attributes) float(name string, f float64) {
	a.add(name, &commonpb.AnyValue{Value: &commonpb.AnyValue_DoubleValue{DoubleValue: f}})
}

func (a *attributes) truth(name string, b bool) {
	a.add(name, &commonpb.AnyValue{Value: &commonpb.AnyValue_BoolValue{BoolValue: b}})
}

// clean returns s with what is not UTF-8 replaced: protobuf takes no other text, and
// callers name models and tags as they like.
func clean(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func textValue(s string) *commonpb.AnyValue {
	return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: clean(s)}}
}

// spansOf returns the spans of a call: its own, and below it one for each attempt
// where there was more than one. What was used stands on the call's span alone, and so
// does the operation, so that nobody who adds up spans counts it twice.
func (e *Exporter) spansOf(c *record.Call) []*tracepb.Span {
	trace, own, parent := idsOf(c)
	start := c.Time * 1000
	s := &tracepb.Span{
		TraceId: trace, SpanId: own, ParentSpanId: parent, Kind: tracepb.Span_SPAN_KIND_CLIENT,
		Name:              spanName(operationOf(c.Operation), modelOf(c)),
		StartTimeUnixNano: nanos(start), EndTimeUnixNano: nanos(start + max(0, c.TotalMicros)*1000),
		Attributes: e.callAttributes(c), Status: statusOf(errorOf(c)),
	}
	spans := []*tracepb.Span{s}
	if len(c.Attempts) < 2 {
		return spans
	}
	for i := range c.Attempts {
		spans = append(spans, e.attemptSpan(c, i, trace, own))
	}
	return spans
}

func spanName(operation, model string) string {
	if model == "" {
		return clean(operation)
	}
	return clean(operation + " " + model)
}

// modelOf returns the model that was sent, else the one that was asked for.
func modelOf(c *record.Call) string {
	if c.Model != "" {
		return c.Model
	}
	return c.Asked
}

func nanos(n int64) uint64 { return uint64(max(0, n)) }

func statusOf(failure string) *tracepb.Status {
	if failure == "" {
		return &tracepb.Status{}
	}
	return &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: clean(failure)}
}

// idsOf returns the ids of the call's trace, span and parent. A call that a crash cut
// off has none: then they are made of its id, so that they are always the same.
func idsOf(c *record.Call) (trace, span, parent []byte) {
	trace, span, parent = unhex(c.TraceID, 16), unhex(c.SpanID, 8), unhex(c.ParentSpanID, 8)
	if trace == nil {
		trace, parent = c.ID[:], nil
	}
	if span == nil {
		span = derive(c, "call")
	}
	return trace, span, parent
}

// derive returns a span id that is the same whenever the call is exported.
func derive(c *record.Call, what string) []byte {
	sum := sha256.Sum256(append(c.ID[:], what...))
	sum[0] |= 1 // never all zero
	return sum[:8]
}

// unhex returns the bytes of an id of the length; nil of anything else.
func unhex(s string, length int) []byte {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != length {
		return nil
	}
	for _, x := range b {
		if x != 0 {
			return b
		}
	}
	return nil
}

func (e *Exporter) callAttributes(c *record.Call) attributes {
	var a attributes
	a.text(keyOperation, operationOf(c.Operation))
	a.text(keyProvider, providerOf(e.opts.Naming, c.Provider))
	a.text(keyRequestModel, modelOf(c))
	a.text(keyResponseModel, c.Reported)
	a.text(keyResponseID, c.UpstreamID)
	if c.Stream {
		a.truth(keyRequestStream, true)
		if c.FirstTokenMicros >= 0 {
			a.float(keyFirstChunk, seconds(c.FirstTokenMicros))
		}
	}
	if c.Finish != llm.FinishNone {
		a.add(keyFinishReasons, &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{
			ArrayValue: &commonpb.ArrayValue{Values: []*commonpb.AnyValue{textValue(string(c.Finish))}}}})
	}
	if u := &c.Usage; u.Reported || u.Estimated {
		a.whole(keyInputTokens, u.InputTokens())
		a.whole(keyOutputTokens, u.OutputTokens())
		for _, part := range []struct {
			name string
			n    int64
		}{{keyCacheRead, u.CachedTokens()}, {keyCacheCreation, u.CacheWriteTokens()}, {keyReasoning, u.N[llm.OutputReasoning]}} {
			if part.n > 0 {
				a.whole(part.name, part.n)
			}
		}
	}
	a.text(keyConversation, c.Session)
	a.text(keyErrorType, errorOf(c))
	e.server(&a, c.Provider)
	if e.opts.Subjects {
		a.text(keyUser, c.Subject)
	}
	a.text(keyCall, c.ID.Text("call"))
	if c.Pricing != record.Unpriced {
		a.whole(keyCost, int64(c.Cost))
	}
	a.text(keyPricing, string(c.Pricing))
	a.text(keyOrg, c.Org)
	a.text(keyTeam, c.Team)
	a.text(keyProject, c.Project)
	a.text(keyKeyName, c.KeyName)
	a.text(keyAsked, c.Asked)
	a.text(keyServedBy, c.Provider)
	a.text(keyCache, c.Cache)
	a.whole(keyAttempts, int64(len(c.Attempts)))
	for _, t := range c.Tags {
		a.text(tagPrefix+t.Name, t.Value)
	}
	return a
}

func (e *Exporter) server(a *attributes, provider string) {
	if e.opts.Naming == nil || provider == "" {
		return
	}
	host, port := e.opts.Naming.Address(provider)
	a.text(keyServerAddress, host)
	if host != "" && port > 0 {
		a.whole(keyServerPort, int64(port))
	}
}

func (e *Exporter) attemptSpan(c *record.Call, i int, trace, parent []byte) *tracepb.Span {
	at := &c.Attempts[i]
	failure := at.ErrorCode
	if failure == "" {
		failure = at.ErrorKind
	}
	var a attributes
	a.text(keyProvider, providerOf(e.opts.Naming, at.Provider))
	a.text(keyRequestModel, at.Model)
	if at.Status > 0 {
		a.whole(keyStatusCode, int64(at.Status))
	}
	a.text(keyErrorType, failure)
	e.server(&a, at.Provider)
	a.text(keyServedBy, at.Provider)
	a.whole(keyAttempt, int64(i+1))
	a.text(keyRequestID, at.RequestID)
	start := (c.Time + at.StartMicros) * 1000
	return &tracepb.Span{
		TraceId: trace, SpanId: derive(c, "attempt "+strconv.Itoa(i)), ParentSpanId: parent, Kind: tracepb.Span_SPAN_KIND_CLIENT,
		Name: spanName("attempt", at.Model), StartTimeUnixNano: nanos(start), EndTimeUnixNano: nanos(start + max(0, at.DurationMicros)*1000),
		Attributes: a, Status: statusOf(failure),
	}
}

func seconds(micros int64) float64 { return float64(micros) / 1e6 }
