package app

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/api"
	"github.com/steward-llmops/steward/internal/cost/ledger"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/jobs"
	"github.com/steward-llmops/steward/internal/journal"
	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/record"
)

// newAPI ties the admin API to the stores.
func (a *App) newAPI() *api.Server {
	return &api.Server{
		Version: a.opts.Version, Token: a.Token, Now: a.opts.Now,
		Keys: a.keys, Calls: freshCalls{a.calls, a}, Contents: contents{a.journal}, Tail: tail{a.journal}, Ledger: report{a},
		Providers: a.providers, Models: a.providers, Prices: a.prices, Status: status{a},
		FirstVisit: a.visits, Sessions: a.sessions, OTLP: otlpStatus{a},
	}
}

// logOf is the journal as jobs read it.
type logOf struct{ *journal.Journal }

// Follow implements jobs.Log.
func (l logOf) Follow(offset int64, callsOnly bool) jobs.Reader {
	r := l.NewReader(offset)
	r.CallsOnly, r.Reuse = callsOnly, true
	return r
}

type contents struct{ j *journal.Journal }

// Content implements api.Contents.
func (c contents) Content(_ context.Context, call *record.Call) (record.Content, error) {
	got, err := c.j.Content(call)
	if err != nil {
		return record.Content{}, err
	}
	return *got, nil
}

type tail struct{ j *journal.Journal }

// Tail implements api.Tail: it reads the journal from its end on.
func (t tail) Tail(ctx context.Context) iter.Seq[calls.Row] {
	return func(yield func(calls.Row) bool) {
		at := t.j.End()
		r := t.j.NewReader(at)
		defer r.Close()
		for t.j.Wait(ctx, at) == nil {
			batch, next, err := r.Next(nil, 256)
			if err != nil || ctx.Err() != nil {
				return
			}
			at = next
			for _, e := range batch {
				if e.Call != nil && !yield(calls.Row{Call: *e.Call, Counted: true}) {
					return
				}
			}
		}
	}
}

// caughtUp waits a moment until a projection has what the journal had when
// somebody asked, so that a call can be seen as soon as it has been answered.
func (a *App) caughtUp(ctx context.Context, name string) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	for _, p := range a.projectors {
		if p.Name == name {
			_ = p.CaughtUp(ctx, a.journal.End()) // what is late is shown late
		}
	}
}

// freshCalls is the calls store, asked once it has caught up. The catalogue of facets
// and the metrics may be a moment behind.
type freshCalls struct {
	calls.Store
	a *App
}

// List implements calls.Store.
func (f freshCalls) List(ctx context.Context, q calls.Query) (calls.Page, error) {
	f.a.caughtUp(ctx, "calls")
	return f.Store.List(ctx, q)
}

// Show implements calls.Store.
func (f freshCalls) Show(ctx context.Context, id ident.ID) (calls.Row, error) {
	f.a.caughtUp(ctx, "calls")
	return f.Store.Show(ctx, id)
}

// Analyse implements calls.Store.
func (f freshCalls) Analyse(ctx context.Context, a *calls.Analysis) (*calls.Table, error) {
	f.a.caughtUp(ctx, "calls")
	return f.Store.Analyse(ctx, a)
}

// Traces implements calls.Store.
func (f freshCalls) Traces(ctx context.Context, q calls.Query) ([]calls.TraceSum, error) {
	f.a.caughtUp(ctx, "calls")
	return f.Store.Traces(ctx, q)
}

// Trace implements calls.Store.
func (f freshCalls) Trace(ctx context.Context, traceID string, limit int) (*calls.Trace, error) {
	f.a.caughtUp(ctx, "calls")
	return f.Store.Trace(ctx, traceID, limit)
}

// Sessions implements calls.Store.
func (f freshCalls) Sessions(ctx context.Context, q calls.Query) ([]calls.SessionSum, error) {
	f.a.caughtUp(ctx, "calls")
	return f.Store.Sessions(ctx, q)
}

type report struct{ a *App }

// Report implements api.Ledger. What the query restricts is a dimension of the
// question to the ledger, and taken out again here.
func (r report) Report(ctx context.Context, q api.ReportQuery) (client.Report, error) {
	r.a.caughtUp(ctx, "ledger")
	by := slices.Clone(q.By)
	only := map[string]string{"provider": q.Provider, "model": q.Model, "project": q.Project, "team": q.Team, "key": q.Key}
	for _, name := range slices.Sorted(maps.Keys(only)) {
		if only[name] != "" && !slices.Contains(by, name) {
			by = append(by, name)
		}
	}
	dims, err := ledger.ParseDimensions(by)
	if err != nil {
		return client.Report{}, err
	}
	found, err := r.a.store.LedgerReport(ctx, q.From, q.To, dims)
	if err != nil {
		return client.Report{}, err
	}
	out := client.Report{By: q.By, From: stamp(q.From), To: stamp(q.To)}
	if len(by) == 0 {
		out.TotalNano, out.Calls, out.Unpriced = int64(found.Total.CostNano), found.Total.Calls, found.Total.Unpriced
		return out, nil
	}
	index := map[string]int{}
	for _, row := range found.Rows {
		if !matches(row, by, only) {
			continue
		}
		key := strings.Join(row.Values[:len(q.By)], "\x00")
		i, ok := index[key]
		if !ok && len(q.By) > 0 {
			i = len(out.Rows)
			index[key] = i
			out.Rows = append(out.Rows, client.ReportRow{})
			for k, name := range q.By {
				*out.Rows[i].Dimension(name) = row.Values[k]
			}
		}
		out.TotalNano += int64(row.CostNano)
		out.Calls += row.Calls
		out.Unpriced += row.Unpriced
		if len(q.By) > 0 {
			o := &out.Rows[i]
			o.Calls, o.Unpriced, o.CostNano = o.Calls+row.Calls, o.Unpriced+row.Unpriced, o.CostNano+int64(row.CostNano)
			o.InputTokens, o.OutputTokens = o.InputTokens+row.InputTokens, o.OutputTokens+row.OutputTokens
		}
	}
	slices.SortStableFunc(out.Rows, func(a, b client.ReportRow) int { return cmp.Compare(b.CostNano, a.CostNano) })
	return out, nil
}

func matches(row ledger.Row, by []string, only map[string]string) bool {
	for i, name := range by {
		if want := only[name]; want != "" && row.Values[i] != want {
			return false
		}
	}
	return true
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

type status struct{ a *App }

// Status implements api.Status.
func (s status) Status(ctx context.Context) (client.Status, error) {
	a := s.a
	now := a.opts.Now()
	free, total := diskSpace(a.cfg.Data)
	out := client.Status{Version: a.opts.Version, Started: a.started.UTC().Format(time.RFC3339), Uptime: now.Sub(a.started).Microseconds(),
		Ready: true, Data: a.cfg.Data, Disk: client.Disk{Free: free, Total: total, MinFree: int64(a.cfg.Journal.MinFree)},
		Journal: client.Journal{Healthy: true, Position: a.journal.End(), Synced: a.journal.Synced(), Segments: a.journal.Segments()}, InFlight: a.gateway.InFlight()}
	if err := a.journal.Healthy(); err != nil {
		out.Ready, out.Reason, out.Journal.Healthy, out.Journal.Reason = false, err.Error(), false, err.Error()
	}
	for _, p := range a.projectors {
		st := p.Status()
		out.Projections = append(out.Projections, client.Projection{Name: st.Name, Healthy: st.Error == "", Reason: st.Error, Position: st.Position, Lag: st.Behind})
	}
	var err error
	out.Providers, err = a.providers.Providers(ctx)
	return out, err
}
