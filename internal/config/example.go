package config

import (
	"fmt"
	"strings"
)

// Example returns steward.yaml with every field commented out at its default, or
// at an example value where it has no default.
func Example() (string, error) {
	fields, err := Fields()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("## Steward's configuration. Every field is here with its default, commented out: what you\n" +
		"## do not need, leave out. Secrets stand here by reference only: env:NAME or file:/path.\n" +
		"## Check a change with: steward doctor\n")
	for i := range fields {
		f := &fields[i]
		b.WriteString("\n")
		comment(&b, "", f.Doc)
		writeExample(&b, f, "# ", "")
	}
	return b.String(), nil
}

// comment writes text as comment lines of at most 96 columns.
func comment(b *strings.Builder, indent, text string) {
	line := "##"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > 96-len(indent) {
			fmt.Fprintf(b, "%s%s\n", indent, line)
			line = "##"
		}
		line += " " + word
	}
	fmt.Fprintf(b, "%s%s\n", indent, line)
}

// writeExample writes one field as a comment that becomes YAML when its "# " is
// taken away.
func writeExample(b *strings.Builder, f *Field, off, indent string) {
	value := exampleValue(f)
	switch {
	case f.Shape == Section:
		fmt.Fprintf(b, "%s%s%s:\n", off, indent, f.Name)
		writeFields(b, f.Fields, off, indent+"  ")
	case f.Shape == Map && f.Item == Section:
		fmt.Fprintf(b, "%s%s%s:\n%s%s  %s:\n", off, indent, f.Name, off, indent, f.Example)
		writeFields(b, f.Fields, off, indent+"    ")
	case f.Shape == List && f.Item == Section:
		fmt.Fprintf(b, "%s%s%s:\n", off, indent, f.Name)
		var item strings.Builder
		writeFields(&item, f.Fields, off, indent+"    ")
		// The first field that stands carries the item's dash.
		b.WriteString(strings.Replace(item.String(), off+indent+"    "+f.Fields[0].Name, off+indent+"  - "+f.Fields[0].Name, 1))
	default:
		fmt.Fprintf(b, "%s%s%s: %s%s\n", off, indent, f.Name, value, remark(f))
	}
}

func writeFields(b *strings.Builder, fields []Field, off, indent string) {
	for i := range fields {
		comment(b, off+indent, fields[i].Doc)
		writeExample(b, &fields[i], off, indent)
	}
}

func exampleValue(f *Field) string {
	switch {
	case f.Default != "":
		if f.Shape == Text {
			return quoteYAML(f.Default)
		}
		return f.Default
	case f.Example != "":
		if f.Shape == Text || f.Shape == Reference {
			return quoteYAML(f.Example)
		}
		return f.Example
	case f.Shape == List:
		return "[]"
	case f.Shape == Map:
		return "{}"
	}
	return `""`
}

// quoteYAML quotes a text that YAML could read as something else.
func quoteYAML(s string) string {
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyz-_") == "" {
		return s
	}
	return `"` + s + `"`
}

func remark(f *Field) string {
	var notes []string
	if len(f.Enum) > 0 {
		notes = append(notes, strings.Join(f.Enum, ", "))
	}
	switch {
	case f.Min != "" && f.Max != "":
		notes = append(notes, f.Min+" to "+f.Max)
	case f.Min != "":
		notes = append(notes, "at least "+f.Min)
	}
	if len(notes) == 0 {
		return ""
	}
	return "  # " + strings.Join(notes, "; ")
}
