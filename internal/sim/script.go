package sim

import (
	"fmt"
	"math/rand/v2"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/steward-llmops/steward/internal/fault"
)

// Script is a list of rules that decide which requests meet which fault. The
// first rule that fires wins. A script keeps counts: give each server its own.
type Script struct {
	rules []scriptRule

	mu   sync.Mutex
	seen []int // matching calls, by rule
}

type scriptFile struct {
	Rules []scriptRule `yaml:"rules"`
}

type scriptRule struct {
	Match  scriptMatch       `yaml:"match"`
	Fault  string            `yaml:"fault"`
	Params map[string]string `yaml:"params"`
}

type scriptMatch struct {
	Model       string   `yaml:"model"`       // glob; empty: all
	Path        string   `yaml:"path"`        // glob, or the end of a path; empty: all
	AfterCalls  int      `yaml:"after_calls"` // leave this many matching calls alone
	Every       int      `yaml:"every"`       // then strike each n-th; 0: each
	Probability *float64 `yaml:"probability"` // then strike with this chance; nil: always
	From        string   `yaml:"from"`        // since the server's start: 30 or 30s
	To          string   `yaml:"to"`          // not from then on; empty: for ever

	from, to time.Duration
}

// ParseScript reads a fault script (YAML). The error is a *fault.Error of kind
// Invalid, with line and column where the text is at fault.
func ParseScript(text []byte) (*Script, error) {
	var file scriptFile
	if err := yaml.UnmarshalWithOptions(text, &file, yaml.Strict()); err != nil {
		return nil, fault.New(fault.Invalid, "bad_fault_script", "the fault script cannot be read").Because(err)
	}
	for i := range file.Rules {
		if err := file.Rules[i].check(); err != nil {
			f := fault.As(err)
			return nil, fault.New(fault.Invalid, "bad_fault_script", "rule %d of the fault script: %s", i+1, f.Message).Hinted("%s", f.Hint)
		}
	}
	return &Script{rules: file.Rules, seen: make([]int, len(file.Rules))}, nil
}

func (r *scriptRule) check() error {
	if err := (&Fault{r.Fault, r.Params}).check(); err != nil {
		return err
	}
	m := &r.Match
	wrong := func(format string, args ...any) error {
		return fault.New(fault.Invalid, "bad_fault_script", "%s", fmt.Sprintf(format, args...))
	}
	for _, glob := range []string{m.Model, m.Path} {
		if _, err := path.Match(glob, ""); err != nil {
			return wrong("%q is not a pattern", glob)
		}
	}
	if m.AfterCalls < 0 || m.Every < 0 {
		return wrong("after_calls and every are not negative")
	}
	if p := m.Probability; p != nil && !(*p >= 0 && *p <= 1) {
		return wrong("probability is %v; want 0 to 1", *p)
	}
	var err error
	if m.From != "" {
		if m.from, err = duration(m.From); err != nil {
			return wrong("from: %v", err)
		}
	}
	m.to = 1<<63 - 1
	if m.To != "" {
		if m.to, err = duration(m.To); err != nil || m.to <= m.from {
			return wrong("to is %q; want a time later than from", m.To)
		}
	}
	return nil
}

// strike returns the fault that the next call meets; nil: none.
func (s *Script) strike(model, urlPath string, since time.Duration, seed uint64) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	var hit *Fault
	for i := range s.rules {
		r := &s.rules[i]
		if !r.Match.fits(model, urlPath, since) {
			continue
		}
		s.seen[i]++
		if hit == nil && r.Match.due(s.seen[i], seed, i) {
			hit = &Fault{r.Fault, r.Params}
		}
	}
	return hit
}

func (m *scriptMatch) fits(model, urlPath string, since time.Duration) bool {
	return since >= m.from && since < m.to &&
		(m.Model == "" || globs(m.Model, model) || globs(m.Model, bareModel(model))) &&
		(m.Path == "" || globs(m.Path, urlPath) || strings.HasSuffix(urlPath, m.Path))
}

func globs(pattern, s string) bool {
	ok, err := path.Match(pattern, s)
	return ok && err == nil
}

// due reports whether the n-th matching call, counted from 1, is struck.
func (m *scriptMatch) due(n int, seed uint64, rule int) bool {
	n -= m.AfterCalls
	if n <= 0 || m.Every > 0 && n%m.Every != 0 {
		return false
	}
	if m.Probability == nil {
		return true
	}
	rng := rand.New(rand.NewPCG(seed^uint64(rule+1)<<32, uint64(n)))
	return rng.Float64() < *m.Probability
}
