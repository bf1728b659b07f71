package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/steward-llmops/steward/client"
)

func (s *Server) otlp(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "show-otlp", Method: http.MethodGet, Path: "/api/otlp",
		Summary: "Show how the OpenTelemetry receiver does", Tags: []string{"status"}},
		func(ctx context.Context, _ *struct{}) (*body[client.OTLPStatus], error) {
			st, err := s.otlpStatus(ctx)
			if err != nil {
				return nil, failed(err)
			}
			return &body[client.OTLPStatus]{st}, nil
		})
}

// otlpStatus returns how the receiver does; that there is none, too.
func (s *Server) otlpStatus(ctx context.Context) (client.OTLPStatus, error) {
	var st client.OTLPStatus
	if s.OTLP != nil {
		var err error
		if st, err = s.OTLP.OTLPStatus(ctx); err != nil {
			return st, err
		}
	}
	st.Signals = filled(st.Signals)
	if st.Cuts == nil {
		st.Cuts = map[string]int64{}
	}
	return st, nil
}
