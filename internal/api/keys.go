package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/security/access"
)

// body is an answer with a JSON body.
type body[T any] struct{ Body T }

func (s *Server) keys(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "list-keys", Method: http.MethodGet, Path: "/api/keys",
		Summary: "List keys, oldest first", Description: "All of them, without pages.", Tags: []string{"keys"}}, s.listKeys)
	huma.Register(api, huma.Operation{OperationID: "show-key", Method: http.MethodGet, Path: "/api/keys/{id}",
		Summary: "Show one key, without its secret", Tags: []string{"keys"}}, s.showKey)
	huma.Register(api, huma.Operation{OperationID: "create-key", Method: http.MethodPost, Path: "/api/keys",
		Summary: "Create a key", Description: "The secret is in the answer, this once.", Tags: []string{"keys"},
		DefaultStatus: http.StatusCreated}, s.createKey)
	huma.Register(api, huma.Operation{OperationID: "revoke-key", Method: http.MethodDelete, Path: "/api/keys/{id}",
		Summary: "Revoke a key", Description: "It stops working at once.", Tags: []string{"keys"}}, s.revokeKey)
	huma.Register(api, huma.Operation{OperationID: "rotate-key", Method: http.MethodPost, Path: "/api/keys/{id}/rotate",
		Summary: "Replace a key", Description: "The old key still works for the grace period.", Tags: []string{"keys"},
		DefaultStatus: http.StatusCreated}, s.rotateKey)
}

func (s *Server) listKeys(context.Context, *struct{}) (*body[client.KeyList], error) {
	list := client.KeyList{Keys: []client.Key{}}
	now := s.Now()
	for _, k := range s.Keys.List() {
		list.Keys = append(list.Keys, showKey(k, now))
	}
	return &body[client.KeyList]{list}, nil
}

func (s *Server) showKey(_ context.Context, in *struct {
	ID string `path:"id"`
}) (*body[client.Key], error) {
	for _, k := range s.Keys.List() {
		if k.ID == in.ID {
			return &body[client.Key]{showKey(k, s.Now())}, nil
		}
	}
	return nil, failed(fault.New(fault.NotFound, "key_not_found", "there is no key %q", in.ID).Hinted("list them with: steward key list"))
}

func (s *Server) createKey(ctx context.Context, in *struct{ Body client.NewKey }) (*body[client.CreatedKey], error) {
	n := access.NewKey{Name: in.Body.Name, Org: in.Body.Org, Team: in.Body.Team, Project: in.Body.Project, Models: in.Body.Models}
	if in.Body.Expires != "" {
		t, err := time.Parse(time.RFC3339Nano, in.Body.Expires)
		if err != nil {
			return nil, failed(fault.New(fault.Invalid, "invalid_time", "expires is not a time").
				Hinted("write it as RFC 3339: 2027-01-31T00:00:00Z").At("expires"))
		}
		n.Expires = t.UnixMicro()
	}
	k, secret, err := s.Keys.Create(ctx, n)
	if err != nil {
		return nil, failed(err)
	}
	return created(k, secret), nil
}

func (s *Server) revokeKey(ctx context.Context, in *struct {
	ID string `path:"id"`
}) (*struct{}, error) {
	if _, err := s.Keys.Revoke(ctx, in.ID); err != nil {
		return nil, failed(err)
	}
	return nil, nil
}

func (s *Server) rotateKey(ctx context.Context, in *struct {
	ID   string `path:"id"`
	Body client.Rotation
}) (*body[client.CreatedKey], error) {
	var grace time.Duration
	if in.Body.Grace != "" {
		var err error
		if grace, err = time.ParseDuration(in.Body.Grace); err != nil || grace < 0 {
			return nil, failed(fault.New(fault.Invalid, "invalid_duration", "grace is not a duration").
				Hinted("write a number with a unit: 30m or 24h").At("grace"))
		}
	}
	k, secret, err := s.Keys.Rotate(ctx, in.ID, grace)
	if err != nil {
		return nil, failed(err)
	}
	return created(k, secret), nil
}

func created(k access.Key, secret string) *body[client.CreatedKey] {
	return &body[client.CreatedKey]{client.CreatedKey{ID: k.ID, Name: k.Name, Project: k.Project,
		Secret: secret, Expires: stamp(k.Expires)}}
}

func showKey(k access.Key, now time.Time) client.Key {
	v := client.Key{ID: k.ID, Name: k.Name, Org: k.Org, Team: k.Team, Project: k.Project, Prefix: k.Prefix,
		Models: k.Models, Created: stamp(k.Created), Expires: stamp(k.Expires), Revoked: stamp(k.Revoked),
		Replaced: k.Replaced, State: "active"}
	if v.Models == nil {
		v.Models = []string{}
	}
	switch {
	case k.Revoked != 0:
		v.State = "revoked"
	case k.Expires != 0 && k.Expires <= now.UnixMicro():
		v.State = "expired"
	case k.Replaced != "":
		v.State = "replaced"
	}
	return v
}

// stamp writes microseconds since the epoch as RFC 3339; zero is "".
func stamp(micros int64) string {
	if micros == 0 {
		return ""
	}
	return time.UnixMicro(micros).UTC().Format(time.RFC3339)
}
