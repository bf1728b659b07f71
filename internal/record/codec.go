package record

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/money"
)

// An entry is a kind byte and then fields: a uvarint of number*2 (a zigzag varint
// follows) or number*2+1 (a length and bytes follow). Zero fields are left out and
// unknown fields are skipped, so that a newer Steward reads an older journal and
// an older one a newer journal.

const (
	kindHold  = 1
	kindCall  = 2
	kindSpan  = 3
	kindScore = 4
	kindLog   = 5
	kindPoint = 6
)

// ErrCorrupt is returned for bytes that are not an entry.
var ErrCorrupt = errors.New("corrupt journal entry")

// Append appends the encoding of e to dst.
func Append(dst []byte, e Entry) []byte {
	w := writer{dst}
	switch {
	case e.Call != nil:
		w.b = append(w.b, kindCall)
		writeCall(&w, e.Call)
	case e.Hold != nil:
		w.b = append(w.b, kindHold)
		writeHold(&w, e.Hold)
	case e.Span != nil:
		w.b = append(w.b, kindSpan)
		writeCall(&w, e.Span)
	case e.Score != nil:
		w.b = append(w.b, kindScore)
		writeScore(&w, e.Score)
	case e.Log != nil:
		w.b = append(w.b, kindLog)
		writeLog(&w, e.Log)
	case e.Point != nil:
		w.b = append(w.b, kindPoint)
		writePoint(&w, e.Point)
	}
	return w.b
}

// IsHold reports whether the encoded entry is a hold, without decoding it.
func IsHold(b []byte) bool { return len(b) > 0 && b[0] == kindHold }

// Decode reads what Append wrote. It keeps nothing of b.
func Decode(b []byte) (Entry, error) { return DecodeInto(Entry{}, b) }

// DecodeInto is Decode that writes into the Call or Hold of an entry that nobody
// needs any more, to spare the garbage collector. Strings are new all the same.
func DecodeInto(old Entry, b []byte) (Entry, error) {
	if len(b) == 0 {
		return Entry{}, ErrCorrupt
	}
	r := reader{s: string(b[1:])}
	switch b[0] {
	case kindCall, kindSpan:
		c := old.Call
		if c == nil {
			c = old.Span
		}
		if c == nil {
			c = new(Call)
		}
		*c = Call{Attempts: c.Attempts[:0], Tags: c.Tags[:0]}
		readCall(&r, c)
		if len(c.Attempts) == 0 {
			c.Attempts = nil
		}
		if len(c.Tags) == 0 {
			c.Tags = nil
		}
		if r.bad {
			return Entry{}, fmt.Errorf("call: %w", ErrCorrupt)
		}
		if b[0] == kindSpan {
			return Entry{Span: c}, nil
		}
		return Entry{Call: c}, nil
	case kindHold:
		h := old.Hold
		if h == nil {
			h = new(Hold)
		}
		*h = Hold{}
		readHold(&r, h)
		if r.bad {
			return Entry{}, fmt.Errorf("hold: %w", ErrCorrupt)
		}
		return Entry{Hold: h}, nil
	}
	return decodeReported(b[0], r)
}

// decodeReported reads what an application reported beside spans.
func decodeReported(kind byte, r reader) (e Entry, err error) {
	switch kind {
	case kindScore:
		e.Score = new(Score)
		readScore(&r, e.Score)
	case kindLog:
		e.Log = new(Log)
		readLog(&r, e.Log)
	case kindPoint:
		e.Point = new(Point)
		readPoint(&r, e.Point)
	default:
		return Entry{}, fmt.Errorf("kind %d: %w", kind, ErrCorrupt)
	}
	if r.bad {
		return Entry{}, fmt.Errorf("kind %d: %w", kind, ErrCorrupt)
	}
	return e, nil
}

type writer struct{ b []byte }

func (w *writer) num(tag uint64, v int64) {
	if v != 0 {
		w.b = binary.AppendUvarint(w.b, tag<<1)
		w.b = binary.AppendVarint(w.b, v)
	}
}

func (w *writer) flag(tag uint64, v bool) {
	if v {
		w.num(tag, 1)
	}
}

func (w *writer) str(tag uint64, s string) {
	if s != "" {
		w.b = binary.AppendUvarint(w.b, tag<<1|1)
		w.b = binary.AppendUvarint(w.b, uint64(len(s)))
		w.b = append(w.b, s...)
	}
}

// nest writes a group of fields as bytes, in place: one byte is kept for the
// length, and the group moves up where the length needs more.
func (w *writer) nest(tag uint64, write func(*writer)) {
	w.b = binary.AppendUvarint(w.b, tag<<1|1)
	at := len(w.b)
	w.b = append(w.b, 0)
	write(w)
	n := len(w.b) - at - 1
	if n < 0x80 {
		w.b[at] = byte(n)
		return
	}
	var size [binary.MaxVarintLen64]byte
	k := binary.PutUvarint(size[:], uint64(n))
	w.b = append(w.b, size[:k-1]...)
	copy(w.b[at+k:], w.b[at+1:at+1+n])
	copy(w.b[at:], size[:k])
}

// reader reads fields out of s; strings are slices of it.
type reader struct {
	s   string
	bad bool
	// the current field
	tag uint64
	num int64
	str string
}

func (r *reader) next() bool {
	if r.bad || r.s == "" {
		return false
	}
	key := r.uvarint()
	r.tag, r.num, r.str = key>>1, 0, ""
	if key&1 == 0 {
		u := r.uvarint()
		r.num = int64(u>>1) ^ -int64(u&1)
		return !r.bad
	}
	n := r.uvarint()
	if r.bad || n > uint64(len(r.s)) {
		r.bad = true
		return false
	}
	r.str, r.s = r.s[:n], r.s[n:]
	return true
}

func (r *reader) uvarint() uint64 {
	var v uint64
	for i := 0; i < len(r.s) && i < binary.MaxVarintLen64; i++ {
		c := r.s[i]
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			r.s = r.s[i+1:]
			return v
		}
	}
	r.bad = true
	return 0
}

func (r *reader) id() (id ident.ID) {
	if copy(id[:], r.str) != len(id) || len(r.str) != len(id) {
		r.bad = true
	}
	return id
}

func writeHold(w *writer, h *Hold) {
	w.str(1, string(h.ID[:]))
	w.num(2, h.Time)
	w.str(3, h.Org)
	w.str(4, h.Team)
	w.str(5, h.Project)
	w.str(6, h.Key)
	w.str(7, h.KeyName)
	w.str(8, h.Subject)
	w.str(9, h.Surface)
	w.str(10, h.Operation)
	w.str(11, h.Asked)
	w.str(12, h.Provider)
	w.str(13, h.Model)
	w.flag(14, h.Stream)
	w.num(15, int64(h.Ceiling))
	w.flag(16, h.CeilingSet)
	w.str(17, h.Catalogue)
	w.str(18, h.PriceID)
}

func readHold(r *reader, h *Hold) {
	for r.next() {
		switch r.tag {
		case 1:
			h.ID = r.id()
		case 2:
			h.Time = r.num
		case 3:
			h.Org = r.str
		case 4:
			h.Team = r.str
		case 5:
			h.Project = r.str
		case 6:
			h.Key = r.str
		case 7:
			h.KeyName = r.str
		case 8:
			h.Subject = r.str
		case 9:
			h.Surface = r.str
		case 10:
			h.Operation = r.str
		case 11:
			h.Asked = r.str
		case 12:
			h.Provider = r.str
		case 13:
			h.Model = r.str
		case 14:
			h.Stream = r.num != 0
		case 15:
			h.Ceiling = money.Nano(r.num)
		case 16:
			h.CeilingSet = r.num != 0
		case 17:
			h.Catalogue = r.str
		case 18:
			h.PriceID = r.str
		}
	}
}

func writeUsage(w *writer, u *llm.Usage) {
	w.flag(1, u.Reported)
	w.flag(2, u.Estimated)
	w.num(3, u.Rejected)
	w.str(4, u.ServiceTier)
	w.str(5, u.Speed)
	w.str(6, u.Geo)
	w.num(7, int64(u.Cost))
	w.flag(8, u.CostReported)
	for i := range u.Others {
		o := &u.Others[i]
		w.nest(9, func(w *writer) {
			w.str(1, o.Model)
			w.nest(2, func(w *writer) { writeUsage(w, &o.Usage) })
		})
	}
	for q, n := range u.N {
		w.num(32+uint64(q), n)
	}
}

func readUsage(s string, u *llm.Usage) bool {
	r := reader{s: s}
	for r.next() {
		switch r.tag {
		case 1:
			u.Reported = r.num != 0
		case 2:
			u.Estimated = r.num != 0
		case 3:
			u.Rejected = r.num
		case 4:
			u.ServiceTier = r.str
		case 5:
			u.Speed = r.str
		case 6:
			u.Geo = r.str
		case 7:
			u.Cost = money.Nano(r.num)
		case 8:
			u.CostReported = r.num != 0
		case 9:
			var o llm.ModelUsage
			sub := reader{s: r.str}
			for sub.next() {
				switch sub.tag {
				case 1:
					o.Model = sub.str
				case 2:
					r.bad = r.bad || !readUsage(sub.str, &o.Usage)
				}
			}
			r.bad = r.bad || sub.bad
			u.Others = append(u.Others, o)
		default:
			if q := r.tag - 32; r.tag >= 32 && q < uint64(llm.NumQuantities) {
				u.N[q] = r.num
			}
		}
	}
	return !r.bad
}
