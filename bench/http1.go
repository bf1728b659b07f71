package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// message is what the benchmark needs to know of an HTTP/1.1 message, read with as
// little work as can be: mock and load generator share a small machine with the
// gateway under test. A message is reused for all that a connection carries.
type message struct {
	first   []byte // the request or status line
	length  int64  // of the body in bytes; -1: not said
	chunked bool
	close   bool // the connection ends with this message
}

var (
	fieldLength   = []byte("content-length")
	fieldEncoding = []byte("transfer-encoding")
	fieldClose    = []byte("connection")
)

// readHead reads up to the empty line behind the header fields.
func (m *message) readHead(br *bufio.Reader) error {
	line, err := readLine(br)
	if err != nil {
		return err
	}
	m.first = append(m.first[:0], line...)
	m.length, m.chunked, m.close = -1, false, false
	for {
		line, err := readLine(br)
		if err != nil {
			return err
		}
		if len(line) == 0 {
			return nil
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return errors.New("a header field without a colon")
		}
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, fieldLength):
			if m.length, err = strconv.ParseInt(string(value), 10, 64); err != nil || m.length < 0 {
				return errors.New("a content length that is no number")
			}
		case bytes.EqualFold(name, fieldEncoding):
			m.chunked = bytes.EqualFold(value, []byte("chunked"))
		case bytes.EqualFold(name, fieldClose):
			m.close = bytes.EqualFold(value, []byte("close"))
		}
	}
}

// readBody hands the body to take piece by piece, as it arrives. A piece is valid
// during the call only. A body that breaks off is an error.
func (m *message) readBody(br *bufio.Reader, take func(piece []byte)) error {
	if !m.chunked {
		if m.length < 0 {
			return errors.New("a body whose end is not marked")
		}
		return pieces(br, m.length, take)
	}
	for {
		line, err := readLine(br)
		if err != nil {
			return err
		}
		size, _, _ := bytes.Cut(line, []byte(";"))
		n, err := strconv.ParseInt(string(bytes.TrimSpace(size)), 16, 64)
		if err != nil || n < 0 {
			return errors.New("a chunk whose size is no number")
		}
		if n == 0 {
			return skipTrailer(br)
		}
		if err := pieces(br, n, take); err != nil {
			return err
		}
		if line, err := readLine(br); err != nil || len(line) != 0 {
			return errors.Join(errors.New("a chunk longer than it said"), err)
		}
	}
}

func skipTrailer(br *bufio.Reader) error {
	for {
		line, err := readLine(br)
		if err != nil || len(line) == 0 {
			return err
		}
	}
}

func pieces(br *bufio.Reader, n int64, take func([]byte)) error {
	for n > 0 {
		if _, err := br.Peek(1); err != nil {
			return fmt.Errorf("%d bytes before the end: %w", n, err)
		}
		piece, err := br.Peek(int(min(n, int64(br.Buffered()))))
		if err != nil {
			return err
		}
		take(piece)
		if _, err := br.Discard(len(piece)); err != nil {
			return err
		}
		n -= int64(len(piece))
	}
	return nil
}

// readLine returns the next line without its end; it is valid until the next read.
func readLine(br *bufio.Reader) ([]byte, error) {
	line, err := br.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}
