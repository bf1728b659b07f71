package conform_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/record"
)

// wrong is a request that Steward itself must refuse.
type wrong struct {
	change func(d *dialect, r *request)
	key    string // "unknown", "none", "expired", "revoked", "narrow"; empty: a good one
	model  string // empty: chat/m-1
	status int
	code   string
	says   string // stands in the message
	bodied bool   // only for dialects that name the model in the body
}

// body replaces the request's body.
func body(b string) func(*dialect, *request) {
	return func(_ *dialect, r *request) { r.body = []byte(b) }
}

var wrongs = map[string]wrong{
	"a key that nobody made":       {key: "unknown", status: 401, code: "invalid_api_key"},
	"no key":                       {key: "none", status: 401, code: "invalid_api_key"},
	"a key past its day":           {key: "expired", status: 401, code: "expired_api_key"},
	"a key that was revoked":       {key: "revoked", status: 401, code: "revoked_api_key"},
	"a model that the key may not": {key: "narrow", status: 403, code: "model_not_allowed", says: "google/*"},
	"a model that is nearly right": {model: "gpt-4o-mnii", status: 404, code: "model_not_found", says: "gpt-4o-mini"},
	"a model that is nothing":      {model: "zzzzzzzzzzzzzzzzzzzzzzzzzzz", status: 404, code: "model_not_found", says: "steward model list"},
	"a provider that is not there": {model: "nowhere/m-1", status: 404, code: "model_not_found"},
	"a model that several have":    {model: "gpt-4o", status: 400, code: "model_ambiguous", says: "resp/gpt-4o, twin/gpt-4o"},
	"JSON with a slip":             {change: body("{\n  \"messages\": [,]\n}"), status: 400, code: "invalid_json", says: "line 2, column 16"},
	"JSON that breaks off":         {change: body(`{"messages": [{"role":"user"`), status: 400, code: "invalid_json", says: "byte 28"},
	"an empty body":                {change: body(""), status: 400, code: "invalid_json", says: "empty"},
	"a body of blanks":             {change: body(" \n "), status: 400, code: "invalid_json", says: "empty"},
	"a list for a body":            {change: body(`[1,2]`), status: 400, code: "invalid_json", says: "not a JSON object"},
	"bytes that are no UTF-8":      {change: body("{\"a\":\"\xff\xfe\"}x"), status: 400, code: "invalid_json"},
	"two models":                   {change: body(`{"model":"chat/m-1","model":"claude/m-1","messages":[]}`), status: 400, code: "ambiguous_request", says: "model"},
	"a model spelt in two ways":    {change: body(`{"model":"chat/m-1","Model":"claude/m-1","messages":[]}`), status: 400, code: "ambiguous_request", says: "model"},
	"two wishes for a stream":      {change: body(`{"model":"chat/m-1","stream":true,"stream":false,"messages":[]}`), status: 400, code: "ambiguous_request", says: "stream"},
	"a model that is a number":     {bodied: true, change: body(`{"model":7,"messages":[]}`), status: 400, code: "invalid_model"},
	"no model":                     {bodied: true, change: body(`{"messages":[],"max_tokens":1}`), status: 400, code: "model_missing"},
	"a body over the limit":        {change: body(`{"model":"chat/m-1","a":"` + strings.Repeat("x", 70<<10) + `"}`), status: 413, code: "body_too_large"},
	"a body over the limit, chunks": {change: func(_ *dialect, r *request) {
		r.body, r.chunked = []byte(`{"a":"`+strings.Repeat("x", 70<<10)+`"}`), true
	}, status: 413, code: "body_too_large"},
	"GET":                       {change: func(_ *dialect, r *request) { r.method, r.body = http.MethodGet, nil }, status: 405, code: "method_not_allowed", says: "POST"},
	"PUT":                       {change: func(_ *dialect, r *request) { r.method = http.MethodPut }, status: 405, code: "method_not_allowed", says: "POST"},
	"messages that are no list": {model: "claude/m-1", change: func(d *dialect, r *request) { r.body = []byte(noMessages(d)) }, status: 400},
}

// noMessages is a request whose conversation is a number; it reaches a decoder only
// where the call is translated.
func noMessages(d *dialect) string {
	model := "claude/m-1"
	if d.format == llm.AnthropicMessages {
		model = "chat/m-1"
	}
	return `{"model":"` + model + `","max_tokens":5,"messages":7,"input":7,"contents":7}`
}

// TestWrongRequests sends what is wrong in every dialect, for a stream and not.
func TestWrongRequests(t *testing.T) {
	up := newUpstream(t) // expects nobody
	providers := speakerConfigs("", up.URL, config.Timeouts{})
	providers["twin"] = providers["resp"]
	h := open(t, providers, priceModel(t), func(c *config.Config) { c.Limits.MaxBody = 64 << 10 })
	keys := map[string]string{"": h.key, "unknown": "sk-steward-nobody-made-this", "none": "",
		"narrow":  h.newKey(client.NewKey{Name: "narrow", Models: []string{"google/*"}}),
		"expired": h.newKey(client.NewKey{Name: "expired", Expires: time.Now().Add(200 * time.Millisecond).UTC().Format(time.RFC3339Nano)}),
		"revoked": h.newKey(client.NewKey{Name: "revoked"})}
	list, err := h.admin.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range list {
		if k.Name == "revoked" {
			if err := h.admin.RevokeKey(t.Context(), k.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	for state := ""; state != "expired"; {
		list, err := h.admin.Keys(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range list {
			if k.Name == "expired" {
				state = k.State
			}
		}
	}
	var all []refused
	for name, w := range wrongs {
		for dn, d := range dialects(t) {
			if w.bodied && (d.format == llm.GeminiGenerate || d.format == llm.BedrockConverse) {
				continue
			}
			if name == "messages that are no list" && dn == "anthropic-messages" {
				w.model = "chat/m-1"
			}
			for _, stream := range []bool{false, true} {
				model := w.model
				if model == "" {
					model = "chat/m-1"
				}
				r := d.request(keys[w.key], model, stream)
				if w.key == "none" {
					r.header.Del(d.key)
					r.header["No-Key"] = []string{"1"}
				}
				if w.change != nil {
					w.change(&d, &r)
				}
				s := refused{fmt.Sprintf("%s / %s / %v", name, dn, stream), w, h.do(r)}
				all = append(all, s)
				s.check(t, &d)
			}
		}
	}
	h.end()
	for _, s := range all {
		c := h.calls[s.a.id()]
		if s.w.status == 401 {
			if c != nil {
				t.Errorf("%s: a call of nobody is in the journal", s.name)
			}
			continue
		}
		if c == nil || c.Outcome != record.Failed || c.Cost != 0 || c.Pricing != record.Free || c.ErrorCode != s.a.code() || c.Status != s.a.status || len(c.Attempts) != 0 {
			t.Errorf("%s: record %+v", s.name, c)
		}
	}
	t.Logf("%d wrong requests refused", len(all))
}

// refused is a wrong request and what came of it.
type refused struct {
	name string
	w    wrong
	a    *answer
}

func (s *refused) check(t *testing.T, d *dialect) {
	t.Helper()
	a := s.a
	if a.err != nil {
		t.Errorf("%s: %v", s.name, a.err)
		return
	}
	message, code, ok := d.fault(a.header, a.body)
	if a.status != s.w.status || !ok || code != a.code() || s.w.code != "" && code != s.w.code || !strings.Contains(message, s.w.says) {
		t.Errorf("%s: status %d, code %q, header %q, in the caller's own format %v: %s", s.name, a.status, code, a.code(), ok, excerpt(a.body))
	}
	if d.format == llm.GeminiGenerate && gjson.GetBytes(a.body, "error.code").Int() != int64(a.status) {
		t.Errorf("%s: status %d, yet the body says %s", s.name, a.status, excerpt(a.body))
	}
	if a.status == 405 && a.header.Get("Allow") != "POST" {
		t.Errorf("%s: 405 that allows %q", s.name, a.header.Get("Allow"))
	}
	if a.status == 401 && a.header.Get("Www-Authenticate") == "" {
		t.Errorf("%s: 401 without www-authenticate", s.name)
	}
	if a.id() == "" || !strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
		t.Errorf("%s: header %v", s.name, a.header)
	}
}
