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

// nearest returns the word of list that s most likely meant, or "".
func nearest(s string, list []string) string {
	best, bestAt := "", len(s)/4+2
	for _, w := range list {
		if d := distance(plain(s), plain(w)); d < bestAt {
			best, bestAt = w, d
		}
	}
	return best
}

// plain drops what people get wrong without meaning another word.
func plain(s string) string {
	return strings.NewReplacer("-", "", "_", "", ".", "").Replace(strings.ToLower(s))
}

// distance counts the insertions, deletions and replacements that turn a into b;
// long words are far from everything.
func distance(a, b string) int {
	const far = 32
	if len(a) > far || len(b) > far {
		return far
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j]+1, corner+1)
		}
	}
	return row[len(b)]
}
