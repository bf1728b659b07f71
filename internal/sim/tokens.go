package sim

import "unicode/utf8"

// The classes of bytes that the token rule tells apart.
const (
	punctuation uint8 = iota
	letter            // ASCII letters and all of UTF-8 above them
	digit
	blank
)

// class maps a byte to its class.
var class = func() (t [256]uint8) {
	for b := range t {
		switch c := byte(b); {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= utf8.RuneSelf:
			t[b] = letter
		case c >= '0' && c <= '9':
			t[b] = digit
		case c == ' ', c == '\n', c == '\t', c == '\r':
			t[b] = blank
		}
	}
	return t
}()

// The most bytes of one kind that a token holds.
const (
	lettersPerToken = 7
	digitsPerToken  = 3
	marksPerToken   = 4 // of the same mark in a row
)

// nextToken returns the length of the token that s starts with; s is not empty.
// A token is a word of at most seven bytes with the blank before it, up to three
// digits, a run of the same mark, or a run of white space: about four bytes each
// in English. A prefix that ends where a token ends has the same tokens as the
// whole, so that texts may be cut by count.
func nextToken(s string) int {
	i := 0
	if class[s[0]] == blank {
		for i < len(s) && class[s[i]] == blank {
			i++
		}
		switch {
		case i == len(s) || s[i-1] != ' ':
			return i
		case i > 1:
			return i - 1
		}
	}
	j := i
	switch class[s[i]] {
	case letter:
		for j < len(s) && j < i+lettersPerToken && class[s[j]] == letter {
			j++
		}
		end := j
		for j > i && j < len(s) && !utf8.RuneStart(s[j]) {
			j--
		}
		if j == i { // not UTF-8
			j = end
		}
	case digit:
		for j < len(s) && j < i+digitsPerToken && class[s[j]] == digit {
			j++
		}
	default:
		for j < len(s) && j < i+marksPerToken && s[j] == s[i] {
			j++
		}
	}
	return j
}

// CountTokens returns the number of tokens of s by the simulator's own rule.
func CountTokens(s string) int64 {
	var n int64
	for len(s) > 0 {
		s = s[nextToken(s):]
		n++
	}
	return n
}

// firstTokens cuts s after n tokens, and reports how many it has and whether
// anything was cut off.
func firstTokens(s string, n int64) (head string, count int64, cut bool) {
	rest := s
	for len(rest) > 0 && count < n {
		rest = rest[nextToken(rest):]
		count++
	}
	return s[:len(s)-len(rest)], count, len(rest) > 0
}
