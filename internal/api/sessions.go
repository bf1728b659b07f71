package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/observe/calls"
)

func (s *Server) sessions(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "list-sessions", Method: http.MethodGet, Path: "/api/sessions",
		Summary:     "List sessions, the one with the newest call first",
		Description: "Those in which a call is as the query says, at most limit; more says whether there are others. Without a time, the last 24 hours. A browser's own session is at /api/session.",
		Tags:        []string{"sessions"}, RejectUnknownQueryParameters: true}, s.listSessions)
	huma.Register(api, huma.Operation{OperationID: "read-session", Method: http.MethodGet, Path: "/api/sessions/{id}",
		Summary:     "Show one session: its traces in order",
		Description: "At most limit traces, the newest ones; more says whether there are others.",
		Tags:        []string{"sessions"}}, s.showSession)
}

func (s *Server) listSessions(ctx context.Context, in *sumInput) (*body[client.SessionList], error) {
	q, err := s.sumQuery(in)
	if err != nil {
		return nil, failed(err)
	}
	found, err := s.Calls.Sessions(ctx, q)
	if err != nil {
		return nil, failed(err)
	}
	out := client.SessionList{Sessions: []client.SessionSum{}, More: len(found) > in.Limit}
	for _, x := range found[:min(len(found), in.Limit)] {
		out.Sessions = append(out.Sessions, showSessionSum(&x))
	}
	return &body[client.SessionList]{out}, nil
}

func (s *Server) showSession(ctx context.Context, in *struct {
	ID    string `path:"id"`
	Limit int    `query:"limit" minimum:"1" maximum:"10000" default:"1000" doc:"Of traces"`
}) (*body[client.SessionDetail], error) {
	filter := is("session", in.ID)
	if filter == nil {
		return nil, failed(noSession(in.ID))
	}
	sums, err := s.Calls.Sessions(ctx, calls.Query{Filter: filter, Limit: 1})
	if err != nil {
		return nil, failed(err)
	}
	if len(sums) == 0 {
		return nil, failed(noSession(in.ID))
	}
	found, err := s.Calls.Traces(ctx, calls.Query{Filter: filter, Limit: in.Limit + 1})
	if err != nil {
		return nil, failed(err)
	}
	out := client.SessionDetail{SessionSum: showSessionSum(&sums[0]), List: []client.TraceSum{}, More: len(found) > in.Limit}
	for _, t := range slices.Backward(found[:min(len(found), in.Limit)]) {
		out.List = append(out.List, showTraceSum(&t))
	}
	return &body[client.SessionDetail]{out}, nil
}

func noSession(id string) error {
	return fault.New(fault.NotFound, "session_not_found", "there is no session %q", id).Hinted("list them with: steward session list")
}

func showSessionSum(x *calls.SessionSum) client.SessionSum {
	return client.SessionSum{Session: x.Session, Subject: x.Subject, First: micros(x.First), Last: micros(x.Last), Traces: x.Traces,
		Calls: x.Calls, Errors: x.Errors, Unpriced: x.Unpriced, CostNano: x.Cost, Tokens: x.Tokens}
}
