package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// child is a process of the benchmark that runs beside it.
type child struct {
	name string
	cmd  *exec.Cmd
	out  *bufio.Reader
	err  *bytes.Buffer  // read only after the process has ended
	rest sync.WaitGroup // whoever reads what is left of out
}

// quiet is the environment of every process under test: nothing that tunes the Go
// runtime and no provider's key gets in.
func quiet() []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// start starts a program on a processor, with its output at hand.
func start(name string, cpu int, program string, args ...string) (*child, error) {
	c := &child{name: name, cmd: exec.Command(program, args...), err: &bytes.Buffer{}}
	c.cmd.Env, c.cmd.Stderr = quiet(), c.err
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	c.out = bufio.NewReader(out)
	if err := startOn(c.cmd, cpu); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return c, nil
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// line returns the next line of the child's output.
func (c *child) line() (string, error) {
	s, err := c.out.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("%s ended: %w", c.name, errors.Join(c.stop(), err))
	}
	return strings.TrimSpace(s), nil
}

// discard reads what the child still writes, so that it does not block. The output
// is nobody else's from then on; further calls have no effect.
func (c *child) discard() {
	if out := c.out; out != nil {
		c.out = nil
		c.rest.Go(func() { _, _ = io.Copy(io.Discard, out) })
	}
}

// stop asks the child to end, insists after ten seconds, and says what it had to
// complain about if it ended badly.
func (c *child) stop() error {
	if c.cmd.ProcessState != nil {
		return nil
	}
	_ = c.cmd.Process.Signal(syscall.SIGTERM) // it may have ended already
	insist := time.AfterFunc(10*time.Second, func() { _ = c.cmd.Process.Kill() })
	defer insist.Stop()
	c.discard()
	c.rest.Wait() // cmd.Wait must come after the last read
	err := c.cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGTERM {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %s", c.name, err, lastLines(c.err.String()))
	}
	return nil
}

func lastLines(s string) string {
	const most = 1000
	s = strings.TrimSpace(s)
	return s[max(0, len(s)-most):]
}

// startRole starts this program again in one of its roles that listen, and returns
// the address that it then prints.
func startRole(role string, cpu int, args ...string) (*child, string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	c, err := start(role, cpu, self, append([]string{role}, args...)...)
	if err != nil {
		return nil, "", err
	}
	addr, err := c.line()
	return c, addr, err
}

// load runs a plan in a process of its own on a processor.
func (p plan) load(ctx context.Context, cpu int) (result, error) {
	self, err := os.Executable()
	if err != nil {
		return result{}, err
	}
	in, err := json.Marshal(p)
	if err != nil {
		return result{}, err
	}
	var out, complaint bytes.Buffer
	cmd := exec.CommandContext(ctx, self, "load")
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = quiet(), bytes.NewReader(in), &out, &complaint
	if err := startOn(cmd, cpu); err != nil {
		return result{}, fmt.Errorf("start the load generator: %w", err)
	}
	if err := cmd.Wait(); err != nil {
		return result{}, fmt.Errorf("load generator: %w: %s", err, lastLines(complaint.String()))
	}
	var res result
	if err := json.Unmarshal(out.Bytes(), &res); err != nil {
		return result{}, fmt.Errorf("read the load generator's result: %w", err)
	}
	return res, nil
}
