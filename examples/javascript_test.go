// Package examples_test runs the JavaScript examples, and the commands that the
// README shows.
package examples_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/steward-llmops/steward/examples/stewardtest"
)

// dir is where the JavaScript examples lie.
const dir = "javascript"

func TestJavaScript(t *testing.T) {
	node := sdks(t)
	s := stewardtest.Start(t)
	tests, err := filepath.Glob(filepath.Join(dir, "*.test.mjs"))
	if err != nil || len(tests) == 0 {
		t.Fatalf("no tests in %s: %v", dir, err)
	}
	for _, test := range tests {
		name := filepath.Base(test)
		t.Run(strings.TrimSuffix(name, ".test.mjs"), func(t *testing.T) {
			t.Parallel()
			run(t, s, node, "--test", "--test-reporter=spec", name)
		})
	}
	for _, name := range []string{"responses", "anthropic", "vercel google"} {
		t.Run("run "+name, func(t *testing.T) {
			t.Parallel()
			out := run(t, s, node, "run.mjs", name, "sim/small")
			for _, line := range []string{"chat: ", "stream: ", "tools: ", "structured: ", "error: "} {
				if !strings.Contains(out, "\n"+line) && !strings.HasPrefix(out, line) {
					t.Errorf("the program does not print %q:\n%s", line, out)
				}
			}
		})
	}
}

// sdks returns the path of node, and skips the test where the SDKs are not installed.
func sdks(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil {
		t.Skip("the SDKs are not there: run npm ci --ignore-scripts in examples/javascript")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not there")
	}
	return node
}

// run runs node on an example and returns what it printed.
func run(t *testing.T, s *stewardtest.Steward, node string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), node, args...)
	cmd.Dir = dir
	cmd.Env = append(environment(s), "STEWARD_TOKEN="+s.Admin.Token, "STEWARD_TARGETS="+strings.Join(stewardtest.Targets(), ","))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("node %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func environment(s *stewardtest.Steward) []string {
	return append(os.Environ(), "STEWARD_URL="+s.URL, "STEWARD_KEY="+s.Key)
}

// TestReadme runs the README's commands as they stand.
func TestReadme(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not there")
	}
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	s := stewardtest.Start(t)
	blocks := strings.Split(string(text), "```sh\n")[1:]
	if len(blocks) == 0 {
		t.Fatal("the README shows no commands")
	}
	for _, block := range blocks {
		command, _, _ := strings.Cut(block, "```")
		cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
		cmd.Env = environment(s)
		if out, err := cmd.CombinedOutput(); err != nil || len(out) == 0 {
			t.Errorf("%s%v\n%s", command, err, out)
		}
	}
}
