package callstore

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
	"github.com/steward-llmops/steward/internal/record"
)

// text returns what an engine gave for a JSON column.
func text(src any) (string, error) {
	switch v := src.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case []byte:
		return string(v), nil
	}
	return "", fmt.Errorf("a document is %T, not text", src)
}

// parse reads a document's text; none is an empty document.
func parse(src any, kind string) (gjson.Result, error) {
	s, err := text(src)
	if err != nil || s == "" {
		return gjson.Result{}, err
	}
	if !gjson.Valid(s) {
		return gjson.Result{}, fmt.Errorf("%s are not JSON", kind)
	}
	return gjson.Parse(s), nil
}

// appendString appends s as a JSON string.
func appendString(dst []byte, s string) []byte {
	plain := true
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			plain = false
			break
		}
	}
	if plain {
		return append(append(append(dst, '"'), s...), '"')
	}
	b, err := json.Marshal(s)
	if err != nil { // a string has no error
		return append(dst, `""`...)
	}
	return append(dst, b...)
}

// tags is a JSON object, so that an engine can look into it; its members keep
// their order, and a name that was given twice stands twice.
type tags []record.Tag

func (t *tags) Text() string {
	if len(*t) == 0 {
		return ""
	}
	b := []byte{'{'}
	for i, tag := range *t {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(appendString(b, tag.Name), ':'), tag.Value)
	}
	return string(append(b, '}'))
}

func (t *tags) Scan(src any) error {
	*t = nil
	doc, err := parse(src, "tags")
	doc.ForEach(func(name, value gjson.Result) bool {
		*t = append(*t, record.Tag{Name: name.String(), Value: value.String()})
		return true
	})
	return err
}

type attempts []record.Attempt

func (a *attempts) Text() string {
	if len(*a) == 0 {
		return ""
	}
	d := document{b: make([]byte, 0, 128*len(*a))}
	d.b = append(d.b, '[')
	for i := range *a {
		at := &(*a)[i]
		if i > 0 {
			d.b = append(d.b, ',')
		}
		d.b = append(d.b, '{')
		d.str("provider", at.Provider)
		d.str("model", at.Model)
		d.num("start_us", at.StartMicros)
		d.num("duration_us", at.DurationMicros)
		d.num("status", int64(at.Status))
		d.str("error_kind", at.ErrorKind)
		d.str("error_code", at.ErrorCode)
		d.str("request_id", at.RequestID)
		d.num("cost_nano", int64(at.Cost))
		d.b = append(d.b, '}')
	}
	return string(append(d.b, ']'))
}

func (a *attempts) Scan(src any) error {
	*a = nil
	doc, err := parse(src, "attempts")
	for _, item := range doc.Array() {
		var at record.Attempt
		item.ForEach(func(name, v gjson.Result) bool {
			switch name.Str {
			case "provider":
				at.Provider = v.String()
			case "model":
				at.Model = v.String()
			case "start_us":
				at.StartMicros = v.Int()
			case "duration_us":
				at.DurationMicros = v.Int()
			case "status":
				at.Status = int(v.Int())
			case "error_kind":
				at.ErrorKind = v.String()
			case "error_code":
				at.ErrorCode = v.String()
			case "request_id":
				at.RequestID = v.String()
			case "cost_nano":
				at.Cost = money.Nano(v.Int())
			}
			return true
		})
		*a = append(*a, at)
	}
	return err
}

type lost []string

func (l *lost) Text() string {
	if len(*l) == 0 {
		return ""
	}
	b := []byte{'['}
	for i, name := range *l {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, name)
	}
	return string(append(b, ']'))
}

func (l *lost) Scan(src any) error {
	*l = nil
	doc, err := parse(src, "lost features")
	for _, item := range doc.Array() {
		*l = append(*l, item.String())
	}
	return err
}

// usage is the whole of a call's usage: what is asked by has columns of its own.
type usage llm.Usage

type usageDocument struct {
	Model        string           `json:"model,omitempty"` // of others only
	Reported     bool             `json:"reported,omitempty"`
	Estimated    bool             `json:"estimated,omitempty"`
	Used         map[string]int64 `json:"used,omitempty"` // by quantity
	Rejected     int64            `json:"rejected,omitempty"`
	ServiceTier  string           `json:"service_tier,omitempty"`
	Speed        string           `json:"speed,omitempty"`
	Geo          string           `json:"geo,omitempty"`
	CostNano     money.Nano       `json:"cost_nano,omitempty"` // as the provider says
	CostReported bool             `json:"cost_set,omitempty"`
	Others       []usageDocument  `json:"others,omitempty"`
}

func (u *usage) Text() string {
	d := document{b: make([]byte, 0, 128)}
	d.usage("", (*llm.Usage)(u))
	if len(d.b) == len("{}") {
		return ""
	}
	return string(d.b)
}

// document writes usageDocuments by hand, because every call has one.
type document struct{ b []byte }

func (d *document) name(name string) {
	if d.b[len(d.b)-1] != '{' {
		d.b = append(d.b, ',')
	}
	d.b = append(append(append(d.b, '"'), name...), '"', ':')
}

func (d *document) num(name string, n int64) {
	if n != 0 {
		d.name(name)
		d.b = strconv.AppendInt(d.b, n, 10)
	}
}

func (d *document) str(name, s string) {
	if s != "" {
		d.name(name)
		d.b = appendString(d.b, s)
	}
}

func (d *document) flag(name string, v bool) {
	if v {
		d.name(name)
		d.b = append(d.b, "true"...)
	}
}

func (d *document) usage(model string, u *llm.Usage) {
	d.b = append(d.b, '{')
	d.str("model", model)
	d.flag("reported", u.Reported)
	d.flag("estimated", u.Estimated)
	if u.N != [llm.NumQuantities]int64{} {
		d.name("used")
		d.b = append(d.b, '{')
		for q, n := range u.N {
			d.num(llm.Quantity(q).String(), n)
		}
		d.b = append(d.b, '}')
	}
	d.num("rejected", u.Rejected)
	d.str("service_tier", u.ServiceTier)
	d.str("speed", u.Speed)
	d.str("geo", u.Geo)
	d.num("cost_nano", int64(u.Cost))
	d.flag("cost_set", u.CostReported)
	if len(u.Others) > 0 {
		d.name("others")
		d.b = append(d.b, '[')
		for i := range u.Others {
			if i > 0 {
				d.b = append(d.b, ',')
			}
			d.usage(u.Others[i].Model, &u.Others[i].Usage)
		}
		d.b = append(d.b, ']')
	}
	d.b = append(d.b, '}')
}

func (u *usage) Scan(src any) error {
	*u = usage{}
	s, err := text(src)
	if err != nil || s == "" {
		return err
	}
	var d usageDocument
	if err := json.Unmarshal([]byte(s), &d); err != nil {
		return fmt.Errorf("usage: %w", err)
	}
	*u = usage(d.model().Usage)
	return nil
}

func (d *usageDocument) model() llm.ModelUsage {
	m := llm.ModelUsage{Model: d.Model, Usage: llm.Usage{Reported: d.Reported, Estimated: d.Estimated, Rejected: d.Rejected,
		ServiceTier: d.ServiceTier, Speed: d.Speed, Geo: d.Geo, Cost: d.CostNano, CostReported: d.CostReported}}
	for name, n := range d.Used {
		if q, ok := llm.ParseQuantity(name); ok {
			m.Usage.N[q] = n
		}
	}
	for i := range d.Others {
		m.Usage.Others = append(m.Usage.Others, d.Others[i].model())
	}
	return m
}
