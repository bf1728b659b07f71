package normal

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/steward-llmops/steward/internal/fault"
	"github.com/steward-llmops/steward/internal/llm"
	"github.com/steward-llmops/steward/internal/record"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// exception is what went wrong, in the application's words. The message and the stack
// are content.
type exception struct{ kind, message, stack string }

// exception returns the last exception that the span tells of.
func (n *reader) exception() exception {
	var x exception
	for _, e := range n.span.GetEvents() {
		if e.GetName() != "exception" && e.GetName() != "gen_ai.client.operation.exception" {
			continue
		}
		a := newAttrs(n, e.GetAttributes())
		x = exception{a.word("exception.type"), a.text("exception.message"), a.text("exception.stacktrace")}
	}
	if x == (exception{}) {
		x = exception{n.attrs.word("exception.type"), n.attrs.text("exception.message"), n.attrs.text("exception.stacktrace")}
	}
	return x
}

var (
	statusIn = regexp.MustCompile(`(?i)\b(?:error code|status[ _]code|http status|status|http)[:=]?\s*([45]\d\d)\b`)
	typeIn   = regexp.MustCompile(`^([A-Za-z_][\w.]{0,80}(?:Error|Exception))\b`)
	nameIn   = regexp.MustCompile(`^[A-Za-z_][\w.:$/ -]{0,127}$`)
)

// outcome sets how the span ended. A status of OK wins over an exception that was
// caught within.
func (n *reader) outcome() {
	a, c := n.attrs, &n.call
	c.Outcome = record.OK
	x := n.exception()
	code := n.span.GetStatus().GetCode()
	said := a.word("error.type")
	failed := code == tracepb.Status_STATUS_CODE_ERROR || said != "" ||
		strings.EqualFold(a.word("langfuse.observation.level"), "ERROR") || a.word("genkit:state") == "error" ||
		a.truth("lk.function_tool.is_error") ||
		(x != exception{} && code != tracepb.Status_STATUS_CODE_OK)
	n.finish()
	if s, ok := a.count("http.response.status_code", "http.status_code", "gen_ai.response.status_code", "llm.response.status_code"); ok && s >= 100 && s < 600 {
		c.Status = int(s)
	}
	if !failed {
		return
	}
	c.Outcome = record.Failed
	if c.Status == 0 {
		c.Status = statusOf(said, x.message, n.span.GetStatus().GetMessage())
	}
	name := firstOf(typeName(said), typeName(x.kind), typeName(match(typeIn, n.span.GetStatus().GetMessage())))
	c.ErrorCode = snake(name)
	if c.ErrorCode == "" {
		c.ErrorCode = "error"
		if c.Status != 0 {
			c.ErrorCode = "http_" + strconv.Itoa(c.Status)
		}
	}
	kind := errorKind(c.Status, c.ErrorCode, c.Provider != "" || c.Model != "")
	c.ErrorKind = kind.String()
	if kind == fault.Cancelled {
		c.Outcome = record.Cancelled
	}
}

func match(re *regexp.Regexp, s string) string {
	if m := re.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	return ""
}

// statusOf finds an HTTP status of 4xx or 5xx in what was said of an error.
func statusOf(said string, messages ...string) int {
	if s, err := strconv.Atoi(said); err == nil && s >= 400 && s < 600 {
		return s
	}
	for _, m := range messages {
		if s, err := strconv.Atoi(match(statusIn, cutText(m, 4096))); err == nil {
			return s
		}
	}
	return 0
}

// typeName returns the last part of an error's type: "openai.BadRequestError" is a
// BadRequestError. What is no name is none: a status, a sentence.
func typeName(s string) string {
	if !nameIn.MatchString(s) || strings.Count(s, " ") > 3 || s == "_OTHER" {
		return ""
	}
	if i := strings.LastIndexAny(s, ".:$/"); i >= 0 && i < len(s)-1 {
		s = s[i+1:]
	}
	if _, err := strconv.Atoi(s); err == nil {
		return ""
	}
	return s
}

// snake writes a name in snake_case, with at most 64 letters: "APITimeoutError" is
// "api_timeout_error".
func snake(s string) string {
	var b strings.Builder
	rs := []rune(s)
	for i, r := range rs {
		switch {
		case unicode.IsUpper(r) && r < unicode.MaxASCII:
			if i > 0 && (unicode.IsLower(rs[i-1]) || unicode.IsDigit(rs[i-1]) || (unicode.IsUpper(rs[i-1]) && i+1 < len(rs) && unicode.IsLower(rs[i+1]))) {
				b.WriteByte('_')
			}
			b.WriteRune(unicode.ToLower(r))
		case r < unicode.MaxASCII && (unicode.IsLower(r) || unicode.IsDigit(r)):
			b.WriteRune(r)
		default:
			b.WriteByte('_')
		}
	}
	out := b.String()
	for strings.Contains(out, "__") {
		out = strings.ReplaceAll(out, "__", "_")
	}
	return strings.Trim(cutText(strings.Trim(out, "_"), 64), "_")
}

// errorKind says who can mend it. Of what calls no provider, an error is the
// application's own.
func errorKind(status int, code string, remote bool) fault.Kind {
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(code, p) {
				return true
			}
		}
		return false
	}
	switch {
	case has("cancel", "abort_error", "aborted"):
		return fault.Cancelled
	case status == 408 || status == 504, has("timeout", "timed_out", "deadline"):
		return fault.Timeout
	case status >= 500:
		return fault.Upstream
	case status >= 400:
		return fault.Refused
	case !remote:
		return fault.Internal
	case has("bad_request", "invalid", "authentication", "permission", "unauthorized", "forbidden", "not_found", "unprocessable",
		"rate_limit", "throttl", "quota", "resource_exhausted", "content_filter", "content_policy", "context_length", "conflict", "validation", "access_denied"):
		return fault.Refused
	}
	return fault.Upstream
}

// finishes maps the words of all providers, in lower case with underscores.
var finishes = map[string]llm.Finish{
	"stop": llm.FinishStop, "end_turn": llm.FinishStop, "complete": llm.FinishStop, "completed": llm.FinishStop, "eos": llm.FinishStop,
	"finish": llm.FinishStop, "finished": llm.FinishStop, "end": llm.FinishStop, "eos_token": llm.FinishStop, "success": llm.FinishStop,
	"stop_sequence": llm.FinishStopSequence,
	"length":        llm.FinishLength, "max_tokens": llm.FinishLength, "max_output_tokens": llm.FinishLength, "incomplete": llm.FinishLength, "token_limit": llm.FinishLength, "model_length": llm.FinishLength,
	"model_context_window_exceeded": llm.FinishContext, "context_window": llm.FinishContext, "context_length": llm.FinishContext,
	"tool_calls": llm.FinishToolCalls, "tool_use": llm.FinishToolCalls, "tool_call": llm.FinishToolCalls, "function_call": llm.FinishToolCalls, "function_calls": llm.FinishToolCalls,
	"content_filter": llm.FinishContentFilter, "content_filtered": llm.FinishContentFilter, "safety": llm.FinishContentFilter, "recitation": llm.FinishContentFilter,
	"blocklist": llm.FinishContentFilter, "prohibited_content": llm.FinishContentFilter, "spii": llm.FinishContentFilter, "guardrail_intervened": llm.FinishContentFilter, "image_safety": llm.FinishContentFilter,
	"refusal": llm.FinishRefusal, "pause_turn": llm.FinishPause, "pause": llm.FinishPause,
}

// finish sets why the model stopped.
func (n *reader) finish() {
	a := n.attrs
	word := ""
	if list := a.words("gen_ai.response.finish_reasons", "gen_ai.response.finish_reason", "llm.finish_reason", "llm.response.finish_reason",
		"llm.response.stop_reason", "ai.response.finishReason", "ai.finishReason", "gen_ai.finishReason", "gen_ai.completion.0.finish_reason", "llm.choices.0.completion.finish_reason"); len(list) > 0 {
		word = list[0]
	}
	for _, path := range []string{"choices.0.finish_reason", "0.finish_reason", "finish_reason", "stop_reason", "finishReason", "stopReason", "candidates.0.finishReason", "incomplete_details.reason"} {
		if word != "" {
			break
		}
		word = n.word(n.response.get(path))
	}
	word = strings.ToLower(strings.NewReplacer("-", "_", " ", "_").Replace(cutText(word, 64)))
	if i := strings.LastIndexByte(word, '.'); i >= 0 { // an enumeration's own name: "FinishReason.STOP"
		word = word[i+1:]
	}
	switch f, ok := finishes[word]; {
	case ok:
		n.call.Finish = f
	case word != "":
		n.call.Finish = llm.FinishOther
	}
}
