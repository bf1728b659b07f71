package store

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

func TestStatementsNamesEveryConst(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	listed, err := os.ReadFile("statements.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || !strings.HasPrefix(spec.Names[0].Name, "sql") {
				return true
			}
			found++
			if name := spec.Names[0].Name; !strings.Contains(string(listed), name+",") {
				t.Errorf("%s is not in statements", name)
			}
			return true
		})
	}
	if found != len(statements) || found == 0 {
		t.Errorf("%d statements are listed, %d stand in the files", len(statements), found)
	}
}

func TestMigrationsAreNumberedWithoutAGap(t *testing.T) {
	steps, err := migrations()
	if err != nil || len(steps) == 0 {
		t.Fatalf("%d migrations, %v", len(steps), err)
	}
	for _, m := range steps {
		if len(m.statements) == 0 {
			t.Errorf("%s does nothing", m.name)
		}
	}
}
