package arch_test

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// permissive holds a phrase of each licence that a linked module may have.
var permissive = map[string]string{
	"Apache-2.0": "Apache License",
	"MIT":        "Permission is hereby granted, free of charge",
	"BSD":        "Redistribution and use in source and binary forms",
	"ISC":        "Permission to use, copy, modify, and/or distribute",
	"MPL-2.0":    "Mozilla Public License Version 2.0",
	"Unlicense":  "free and unencumbered software",
}

func TestLinkedModulesArePermissive(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "-json=Module", "./cmd/steward")
	cmd.Dir = root(t)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := map[string]bool{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var pkg struct {
			Module *struct {
				Path, Dir string
				Main      bool
				Replace   *struct{ Dir string }
			}
		}
		if err := dec.Decode(&pkg); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		m := pkg.Module
		if m == nil || m.Main || seen[m.Path] {
			continue
		}
		seen[m.Path] = true
		if name := licenceIn(m.Dir); name == "" {
			t.Errorf("module %s has no licence that we know and may link", m.Path)
		}
	}
	if len(seen) < 20 {
		t.Errorf("only %d modules seen: the test is looking in the wrong place", len(seen))
	}
}

// licenceIn names the licence in a module's folder; empty: none is known.
func licenceIn(dir string) string {
	files, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	for _, f := range files {
		upper := strings.ToUpper(f.Name())
		if f.IsDir() || !strings.HasPrefix(upper, "LICEN") && !strings.HasPrefix(upper, "COPYING") && !strings.HasPrefix(upper, "UNLICENSE") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			continue
		}
		flat := strings.ToLower(strings.Join(strings.Fields(string(text)), " "))
		for name, phrase := range permissive {
			if strings.Contains(flat, strings.ToLower(phrase)) {
				return name
			}
		}
	}
	return ""
}
