package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
)

// FaultInfo describes a fault that can be asked for. Documentation and command
// line help are made from it.
type FaultInfo struct {
	Name   string
	Params []FaultParam
	What   string // one sentence, without a full stop
}

// FaultParam is a parameter of a fault.
type FaultParam struct {
	Name    string
	Default string // as it would be written; empty: none
	What    string
}

// Fault is a fault with its parameters, as asked for.
type Fault struct {
	Name   string
	Params map[string]string
}

// after is the parameter of faults that strike in the middle of a stream.
var after = FaultParam{"after", "half", "events that come before it"}

var faultTable = []FaultInfo{
	{"rate_limit", []FaultParam{{"retry_after", "2", "seconds in the retry-after header, or none"}}, "429 in the format's own words"},
	{"quota", nil, "429 whose code says that the account is out of credit: trying again is useless"},
	{"error_500", nil, "500, internal error"},
	{"error_503", nil, "503, service unavailable"},
	{"overloaded_529", nil, "529, overloaded"},
	{"auth_401", nil, "401, the key is not valid"},
	{"bad_gateway_html", nil, "502 with a page of HTML for a body"},
	{"context_length", nil, "400, the prompt is longer than the model's window"},
	{"content_filter", []FaultParam{{"as", "finish", "finish: the answer stops short with that finish reason; refusal: words of refusal; error: 400"}}, "the provider's own filter steps in"},
	{"flapping", []FaultParam{{"period", "10s", "how long it stays up, then down"}}, "503 during every second period since start"},
	{"reset", nil, "the connection is reset before the headers"},
	{"silence", nil, "the request is accepted and never answered"},
	{"empty", nil, "200 with an empty body"},
	{"bad_json", nil, "200 with JSON that breaks off"},
	{"slow_first_token", []FaultParam{{"delay", "30s", "time until anything is sent"}}, "a long wait, then a good answer"},
	{"reset_mid", []FaultParam{after}, "the connection is reset in the middle of the answer"},
	{"cut", []FaultParam{after}, "the stream ends in the middle as if it were complete: the connection closes in good order"},
	{"cut_hard", []FaultParam{after}, "the connection closes in the middle, without the last chunk of its encoding"},
	{"stall", []FaultParam{after}, "the stream stops in the middle and the connection stays open"},
	{"malformed", []FaultParam{after}, "one event in the middle is broken; the others are sound"},
	{"no_terminator", nil, "everything comes, finish reason included, but not the event that ends a stream"},
	{"error_event", []FaultParam{after}, "the format's own error event in the middle of a stream that began with 200"},
	{"trickle", []FaultParam{{"delay", "20ms", "time between two bytes"}}, "the body comes one byte at a time"},
	{"wrong_usage", nil, "all token counts are doubled"},
	{"no_usage", nil, "no token counts"},
	{"duplicate_usage", nil, "the event with the final token counts comes twice"},
	{"usage_every_chunk", nil, "cumulative token counts with each piece of a stream, where the format has a place for them"},
	{"padding", nil, "random padding, as vendors send it against length analysis: a field, or trailing spaces"},
	{"unknown_event", []FaultParam{after}, "an event of a type that no documentation knows, which a reader must skip"},
	{"huge", []FaultParam{{"size", "4", "megabytes"}}, "a very large answer"},
}

// Faults returns the table of all faults.
func Faults() []FaultInfo { return slices.Clone(faultTable) }

// ParseFault reads "name,key=value,key=value", as the header x-sim-fault has it.
// The error is a *fault.Error of kind Invalid.
func ParseFault(text string) (*Fault, error) {
	name, rest, more := strings.Cut(strings.TrimSpace(text), ",")
	f := &Fault{Name: strings.TrimSpace(name), Params: map[string]string{}}
	for more {
		var pair string
		pair, rest, more = strings.Cut(rest, ",")
		key, value, _ := strings.Cut(pair, "=")
		f.Params[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	return f, nil
}

// check reports an unknown name, an unknown parameter or a value out of range.
func (f *Fault) check() error {
	i := slices.IndexFunc(faultTable, func(info FaultInfo) bool { return info.Name == f.Name })
	if i < 0 {
		return fault.New(fault.Invalid, "unknown_fault", "there is no fault %q", f.Name).
			Hinted("GET /_sim/faults lists them")
	}
	for key, value := range f.Params {
		p := slices.IndexFunc(faultTable[i].Params, func(p FaultParam) bool { return p.Name == key })
		if p < 0 {
			return fault.New(fault.Invalid, "unknown_fault_parameter", "fault %s has no parameter %q", f.Name, key).
				Hinted("GET /_sim/faults lists them")
		}
		if err := checkParam(key, value); err != nil {
			return fault.New(fault.Invalid, "bad_fault_parameter", "fault %s: %s=%s: %v", f.Name, key, value, err)
		}
	}
	return nil
}

func checkParam(key, value string) error {
	switch key {
	case "delay", "period":
		if d, err := duration(value); err != nil || d <= 0 {
			return fmt.Errorf("want a time such as 30s or 200ms")
		}
	case "after", "size":
		if n, err := strconv.Atoi(value); err != nil || n < 0 || key == "size" && (n < 1 || n > 256) {
			return fmt.Errorf("want a whole number (size: 1 to 256)")
		}
	case "retry_after":
		if n, err := strconv.Atoi(value); value != "none" && (err != nil || n < 0) {
			return fmt.Errorf("want seconds or none")
		}
	case "as":
		if value != "finish" && value != "refusal" && value != "error" {
			return fmt.Errorf("want finish, refusal or error")
		}
	}
	return nil
}

// param returns the value of a parameter, or its default.
func (f *Fault) param(key string) string {
	if v, ok := f.Params[key]; ok {
		return v
	}
	for _, info := range faultTable {
		if info.Name == f.Name {
			for _, p := range info.Params {
				if p.Name == key {
					return p.Default
				}
			}
		}
	}
	return ""
}

func (f *Fault) duration(key string) time.Duration {
	d, err := duration(f.param(key))
	if err != nil { // check has seen it
		return 0
	}
	return d
}

// place returns the index at which a fault strikes in n events.
func (f *Fault) place(n int) int {
	if k, err := strconv.Atoi(f.param("after")); err == nil {
		return min(k, n)
	}
	return n / 2
}

// is reports whether the fault, which may be nil, has the name.
func (f *Fault) is(name string) bool { return f != nil && f.Name == name }

// duration reads "800ms" or, without a unit, seconds.
func duration(s string) (time.Duration, error) {
	if x, err := strconv.ParseFloat(s, 64); err == nil {
		if !(x >= 0 && x < 1e9) {
			return 0, fmt.Errorf("%q is out of range", s)
		}
		return time.Duration(x * float64(time.Second)), nil
	}
	return time.ParseDuration(s)
}
