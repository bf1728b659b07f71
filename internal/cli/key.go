package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/fault"
)

func (a *app) keyCmd() *cobra.Command {
	return group("key", "Virtual API keys", a.keyCreateCmd(), a.keyListCmd(), a.keyRevokeCmd(), a.keyRotateCmd())
}

func (a *app) keyCreateCmd() *cobra.Command {
	var n client.NewKey
	var life, name string
	cmd := &cobra.Command{
		Use:   "create [NAME]",
		Short: "Make a key and print its secret, this once",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			n.Name = firstOf(append(args, name, "default")...)
			if life != "" {
				d, err := ago(life)
				if err != nil {
					return &usageError{what: "--expires: " + err.Error(), try: "--expires 720h, or 30d"}
				}
				n.Expires = a.Now().Add(d).UTC().Format(time.RFC3339)
			}
			k, err := a.client().CreateKey(cmd.Context(), n)
			if err != nil {
				return err
			}
			return a.printSecret(k)
		},
	}
	f := cmd.Flags()
	f.StringVar(&name, "name", "", "the key's name, as the argument")
	f.StringVar(&n.Project, "project", "", "project that it belongs to (default \"default\")")
	f.StringVar(&n.Team, "team", "", "team that it belongs to (default \"default\")")
	f.StringVar(&n.Org, "org", "", "organisation that it belongs to (default \"default\")")
	f.StringSliceVar(&n.Models, "models", nil, "models that it may call, such as openai/*,sim/small (default all)")
	f.StringVar(&life, "expires", "", "how long it works, such as 720h or 30d (default for ever)")
	return cmd
}

// printSecret prints a new key. The secret alone is data, so that a script can
// take it.
func (a *app) printSecret(k client.CreatedKey) error {
	if a.json {
		return a.printJSON(k)
	}
	a.say("%s (%s) of project %s; keep the secret, it is not shown again", k.Name, k.ID, k.Project)
	_, err := fmt.Fprintln(a.Stdout, k.Secret)
	return err
}

func (a *app) keyListCmd() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List keys, without their secrets", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			keys, err := a.client().Keys(cmd.Context())
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(keys)
			}
			if len(keys) == 0 {
				a.say("no keys yet; make one with: steward key create")
				return nil
			}
			t := table{head: []string{"ID", "NAME", "STATE", "PROJECT", "TEAM", "SECRET", "MODELS", "CREATED", "EXPIRES"}}
			for _, k := range keys {
				models := strings.Join(k.Models, ",")
				t.add(k.ID, k.Name, k.State, k.Project, k.Team, k.Prefix+"...", firstOf(models, "all"), k.Created, firstOf(k.Expires, "never"))
			}
			t.print(a.Stdout)
			return nil
		},
	}
}

func (a *app) keyRevokeCmd() *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID|NAME", Short: "End a key at once", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c := a.client()
			k, err := findKey(cmd.Context(), c, args[0], "active", "replaced")
			if err != nil {
				return err
			}
			if err := c.RevokeKey(cmd.Context(), k.ID); err != nil {
				return err
			}
			if a.json {
				return a.printJSON(map[string]string{"id": k.ID, "name": k.Name, "state": "revoked"})
			}
			a.say("%s (%s) is revoked", k.Name, k.ID)
			return nil
		},
	}
}

func (a *app) keyRotateCmd() *cobra.Command {
	var grace string
	cmd := &cobra.Command{
		Use: "rotate ID|NAME", Short: "Put a new key in the place of another", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := ago(grace)
			if err != nil {
				return &usageError{what: "--grace: " + err.Error(), try: "--grace 24h"}
			}
			c := a.client()
			old, err := findKey(cmd.Context(), c, args[0], "active")
			if err != nil {
				return err
			}
			k, err := c.RotateKey(cmd.Context(), old.ID, d)
			if err != nil {
				return err
			}
			return a.printSecret(k)
		},
	}
	cmd.Flags().StringVar(&grace, "grace", "24h", "how long the old key still works; 0s: not at all")
	return cmd
}

// findKey returns the key with that id, or the only one with that name in one of
// the states.
func findKey(ctx context.Context, c *client.Client, name string, states ...string) (client.Key, error) {
	keys, err := c.Keys(ctx)
	if err != nil {
		return client.Key{}, err
	}
	var named []client.Key
	for _, k := range keys {
		if k.ID == name {
			return k, nil
		}
		if k.Name == name && slices.Contains(states, k.State) {
			named = append(named, k)
		}
	}
	switch len(named) {
	case 0:
		return client.Key{}, fault.New(fault.NotFound, "key_not_found", "there is no usable key %q", name).
			Hinted("list them with: steward key list")
	case 1:
		return named[0], nil
	}
	return client.Key{}, fault.New(fault.Conflict, "key_ambiguous", "%d keys are named %q", len(named), name).
		Hinted("name it by its id, such as %s; list them with: steward key list", named[0].ID).
		Because(errors.New("a name may belong to several keys, as after a rotation"))
}

// ago reads a span of time, in days too.
func ago(s string) (time.Duration, error) {
	d, err := config.ParseDuration(s)
	if err != nil {
		what, _, _ := strings.Cut(err.Error(), ";")
		return 0, fmt.Errorf("%s", what)
	}
	return d.Std(), nil
}
