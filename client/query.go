package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Analysis asks for measures over calls, by dimensions. Zero fields are the server's
// choice: calls, in one row, of the last 24 hours.
type Analysis struct {
	Measures []string // "cost", "p95(latency)"; see Fields
	By       []string // "model", "tag.team", "hour"
	From, To time.Time
	Filter   string // in the query language
	Order    string // a measure, the largest first; "by": the dimensions' values
	Limit    int    // of rows; 0: as many as the server gives
	Compare  bool   // beside each row, the same of the period before
	Zone     string // of days, weeks and months: "Europe/Berlin"; empty: UTC
}

// QueryCalls returns measures over calls.
func (c *Client) QueryCalls(ctx context.Context, a Analysis) (Table, error) {
	v := within(a.From, a.To)
	for _, m := range a.Measures {
		v.Add("measure", m)
	}
	for _, by := range a.By {
		v.Add("by", by)
	}
	setAll(v, map[string]string{"filter": a.Filter, "order": a.Order, "zone": a.Zone, "limit": number(a.Limit)})
	if a.Compare {
		v.Set("compare", "true")
	}
	var t Table
	err := c.do(ctx, http.MethodGet, "/api/calls/query", v, nil, &t)
	return t, err
}

// FacetQuery asks for the values that fields had.
type FacetQuery struct {
	From, To time.Time // zero: the last 7 days
	Fields   []string  // empty: every facet, and every tag
	Prefix   string    // only values that begin so
	Limit    int       // values a field; 0: 20
}

// Facets returns the values that fields had.
func (c *Client) Facets(ctx context.Context, q FacetQuery) (FacetList, error) {
	v := within(q.From, q.To)
	setAll(v, map[string]string{"fields": strings.Join(q.Fields, ","), "prefix": q.Prefix, "limit": number(q.Limit)})
	var l FacetList
	err := c.do(ctx, http.MethodGet, "/api/calls/facets", v, nil, &l)
	return l, err
}

// Fields returns every word that questions about calls are written with.
func (c *Client) Fields(ctx context.Context) (FieldList, error) {
	var l FieldList
	err := c.do(ctx, http.MethodGet, "/api/calls/fields", nil, nil, &l)
	return l, err
}

// ParseQuery returns a query as the server understands it. What is wrong with it is an
// Error of code "invalid_query".
func (c *Client) ParseQuery(ctx context.Context, query string) (ParsedQuery, error) {
	var p ParsedQuery
	err := c.do(ctx, http.MethodGet, "/api/calls/parse", url.Values{"query": {query}}, nil, &p)
	return p, err
}

// within returns the parameters of a time; a zero one is left out.
func within(from, to time.Time) url.Values {
	some := CallQuery{From: from, To: to}
	return some.values()
}

// setAll sets the values that are not empty.
func setAll(v url.Values, values map[string]string) {
	for name, value := range values {
		if value != "" {
			v.Set(name, value)
		}
	}
}

// number writes a number that is not zero.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
