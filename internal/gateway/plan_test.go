package gateway_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/gateway"
	"github.com/steward-llmops/steward/internal/provider"
)

type lists map[string][]string

func (l lists) Lists(list, model string) bool { return slices.Contains(l[list], model) }
func (l lists) Models(list string) []string   { return l[list] }

func upstream(t *testing.T, name, kind string, models ...string) *provider.Provider {
	t.Helper()
	k, ok := provider.KindByID(kind)
	if !ok {
		t.Fatalf("no kind %s", kind)
	}
	p, err := provider.New(provider.Settings{Name: name, Kind: k, BaseURL: "http://127.0.0.1:1", Prices: name, Models: models, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFind(t *testing.T) {
	d := gateway.NewDirectory([]*provider.Provider{
		upstream(t, "openai", "openai"), upstream(t, "azure", "azure"), upstream(t, "together", "together"),
		upstream(t, "lab", "openai-compatible", "tiny", "org/big"),
	}, lists{"openai": {"gpt-4o", "gpt-4o-mini"}, "azure": {"gpt-4o"}, "together": {"meta-llama/llama-4"}})
	tests := map[string]struct{ in, want, code, hint string }{
		"addressed":                           {"openai/gpt-4o", "openai/gpt-4o", "", ""},
		"addressed and not listed":            {"openai/gpt-99", "openai/gpt-99", "", ""},
		"bare where one lists it":             {"gpt-4o-mini", "openai/gpt-4o-mini", "", ""},
		"bare where two list it":              {"gpt-4o", "", "model_ambiguous", "openai/gpt-4o, azure/gpt-4o"},
		"a slash that is no provider":         {"meta-llama/llama-4", "together/meta-llama/llama-4", "", ""},
		"a slash behind a provider":           {"lab/org/big", "lab/org/big", "", ""},
		"outside a provider's own list":       {"lab/huge", "", "model_not_found", ""},
		"near miss":                           {"gpt-4o-mimi", "", "model_not_found", "openai/gpt-4o-mini"},
		"near miss in a provider's own list":  {"lab/tinny", "", "model_not_found", "lab/tiny"},
		"nothing near":                        {"zzzzzzzzzzzzzzzzzz", "", "model_not_found", "steward model list"},
		"no model at all":                     {"", "", "model_missing", ""},
		"a very long name":                    {strings.Repeat("x", 5000), "", "model_not_found", ""},
		"a provider's name without its model": {"openai/", "", "model_not_found", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := d.Find(tt.in)
			if tt.code != "" {
				f := fault.As(err)
				if f == nil || f.StableCode() != tt.code || !strings.Contains(f.Hint, tt.hint) {
					t.Fatalf("Find = %v (hint %q), want code %s and hint %q", err, f.Hint, tt.code, tt.hint)
				}
				if len(f.Public()) > 600 {
					t.Errorf("the message is %d bytes long", len(f.Public()))
				}
				return
			}
			if err != nil || got.Name() != tt.want {
				t.Errorf("Find = %v, %v; want %s", got, err, tt.want)
			}
		})
	}
}
