package normal

import (
	"encoding/base64"
	"encoding/hex"
	"regexp"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/steward-llmops/steward/internal/fault"

	collogspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
)

// nesting is how deep messages may lie in one another; a level of an attribute's value
// takes up to four.
const nesting = 200

// TracesJSON reads an OTLP/JSON request for traces. Ids may be hex, as OTLP says, or
// base64, as protobuf's own JSON does. Fields that are not known are passed over.
// What is no such request is a fault.Invalid.
func TracesJSON(data []byte) (*coltracepb.ExportTraceServiceRequest, error) {
	req := &coltracepb.ExportTraceServiceRequest{}
	return req, ParseJSON(data, req)
}

// LogsJSON reads an OTLP/JSON request for logs, as TracesJSON does for traces.
func LogsJSON(data []byte) (*collogspb.ExportLogsServiceRequest, error) {
	req := &collogspb.ExportLogsServiceRequest{}
	return req, ParseJSON(data, req)
}

// MetricsJSON reads an OTLP/JSON request for metrics, as TracesJSON does for traces.
func MetricsJSON(data []byte) (*colmetricspb.ExportMetricsServiceRequest, error) {
	req := &colmetricspb.ExportMetricsServiceRequest{}
	return req, ParseJSON(data, req)
}

// ParseJSON reads an OTLP/JSON request into one of the three messages for traces, logs
// and metrics, as TracesJSON says.
func ParseJSON(data []byte, into proto.Message) error {
	if err := decode(data, into); err != nil {
		return err
	}
	switch m := into.(type) {
	case *coltracepb.ExportTraceServiceRequest:
		mendSpans(m)
	case *collogspb.ExportLogsServiceRequest:
		mendLogs(m)
	case *colmetricspb.ExportMetricsServiceRequest:
		mendExemplars(m)
	}
	return nil
}

func mendSpans(req *coltracepb.ExportTraceServiceRequest) {
	for _, rs := range req.GetResourceSpans() {
		for _, ss := range rs.GetScopeSpans() {
			for _, s := range ss.GetSpans() {
				if s == nil {
					continue
				}
				s.TraceId, s.SpanId, s.ParentSpanId = mend(s.TraceId), mend(s.SpanId), mend(s.ParentSpanId)
				for _, l := range s.GetLinks() {
					if l != nil {
						l.TraceId, l.SpanId = mend(l.TraceId), mend(l.SpanId)
					}
				}
			}
		}
	}
}

func mendLogs(req *collogspb.ExportLogsServiceRequest) {
	for _, rl := range req.GetResourceLogs() {
		for _, sl := range rl.GetScopeLogs() {
			for _, l := range sl.GetLogRecords() {
				if l != nil {
					l.TraceId, l.SpanId = mend(l.TraceId), mend(l.SpanId)
				}
			}
		}
	}
}

func mendExemplars(req *colmetricspb.ExportMetricsServiceRequest) {
	for _, rm := range req.GetResourceMetrics() {
		for _, sm := range rm.GetScopeMetrics() {
			for _, m := range sm.GetMetrics() {
				for _, x := range exemplars(m) {
					if x != nil {
						x.TraceId, x.SpanId = mend(x.TraceId), mend(x.SpanId)
					}
				}
			}
		}
	}
}

func exemplars(m *metricspb.Metric) []*metricspb.Exemplar {
	var list []*metricspb.Exemplar
	for _, x := range m.GetGauge().GetDataPoints() {
		list = append(list, x.GetExemplars()...)
	}
	for _, x := range m.GetSum().GetDataPoints() {
		list = append(list, x.GetExemplars()...)
	}
	for _, x := range m.GetHistogram().GetDataPoints() {
		list = append(list, x.GetExemplars()...)
	}
	for _, x := range m.GetExponentialHistogram().GetDataPoints() {
		list = append(list, x.GetExemplars()...)
	}
	return list
}

// place finds where a decoder stopped. Nothing else of its words is passed on: they
// may quote what was sent.
var place = regexp.MustCompile(`\(line \d+:\d+\)`)

func decode(data []byte, into proto.Message) error {
	err := protojson.UnmarshalOptions{DiscardUnknown: true, RecursionLimit: nesting}.Unmarshal(data, into)
	if err == nil {
		return nil
	}
	where := place.FindString(err.Error())
	if where != "" {
		where = " " + where
	}
	return fault.New(fault.Invalid, "invalid_otlp_json", "the body is not an OTLP/JSON request of this kind%s", where).
		Hinted("send what an OpenTelemetry SDK's OTLP exporter sends, as application/json or application/x-protobuf")
}

// mend returns the id that a hex text means which was read as base64. Such a text of 32
// or 16 digits comes out as 24 or 12 bytes, lengths that no id has, and writing those as
// base64 gives the text back.
func mend(id []byte) []byte {
	if len(id) != 24 && len(id) != 12 {
		return id
	}
	b, err := hex.DecodeString(base64.StdEncoding.EncodeToString(id))
	if err != nil {
		return id
	}
	return b
}
