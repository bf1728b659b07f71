package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/fault"
)

// Check is one line of the doctor's.
type Check struct {
	Name   string `json:"check"`
	State  string `json:"state"` // ok, warn or fail
	Detail string `json:"detail"`
	Try    string `json:"try"` // what to do; empty where it is ok
}

func ok(name, format string, args ...any) Check {
	return Check{Name: name, State: "ok", Detail: fmt.Sprintf(format, args...)}
}

func warn(name, try, format string, args ...any) Check {
	return Check{Name: name, State: "warn", Detail: fmt.Sprintf(format, args...), Try: try}
}

func fail(name, try, format string, args ...any) Check {
	return Check{Name: name, State: "fail", Detail: fmt.Sprintf(format, args...), Try: try}
}

func (a *app) doctorCmd() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use: "doctor", Short: "Find what is wrong, and say what to do", Args: cobra.NoArgs,
		Long: "Check the configuration, the data directory, the disk, the port, the providers and their keys,\nthe journal and the stores. Each line is ok, warn or fail, with what to do. Nothing is changed.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			checks := a.examine(cmd.Context(), path)
			bad := 0
			for _, c := range checks {
				if c.State == "fail" {
					bad++
				}
			}
			if a.json {
				if err := a.printJSON(checks); err != nil {
					return err
				}
			} else {
				for _, c := range checks {
					fmt.Fprintf(a.Stdout, "%-5s %-20s %s\n", c.State, c.Name, c.Detail)
					if c.Try != "" {
						fmt.Fprintf(a.Stdout, "      %-20s try: %s\n", "", c.Try)
					}
				}
			}
			if bad > 0 {
				return &exitError{code: 1} // each line has said what to do
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&path, "config", "", "the configuration (default "+defaultConfig+" where it exists)")
	return cmd
}

func (a *app) examine(ctx context.Context, path string) []Check {
	cfg, read, err := a.loadConfig(path, "")
	var checks []Check
	var problems config.Problems
	switch {
	case errors.As(err, &problems):
		for _, p := range problems {
			place := p.Source
			if p.Line > 0 {
				place = fmt.Sprintf("%s:%d:%d", p.Source, p.Line, p.Column)
			}
			checks = append(checks, fail("configuration", firstOf(p.Hint, "mend this field"), "%s: %s", place, p.Message))
		}
		return checks // the rest would look at defaults that are not meant
	case err != nil:
		f := fault.As(err)
		return []Check{fail("configuration", f.Hint, "%s", f.Message)}
	case read == "":
		checks = append(checks, ok("configuration", "no file; defaults"))
	default:
		checks = append(checks, ok("configuration", "%s", read))
	}
	checks = append(checks, checkData(cfg.Data), checkDisk(cfg))
	status, server := a.checkServer(ctx, cfg)
	checks = append(checks, server)
	checks = append(checks, a.checkProviders(ctx, cfg)...)
	switch {
	case status != nil:
		checks = append(checks, checkStatus(status)...)
	case a.Probe != nil:
		checks = append(checks, a.Probe(ctx, cfg)...)
	}
	return checks
}

func checkData(dir string) Check {
	const name = "data directory"
	st, err := os.Stat(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		parent := filepath.Dir(filepath.Clean(dir))
		if !writable(parent) {
			return fail(name, "choose another with --data, or make it: mkdir -p "+dir, "%s does not exist, and %s cannot be written to", dir, parent)
		}
		return ok(name, "%s will be made at the first start", dir)
	case err != nil || !st.IsDir():
		return fail(name, "choose another with --data", "%s is not a directory that can be read", dir)
	case !writable(dir):
		return fail(name, "give it to the user who runs steward: chown -R $(id -u) "+dir, "%s cannot be written to", dir)
	case st.Mode().Perm()&0o007 != 0:
		return warn(name, "chmod o-rwx "+dir, "%s is open to every user of this machine (mode %#o)", dir, st.Mode().Perm())
	}
	if st, err := os.Stat(filepath.Join(dir, tokenFile)); err == nil && st.Mode().Perm()&0o077 != 0 {
		path := filepath.Join(dir, tokenFile)
		return fail(name, "chmod 600 "+path, "%s can be read by others (mode %#o)", path, st.Mode().Perm())
	}
	return ok(name, "%s", dir)
}

// writable makes a file in dir and takes it away.
func writable(dir string) bool {
	f, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return false
	}
	f.Close()
	return os.Remove(f.Name()) == nil
}

func checkDisk(cfg config.Config) Check {
	const name = "disk"
	dir := cfg.Data
	for {
		if _, err := os.Stat(dir); err == nil {
			break
		}
		next := filepath.Dir(filepath.Clean(dir))
		if next == dir {
			break
		}
		dir = next
	}
	free, err := diskFree(dir)
	switch {
	case err != nil:
		return warn(name, "look yourself: df -h "+dir, "free space of %s is unknown", dir)
	case free < int64(cfg.Journal.MinFree):
		return fail(name, "free some space, or lower journal.min_free", "%s free, less than journal.min_free (%s): new calls are refused", bytesText(free), cfg.Journal.MinFree)
	case free < 4*int64(cfg.Journal.MinFree):
		return warn(name, "free some space soon", "%s free; below %s new calls are refused", bytesText(free), cfg.Journal.MinFree)
	}
	return ok(name, "%s free", bytesText(free))
}

// checkServer asks whether a server of ours runs; if not, whether its port is free.
func (a *app) checkServer(ctx context.Context, cfg config.Config) (*client.Status, Check) {
	const name = "server"
	if a.url == "" && a.Getenv("STEWARD_URL") == "" {
		a.url = "http://" + reachable(cfg.Listen)
	}
	if isLocal(a.serverURL()) {
		a.data = cfg.Data // which the file may have named
	}
	short, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	st, err := a.client().Status(short)
	switch {
	case err == nil && !st.Ready:
		return &st, fail(name, "see the lines below, and Steward's log", "%s runs, and cannot serve calls: %s", a.serverURL(), st.Reason)
	case err == nil:
		return &st, ok(name, "%s runs version %s, up for %s", a.serverURL(), st.Version, span(st.Uptime))
	case fault.Is(err, fault.Unauthenticated):
		return nil, warn(name, "set STEWARD_TOKEN, or name the data directory with --data", "%s runs, and does not know us: %s", a.serverURL(), firstOf(a.noToken, "the token is not its own"))
	}
	l, lerr := net.Listen("tcp", cfg.Listen)
	if lerr != nil {
		return nil, fail(name, "stop what uses it, or choose another with --listen", "%s is taken by something that is no Steward, or may not be used", cfg.Listen)
	}
	l.Close()
	return nil, ok(name, "not running; %s is free", cfg.Listen)
}

// reachable turns an address to listen on into one to connect to.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

func (a *app) checkProviders(ctx context.Context, cfg config.Config) []Check {
	var checks []Check
	for _, name := range slices.Sorted(maps.Keys(cfg.Providers)) {
		p, title := cfg.Providers[name], "provider "+name
		if _, err := p.Key.Resolve(a.Getenv, os.ReadFile); err != nil {
			f := fault.As(err)
			checks = append(checks, fail(title, f.Hint, "its key is missing: %s", f.Message))
			continue
		}
		base := p.BaseURL
		if base == "" && a.BaseURL != nil {
			base = a.BaseURL(p)
		}
		checks = append(checks, checkReach(ctx, title, base))
	}
	for _, f := range a.found() {
		checks = append(checks, ok("found "+f.Name, "its key is in %s", f.Variable))
	}
	if len(checks) == 0 && cfg.Sim.Enabled {
		checks = append(checks, warn("providers", "export OPENAI_API_KEY=..., or add one to the configuration", "none but the built-in simulator"))
	}
	return checks
}

// checkReach connects to a provider's address; it sends nothing.
func checkReach(ctx context.Context, title, base string) Check {
	if base == "" {
		return ok(title, "its key is there")
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return fail(title, "mend its base_url", "its address cannot be read")
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80"}[u.Scheme]
	}
	short, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(short, "tcp", net.JoinHostPort(u.Hostname(), firstOf(port, "443")))
	if err != nil {
		return fail(title, "check base_url, the network and its proxy; then: steward provider test", "%s cannot be reached", u.Host)
	}
	conn.Close()
	return ok(title, "its key is there, and %s can be reached", u.Host)
}

// checkStatus reads what the server says of itself.
func checkStatus(st *client.Status) []Check {
	checks := []Check{ok("journal", "at %s in %d segments", bytesText(st.Journal.Position), st.Journal.Segments)}
	if !st.Journal.Healthy {
		checks[0] = fail("journal", "see Steward's log", "%s", st.Journal.Reason)
	}
	for _, p := range st.Projections {
		name := "store " + p.Name
		switch {
		case !p.Healthy:
			checks = append(checks, fail(name, "see Steward's log; calls are served meanwhile", "%s", p.Reason))
		case p.Behind > int64(time.Minute/time.Microsecond):
			checks = append(checks, warn(name, "see whether it catches up: steward doctor", "%s behind, %s to read", span(p.Behind), bytesText(p.Lag)))
		default:
			checks = append(checks, ok(name, "up to date, %s to read", bytesText(p.Lag)))
		}
	}
	for _, p := range st.Providers {
		if p.State == "down" || p.State == "degraded" {
			checks = append(checks, warn("upstream "+p.Name, "steward provider test "+p.Name, "%s: %s", p.State, p.Reason))
		}
	}
	return checks
}
