package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/steward-llmops/steward/console"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/gateway"
	"github.com/steward-llmops/steward/internal/otel"
)

// Handler returns everything that one listener serves: the gateway's surfaces, the
// admin API, the console, metrics and probes. Without admin only the gateway and
// the probes are there.
func (a *App) Handler(withGateway, withAdmin bool) http.Handler {
	admin := http.NewServeMux()
	admin.Handle("/api/", a.api.Handler())
	admin.Handle("/metrics", promhttp.HandlerFor(a.registry, promhttp.HandlerOpts{}))
	admin.Handle("/", console.Handler())
	probes := http.NewServeMux()
	probes.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	probes.HandleFunc("/readyz", a.readyz)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.EscapedPath()
		switch {
		case withGateway && a.receiver != nil && otel.Serves(path) && (r.Method == http.MethodPost || !gateway.Serves(path)):
			a.receiver.Handler().ServeHTTP(w, r)
		case withGateway && (strings.HasPrefix(path, "/v1") || gateway.Serves(path)):
			a.gateway.ServeHTTP(w, r)
		case path == "/healthz" || path == "/readyz":
			probes.ServeHTTP(w, r)
		case withAdmin:
			admin.ServeHTTP(w, r)
		default:
			http.NotFound(w, r)
		}
	})
}

// readyz says whether calls can be served and recorded.
func (a *App) readyz(w http.ResponseWriter, _ *http.Request) {
	if err := a.journal.Healthy(); err != nil {
		http.Error(w, fault.As(err).Public(), http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ready\n"))
}

// Serve listens and serves until ctx ends, and then lets calls in flight finish.
func (a *App) Serve(ctx context.Context) error {
	type listening struct {
		net.Listener
		handler http.Handler
	}
	separate := a.cfg.Admin.Listen != "" && a.cfg.Admin.Listen != a.cfg.Listen
	main, err := listen(a.cfg.Listen, "listen")
	if err != nil {
		return err
	}
	listeners := []listening{{main, a.Handler(true, !separate)}}
	adminAddr := main.Addr().String()
	if separate {
		l, err := listen(a.cfg.Admin.Listen, "admin.listen")
		if err != nil {
			_ = main.Close()
			return err
		}
		listeners = append(listeners, listening{l, a.Handler(false, true)})
		adminAddr = l.Addr().String()
	}
	a.listenTelemetry()
	if err := a.banner(main.Addr().String(), adminAddr); err != nil {
		return err
	}
	if a.opts.Ready != nil {
		a.opts.Ready(main.Addr().String())
	}
	failed := make(chan error, len(listeners))
	var servers []*http.Server
	for _, l := range listeners {
		s := a.server(l.handler)
		servers = append(servers, s)
		a.work.Go(func() {
			if err := s.Serve(l.Listener); !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("serve %s: %w", l.Addr(), err)
			}
		})
	}
	settleDown()
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.cfg.Calls.DrainTimeout.Std())
	defer cancel()
	for _, s := range servers {
		if e := s.Shutdown(grace); e != nil {
			a.log.Warn("calls in flight did not finish in time and were cut", "in_flight", a.gateway.InFlight())
			_ = s.Close()
		}
	}
	return err
}

func (a *App) server(h http.Handler) *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{Handler: h, ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 3 * time.Minute,
		MaxHeaderBytes: int(a.cfg.Limits.Header), Protocols: &protocols}
}

func listen(addr, field string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err == nil {
		return l, nil
	}
	f := fault.New(fault.Conflict, "listen", "cannot listen on %s", addr).Because(err)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, f.Hinted("another program uses the port: stop it, or choose another with --listen 127.0.0.1:8090")
	case errors.Is(err, syscall.EACCES):
		return nil, f.Hinted("ports below 1024 need a privilege: choose another with --listen")
	}
	return nil, f.Hinted("check %s in the configuration", field)
}
