package main

import (
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
	// Foreign and Stolen are processors' worth of work that other programs did, and
	// that the machine's host took, meanwhile.
	Foreign float64 `json:"foreign_cpus"`
	Stolen  float64 `json:"stolen_cpus"`
	Seconds float64 `json:"seconds"`
}

// observer watches the machine while a benchmark runs.
type observer struct {
	machine      machine
	began        time.Time
	busy, stolen time.Duration
}

func observe(cpus int) (observer, error) {
	busy, stolen, err := machineTime()
	now := time.Now()
	return observer{began: now, busy: busy, stolen: stolen, machine: machine{
		Processor: processor(), CPUs: cpus, Go: runtime.Version(), Date: now.UTC().Format(time.DateOnly), LoadBefore: loadAverage(),
	}}, err
}

// end tells the machine's state, given the benchmark's processes that still run.
func (o observer) end(pids ...int) (machine, error) {
	busy, stolen, err := machineTime()
	if err != nil {
		return machine{}, err
	}
	ours, err := ownTime()
	if err != nil {
		return machine{}, err
	}
	for _, pid := range pids {
		used, err := cpuTime(pid)
		if err != nil {
			return machine{}, err
		}
		ours += used
	}
	m := o.machine
	took := time.Since(o.began)
	m.LoadAfter, m.Seconds = loadAverage(), took.Seconds()
	m.Foreign = max(0, (busy-o.busy-ours).Seconds()/took.Seconds())
	m.Stolen = (stolen - o.stolen).Seconds() / took.Seconds()
	return m, nil
}
