package config

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/token"

	"github.com/steward-llmops/steward/internal/fault"
)

// SimName is the name under which the built-in simulator is a provider.
const SimName = "sim"

// checkField checks one scalar by its tags.
func (d *decoder) checkField(path string, pos *token.Position, v reflect.Value, text string, tag reflect.StructTag) {
	if e := tag.Get("enum"); e != "" && text != "" {
		d.oneOf(path, pos, text, strings.Split(e, "|"))
	}
	for _, bound := range []struct {
		tag, word string
		sign      int64
	}{{"min", "at least", 1}, {"max", "at most", -1}} {
		limit := tag.Get(bound.tag)
		if limit == "" {
			continue
		}
		edge := reflect.New(v.Type()).Elem()
		if err := setScalar(edge, limit); err != nil {
			panic("bound of " + path + ": " + err.Error())
		}
		if (v.Int()-edge.Int())*bound.sign < 0 {
			d.add(path, pos, false, "write "+limit+", or "+map[int64]string{1: "more", -1: "less"}[bound.sign],
				"%s is %s; it must be %s %s", path, text, bound.word, limit)
		}
	}
	switch rule := tag.Get("check"); rule {
	case "kind":
		if text != "" && len(d.kinds) > 0 {
			d.oneOf(path, pos, text, d.kinds)
		}
	case "":
	default:
		if why, hint := checkText(rule, text); why != "" {
			d.add(path, pos, false, hint, "%s %s", path, why)
		}
	}
}

func (d *decoder) oneOf(path string, pos *token.Position, text string, allowed []string) {
	if slices.Contains(allowed, text) {
		return
	}
	hint := "write one of " + strings.Join(allowed, ", ")
	if near := fault.Nearest(text, allowed); near != "" {
		hint = fmt.Sprintf("did you mean %q? allowed: %s", near, strings.Join(allowed, ", "))
	}
	d.add(path, pos, false, hint, "%s has no value %q", path, text)
}

// checkText applies a rule to a text and says what is wrong and what to write.
func checkText(rule, s string) (why, hint string) {
	switch rule {
	case "filled":
		if s == "" {
			return "is empty", "give it a value, or leave the line out"
		}
	case "address":
		if s == "" {
			return "", ""
		}
		host, port, err := net.SplitHostPort(s)
		n, perr := strconv.Atoi(port)
		if err != nil || perr != nil || n < 0 || n > 65535 || strings.ContainsAny(host, " /") {
			return fmt.Sprintf("is %q, not an address", s), "write host:port, such as 127.0.0.1:8080 or :8080"
		}
	case "url":
		if s == "" {
			return "", ""
		}
		u, err := url.Parse(s)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			return "is not an address of the web", "write https://host/path or http://host:port/path"
		}
		if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return "carries more than scheme, host and path", "put credentials into key or headers, by reference"
		}
	}
	return "", ""
}

// checkKey applies a rule to a map's key.
func checkKey(rule, s string) (why, hint string) {
	switch rule {
	case "name":
		if s == "" || len(s) > 64 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
			return "cannot name a provider", "use up to 64 lower-case letters, digits, -, _ and ."
		}
	case "header":
		if s == "" || strings.ContainsAny(s, " \t:\"(),/;<=>?@[\\]{}") {
			return "cannot name a header", "write a name such as x-team"
		}
	}
	return "", ""
}

// checkWhole checks what no single field can know.
func (d *decoder) checkWhole(c *Config) {
	for _, name := range slices.Sorted(maps.Keys(c.Providers)) {
		d.checkProvider(name, c.Providers[name], c)
	}
	d.checkPrices(&c.Prices)
	if c.Admin.Listen != "" && c.Admin.Listen == c.Listen && !strings.HasSuffix(c.Listen, ":0") {
		d.add("admin.listen", d.at["admin.listen"], false, "leave it out to share the gateway's address",
			"admin.listen and listen are both %s", c.Listen)
	}
	d.checkOTLP(c)
	if !c.Auth.Required && !IsLoopback(c.Listen) && !d.faulty("listen") {
		d.add("auth.required", d.at["auth.required"], false, "set auth.required to true, or listen on 127.0.0.1",
			"auth.required is false while %s can be reached from other machines", c.Listen)
	}
}

func (d *decoder) checkOTLP(c *Config) {
	o := &c.OTLP
	if o.MaxInFlight < 4*o.MaxBody && !d.faulty("otlp.max_body") && !d.faulty("otlp.max_in_flight") {
		at := d.at["otlp.max_in_flight"]
		if at == nil {
			at = d.at["otlp.max_body"]
		}
		d.add("otlp.max_in_flight", at, false, fmt.Sprintf("raise it to %s, or lower otlp.max_body", 4*o.MaxBody),
			"otlp.max_in_flight is %s, less than four times otlp.max_body (%s)", o.MaxInFlight, o.MaxBody)
	}
	for _, taken := range []struct{ field, address string }{{"listen", c.Listen}, {"admin.listen", c.Admin.Listen}} {
		if o.Receive && o.GRPC != "" && o.GRPC == taken.address && !strings.HasSuffix(o.GRPC, ":0") {
			at := d.at["otlp.grpc"]
			if at == nil {
				at = d.at[taken.field]
			}
			d.add("otlp.grpc", at, false, "give otlp.grpc another port, or \"\" for none",
				"otlp.grpc and %s are both %s", taken.field, o.GRPC)
		}
	}
}

// faulty reports whether a field has a problem already; a path that ends in a
// point stands for all the fields below it.
func (d *decoder) faulty(path string) bool {
	return slices.ContainsFunc(d.problems, func(p Problem) bool {
		return p.Path == path || strings.HasSuffix(path, ".") && strings.HasPrefix(p.Path, path)
	})
}

func (d *decoder) checkProvider(name string, p Provider, c *Config) {
	path := join("providers", name)
	pos := func(field string) *token.Position {
		if at := d.at[join(path, field)]; at != nil {
			return at
		}
		return d.at[path]
	}
	if name == SimName && c.Sim.Enabled {
		d.add(path, d.at[path], false, "choose another name, or set sim.enabled to false",
			"providers.%s takes the name of the built-in simulator", name)
	}
	if p.Kind == "" && d.at[join(path, "kind")] == nil {
		hint := "add kind: openai, or another kind"
		if len(d.kinds) > 0 {
			hint = "add kind: one of " + strings.Join(d.kinds, ", ")
		}
		d.add(path, d.at[path], false, hint, "%s has no kind", path)
	} else if p.Kind == "" {
		d.add(join(path, "kind"), pos("kind"), false, "write one of "+strings.Join(d.kinds, ", "), "%s.kind is empty", path)
	}
	if t := p.Timeouts; t.Total > 0 && t.Total < t.FirstToken && d.at[join(path, "timeouts")] != nil {
		d.add(join(path, "timeouts.total"), pos("timeouts.total"), false, "raise total, or lower first_token",
			"%s.timeouts.total is %s, less than first_token (%s)", path, t.Total, t.FirstToken)
	}
	if a := p.Credentials; a.AccessKey.IsSet() != a.SecretKey.IsSet() {
		d.add(join(path, "credentials"), pos("credentials"), false, "give both access_key and secret_key, or neither",
			"%s.credentials has one half of a key pair", path)
	}
}

func (d *decoder) checkPrices(p *Prices) {
	if p.Unpriced == "default" && (!p.Default.Input.IsSet() || !p.Default.Output.IsSet()) {
		d.add("prices.default", d.at["prices.unpriced"], false, "give prices.default.input and prices.default.output",
			"prices.unpriced is default, and there is no default price")
	}
	seen := map[string]int{}
	for i := range p.Overrides {
		o := &p.Overrides[i]
		path := fmt.Sprintf("prices.overrides[%d]", i)
		if o.Model == "" && d.at[path+".model"] == nil {
			d.add(path, d.at[path], false, "add model: the upstream model's name", "%s has no model", path)
		}
		if len(o.Rates()) == 0 && !d.faulty(path+".") {
			d.add(path, d.at[path], false, "give at least one price, such as input and output", "%s sets no price", path)
		}
		id := o.Provider + "/" + o.Model
		if first, twice := seen[id]; twice {
			d.add(path, d.at[path], false, fmt.Sprintf("keep one of the two (the other is prices.overrides[%d])", first),
				"%s prices %s a second time", path, strings.TrimPrefix(id, "/"))
		}
		seen[id] = i
	}
}

// IsLoopback reports whether an address can be reached from this machine only.
func IsLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
