package config

import (
	_ "embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
)

//go:embed config.go
var source string

// Shape says how a field is written.
type Shape string

// The shapes of fields.
const (
	Text         Shape = "text"
	Whole        Shape = "whole number"
	Switch       Shape = "true or false"
	Length       Shape = "duration"
	Bytes        Shape = "size"
	Amount       Shape = "price"
	Reference    Shape = "secret reference"
	TextOrSecret Shape = "text or secret reference"
	Section      Shape = "section"
	List         Shape = "list"
	Map          Shape = "map"
)

// Field describes one field for the schema, the reference page and the example.
type Field struct {
	Name     string   // as in the file
	Path     string   // with <name> for a map's key and [] for a list's item
	Doc      string   // the doc comment, as one paragraph, without the field's name
	Shape    Shape    // how it is written
	Item     Shape    // shape of a list's or map's items, else ""
	Default  string   // as in the file; empty: none
	Enum     []string // allowed words; nil: any
	Check    string   // the rule of its tag: "kind", "address", ...; empty: none
	Min, Max string   // bounds in the field's own notation; empty: none
	Example  string   // as in the file; may be empty
	Required bool     // refused when empty
	Fields   []Field  // of a section, or of a list's or map's items
}

// Fields describes the whole configuration, read from this package's own source.
func Fields() ([]Field, error) {
	docs, err := docComments()
	if err != nil {
		return nil, fmt.Errorf("read the doc comments of the configuration: %w", err)
	}
	return describe(reflect.TypeFor[Config](), "", docs), nil
}

func describe(t reflect.Type, path string, docs map[string]string) []Field {
	fields := make([]Field, 0, t.NumField())
	for i := range t.NumField() {
		sf := t.Field(i)
		tag := sf.Tag.Get
		f := Field{
			Name: tag("yaml"), Path: join(path, tag("yaml")), Doc: docs[t.Name()+"."+sf.Name],
			Shape: shapeOf(sf.Type), Default: tag("default"), Min: tag("min"), Max: tag("max"), Example: tag("example"), Check: tag("check"),
			Required: tag("check") == "filled" || tag("check") == "kind",
		}
		if e := tag("enum"); e != "" {
			f.Enum = strings.Split(e, "|")
		}
		switch f.Shape {
		case Section:
			f.Fields = describe(sf.Type, f.Path, docs)
		case List, Map:
			f.Item = shapeOf(sf.Type.Elem())
			if f.Item == Section {
				f.Fields = describe(sf.Type.Elem(), itemPath(f.Path, f.Shape), docs)
			}
		}
		fields = append(fields, f)
	}
	return fields
}

func itemPath(path string, s Shape) string {
	if s == List {
		return path + "[]"
	}
	return path + ".<name>"
}

func shapeOf(t reflect.Type) Shape {
	switch t {
	case reflect.TypeFor[Duration]():
		return Length
	case reflect.TypeFor[Size]():
		return Bytes
	case reflect.TypeFor[Price]():
		return Amount
	case reflect.TypeFor[Secret]():
		return Reference
	case reflect.TypeFor[Value]():
		return TextOrSecret
	}
	switch t.Kind() {
	case reflect.Bool:
		return Switch
	case reflect.Int:
		return Whole
	case reflect.Struct:
		return Section
	case reflect.Slice:
		return List
	case reflect.Map:
		return Map
	}
	return Text
}

// docComments returns the doc comment of each struct field, by "Type.Field". The
// name that a Go comment begins with is for the reader of Go, and dropped.
func docComments() (map[string]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "config.go", source, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	docs := map[string]string{}
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range gen.Specs {
			ts, ok := spec.(*ast.TypeSpec)
			if !ok {
				continue
			}
			st, ok := ts.Type.(*ast.StructType)
			if !ok {
				continue
			}
			for _, f := range st.Fields.List {
				docs[ts.Name.Name+"."+f.Names[0].Name] = sentence(f.Names[0].Name, f.Doc.Text())
			}
		}
	}
	return docs, nil
}

func sentence(name, doc string) string {
	text := strings.Join(strings.Fields(doc), " ")
	rest, ok := strings.CutPrefix(text, name+" ")
	if !ok {
		return text
	}
	for _, verb := range []string{"is ", "are "} {
		rest = strings.TrimPrefix(rest, verb)
	}
	return strings.ToUpper(rest[:1]) + rest[1:]
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
