package bedrock

import (
	"strconv"
	"strings"
)

// family is a line of models whose requests look alike beyond what Converse
// unifies: caching, thinking and top_k.
type family uint8

const (
	unknown family = iota // an alias or ARN that does not say what is behind it
	claude
	nova
	nova2
	gptOSS
	qwen
	other // known, and without extras
)

// model is what a name says.
type model struct {
	family
	major, minor int // Claude's generation; 0: not said
}

func (m model) atLeast(major, minor int) bool {
	return m.major > major || m.major == major && m.minor >= minor
}

// modelOf reads "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
// "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0" and the like.
func modelOf(name string) model {
	name = strings.ToLower(name)
	if _, rest, ok := strings.Cut(name, "claude-"); ok {
		m := model{family: claude}
		m.major, m.minor = generation(rest)
		return m
	}
	for _, f := range []struct {
		mark string
		family
	}{
		{"nova-2", nova2}, {"amazon.nova", nova}, {"gpt-oss", gptOSS}, {"qwen.", qwen},
		{"amazon.", other}, {"meta.", other}, {"mistral.", other}, {"cohere.", other}, {"ai21.", other},
		{"deepseek.", other}, {"writer.", other}, {"moonshot", other}, {"minimax.", other},
		{"nvidia.", other}, {"zai.", other}, {"google.", other}, {"openai.", other}, {"twelvelabs.", other},
	} {
		if strings.Contains(name, f.mark) {
			return model{family: f.family}
		}
	}
	return model{}
}

// generation reads "3-7-sonnet-20250219-v1:0", "opus-4-6-v1", "v2:1".
func generation(rest string) (major, minor int) {
	words := strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune("-.@:/", r) })
	for i, w := range words {
		n, ok := small(strings.TrimPrefix(w, "v"))
		if !ok {
			continue
		}
		if i+1 < len(words) {
			minor, _ = small(words[i+1])
		}
		return n, minor
	}
	return 0, 0
}

// small reads a version number, which has at most two digits; dates have more.
func small(w string) (int, bool) {
	n, err := strconv.Atoi(w)
	if len(w) > 2 || err != nil || n < 0 {
		return 0, false
	}
	return n, true
}

// caches reports whether the model takes cache points in its messages.
func (m model) caches() bool {
	switch m.family {
	case claude:
		return m.major == 0 || m.atLeast(3, 5)
	case unknown, nova, nova2:
		return true
	}
	return false
}

// cachesTools reports whether it takes them among its tools.
func (m model) cachesTools() bool { return m.caches() && m.family != nova && m.family != nova2 }

// cacheTTL reports whether a cache point may say how long it lives.
func (m model) cacheTTL() bool { return m.family == unknown || m.family == claude && m.atLeast(4, 5) }
