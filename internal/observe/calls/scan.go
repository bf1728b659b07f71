package calls

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/steward-llmops/steward/internal/fault"
)

// scanner walks a query. It knows quotes, escapes and where words end.
type scanner struct {
	text string
	at   int // byte offset
}

// word is one value as it was written.
type word struct {
	at      int    // where it begins, as a byte offset
	text    string // without quotes and escapes
	pattern string // the same as the text of Like: plain stars and backslashes are escaped
	stars   bool   // there is a * that was neither quoted nor escaped
	quoted  bool   // some of it was quoted or escaped: it is text, no word of the grammar
}

// fail returns the fault of a query that is wrong at a byte offset.
func (s *scanner) fail(at int, hint, format string, args ...any) *fault.Error {
	args = append([]any{utf8.RuneCountInString(s.text[:at]) + 1}, args...)
	return fault.New(fault.Invalid, "invalid_query", "at character %d, "+format, args...).
		Hinted("%s", hint).At("query")
}

// peek returns the next rune, 0 at the end.
func (s *scanner) peek() rune {
	if s.at >= len(s.text) {
		return 0
	}
	r, _ := utf8.DecodeRuneInString(s.text[s.at:])
	return r
}

func (s *scanner) skipSpace() {
	s.at += len(s.text[s.at:]) - len(strings.TrimLeftFunc(s.text[s.at:], unicode.IsSpace))
}

// accept steps over prefix, if it comes next.
func (s *scanner) accept(prefix string) bool {
	if strings.HasPrefix(s.text[s.at:], prefix) {
		s.at += len(prefix)
		return true
	}
	return false
}

// keyword steps over AND, OR or NOT, if it comes next and is a word of its own.
func (s *scanner) keyword(k string) bool {
	rest, ok := strings.CutPrefix(s.text[s.at:], k)
	if !ok {
		return false
	}
	if r, _ := utf8.DecodeRuneInString(rest); rest != "" && r != '(' && r != ')' && !unicode.IsSpace(r) {
		return false
	}
	s.at += len(k)
	return true
}

// name steps over what can be the name of a field, if a colon follows it, and over
// the colon. Nothing is stepped over if not.
func (s *scanner) name() (name string, tag, ok bool, err error) {
	rest := s.text[s.at:]
	if len(rest) > len(TagPrefix) && strings.EqualFold(rest[:len(TagPrefix)], TagPrefix) {
		name, ok, err = s.tagName()
		return name, true, ok, err
	}
	i := 0
	for i < len(rest) && nameByte(rest[i]) {
		i++
	}
	if i == 0 || i == len(rest) || rest[i] != ':' || !letter(rest[0]) {
		return "", false, false, nil
	}
	s.at += i + 1
	return rest[:i], false, true, nil
}

// tagName does as name for tag.NAME and tag."NAME", and returns NAME.
func (s *scanner) tagName() (name string, ok bool, err error) {
	start := s.at
	s.at += len(TagPrefix)
	if s.peek() == '"' {
		if name, err = s.quoted(); err != nil {
			return "", false, err
		}
	} else {
		rest := s.text[s.at:]
		end := strings.IndexFunc(rest, func(r rune) bool {
			return unicode.IsSpace(r) || strings.ContainsRune(`:"(),`, r)
		})
		if end < 0 {
			end = len(rest)
		}
		name = rest[:end]
		s.at += end
	}
	if !s.accept(":") {
		s.at = start
		return "", false, nil
	}
	return name, true, nil
}

func letter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

func digit(b byte) bool { return b >= '0' && b <= '9' }

func nameByte(b byte) bool {
	return letter(b) || digit(b) || b == '_' || b == '.' || b == '-'
}

// quoted steps over a text in quotes and returns what it means.
func (s *scanner) quoted() (string, error) {
	start := s.at
	var b strings.Builder
	for i := start + 1; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '"':
			s.at = i + 1
			return b.String(), nil
		case c == '\\' && i+1 < len(s.text) && (s.text[i+1] == '"' || s.text[i+1] == '\\'):
			i++
			b.WriteByte(s.text[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", s.fail(start, `end it with ", and write a quote inside as \"`, "the quote is not ended")
}

// word steps over a value: runs of plain characters and quoted texts without space
// between them. It ends at space, at parentheses, and at a comma if that ends values.
func (s *scanner) word(comma bool) (word, error) {
	w := word{at: s.at}
	var text, pattern strings.Builder
	star := false // the last rune was one: two in a row say no more than one
	put := func(part string) {
		star = false
		text.WriteString(part)
		pattern.WriteString(escapeLike(part))
	}
	for s.at < len(s.text) {
		r, size := utf8.DecodeRuneInString(s.text[s.at:])
		switch {
		case unicode.IsSpace(r) || r == '(' || r == ')' || r == ',' && comma:
			w.text, w.pattern = text.String(), pattern.String()
			return w, nil
		case r == '"':
			part, err := s.quoted()
			if err != nil {
				return w, err
			}
			put(part)
			w.quoted = true
			continue
		case r == '*':
			text.WriteByte('*')
			if !star {
				pattern.WriteByte('*')
			}
			star, w.stars = true, true
		case r == '\\':
			if next, n := utf8.DecodeRuneInString(s.text[s.at+1:]); n > 0 && !unicode.IsLetter(next) && !unicode.IsDigit(next) {
				s.at++
				r, size, w.quoted = next, n, true
			}
			put(string(r))
		default:
			put(s.text[s.at : s.at+size])
		}
		s.at += size
	}
	w.text, w.pattern = text.String(), pattern.String()
	return w, nil
}

// escapeLike returns a text as the pattern of Like that only it fits.
func escapeLike(s string) string {
	if !strings.ContainsAny(s, `*\`) {
		return s
	}
	return strings.NewReplacer(`*`, `\*`, `\`, `\\`).Replace(s)
}

// Pieces splits a pattern of Like at its stars and returns the plain texts between
// them: what fits begins with the first, ends with the last and has the others in
// their order between. A pattern without a star gives one piece.
func Pieces(pattern string) []string {
	var list []string
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '*':
			list = append(list, b.String())
			b.Reset()
		case c == '\\' && i+1 < len(pattern):
			i++
			b.WriteByte(pattern[i])
		default:
			b.WriteByte(c)
		}
	}
	return append(list, b.String())
}
