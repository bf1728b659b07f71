package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/cost/price"
	"github.com/steward-llmops/steward/internal/fault"
)

func (a *app) priceCmd() *cobra.Command {
	return group("price", "What models cost", a.priceListCmd(), a.priceShowCmd(), a.priceCheckCmd(), a.priceImportCmd(), a.priceSetCmd())
}

func (a *app) priceListCmd() *cobra.Command {
	var q client.PriceQuery
	cmd := &cobra.Command{
		Use: "list [SEARCH]", Short: "List prices", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			q.Search = firstOf(args...)
			l, err := a.client().Prices(cmd.Context(), q)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(l)
			}
			a.printPrices(l.Prices)
			if l.Catalogue != "" {
				a.say("%s prices, catalogue %s", count(int64(len(l.Prices))), l.Catalogue)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&q.Provider, "provider", "", "only this provider's")
	cmd.Flags().StringVar(&q.Source, "source", "", "only those from: catalogue, config or override")
	return cmd
}

// printPrices prints one line a model: the prices that everybody asks for, and how
// many more there are.
func (a *app) printPrices(prices []client.Price) {
	t := table{head: []string{"MODEL", "SOURCE", ">$/M IN", ">$/M CACHED", ">$/M OUT", "MORE"}}
	for _, p := range prices {
		main := map[string]string{}
		var more []string
		for _, r := range p.Rates {
			plain := r.Above == 0 && r.Tier == "" && r.Per == "million"
			if plain && (r.Quantity == "input" || r.Quantity == "cache_read" || r.Quantity == "output") {
				main[r.Quantity] = r.USD
			} else {
				more = append(more, r.Quantity)
			}
		}
		rest := ""
		if len(more) > 0 {
			rest = fmt.Sprintf("%d more", len(more))
		}
		t.add(p.ID, p.Source, dash(main["input"]), dash(main["cache_read"]), dash(main["output"]), rest)
	}
	t.print(a.Stdout)
}

func (a *app) priceShowCmd() *cobra.Command {
	return &cobra.Command{
		Use: "show PROVIDER/MODEL", Short: "Show what one model costs", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			provider, model, ok := strings.Cut(args[0], "/")
			if !ok {
				return &usageError{what: args[0] + " names no provider", why: "a price belongs to a provider and a model",
					try: "steward price show openai/" + args[0] + "; or steward price list " + args[0]}
			}
			p, err := a.client().Price(cmd.Context(), provider, model)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(p)
			}
			pg := page{a.Stdout}
			fmt.Fprintln(a.Stdout, p.ID)
			pg.line("source", "%s", p.Source)
			pg.line("catalogue", "%s", p.Catalogue)
			pg.line("since", "%s", p.Since)
			pg.line("note", "%s", p.Note)
			fmt.Fprintln(a.Stdout)
			t := table{head: []string{"  QUANTITY", ">USD", "PER", "WHERE"}}
			for _, r := range p.Rates {
				var where []string
				if r.Above > 0 {
					where = append(where, "above "+count(r.Above)+" input tokens")
				}
				if r.Tier != "" {
					where = append(where, "tier "+r.Tier)
				}
				t.add("  "+r.Quantity, r.USD, r.Per, strings.Join(where, ", "))
			}
			t.print(a.Stdout)
			return nil
		},
	}
}

func (a *app) priceCheckCmd() *cobra.Command {
	return &cobra.Command{
		Use: "check [FILE]", Short: "Find models without a price; or check a file of prices", Args: cobra.MaximumNArgs(1),
		Long: "Without FILE: list the server's models that have no price, whose calls would cost an\nunknown amount. With FILE: check a file of prices as \"price import\" reads it, without a server.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				prices, err := readPrices(args[0])
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(map[string]any{"file": args[0], "prices": len(prices)})
				}
				a.say("%s: %d prices, all well", args[0], len(prices))
				return nil
			}
			models, err := a.client().Models(cmd.Context())
			if err != nil {
				return err
			}
			without := []string{}
			for _, m := range models {
				if !m.Priced {
					without = append(without, m.ID)
				}
			}
			if a.json {
				if err := a.printJSON(map[string]any{"models": len(models), "unpriced": without}); err != nil {
					return err
				}
			} else {
				for _, id := range without {
					fmt.Fprintln(a.Stdout, id)
				}
			}
			if len(without) == 0 {
				a.say("all %d models have a price", len(models))
				return nil
			}
			return &exitError{code: 1, what: fmt.Sprintf("%d of %d models have no price", len(without), len(models)),
				why: "neither the catalogue nor the configuration prices them",
				try: "steward price set " + without[0] + " input=2.50 output=10.00"}
		},
	}
}

func (a *app) priceImportCmd() *cobra.Command {
	return &cobra.Command{
		Use: "import FILE", Short: "Set the prices of a file, all or none", Args: cobra.ExactArgs(1),
		Long: "Set the prices of a file, all or none. The file is YAML or JSON: a list as under\nprices.overrides in the configuration, such as\n\n" +
			"  - {provider: lab, model: large, input: \"2.50\", output: \"10.00\"}\n\n" +
			"or a whole price list as JSON: Steward's own catalogue.json, genai-prices data (version 2),\n" +
			"or LiteLLM's model_prices_and_context_window.json. The providers in it take its prices.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if list, ok := priceList(args[0]); ok {
				return a.importList(cmd, list)
			}
			overrides, err := readPrices(args[0])
			if err != nil {
				return err
			}
			prices := make([]client.NewPrice, len(overrides))
			for i := range overrides {
				prices[i] = newPrice(&overrides[i])
			}
			return a.setPrices(cmd, prices)
		},
	}
}

func readPrices(path string) ([]config.Override, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.New(fault.Invalid, "file_unreadable", "%s cannot be read", path).
			Hinted("check its path and its permissions").Because(err)
	}
	prices, err := config.ParseOverrides(path, b)
	if err == nil && len(prices) == 0 {
		return nil, fault.New(fault.Invalid, "no_prices", "%s holds no prices", path).
			Hinted("write a list: - {provider: lab, model: large, input: \"2.50\", output: \"10.00\"}")
	}
	return prices, err
}

// priceList reads a file that is a whole price list, and not a list of overrides.
func priceList(path string) ([]byte, bool) {
	b, err := os.ReadFile(path)
	if err != nil || !json.Valid(b) {
		return nil, false
	}
	_, err = price.Import(b, "1970-01-01")
	return b, err == nil
}

func (a *app) importList(cmd *cobra.Command, list []byte) error {
	done, err := a.client().ImportPrices(cmd.Context(), list)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(done)
	}
	for _, line := range done.Skipped {
		fmt.Fprintln(a.Stderr, "left out: "+line)
	}
	_, err = fmt.Fprintf(a.Stdout, "%d models of %d providers, catalogue %s\n", done.Models, len(done.Providers), done.Catalogue)
	return err
}

func newPrice(o *config.Override) client.NewPrice {
	p := client.NewPrice{Provider: o.Provider, Model: o.Model, Rates: map[string]string{}}
	for _, r := range o.Rates() {
		p.Rates[r.Field] = string(r.Price)
	}
	return p
}

func (a *app) priceSetCmd() *cobra.Command {
	return &cobra.Command{
		Use: "set PROVIDER/MODEL FIELD=USD...", Short: "Set a model's price before the catalogue's", Args: cobra.MinimumNArgs(2),
		Long: "Set a model's price before the catalogue's: decimal dollars per million tokens, by the\nfields of prices.overrides in the configuration.",
		Example: "  steward price set lab/large input=2.50 output=10.00 cached_read=0.25\n" +
			"  steward price set lab/own compute_hour=1.90",
		RunE: func(cmd *cobra.Command, args []string) error {
			provider, model, ok := strings.Cut(args[0], "/")
			if !ok {
				return &usageError{what: args[0] + " names no provider", why: "a price belongs to a provider and a model",
					try: "steward price set lab/" + args[0] + " input=2.50 output=10.00"}
			}
			rates := map[string]string{}
			for _, pair := range args[1:] {
				field, usd, ok := strings.Cut(pair, "=")
				if !ok {
					return &usageError{what: "\"" + pair + "\" is no FIELD=USD", try: "input=2.50"}
				}
				rates[field] = usd
			}
			o, err := config.NewOverride(provider, model, rates)
			if err != nil {
				return err
			}
			return a.setPrices(cmd, []client.NewPrice{newPrice(&o)})
		},
	}
}

func (a *app) setPrices(cmd *cobra.Command, prices []client.NewPrice) error {
	set, err := a.client().SetPrices(cmd.Context(), prices)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(set)
	}
	a.printPrices(set)
	return nil
}
