package access_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/security/access"
)

var loopback = netip.MustParseAddr("127.0.0.1")

func TestFirstVisit(t *testing.T) {
	issue := func(t *testing.T) (*access.FirstVisit, *clock, string) {
		c := newClock()
		v := &access.FirstVisit{Now: c.now}
		token, err := v.Issue()
		if err != nil || len(token) < 43 {
			t.Fatalf("Issue gives %d characters, %v", len(token), err)
		}
		return v, c, token
	}
	t.Run("works once", func(t *testing.T) {
		v, _, token := issue(t)
		if err := v.Redeem(token, loopback); err != nil {
			t.Fatal(err)
		}
		if err := v.Redeem(token, loopback); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("the second use gives %v", err)
		}
	})
	t.Run("works over IPv6 and IPv4 in IPv6", func(t *testing.T) {
		for _, addr := range []string{"::1", "::ffff:127.0.0.1"} {
			v, _, token := issue(t)
			if err := v.Redeem(token, netip.MustParseAddr(addr)); err != nil {
				t.Errorf("from %s: %v", addr, err)
			}
		}
	})
	t.Run("is refused from elsewhere, and stays good", func(t *testing.T) {
		v, _, token := issue(t)
		if err := v.Redeem(token, netip.MustParseAddr("192.0.2.1")); !fault.Is(err, fault.Denied) {
			t.Errorf("from elsewhere: %v", err)
		}
		if err := v.Redeem(token, netip.Addr{}); !fault.Is(err, fault.Denied) {
			t.Errorf("from an unknown address: %v", err)
		}
		if err := v.Redeem(token, loopback); err != nil {
			t.Errorf("afterwards, from here: %v", err)
		}
	})
	t.Run("ends after 30 minutes", func(t *testing.T) {
		v, c, token := issue(t)
		c.add(30 * time.Minute)
		if err := v.Redeem(token, loopback); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("after 30 minutes: %v", err)
		}
	})
	t.Run("a guess is refused", func(t *testing.T) {
		v, _, _ := issue(t)
		if err := v.Redeem("guess", loopback); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("a guess: %v", err)
		}
	})
}

func TestSessions(t *testing.T) {
	c := newClock()
	s := &access.Sessions{Now: c.now}
	cookie, end, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := s.Start()
	if err != nil || other == cookie {
		t.Fatalf("a second session has the same cookie, or %v", err)
	}
	c.add(12*time.Hour - time.Second)
	if err := s.Check(cookie); err != nil {
		t.Errorf("just before its end: %v", err)
	}
	s.End(other)
	if err := s.Check(other); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("after signing out: %v", err)
	}
	c.add(time.Second)
	if err := s.Check(cookie); !fault.Is(err, fault.Unauthenticated) || c.now().Before(end) {
		t.Errorf("at its end: %v", err)
	}
}

func TestSessionsAreBounded(t *testing.T) {
	c := newClock()
	s := &access.Sessions{Now: c.now}
	first, _, _ := s.Start()
	c.add(time.Second)
	for range 10_000 {
		if _, _, err := s.Start(); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Check(first); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("the oldest of too many sessions still lives: %v", err)
	}
}
