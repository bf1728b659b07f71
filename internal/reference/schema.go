package main

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/steward-llmops/steward/internal/config"
	"github.com/steward-llmops/steward/internal/provider"
)

// schema is a JSON schema (draft 2020-12), as far as a configuration needs it.
type schema struct {
	Schema      string             `json:"$schema,omitempty"`
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Type        any                `json:"type,omitempty"`
	Default     any                `json:"default,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	Pattern     string             `json:"pattern,omitempty"`
	Minimum     *int64             `json:"minimum,omitempty"`
	Maximum     *int64             `json:"maximum,omitempty"`
	Properties  map[string]*schema `json:"properties,omitempty"`
	Required    []string           `json:"required,omitempty"`
	Additional  any                `json:"additionalProperties,omitempty"` // false or a schema
	Items       *schema            `json:"items,omitempty"`
}

func schemaFile(fields []config.Field) ([]byte, error) {
	root := sectionSchema(fields, false)
	root.Schema = "https://json-schema.org/draft/2020-12/schema"
	root.Title = "Steward's configuration"
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(root)
	return b.Bytes(), err
}

// sectionSchema describes an object. A section may be left empty ("calls:" with
// nothing after it), which YAML reads as null; an item may not.
func sectionSchema(fields []config.Field, item bool) *schema {
	s := &schema{Type: []string{"object", "null"}, Properties: map[string]*schema{}, Additional: false}
	if item {
		s.Type = "object"
	}
	for i := range fields {
		f := &fields[i]
		s.Properties[f.Name] = fieldSchema(f)
		if item && f.Required {
			s.Required = append(s.Required, f.Name)
		}
	}
	return s
}

func fieldSchema(f *config.Field) *schema {
	var s *schema
	switch f.Shape {
	case config.Section:
		s = sectionSchema(f.Fields, false)
	case config.List:
		s = &schema{Type: []string{"array", "null"}, Items: itemSchema(f)}
	case config.Map:
		s = &schema{Type: []string{"object", "null"}, Additional: itemSchema(f)}
	default:
		s = scalarSchema(f.Shape)
	}
	s.Description = f.Doc
	if f.Check == "kind" {
		for _, k := range provider.Kinds() {
			s.Enum = append(s.Enum, k.ID)
		}
	}
	if len(f.Enum) > 0 {
		s.Enum = f.Enum
		if f.Default == "" {
			s.Enum = append([]string{""}, f.Enum...)
		}
	}
	setDefault(s, f)
	return s
}

func itemSchema(f *config.Field) *schema {
	if f.Item == config.Section {
		return sectionSchema(f.Fields, true)
	}
	return scalarSchema(f.Item)
}

func scalarSchema(shape config.Shape) *schema {
	switch shape {
	case config.Switch:
		return &schema{Type: "boolean"}
	case config.Whole:
		return &schema{Type: "integer"}
	case config.Length:
		return &schema{Type: "string", Pattern: `^([0-9]+d|([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+)$`}
	case config.Bytes:
		return &schema{Type: "string", Pattern: `^[0-9]+(\.[0-9]+)? ?(B|[kKMGT]B|[KMGT]iB)$`}
	case config.Amount:
		return &schema{Type: []string{"string", "number"}, Pattern: `^([0-9]*(\.[0-9]{1,9})?)$`}
	case config.Reference:
		return &schema{Type: "string", Pattern: `^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)?$`}
	}
	return &schema{Type: "string"}
}

func setDefault(s *schema, f *config.Field) {
	number := func(text string) *int64 {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil
		}
		return &n
	}
	switch {
	case f.Shape == config.Whole:
		s.Minimum, s.Maximum = number(f.Min), number(f.Max)
		if n := number(f.Default); n != nil {
			s.Default = *n
		}
	case f.Shape == config.Switch:
		s.Default = f.Default == "true"
	case f.Default != "":
		s.Default = f.Default
	}
}
