package llm

// Collect gathers a stream into the whole answer. An error ends it; what had
// come so far is returned with it.
func Collect(s Stream) (*Response, error) {
	var c Collector
	for e, err := range s {
		if err != nil {
			return c.Response(), err
		}
		c.Add(e)
	}
	return c.Response(), nil
}

// Collector builds a Response out of events. The zero Collector is ready.
type Collector struct {
	resp  Response
	index map[int]int // event index to position in resp.Parts
}

// Add takes the next event.
func (c *Collector) Add(e Event) {
	switch e.Kind {
	case EventStart:
		c.resp.ID, c.resp.Model, c.resp.Created = e.ID, e.Model, e.Created
	case EventPart:
		if c.index == nil {
			c.index = make(map[int]int)
		}
		c.index[e.Index] = len(c.resp.Parts)
		c.resp.Parts = append(c.resp.Parts, clonePart(e.Part))
	case EventDelta:
		if p := c.part(e.Index); p != nil {
			if p.Kind == KindToolCall {
				p.Call.Arguments += e.Text
			} else {
				p.Text += e.Text
			}
		}
	case EventSign:
		if p := c.part(e.Index); p != nil {
			if p.Kind == KindReasoning {
				p.Reasoning.Signature += e.Text
			} else {
				p.Signature += e.Text
			}
		}
	case EventCite:
		if p := c.part(e.Index); p != nil && e.Citation != nil {
			p.Citations = append(p.Citations, *e.Citation)
		}
	case EventLogProbs:
		if p := c.part(e.Index); p != nil {
			p.LogProbs = append(p.LogProbs, e.LogProbs...)
		}
	case EventUsage:
		c.resp.Usage = *e.Usage
	case EventFinish:
		c.resp.Finish, c.resp.StopSequence = e.Finish, e.StopSequence
	}
}

// Response returns the answer as far as it has come.
func (c *Collector) Response() *Response {
	r := c.resp
	return &r
}

func (c *Collector) part(index int) *Part {
	i, ok := c.index[index]
	if !ok {
		return nil
	}
	return &c.resp.Parts[i]
}

// clonePart copies what the collector will write to.
func clonePart(p *Part) Part {
	q := *p
	if p.Call != nil {
		call := *p.Call
		q.Call = &call
	}
	if p.Kind == KindReasoning {
		block := ReasoningBlock{}
		if p.Reasoning != nil {
			block = *p.Reasoning
		}
		q.Reasoning = &block
	}
	return q
}

// Events returns a whole answer as a stream, so that one path serves both: each
// part in one delta.
func (r *Response) Events() Stream {
	return func(yield func(Event, error) bool) {
		if !yield(Event{Kind: EventStart, ID: r.ID, Model: r.Model, Created: r.Created}, nil) {
			return
		}
		for i := range r.Parts {
			for _, e := range partEvents(i, &r.Parts[i]) {
				if !yield(e, nil) {
					return
				}
			}
		}
		usage := r.Usage
		if !yield(Event{Kind: EventUsage, Usage: &usage}, nil) {
			return
		}
		yield(Event{Kind: EventFinish, Finish: r.Finish, StopSequence: r.StopSequence}, nil)
	}
}

func partEvents(i int, p *Part) []Event {
	head := clonePart(p)
	head.Text, head.Citations, head.LogProbs = "", nil, nil
	text, signature := p.Text, p.Signature
	head.Signature = ""
	switch p.Kind {
	case KindToolCall:
		text = p.Call.Arguments
		head.Call.Arguments = ""
	case KindReasoning:
		signature = head.Reasoning.Signature
		head.Reasoning.Signature = ""
	}
	events := []Event{{Kind: EventPart, Index: i, Part: &head}}
	if text != "" {
		events = append(events, Event{Kind: EventDelta, Index: i, Text: text})
	}
	if signature != "" {
		events = append(events, Event{Kind: EventSign, Index: i, Text: signature})
	}
	for k := range p.Citations {
		events = append(events, Event{Kind: EventCite, Index: i, Citation: &p.Citations[k]})
	}
	if len(p.LogProbs) > 0 {
		events = append(events, Event{Kind: EventLogProbs, Index: i, LogProbs: p.LogProbs})
	}
	return append(events, Event{Kind: EventPartEnd, Index: i})
}
