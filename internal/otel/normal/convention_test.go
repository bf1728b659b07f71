package normal_test

import "testing"

func TestConventions(t *testing.T) {
	tests := map[string]struct {
		attrs               m
		served, used, ended string
	}{
		"GenAI, deprecated": {
			m{"gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.prompt_tokens": 10, "gen_ai.usage.completion_tokens": 5,
				"gen_ai.response.finish_reasons": []string{"length"}},
			"call chat openai gpt-4o", "input=10 output=5", "ok length"},
		"GenAI 1.41, with a cache that the input includes": {
			m{"gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic", "gen_ai.request.model": "claude-sonnet-4-5",
				"gen_ai.response.model": "claude-sonnet-4-5-20250929", "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 50,
				"gen_ai.usage.cache_read.input_tokens": 800, "gen_ai.usage.cache_creation.input_tokens": 100, "gen_ai.response.finish_reasons": `["end_turn"]`},
			"call chat anthropic claude-sonnet-4-5 (reported claude-sonnet-4-5-20250929)", "input=100 cache_read=800 cache_write=100 output=50", "ok stop"},
		"GenAI main: cache writes, reasoning and modalities": {
			m{"gen_ai.operation.name": "generate_content", "gen_ai.provider.name": "gcp.gemini", "gen_ai.request.model": "gemini-2.5-flash",
				"gen_ai.usage.input_tokens": 500, "gen_ai.usage.output_tokens": 200, "gen_ai.usage.cache_write.input_tokens": 20,
				"gen_ai.usage.cache_read.input_tokens": 100, "gen_ai.usage.audio.cache_read.input_tokens": 30, "gen_ai.usage.audio.input_tokens": 80,
				"gen_ai.usage.image.input_tokens": 60, "gen_ai.usage.text.input_tokens": 360,
				"gen_ai.usage.reasoning.output_tokens": 120, "gen_ai.usage.audio.output_tokens": 30},
			"call chat gemini gemini-2.5-flash",
			"input=270 input_audio=50 input_image=60 cache_read=70 cache_read_audio=30 cache_write=20 output=50 output_reasoning=120 output_audio=30", "ok"},
		"a cache beside the input, as Anthropic counts": {
			m{"gen_ai.operation.name": "chat", "gen_ai.system": "anthropic", "gen_ai.request.model": "claude-haiku-4-5",
				"gen_ai.usage.input_tokens": 12, "gen_ai.usage.output_tokens": 5, "gen_ai.usage.cache_read_input_tokens": 900, "gen_ai.usage.cache_creation_input_tokens": 40},
			"call chat anthropic claude-haiku-4-5", "input=12 cache_read=900 cache_write=40 output=5", "ok"},
		"the total tells that the cache lies beside the input": {
			m{"gen_ai.operation.name": "chat", "gen_ai.request.model": "claude-haiku-4-5", "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 5,
				"gen_ai.usage.cache_read.input_tokens": 40, "gen_ai.usage.total_tokens": 145},
			"call chat anthropic claude-haiku-4-5", "input=100 cache_read=40 output=5", "ok"},
		"the total tells that the thoughts lie beside the output": {
			m{"gen_ai.operation.name": "chat", "gen_ai.request.model": "gemini-2.5-pro", "gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 50,
				"gen_ai.usage.reasoning_tokens": 30, "gen_ai.usage.total_tokens": 90},
			"call chat gemini gemini-2.5-pro", "input=10 output=50 output_reasoning=30", "ok"},
		"more thoughts than output": {
			m{"gen_ai.operation.name": "chat", "gen_ai.request.model": "gemini-2.5-pro", "gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 5, "gen_ai.usage.reasoning_tokens": 300},
			"call chat gemini gemini-2.5-pro", "input=10 output=5 output_reasoning=300", "ok"},
		"only a total, of an embedding": {
			m{"gen_ai.operation.name": "embeddings", "gen_ai.provider.name": "openai", "gen_ai.request.model": "text-embedding-3-small", "gen_ai.usage.total_tokens": 9},
			"call embeddings openai text-embedding-3-small", "input=9", "ok"},
		"a tool": {
			m{"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "weather", "gen_ai.tool.call.arguments": `{"city":"Paris"}`},
			"tool execute_tool", "", "ok"},
		"an agent with its own sums": {
			m{"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "helper", "gen_ai.request.model": "gpt-4o", "gen_ai.aggregated_usage.input_tokens": 40, "gen_ai.aggregated_usage.output_tokens": 8},
			"agent invoke_agent openai gpt-4o", "input=40 output=8", "ok"},
		"a workflow":  {m{"gen_ai.operation.name": "invoke_workflow", "gen_ai.workflow.name": "crew"}, "chain invoke_workflow", "", "ok"},
		"a retrieval": {m{"gen_ai.operation.name": "retrieval", "gen_ai.data_source.id": "docs"}, "retriever retrieval", "", "ok"},
		"fetching an answer is no call": {
			m{"gen_ai.operation.name": "fetch_response", "gen_ai.provider.name": "openai", "gen_ai.response.id": "resp_1"},
			"span fetch_response openai", "", "ok"},
		"a span of nothing that we know": {m{"http.method": "GET"}, "span", "", "ok"},
		"an operation that we do not know, with a model": {
			m{"gen_ai.operation.name": "ponder", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-5"}, "call chat openai gpt-5", "", "ok"},

		"OpenInference, detailed": {
			m{"openinference.span.kind": "LLM", "llm.provider": "azure", "llm.system": "openai", "llm.model_name": "gpt-4o-2024-08-06",
				"llm.invocation_parameters": `{"model":"gpt-4o","stream":true}`, "llm.token_count.prompt": 100, "llm.token_count.completion": 40, "llm.token_count.total": 140,
				"llm.token_count.prompt_details.cache_read": 60, "llm.token_count.prompt_details.cache_write": 10, "llm.token_count.prompt_details.audio": 5,
				"llm.token_count.completion_details.reasoning": 20, "llm.token_count.completion_details.audio": 3, "llm.cost.total": 0.00123, "llm.finish_reason": "stop"},
			"call chat azure gpt-4o-2024-08-06 (asked gpt-4o)",
			"input=25 input_audio=5 cache_read=60 cache_write=10 output=17 output_reasoning=20 output_audio=3 $0.00123", "ok stop"},
		"OpenInference, request and response models": {
			m{"openinference.span.kind": "LLM", "llm.request.model_name": "gpt-4o", "llm.response.model_name": "gpt-4o-2024-08-06", "llm.provider": "openai", "llm.cost.prompt": 0.1, "llm.cost.completion": "0.2"},
			"call chat openai gpt-4o (reported gpt-4o-2024-08-06)", "$0.30", "ok"},
		"OpenInference, reranker":  {m{"openinference.span.kind": "RERANKER", "reranker.model_name": "rerank-v3.5", "llm.provider": "cohere"}, "reranker cohere rerank-v3.5", "", "ok"},
		"OpenInference, guardrail": {m{"openinference.span.kind": "GUARDRAIL"}, "guardrail", "", "ok"},
		"OpenInference, evaluator": {m{"openinference.span.kind": "evaluator"}, "evaluator", "", "ok"},
		"OpenInference, prompt":    {m{"openinference.span.kind": "PROMPT"}, "prompt", "", "ok"},
		"OpenInference, unknown, with GenAI beside it": {
			m{"openinference.span.kind": "UNKNOWN", "gen_ai.operation.name": "execute_tool"}, "tool execute_tool", "", "ok"},
		"usage that stands only in the answer": {
			m{"openinference.span.kind": "LLM", "llm.model_name": "claude-opus-4-5", "llm.provider": "anthropic",
				"output.value": `{"id":"msg_1","stop_reason":"tool_use","usage":{"input_tokens":50,"cache_read_input_tokens":20,"cache_creation_input_tokens":7,"cache_creation":{"ephemeral_1h_input_tokens":7},"output_tokens":9,"server_tool_use":{"web_search_requests":2}}}`},
			"call chat anthropic claude-opus-4-5", "input=50 cache_read=20 cache_write_1h=7 output=9 web_search=2", "ok tool_calls"},

		"Langfuse, disjoint words": {
			m{"langfuse.observation.type": "generation", "langfuse.observation.model.name": "gpt-4o",
				"langfuse.observation.usage_details": `{"input":10,"input_cached_tokens":90,"output":5,"output_reasoning_tokens":15,"total":120}`,
				"langfuse.observation.cost_details":  `{"input":0.0001,"output":0.0002,"total":0.0003}`},
			"call chat openai gpt-4o", "input=10 cache_read=90 output=5 output_reasoning=15 $0.0003", "ok"},
		"Langfuse, OpenAI's words": {
			m{"langfuse.observation.type": "generation", "langfuse.observation.model.name": "gpt-4o",
				"langfuse.observation.usage_details": `{"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,"prompt_tokens_details":{"cached_tokens":90},"completion_tokens_details":{"reasoning_tokens":15}}`,
				"langfuse.observation.cost_details":  `{"input":0.1,"output":0.2}`},
			"call chat openai gpt-4o", "input=10 cache_read=90 output=5 output_reasoning=15 $0.30", "ok"},
		"Langfuse, a generation that its SDK called a span": {
			m{"langfuse.observation.type": "span", "langfuse.observation.model.name": "gpt-4o", "langfuse.observation.usage_details": `{"input":1,"output":2}`},
			"call chat openai gpt-4o", "input=1 output=2", "ok"},
		"Langfuse goes before the others": {
			m{"langfuse.observation.type": "agent", "openinference.span.kind": "LLM", "gen_ai.operation.name": "chat"}, "agent chat", "", "ok"},
		"Langfuse, an error level": {
			m{"langfuse.observation.type": "span", "langfuse.observation.level": "ERROR", "langfuse.observation.status_message": "boom"}, "span", "", "error internal error"},

		"Traceloop, a workflow": {m{"traceloop.span.kind": "workflow", "traceloop.entity.name": "story"}, "chain", "", "ok"},
		"Traceloop, a call": {
			m{"llm.request.type": "chat", "gen_ai.system": "Langchain", "gen_ai.request.model": "gpt-4o-mini", "gen_ai.usage.prompt_tokens": 7, "gen_ai.usage.completion_tokens": 3, "llm.usage.total_tokens": 10,
				"gen_ai.completion.0.finish_reason": "stop"},
			"call chat openai gpt-4o-mini", "input=7 output=3", "ok stop"},
		"Traceloop, a completion": {
			m{"llm.request.type": "completion", "gen_ai.system": "OpenAI", "gen_ai.request.model": "gpt-3.5-turbo-instruct"},
			"call completions openai gpt-3.5-turbo-instruct", "", "ok"},

		"Vercel 4, prompt tokens": {
			m{"ai.operationId": "ai.generateObject.doGenerate", "ai.model.provider": "anthropic.messages", "ai.model.id": "claude-3-5-sonnet-20241022",
				"ai.usage.promptTokens": 30, "ai.usage.completionTokens": 4, "ai.response.finishReason": "tool-calls"},
			"call chat anthropic claude-3-5-sonnet-20241022", "input=30 output=4", "ok tool_calls"},
		"Vercel 5, Anthropic's input without its cache": {
			m{"ai.operationId": "ai.streamText.doStream", "ai.model.provider": "anthropic.messages", "ai.model.id": "claude-sonnet-4-5",
				"ai.usage.inputTokens": 700, "ai.usage.outputTokens": 4, "ai.usage.cachedInputTokens": 400,
				"ai.response.providerMetadata": `{"anthropic":{"usage":{"input_tokens":700,"cache_read_input_tokens":400,"cache_creation_input_tokens":50,"cache_creation":{"ephemeral_5m_input_tokens":20,"ephemeral_1h_input_tokens":30}}}}`},
			"call chat anthropic claude-sonnet-4-5", "input=700 cache_read=400 cache_write=20 cache_write_1h=30 output=4", "ok"},
		"Vercel 7, GenAI's words with the details of its own": {
			m{"gen_ai.operation.name": "chat", "gen_ai.provider.name": "google.vertex.chat", "gen_ai.request.model": "gemini-2.5-pro", "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 50,
				"ai.usage.inputTokenDetails.cacheReadTokens": 30, "ai.usage.inputTokenDetails.noCacheTokens": 70, "ai.usage.outputTokenDetails.reasoningTokens": 40},
			"call chat vertex gemini-2.5-pro", "input=70 cache_read=30 output=10 output_reasoning=40", "ok"},
		"Vercel, an embedding": {
			m{"ai.operationId": "ai.embed.doEmbed", "ai.model.provider": "openai.embedding", "ai.model.id": "text-embedding-3-small", "ai.usage.tokens": 5},
			"call embeddings openai text-embedding-3-small", "input=5", "ok"},
		"Vercel, a tool":                       {m{"ai.operationId": "ai.toolCall", "ai.toolCall.name": "weather"}, "tool", "", "ok"},
		"Vercel, by the name of the operation": {m{"operation.name": "ai.streamText my function", "resource.name": "my function"}, "agent", "", "ok"},
		"Vercel's gateway": {
			m{"ai.operationId": "ai.generateText.doGenerate", "ai.model.provider": "gateway", "ai.model.id": "xai/grok-4"}, "call chat xai grok-4 (asked xai/grok-4)", "", "ok"},

		"MLflow": {
			m{"mlflow.spanType": `"CHAT_MODEL"`, "mlflow.llm.model": "gpt-4o-mini", "mlflow.llm.provider": `"openai"`, "mlflow.chat.tokenUsage": `{"input_tokens": 20, "output_tokens": 6, "total_tokens": 26, "cache_read_input_tokens": 5}`,
				"mlflow.llm.cost": `{"input_cost":0.001,"output_cost":0.002,"total_cost":0.003}`},
			"call chat openai gpt-4o-mini", "input=15 cache_read=5 output=6 $0.003", "ok"},
		"MLflow, a retriever": {m{"mlflow.spanType": `"RETRIEVER"`}, "retriever", "", "ok"},

		"Pydantic AI, a call": {
			m{"gen_ai.operation.name": "chat", "gen_ai.system": "google-gla", "gen_ai.request.model": "gemini-2.5-flash", "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 60,
				"gen_ai.usage.details.thoughts_tokens": 40, "gen_ai.usage.details.cached_content_tokens": 30, "operation.cost": 0.000123456789},
			"call chat gemini gemini-2.5-flash", "input=70 cache_read=30 output=20 output_reasoning=40 $0.000123457", "ok"},
		"Pydantic AI, an agent": {
			m{"agent_name": "helper", "model_name": "gpt-4o", "pydantic_ai.all_messages": "[]", "gen_ai.usage.input_tokens": 9, "gen_ai.usage.output_tokens": 1, "logfire.msg": "helper run"},
			"agent openai gpt-4o", "input=9 output=1", "ok"},
		"Pydantic AI, a tool": {m{"gen_ai.tool.name": "roll", "gen_ai.tool.call.id": "c1", "tool_arguments": "{}", "logfire.msg": "running tool: roll"}, "tool", "", "ok"},

		"OpenLIT": {
			m{"gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 8, "gen_ai.usage.output_tokens": 2, "gen_ai.usage.cost": 0.00005, "gen_ai.request.is_stream": true},
			"call chat openai gpt-4o", "input=8 output=2 $0.00005", "ok"},
		"OpenLIT, a vector store": {m{"gen_ai.operation.name": "vectordb", "db.system": "chroma"}, "retriever vectordb", "", "ok"},
		"agentgateway": {
			m{"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-5", "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 90, "gen_ai.usage.input_audio_tokens": 10,
				"gen_ai.usage.reasoning_tokens": 64, "gen_ai.usage.output_image_tokens": 6, "gen_ai.usage.output_audio_tokens": 5, "agw.ai.usage.cost.total": "0.0042"},
			"call chat openai gpt-5", "input=90 input_audio=10 output=15 output_reasoning=64 output_audio=5 output_image=6 $0.0042", "ok"},
		"Genkit, a model": {
			m{"genkit:type": "action", "genkit:metadata:subtype": "model", "genkit:name": "googleai/gemini-2.5-flash", "genkit:state": "success", "genkit:input": `{"messages":[]}`,
				"genkit:output": `{"finishReason":"stop","usage":{"inputTokens":42,"outputTokens":17,"totalTokens":62,"thoughtsTokens":3}}`},
			"call chat gemini gemini-2.5-flash (asked googleai/gemini-2.5-flash)", "input=42 output=17 output_reasoning=3", "ok stop"},
		"Genkit, a flow": {m{"genkit:type": "action", "genkit:metadata:subtype": "flow", "genkit:state": "error"}, "chain", "", "error internal error"},
		"Semantic Kernel": {
			m{"gen_ai.operation.name": "chat.completions", "gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o", "gen_ai.response.prompt_tokens": 3, "gen_ai.response.completion_tokens": 2, "gen_ai.response.finish_reason": "Stop"},
			"call chat openai gpt-4o", "input=3 output=2", "ok stop"},
		"LiveKit": {
			m{"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4.1-mini", "lk.llm_metrics": `{"prompt_tokens":50,"prompt_cached_tokens":20,"completion_tokens":8,"total_tokens":58,"ttft":0.4}`},
			"call chat openai gpt-4.1-mini", "input=30 cache_read=20 output=8", "ok"},
		"LiveKit, a tool": {m{"lk.function_tool.name": "lookup", "lk.function_tool.is_error": true}, "tool", "", "error internal error"},
		"Google ADK, a call": {
			m{"gen_ai.system": "gcp.vertex.agent", "gen_ai.request.model": "gemini-2.0-flash", "gcp.vertex.agent.llm_request": "{}", "gen_ai.usage.input_tokens": 6, "gen_ai.usage.output_tokens": 2, "gen_ai.response.finish_reasons": []string{"FinishReason.STOP"}},
			"call chat gemini gemini-2.0-flash", "input=6 output=2", "ok stop"},
		"Google ADK, a tool": {
			m{"gen_ai.operation.name": "execute_tool", "gen_ai.system": "gcp.vertex.agent", "gen_ai.tool.name": "roll", "gcp.vertex.agent.llm_request": "{}", "gcp.vertex.agent.tool_call_args": `{"n":6}`},
			"tool execute_tool", "", "ok"},
		"LangSmith": {
			m{"langsmith.span.kind": "llm", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 4, "gen_ai.usage.output_tokens": 1}, "call chat openai gpt-4o", "input=4 output=1", "ok"},

		"LiteLLM's name of a model":                   {m{"gen_ai.operation.name": "chat", "gen_ai.request.model": "openai/gpt-4o"}, "call chat openai gpt-4o (asked openai/gpt-4o)", "", "ok"},
		"a model with a slash, of a known router":     {m{"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openrouter", "gen_ai.request.model": "openai/gpt-4o"}, "call chat openrouter openai/gpt-4o", "", "ok"},
		"a provider's name in front of its own model": {m{"gen_ai.operation.name": "chat", "gen_ai.system": "anthropic", "gen_ai.request.model": "anthropic/claude-haiku-4-5"}, "call chat anthropic claude-haiku-4-5 (asked anthropic/claude-haiku-4-5)", "", "ok"},
		"a model that is called so":                   {m{"gen_ai.operation.name": "chat", "gen_ai.system": "groq", "gen_ai.request.model": "groq/compound"}, "call chat groq groq/compound", "", "ok"},
		"a slash that is no provider":                 {m{"gen_ai.operation.name": "chat", "gen_ai.request.model": "meta-llama/Llama-3.1-8B"}, "call chat meta-llama/Llama-3.1-8B", "", "ok"},
		"open weights may be anybody's":               {m{"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-oss-120b"}, "call chat gpt-oss-120b", "", "ok"},
		"a provider that we do not know":              {m{"gen_ai.operation.name": "chat", "gen_ai.provider.name": "ACME.Lab", "gen_ai.request.model": "x"}, "call chat acme.lab x", "", "ok"},
		"another server, by OpenAI's client":          {m{"gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "llama-3.3-70b", "server.address": "api.groq.com"}, "call chat groq llama-3.3-70b", "", "ok"},
		"Azure, by OpenAI's client":                   {m{"gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o", "server.address": "acme.openai.azure.com"}, "call chat azure gpt-4o", "", "ok"},
		"Bedrock, by the model":                       {m{"gen_ai.operation.name": "chat", "gen_ai.request.model": "us.anthropic.claude-sonnet-4-20250514-v1:0"}, "call chat bedrock us.anthropic.claude-sonnet-4-20250514-v1:0", "", "ok"},
		"a cheaper tier":                              {m{"gen_ai.operation.name": "chat", "gen_ai.request.model": "o3", "openai.response.service_tier": "flex", "gen_ai.usage.input_tokens": 1}, "call chat openai o3", "input=1 flex", "ok"},
		"image":                                       {m{"gen_ai.operation.name": "image_generation", "gen_ai.request.model": "dall-e-3"}, "call images openai dall-e-3", "", "ok"},
		"speech":                                      {m{"gen_ai.operation.name": "audio", "gen_ai.request.model": "gpt-4o-mini-tts"}, "call audio_speech openai gpt-4o-mini-tts", "", "ok"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := read(t, spanOf(tt.attrs))
			if got := served(r); got != tt.served {
				t.Errorf("served %q; want %q", got, tt.served)
			}
			if got := used(r); got != tt.used {
				t.Errorf("used %q; want %q", got, tt.used)
			}
			if got := ended(r); got != tt.ended {
				t.Errorf("ended %q; want %q", got, tt.ended)
			}
			if r.Cut.Any() {
				t.Errorf("cut %v; want nothing", r.Cut.Counts())
			}
		})
	}
}

// Every name in which the GenAI conventions, OpenInference, Vercel's SDK and the
// emitters between them give a part of the input or the output.
func TestUsageAliases(t *testing.T) {
	tests := map[string]struct {
		names []string
		used  string
	}{
		"cache reads": {[]string{"gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens", "gen_ai.usage.cache_read_tokens",
			"gen_ai.usage.details.cache_read_tokens", "gen_ai.usage.details.cache_read_input_tokens", "gen_ai.usage.prompt_details.cache_read",
			"gen_ai.usage.input_cached_tokens", "llm.token_count.prompt_details.cache_read", "ai.usage.cachedInputTokens", "ai.usage.inputTokenDetails.cacheReadTokens"},
			"input=60 cache_read=40 output=50"},
		"cache writes": {[]string{"gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_creation_input_tokens",
			"gen_ai.usage.cache_write_tokens", "gen_ai.usage.details.cache_write_tokens", "gen_ai.usage.details.cache_creation_input_tokens",
			"gen_ai.usage.prompt_details.cache_write", "gen_ai.usage.input_cache_creation", "llm.token_count.prompt_details.cache_write"},
			"input=60 cache_write=40 output=50"},
		"reasoning": {[]string{"gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.completion_details.reasoning", "gen_ai.usage.reasoning_tokens",
			"llm.token_count.completion_details.reasoning", "ai.usage.reasoningTokens", "gen_ai.usage.details.reasoning_tokens"},
			"input=100 output=10 output_reasoning=40"},
		"sound in":  {[]string{"gen_ai.usage.audio.input_tokens", "gen_ai.usage.input_audio_tokens", "llm.token_count.prompt_details.audio"}, "input=60 input_audio=40 output=50"},
		"sound out": {[]string{"gen_ai.usage.audio.output_tokens", "gen_ai.usage.output_audio_tokens", "llm.token_count.completion_details.audio"}, "input=100 output=10 output_audio=40"},
		"pictures":  {[]string{"gen_ai.usage.image.output_tokens", "gen_ai.usage.output_image_tokens"}, "input=100 output=10 output_image=40"},
	}
	for name, tt := range tests {
		for _, alias := range tt.names {
			t.Run(name+"/"+alias, func(t *testing.T) {
				for _, forty := range []any{40, 40.0, "40"} {
					r := read(t, spanOf(m{"gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 50, alias: forty}))
					if got := used(r); got != tt.used {
						t.Errorf("used %q; want %q", got, tt.used)
					}
				}
			})
		}
	}
}
