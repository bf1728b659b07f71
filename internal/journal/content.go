package journal

import (
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/klauspost/compress/s2"

	"github.com/steward-llmops/steward/internal/record"
)

// Sealer encrypts content before its first write, under a key of its subject.
type Sealer interface {
	Seal(subject string, plain []byte) ([]byte, error)
	Open(subject string, sealed []byte) ([]byte, error)
}

var packPool = sync.Pool{New: func() any { return new([]byte) }}

// Content is packed as a version byte, the length of what follows before
// compression, and an S2 block (github.com/klauspost/compress/s2) of flags and
// four strings, each with its length before it; five where there is raw content.
const packVersion = 1

// The flags of packed content.
const (
	flagRequestCut  = 1
	flagResponseCut = 2
	flagRaw         = 4
)

func pack(dst []byte, c *record.Content) []byte {
	raw := packPool.Get().(*[]byte)
	defer packPool.Put(raw)
	b := (*raw)[:0]
	var flags byte
	if c.RequestCut {
		flags |= flagRequestCut
	}
	if c.ResponseCut {
		flags |= flagResponseCut
	}
	if c.Raw != nil {
		flags |= flagRaw
	}
	b = append(b, flags)
	b = appendString(b, c.RequestType)
	b = appendString(b, c.ResponseType)
	b = appendString(b, c.Request)
	b = appendString(b, c.Response)
	if c.Raw != nil {
		b = appendString(b, c.Raw)
	}
	*raw = b
	dst = append(dst, packVersion)
	at := len(dst)
	need := at + s2.MaxEncodedLen(len(b))
	if cap(dst) < need {
		grown := make([]byte, at, need)
		copy(grown, dst)
		dst = grown
	}
	packed := s2.Encode(dst[at:need], b)
	return dst[:at+len(packed)]
}

func appendString[T string | []byte](b []byte, s T) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func unpack(b []byte) (*record.Content, error) {
	if len(b) == 0 || b[0] != packVersion {
		return nil, fmt.Errorf("content of an unknown version")
	}
	raw, err := s2.Decode(nil, b[1:])
	if err != nil || len(raw) == 0 {
		return nil, fmt.Errorf("unpack content: %w", errTorn)
	}
	flags := raw[0]
	c := &record.Content{RequestCut: flags&flagRequestCut != 0, ResponseCut: flags&flagResponseCut != 0}
	raw = raw[1:]
	var parts [5][]byte
	count := 4
	if flags&flagRaw != 0 {
		count = 5
	}
	for i := range count {
		n, k := binary.Uvarint(raw)
		if k <= 0 || n > uint64(len(raw)-k) {
			return nil, fmt.Errorf("unpack content: %w", errTorn)
		}
		parts[i], raw = raw[k:k+int(n)], raw[k+int(n):]
	}
	c.RequestType, c.ResponseType = string(parts[0]), string(parts[1])
	c.Request, c.Response = parts[2], parts[3]
	if flags&flagRaw != 0 {
		c.Raw = parts[4]
	}
	return c, nil
}
