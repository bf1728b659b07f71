package cli

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/fault"
)

func (a *app) providerCmd() *cobra.Command {
	list := &cobra.Command{
		Use: "list", Short: "List providers and how they do", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			providers, err := a.client().Providers(cmd.Context())
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(providers)
			}
			t := table{head: []string{"NAME", "KIND", "STATE", "KEY", ">MODELS", "ADDRESS", "WHY"}}
			for _, p := range providers {
				key := dash(p.Key)
				if !p.HasKey {
					key += " (missing)"
				}
				t.add(p.Name, p.Kind, p.State, key, strconv.Itoa(p.Models), dash(p.BaseURL), p.Reason)
			}
			t.print(a.Stdout)
			return nil
		},
	}
	test := &cobra.Command{
		Use: "test [NAME...]", Short: "Ask providers whether they answer (all, where none is named)",
		RunE: func(cmd *cobra.Command, args []string) error {
			c := a.client()
			if len(args) == 0 {
				providers, err := c.Providers(cmd.Context())
				if err != nil {
					return err
				}
				for _, p := range providers {
					args = append(args, p.Name)
				}
			}
			results := make([]client.ProviderTest, 0, len(args))
			for _, name := range args {
				t, err := c.TestProvider(cmd.Context(), name)
				if err != nil {
					return err
				}
				results = append(results, t)
			}
			return a.printTests(results)
		},
	}
	return group("provider", "Upstreams", list, test)
}

func (a *app) printTests(results []client.ProviderTest) error {
	failed, try := 0, ""
	t := table{head: []string{"NAME", "RESULT", ">STATUS", ">LATENCY", ">MODELS", "WHY"}}
	for _, r := range results {
		result := "ok"
		if !r.OK {
			result = "fail"
			failed++
			try = firstOf(try, r.Hint)
		}
		models := "-"
		if r.Models >= 0 {
			models = strconv.Itoa(r.Models)
		}
		status, latency := "-", "-"
		if r.Status != 0 {
			status, latency = strconv.Itoa(r.Status), span(r.Latency)
		}
		t.add(r.Name, result, status, latency, models, r.Message)
	}
	if a.json {
		if err := a.printJSON(results); err != nil {
			return err
		}
	} else {
		t.print(a.Stdout)
	}
	if failed == 0 {
		return nil
	}
	return &exitError{code: fault.Upstream.ExitCode(), what: fmt.Sprintf("%d of %d providers do not answer", failed, len(results)),
		why: "see the column WHY", try: firstOf(try, "check address, key and network, then: steward provider test")}
}
