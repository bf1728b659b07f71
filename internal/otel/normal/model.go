package normal

import (
	"strings"
	"unicode"

	"github.com/tidwall/gjson"
)

// kindsOf maps the names that the conventions and libraries have for providers to our
// kinds of provider (the catalogue's ids), and names of routers and frameworks to "",
// since they say nothing about who answered. Names are compared in lower case, with
// dots, spaces and underscores for hyphens.
var kindsOf = map[string]string{
	"openai": "openai", "open-ai": "openai", "text-completion-openai": "openai", "openai-chat": "openai", "openai-responses": "openai",
	"anthropic": "anthropic", "claude": "anthropic",
	"gemini": "gemini", "google": "gemini", "gcp-gemini": "gemini", "gcp-gen-ai": "gemini", "google-genai": "gemini",
	"google-gla": "gemini", "google-generativeai": "gemini", "google-generative-ai": "gemini", "google-ai": "gemini", "googleai": "gemini", "google-ai-studio": "gemini",
	"vertex": "vertex", "vertexai": "vertex", "vertex-ai": "vertex", "gcp-vertex-ai": "vertex", "google-vertex": "vertex",
	"google-vertexai": "vertex", "google-vertex-ai": "vertex", "gcp": "vertex", "anthropic-vertex": "vertex", "vertex-anthropic": "vertex",
	"azure": "azure", "azure-openai": "azure", "azureopenai": "azure", "azure-ai": "azure", "azure-ai-openai": "azure",
	"az-ai-openai": "azure", "azure-ai-inference": "azure", "az-ai-inference": "azure", "azure-ai-foundry": "azure", "microsoft-foundry": "azure",
	"bedrock": "bedrock", "aws": "bedrock", "aws-bedrock": "bedrock", "amazon-bedrock": "bedrock", "amazon": "bedrock", "bedrock-converse": "bedrock",
	"mistral": "mistral", "mistral-ai": "mistral", "mistralai": "mistral",
	"groq": "groq", "deepseek": "deepseek", "deepseek-ai": "deepseek",
	"xai": "xai", "x-ai": "xai", "grok": "xai",
	"together": "together", "together-ai": "together", "togetherai": "together",
	"fireworks": "fireworks", "fireworks-ai": "fireworks", "fireworksai": "fireworks",
	"openrouter": "openrouter", "open-router": "openrouter", "cerebras": "cerebras",
	"perplexity": "perplexity", "perplexity-ai": "perplexity",
	"cohere": "cohere", "cohere-chat": "cohere", "cohere-ai": "cohere",
	"nvidia": "nvidia", "nvidia-nim": "nvidia", "nim": "nvidia",
	"ollama": "ollama", "ollama-chat": "ollama", "vllm": "vllm", "hosted-vllm": "vllm",
	"lmstudio": "lmstudio", "lm-studio": "lmstudio", "llamacpp": "llamacpp", "llama-cpp": "llamacpp",
	"openai-compatible": "openai-compatible", "sim": "sim",
	// not in the catalogue, but with more names than one
	"ibm-watsonx-ai": "watsonx", "watsonx": "watsonx", "watsonx-ai": "watsonx", "ibm": "watsonx",
	"moonshot": "moonshot", "moonshot-ai": "moonshot", "moonshotai": "moonshot",
	"hugging-face": "huggingface", "huggingface": "huggingface", "hf": "huggingface",
	"aws-sagemaker": "sagemaker", "sagemaker": "sagemaker",
	// routers and frameworks
	"gateway": "", "litellm": "", "litellm-proxy": "", "vercel": "", "langchain": "", "langgraph": "", "llamaindex": "", "llama-index": "",
	"autogen": "", "crewai": "", "haystack": "", "semantic-kernel": "", "pydantic-ai": "", "strands-agents": "", "gcp-vertex-agent": "",
	"agno": "", "smolagents": "", "dspy": "", "microsoft-agent-framework": "", "microsoft-agent-framework-agents": "", "genkit": "",
	"-other": "", "other": "", "unknown": "", "none": "", "null": "", "undefined": "", "langsmith": "", "openlit": "", "traceloop": "",
}

// hosts tells the provider of a client that speaks OpenAI's format to another server:
// what the server's name ends in.
var hosts = []struct{ suffix, kind string }{
	{".openai.azure.com", "azure"}, {".services.ai.azure.com", "azure"}, {".cognitiveservices.azure.com", "azure"},
	{"api.groq.com", "groq"}, {"api.deepseek.com", "deepseek"}, {"api.x.ai", "xai"}, {"openrouter.ai", "openrouter"},
	{"api.together.xyz", "together"}, {"api.together.ai", "together"}, {"api.fireworks.ai", "fireworks"}, {"api.mistral.ai", "mistral"},
	{"api.cerebras.ai", "cerebras"}, {"api.perplexity.ai", "perplexity"}, {"integrate.api.nvidia.com", "nvidia"},
	{"generativelanguage.googleapis.com", "gemini"}, {"aiplatform.googleapis.com", "vertex"}, {"api.cohere.ai", "cohere"}, {"api.cohere.com", "cohere"},
	{"api.anthropic.com", "anthropic"}, {"api.moonshot.ai", "moonshot"},
}

// heads are the beginnings of models' names that only one provider's API has. Open
// weights, which anybody may serve, are not among them.
var heads = []struct{ head, kind string }{
	{"gpt-oss", ""}, {"gpt-", "openai"}, {"chatgpt-", "openai"}, {"ft:gpt-", "openai"}, {"text-embedding-3-", "openai"}, {"text-embedding-ada-", "openai"},
	{"whisper-1", "openai"}, {"dall-e-", "openai"}, {"tts-1", "openai"}, {"omni-moderation-", "openai"}, {"text-davinci-", "openai"},
	{"davinci-002", "openai"}, {"babbage-002", "openai"}, {"codex-", "openai"}, {"sora-", "openai"}, {"computer-use-preview", "openai"},
	{"claude-", "anthropic"}, {"gemini-", "gemini"}, {"models/gemini-", "gemini"}, {"grok-", "xai"}, {"sonar", "perplexity"},
	{"deepseek-chat", "deepseek"}, {"deepseek-reasoner", "deepseek"},
	{"anthropic.", "bedrock"}, {"amazon.", "bedrock"}, {"meta.llama", "bedrock"}, {"us.", "bedrock"}, {"eu.", "bedrock"}, {"apac.", "bedrock"}, {"global.", "bedrock"},
	{"arn:aws:bedrock:", "bedrock"}, {"publishers/", "vertex"}, {"projects/", "vertex"},
}

// normalProvider returns the kind of provider that a name means. A name of nobody in
// particular is empty, and one that is not known is kept in lower case.
func (n *reader) normalProvider(name string) string {
	name = strings.ToLower(strings.TrimSpace(n.clip(name, 64)))
	key := strings.Map(func(r rune) rune {
		if r == '.' || r == '_' || r == ' ' || r == '/' {
			return '-'
		}
		return r
	}, name)
	// Vercel appends what is called ("openai.responses", "google.vertex.chat"), so the
	// longest head that is known counts.
	for k := key; k != ""; {
		if kind, ok := kindsOf[k]; ok {
			return kind
		}
		i := strings.LastIndexByte(k, '-')
		if i < 0 || !strings.ContainsAny(name, "./") {
			break
		}
		k = k[:i]
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, name)
}

// inferProvider returns whose model it must be; empty where it may be several's.
func inferProvider(model string) string {
	model = strings.ToLower(model)
	if strings.HasPrefix(model, "claude-") && strings.Contains(model, "@") {
		return "vertex"
	}
	for _, h := range heads {
		if strings.HasPrefix(model, h.head) {
			return h.kind
		}
	}
	if len(model) >= 2 && model[0] == 'o' && (len(model) == 2 || model[2] == '-') && strings.IndexByte("134", model[1]) >= 0 {
		return "openai" // o1, o3-mini, o4-mini
	}
	return ""
}

// twice are the providers none of whose models has the provider's name and a slash in
// front: where it stands there, a router has put it. (Groq has a groq/compound.)
var twice = map[string]bool{"openai": true, "anthropic": true, "gemini": true, "vertex": true, "azure": true, "bedrock": true,
	"mistral": true, "xai": true, "deepseek": true, "cohere": true, "perplexity": true}

// params reads the JSON of a call's parameters, in which OpenInference and Langfuse
// keep what has no attribute.
func (n *reader) params(path string) gjson.Result {
	for _, name := range []string{"llm.invocation_parameters", "embedding.invocation_parameters", "reranker.invocation_parameters", "langfuse.observation.model.parameters"} {
		if s := n.attrs.text(name); s != "" && wellFormed(s) {
			if r := gjson.Get(s, path); r.Exists() {
				return r
			}
		}
	}
	return gjson.Result{}
}

// models sets which provider and model were asked, and which model answered.
func (n *reader) models() {
	a, c := n.attrs, &n.call
	asked := a.word("gen_ai.request.model", "llm.request.model_name", "ai.model.id", "llm.request.model")
	answered := a.word("gen_ai.response.model", "llm.response.model_name", "llm.response.model", "ai.response.model")
	named := a.word("langfuse.observation.model.name", "llm.model_name", "embedding.model_name", "reranker.model_name",
		"mlflow.llm.model", "mlflow.chat.model", "model_name", "lk.llm.model", "llm.model", "crewai.llm.model")
	n.explicit = asked != "" || answered != "" || named != ""

	inner := n.word(n.params("model"))
	if inner == "" && a.has("llm.system", "llm.provider", "openinference.span.kind") {
		inner = n.word(n.request.get("model"))
	}
	if n.genkitModel() && named == "" {
		named = a.word("genkit:name")
	}
	c.Model = firstOf(asked, named, answered, inner)
	c.Asked = firstOf(asked, inner, c.Model)
	c.Reported = firstOf(answered, n.reported(named, inner))
	n.provider()
}

// reported is the model that answered where no attribute says so: the answer's own
// word, or OpenInference's model name, which is the answer's where both are given.
func (n *reader) reported(named, inner string) string {
	if !n.attrs.has("openinference.span.kind") {
		return ""
	}
	if m := n.word(n.response.get("model")); m != "" {
		return m
	}
	if inner != "" && inner != named {
		return named
	}
	return ""
}

// provider sets the provider, and takes a provider's name off the model where that is
// the only place it stands.
func (n *reader) provider() {
	a, c := n.attrs, &n.call
	for _, name := range []string{"gen_ai.provider.name", "llm.provider", "gen_ai.system", "llm.system", "ai.model.provider",
		"mlflow.llm.provider", "mlflow.model.provider", "lk.llm.provider", "llm.vendor"} {
		if s := a.word(name); s != "" {
			if c.Provider = n.normalProvider(s); c.Provider != "" {
				break
			}
		}
	}
	if c.Provider == "openai" || c.Provider == "" || c.Provider == "openai-compatible" {
		host := strings.ToLower(a.word("server.address", "net.peer.name", "gen_ai.openai.api_base", "llm.base_url"))
		host, _, _ = strings.Cut(strings.TrimPrefix(strings.TrimPrefix(host, "https://"), "http://"), "/")
		for _, h := range hosts {
			if strings.HasSuffix(host, h.suffix) {
				c.Provider = h.kind
				break
			}
		}
	}
	if c.Provider == "" {
		if head, rest, ok := strings.Cut(c.Model, "/"); ok && rest != "" {
			if kind := kindsOf[strings.ReplaceAll(strings.ToLower(head), "_", "-")]; kind != "" {
				c.Provider, c.Model = kind, rest
			}
		}
	}
	if head, rest, ok := strings.Cut(c.Model, "/"); ok && rest != "" && twice[c.Provider] && kindsOf[strings.ToLower(head)] == c.Provider {
		c.Model = rest
	}
	if c.Provider == "" && c.Model != "" {
		c.Provider = firstOf(inferProvider(c.Model), inferProvider(c.Asked))
	}
	if c.Provider == "gemini" || c.Provider == "vertex" {
		c.Model = strings.TrimPrefix(c.Model, "models/")
	}
}

// word takes a string of a JSON document for a name.
func (n *reader) word(r gjson.Result) string {
	if r.Type != gjson.String {
		return ""
	}
	return n.clip(strings.TrimSpace(r.Str), n.limits.Name)
}

func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}
