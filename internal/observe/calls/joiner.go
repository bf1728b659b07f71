package calls

import (
	"container/list"

	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/record"
)

// Joiner joins the rows of a trace: it says which of them are counted, and gives
// all of them the session and the subject that one of them names.
//
// What a model used is told several times in a trace: by an agent's span for all
// its calls, by a framework's span around an SDK's, by the SDK's span around the
// gateway's own call. So of a row that says what was used, and a row that says so
// below it in the tree, only the lower one counts. A span without a gateway's call
// below it, whose answer has the provider's id of a gateway's call, is that call
// seen from the application, and does not count either. The gateway's calls always
// count: they are what was paid.
//
// A trace is one organisation's: nobody else's rows change what counts in it. Of two
// rows with one span id the second does not count, unless it is the gateway's own.
//
// Rows come in any order, the children mostly before their parents. A Joiner keeps
// the traces that it saw last; one that it does not know has to be loaded before its
// rows are added. It is for one goroutine.
type Joiner struct {
	// Limit is how many spans are kept, of all traces; 0: 100,000.
	Limit int

	traces map[traceKey]*trace
	order  list.List // of *trace, the one used last in front
	spans  int
	// answers are the provider's ids of the gateway's own calls of late.
	answers answers
}

type traceKey struct{ org, id string }

type trace struct {
	key              traceKey
	spans            map[string]*joined // by span id
	session, subject string
	rest             []*joined // rows without a span id
	at               *list.Element
}

type joined struct {
	id      ident.ID
	time    int64
	parent  string
	gateway bool
	usage   bool // it says what was used, or is a call
	twin    bool // the gateway has its answer
	counted bool
	session string
	subject string
	covered int // rows below it that say what was used
}

// Change is what a row that is stored already has become.
type Change struct {
	ID      ident.ID
	Time    int64
	Counted bool
	Session string
	Subject string
}

// Uses reports whether a row says what a model used.
func Uses(r *record.Call) bool {
	return r.KindOf() == record.KindCall || r.Usage.Reported || r.Usage.Estimated
}

// Knows reports whether the joiner has the row's trace; if not, and rows of it may be
// stored, Load them first.
func (j *Joiner) Knows(r *Row) bool { return j.traces[traceKey{r.Org, r.TraceID}] != nil }

// Load adds all stored rows of traces, as they are.
func (j *Joiner) Load(rows []Row) {
	loaded := map[*trace]bool{}
	for i := range rows {
		r := &rows[i]
		t := j.trace(r)
		n := j.insert(t, r)
		if n == nil {
			continue
		}
		loaded[t] = true
		n.counted, n.session, n.subject = r.Counted, r.Session, r.Subject
		t.session, t.subject = firstOf(t.session, r.Session), firstOf(t.subject, r.Subject)
	}
	for t := range loaded { // what is not counted, and not covered, is a gateway's call seen again
		t.coverAll()
		for _, n := range t.spans {
			n.twin = n.usage && !n.counted && !n.gateway && n.covered == 0
		}
	}
}

// Add sets Counted, Session and Subject of new rows, and returns which rows that
// are stored already have changed.
func (j *Joiner) Add(rows []*Row) []Change {
	fresh := make(map[*joined]*Row, len(rows))
	touched := make(map[*trace]bool)
	for _, r := range rows {
		r.Counted = Uses(&r.Call)
		if r.Source == "" {
			j.answers.add(r.UpstreamID)
		}
		if r.TraceID == "" {
			continue
		}
		t := j.trace(r)
		n := j.insert(t, r)
		if n == nil {
			r.Counted = r.Counted && r.Source == ""
			continue
		}
		fresh[n] = r
		touched[t] = true
		n.twin = r.Source != "" && j.answers.has(r.UpstreamID)
		t.session, t.subject = firstOf(t.session, r.Session), firstOf(t.subject, r.Subject)
		n.session, n.subject = r.Session, r.Subject
	}
	var changes []Change
	for t := range touched {
		changes = append(changes, t.settle(fresh)...)
	}
	j.trim()
	return changes
}

// settle computes anew what a trace's rows count, and what they are part of.
func (t *trace) settle(fresh map[*joined]*Row) (changes []Change) {
	t.coverAll()
	each := func(n *joined) {
		counted := n.usage && (n.gateway || n.covered == 0 && !n.twin)
		session, subject := firstOf(n.session, t.session), firstOf(n.subject, t.subject)
		if r := fresh[n]; r != nil {
			r.Counted, r.Session, r.Subject = counted, session, subject
		} else if counted != n.counted || session != n.session || subject != n.subject {
			changes = append(changes, Change{n.id, n.time, counted, session, subject})
		}
		n.counted, n.session, n.subject = counted, session, subject
	}
	for _, n := range t.spans {
		each(n)
	}
	for _, n := range t.rest {
		each(n)
	}
	return changes
}

// coverAll finds out what lies above rows that say what was used.
func (t *trace) coverAll() {
	for _, n := range t.spans {
		n.covered = 0
	}
	for _, n := range t.spans {
		if n.usage {
			t.cover(n)
		}
	}
}

// deepest is how far up a tree is walked: one that is deeper, or that bites its own
// tail, is garbage.
const deepest = 1000

// cover tells the rows above n that it says what was used. What lies above a row
// that is covered already has been told of it.
func (t *trace) cover(n *joined) {
	at := n
	for range deepest {
		up := t.spans[at.parent]
		if at.parent == "" || up == nil || up == n {
			return
		}
		up.covered++
		if up.covered > 1 {
			return
		}
		at = up
	}
}

func (j *Joiner) trace(r *Row) *trace {
	key := traceKey{r.Org, r.TraceID}
	if t := j.traces[key]; t != nil {
		j.order.MoveToFront(t.at)
		return t
	}
	if j.traces == nil {
		j.traces = map[traceKey]*trace{}
	}
	t := &trace{key: key, spans: map[string]*joined{}}
	t.at = j.order.PushFront(t)
	j.traces[key] = t
	return t
}

// insert adds a row to its trace; nil if its span id is there.
func (j *Joiner) insert(t *trace, r *Row) *joined {
	n := &joined{id: r.ID, time: r.Time, parent: r.ParentSpanID, gateway: r.Source == "", usage: Uses(&r.Call)}
	if r.SpanID == "" {
		t.rest = append(t.rest, n)
		j.spans++
		return n
	}
	if t.spans[r.SpanID] != nil {
		return nil
	}
	t.spans[r.SpanID] = n
	j.spans++
	return n
}

// trim lets go the traces that were not used for the longest time.
func (j *Joiner) trim() {
	limit := j.Limit
	if limit <= 0 {
		limit = 100_000
	}
	for j.spans > limit && j.order.Len() > 1 {
		t := j.order.Remove(j.order.Back()).(*trace)
		delete(j.traces, t.key)
		j.spans -= len(t.spans) + len(t.rest)
	}
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// answers remembers ids of answers: two generations, of which the older is dropped
// when the newer is full.
type answers struct{ young, old map[string]bool }

const answersKept = 50_000

func (a *answers) add(id string) {
	if id == "" {
		return
	}
	if a.young == nil || len(a.young) >= answersKept {
		a.young, a.old = make(map[string]bool), a.young
	}
	a.young[id] = true
}

func (a *answers) has(id string) bool { return id != "" && (a.young[id] || a.old[id]) }

// Answered tells the joiner the provider's ids of the answers of the gateway's own
// calls that were stored before it was made.
func (j *Joiner) Answered(ids []string) {
	for _, id := range ids {
		j.answers.add(id)
	}
}
