package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// build is what is known of this binary.
type build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit"`
	Modified bool   `json:"modified"` // built from a tree with changes that no commit holds
	Time     string `json:"time"`     // of the commit, RFC 3339
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
}

// Version is what the Go toolchain stamped into this binary.
func Version() string { return buildOf("").Version }

func (a *app) build() build { return buildOf(a.Programs.Version) }

func buildOf(version string) build {
	b := build{Version: version, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if ok {
		b.Version = firstOf(b.Version, info.Main.Version)
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.Commit = s.Value
			case "vcs.time":
				b.Time = s.Value
			case "vcs.modified":
				b.Modified = s.Value == "true"
			}
		}
	}
	if b.Version == "" || b.Version == "(devel)" {
		b.Version = "devel"
	}
	return b
}

func (a *app) versionCmd() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			b := a.build()
			if a.json {
				return a.printJSON(b)
			}
			text := "steward " + b.Version
			if len(b.Commit) >= 12 {
				text += " (" + b.Commit[:12] + ")"
			}
			_, err := fmt.Fprintf(a.Stdout, "%s %s %s/%s\n", text, b.Go, b.OS, b.Arch)
			return err
		},
	}
}
