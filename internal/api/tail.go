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
		Description: "Server-sent events: each event is named call and holds one call as JSON. A reader that is too slow misses some.",
		Tags:        []string{"calls"},
		Responses: map[string]*huma.Response{"200": {Description: "A stream of calls",
			Content: map[string]*huma.MediaType{"text/event-stream": {Schema: view}}}}},
		func(_ context.Context, in *Asked) (*huma.StreamResponse, error) {
			e, err := in.expr(s.Now())
			if err != nil {
				return nil, failed(err)
			}
			q := &calls.Query{Filter: e, Spans: in.Spans}
			return &huma.StreamResponse{Body: func(hc huma.Context) { s.follow(hc, q) }}, nil
		})
}

// selects reports whether the query takes a row. Content is read only where the rest
// of the filter leaves it to decide; what is not kept was not said.
func (s *Server) selects(ctx context.Context, q *calls.Query, r *calls.Row) bool {
	if !r.Counted && !q.WithSpans() {
		return false
	}
	return calls.Match(calls.Prefilter(q.Filter), r, nil) && calls.Match(q.Filter, r, func() calls.Texts {
		if r.Content == (record.ContentRef{}) {
			return calls.Texts{}
		}
		c, err := s.Contents.Content(ctx, &r.Call)
		if err != nil {
			return calls.Texts{}
		}
		return calls.Searchable(&c)
	})
}

// follow writes the calls that q takes until the reader leaves.
func (s *Server) follow(hc huma.Context, q *calls.Query) {
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
	found, done := make(chan calls.Row), make(chan struct{})
	defer func() { cancel(); <-done }()
	go func() {
		defer close(done)
		defer close(found)
		for c := range s.Tail.Tail(ctx) {
			if !s.selects(ctx, q, &c) {
				continue
			}
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
func event(c *calls.Row) []byte {
	v := calls.NewView(c)
	data, err := json.Marshal(v)
	if err != nil {
		return []byte(": a call that cannot be shown\n\n")
	}
	return append(append([]byte("id: "+v.ID+"\nevent: call\ndata: "), data...), "\n\n"...)
}
