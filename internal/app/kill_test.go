package app_test

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/steward-llmops/steward/internal/callstore/duckdb"
	"github.com/steward-llmops/steward/internal/cli"
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/record"
)

// TestMain lets the test binary be the server that TestKill ends.
func TestMain(m *testing.M) {
	if args := os.Getenv("STEWARD_TEST_ARGS"); args != "" {
		os.Exit(cli.Main(strings.Split(args, "\n"), os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// victim is a server in a process of its own.
type victim struct {
	cmd  *exec.Cmd
	out  *bufio.Reader
	text bytes.Buffer
}

func start(t *testing.T, data, addr string) *victim {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "STEWARD_TEST_ARGS="+strings.Join([]string{"up", "--data", data, "--listen", addr}, "\n"))
	cmd.Dir = filepath.Dir(data)
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	v := &victim{cmd: cmd, out: bufio.NewReader(pipe)}
	for {
		line, err := v.out.ReadString('\n')
		v.text.WriteString(line)
		if strings.HasPrefix(line, "ready in") {
			return v
		}
		if err != nil {
			_ = cmd.Wait()
			t.Fatalf("the server did not start: %v\n%s\n%s", err, v.text.String(), stderr.String())
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// seen is what a client saw of a call that was complete.
type seen struct {
	cost string // empty where the trailer did not come through
}

// caller makes calls until the server is gone, and notes those that it saw end.
type caller struct {
	url, key string
	mu       sync.Mutex
	done     map[string]seen
}

func (c *caller) run(ctx context.Context, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 7))
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for ctx.Err() == nil {
		stream := rng.IntN(2) == 0
		body := fmt.Sprintf(`{"model":"sim/%s","stream":%v,"max_tokens":%d,"messages":[{"role":"user","content":"say %d"}]}`,
			[]string{"small", "large", "echo"}[rng.IntN(3)], stream, 1+rng.IntN(40), rng.Int())
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/v1/chat/completions", strings.NewReader(body))
		if err != nil {
			return
		}
		req.Header.Set("Authorization", "Bearer "+c.key)
		req.Header.Set("X-Sim-Latency", strconv.Itoa(rng.IntN(20))+"ms")
		req.Header.Set("X-Sim-Rate", "5000")
		resp, err := client.Do(req)
		if err != nil {
			return // the server is gone
		}
		answer, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		whole := err == nil && json.Valid(answer)
		if stream {
			whole = bytes.Contains(answer, []byte("data: [DONE]"))
		}
		if resp.StatusCode == http.StatusOK && whole {
			cost := resp.Header.Get("X-Steward-Cost-Usd")
			if stream {
				cost = resp.Trailer.Get("X-Steward-Cost-Usd")
			}
			c.mu.Lock()
			c.done[resp.Header.Get("X-Steward-Call-Id")] = seen{cost}
			c.mu.Unlock()
		}
	}
}

// TestKill ends the server with SIGKILL at random moments under load, and then
// holds what clients saw against what was written down: no call that a client saw
// complete may be missing, none may be there twice, in the calls store or in the
// ledger, and both must agree on the money. The same holds of spans that were
// acknowledged meanwhile. STEWARD_KILLS sets how often.
func TestKill(t *testing.T) {
	kills := 4
	if n, err := strconv.Atoi(os.Getenv("STEWARD_KILLS")); err == nil {
		kills = n
	}
	data := filepath.Join(t.TempDir(), "data")
	addr := freePort(t)
	rng := rand.New(rand.NewPCG(uint64(kills), 11))
	c := &caller{url: "http://" + addr, done: map[string]seen{}}
	r := &reporter{url: c.url, acked: map[string]bool{}}
	for range kills {
		v := start(t, data, addr)
		if c.key == "" {
			c.key = regexp.MustCompile(`sk-steward-[\w-]+`).FindString(v.text.String())
			r.key = c.key
		}
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 16 {
			seed := rng.Uint64()
			wg.Go(func() { c.run(ctx, seed) })
		}
		for range 2 {
			wg.Go(func() { r.run(ctx) })
		}
		timer := time.NewTimer(time.Duration(50+rng.IntN(600)) * time.Millisecond)
		<-timer.C
		if err := v.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = v.cmd.Wait() // it was killed
		stop()
		wg.Wait()
	}
	// One more start settles what was in flight; its orderly end projects the rest.
	v := start(t, data, addr)
	if err := v.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := v.cmd.Wait(); err != nil {
		t.Fatalf("orderly end: %v", err)
	}
	if len(c.done) < kills {
		t.Fatalf("clients saw %d complete calls over %d kills: too little load to prove anything", len(c.done), kills)
	}
	checkHistory(t, data, c.done, kills)
	r.check(t, data)
}

func checkHistory(t *testing.T, data string, done map[string]seen, kills int) {
	t.Helper()
	store, err := duckdb.Open(t.Context(), filepath.Join(data, "calls.duckdb"), duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	source, _ := calls.FieldOf("source")
	all, err := store.List(t.Context(), calls.Query{Filter: &calls.Cond{Field: source, Text: "gateway"}})
	if err != nil {
		t.Fatal(err)
	}
	inCalls, interrupted := map[string]record.Call{}, 0
	for _, call := range all.Rows {
		id := call.ID.Text("call")
		if _, twice := inCalls[id]; twice {
			t.Errorf("call %s is twice in the calls store", id)
		}
		inCalls[id] = call.Call
		if call.Outcome == record.Interrupted {
			interrupted++
		}
	}
	inLedger := readLedger(t, filepath.Join(data, "state.db"))
	lost := 0
	for id, s := range done {
		call, ok := inCalls[id]
		if !ok {
			lost++
			t.Errorf("call %s was seen complete and is not recorded", id)
			continue
		}
		if call.Outcome != record.OK {
			t.Errorf("call %s was seen complete and is recorded as %s", id, call.Outcome)
		}
		if s.cost != "" && s.cost != call.Cost.String() {
			t.Errorf("call %s: the client saw a cost of %s, the record says %s", id, s.cost, call.Cost)
		}
	}
	for id, call := range inCalls {
		if cost, ok := inLedger[id]; !ok || cost != int64(call.Cost) {
			t.Errorf("call %s costs %d in the calls store and %d in the ledger (there: %v)", id, call.Cost, cost, ok)
		}
	}
	if len(inLedger) != len(inCalls) {
		t.Errorf("%d calls in the ledger, %d in the calls store", len(inLedger), len(inCalls))
	}
	t.Logf("%d kills: %d calls seen complete, %d of them lost; %d recorded, %d of them settled as interrupted", kills, len(done), lost, len(all.Rows), interrupted)
}

// readLedger returns the cost of each call in the ledger; a call that is there
// twice fails the test.
func readLedger(t *testing.T, path string) map[string]int64 {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT hex(call_id), cost FROM ledger")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	costs := map[string]int64{}
	for rows.Next() {
		var text string
		var cost int64
		if err := rows.Scan(&text, &cost); err != nil {
			t.Fatal(err)
		}
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		id := ident.ID(b).Text("call")
		if _, twice := costs[id]; twice {
			t.Errorf("call %s is twice in the ledger", id)
		}
		costs[id] = cost
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return costs
}
