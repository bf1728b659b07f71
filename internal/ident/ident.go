// Package ident names things and people: time-ordered ids, and the tree of
// organisation, team, project and key that budgets, roles and data hang on.
package ident

import (
	crand "crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// ID is a 128-bit identifier that sorts by the time of its making: 48 bits of
// milliseconds, then 80 random bits (the layout of ULID, github.com/ulid/spec).
// The zero ID means none.
type ID [16]byte

var alphabet = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// Time returns the moment in the id, to the millisecond.
func (id ID) Time() time.Time {
	var b [8]byte
	copy(b[2:], id[:6])
	return time.UnixMilli(int64(binary.BigEndian.Uint64(b[:])))
}

// IsZero reports whether id is the zero ID.
func (id ID) IsZero() bool { return id == ID{} }

// String returns the id as 26 lower-case letters and digits (Crockford's base 32).
func (id ID) String() string { return alphabet.EncodeToString(id[:]) }

// Text returns the id with a prefix that says what it names: "call_01j...".
func (id ID) Text(prefix string) string { return prefix + "_" + id.String() }

// ParseID reads what Text or String wrote; the prefix may be missing, and case
// does not matter.
func ParseID(s string) (ID, error) {
	var id ID
	if i := strings.LastIndexByte(s, '_'); i >= 0 {
		s = s[i+1:]
	}
	if len(s) != 26 { // Decode panics at what does not fit
		return ID{}, fmt.Errorf("%q is not an id", s)
	}
	if n, err := alphabet.Decode(id[:], []byte(strings.ToLower(s))); err != nil || n != len(id) {
		return ID{}, fmt.Errorf("%q is not an id", s)
	}
	return id, nil
}

// Source makes ids. It is safe for concurrent use; ids made by one source never
// repeat.
type Source struct {
	mu  sync.Mutex
	rng *rand.ChaCha8
}

// NewSource returns a source seeded from the system's randomness.
func NewSource() *Source {
	var seed [32]byte
	_, _ = crand.Read(seed[:]) // never fails (crypto/rand)
	return &Source{rng: rand.NewChaCha8(seed)}
}

// New returns a new id for the moment now.
func (s *Source) New(now time.Time) ID {
	var id ID
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(now.UnixMilli()))
	copy(id[:6], ms[2:])
	s.mu.Lock()
	hi, lo := s.rng.Uint64(), s.rng.Uint64()
	s.mu.Unlock()
	binary.BigEndian.PutUint64(id[8:], lo)
	binary.BigEndian.PutUint16(id[6:8], uint16(hi))
	return id
}

// Principal is who makes a call: a key and the branch of the tree that it hangs
// on. It is immutable, and shared by all calls of the key.
type Principal struct {
	Org, Team, Project string // names
	Key                string // the key's id, "key_..."
	KeyName            string
}
