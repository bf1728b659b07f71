package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/client"
	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/wire/sse"
)

func (a *app) chatCmd() *cobra.Command {
	var system string
	cmd := &cobra.Command{
		Use: "chat MODEL [MESSAGE]", Short: "Chat with a model through the gateway", Args: cobra.RangeArgs(1, 2),
		Long: "Chat with a model through the gateway, in the terminal. With MESSAGE: one question, one answer.\n" +
			"Else each line of stdin is a message, and the conversation is kept: /reset forgets it,\n" +
			"/model NAME changes the model, /exit leaves. Ctrl-C ends an answer; at the prompt, the chat.\n\n" +
			"The key is $STEWARD_KEY; without it, one is made for this chat and revoked at its end.",
		Example: "  steward chat sim/small\n  steward chat sim/echo \"hello\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			c := &chat{app: a, url: a.serverURL(), model: args[0]}
			if system != "" {
				c.history = []message{{"system", system}}
			}
			done, err := c.signIn(cmd.Context())
			if err != nil {
				return err
			}
			defer done()
			if len(args) == 2 {
				return c.turn(cmd.Context(), args[1])
			}
			return c.run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&system, "system", "", "instructions for the model")
	return cmd
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

type chat struct {
	*app
	url, model, key string
	history         []message
}

// signIn finds a key, or makes one, which done revokes.
func (c *chat) signIn(ctx context.Context) (done func(), err error) {
	if c.key = c.Getenv("STEWARD_KEY"); c.key != "" {
		return func() {}, nil
	}
	admin := c.client()
	k, err := admin.CreateKey(ctx, client.NewKey{Name: "chat", Expires: c.Now().Add(12 * time.Hour).UTC().Format(time.RFC3339)})
	if err != nil {
		return nil, err
	}
	c.key = k.Secret
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := admin.RevokeKey(ctx, k.ID); err != nil {
			c.say("the key of this chat could not be revoked; it expires in 12 hours: %s", k.ID)
		}
	}, nil
}

// run holds the conversation until the input or the patience ends.
func (c *chat) run(ctx context.Context) error {
	interrupts, stop := c.Interrupts()
	defer stop()
	lines := make(chan string)
	go func() { // ends with the input, or with the process
		defer close(lines)
		in := bufio.NewScanner(c.Stdin)
		in.Buffer(nil, 1<<20)
		for in.Scan() {
			lines <- in.Text()
		}
	}()
	var last error
	for {
		if c.Interactive {
			fmt.Fprintf(c.Stderr, "%s> ", c.model)
		}
		select {
		case <-interrupts:
			c.say("")
			return nil
		case <-ctx.Done():
			return nil
		case line, ok := <-lines:
			if !ok {
				return last
			}
			if c.command(line) {
				continue
			}
			if strings.TrimSpace(line) == "/exit" {
				return nil
			}
			last = c.answer(ctx, line)
			if last != nil && c.Interactive {
				c.report(nil, last)
				last = nil
			}
			if last != nil {
				return last
			}
		}
	}
}

// answer is turn, which Ctrl-C ends.
func (c *chat) answer(ctx context.Context, text string) error {
	interrupts, stop := c.Interrupts()
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-interrupts:
			cancel()
		case <-ctx.Done():
		}
	}()
	err := c.turn(ctx, text)
	cancel()
	<-ended
	return err
}

// command carries out a line that is no message.
func (c *chat) command(line string) bool {
	verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	switch verb {
	case "":
		return true
	case "/reset":
		kept := c.history[:0]
		for _, m := range c.history {
			if m.Role == "system" {
				kept = append(kept, m)
			}
		}
		c.history = kept
		c.say("the conversation is forgotten")
		return true
	case "/model":
		if rest = strings.TrimSpace(rest); rest != "" {
			c.model = rest
		}
		c.say("the model is %s", c.model)
		return true
	}
	return false
}

// turn sends a message and prints the answer as it comes. A turn that the reader
// cut short is no error; what came is kept.
func (c *chat) turn(ctx context.Context, text string) error {
	asked := append(c.history, message{"user", text})
	r, err := c.ask(ctx, asked)
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	c.history = append(asked, message{"assistant", r.text.String()})
	if c.json {
		line, err := lineJSON(map[string]any{"model": c.model, "answer": r.text.String(), "call": r.call,
			"cost_usd": r.cost, "input_tokens": r.in, "output_tokens": r.out, "complete": r.done})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(c.Stdout, line)
		return err
	}
	fmt.Fprintln(c.Stdout)
	facts := fmt.Sprintf("%s in, %s out", count(r.in), count(r.out))
	if r.cost != "" {
		facts += ", $" + r.cost
	}
	if r.call != "" {
		facts += ", " + r.call
	}
	if !r.done {
		facts = "cut short; " + r.call
	}
	c.say("  (%s)", facts)
	return nil
}

// reply is an answer as far as it has come.
type reply struct {
	text       strings.Builder
	in, out    int64
	call, cost string
	done       bool // it came whole
	failed     *fault.Error
}

func (c *chat) ask(ctx context.Context, messages []message) (*reply, error) {
	r := &reply{}
	b, err := json.Marshal(map[string]any{"model": c.model, "messages": messages, "stream": true,
		"stream_options": map[string]bool{"include_usage": true}})
	if err != nil {
		return r, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/v1/chat/completions", bytes.NewReader(b))
	if err != nil {
		return r, fault.New(fault.Invalid, "bad_url", "%q is not the address of a server", c.url).Hinted("write http://host:port").Because(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+c.key)
	hc := c.HTTP
	if hc == nil {
		hc = http.DefaultClient
	}
	resp, err := hc.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
		return r, fault.New(fault.Unavailable, "server_unreachable", "no server answers at %s", c.url).
			Hinted("start one with: steward up; or name another with --url").Because(errors.Unwrap(err))
	}
	defer resp.Body.Close()
	r.call, r.cost = resp.Header.Get("x-steward-call-id"), resp.Header.Get("x-steward-cost-usd")
	if resp.StatusCode >= 300 {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		return r, chatError(resp.StatusCode, body)
	}
	err = c.read(ctx, resp.Body, r)
	r.cost = firstOf(r.cost, resp.Trailer.Get("x-steward-cost-usd"))
	return r, err
}

// read prints the pieces of a streamed answer.
func (c *chat) read(ctx context.Context, body io.Reader, r *reply) error {
	var split sse.Splitter
	buf := make([]byte, 32<<10)
	for {
		n, err := body.Read(buf)
		split.Feed(buf[:n], func(_ string, data []byte, _ int) { c.piece(data, r) })
		switch {
		case r.failed != nil:
			return r.failed
		case r.done && err != nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return fault.New(fault.Upstream, "stream_truncated", "the answer broke off before its end").
				Hinted("ask again; what happened: steward calls show %s", firstOf(r.call, "ID"))
		}
	}
}

func (c *chat) piece(data []byte, r *reply) {
	if string(data) == "[DONE]" {
		r.done = true
		return
	}
	if e := gjson.GetBytes(data, "error"); e.IsObject() {
		r.failed = chatError(http.StatusBadGateway, data)
		return
	}
	text := gjson.GetBytes(data, "choices.0.delta.content").Str
	if text != "" {
		r.text.WriteString(text)
		if !c.json {
			fmt.Fprint(c.Stdout, printable(text))
		}
	}
	if u := gjson.GetBytes(data, "usage"); u.IsObject() {
		r.in, r.out = u.Get("prompt_tokens").Int(), u.Get("completion_tokens").Int()
	}
}

// chatError reads an error as the OpenAI format writes it.
func chatError(status int, body []byte) *fault.Error {
	e := gjson.GetBytes(body, "error")
	what := firstOf(e.Get("message").String(), fmt.Sprintf("the gateway answered %d without saying why", status))
	f := fault.New(fault.KindOfStatus(status), firstOf(e.Get("code").String(), "gateway_error"), "%s", printable(what))
	switch f.Kind {
	case fault.NotFound:
		return f.Hinted("list models with: steward model list")
	case fault.Unauthenticated:
		return f.Hinted("make a key with: steward key create; and give it as STEWARD_KEY")
	}
	return f.Hinted("see what happened: steward calls list --error --limit 1")
}
