package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Keys returns every key, oldest first.
func (c *Client) Keys(ctx context.Context) ([]Key, error) {
	var l KeyList
	err := c.do(ctx, http.MethodGet, "/api/keys", nil, nil, &l)
	return l.Keys, err
}

// Key returns one key and its ETag, which IfMatch takes.
func (c *Client) Key(ctx context.Context, id string) (k Key, etag string, err error) {
	resp, err := c.send(ctx, http.MethodGet, "/api/keys/"+url.PathEscape(id), nil, nil)
	if err != nil {
		return k, "", err
	}
	return k, resp.Header.Get("ETag"), c.read(ctx, resp, http.MethodGet, "/api/keys/"+id, &k)
}

// CreateKey makes a key. Its secret is in the answer, this once.
func (c *Client) CreateKey(ctx context.Context, k NewKey) (CreatedKey, error) {
	var out CreatedKey
	err := c.do(ctx, http.MethodPost, "/api/keys", nil, k, &out)
	return out, err
}

// RevokeKey ends a key at once.
func (c *Client) RevokeKey(ctx context.Context, id string) error {
	return c.do(ctx, http.MethodDelete, "/api/keys/"+url.PathEscape(id), nil, nil, nil)
}

// RotateKey makes a key in the place of another, which works for grace longer.
func (c *Client) RotateKey(ctx context.Context, id string, grace time.Duration) (CreatedKey, error) {
	var out CreatedKey
	err := c.do(ctx, http.MethodPost, "/api/keys/"+url.PathEscape(id)+"/rotate", nil,
		Rotation{Grace: grace.String()}, &out)
	return out, err
}

// Rotation says how a key is rotated.
type Rotation struct {
	Grace string `json:"grace,omitempty" doc:"How long the old key still works, such as 24h; empty: not at all"`
}

// Providers returns every provider, by name.
func (c *Client) Providers(ctx context.Context) ([]Provider, error) {
	var l ProviderList
	err := c.do(ctx, http.MethodGet, "/api/providers", nil, nil, &l)
	return l.Providers, err
}

// TestProvider asks a provider whether it answers. A provider that does not is no
// error: the result says so.
func (c *Client) TestProvider(ctx context.Context, name string) (ProviderTest, error) {
	var t ProviderTest
	err := c.do(ctx, http.MethodPost, "/api/providers/"+url.PathEscape(name)+"/test", nil, nil, &t)
	return t, err
}

// Models returns every model that can be called.
func (c *Client) Models(ctx context.Context) ([]Model, error) {
	var l ModelList
	err := c.do(ctx, http.MethodGet, "/api/models", nil, nil, &l)
	return l.Models, err
}

// PriceQuery selects prices. Zero fields do not restrict.
type PriceQuery struct {
	Provider string
	Search   string // part of the model's name, in any case
	Source   string // catalogue, config or override
}

// Prices returns the prices that q selects.
func (c *Client) Prices(ctx context.Context, q PriceQuery) (PriceList, error) {
	v := url.Values{}
	for name, value := range map[string]string{"provider": q.Provider, "search": q.Search, "source": q.Source} {
		if value != "" {
			v.Set(name, value)
		}
	}
	var l PriceList
	err := c.do(ctx, http.MethodGet, "/api/prices", v, nil, &l)
	return l, err
}

// Price returns what one model costs. model may hold slashes.
func (c *Client) Price(ctx context.Context, provider, model string) (Price, error) {
	parts := strings.Split(model, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	var p Price
	err := c.do(ctx, http.MethodGet, "/api/prices/"+url.PathEscape(provider)+"/"+strings.Join(parts, "/"), nil, nil, &p)
	return p, err
}

// SetPrices sets prices before the catalogue's, all or none.
func (c *Client) SetPrices(ctx context.Context, prices []NewPrice) ([]Price, error) {
	var l PriceList
	err := c.do(ctx, http.MethodPost, "/api/prices", nil, NewPrices{Prices: prices}, &l)
	return l.Prices, err
}

// ImportPrices puts a whole price list in force: Steward's own catalogue, genai-prices
// data (version 2) or LiteLLM's price file, as JSON.
func (c *Client) ImportPrices(ctx context.Context, list []byte) (ImportedPrices, error) {
	var out ImportedPrices
	err := c.do(ctx, http.MethodPost, "/api/prices/catalogue", nil, json.RawMessage(list), &out)
	return out, err
}

// Status returns how the server does.
func (c *Client) Status(ctx context.Context) (Status, error) {
	var s Status
	err := c.do(ctx, http.MethodGet, "/api/status", nil, nil, &s)
	return s, err
}
