package price

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// SchemaVersion is the version of the catalogue's file format.
const SchemaVersion = 1

// File is a price catalogue as it is stored. Its text has one model per line, so
// that a change of price is a change of one line.
type File struct {
	Schema int `json:"schema"`
	// Version is Checked and a hash of the rest of the file.
	Version   string         `json:"version,omitempty"`
	Checked   string         `json:"checked"`  // day of the last check: "2026-11-25"
	Currency  string         `json:"currency"` // "USD": nothing else is spoken
	Sources   []Source       `json:"sources,omitempty"`
	Providers []FileProvider `json:"-"`
}

// Source says whose facts the catalogue holds.
type Source struct {
	Name      string `json:"name"`
	URL       string `json:"url,omitempty"`
	Revision  string `json:"revision,omitempty"`
	Licence   string `json:"licence,omitempty"`
	Copyright string `json:"copyright,omitempty"`
}

// FileProvider is one provider's price list.
type FileProvider struct {
	ID      string   `json:"id"`
	Name    string   `json:"name,omitempty"`
	Aliases []string `json:"aliases,omitempty"` // other names of the provider
	URLs    []string `json:"urls,omitempty"`    // where its prices are published
	Note    string   `json:"note,omitempty"`
	// Fallback names providers whose lists are tried for models not listed here.
	Fallback []string `json:"fallback,omitempty"`
	// Rates are for every model that does not say otherwise (tools, mostly).
	Rates Rates `json:"rates,omitempty"`
	// Modes are service tiers ("flex", "priority", "batch") and speeds ("fast").
	Modes map[string]Mode `json:"modes,omitempty"`
	// Geos are regions of inference that cost more ("us").
	Geos   map[string]Mode `json:"geos,omitempty"`
	Models []FileModel     `json:"-"`
}

// Mode is how a service tier, a speed or a region changes the prices of tokens.
type Mode struct {
	// Times multiplies the rate of every token, but those in Except.
	Times  string   `json:"times,omitempty"`
	Except []string `json:"except,omitempty"`
	// Rates replace rates, at any length of context; where a longer context is
	// dearer still, its price holds.
	Rates  Rates  `json:"rates,omitempty"`
	Source string `json:"source,omitempty"`
}

// FileModel is one model. The first price stands on the model itself.
type FileModel struct {
	ID        string `json:"id"`
	Name      string `json:"name,omitempty"`
	Match     []Rule `json:"match,omitempty"`      // none: the id alone
	Context   int64  `json:"context,omitempty"`    // tokens
	MaxOutput int64  `json:"max_output,omitempty"` // tokens
	FilePrice
	// Then holds later prices; the last one that is in force applies, and the
	// first where none is.
	Then  []FilePrice     `json:"then,omitempty"`
	Modes map[string]Mode `json:"modes,omitempty"`
	Geos  map[string]Mode `json:"geos,omitempty"`
}

// FilePrice is a price and when it is in force. No rates at all: not known.
type FilePrice struct {
	From   string     `json:"from,omitempty"`   // first day, UTC
	Until  string     `json:"until,omitempty"`  // first day no longer, UTC
	Window string     `json:"window,omitempty"` // "00:30-16:30", UTC, end excluded
	Rates  Rates      `json:"rates,omitempty"`
	Tiers  []FileTier `json:"tiers,omitempty"`
}

// FileTier is what a call costs whose whole input, cached tokens included, is
// longer than Over tokens. Its rates are for all of the call's tokens, not only
// for those beyond the mark; rates it does not name stay.
type FileTier struct {
	Over  int64 `json:"over"`
	Rates Rates `json:"rates"`
}

type providerHead struct {
	FileProvider
	Models []FileModel `json:"models"`
}

// ParseFile reads a catalogue file without checking its prices.
func ParseFile(data []byte) (*File, error) {
	var raw struct {
		File
		Providers []providerHead `json:"providers"`
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&raw); err != nil {
		return nil, fmt.Errorf("price catalogue: %w", err)
	}
	if dec.More() {
		return nil, fmt.Errorf("price catalogue: there is text after the end")
	}
	f := raw.File
	f.Providers = make([]FileProvider, len(raw.Providers))
	for i, p := range raw.Providers {
		f.Providers[i] = p.FileProvider
		f.Providers[i].Models = p.Models
	}
	return &f, nil
}

// Format writes f as text, one model per line, with the version that its content
// has. The same file always gives the same bytes.
func (f *File) Format() ([]byte, error) {
	c := *f
	c.Version = ""
	blank, err := c.text()
	if err != nil {
		return nil, err
	}
	c.Version = versionOf(c.Checked, blank)
	return c.text()
}

func (f *File) text() ([]byte, error) {
	head, err := marshal(f)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.Write(bytes.TrimSuffix(head, []byte("}")))
	b.WriteString(",\n\"providers\":[")
	for i := range f.Providers {
		p := &f.Providers[i]
		line, err := marshal(p)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
		b.Write(bytes.TrimSuffix(line, []byte("}")))
		b.WriteString(",\"models\":[")
		for j := range p.Models {
			line, err := marshal(&p.Models[j])
			if err != nil {
				return nil, err
			}
			if j > 0 {
				b.WriteByte(',')
			}
			b.WriteByte('\n')
			b.Write(line)
		}
		b.WriteString("]}")
	}
	b.WriteString("\n]}\n")
	return b.Bytes(), nil
}

func versionOf(checked string, blank []byte) string {
	h := sha256.Sum256(blank)
	return checked + "-" + hex.EncodeToString(h[:6])
}

// contentVersion is the version of data as it stands, whatever it says itself.
func contentVersion(f *File, data []byte) string {
	if f.Version != "" {
		field, err := marshal(f.Version)
		if err == nil {
			data = bytes.Replace(data, append([]byte(`"version":`), append(field, ',')...), nil, 1)
		}
	}
	return versionOf(f.Checked, data)
}

// marshal is json.Marshal without the escaping that is for web pages.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
