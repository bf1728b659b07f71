package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func read(r io.Reader) (m message, body string, err error) {
	br := bufio.NewReaderSize(r, 64)
	if err := m.readHead(br); err != nil {
		return m, "", err
	}
	var b []byte
	err = m.readBody(br, func(p []byte) { b = append(b, p...) })
	return m, string(b), err
}

func TestMessage(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	tests := map[string]struct {
		in, body string
		bad      bool
	}{
		"a body of known length":                 {ok + "Content-Length: 5\r\n\r\nhello", "hello", false},
		"field names in any case":                {ok + "CONTENT-length:5\r\n\r\nhello", "hello", false},
		"no body":                                {ok + "Content-Length: 0\r\n\r\n", "", false},
		"chunks":                                 {ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "hello", false},
		"a chunk with an extension, a trailer":   {ok + "Transfer-Encoding: chunked\r\n\r\n5;x=1\r\nhello\r\n0\r\nX-Cost: 1\r\n\r\n", "hello", false},
		"a body longer than the buffer":          {ok + "Content-Length: 200\r\n\r\n" + strings.Repeat("x", 200), strings.Repeat("x", 200), false},
		"a body that breaks off":                 {ok + "Content-Length: 6\r\n\r\nhello", "hello", true},
		"chunks that break off":                  {ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "hello", true},
		"a chunk longer than it said":            {ok + "Transfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n", "hell", true},
		"a chunk whose size is no number":        {ok + "Transfer-Encoding: chunked\r\n\r\nx\r\nhello\r\n0\r\n\r\n", "", true},
		"a negative length":                      {ok + "Content-Length: -1\r\n\r\n", "", true},
		"a body whose end is not marked":         {ok + "\r\nhello", "", true},
		"a head that breaks off":                 {ok + "Content-Le", "", true},
		"a field without a colon":                {ok + "nonsense\r\n\r\n", "", true},
		"a line that is longer than it may be":   {ok + strings.Repeat("x", 100) + ": 1\r\n\r\n", "", true},
		"a connection that ends with the answer": {ok + "Connection: close\r\nContent-Length: 1\r\n\r\nx", "x", false},
	}
	for name, tt := range tests {
		for _, r := range []io.Reader{strings.NewReader(tt.in), iotest.OneByteReader(strings.NewReader(tt.in))} {
			m, body, err := read(r)
			if body != tt.body || (err != nil) != tt.bad {
				t.Errorf("%s: body %q, error %v; want %q, an error: %t", name, body, err, tt.body, tt.bad)
			}
			if want := strings.Contains(tt.in, "Connection: close"); err == nil && m.close != want {
				t.Errorf("%s: close is %t", name, m.close)
			}
		}
	}
}

func FuzzMessage(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"), 2)
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"), 1)
	f.Fuzz(func(t *testing.T, b []byte, size int) {
		_, _, _ = read(bytes.NewReader(b)) // whatever it is, it does not panic
		// As the body of a chunked message it comes out as it went in.
		size = max(1, size%100)
		var in bytes.Buffer
		in.WriteString("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
		for rest := b; len(rest) > 0; {
			n := min(size, len(rest))
			fmt.Fprintf(&in, "%x\r\n%s\r\n", n, rest[:n])
			rest = rest[n:]
		}
		in.WriteString("0\r\n\r\n")
		if _, body, err := read(&in); err != nil || body != string(b) {
			t.Errorf("%q in chunks of %d came out as %q, %v", b, size, body, err)
		}
	})
}
