package price

import (
	"time"

	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
)

// Most says what a call may use beyond plain text, so that its ceiling is neither
// too low nor needlessly high. The zero Most is a text call that may read from and
// write to a prompt cache and may think.
type Most struct {
	At time.Time // the call's arrival, by which it is also settled

	// ServiceTier, Speed and Geo are as the request asks for; empty means the
	// ordinary ones. Where the provider's account is set to dearer ones, and the
	// request does not say, give the account's.
	ServiceTier, Speed, Geo string

	// Sound, Pictures and Video say that the call may carry them, in or out.
	Sound, Pictures, Video bool
	// NoCacheWrite says that nothing can be written to a cache, not even by the
	// provider of its own accord; NoHourCache that nothing is written for an hour.
	NoCacheWrite, NoHourCache bool

	// Counts is the most of each quantity that is not a token: searches, images,
	// seconds of sound, the time of the machine. Counts of tokens are left out of
	// account.
	Counts [llm.NumQuantities]int64
}

const (
	textIn  = set(1)<<llm.Input | 1<<llm.CacheRead
	textOut = set(1)<<llm.Output | 1<<llm.OutputReasoning
)

// kinds returns the quantities that the call's input and output may be.
func (m *Most) kinds() (in, out set) {
	in, out = textIn, textOut
	if !m.NoCacheWrite {
		in.add(llm.CacheWrite)
		if !m.NoHourCache {
			in.add(llm.CacheWrite1h)
		}
	}
	if m.Sound {
		in.add(llm.InputAudio)
		in.add(llm.CacheReadAudio)
		out.add(llm.OutputAudio)
	}
	if m.Pictures {
		in.add(llm.InputImage)
		in.add(llm.CacheReadImage)
		out.add(llm.OutputImage)
	}
	if m.Video {
		in.add(llm.InputVideo)
		out.add(llm.OutputVideo)
	}
	return in, out
}

// Ceiling returns the most that a call of at most so many input and output tokens
// can cost, rounded up. Input counts at the dearest of what it may turn out to be,
// output likewise, both at the dearest length of context that inputTokens reaches
// and at the dearer of the service tier asked for and the default one, because a
// provider may serve a call in another tier than was asked for.
func (e *Entry) Ceiling(inputTokens, outputTokens int64, m *Most) money.Nano {
	if m == nil {
		m = &Most{}
	}
	in, out := m.kinds()
	asked, _ := e.situation(m.ServiceTier, m.Speed, m.Geo)
	usual, _ := e.situation("", "", m.Geo)
	p := e.periodAt(m.At)
	var top [llm.NumQuantities]money.Rate
	var dearIn, dearOut money.Rate
	for i := range p.tiers {
		t := &p.tiers[i]
		if i > 0 && inputTokens <= t.over {
			break
		}
		for q := range llm.NumQuantities {
			r := max(t.sheets[asked].rate[q], t.sheets[usual].rate[q])
			switch {
			case in.has(q):
				dearIn = max(dearIn, r)
			case out.has(q):
				dearOut = max(dearOut, r)
			}
			top[q] = max(top[q], r)
		}
	}
	var sum money.Sum
	sum.Add(inputTokens, dearIn)
	sum.Add(outputTokens, dearOut)
	s := sheet{rate: top}
	for q, n := range m.Counts {
		q := llm.Quantity(q)
		if q == llm.Requests && n == 0 {
			n = 1
		}
		if n > 0 && !units[q].token {
			s.charge(&sum, q, n)
		}
	}
	return sum.Ceil()
}
