package otel

import (
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/steward-llmops/steward/internal/fault"
)

// refusal is an error in OTLP's words. An exporter sends again only what it may: over
// HTTP the status says so, over gRPC the code together with RetryInfo.
type refusal struct {
	code   codes.Code
	answer answer
	retry  time.Duration // zero: sending it again is of no use
}

func refusalOf(f *fault.Error) refusal {
	switch f.Kind {
	case fault.Invalid:
		return refusal{codes.InvalidArgument, answeredInvalid, 0}
	case fault.Unauthenticated:
		return refusal{codes.Unauthenticated, answeredUnauthenticated, 0}
	case fault.Denied:
		return refusal{codes.PermissionDenied, answeredUnauthenticated, 0}
	case fault.TooLarge:
		return refusal{codes.ResourceExhausted, answeredTooLarge, 0}
	case fault.Internal: // a bug: sending it again would only meet it again
		return refusal{codes.Internal, answeredFailed, 0}
	case fault.Exhausted:
		return refusal{codes.ResourceExhausted, answeredBusy, max(f.RetryAfter, busyPatience)}
	}
	return refusal{codes.Unavailable, answeredUnavailable, max(f.RetryAfter, brokenPatience)}
}

// status returns the error as the answer's body says it. Its cause stays here.
func (r refusal) status(f *fault.Error) *statuspb.Status {
	s := &statuspb.Status{Code: int32(r.code), Message: f.Public()}
	if r.retry > 0 {
		if info, err := anypb.New(&errdetails.RetryInfo{RetryDelay: durationpb.New(r.retry)}); err == nil {
			s.Details = append(s.Details, info)
		}
	}
	return s
}

// answered counts a request by how it is answered.
func (r *Receiver) answered(s signal, a answer) { r.counters.requests[s][a].Add(1) }
