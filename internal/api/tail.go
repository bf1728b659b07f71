package api

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/record"
)

func (s *Server) tail(api huma.API) {
	view := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[calls.View](), true, "Call")
	huma.Register(api, huma.Operation{OperationID: "tail-calls", Method: http.MethodGet, Path: "/api/calls/tail",
		Summary:     "Follow calls as they end",
		Description: "Server-sent events: each event is named call and holds one call as JSON.",
		Tags:        []string{"calls"},
		Responses: map[string]*huma.Response{"200": {Description: "A stream of calls",
			Content: map[string]*huma.MediaType{"text/event-stream": {Schema: view}}}}},
		func(context.Context, *struct{}) (*huma.StreamResponse, error) {
			return &huma.StreamResponse{Body: s.follow}, nil
		})
}

// follow writes calls until the reader leaves.
func (s *Server) follow(hc huma.Context) {
	r, w := humago.Unwrap(hc)
	ctx, cancel := context.WithCancel(r.Context())
	every := s.Every
	if every <= 0 {
		every = 15 * time.Second
	}
	stream := http.NewResponseController(w)
	_ = stream.SetWriteDeadline(time.Time{}) // a stream outlives the server's write timeout
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)

	stopping := s.stops(ctx)
	found, done := make(chan record.Call), make(chan struct{})
	defer func() { cancel(); <-done }()
	go func() {
		defer close(done)
		defer close(found)
		for c := range s.Tail.Tail(ctx) {
			select {
			case found <- c:
			case <-ctx.Done():
				return
			}
		}
	}()
	alive := time.NewTicker(every)
	defer alive.Stop()
	line := []byte(": connected\n\n")
	for {
		if _, err := w.Write(line); err != nil || stream.Flush() != nil {
			return
		}
		select {
		case c, ok := <-found:
			if !ok {
				return
			}
			line = event(&c)
		case <-alive.C:
			line = []byte(": alive\n\n")
		case <-stopping:
			return
		case <-ctx.Done():
			return
		}
	}
}

// stops returns what is closed when the request's server begins to shut down,
// which would otherwise wait for streams that end only when their reader leaves.
func (s *Server) stops(ctx context.Context) <-chan struct{} {
	srv, ok := ctx.Value(http.ServerContextKey).(*http.Server)
	if !ok {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c, known := s.stopping[srv]
	if !known {
		if s.stopping == nil {
			s.stopping = map[*http.Server]chan struct{}{}
		}
		c = make(chan struct{})
		s.stopping[srv] = c
		srv.RegisterOnShutdown(func() { close(c) })
	}
	return c
}

// event returns one call as a server-sent event.
func event(c *record.Call) []byte {
	v := calls.NewView(&calls.Row{Call: *c, Counted: calls.Uses(c)})
	data, err := json.Marshal(v)
	if err != nil {
		return []byte(": a call that cannot be shown\n\n")
	}
	return append(append([]byte("id: "+v.ID+"\nevent: call\ndata: "), data...), "\n\n"...)
}
