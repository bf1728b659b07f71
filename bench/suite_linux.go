package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// options are what the command line says.
type options struct {
	steward string // the binary under test
	dir     string // where data directories go; empty: the system's temporary folder
	quick   bool
	talk    io.Writer // progress
}

// scenario is one measurement, done at each target in turn.
type scenario struct {
	name   string
	timing timing
	plan   plan // without address, model and key
	direct bool // at the mock itself too
	proxy  bool // at the bare proxy too
	model  string
}

// The scenarios; the figures of a report are named after them.
const (
	saturation = "saturation"
	paced      = "500/s"
	streams    = "streams"
	crowd      = "512 streams"
	sameFormat = "anthropic"
	translated = "translated"
)

const (
	requestSize   = 2048 // bytes
	streamChunks  = 60
	crowdSize     = 512
	crowdInterval = 50 * time.Millisecond
)

// scenarios are the runs, in order, with the given time for each.
func scenarios(d time.Duration) []scenario {
	slow := 60 * time.Millisecond
	plain := ask{Size: requestSize}
	stream := ask{Size: requestSize, Stream: true, Chunks: streamChunks}
	claude := ask{Size: requestSize, Anthropic: true}
	return []scenario{
		{name: saturation, plan: plan{Ask: plain, Conns: 64, Duration: d}, proxy: true, model: labModel},
		{name: paced, timing: timing{latency: slow}, plan: plan{Ask: plain, Conns: 1500, Rate: 500, Duration: d},
			direct: true, proxy: true, model: labModel},
		{name: streams, timing: timing{slow, 10 * time.Millisecond, streamChunks}, plan: plan{Ask: stream, Conns: 1500, Rate: 50, Duration: d},
			direct: true, proxy: true, model: labModel},
		// All begin within a second and last three, so that they overlap for two.
		{name: crowd, timing: timing{slow, crowdInterval, streamChunks}, plan: plan{Ask: stream, Conns: crowdSize, Rate: crowdSize, Duration: time.Second},
			direct: true, proxy: true, model: labModel},
		{name: sameFormat, plan: plan{Ask: claude, Conns: 64, Duration: d / 2}, model: claudeModel},
		{name: translated, plan: plan{Ask: claude, Conns: 64, Duration: d / 2}, model: labModel},
	}
}

// target is what a scenario is measured at.
type target struct {
	addr, key string
	pid       int                         // 0: not charged
	settle    func(context.Context) error // waits until all that the calls caused is done; may be nil
}

// outcome is what one scenario found at one target in one round.
type outcome struct {
	result
	cpu     float64 // microseconds of the target for each call, while it answered
	settled float64 // likewise, with all that the calls caused
	busy    float64 // the share of a processor that the target used while it answered
	rss     float64 // MiB at the end
	noise   noise   // while it answered
}

// suite is a benchmark in progress.
type suite struct {
	options
	loadCPU, targetCPU int
	mock               string // address
	rounds             int
	direct, proxy      target
	steward            target
	answered           int // calls that Steward answered wholly
	failed             int // answers that were not whole, of all targets
	failure            string
	pids               []int // the benchmark's processes that run
	runs, disturbed    int
	found              map[string]map[string][]outcome // by scenario, by target
}

// runSuite measures everything.
func runSuite(ctx context.Context, o options) (rep report, err error) {
	s := &suite{options: o, loadCPU: -1, targetCPU: -1, rounds: 3, found: map[string]map[string][]outcome{}}
	each, idle := 4*time.Second, 10*time.Second
	if o.quick {
		s.rounds, each, idle = 1, 2*time.Second, 3*time.Second
	}
	list, err := cpus()
	if err != nil {
		return report{}, err
	}
	if len(list) > 1 {
		s.loadCPU, s.targetCPU = list[0], list[1]
	}
	began, err := look()
	if err != nil {
		return report{}, err
	}
	machine := describe(began, len(list))
	dir, err := os.MkdirTemp(o.dir, "bench-")
	if err != nil {
		return report{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	mock, addr, err := startRole("mock", s.loadCPU)
	if err != nil {
		return report{}, err
	}
	defer func() { err = errors.Join(err, mock.stop()) }()
	s.mock, s.direct = addr, target{addr: addr}
	proxy, addr, err := startRole("proxy", s.targetCPU, s.mock)
	if err != nil {
		return report{}, err
	}
	defer func() { err = errors.Join(err, proxy.stop()) }()
	s.proxy = target{addr: addr, pid: proxy.pid()}

	st, foot, err := s.footprint(ctx, dir, idle)
	if err != nil {
		return report{}, err
	}
	defer func() { err = errors.Join(err, st.stop()) }()
	s.steward = target{addr: st.addr, key: st.key, pid: st.pid(), settle: st.catchUp}
	s.pids = []int{mock.pid(), proxy.pid(), st.pid()}

	for round := range s.rounds {
		for _, sc := range scenarios(each) {
			if err := s.measure(ctx, sc, round); err != nil {
				return report{}, fmt.Errorf("%s: %w", sc.name, err)
			}
		}
	}
	spent, err := st.report(ctx)
	if err != nil {
		return report{}, fmt.Errorf("count the calls that were recorded: %w", err)
	}
	ended, err := look(s.pids...)
	if err != nil {
		return report{}, err
	}
	machine.noise, machine.Seconds, machine.LoadAfter = ended.since(began), ended.at.Sub(began.at).Seconds(), loadAverage()
	machine.Runs, machine.Disturbed = s.runs, s.disturbed
	return s.compile(machine, foot, spent), nil
}

// footprint is what Steward weighs before its first call.
type footprint struct {
	healthy, said []float64 // milliseconds to start: until /healthz is good; as Steward says
	rss           float64   // MiB
	cpu           float64   // percent of a processor
	binary        float64   // MB
}

// footprint starts Steward once a round on an empty directory, watches the last one
// idle, and returns it.
func (s *suite) footprint(ctx context.Context, dir string, idle time.Duration) (*steward, footprint, error) {
	var f footprint
	info, err := os.Stat(s.options.steward)
	if err != nil {
		return nil, f, err
	}
	f.binary = float64(info.Size()) / 1e6
	fmt.Fprintf(s.talk, "start and idle\n")
	var st *steward
	for round := range s.rounds {
		if st != nil {
			if err := st.stop(); err != nil {
				return nil, f, err
			}
		}
		own := filepath.Join(dir, strconv.Itoa(round))
		if err := os.Mkdir(own, 0o700); err != nil {
			return nil, f, err
		}
		if st, err = startSteward(ctx, s.options.steward, own, s.mock, s.targetCPU); err != nil {
			return nil, f, err
		}
		f.healthy = append(f.healthy, float64(st.healthy)/1e6)
		f.said = append(f.said, float64(st.said)/1e6)
	}
	if err := s.watchIdle(ctx, st.pid(), idle, &f); err != nil {
		return nil, f, errors.Join(err, st.stop())
	}
	return st, f, nil
}

func (s *suite) watchIdle(ctx context.Context, pid int, idle time.Duration, f *footprint) error {
	if err := pause(ctx, time.Second); err != nil { // what the start left to do
		return err
	}
	before, err := cpuTime(pid)
	if err != nil {
		return err
	}
	if err := pause(ctx, idle); err != nil {
		return err
	}
	after, err := cpuTime(pid)
	if err != nil {
		return err
	}
	f.cpu = 100 * float64(after-before) / float64(idle)
	f.rss, err = residentMiB(pid)
	return err
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// measure runs a scenario once at each of its targets.
func (s *suite) measure(ctx context.Context, sc scenario, round int) error {
	if sc.direct {
		if err := s.at(ctx, sc, round, "direct", s.direct); err != nil {
			return err
		}
	}
	if sc.proxy {
		if err := s.at(ctx, sc, round, "proxy", s.proxy); err != nil {
			return err
		}
	}
	return s.at(ctx, sc, round, "steward", s.steward)
}

func (s *suite) at(ctx context.Context, sc scenario, round int, name string, t target) error {
	if err := s.setTiming(ctx, sc.timing); err != nil {
		return err
	}
	p := sc.plan
	p.Addr, p.Ask.Key, p.Ask.Model = t.addr, t.key, sc.model
	if round == 0 && sc.name != crowd { // fill pools, open connections, grow heaps
		warm := p
		warm.Duration = p.Duration / 4
		if _, err := s.load(ctx, warm, name, t); err != nil {
			return err
		}
	}
	o, err := s.load(ctx, p, name, t)
	if err != nil {
		return err
	}
	if o.Done == 0 {
		return fmt.Errorf("no call through %s was answered: %s", name, o.Error)
	}
	if s.found[sc.name] == nil {
		s.found[sc.name] = map[string][]outcome{}
	}
	s.found[sc.name][name] = append(s.found[sc.name][name], o)
	s.runs++
	if o.noise.disturbs() {
		s.disturbed++
	}
	fmt.Fprintf(s.talk, "round %d of %d  %-11s  %-7s  %6d calls  %3d failed  %7.1f/s  p50 %8.0f us  CPU %5.0f us/call  noise %.2f CPUs\n",
		round+1, s.rounds, sc.name, name, o.Done, o.Errors, float64(o.Done)/o.Seconds, o.Latency.P50, o.settled, o.noise.Foreign+o.noise.Stolen)
	return nil
}

// load runs a plan and charges the target for it.
func (s *suite) load(ctx context.Context, p plan, name string, t target) (outcome, error) {
	cpu := func() (time.Duration, error) {
		if t.pid == 0 {
			return 0, nil
		}
		return cpuTime(t.pid)
	}
	began, err := look(s.pids...)
	if err != nil {
		return outcome{}, err
	}
	before, err := cpu()
	if err != nil {
		return outcome{}, err
	}
	res, err := p.load(ctx, s.loadCPU)
	if err != nil {
		return outcome{}, err
	}
	o := outcome{result: res}
	after, err := cpu()
	if err != nil {
		return outcome{}, err
	}
	ended, err := look(s.pids...)
	if err != nil {
		return outcome{}, err
	}
	o.noise = ended.since(began)
	settled := after
	if t.pid != 0 {
		if o.rss, err = residentMiB(t.pid); err != nil {
			return outcome{}, err
		}
	}
	if t.settle != nil {
		s.answered += res.Done
		if err := t.settle(ctx); err != nil {
			return outcome{}, err
		}
		if settled, err = cpu(); err != nil {
			return outcome{}, err
		}
	}
	s.failed += res.Errors
	if s.failure == "" && res.Errors > 0 {
		s.failure = name + ": " + res.Error
	}
	if res.Done > 0 {
		o.cpu = micros(after-before) / float64(res.Done)
		o.settled = micros(settled-before) / float64(res.Done)
		o.busy = (after - before).Seconds() / res.Seconds
	}
	return o, nil
}

func (s *suite) setTiming(ctx context.Context, t timing) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.mock+"/timing?"+t.query(), nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("set the mock's timing: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("set the mock's timing: %s", res.Status)
	}
	return nil
}
