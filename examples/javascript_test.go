// Package examples_test runs the JavaScript examples.
package examples_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/steward-llmops/steward/examples/stewardtest"
)

func TestJavaScript(t *testing.T) {
	dir := "javascript"
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil {
		t.Skip("the SDKs are not there: run npm ci --ignore-scripts in examples/javascript")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not there")
	}
	s := stewardtest.Start(t)
	tests, err := filepath.Glob(filepath.Join(dir, "*.test.mjs"))
	if err != nil || len(tests) == 0 {
		t.Fatalf("no tests in %s: %v", dir, err)
	}
	for _, test := range tests {
		name := filepath.Base(test)
		t.Run(strings.TrimSuffix(name, ".test.mjs"), func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), node, "--test", "--test-reporter=spec", name)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "STEWARD_URL="+s.URL, "STEWARD_KEY="+s.Key, "STEWARD_TOKEN="+s.Admin.Token,
				"STEWARD_TARGETS="+strings.Join(stewardtest.Targets(), ","))
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("node --test %s: %v\n%s", name, err, out)
			}
		})
	}
}
