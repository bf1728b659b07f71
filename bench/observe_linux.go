package main

import (
	"fmt"
	"runtime"
	"time"
)

// machine is where and amid what a benchmark was run.
type machine struct {
	Processor  string `json:"processor"`
	CPUs       int    `json:"cpus"`
	Go         string `json:"go"`
	Date       string `json:"date"`
	LoadBefore string `json:"load_before"` // load averages over 1, 5 and 15 minutes
	LoadAfter  string `json:"load_after"`
	noise
	Seconds   float64 `json:"seconds"`
	Runs      int     `json:"runs"`
	Disturbed int     `json:"disturbed_runs"` // those with more noise than quiet
}

// noise is, in processors, what other programs used and what the machine's host took
// while something was measured.
type noise struct {
	Foreign float64 `json:"foreign_cpus"`
	Stolen  float64 `json:"stolen_cpus"`
}

// quietCPUs is the noise that a measurement on an idle machine has.
const quietCPUs = 0.1

func (n noise) disturbs() bool { return n.Foreign+n.Stolen > quietCPUs }

// reading is the machine's clocks at one moment.
type reading struct {
	at                 time.Time
	busy, stolen, ours time.Duration
}

// look reads the clocks. The pids are the benchmark's processes that run; those that
// have ended, and this one, are known.
func look(pids ...int) (r reading, err error) {
	r.at = time.Now()
	if r.busy, r.stolen, err = machineTime(); err != nil {
		return r, fmt.Errorf("read the machine's time: %w", err)
	}
	if r.ours, err = ownTime(); err != nil {
		return r, fmt.Errorf("read our own time: %w", err)
	}
	for _, pid := range pids {
		used, err := cpuTime(pid)
		if err != nil {
			return r, fmt.Errorf("read the time of process %d: %w", pid, err)
		}
		r.ours += used
	}
	return r, nil
}

// since tells the noise between two readings.
func (r reading) since(began reading) noise {
	took := r.at.Sub(began.at).Seconds()
	return noise{
		Foreign: max(0, (r.busy-began.busy-(r.ours-began.ours)).Seconds()/took),
		Stolen:  (r.stolen - began.stolen).Seconds() / took,
	}
}

// describe names the machine as it is before a benchmark.
func describe(began reading, cpus int) machine {
	return machine{Processor: processor(), CPUs: cpus, Go: runtime.Version(),
		Date: began.at.UTC().Format(time.DateOnly), LoadBefore: loadAverage()}
}
