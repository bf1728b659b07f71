package app

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"time"
)

// banner prints what somebody needs who has just started Steward.
func (a *App) banner(addr, admin string) error {
	token, err := a.visits.Issue()
	if err != nil {
		return fmt.Errorf("make a first-visit link: %w", err)
	}
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-9s %s\n", name, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(&b, "Steward %s\n\n", a.opts.Version)
	line("gateway", "http://%s/v1", reachable(addr))
	line("console", "http://%s/", reachable(admin))
	line("data", "%s", a.cfg.Data)
	if len(a.found) > 0 {
		line("keys", "found in the environment for %s", strings.Join(slices.Sorted(maps.Keys(a.found)), ", "))
	}
	var names []string
	for _, p := range a.providers.list {
		names = append(names, p.Name)
	}
	line("providers", "%s", strings.Join(names, ", "))
	if a.settled > 0 {
		line("settled", "%d calls that the last process left in flight", a.settled)
	}
	line("sign in", "http://%s/#visit=%s  (once, within 30 minutes, from this machine)", reachable(admin), token)
	key, model := a.firstKey, "sim/small"
	if key == "" {
		key = "$STEWARD_KEY"
	}
	if !a.cfg.Sim.Enabled && len(names) > 0 {
		model = names[0] + "/MODEL"
	}
	fmt.Fprintf(&b, "\nTry it:\n\n  curl http://%s/v1/chat/completions \\\n    -H \"Authorization: Bearer %s\" -H \"Content-Type: application/json\" \\\n    -d '{\"model\":%q,\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}'\n",
		reachable(addr), key, model)
	if a.firstKey != "" {
		b.WriteString("\nThis key is shown once; make more with: steward key create NAME\n")
	} else {
		b.WriteString("\nMake a key with: steward key create NAME\n")
	}
	fmt.Fprintf(&b, "\nready in %.2fs\n", a.opts.Now().Sub(a.started).Round(10*time.Millisecond).Seconds())
	if a.opts.Out == nil {
		return nil
	}
	_, err = a.opts.Out.Write([]byte(b.String()))
	return err
}

// reachable turns an address that listens everywhere into one to call.
func reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
