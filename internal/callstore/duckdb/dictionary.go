package duckdb

import (
	"github.com/steward-llmops/steward/internal/callstore"
	"github.com/steward-llmops/steward/internal/observe/calls"
)

// dictionary is which values the facets have had, and on which day last, so that
// menus are filled without a scan.
type dictionary struct {
	fields map[string]*facet
	last   map[*calls.Field]seen // by field: most rows say what the row before said
}

type seen struct {
	value string
	day   int64
}

type facet struct {
	seen map[string]int64 // day since the epoch, by value
	more bool             // values were left out
}

// Bounds of the dictionary: what has more values is looked for, not chosen.
const (
	mostValues = 2000
	mostTags   = 200
	mostLength = 200 // bytes of a value
)

var facets = func() (list []*calls.Field) {
	for _, f := range calls.Fields {
		if f.Facet {
			list = append(list, f)
		}
	}
	return list
}()

// word is a value that is new, or new on its day.
type word struct {
	field, value string
	day          int64
}

func (d *dictionary) load(field, value string, day int64) {
	f := d.facet(field)
	if f == nil {
		return
	}
	f.seen[value] = max(f.seen[value], day)
}

func (d *dictionary) facet(field string) *facet {
	f := d.fields[field]
	if f == nil {
		if d.fields == nil {
			d.fields = map[string]*facet{}
		}
		if len(d.fields) >= mostTags+len(facets) {
			return nil
		}
		f = &facet{seen: map[string]int64{}}
		d.fields[field] = f
	}
	return f
}

// see notes a row's values and appends those that are new to words.
func (d *dictionary) see(words []word, r *calls.Row) []word {
	day := r.Time / (24 * hourMicros)
	if d.last == nil {
		d.last = make(map[*calls.Field]seen, len(facets))
	}
	for _, f := range facets {
		now := seen{f.Text(r), day}
		if now.value != "" && d.last[f] != now {
			d.last[f] = now
			words = d.note(words, f.Name, now.value, day)
		}
	}
	for _, t := range r.Tags {
		words = d.note(words, calls.TagPrefix+t.Name, t.Value, day)
	}
	return words
}

func (d *dictionary) note(words []word, field, value string, day int64) []word {
	if value == "" || len(value) > mostLength || len(field) > mostLength {
		return words
	}
	f := d.facet(field)
	if f == nil {
		return words
	}
	last, ok := f.seen[value]
	if ok && last >= day {
		return words
	}
	if !ok && len(f.seen) >= mostValues {
		f.more = true
		return words
	}
	f.seen[value] = day
	return append(words, word{callstore.Clean(field), callstore.Clean(value), day})
}
