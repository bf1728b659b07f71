package normal

import (
	"strings"

	"github.com/steward-llmops/steward/internal/record"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// kinds maps the words of all conventions to ours. Where two conventions had one word
// for two things, there would be two maps; there are none.
var kinds = map[string]string{
	"generation": record.KindCall, "llm": record.KindCall, "chat_model": record.KindCall, "embedding": record.KindCall,
	"embeddings": record.KindCall, "model": record.KindCall, "embedder": record.KindCall,
	"chat": record.KindCall, "completion": record.KindCall, "text_completion": record.KindCall, "generate_content": record.KindCall,
	"generate": record.KindCall, "image_generation": record.KindCall, "image": record.KindCall, "images": record.KindCall,
	"audio": record.KindCall, "speech": record.KindCall, "transcription": record.KindCall, "responses": record.KindCall,
	"text_to_speech": record.KindCall, "speech_to_text": record.KindCall, "moderation": record.KindCall, "video_generation": record.KindCall,
	"chat.completions": record.KindCall, "text.completions": record.KindCall, "realtime": record.KindCall, "background_model": record.KindCall,
	"agent": record.KindAgent, "invoke_agent": record.KindAgent, "create_agent": record.KindAgent, "agent_run": record.KindAgent,
	"chain": record.KindChain, "workflow": record.KindChain, "task": record.KindChain, "invoke_workflow": record.KindChain,
	"plan": record.KindChain, "flow": record.KindChain, "flowstep": record.KindChain, "parser": record.KindChain, "framework": record.KindChain,
	"tool": record.KindTool, "tool.v2": record.KindTool, "execute_tool": record.KindTool, "tools": record.KindTool,
	"retriever": record.KindRetriever, "retrieval": record.KindRetriever, "search_memory": record.KindRetriever, "vectordb": record.KindRetriever,
	"reranker": record.KindReranker, "rerank": record.KindReranker,
	"guardrail": record.KindGuardrail, "run_guardrail": record.KindGuardrail, "guard": record.KindGuardrail,
	"evaluator": record.KindEvaluator, "evaluate": record.KindEvaluator, "evaluation": record.KindEvaluator,
	"prompt": record.KindPrompt, "prompt_template": record.KindPrompt, "prompttemplate": record.KindPrompt, "executable_prompt": record.KindPrompt, "executable-prompt": record.KindPrompt,
	"span": record.KindSpan, "event": record.KindSpan, "fetch_response": record.KindSpan, "create_memory": record.KindSpan,
	"update_memory": record.KindSpan, "upsert_memory": record.KindSpan, "delete_memory": record.KindSpan, "memory": record.KindSpan,
	"create_memory_store": record.KindSpan, "delete_memory_store": record.KindSpan,
}

// kind sets what kind of work the span is, by the first attribute that says it in a
// word that we know, and the operation.
func (n *reader) kind() {
	a, c := n.attrs, &n.call
	c.Kind = firstOf(
		n.langfuseKind(),
		kinds[strings.ToLower(a.word("openinference.span.kind"))],
		kinds[strings.ToLower(a.word("gen_ai.operation.name"))],
		kinds[strings.ToLower(a.word("traceloop.span.kind"))],
		kinds[strings.ToLower(a.word("llm.request.type"))],
		kinds[strings.ToLower(a.word("mlflow.spanType"))],
		n.genkitKind(),
		vercelKind(firstOf(a.word("ai.operationId"), a.word("operation.name"))),
		kinds[strings.ToLower(a.word("langsmith.span.kind"))],
		n.guessKind(),
	)
	c.Operation = n.operation()
}

// langfuseKind reads Langfuse's type. Its first Python SDKs called a generation a
// span, and what a generation alone has gives it away.
func (n *reader) langfuseKind() string {
	kind := kinds[strings.ToLower(n.attrs.word("langfuse.observation.type"))]
	if kind == record.KindSpan && n.attrs.has("langfuse.observation.model.name", "langfuse.observation.usage_details",
		"langfuse.observation.cost_details", "langfuse.observation.completion_start_time", "langfuse.observation.model.parameters") {
		return record.KindCall
	}
	return kind
}

func (n *reader) genkitModel() bool {
	sub := strings.ToLower(n.attrs.word("genkit:metadata:subtype"))
	return sub == "model" || sub == "background-model" || sub == "embedder"
}

func (n *reader) genkitKind() string {
	if sub := strings.ToLower(n.attrs.word("genkit:metadata:subtype")); sub != "" {
		return kinds[strings.ReplaceAll(sub, "-", "_")]
	}
	return kinds[strings.ToLower(n.attrs.word("genkit:type"))]
}

// vercelKind reads the operation of Vercel's AI SDK, which may be followed by the name
// of the function. The outer span of a call repeats what its steps used; it is the
// agent that may take several.
func vercelKind(op string) string {
	op, _, _ = strings.Cut(op, " ")
	switch {
	case !strings.HasPrefix(op, "ai."):
		return ""
	case strings.HasSuffix(op, ".doGenerate"), strings.HasSuffix(op, ".doStream"), strings.HasSuffix(op, ".doEmbed"):
		return record.KindCall
	case strings.HasSuffix(op, ".doRerank"), op == "ai.rerank":
		return record.KindReranker
	case op == "ai.toolCall":
		return record.KindTool
	case op == "ai.embed", op == "ai.embedMany":
		return record.KindChain
	}
	return record.KindAgent
}

// guessKind goes by what only one kind of work has.
func (n *reader) guessKind() string {
	a := n.attrs
	switch {
	case a.has("gen_ai.tool.name", "gen_ai.tool.call.id", "tool.name", "ai.toolCall.name", "lk.function_tool.name", "gcp.vertex.agent.tool_call_args") && !a.has("gen_ai.request.model"):
		return record.KindTool
	case a.has("agent_name", "pydantic_ai.all_messages", "all_messages_events", "crewai.agent.role"):
		return record.KindAgent
	case a.has("gen_ai.retrieval.query.text", "retrieval.documents.0.document.content", "gen_ai.data_source.id", "db.vector.query.top_k"):
		return record.KindRetriever
	case a.has("gen_ai.guardrail.name", "gen_ai.security.guardrail.name"):
		return record.KindGuardrail
	case a.has("gen_ai.agent.name", "gen_ai.agent.id") && !a.has("gen_ai.request.model", "gen_ai.response.model"):
		return record.KindAgent
	case n.explicit && (n.call.Usage.Reported || n.call.Provider != "" || n.span.GetKind() == tracepb.Span_SPAN_KIND_CLIENT):
		return record.KindCall
	}
	return record.KindSpan
}

// operations maps words of the conventions to the gateway's.
var operations = map[string]string{
	"chat": "chat", "generate_content": "chat", "generate": "chat", "responses": "chat", "realtime": "chat",
	"chat.completions": "chat", "text.completions": "completions", "completion": "completions", "text_completion": "completions",
	"embeddings": "embeddings", "embedding": "embeddings", "embedder": "embeddings",
	"image_generation": "images", "image": "images", "images": "images", "video_generation": "other",
	"audio": "audio_speech", "speech": "audio_speech", "text_to_speech": "audio_speech",
	"transcription": "audio_transcription", "speech_to_text": "audio_transcription", "moderation": "moderations",
}

// operation names what was asked of the model; of other work it is the conventions'
// own word, if there is one.
func (n *reader) operation() string {
	a := n.attrs
	said := strings.ToLower(a.word("gen_ai.operation.name"))
	if n.call.Kind != record.KindCall {
		return n.clip(said, 64)
	}
	vercel, _, _ := strings.Cut(a.word("ai.operationId"), " ")
	switch {
	case strings.HasSuffix(vercel, ".doEmbed"), a.has("embedding.model_name", "embedding.invocation_parameters"):
		return "embeddings"
	case strings.HasPrefix(vercel, "ai.generateImage"):
		return "images"
	case strings.HasPrefix(vercel, "ai.transcribe"):
		return "audio_transcription"
	case strings.HasPrefix(vercel, "ai.generateSpeech"):
		return "audio_speech"
	}
	for _, w := range []string{a.word("langfuse.observation.type"), a.word("openinference.span.kind"), said,
		a.word("llm.request.type"), a.word("mlflow.spanType"), a.word("genkit:metadata:subtype")} {
		if op := operations[strings.ToLower(w)]; op != "" && (op != "chat" || modelOperation(n.call.Model) == "") {
			return op
		}
	}
	if op := modelOperation(n.call.Model); op != "" {
		return op
	}
	if (a.has("llm.prompts.0.prompt.text", "llm.choices.0.completion.text", "llm.prompts") || n.request.get("prompt").Exists()) &&
		n.call.Provider != "anthropic" && !a.has("llm.input_messages.0.message.role", "ai.prompt", "ai.prompt.messages") && !n.request.get("messages").Exists() {
		if n.request.get("max_tokens").Exists() || a.has("llm.choices.0.completion.text", "llm.prompts.0.prompt.text") {
			return "completions"
		}
	}
	return "chat"
}

// modelOperation returns what a model does that does nothing else.
func modelOperation(model string) string {
	m := strings.ToLower(model)
	switch {
	case strings.HasPrefix(m, "whisper"), strings.HasSuffix(m, "-transcribe"):
		return "audio_transcription"
	case strings.HasPrefix(m, "tts-"), strings.HasSuffix(m, "-tts"):
		return "audio_speech"
	case strings.HasPrefix(m, "dall-e"), strings.HasPrefix(m, "gpt-image"), strings.HasPrefix(m, "imagen-"):
		return "images"
	case strings.HasPrefix(m, "text-embedding"), strings.HasPrefix(m, "embed-"):
		return "embeddings"
	case strings.Contains(m, "moderation"):
		return "moderations"
	}
	return ""
}
