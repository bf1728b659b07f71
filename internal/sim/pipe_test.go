package sim_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/steward-llmops/steward/internal/sim"
)

// pair returns the two ends of a connection.
func pair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	pipe := sim.NewPipe()
	accepted := make(chan net.Conn, 1)
	go func() {
		c, err := pipe.Accept()
		if err != nil {
			t.Error(err)
		}
		accepted <- c
	}()
	client, err := pipe.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return client, <-accepted
}

func TestPipe(t *testing.T) {
	t.Run("carries bytes both ways without a reader at hand", func(t *testing.T) {
		a, b := pair(t)
		for _, c := range []net.Conn{a, b} {
			if _, err := c.Write(make([]byte, 60<<10)); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []net.Conn{a, b} {
			if _, err := io.ReadFull(c, make([]byte, 60<<10)); err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Run("keeps order and content under a full buffer", func(t *testing.T) {
		a, b := pair(t)
		const size = 3 << 20
		go func() {
			rng := rand.New(rand.NewPCG(1, 2))
			sent := 0
			for sent < size {
				p := make([]byte, min(1+rng.IntN(100_000), size-sent))
				for i := range p {
					p[i] = byte((sent + i) * 31 >> 3)
				}
				if _, err := a.Write(p); err != nil {
					t.Error(err)
					return
				}
				sent += len(p)
			}
			a.Close()
		}()
		got, err := io.ReadAll(b)
		if err != nil || len(got) != size {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
		for i := range got {
			if got[i] != byte(i*31>>3) {
				t.Fatalf("byte %d is %d", i, got[i])
			}
		}
	})
	t.Run("close lets the peer read the rest", func(t *testing.T) {
		a, b := pair(t)
		if _, err := a.Write([]byte("rest")); err != nil {
			t.Fatal(err)
		}
		a.Close()
		if got, err := io.ReadAll(b); string(got) != "rest" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		if _, err := b.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("write to a closed peer: %v", err)
		}
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("read after close: %v", err)
		}
	})
	t.Run("a reset throws the rest away", func(t *testing.T) {
		a, b := pair(t)
		if _, err := a.Write([]byte("lost")); err != nil {
			t.Fatal(err)
		}
		if err := a.(interface{ SetLinger(int) error }).SetLinger(0); err != nil {
			t.Fatal(err)
		}
		a.Close()
		if n, err := b.Read(make([]byte, 9)); n != 0 || !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%d, %v", n, err)
		}
	})
	t.Run("close wakes a reader and a writer", func(t *testing.T) {
		a, b := pair(t)
		done := make(chan error, 2)
		go func() { _, err := a.Read(make([]byte, 1)); done <- err }()
		go func() { _, err := b.Write(make([]byte, 1<<20)); done <- err }()
		// The reader takes a byte or is woken; the writer fills the buffer and is woken.
		a.Close()
		for range 2 {
			<-done
		}
	})
	t.Run("deadlines pass, and can be moved", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a, _ := pair(t)
			start := time.Now()
			if err := a.SetReadDeadline(start.Add(time.Second)); err != nil {
				t.Fatal(err)
			}
			if err := a.SetReadDeadline(start.Add(3 * time.Second)); err != nil {
				t.Fatal(err)
			}
			_, err := a.Read(make([]byte, 1))
			var timeout net.Error
			if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() || time.Since(start) != 3*time.Second {
				t.Errorf("read: %v after %v", err, time.Since(start))
			}
			if err := a.SetDeadline(time.Now().Add(time.Second)); err != nil {
				t.Fatal(err)
			}
			if n, err := a.Write(make([]byte, 1<<20)); n == 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("write: %d, %v", n, err)
			}
			if err := a.SetDeadline(time.Time{}); err != nil {
				t.Fatal(err)
			}
			a.Close()
		})
	})
	t.Run("a dial ends with its context and with the listener", func(t *testing.T) {
		pipe := sim.NewPipe()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := pipe.Dial(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("dial: %v", err)
		}
		pipe.Close()
		if _, err := pipe.Dial(t.Context()); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("dial a closed listener: %v", err)
		}
		if _, err := pipe.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("accept: %v", err)
		}
	})
}
