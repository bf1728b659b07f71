package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/netip"
	"sync"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
)

const (
	firstVisitLife = 30 * time.Minute
	sessionLife    = 12 * time.Hour
	maxTokens      = 10_000 // alive at once; beyond it, the one that ends first goes
)

// tokens is a set of random 256-bit tokens with an end each. Only their SHA-256
// is kept: they are random, so that a plain hash gives nothing away. Everything is
// in memory, so that a restart ends them all.
type tokens struct {
	mu   sync.Mutex
	ends map[[sha256.Size]byte]time.Time
}

// issue makes a token that ends at the given moment.
func (t *tokens) issue(now, end time.Time) (string, error) {
	var random [32]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", fault.New(fault.Internal, "no_randomness", "the system gives no randomness").Because(err)
	}
	token := base64.RawURLEncoding.EncodeToString(random[:])
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ends == nil {
		t.ends = make(map[[sha256.Size]byte]time.Time)
	}
	t.prune(now)
	t.ends[sha256.Sum256([]byte(token))] = end
	return token, nil
}

// prune drops what has ended and, in a full set, the one that ends first.
func (t *tokens) prune(now time.Time) {
	var first [sha256.Size]byte
	var soonest time.Time
	for h, end := range t.ends {
		if !now.Before(end) {
			delete(t.ends, h)
		} else if soonest.IsZero() || end.Before(soonest) {
			first, soonest = h, end
		}
	}
	if len(t.ends) >= maxTokens {
		delete(t.ends, first)
	}
}

// check reports whether the token is alive; take ends it.
func (t *tokens) check(token string, now time.Time, take bool) bool {
	h := sha256.Sum256([]byte(token))
	t.mu.Lock()
	defer t.mu.Unlock()
	end, ok := t.ends[h]
	if ok && (take || !now.Before(end)) {
		delete(t.ends, h)
	}
	return ok && now.Before(end)
}

// FirstVisit makes and takes the links that `steward up` prints, so that whoever
// started it opens the console without a password: each works once, for 30
// minutes, from this machine only. It is safe for concurrent use.
type FirstVisit struct {
	Now    func() time.Time
	tokens tokens
}

// Issue returns a new token for a link.
func (v *FirstVisit) Issue() (string, error) {
	now := v.Now()
	return v.tokens.issue(now, now.Add(firstVisitLife))
}

// Redeem uses the token up. The remote address is the connection's own, not one
// that a header names: fault.Denied unless it is loopback, and the token stays
// good. A token that is unknown, used or too old is fault.Unauthenticated.
func (v *FirstVisit) Redeem(token string, remote netip.Addr) error {
	if !remote.Unmap().IsLoopback() {
		return fault.New(fault.Denied, "not_loopback", "a first-visit link works on the machine that runs Steward only").
			Hinted("open it there, or through a tunnel such as ssh -L")
	}
	if !v.tokens.check(token, v.Now(), true) {
		return fault.New(fault.Unauthenticated, "invalid_link", "this first-visit link is unknown, used or older than 30 minutes").
			Hinted("sign in with the token in Steward's data directory, or restart Steward for a new link")
	}
	return nil
}

// Sessions is who is signed in to the console: random cookie values that last 12
// hours, or until Steward restarts. It is safe for concurrent use.
type Sessions struct {
	Now    func() time.Time
	tokens tokens
}

// Start signs somebody in and returns the cookie's value and end.
func (s *Sessions) Start() (cookie string, end time.Time, err error) {
	now := s.Now()
	end = now.Add(sessionLife)
	cookie, err = s.tokens.issue(now, end)
	return cookie, end, err
}

// Check returns nil while the cookie's session lasts, else fault.Unauthenticated.
func (s *Sessions) Check(cookie string) error {
	if !s.tokens.check(cookie, s.Now(), false) {
		return fault.New(fault.Unauthenticated, "no_session", "you are not signed in, or your session has ended").
			Hinted("sign in again")
	}
	return nil
}

// End signs out. A session that is not there has ended already.
func (s *Sessions) End(cookie string) { s.tokens.check(cookie, s.Now(), true) }
