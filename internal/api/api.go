// Package api is the admin API: what the command line, the console and the Go
// client speak, under /api, described by OpenAPI 3.1 at /api/openapi.json.
//
// Every part of the house that it shows is a small interface here; app ties
// them. Answers are the types of package client, so that both ends are one text.
package api

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/netip"
	"reflect"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/record"
	"github.com/steward-llmops/steward/internal/security/access"
)

// Keys makes, lists and ends virtual keys. Unknown ids are fault.NotFound.
type Keys interface {
	// List returns every key, oldest first.
	List() []access.Key
	// Create returns the key and its secret.
	Create(ctx context.Context, n access.NewKey) (access.Key, string, error)
	// Revoke ends a key at once; again, it changes nothing.
	Revoke(ctx context.Context, id string) (access.Key, error)
	// Rotate makes a key in the place of id, which works for overlap longer.
	Rotate(ctx context.Context, id string, overlap time.Duration) (access.Key, string, error)
}

// Contents fetches what was said in a call.
type Contents interface {
	// Content returns the content of c; fault.NotFound where it is not kept.
	Content(ctx context.Context, c *record.Call) (record.Content, error)
}

// Tail follows calls as they end.
type Tail interface {
	// Tail yields calls from now on, until ctx ends, and spans as far as it is known
	// whether they count. It may drop some for a reader that is too slow.
	Tail(ctx context.Context) iter.Seq[calls.Row]
}

// ReportQuery says what a cost report adds up. Zero fields do not restrict.
type ReportQuery struct {
	By                                  []string  // of client.Dimensions, each once
	From, To                            time.Time // From inclusive, To exclusive
	Provider, Model, Project, Team, Key string
}

// Ledger adds up what calls cost.
type Ledger interface {
	Report(ctx context.Context, q ReportQuery) (client.Report, error)
}

// Providers shows the upstreams.
type Providers interface {
	Providers(ctx context.Context) ([]client.Provider, error)
	// Test asks one provider whether it answers. That it does not is a result, no
	// error; fault.NotFound if there is no such provider.
	Test(ctx context.Context, name string) (client.ProviderTest, error)
}

// Models lists what can be called.
type Models interface {
	Models(ctx context.Context) ([]client.Model, error)
}

// Prices shows and sets what models cost.
type Prices interface {
	Prices(ctx context.Context, q client.PriceQuery) (client.PriceList, error)
	// Price returns one model's; fault.NotFound if it has none.
	Price(ctx context.Context, provider, model string) (client.Price, error)
	// Set puts overrides before the catalogue, all or none.
	Set(ctx context.Context, overrides []config.Override) ([]client.Price, error)
	// Import puts a whole price list in force, at once and after a restart.
	Import(ctx context.Context, list []byte) (client.ImportedPrices, error)
}

// Status tells how the server does.
type Status interface {
	Status(ctx context.Context) (client.Status, error)
}

// OTLP tells how the OpenTelemetry receiver does.
type OTLP interface {
	OTLPStatus(ctx context.Context) (client.OTLPStatus, error)
}

// FirstVisit redeems first-visit links; access.FirstVisit is one.
type FirstVisit interface {
	Redeem(token string, remote netip.Addr) error
}

// Sessions keeps browsers' sessions; access.Sessions is one.
type Sessions interface {
	// Start returns the value of a new session's cookie, and when it ends.
	Start() (cookie string, end time.Time, err error)
	// Check is fault.Unauthenticated where the cookie has no session.
	Check(cookie string) error
	End(cookie string)
}

// Server is the admin API. Every field must be set but Version and OTLP.
type Server struct {
	Version    string // Steward's, for the OpenAPI description
	Token      string // the admin token; empty: nobody can sign in with one
	Now        func() time.Time
	Keys       Keys
	Calls      calls.Store
	Contents   Contents
	Tail       Tail
	Ledger     Ledger
	Providers  Providers
	Models     Models
	Prices     Prices
	Status     Status
	OTLP       OTLP // nil: nothing is received
	FirstVisit FirstVisit
	Sessions   Sessions
	// Every is how often a silent stream says that it lives; zero means 15 s.
	Every time.Duration

	mu       sync.Mutex
	stopping map[*http.Server]chan struct{} // closed when the server begins to shut down

	changes sync.Mutex // one change of a resource with an ETag at a time
	once    onces
}

// Handler returns the handler of everything under /api.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	spec := s.register(mux)
	mux.HandleFunc("GET /api/openapi.json", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		_, _ = w.Write(spec)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeFault(w, noSuchPath(r))
	})
	return s.guard(s.repeated(s.matched(mux)))
}

// OpenAPI returns the description of the API, indented, as the reference holds it.
func OpenAPI(version string) ([]byte, error) {
	s := &Server{Version: version}
	var doc any
	if err := json.Unmarshal(s.register(http.NewServeMux()), &doc); err != nil {
		return nil, err
	}
	b, err := json.MarshalIndent(doc, "", "  ")
	return append(b, '\n'), err
}

// register puts every operation on mux and returns the API's description.
func (s *Server) register(mux *http.ServeMux) []byte {
	c := huma.DefaultConfig("Steward admin API", s.Version)
	c.CreateHooks = nil // no $schema fields in answers
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	c.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	c.Info.Description = description
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":   {Type: "http", Scheme: "bearer", Description: "The admin token, kept in the data directory"},
		"session": {Type: "apiKey", In: "cookie", Name: cookieName, Description: "A browser's session"},
	}
	c.Security = []map[string][]string{{"token": {}}, {"session": {}}}
	c.Transformers = append(c.Transformers, toProblem)
	api := humago.New(mux, c)
	s.keys(api)
	s.calls(api)
	s.questions(api)
	s.facets(api)
	s.traces(api)
	s.sessions(api)
	s.metrics(api)
	s.otlp(api)
	s.costs(api)
	s.upstreams(api)
	s.prices(api)
	s.state(api)
	s.signing(api)
	describe(api.OpenAPI())
	spec, err := json.Marshal(api.OpenAPI())
	if err != nil {
		panic("the API's description: " + err.Error())
	}
	return spec
}

// schemaName names types as people know them.
func schemaName(t reflect.Type, hint string) string {
	if t == reflect.TypeFor[calls.View]() {
		return "Call"
	}
	return huma.DefaultSchemaNamer(t, hint)
}
