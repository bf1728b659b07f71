package config

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/steward-llmops/steward/internal/fault"
)

// Default returns the configuration of an empty file.
func Default() Config {
	var c Config
	fillDefaults(reflect.ValueOf(&c).Elem())
	return c
}

// Parse reads a file strictly. name is what problems call it; kinds are the kinds
// of provider that this build knows. The error is Problems, all at once.
func Parse(name string, src []byte, kinds []string) (Config, error) {
	d := newDecoder(name, src, kinds)
	c := Default()
	d.into(&c, nil)
	return c, d.err()
}

// fillDefaults sets every field of a struct from its default tag.
func fillDefaults(v reflect.Value) {
	for i := range v.NumField() {
		f, tag := v.Field(i), v.Type().Field(i).Tag
		if shapeOf(f.Type()) == Section {
			fillDefaults(f)
		} else if def := tag.Get("default"); def != "" {
			if err := setScalar(f, def); err != nil {
				panic("default of " + v.Type().Field(i).Name + ": " + err.Error())
			}
		}
	}
}

// setScalar parses s into a scalar field.
func setScalar(v reflect.Value, s string) error {
	var err error
	switch p := v.Addr().Interface().(type) {
	case *string:
		*p = s
	case *Duration:
		*p, err = ParseDuration(s)
	case *Size:
		*p, err = ParseSize(s)
	case *Price:
		*p, err = ParsePrice(s)
	case *Secret:
		*p, err = parseSecret(s)
	case *Value:
		*p, err = parseValue(s)
	case *bool:
		switch s {
		case "true", "false":
			*p = s == "true"
		default:
			err = fmt.Errorf("%q is neither true nor false", s)
		}
	case *int:
		if *p, err = strconv.Atoi(s); err != nil {
			err = fmt.Errorf("%q is not a whole number", s)
		}
	default:
		err = fmt.Errorf("fields of type %s cannot be read", v.Type())
	}
	return err
}

type decoder struct {
	name     string
	lines    []string
	src      []byte
	kinds    []string
	problems Problems
	anchors  map[string]ast.Node
	depth    int
	hidden   []string // values that may be secrets, and so stand in no problem
	// at is where each field of the file stands, for checks that come later.
	at map[string]*token.Position
}

func newDecoder(name string, src []byte, kinds []string) *decoder {
	text := strings.ReplaceAll(string(src), "\r\n", "\n")
	return &decoder{name: name, src: []byte(text), lines: strings.Split(text, "\n"), kinds: kinds,
		anchors: map[string]ast.Node{}, at: map[string]*token.Position{}}
}

func (d *decoder) err() error {
	if len(d.problems) == 0 {
		return nil
	}
	for i := range d.problems {
		for _, s := range d.hidden {
			d.problems[i].Excerpt = strings.ReplaceAll(d.problems[i].Excerpt, s, "***")
			d.problems[i].Message = strings.ReplaceAll(d.problems[i].Message, s, "***")
		}
	}
	slices.SortStableFunc(d.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return d.problems
}

// add notes a problem at a position, which may be nil.
func (d *decoder) add(path string, pos *token.Position, hide bool, hint, format string, args ...any) {
	p := Problem{Source: d.name, Path: mask(path), Message: mask(fmt.Sprintf(format, args...)), Hint: hint}
	if pos != nil && pos.Line >= 1 {
		p.Line, p.Column = pos.Line, max(pos.Column, 1)
		if pos.Line <= len(d.lines) {
			p.Excerpt = excerpt(d.lines[pos.Line-1], path, hide)
		}
	}
	d.problems = append(d.problems, p)
}

// maxFile bounds a file, so that parsing one ends soon.
const maxFile = 16 << 20

// parse returns the root of the first document, or nil where there is none.
func (d *decoder) parse() ast.Node {
	if len(d.src) > maxFile {
		d.add("", nil, false, "", "the file is larger than %s", Size(maxFile))
		return nil
	}
	file, err := parser.ParseBytes(d.src, 0)
	if err != nil {
		pos := &token.Position{Line: 1, Column: 1}
		text := "this is not YAML"
		if syntax, ok := errors.AsType[*yaml.SyntaxError](err); ok {
			text = syntax.Message
			if syntax.Token != nil && syntax.Token.Position != nil {
				pos = syntax.Token.Position
			}
		}
		d.add("", pos, false, "", "%s", text)
		return nil
	}
	var root ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if root != nil {
			d.add("", doc.Body.GetToken().Position, false, "keep one document in the file", "a second document begins here")
			break
		}
		root = doc.Body
	}
	if root != nil {
		d.collect(root)
	}
	return root
}

// into decodes the file over c, lays the other sources over it, and checks all.
func (d *decoder) into(c *Config, over []laid) {
	root := d.parse()
	if root == nil && len(d.problems) > 0 {
		return // not YAML: whatever else could be said would be noise
	}
	if root != nil {
		d.value("", root, reflect.ValueOf(c).Elem(), "")
	}
	for _, o := range over {
		if o.path == "data" {
			c.Data = o.value
			continue
		}
		if why, hint := checkText("address", o.value); why != "" {
			d.problems = append(d.problems, Problem{Source: o.source, Path: o.path, Message: o.path + " " + why, Hint: hint})
			continue
		}
		c.Listen = o.value
	}
	d.checkWhole(c)
}

// collect remembers the anchors of the document.
func (d *decoder) collect(n ast.Node) {
	ast.Walk(anchorFinder{d.anchors}, n)
}

type anchorFinder struct{ anchors map[string]ast.Node }

// Visit implements ast.Visitor.
func (f anchorFinder) Visit(n ast.Node) ast.Visitor {
	if a, ok := n.(*ast.AnchorNode); ok && a.Name != nil {
		f.anchors[a.Name.GetToken().Value] = a.Value
	}
	return f
}

// follow returns what a node stands for: an anchor's or a tag's value, an alias's
// target.
func (d *decoder) follow(n ast.Node) ast.Node {
	for range 16 {
		switch t := n.(type) {
		case *ast.AnchorNode:
			n = t.Value
		case *ast.TagNode:
			n = t.Value
		case *ast.AliasNode:
			if t.Value == nil {
				return n
			}
			target, ok := d.anchors[t.Value.GetToken().Value]
			if !ok {
				return n
			}
			n = target
		default:
			return n
		}
	}
	return n
}

// value decodes one node into v. tag is the field's struct tag.
func (d *decoder) value(path string, raw ast.Node, v reflect.Value, tag reflect.StructTag) {
	n := d.follow(raw)
	if d.depth > 32 {
		d.add(path, position(raw), false, "", "%s is nested too deeply", path)
		return
	}
	d.depth++
	defer func() { d.depth-- }()
	switch shapeOf(v.Type()) {
	case Section:
		d.section(path, n, v)
	case Map:
		d.dict(path, n, v, tag)
	case List:
		d.list(path, n, v)
	default:
		d.scalar(path, n, v, tag)
	}
}

// position returns where a node begins: for a mapping, its first key.
func position(n ast.Node) *token.Position {
	switch t := n.(type) {
	case *ast.MappingValueNode:
		return position(t.Key)
	case *ast.MappingNode:
		if !t.IsFlowStyle && len(t.Values) > 0 {
			return position(t.Values[0])
		}
	}
	if n == nil || n.GetToken() == nil {
		return nil
	}
	return n.GetToken().Position
}

// pairs returns the keys and values of a mapping, merged ones included.
func (d *decoder) pairs(path string, n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch t := n.(type) {
	case nil, *ast.NullNode:
		return nil, true
	case *ast.MappingValueNode:
		return d.unmerge(path, []*ast.MappingValueNode{t}), true
	case *ast.MappingNode:
		return d.unmerge(path, t.Values), true
	}
	return nil, false
}

// unmerge puts what "<<" brings in before what stands in its own right.
func (d *decoder) unmerge(path string, in []*ast.MappingValueNode) []*ast.MappingValueNode {
	var merged, own []*ast.MappingValueNode
	for _, p := range in {
		if _, ok := p.Key.(*ast.MergeKeyNode); !ok {
			own = append(own, p)
			continue
		}
		if d.depth++; d.depth < 32 {
			if more, ok := d.pairs(path, d.follow(p.Value)); ok {
				merged = append(merged, more...)
			}
		}
		d.depth--
	}
	return append(merged, own...)
}

func (d *decoder) section(path string, n ast.Node, v reflect.Value) {
	pairs, ok := d.pairs(path, n)
	if !ok {
		d.add(path, position(n), true, "put its fields on lines of their own, indented", "%s is a section, not a single value", named(path))
		return
	}
	names := make([]string, v.NumField())
	for i := range names {
		names[i] = v.Type().Field(i).Tag.Get("yaml")
	}
	for _, p := range pairs {
		name, pos := p.Key.GetToken().Value, position(p.Key)
		i := slices.Index(names, name)
		if i < 0 {
			hint := "leave it out; the fields here are " + strings.Join(names, ", ")
			if near := fault.Nearest(name, names); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			d.hide(p.Value)
			d.add(join(path, name), pos, true, hint, "%s has no field %q", named(path), name)
			continue
		}
		field := join(path, name)
		d.at[field] = pos
		if _, null := d.follow(p.Value).(*ast.NullNode); null {
			continue // "name:" with nothing after it leaves the default
		}
		d.value(field, p.Value, v.Field(i), v.Type().Field(i).Tag)
	}
}

func named(path string) string {
	if path == "" {
		return "the configuration"
	}
	return path
}

func (d *decoder) dict(path string, n ast.Node, v reflect.Value, tag reflect.StructTag) {
	pairs, ok := d.pairs(path, n)
	if !ok {
		d.add(path, position(n), true, "write name: value on lines of their own, indented", "%s is a map of names, not a single value", path)
		return
	}
	out := reflect.MakeMap(v.Type())
	for _, p := range pairs {
		name := p.Key.GetToken().Value
		key := join(path, name)
		d.at[key] = position(p.Key)
		if why, hint := checkKey(tag.Get("keys"), name); why != "" {
			d.add(key, position(p.Key), true, hint, "%s %s", strconv.Quote(name), why)
			continue
		}
		item := reflect.New(v.Type().Elem()).Elem()
		if shapeOf(item.Type()) == Section {
			fillDefaults(item)
		}
		d.value(key, p.Value, item, tag)
		out.SetMapIndex(reflect.ValueOf(name), item)
	}
	v.Set(out)
}

func (d *decoder) list(path string, n ast.Node, v reflect.Value) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		d.add(path, position(n), true, "begin each item with - on a line of its own, or write [a, b]", "%s is a list, not a single value", path)
		return
	}
	out := reflect.MakeSlice(v.Type(), 0, len(seq.Values))
	for i, itemNode := range seq.Values {
		item := reflect.New(v.Type().Elem()).Elem()
		at := fmt.Sprintf("%s[%d]", path, i)
		d.at[at] = position(itemNode)
		if shapeOf(item.Type()) == Section {
			fillDefaults(item)
		}
		d.value(at, itemNode, item, "")
		out = reflect.Append(out, item)
	}
	v.Set(out)
}

func (d *decoder) scalar(path string, n ast.Node, v reflect.Value, tag reflect.StructTag) {
	text, ok := scalarText(n)
	shape := shapeOf(v.Type())
	secret := shape == Reference || shape == TextOrSecret
	if !ok {
		d.add(path, position(n), true, "", "%s is a %s, not a section or a list", path, shape)
		return
	}
	if err := setScalar(v, text); err != nil {
		if secret {
			d.hide(n)
		}
		what, hint, _ := strings.Cut(err.Error(), "; ")
		d.add(path, position(n), secret, hint, "%s: %s", path, what)
		return
	}
	d.checkField(path, position(n), v, text, tag)
}

// scalarText returns a scalar as it was written, so that a price never passes
// through a float.
func scalarText(n ast.Node) (string, bool) {
	switch t := n.(type) {
	case *ast.NullNode:
		return "", true
	case *ast.StringNode:
		return t.Value, true
	case *ast.LiteralNode:
		return t.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}
