package duckdb_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/steward-llmops/steward/internal/callstore/duckdb"
	"github.com/steward-llmops/steward/internal/fault"
)

// childEnv makes the test binary a process that applies batches of 100 to the file
// which it names, says each position once it is reached, and never ends by itself.
const childEnv = "STEWARD_TEST_CALLS"

const childEntries = 20_000

func TestMain(m *testing.M) {
	if path := os.Getenv(childEnv); path != "" {
		child(path)
	}
	os.Exit(m.Run())
}

func child(path string) {
	ctx := context.Background()
	s, err := duckdb.Open(ctx, path, duckdb.Options{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	entries := random(11, childEntries)
	for at := int64(0); at < childEntries; at += 100 {
		if err := s.Apply(ctx, at, entries[at:at+100], at+100); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(at + 100)
	}
	_, _ = io.Copy(io.Discard, os.Stdin) // until it is killed
	os.Exit(0)
}

func TestAKilledProcessLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls.duckdb")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+path)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines, said := bufio.NewScanner(stdout), int64(0)
	for said < 1500 && lines.Scan() {
		if said, err = strconv.ParseInt(lines.Text(), 10, 64); err != nil {
			t.Fatalf("the process says %q", lines.Text())
		}
	}
	if _, err := duckdb.Open(context.Background(), path, duckdb.Options{}); fault.As(err).StableCode() != "calls_locked" {
		t.Errorf("a file that another process uses gives %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() { // what it said before it died counts
		if n, err := strconv.ParseInt(lines.Text(), 10, 64); err == nil {
			said = n
		}
	}
	_ = cmd.Wait() // it was killed

	s := open(t, path)
	at, err := s.Position(context.Background())
	if err != nil || at < said || at%100 != 0 {
		t.Fatalf("the store stands at %d, %v; the process had said %d", at, err, said)
	}
	entries := random(11, childEntries)
	stands(t, s, at, entries[:at])
	apply(t, s, at, entries[at:at+100])
	stands(t, s, at+100, entries[:at+100])
}
