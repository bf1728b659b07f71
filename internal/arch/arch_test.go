// Package arch_test holds the picture of the house (docs/architecture.md) as a
// test: arrows run one way, wings do not import wings, adapters do not import
// one another, files stay short.
package arch_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/steward-llmops/steward/"

// words, in order: a word imports only words to its left, and the standard library.
var words = []string{"fault", "money", "ident", "llm", "record"}

var wings = []string{"cost", "security", "quality", "lifecycle", "observe"}

var adapters = []string{"wire", "provider", "store", "journal", "callstore", "otel", "blob", "notify", "sim"}

var top = []string{"gateway", "api", "jobs"}

// room says which part of the house a package (below internal/) lies in.
func room(pkg string) (kind, name string) {
	head, _, _ := strings.Cut(pkg, "/")
	for _, set := range []struct {
		kind  string
		names []string
	}{{"word", words}, {"wing", wings}, {"adapter", adapters}, {"top", top}} {
		for _, n := range set.names {
			if n == head {
				return set.kind, n
			}
		}
	}
	switch head {
	case "app", "cli", "config", "arch", "reference":
		return head, head
	}
	return "", head
}

func index(list []string, s string) int {
	for i, x := range list {
		if x == s {
			return i
		}
	}
	return -1
}

// allowed says whether a package in room (fk, fn) may import one in room (tk, tn).
func allowed(from, to string) (bool, string) {
	fk, fn := room(from)
	tk, tn := room(to)
	if fk == tk && fn == tn && fk != "wing" {
		return true, ""
	}
	switch fk {
	case "word":
		return tk == "word" && index(words, tn) < index(words, fn), "words import only words to their left"
	case "wing":
		if tk == "wing" {
			return fn == tn || strings.HasPrefix(to, "quality/stats"), "a wing never imports another wing"
		}
		return tk == "word", "a wing imports words only"
	case "adapter":
		if tk == "adapter" {
			ok := (fn == "provider" && tn == "wire") || (fn == "sim" && tn == "wire")
			return ok, "adapters do not import one another, but provider and sim speak wire"
		}
		return tk == "word" || tk == "wing", "an adapter imports features and words"
	case "top":
		return tk != "top" && tk != "app" && tk != "cli", "gateway, api and jobs do not import one another or app"
	case "config":
		return tk == "word" || tk == "wing" || tk == "adapter", "config knows features and adapters only"
	case "app":
		return tk != "cli", "app does not import cli"
	case "cli", "reference", "arch":
		return true, ""
	}
	return false, "the package lies in no room of the house: add it to arch_test.go"
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(filepath.Dir(dir))
}

// goFiles walks the module's Go files, leaving out what is not ours.
func goFiles(t *testing.T, top string, visit func(path string)) {
	t.Helper()
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch d.Name() {
			case "node_modules", ".git", "bin", "steward-data", "testdata":
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(path, ".go") {
			visit(path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestArrowsRunOneWay(t *testing.T) {
	internal := filepath.Join(root(t), "internal")
	seen := 0
	goFiles(t, internal, func(path string) {
		if strings.HasSuffix(path, "_test.go") {
			return // a test may tie rooms together, as app does
		}
		rel, _ := filepath.Rel(internal, filepath.Dir(path))
		from := filepath.ToSlash(rel)
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return
		}
		for _, spec := range f.Imports {
			imp, _ := strconv.Unquote(spec.Path.Value)
			fk, _ := room(from)
			if fk == "word" && strings.Contains(strings.SplitN(imp, "/", 2)[0], ".") && !strings.HasPrefix(imp, module) {
				t.Errorf("%s imports %s: words use the standard library only", from, imp)
			}
			to, ok := strings.CutPrefix(imp, module+"internal/")
			if !ok {
				continue
			}
			seen++
			if ok, why := allowed(from, to); !ok {
				t.Errorf("%s imports %s: %s", from, to, why)
			}
		}
	})
	if seen == 0 {
		t.Fatal("no imports seen: the test is looking in the wrong place")
	}
}

func TestFilesStayShort(t *testing.T) {
	const hard = 700
	top := root(t)
	goFiles(t, top, func(path string) {
		if strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, ".gen.go") {
			return
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
			return
		}
		if n := strings.Count(string(b), "\n"); n > hard {
			rel, _ := filepath.Rel(top, path)
			t.Errorf("%s has %d lines; a file has one idea, and at most %d lines", rel, n, hard)
		}
	})
}
