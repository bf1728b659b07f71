package journal

import (
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/record"
)

// Item is an entry with what is kept of its content.
type Item struct {
	Entry   record.Entry
	Content *record.Content // nil: none
}

// Append writes entries that an application reported, in one write, and sets the
// content references of spans and logs. When it returns nil, the entries survive
// the end of the process; Sync brings them to the disk itself. A crash before that
// may leave the first of them, so who sends them again must give them the same ids.
// With too little disk space it is a fault.Unavailable, and nothing was written.
func (j *Journal) Append(items []Item) error {
	if err := j.Healthy(); err != nil {
		return fault.As(err).Hinted("free disk space on the server, then send it again")
	}
	sealed := make([][]byte, len(items)) // outside the lock: sealing takes its time
	for i := range items {
		if items[i].Content == nil {
			continue
		}
		var err error
		if sealed[i], err = j.seal(nil, subjectOf(&items[i].Entry), items[i].Content); err != nil {
			return err
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return errClosed()
	}
	for i := range items {
		j.put(items[i].Entry, sealed[i])
	}
	return j.await(j.waiting)
}

// subjectOf returns whose key an entry's content is sealed under.
func subjectOf(e *record.Entry) string {
	switch {
	case e.Call != nil:
		return e.Call.Subject
	case e.Span != nil:
		return e.Span.Subject
	case e.Log != nil:
		return e.Log.Subject
	}
	return ""
}
