package client

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Table is measures over calls, by dimensions.
type Table struct {
	Rows         []TableRow        `json:"rows" nullable:"false" doc:"A group each: its dimensions and its measures by name"`
	Measures     []string          `json:"measures" nullable:"false" doc:"The measures, as they were written: names of the rows' fields"`
	By           []string          `json:"by" nullable:"false" doc:"The dimensions, as they were written: names of the rows' fields"`
	Units        map[string]string `json:"units" nullable:"false" doc:"Unit of each measure: nano_usd, us (microseconds), tokens, calls, spans, ratio (0 to 1), tokens_per_second, attempts, values or score"`
	From         string            `json:"from" doc:"Inclusive, RFC 3339, UTC"`
	To           string            `json:"to" doc:"Exclusive, RFC 3339, UTC"`
	PreviousFrom string            `json:"previous_from,omitempty" doc:"Start of the period that rows are compared with; it ends at from"`
	Groups       int64             `json:"groups" doc:"How many groups there are; more than the rows where the limit left some out"`
	Partial      bool              `json:"partial" doc:"Some of the calls or of the time is missing"`
	Reason       string            `json:"reason,omitempty" doc:"Why it is partial"`
	Scanned      int64             `json:"scanned" doc:"Rows of the store that were read"`
	Rolled       bool              `json:"rolled" doc:"Answered, in part or in whole, from kept sums"`
}

// TableRow is one group. In JSON it is one flat object: a text for each dimension, a
// number or null for each measure and, where periods are compared, "previous".
type TableRow struct {
	Keys     map[string]string
	Values   map[string]Figure
	Previous map[string]Figure // nil: periods are not compared
}

// Figure is a number as it came; "" is none (null), which is never zero.
type Figure string

// Int returns the figure as a whole number, rounded towards zero; false of none.
func (f Figure) Int() (int64, bool) {
	if n, err := strconv.ParseInt(string(f), 10, 64); err == nil {
		return n, true
	}
	x, ok := f.Float()
	return int64(x), ok
}

// Float returns the figure; false of none.
func (f Figure) Float() (float64, bool) {
	x, err := strconv.ParseFloat(string(f), 64)
	return x, err == nil
}

// MarshalJSON writes a number or null.
func (f Figure) MarshalJSON() ([]byte, error) {
	if f == "" {
		return []byte("null"), nil
	}
	return []byte(f), nil
}

// UnmarshalJSON reads a number or null.
func (f *Figure) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*f = ""
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil || len(b) == 0 || b[0] == '"' {
		return fmt.Errorf("a figure is a number or null")
	}
	*f = Figure(n)
	return nil
}

// MarshalJSON writes the flat object: dimensions, then measures, each by name.
func (r TableRow) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	field := func(name string, value any) error {
		n, err := json.Marshal(name)
		if err != nil {
			return err
		}
		v, err := json.Marshal(value)
		if err != nil {
			return err
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(append(append(b, n...), ':'), v...)
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(r.Keys)) {
		if err := field(name, r.Keys[name]); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Values)) {
		if err := field(name, r.Values[name]); err != nil {
			return nil, err
		}
	}
	if r.Previous != nil {
		if err := field(previous, r.Previous); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// previous names the figures of the period before in a row.
const previous = "previous"

// UnmarshalJSON reads the flat object: texts are dimensions, numbers and null measures.
func (r *TableRow) UnmarshalJSON(b []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil {
		return err
	}
	*r = TableRow{Keys: map[string]string{}, Values: map[string]Figure{}}
	for name, v := range fields {
		v = bytes.TrimSpace(v)
		var err error
		switch {
		case v[0] == '"':
			var s string
			err = json.Unmarshal(v, &s)
			r.Keys[name] = s
		case v[0] == '{' && name == previous:
			err = json.Unmarshal(v, &r.Previous)
		default:
			var f Figure
			err = f.UnmarshalJSON(v)
			r.Values[name] = f
		}
		if err != nil {
			return fmt.Errorf("field %q: %w", name, err)
		}
	}
	return nil
}

// FacetList is the values that fields had.
type FacetList struct {
	From   string  `json:"from" doc:"Inclusive, RFC 3339, UTC"`
	To     string  `json:"to" doc:"Exclusive, RFC 3339, UTC"`
	Facets []Facet `json:"facets" nullable:"false"`
}

// Facet is the values of one field.
type Facet struct {
	Field  string       `json:"field" doc:"Name of the field; of a tag tag.NAME"`
	Values []FacetValue `json:"values" nullable:"false" doc:"Most calls first"`
	More   bool         `json:"more" doc:"There are more values than were asked for, or than are kept"`
}

// FacetValue is one value of a field.
type FacetValue struct {
	Value string `json:"value"`
	Calls *int64 `json:"calls" doc:"Calls with this value; null: not known"`
}

// FieldList is every word that questions about calls are written with.
type FieldList struct {
	Fields       []Field   `json:"fields" nullable:"false" doc:"What can stand before a colon of a query, tags (tag.NAME) and texts apart"`
	Measures     []Measure `json:"measures" nullable:"false" doc:"What can be computed; of fields also with an aggregation: latency_p95, p95(latency)"`
	Aggregations []string  `json:"aggregations" nullable:"false" doc:"What can be taken of a field"`
	Dimensions   []string  `json:"dimensions" nullable:"false" doc:"What rows can be grouped by; tags are tag.NAME"`
	Steps        []string  `json:"steps" nullable:"false" doc:"The dimensions that are steps of time"`
}

// Field is something that calls are asked by.
type Field struct {
	Name      string   `json:"name"`
	Aliases   []string `json:"aliases" nullable:"false" doc:"Other words for it"`
	Kind      string   `json:"kind" enum:"text,number,duration,money,decimal,bool,time" doc:"How its values are written"`
	Doc       string   `json:"doc"`
	Dimension bool     `json:"dimension" doc:"Rows can be grouped by it"`
	Facet     bool     `json:"facet" doc:"Its values can be listed"`
}

// Measure is something that can be computed over calls.
type Measure struct {
	Name string `json:"name"`
	Unit string `json:"unit" doc:"As in a table's units"`
}

// ParsedQuery is a query as it is understood.
type ParsedQuery struct {
	Query   string `json:"query" doc:"The same in its canonical form; relative times are moments in it"`
	Content bool   `json:"content" doc:"It asks for what was said, which takes longer"`
	Spans   bool   `json:"spans" doc:"It selects rows that sums do not count, too"`
}
