package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// exchangeBound is how long one exchange may take before it counts as failed.
const exchangeBound = 30 * time.Second

// ask is the request that a run sends again and again, and what the answer to it
// must hold.
type ask struct {
	Anthropic bool   `json:"anthropic"` // Anthropic's messages rather than OpenAI's chat completions
	Model     string `json:"model"`
	Key       string `json:"key"`
	Size      int    `json:"size"` // of the request's body in bytes
	Stream    bool   `json:"stream"`
	Chunks    int    `json:"chunks"` // that a whole stream holds
}

// serial is where each request gets a number of its own, so that no cache knows it.
const serial = "00000000"

// request writes the request as it goes over the wire. Its one serial is for the
// sender to replace.
func (a ask) request(host string) ([]byte, error) {
	type message struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	}
	body := struct {
		Model         string          `json:"model"`
		MaxTokens     int             `json:"max_tokens"`
		Messages      []message       `json:"messages"`
		Stream        bool            `json:"stream,omitempty"`
		StreamOptions map[string]bool `json:"stream_options,omitempty"`
	}{Model: a.Model, MaxTokens: 256, Stream: a.Stream, Messages: []message{{Role: "user", Content: "Ticket " + serial + ". "}}}
	if a.Stream && !a.Anthropic {
		body.StreamOptions = map[string]bool{"include_usage": true}
	}
	bare, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	const filler = "Say in two sentences what the customer wants, and keep every name and every number as it stands. "
	if more := a.Size - len(bare); more > 0 {
		body.Messages[0].Content += strings.Repeat(filler, more/len(filler)+1)[:more]
	}
	whole, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	path, sign := "/v1/chat/completions", "Authorization: Bearer "+a.Key
	if a.Anthropic {
		path, sign = "/v1/messages", "anthropic-version: 2023-06-01\r\nx-api-key: "+a.Key
	}
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench\r\n%s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",
		path, host, sign, len(whole))
	return append([]byte(head), whole...), nil
}

// answer is what is measured of one exchange.
type answer struct {
	first, last time.Time     // when the first event (of a plain answer: byte) and the last byte came
	gap         time.Duration // the longest between two pieces of a stream
	upstream    time.Duration // what the mock says it took before its first byte; negative: it does not say
}

// client is one kept connection to the target. It is not safe for concurrent use.
type client struct {
	addr    string
	ask     ask
	request []byte // the client's own copy
	number  []byte // the part of request that holds the serial
	conn    net.Conn
	br      *bufio.Reader
	reply   message
	take    func([]byte)

	body []byte // of the answer at hand
	seen answer
	prev time.Time // when the last piece came
}

func newClient(addr string, a ask, request []byte) *client {
	c := &client{addr: addr, ask: a, request: bytes.Clone(request)}
	at := bytes.Index(c.request, []byte(serial))
	c.number = c.request[at : at+len(serial)]
	c.take = c.piece
	return c
}

func (c *client) close() {
	if c.conn != nil {
		_ = c.conn.Close() // nothing is expected any more
		c.conn = nil
	}
}

// do sends the request with number n and reads the answer to its end. An answer that
// is not whole is an error, and costs the connection.
func (c *client) do(n int) (answer, error) {
	if c.conn == nil {
		conn, err := net.DialTimeout("tcp", c.addr, 5*time.Second)
		if err != nil {
			return answer{}, err
		}
		c.conn, c.br = conn, bufio.NewReaderSize(conn, 16<<10)
	}
	err := c.exchange(n)
	if err != nil || c.reply.close {
		c.close()
	}
	return c.seen, err
}

func (c *client) exchange(n int) error {
	for i := len(c.number) - 1; i >= 0; i-- {
		c.number[i] = byte('0' + n%10)
		n /= 10
	}
	if err := c.conn.SetDeadline(time.Now().Add(exchangeBound)); err != nil {
		return err
	}
	c.body, c.seen, c.prev = c.body[:0], answer{upstream: -1}, time.Time{}
	if _, err := c.conn.Write(c.request); err != nil {
		return err
	}
	if err := c.reply.readHead(c.br); err != nil {
		return err
	}
	if err := c.reply.readBody(c.br, c.take); err != nil {
		return err
	}
	c.seen.last = time.Now()
	if _, status, _ := bytes.Cut(c.reply.first, []byte(" ")); !bytes.HasPrefix(status, []byte("200")) {
		return fmt.Errorf("status %s: %.200s", status, c.body)
	}
	c.seen.upstream = upstreamTime(c.body)
	return c.whole()
}

func (c *client) piece(p []byte) {
	c.body = append(c.body, p...)
	if !c.ask.Stream && !c.seen.first.IsZero() {
		return
	}
	now := time.Now()
	if c.seen.first.IsZero() && (!c.ask.Stream || bytes.Contains(c.body, []byte("\n\n"))) {
		c.seen.first = now
	}
	if !c.prev.IsZero() {
		c.seen.gap = max(c.seen.gap, now.Sub(c.prev))
	}
	c.prev = now
}

// whole reports what the answer at hand lacks.
func (c *client) whole() error {
	if !c.ask.Stream {
		if !bytes.Contains(c.body, []byte(lastWords)) || !bytes.Contains(c.body, []byte(`"usage"`)) || !bytes.HasSuffix(bytes.TrimSpace(c.body), []byte("}")) {
			return errors.New("the answer is not whole")
		}
		return nil
	}
	end := "data: [DONE]"
	if c.ask.Anthropic {
		end = "event: message_stop"
	}
	if n := bytes.Count(c.body, []byte(word)); n != c.ask.Chunks {
		return fmt.Errorf("%d of the stream's %d chunks came", n, c.ask.Chunks)
	}
	if !bytes.Contains(c.body, []byte(end)) {
		return errors.New("the stream has no end")
	}
	return nil
}

// upstreamTime reads what the mock wrote into the answer's id; -1 where the answer
// has another id.
func upstreamTime(body []byte) time.Duration {
	for _, prefix := range []string{`"id":"` + openAIID, `"id":"` + anthropicID} {
		_, rest, ok := bytes.Cut(body, []byte(prefix))
		if !ok || len(rest) < idDigits {
			continue
		}
		if us, err := strconv.ParseInt(string(rest[:idDigits]), 10, 64); err == nil {
			return time.Duration(us) * time.Microsecond
		}
	}
	return -1
}
