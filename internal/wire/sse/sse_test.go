package sse_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/steward-llmops/steward/internal/wire/sse"
)

func read(t testing.TB, s string) []string {
	t.Helper()
	var got []string
	err := sse.Events(strings.NewReader(s), func(name string, data []byte) bool {
		got = append(got, fmt.Sprintf("%s|%s", name, data))
		return true
	})
	if err != nil {
		t.Fatalf("Events: %v", err)
	}
	return got
}

func TestEvents(t *testing.T) {
	tests := map[string]struct {
		in   string
		want []string
	}{
		"plain":                    {"data: a\n\ndata: b\n\n", []string{"|a", "|b"}},
		"named":                    {"event: x\ndata: a\n\n", []string{"x|a"}},
		"no space":                 {"data:a\n\n", []string{"|a"}},
		"only one space goes":      {"data:  a \n\n", []string{"| a "}},
		"crlf":                     {"event: x\r\ndata: a\r\n\r\ndata: b\r\n\r\n", []string{"x|a", "|b"}},
		"bare cr":                  {"data: a\r\rdata: b\r\r", []string{"|a", "|b"}},
		"comments":                 {": OPENROUTER PROCESSING\n\ndata: a\n\n", []string{"|a"}},
		"several data lines":       {"data: a\ndata: b\n\n", []string{"|a\nb"}},
		"unterminated last":        {"data: a\n\ndata: b", []string{"|a", "|b"}},
		"unterminated after break": {"data: a\n", []string{"|a"}},
		"name without data":        {"event: x\n\ndata: a\n\n", []string{"|a"}},
		"unknown fields":           {"id: 7\nretry: 3\ndata: a\n\n", []string{"|a"}},
		"empty data":               {"data:\n\n", []string{"|"}},
		"nothing":                  {"", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, read(t, tt.in)); diff != "" {
				t.Errorf("events of %q (-want +got):\n%s", tt.in, diff)
			}
		})
	}
}

func FuzzAnyChunkingGivesTheSameEvents(f *testing.F) {
	f.Add("event: x\r\ndata: a\r\n\r\n: c\n\ndata: b\rdata: c\n\n", uint64(1))
	f.Add("data: {\"a\":1}  \n\ndata: [DONE]", uint64(2))
	f.Fuzz(func(t *testing.T, in string, seed uint64) {
		want := read(t, in)
		var got []string
		emit := func(name string, data []byte, end int) {
			got = append(got, fmt.Sprintf("%s|%s", name, data))
		}
		var s sse.Splitter
		rng := rand.New(rand.NewPCG(seed, 0))
		for rest := []byte(in); len(rest) > 0; {
			n := 1 + rng.IntN(len(rest))
			s.Feed(rest[:n], emit)
			rest = rest[n:]
		}
		s.Flush(emit)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("chunked %q (-whole +chunked):\n%s", in, diff)
		}
	})
}

func TestFeedReportsWhereAnEventEnds(t *testing.T) {
	in := []byte("data: a\n\ndata: b\r\n\r\nda")
	var ends []string
	var s sse.Splitter
	last := 0
	s.Feed(in, func(_ string, _ []byte, end int) {
		ends = append(ends, string(in[last:end]))
		last = end
	})
	want := []string{"data: a\n\n", "data: b\r\n\r\n"}
	if diff := cmp.Diff(want, ends); diff != "" {
		t.Errorf("event bytes (-want +got):\n%s", diff)
	}
}

func TestEventsPassesTheReadersError(t *testing.T) {
	err := sse.Events(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("data: a\n\n"))), func(string, []byte) bool { return true })
	if err == nil {
		t.Error("a reader's error was swallowed")
	}
}

func TestAppendReadsBack(t *testing.T) {
	b := sse.Append(nil, "x", []byte(`{"a":1}`))
	if got := read(t, string(b)); len(got) != 1 || got[0] != `x|{"a":1}` {
		t.Errorf("read back %q from %q", got, bytes.TrimSpace(b))
	}
}
