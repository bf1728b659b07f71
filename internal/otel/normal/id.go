package normal

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/steward-llmops/steward/internal/ident"
)

// idOf returns an id that is the same whenever the same thing is sent by the same
// project: 48 bits of its time in milliseconds, so that ids sort by time, and 80 bits
// of SHA-256 over what it is, whose it is and what tells it from others.
func idOf(micros int64, what string, who ident.Principal, parts ...string) ident.ID {
	h := sha256.New()
	var length [8]byte
	for _, p := range append([]string{what, who.Org, who.Project}, parts...) {
		binary.BigEndian.PutUint64(length[:], uint64(len(p)))
		h.Write(length[:])
		h.Write([]byte(p))
	}
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(max(micros, 0)/1000))
	var id ident.ID
	copy(id[:6], ms[2:])
	copy(id[6:], h.Sum(nil))
	return id
}
