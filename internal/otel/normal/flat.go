package normal

import (
	"slices"
	"strconv"
	"strings"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
)

// node is a part of a document that was flattened into attributes, a path of names
// and indices for each leaf: "llm.input_messages.0.message.role".
type node struct {
	leaf  *commonpb.AnyValue
	order []string // of fields, as they came
	kids  map[string]*node
}

// forbidden are names that programs which read the document may trip over.
var forbidden = map[string]bool{"": true, "__proto__": true, "constructor": true, "prototype": true}

// wrappers are the names that OpenInference puts round each element of an array.
var wrappers = map[string]bool{
	"message": true, "message_content": true, "tool_call": true, "document": true,
	"prompt": true, "completion": true, "embedding": true, "tool": true,
}

// assemble puts a document together again out of the attributes whose names begin
// with prefix and a dot. Parts with an index out of range or a forbidden name are left
// out and counted.
func (n *reader) assemble(list []*commonpb.KeyValue, prefix string) []byte {
	root := &node{}
	prefix += "."
	for _, kv := range list {
		rest, ok := strings.CutPrefix(kv.GetKey(), prefix)
		if !ok || kv.GetValue().GetValue() == nil {
			continue
		}
		path := strings.Split(rest, ".")
		if !n.allowed(path) {
			n.cut.Indices++
			continue
		}
		root.put(path, kv.GetValue())
	}
	if len(root.kids) == 0 {
		return nil
	}
	return root.appendJSON(nil)
}

func (n *reader) allowed(path []string) bool {
	if len(path) > n.limits.Depth {
		return false
	}
	for _, p := range path {
		if forbidden[p] {
			return false
		}
		if digits(p) {
			if i, err := strconv.Atoi(p); err != nil || i > n.limits.Index {
				return false
			}
		}
	}
	return true
}

func (d *node) put(path []string, v *commonpb.AnyValue) {
	for _, p := range path {
		next := d.kids[p]
		if next == nil {
			if d.kids == nil {
				d.kids = map[string]*node{}
			}
			next = &node{}
			d.kids[p] = next
			d.order = append(d.order, p)
		}
		d = next
	}
	d.leaf = v
}

// isArray reports whether all fields are indices.
func (d *node) isArray() bool {
	for _, k := range d.order {
		if !digits(k) {
			return false
		}
	}
	return len(d.order) > 0
}

// appendJSON writes the document. Elements of an array stand in the order of their
// indices, without the gaps; a value that has both a leaf and fields keeps the fields.
func (d *node) appendJSON(b []byte) []byte {
	switch {
	case len(d.kids) == 0:
		return appendJSON(b, d.leaf)
	case d.isArray():
		keys := slices.Clone(d.order)
		slices.SortFunc(keys, func(x, y string) int {
			i, _ := strconv.Atoi(x) // digits, and bounded
			j, _ := strconv.Atoi(y)
			return i - j
		})
		b = append(b, '[')
		for i, k := range keys {
			if i > 0 {
				b = append(b, ',')
			}
			b = d.kids[k].unwrapped().appendJSON(b)
		}
		return append(b, ']')
	}
	b = append(b, '{')
	for i, k := range d.order {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, k), ':')
		b = d.kids[k].appendJSON(b)
	}
	return append(b, '}')
}

// unwrapped returns what is within OpenInference's wrapper, if there is one.
func (d *node) unwrapped() *node {
	if len(d.order) == 1 && wrappers[d.order[0]] {
		if inner := d.kids[d.order[0]]; len(inner.kids) > 0 {
			return inner
		}
	}
	return d
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
