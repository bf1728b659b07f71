package price

import (
	"iter"
	"strings"
)

// spellings yields the names under which a model may be listed: its own, and what
// is left of it without the decorations that its provider adds. The later ones are
// bolder guesses.
func spellings(provider, name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		bare := strings.TrimPrefix(name, provider+"/")
		if i := strings.LastIndexByte(bare, '/'); i >= 0 && pathLike(bare) {
			bare = bare[i+1:]
		}
		if provider == "bedrock" {
			bare = strings.TrimPrefix(bare, "bedrock/")
		}
		forms := [...]string{name, bare, withoutVariant(provider, bare), withoutRegion(provider, bare), withoutDate(bare)}
		for i, f := range forms {
			seen := f == ""
			for _, g := range forms[:i] {
				seen = seen || f == g
			}
			if !seen && !yield(f) {
				return
			}
		}
	}
}

// pathLike reports whether a name is a resource path whose last part is the model:
// "models/gemini-2.5-pro", "publishers/google/models/x", a Bedrock ARN.
func pathLike(name string) bool {
	return strings.HasPrefix(name, "models/") || strings.HasPrefix(name, "publishers/") ||
		strings.HasPrefix(name, "projects/") ||
		strings.HasPrefix(name, "arn:aws")
}

// withoutVariant drops OpenRouter's suffixes that choose a way to serve the same
// model at its own price.
func withoutVariant(provider, name string) string {
	if provider != "openrouter" {
		return name
	}
	for _, suffix := range [...]string{":beta", ":thinking", ":exacto", ":online", ":nitro", ":floor"} {
		if rest, ok := strings.CutSuffix(name, suffix); ok {
			return rest
		}
	}
	return name
}

// withoutRegion drops the geography in front of a Bedrock inference profile, as in
// "ca.anthropic.claude-...": a regional price is listed under the bare name.
func withoutRegion(provider, name string) string {
	if provider != "bedrock" {
		return name
	}
	region, rest, _ := strings.Cut(name, ".")
	switch region {
	case "global", "us", "us-gov", "eu", "apac", "jp", "au", "ca", "sa", "in", "uk", "kr", "me", "af":
		return rest
	}
	return name
}

// withoutDate drops the day of a snapshot: "-2026-03-05", "-20260305", "@20260305".
// A snapshot with a price of its own is listed under its whole name.
func withoutDate(name string) string {
	n := len(name)
	if n > 11 && name[n-11] == '-' && name[n-6] == '-' && name[n-3] == '-' &&
		digits(name[n-10:n-6]) && digits(name[n-5:n-3]) && digits(name[n-2:]) {
		return name[:n-11]
	}
	if n > 9 && (name[n-9] == '-' || name[n-9] == '@') && name[n-8:n-6] == "20" && digits(name[n-8:]) {
		return name[:n-9]
	}
	return name
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
