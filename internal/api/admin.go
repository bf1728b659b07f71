package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/fault"
)

type reportInput struct {
	Span
	Scope
	By []string `query:"by,explode" nullable:"false" doc:"Dimensions of the rows: org, team, project, key, key_name, provider, model, day, pricing; none: the total only"`
}

func (s *Server) costs(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "report-cost", Method: http.MethodGet, Path: "/api/cost/report",
		Summary: "Add up what calls cost", Tags: []string{"cost"}}, s.report)
}

func (s *Server) report(ctx context.Context, in *reportInput) (*body[client.Report], error) {
	q := ReportQuery{Provider: in.Provider, Model: in.Model, Project: in.Project, Team: in.Team, Key: in.Key}
	var err error
	if q.From, q.To, err = in.times(s.Now()); err != nil {
		return nil, failed(err)
	}
	known := client.Dimensions()
	for _, list := range in.By {
		for by := range strings.SplitSeq(list, ",") {
			switch {
			case !slices.Contains(known, by):
				return nil, failed(fault.New(fault.Invalid, "unknown_dimension", "cost cannot be added up by this").
					Hinted("choose among %s", strings.Join(known, ", ")).At("by"))
			case slices.Contains(q.By, by):
				return nil, failed(fault.New(fault.Invalid, "repeated_dimension", "%s is named twice", by).At("by"))
			}
			q.By = append(q.By, by)
		}
	}
	r, err := s.Ledger.Report(ctx, q)
	if err != nil {
		return nil, failed(err)
	}
	r.By, r.Rows = filled(r.By), filled(r.Rows)
	return &body[client.Report]{r}, nil
}

// filled returns an empty list for nil, so that JSON has [] and not null.
func filled[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// spoken returns the providers with lists for nil, their formats' too.
func spoken(list []client.Provider) []client.Provider {
	list = filled(list)
	for i := range list {
		list[i].Formats = filled(list[i].Formats)
	}
	return list
}

func (s *Server) upstreams(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "list-providers", Method: http.MethodGet, Path: "/api/providers",
		Summary: "List providers", Tags: []string{"providers"}},
		func(ctx context.Context, _ *struct{}) (*body[client.ProviderList], error) {
			list, err := s.Providers.Providers(ctx)
			if err != nil {
				return nil, failed(err)
			}
			return &body[client.ProviderList]{client.ProviderList{Providers: spoken(list)}}, nil
		})
	huma.Register(api, huma.Operation{OperationID: "test-provider", Method: http.MethodPost, Path: "/api/providers/{name}/test",
		Summary:     "Ask a provider whether it answers",
		Description: "The request asks for nothing that costs money. A provider that does not answer is a result, not an error.",
		Tags:        []string{"providers"}},
		func(ctx context.Context, in *struct {
			Name string `path:"name"`
		}) (*body[client.ProviderTest], error) {
			t, err := s.Providers.Test(ctx, in.Name)
			if err != nil {
				return nil, failed(err)
			}
			return &body[client.ProviderTest]{t}, nil
		})
	huma.Register(api, huma.Operation{OperationID: "list-models", Method: http.MethodGet, Path: "/api/models",
		Summary: "List models that can be called", Tags: []string{"models"}},
		func(ctx context.Context, _ *struct{}) (*body[client.ModelList], error) {
			list, err := s.Models.Models(ctx)
			if err != nil {
				return nil, failed(err)
			}
			return &body[client.ModelList]{client.ModelList{Models: filled(list)}}, nil
		})
}

func (s *Server) prices(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "list-prices", Method: http.MethodGet, Path: "/api/prices",
		Summary: "List prices", Tags: []string{"prices"}},
		func(ctx context.Context, in *struct {
			Provider string `query:"provider"`
			Search   string `query:"search" doc:"Part of the model's name, in any case"`
			Source   string `query:"source" enum:"catalogue,config,override"`
		}) (*body[client.PriceList], error) {
			list, err := s.Prices.Prices(ctx, client.PriceQuery{Provider: in.Provider, Search: in.Search, Source: in.Source})
			if err != nil {
				return nil, failed(err)
			}
			return &body[client.PriceList]{showPrices(list)}, nil
		})
	huma.Register(api, huma.Operation{OperationID: "show-price", Method: http.MethodGet, Path: "/api/prices/{provider}/{model...}",
		Summary: "Show what a model costs", Description: "The model may hold slashes.", Tags: []string{"prices"}},
		func(ctx context.Context, in *struct {
			Provider string `path:"provider"`
			Model    string `path:"model"`
		}) (*body[client.Price], error) {
			p, err := s.Prices.Price(ctx, in.Provider, in.Model)
			if err != nil {
				return nil, failed(err)
			}
			p.Rates = filled(p.Rates)
			return &body[client.Price]{p}, nil
		})
	huma.Register(api, huma.Operation{OperationID: "set-prices", Method: http.MethodPost, Path: "/api/prices",
		Summary: "Set prices before the catalogue's", Description: "All or none.", Tags: []string{"prices"}}, s.setPrices)
	huma.Register(api, huma.Operation{OperationID: "import-prices", Method: http.MethodPost, Path: "/api/prices/catalogue",
		Summary:     "Put a whole price list in force",
		Description: "Steward's own catalogue, genai-prices data (version 2) or LiteLLM's model_prices_and_context_window.json. The providers that it lists take its prices; the others keep theirs.",
		Tags:        []string{"prices"}, MaxBodyBytes: maxCatalogue, SkipValidateBody: true},
		func(ctx context.Context, in *struct {
			RawBody []byte `contentType:"application/json"`
		}) (*body[client.ImportedPrices], error) {
			done, err := s.Prices.Import(ctx, in.RawBody)
			if err != nil {
				return nil, failed(err)
			}
			done.Providers, done.Skipped = filled(done.Providers), filled(done.Skipped)
			return &body[client.ImportedPrices]{done}, nil
		})
}

// maxCatalogue is the most bytes that a price list may have.
const maxCatalogue = 32 << 20

func (s *Server) setPrices(ctx context.Context, in *struct{ Body client.NewPrices }) (*body[client.PriceList], error) {
	overrides := make([]config.Override, len(in.Body.Prices))
	for i, p := range in.Body.Prices {
		var err error
		if overrides[i], err = config.NewOverride(p.Provider, p.Model, p.Rates); err != nil {
			return nil, failed(err)
		}
	}
	set, err := s.Prices.Set(ctx, overrides)
	if err != nil {
		return nil, failed(err)
	}
	return &body[client.PriceList]{showPrices(client.PriceList{Prices: set})}, nil
}

func showPrices(l client.PriceList) client.PriceList {
	l.Prices = filled(l.Prices)
	for i := range l.Prices {
		l.Prices[i].Rates = filled(l.Prices[i].Rates)
	}
	return l
}

func (s *Server) state(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "show-status", Method: http.MethodGet, Path: "/api/status",
		Summary: "Show how the server does", Tags: []string{"status"}},
		func(ctx context.Context, _ *struct{}) (*body[client.Status], error) {
			st, err := s.Status.Status(ctx)
			if err != nil {
				return nil, failed(err)
			}
			if st.OTLP, err = s.otlpStatus(ctx); err != nil {
				return nil, failed(err)
			}
			st.Projections, st.Providers = filled(st.Projections), spoken(st.Providers)
			return &body[client.Status]{st}, nil
		})
}
