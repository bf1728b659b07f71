package calls

import "strings"

// rawNames are the names of fields in JSON whose unit is in the name: they take
// whole numbers of it.
var rawNames = map[string]string{
	"cost_nano": "cost", "savings_nano": "savings", "latency_us": "latency", "ttft_us": "ttft",
}

// fieldOf is FieldOf, and knows the raw names too.
func fieldOf(name string) (f *Field, raw, ok bool) {
	if f, ok = FieldOf(name); ok {
		return f, false, true
	}
	f, ok = FieldOf(rawNames[strings.ToLower(name)])
	return f, ok, ok
}

// grammarWords is every word that can stand before a colon, but for tags.
func grammarWords() []string { return append(fieldWords(), "has", "text", "input", "output") }

func fieldWords() []string {
	var list []string
	for _, f := range Fields {
		list = append(append(list, f.Name), f.Aliases...)
	}
	return list
}
