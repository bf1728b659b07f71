package sim

import (
	"bytes"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/tidwall/gjson"
)

// shelfBytes is the most that uploads and results may weigh together; the
// oldest go first.
const shelfBytes = 256 << 20

// shelf keeps uploaded files and batches, in memory.
type shelf struct {
	mu      sync.Mutex
	serial  uint64
	weight  int
	files   []*shelved // oldest first
	batches []*batch   // oldest first
}

type shelved struct {
	id, name, purpose, mime string
	created                 time.Time
	data                    []byte
}

type batch struct {
	id, input, endpoint, window string
	metadata                    string // JSON
	created                     time.Time
	ready                       time.Time
	status                      string // in_progress, completed, cancelled
	output                      string // file id
	total, failed               int
	finishing                   bool // someone works on it
}

func (s *shelf) put(f *shelved, id string) *shelved {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial++
	f.id = id + requestID(7, s.serial)
	s.files = append(s.files, f)
	s.weight += len(f.data)
	for s.weight > shelfBytes && len(s.files) > 1 {
		s.weight -= len(s.files[0].data)
		s.files = s.files[1:]
	}
	return f
}

func (s *shelf) file(id string) *shelved {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.IndexFunc(s.files, func(f *shelved) bool { return f.id == id }); i >= 0 {
		return s.files[i]
	}
	return nil
}

func (s *shelf) drop(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.files, func(f *shelved) bool { return f.id == id })
	if i < 0 {
		return false
	}
	s.weight -= len(s.files[i].data)
	s.files = slices.Delete(s.files, i, i+1)
	return true
}

// shelf answers the paths of files and batches.
func (c *call) shelf() {
	switch c.route.surface {
	case files:
		switch c.r.Method {
		case http.MethodPost:
			c.uploadFile()
		case http.MethodGet:
			c.listFiles()
		default:
			c.refuse("method", "use GET or POST")
		}
	case fileOne, fileContent:
		c.oneFile()
	case batches:
		switch c.r.Method {
		case http.MethodPost:
			c.createBatch()
		case http.MethodGet:
			c.listBatches()
		default:
			c.refuse("method", "use GET or POST")
		}
	case batchOne, batchCancel:
		c.oneBatch()
	}
}

func (c *call) uploadFile() {
	form, file, err := c.form()
	if err != nil || file == nil {
		c.refuse("invalid", "the form has no file")
		return
	}
	f := c.s.shelf.put(&shelved{name: file.name, purpose: form["purpose"], mime: file.mime, created: c.s.opt.Now(), data: file.data}, "file-")
	c.json(f.card())
}

func (f *shelved) card() map[string]any {
	return map[string]any{"id": f.id, "object": "file", "bytes": len(f.data), "created_at": f.created.Unix(),
		"filename": f.name, "purpose": f.purpose, "status": "processed"}
}

func (c *call) listFiles() {
	c.s.shelf.mu.Lock()
	list := []any{}
	for _, f := range slices.Backward(c.s.shelf.files) {
		list = append(list, f.card())
	}
	c.s.shelf.mu.Unlock()
	c.json(map[string]any{"object": "list", "data": list, "has_more": false})
}

func (c *call) oneFile() {
	f := c.s.shelf.file(c.route.id)
	switch {
	case f == nil:
		c.refuse("not_found", "no such file: "+clip(c.route.id, 100))
	case c.route.surface == fileContent:
		kind := f.mime
		if kind == "" {
			kind = "application/octet-stream"
		}
		c.unary(200, kind, f.data, 0, c.shortPace())
	case c.r.Method == http.MethodDelete:
		c.json(map[string]any{"id": f.id, "object": "file", "deleted": c.s.shelf.drop(f.id)})
	case c.r.Method == http.MethodGet:
		c.json(f.card())
	default:
		c.refuse("method", "use GET or DELETE")
	}
}

func (c *call) createBatch() {
	body := gjson.ParseBytes(c.body)
	input := c.s.shelf.file(body.Get("input_file_id").Str)
	if input == nil {
		c.refuse("invalid", "input_file_id names no file")
		return
	}
	endpoint := body.Get("endpoint").Str
	if to := routePath(endpoint).surface; to != chat && to != embeddings && to != completions && to != moderations {
		c.refuse("invalid", "endpoint is not one that takes batches")
		return
	}
	now := c.s.opt.Now()
	b := &batch{input: input.id, endpoint: endpoint, window: body.Get("completion_window").Str, metadata: body.Get("metadata").Raw,
		created: now, ready: now.Add(c.s.opt.BatchDelay), status: "in_progress", total: len(lines(input.data))}
	s := &c.s.shelf
	s.mu.Lock()
	s.serial++
	b.id = "batch_" + requestID(7, s.serial)
	s.batches = append(s.batches, b)
	if len(s.batches) > 1000 {
		s.batches = s.batches[1:]
	}
	card := b.card()
	s.mu.Unlock()
	c.json(card)
}

func lines(data []byte) (out [][]byte) {
	for line := range bytes.Lines(data) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			out = append(out, line)
		}
	}
	return out
}

// card needs the shelf's mutex.
func (b *batch) card() map[string]any {
	m := map[string]any{"id": b.id, "object": "batch", "endpoint": b.endpoint, "errors": nil, "input_file_id": b.input,
		"completion_window": b.window, "status": b.status, "output_file_id": nil, "error_file_id": nil, "created_at": b.created.Unix(),
		"in_progress_at": b.created.Unix(), "expires_at": b.created.Add(24 * time.Hour).Unix(), "completed_at": nil, "metadata": nil,
		"request_counts": map[string]any{"total": b.total, "completed": 0, "failed": 0}}
	if b.metadata != "" {
		m["metadata"] = gjson.Parse(b.metadata).Value()
	}
	if b.status == "completed" {
		m["output_file_id"], m["completed_at"] = b.output, b.ready.Unix()
		m["request_counts"] = map[string]any{"total": b.total, "completed": b.total - b.failed, "failed": b.failed}
	}
	return m
}

func (c *call) listBatches() {
	s := &c.s.shelf
	s.mu.Lock()
	all := slices.Clone(s.batches)
	s.mu.Unlock()
	list := []any{}
	for _, b := range slices.Backward(all) {
		c.finish(b)
		s.mu.Lock()
		list = append(list, b.card())
		s.mu.Unlock()
	}
	c.json(map[string]any{"object": "list", "data": list, "has_more": false})
}

func (c *call) oneBatch() {
	s := &c.s.shelf
	s.mu.Lock()
	i := slices.IndexFunc(s.batches, func(b *batch) bool { return b.id == c.route.id })
	if i < 0 {
		s.mu.Unlock()
		c.refuse("not_found", "no such batch: "+clip(c.route.id, 100))
		return
	}
	b := s.batches[i]
	s.mu.Unlock()
	c.finish(b)
	s.mu.Lock()
	if c.route.surface == batchCancel && b.status == "in_progress" {
		b.status = "cancelled"
	}
	card := b.card()
	s.mu.Unlock()
	c.json(card)
}

// finish does the work of a batch whose time has come: whoever asks first.
func (c *call) finish(b *batch) {
	s := &c.s.shelf
	s.mu.Lock()
	due := b.status == "in_progress" && !b.finishing && !c.s.opt.Now().Before(b.ready)
	b.finishing = b.finishing || due
	s.mu.Unlock()
	if !due {
		return
	}
	var out bytes.Buffer
	failed := 0
	if input := s.file(b.input); input != nil {
		for i, line := range lines(input.data) {
			row, ok := c.batchRow(b, i, line)
			if !ok {
				failed++
			}
			out.Write(row)
			out.WriteByte('\n')
		}
	}
	f := s.put(&shelved{name: b.id + "_output.jsonl", purpose: "batch_output", mime: "application/jsonl", created: b.ready, data: out.Bytes()}, "file-")
	s.mu.Lock()
	b.status, b.output, b.failed = "completed", f.id, failed
	s.mu.Unlock()
}

// batchRow answers one line of a batch, at once and without faults.
func (c *call) batchRow(b *batch, i int, line []byte) ([]byte, bool) {
	path := gjson.GetBytes(line, "url").Str
	if path == "" {
		path = b.endpoint
	}
	zero := time.Duration(0)
	rec := &recorder{header: http.Header{}, status: http.StatusOK}
	inner := &call{s: c.s, w: rec, r: c.r, route: routePath(path), id: c.id, body: []byte(gjson.GetBytes(line, "body").Raw)}
	inner.controls.latency, inner.controls.rate = &zero, 1e9
	switch inner.route.surface {
	case chat, embeddings, completions, moderations:
		inner.answer()
	default:
		inner.refuse("not_found", "batches do not take this url")
	}
	row := map[string]any{"id": "batch_req_" + requestID(hashString(fnvOffset, b.id), uint64(i)), "custom_id": gjson.GetBytes(line, "custom_id").String(), "error": nil,
		"response": map[string]any{"status_code": rec.status, "request_id": c.id, "body": gjson.ParseBytes(rec.body.Bytes()).Value()}}
	return mustJSON(row), rec.status < 400
}

// recorder is an http.ResponseWriter that keeps the answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
func (r *recorder) Flush()                      {}
