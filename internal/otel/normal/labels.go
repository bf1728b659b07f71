package normal

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/steward-llmops/steward/internal/record"
)

const (
	maxTagName  = 128
	maxTagValue = 256
)

// names sets what the span is called and where it comes from.
func (n *reader) names() {
	a, c := n.attrs, &n.call
	c.Name = firstOf(n.span.GetName(), a.word("logfire.msg", "genkit:name", "ai.operationId", "gen_ai.operation.name"))
	c.Service = n.resAttrs.word("service.name")
	if c.Service == "" {
		c.Service = a.word("service.name")
	}
	c.Environment = n.either("langfuse.environment", "deployment.environment.name", "deployment.environment")
	c.Release = n.either("langfuse.release", "service.version")
	if s := n.scope; s.GetName() != "" {
		c.UserAgent = s.GetName()
		if s.GetVersion() != "" {
			c.UserAgent += "/" + s.GetVersion()
		}
	}
	c.UpstreamID = a.word("gen_ai.response.id", "ai.response.id", "llm.response.id", "gen_ai.completion.id", "gcp.vertex.agent.event_id.response")
	if c.UpstreamID == "" && a.has("openinference.span.kind") {
		c.UpstreamID = n.word(n.response.get("id"))
	}
	c.Prompt = a.word("gen_ai.prompt.name", "langfuse.observation.prompt.name", "traceloop.prompt.key", "llm.prompt_template.name", "prompt.name", "mlflow.prompt.name")
	c.PromptNumber = a.word("gen_ai.prompt.version", "langfuse.observation.prompt.version", "traceloop.prompt.version", "llm.prompt_template.version", "prompt.version", "mlflow.prompt.version")
	n.linkedPrompt()
}

// linkedPrompt reads the prompts that Vercel's metadata and MLflow name in JSON.
func (n *reader) linkedPrompt() {
	c := &n.call
	for _, name := range []string{"ai.telemetry.metadata.langfusePrompt", "mlflow.linkedPrompts"} {
		s := unquote(n.attrs.text(name))
		if c.Prompt != "" || s == "" || !wellFormed(s) {
			continue
		}
		r := gjson.Parse(s)
		if r.IsArray() {
			r = r.Get("0")
		}
		c.Prompt = n.word(r.Get("name"))
		if v := r.Get("version"); c.Prompt != "" && v.Exists() {
			c.PromptNumber = n.clip(v.String(), n.limits.Name)
		}
	}
}

// either looks at the span first, then at the application.
func (n *reader) either(names ...string) string {
	for _, name := range names {
		if s := firstOf(n.attrs.word(name), n.resAttrs.word(name)); s != "" {
			return s
		}
	}
	return ""
}

// sessionNames and subjectNames are the attributes, and metaSession and metaSubject
// the keys of metadata, that say it.
var (
	sessionNames = []string{"gen_ai.conversation.id", "session.id", "langfuse.session.id", "langfuse.trace.metadata.langfuse_session_id",
		"langfuse.observation.metadata.langfuse_session_id", "ai.telemetry.metadata.sessionId", "mlflow.trace.session", "genkit:sessionId",
		"gcp.vertex.agent.session_id", "lk.room_name", "lk.pii.room_name", "gen_ai.thread.id"}
	subjectNames = []string{"user.id", "enduser.id", "langfuse.user.id", "langfuse.trace.metadata.langfuse_user_id",
		"langfuse.observation.metadata.langfuse_user_id", "ai.telemetry.metadata.userId", "mlflow.trace.user", "enduser.pseudo.id",
		"gen_ai.user.id", "gen_ai.request.user", "llm.user", "lk.participant_identity", "gcp.vertex.agent.user_id"}
	metaSession = map[string]bool{"session_id": true, "sessionid": true, "conversation_id": true, "conversationid": true, "thread_id": true, "threadid": true, "chat_id": true, "langfuse_session_id": true}
	metaSubject = map[string]bool{"user_id": true, "userid": true, "end_user_id": true, "langfuse_user_id": true, "customer_id": true}
)

// metadata are the attributes that hold an object of whatever the application wants
// to know, as JSON or with a dot and a key each.
var metadata = []string{"metadata", "langfuse.trace.metadata", "langfuse.observation.metadata", "langfuse.metadata",
	"ai.telemetry.metadata", "ai.settings.context", "traceloop.association.properties", "langsmith.metadata", "gen_ai.request.metadata", "llm.metadata", "mlflow.trace.metadata"}

// labels sets the session, the subject and the tags.
func (n *reader) labels() {
	c := &n.call
	c.Session, c.Subject = n.attrs.word(sessionNames...), n.attrs.word(subjectNames...)
	if c.Subject == "" {
		c.Subject = n.resAttrs.word("user.id", "enduser.id")
	}
	if c.Session == "" {
		c.Session = n.resAttrs.word("session.id")
	}
	for _, t := range n.attrs.words("tag.tags", "langfuse.trace.tags", "langfuse.tags", "langfuse.trace.metadata.langfuse_tags",
		"langfuse.observation.metadata.langfuse_tags", "ai.telemetry.metadata.tags", "langsmith.span.tags", "logfire.tags") {
		n.tag(t, "true")
	}
	for _, name := range metadata {
		if s := n.attrs.text(name); strings.HasPrefix(strings.TrimSpace(s), "{") && wellFormed(s) {
			gjson.Parse(s).ForEach(func(k, v gjson.Result) bool {
				n.note(k.Str, v.Type == gjson.String || v.Type == gjson.Number || v.Type == gjson.True || v.Type == gjson.False, v.String())
				return true
			})
		}
		for _, kv := range n.attrs.list {
			if key, ok := strings.CutPrefix(kv.GetKey(), name+"."); ok {
				v := kv.GetValue()
				n.note(key, v.GetArrayValue() == nil && v.GetKvlistValue() == nil, textOf(v))
			}
		}
	}
}

// note takes one entry of metadata: for the session or the subject, if it says that,
// else for a tag. Only scalars are tags.
func (n *reader) note(key string, scalar bool, value string) {
	value = strings.TrimSpace(unquote(strings.TrimSpace(value)))
	if !scalar || value == "" {
		return
	}
	c := &n.call
	switch low := strings.ToLower(key); {
	case metaSession[low] && (c.Session == "" || c.Session == value):
		c.Session = n.clip(value, n.limits.Name)
		return
	case metaSubject[low] && (c.Subject == "" || c.Subject == value):
		c.Subject = n.clip(value, n.limits.Name)
		return
	case low == "tags", low == "langfuse_tags", low == "langfuseprompt":
		return // read elsewhere
	}
	n.tag(key, value)
}

// tag adds a tag; of two with one name, the first stays.
func (n *reader) tag(name, value string) {
	c := &n.call
	short, cut := shortTag(name, value)
	if cut {
		n.cut.Tags++
	}
	if short.Name == "" {
		return
	}
	for _, t := range c.Tags {
		if t.Name == short.Name {
			return
		}
	}
	if len(c.Tags) >= n.limits.Tags {
		n.cut.Tags++
		return
	}
	c.Tags = append(c.Tags, short)
}

func shortTag(name, value string) (record.Tag, bool) {
	t := record.Tag{Name: cutText(strings.TrimSpace(name), maxTagName), Value: cutText(value, maxTagValue)}
	return t, len(t.Name) < len(strings.TrimSpace(name)) || len(t.Value) < len(value)
}
