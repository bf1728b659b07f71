package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// settings is the configuration that Steward is measured with: keys are asked for,
// calls priced, content kept, everything else at its default.
const settings = `providers:
  lab:
    kind: openai
    base_url: "http://%[1]s/v1"
    models: [gpt-4o-mini]
  claude:
    kind: anthropic
    base_url: "http://%[1]s/v1"
    models: [claude-haiku-4-5]
content:
  keep: true
`

// The models that the settings offer, each with a price in the catalogue.
const (
	labModel    = "lab/gpt-4o-mini"
	claudeModel = "claude/claude-haiku-4-5"
)

// steward is a running Steward.
type steward struct {
	*child
	addr, key, token string
	http             *http.Client
	healthy          time.Duration // from its start to the first good /healthz
	said             time.Duration // what it says itself: "ready in"
}

// startSteward starts Steward with a fresh data directory in dir, and waits until it
// can be used.
func startSteward(ctx context.Context, program, dir, upstream string, cpu int) (*steward, error) {
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	config, data := filepath.Join(dir, "steward.yaml"), filepath.Join(dir, "data")
	if err := os.WriteFile(config, fmt.Appendf(nil, settings, upstream), 0o600); err != nil {
		return nil, err
	}
	began := time.Now()
	c, err := start("steward", cpu, program, "up", "--config", config, "--data", data, "--listen", addr)
	if err != nil {
		return nil, err
	}
	s := &steward{child: c, addr: addr, http: &http.Client{Timeout: 10 * time.Second}}
	if err := s.waitHealthy(ctx); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	s.healthy = time.Since(began)
	if err := s.readBanner(); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	token, err := os.ReadFile(filepath.Join(data, "admin-token"))
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	s.token = strings.TrimSpace(string(token))
	s.discard()
	return s, nil
}

// freeAddress is a loopback address that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func (s *steward) waitHealthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		if res, err := s.http.Get("http://" + s.addr + "/healthz"); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("steward does not answer /healthz: %w", ctx.Err())
		case <-time.After(time.Millisecond):
		}
	}
}

// readBanner finds the first key and the time that the start took.
func (s *steward) readBanner() error {
	for {
		line, err := s.line()
		if err != nil {
			return err
		}
		if i := strings.Index(line, "sk-steward-"); i >= 0 {
			s.key, _, _ = strings.Cut(line[i:], `"`)
		}
		if took, ok := strings.CutPrefix(line, "ready in "); ok {
			if s.said, err = time.ParseDuration(took); err != nil {
				return fmt.Errorf("read %q: %w", line, err)
			}
			break
		}
	}
	if s.key == "" {
		return errors.New("steward printed no key")
	}
	return nil
}

// get reads a page of the admin API.
func (s *steward) get(ctx context.Context, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.addr+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	res, err := s.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, res.Status)
	}
	return json.NewDecoder(res.Body).Decode(into)
}

// catchUp waits until every projection has read the journal to its end.
func (s *steward) catchUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		var status struct {
			InFlight    int `json:"in_flight"`
			Projections []struct {
				Name    string `json:"name"`
				Healthy bool   `json:"healthy"`
				Reason  string `json:"reason"`
				Lag     int64  `json:"lag_bytes"`
			} `json:"projections"`
		}
		if err := s.get(ctx, "/api/status", &status); err != nil {
			return fmt.Errorf("wait for the projections: %w", err)
		}
		behind := int64(status.InFlight)
		for _, p := range status.Projections {
			if !p.Healthy {
				return fmt.Errorf("projection %s: %s", p.Name, p.Reason)
			}
			behind += p.Lag
		}
		if behind == 0 && len(status.Projections) > 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the projections: %w", ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// spending is what the cost report says of all calls.
type spending struct {
	Calls    int   `json:"calls"`
	Unpriced int   `json:"unpriced"`
	Nano     int64 `json:"total_nano"` // nano-dollars
}

func (s *steward) report(ctx context.Context) (spending, error) {
	var r spending
	err := s.get(ctx, "/api/cost/report", &r)
	return r, err
}
