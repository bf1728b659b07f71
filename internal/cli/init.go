package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/fault"
)

func (a *app) initCmd() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a commented steward.yaml",
		Long: "Write a commented steward.yaml with the providers whose keys are in the environment. Keys\n" +
			"are referred to by the name of their variable; their values are never read into the file.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.init(path) },
	}
	cmd.Flags().StringVar(&path, "config", defaultConfig, "the file to write")
	return cmd
}

func (a *app) init(path string) error {
	found := a.found()
	text, err := initFile(found)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fault.New(fault.Conflict, "config_exists", "%s exists already", path).
			Hinted("keep it and check it with: steward doctor; or write another with --config")
	}
	if err == nil {
		_, err = f.WriteString(text)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fault.New(fault.Invalid, "config_unwritable", "%s cannot be written", path).
			Hinted("check that its directory exists and may be written to").Because(err)
	}
	if a.json {
		return a.printJSON(map[string]any{"path": path, "found": append([]Found{}, found...)})
	}
	for _, p := range found {
		a.say("found %s in the environment: provider %s", p.Variable, p.Name)
	}
	if len(found) == 0 {
		a.say("found no provider's key in the environment; the built-in simulator works without one")
	}
	a.say("wrote %s", path)
	a.say("next: steward up")
	return nil
}

// initFile returns the example with the providers that were found in the place of
// the commented one.
func initFile(found []Found) (string, error) {
	example, err := config.Example()
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return example, nil
	}
	var b strings.Builder
	b.WriteString("providers:\n")
	for _, p := range found {
		fmt.Fprintf(&b, "  %s:\n    kind: %s\n    key: %q\n", p.Name, p.Kind, "env:"+p.Variable)
	}
	return strings.Replace(example, "# providers:\n", b.String(), 1), nil
}
