package calls

import "github.com/steward-llmops/steward/internal/record"

// Scores finds the scores of rows: those about the row's span, and those about the
// provider's answer. The zero Scores, and nil, has none.
type Scores struct {
	bySpan     map[spanKey][]*record.Score
	byResponse map[string][]*record.Score
}

type spanKey struct{ trace, span string }

// NewScores returns the scores of the list, which must not change any more.
func NewScores(list []record.Score) *Scores {
	s := &Scores{bySpan: map[spanKey][]*record.Score{}, byResponse: map[string][]*record.Score{}}
	for i := range list {
		score := &list[i]
		if score.TraceID != "" && score.SpanID != "" {
			k := spanKey{score.TraceID, score.SpanID}
			s.bySpan[k] = append(s.bySpan[k], score)
		}
		if score.Response != "" {
			s.byResponse[score.Response] = append(s.byResponse[score.Response], score)
		}
	}
	return s
}

// Of returns the scores of a row, each once.
func (s *Scores) Of(r *Row) []*record.Score {
	if s == nil {
		return nil
	}
	list := s.bySpan[spanKey{r.TraceID, r.SpanID}]
	if r.UpstreamID == "" {
		return list
	}
	list = list[:len(list):len(list)]
	for _, score := range s.byResponse[r.UpstreamID] {
		if score.SpanID == "" || score.SpanID != r.SpanID || score.TraceID != r.TraceID || score.TraceID == "" {
			list = append(list, score)
		}
	}
	return list
}
