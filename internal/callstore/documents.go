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
	b := make([]byte, 0, 128*len(*a))
	str := func(name, value string) {
		if value != "" {
			b = append(append(append(b, ',', '"'), name...), '"', ':')
			b = appendString(b, value)
		}
	}
	num := func(name string, value int64) {
		if value != 0 {
			b = append(append(append(b, ',', '"'), name...), '"', ':')
			b = strconv.AppendInt(b, value, 10)
		}
	}
	b = append(b, '[')
	for i := range *a {
		at := &(*a)[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(append(b, `{"provider":`...), at.Provider)
		str("model", at.Model)
		num("start_us", at.StartMicros)
		num("duration_us", at.DurationMicros)
		num("status", int64(at.Status))
		str("error_kind", at.ErrorKind)
		str("error_code", at.ErrorCode)
		str("request_id", at.RequestID)
		num("cost_nano", int64(at.Cost))
		b = append(b, '}')
	}
	return string(append(b, ']'))
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

// others is what other models used within the call; rare, so that it is written
// by the plainest means.
type others []llm.ModelUsage

type usageDocument struct {
	Model        string           `json:"model,omitempty"`
	Reported     bool             `json:"reported,omitempty"`
	Estimated    bool             `json:"estimated,omitempty"`
	Used         map[string]int64 `json:"used,omitempty"`
	Rejected     int64            `json:"rejected,omitempty"`
	ServiceTier  string           `json:"service_tier,omitempty"`
	Speed        string           `json:"speed,omitempty"`
	Geo          string           `json:"geo,omitempty"`
	CostNano     money.Nano       `json:"cost_nano,omitempty"`
	CostReported bool             `json:"cost_set,omitempty"`
	Others       []usageDocument  `json:"others,omitempty"`
}

func (o *others) Text() string {
	if len(*o) == 0 {
		return ""
	}
	b, err := json.Marshal(o.documents())
	if err != nil { // strings, numbers and booleans have no error
		return ""
	}
	return string(b)
}

func (o *others) documents() []usageDocument {
	docs := make([]usageDocument, len(*o))
	for i := range *o {
		u := &(*o)[i].Usage
		d := usageDocument{Model: (*o)[i].Model, Reported: u.Reported, Estimated: u.Estimated, Rejected: u.Rejected,
			ServiceTier: u.ServiceTier, Speed: u.Speed, Geo: u.Geo, CostNano: u.Cost, CostReported: u.CostReported,
			Used: make(map[string]int64), Others: (*others)(&u.Others).documents()}
		for q, n := range u.N {
			if n != 0 {
				d.Used[llm.Quantity(q).String()] = n
			}
		}
		docs[i] = d
	}
	return docs
}

func (o *others) Scan(src any) error {
	*o = nil
	s, err := text(src)
	if err != nil || s == "" {
		return err
	}
	var docs []usageDocument
	if err := json.Unmarshal([]byte(s), &docs); err != nil {
		return fmt.Errorf("other usage: %w", err)
	}
	o.take(docs)
	return nil
}

func (o *others) take(docs []usageDocument) {
	for _, d := range docs {
		m := llm.ModelUsage{Model: d.Model, Usage: llm.Usage{Reported: d.Reported, Estimated: d.Estimated, Rejected: d.Rejected,
			ServiceTier: d.ServiceTier, Speed: d.Speed, Geo: d.Geo, Cost: d.CostNano, CostReported: d.CostReported}}
		for name, n := range d.Used {
			if q, ok := llm.ParseQuantity(name); ok {
				m.Usage.N[q] = n
			}
		}
		(*others)(&m.Usage.Others).take(d.Others)
		*o = append(*o, m)
	}
}
