package sim

import "sync"

// Stats counts what the simulator was asked.
type Stats struct {
	Requests int64                 `json:"requests"`
	Streams  int64                 `json:"streams"`
	Aborted  int64                 `json:"aborted"` // the client left before the end
	Active   int64                 `json:"active"`
	Faults   map[string]int64      `json:"faults"` // struck, by name
	Models   map[string]ModelStats `json:"models"`
}

// ModelStats are the counts of one model.
type ModelStats struct {
	Requests     int64 `json:"requests"`
	Streams      int64 `json:"streams"`
	Aborted      int64 `json:"aborted"`
	InputTokens  int64 `json:"input_tokens"`
	OutputTokens int64 `json:"output_tokens"`
}

// maxModelStats bounds the names that are told apart.
const (
	maxModelStats = 1000
	otherModels   = "(other)"
)

type stats struct {
	mu  sync.Mutex
	all Stats
}

// Stats returns the counts so far.
func (s *Server) Stats() Stats {
	s.stats.mu.Lock()
	defer s.stats.mu.Unlock()
	out := s.stats.all
	out.Faults = make(map[string]int64, len(s.stats.all.Faults))
	for k, v := range s.stats.all.Faults {
		out.Faults[k] = v
	}
	out.Models = make(map[string]ModelStats, len(s.stats.all.Models))
	for k, v := range s.stats.all.Models {
		out.Models[k] = v
	}
	return out
}

func (s *stats) begin() {
	s.mu.Lock()
	s.all.Requests++
	s.all.Active++
	s.mu.Unlock()
}

func (s *stats) struck(name string) {
	s.mu.Lock()
	if s.all.Faults == nil {
		s.all.Faults = make(map[string]int64)
	}
	s.all.Faults[name]++
	s.mu.Unlock()
}

// end counts a finished request; model is empty where there was none.
func (s *stats) end(model string, m ModelStats) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all.Active--
	s.all.Streams += m.Streams
	s.all.Aborted += m.Aborted
	if model == "" {
		return
	}
	if s.all.Models == nil {
		s.all.Models = make(map[string]ModelStats)
	}
	old, known := s.all.Models[model]
	if !known && len(s.all.Models) >= maxModelStats {
		model = otherModels
		old = s.all.Models[model]
	}
	s.all.Models[model] = ModelStats{
		Requests: old.Requests + 1, Streams: old.Streams + m.Streams, Aborted: old.Aborted + m.Aborted,
		InputTokens: old.InputTokens + m.InputTokens, OutputTokens: old.OutputTokens + m.OutputTokens,
	}
}
