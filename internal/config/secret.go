package config

import (
	"fmt"
	"strings"

	"github.com/steward-llmops/steward/internal/fault"
)

// Secret is a reference to a secret, never the secret: "env:NAME" or
// "file:/path". The zero Secret is none.
type Secret string

// Value is plain text, or a reference to a secret like Secret's.
type Value string

// IsSet reports whether there is a reference.
func (s Secret) IsSet() bool { return s != "" }

// Resolve fetches the secret: getenv looks up an environment variable, readFile
// reads a file, whose last line break is dropped. The zero Secret is "".
//
// The error is fault.Invalid, code "secret_missing"; it names the reference.
func (s Secret) Resolve(getenv func(string) string, readFile func(string) ([]byte, error)) (string, error) {
	if s == "" {
		return "", nil
	}
	if name, ok := strings.CutPrefix(string(s), "env:"); ok {
		if v := getenv(name); v != "" {
			return v, nil
		}
		return "", fault.New(fault.Invalid, "secret_missing", "environment variable %s is not set", name).
			Hinted("export %s=... before starting, or change the reference", name)
	}
	path, ok := strings.CutPrefix(string(s), "file:")
	if !ok {
		return "", fault.New(fault.Invalid, "secret_missing", "a secret is given by reference only").
			Hinted("write env:NAME or file:/path")
	}
	b, err := readFile(path)
	if err != nil {
		return "", fault.New(fault.Invalid, "secret_missing", "secret file %s cannot be read", path).
			Hinted("create it with mode 0600, or change the reference").Because(err)
	}
	v := strings.TrimRight(string(b), "\r\n")
	if v == "" {
		return "", fault.New(fault.Invalid, "secret_missing", "secret file %s is empty", path).
			Hinted("write the secret into it")
	}
	return v, nil
}

// Resolve returns the text, or fetches the secret that it refers to.
func (v Value) Resolve(getenv func(string) string, readFile func(string) ([]byte, error)) (string, error) {
	if isReference(string(v)) {
		return Secret(v).Resolve(getenv, readFile)
	}
	return string(v), nil
}

func isReference(s string) bool {
	return strings.HasPrefix(s, "env:") || strings.HasPrefix(s, "file:")
}

// parseSecret checks a reference. Its error never holds s, which may be the
// secret itself.
func parseSecret(s string) (Secret, error) {
	if name, ok := strings.CutPrefix(s, "env:"); ok {
		if !isVariable(name) {
			return "", fmt.Errorf("the text after env: is not the name of an environment variable; write env:NAME")
		}
		return Secret(s), nil
	}
	if path, ok := strings.CutPrefix(s, "file:"); ok {
		if path == "" {
			return "", fmt.Errorf("file: names no file; write file:/path")
		}
		return Secret(s), nil
	}
	if s == "" {
		return "", nil
	}
	return "", fmt.Errorf("a secret stands here in clear; put it in an environment variable or a file, and write env:NAME or file:/path")
}

func parseValue(s string) (Value, error) {
	if isReference(s) {
		_, err := parseSecret(s)
		return Value(s), err
	}
	for _, word := range strings.Fields(s) {
		if looksSecret(word) {
			_, err := parseSecret(word)
			return "", err
		}
	}
	return Value(s), nil
}

func isVariable(s string) bool {
	for i, r := range s {
		letter := r == '_' || (r >= 'A' && r <= 'Z') || (r >= 'a' && r <= 'z')
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// secretPrefixes are how vendors' keys begin.
var secretPrefixes = []string{
	"sk-", "sk_", "rk_", "pk-", "gsk_", "xai-", "AIza", "AKIA", "ASIA", "hf_", "r8_", "pplx-", "ghp_", "github_pat_",
	"glpat-", "xoxb-", "eyJ", "fw_", "tgp_", "nvapi-", "csk-", "jina_", "-----BEGIN",
}

// looksSecret guesses whether a word is a key: it begins like one, or is long and
// mixes letters and digits without being a path, an address or a reference.
func looksSecret(word string) bool {
	word = strings.Trim(word, `"',[]{}()`)
	if isReference(word) {
		return false
	}
	for _, p := range secretPrefixes {
		if strings.HasPrefix(word, p) && len(word) >= len(p)+8 {
			return true
		}
	}
	if _, rest, ok := strings.Cut(word, "://"); ok {
		userinfo, _, at := strings.Cut(rest, "@")
		return at && strings.Contains(userinfo, ":")
	}
	if len(word) < 24 || strings.HasPrefix(word, "/") || strings.HasPrefix(word, "./") {
		return false
	}
	letters, digits := 0, 0
	for _, r := range word {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z'):
			letters++
		case !strings.ContainsRune("_-+/=.", r):
			return false
		}
	}
	return letters >= 6 && digits >= 4
}

// mask replaces what looks like a key in a line of source.
func mask(line string) string {
	var b strings.Builder
	for line != "" {
		i := strings.IndexAny(line, " \t")
		word, gap := line, ""
		if i >= 0 {
			word, gap, line = line[:i], line[i:i+1], line[i+1:]
		} else {
			line = ""
		}
		if looksSecret(word) {
			word = "***"
		}
		b.WriteString(word + gap)
	}
	return b.String()
}
