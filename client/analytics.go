package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Analysis asks for measures over calls, by dimensions. From and To are written as
// RFC 3339, a date, or how long ago: "-24h".
type Analysis struct {
	Measures, By []string
	From, To     string // empty: the last 24 hours
	Filter       string // in the query language
	Order        string // a measure, or "by"; empty: the first measure, or time
	Limit        int    // rows; 0: as many as there are, up to 10,000
	Compare      bool
	Zone         string // IANA name for days, weeks and months; empty: UTC
}

// Analyse computes measures over calls.
func (c *Client) Analyse(ctx context.Context, a Analysis) (Table, error) {
	v := filled(map[string]string{"measure": strings.Join(a.Measures, ","), "by": strings.Join(a.By, ","), "from": a.From, "to": a.To,
		"filter": a.Filter, "order": a.Order, "zone": a.Zone})
	if a.Limit > 0 {
		v.Set("limit", strconv.Itoa(a.Limit))
	}
	if a.Compare {
		v.Set("compare", "true")
	}
	var t Table
	err := c.do(ctx, http.MethodGet, "/api/calls/query", v, nil, &t)
	return t, err
}

func filled(values map[string]string) url.Values {
	v := url.Values{}
	for name, value := range values {
		if value != "" {
			v.Set(name, value)
		}
	}
	return v
}

// Facets returns the values that fields had since from.
func (c *Client) Facets(ctx context.Context, fields []string, from string) ([]Facet, error) {
	var l FacetList
	err := c.do(ctx, http.MethodGet, "/api/calls/facets", filled(map[string]string{"fields": strings.Join(fields, ","), "from": from}), nil, &l)
	return l.Facets, err
}

// Fields returns what calls can be asked by.
func (c *Client) Fields(ctx context.Context) (FieldList, error) {
	var l FieldList
	err := c.do(ctx, http.MethodGet, "/api/calls/fields", nil, nil, &l)
	return l, err
}

// Traces returns the newest traces that have a call which fits the query.
func (c *Client) Traces(ctx context.Context, query, from string, limit int) ([]Trace, error) {
	var l TraceList
	err := c.do(ctx, http.MethodGet, "/api/traces", filled(map[string]string{"query": query, "from": from, "limit": number(limit)}), nil, &l)
	return l.Traces, err
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// Trace returns one trace with its rows.
func (c *Client) Trace(ctx context.Context, id string) (TraceDetail, error) {
	var d TraceDetail
	err := c.do(ctx, http.MethodGet, "/api/traces/"+url.PathEscape(id), nil, nil, &d)
	return d, err
}

// Sessions returns the sessions with the newest calls.
func (c *Client) Sessions(ctx context.Context, query, from string, limit int) ([]SessionSum, error) {
	var l SessionList
	err := c.do(ctx, http.MethodGet, "/api/sessions", filled(map[string]string{"query": query, "from": from, "limit": number(limit)}), nil, &l)
	return l.Sessions, err
}

// Session returns the traces of one session, oldest first.
func (c *Client) Session(ctx context.Context, id string) ([]Trace, error) {
	var l TraceList
	err := c.do(ctx, http.MethodGet, "/api/sessions/"+url.PathEscape(id), nil, nil, &l)
	return l.Traces, err
}

// Metrics returns the metrics that applications reported since from.
func (c *Client) Metrics(ctx context.Context, from string) ([]Metric, error) {
	var l MetricList
	err := c.do(ctx, http.MethodGet, "/api/metrics", filled(map[string]string{"from": from}), nil, &l)
	return l.Metrics, err
}

// MetricQuery returns a metric over time. Step zero is one value for all of it.
func (c *Client) MetricQuery(ctx context.Context, name, from string, step time.Duration, by []string) ([]Series, error) {
	v := filled(map[string]string{"name": name, "from": from, "by": strings.Join(by, ",")})
	if step > 0 {
		v.Set("step", step.String())
	}
	var l SeriesList
	err := c.do(ctx, http.MethodGet, "/api/metrics/query", v, nil, &l)
	return l.Series, err
}
