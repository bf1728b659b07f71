package normal

// usageNames holds, for each figure, the names that it has in all conventions, the
// newest first. Detail may stand in another convention than the sums (Vercel's SDK
// writes both), so that each figure is looked for on its own.
var usageNames = []struct {
	of    func(*figures) *int64
	names []string
}{
	{func(f *figures) *int64 { return &f.input }, []string{
		"gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt",
		"ai.usage.inputTokens", "ai.usage.promptTokens", "llm.usage.prompt_tokens", "llm.usage.input_tokens",
		"gen_ai.aggregated_usage.input_tokens", "gen_ai.usage.details.input_tokens", "gen_ai.usage.promptTokens", "gen_ai.usage.inputTokens", "gen_ai.response.prompt_tokens"}},
	{func(f *figures) *int64 { return &f.output }, []string{
		"gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion",
		"ai.usage.outputTokens", "ai.usage.completionTokens", "llm.usage.completion_tokens", "llm.usage.output_tokens",
		"gen_ai.aggregated_usage.output_tokens", "gen_ai.usage.details.output_tokens", "gen_ai.usage.completionTokens", "gen_ai.usage.outputTokens", "gen_ai.response.completion_tokens"}},
	{func(f *figures) *int64 { return &f.total }, []string{
		"gen_ai.usage.total_tokens", "llm.token_count.total", "ai.usage.totalTokens", "ai.usage.tokens", "llm.usage.total_tokens",
		"gen_ai.aggregated_usage.total_tokens", "gen_ai.usage.totalTokens"}},
	{func(f *figures) *int64 { return &f.read }, []string{
		"gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens", "gen_ai.usage.cache_read_tokens",
		"gen_ai.usage.cached_input_tokens", "gen_ai.usage.cached_tokens", "gen_ai.usage.input_cached_tokens",
		"gen_ai.usage.input_tokens.cached", "gen_ai.usage.input_token_details.cached", "gen_ai.usage.prompt_tokens_details.cached_tokens",
		"gen_ai.usage.details.cache_read_tokens", "gen_ai.usage.details.cache_read_input_tokens", "gen_ai.usage.details.cached_tokens",
		"gen_ai.usage.details.cached_content_tokens", "gen_ai.usage.details.input_cached_tokens",
		"llm.token_count.prompt_details.cache_read", "gen_ai.usage.prompt_details.cache_read", "llm.token_count.prompt_details.cache_input",
		"ai.usage.cachedInputTokens", "ai.usage.inputTokenDetails.cacheReadTokens", "ai.usage.inputTokens.cacheRead",
		"gen_ai.aggregated_usage.cache_read.input_tokens", "gen_ai.aggregated_usage.details.cache_read_tokens",
		"llm.usage.cache_read_input_tokens", "gen_ai.usage.cacheReadInputTokens"}},
	{func(f *figures) *int64 { return &f.write }, []string{
		"gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_creation_input_tokens",
		"gen_ai.usage.cache_write_input_tokens", "gen_ai.usage.cache_write_tokens", "gen_ai.usage.input_cache_creation",
		"gen_ai.usage.input_tokens.cache_creation", "gen_ai.usage.cache_creation_tokens",
		"gen_ai.usage.details.cache_write_tokens", "gen_ai.usage.details.cache_creation_input_tokens", "gen_ai.usage.details.cache_creation_tokens",
		"llm.token_count.prompt_details.cache_write", "gen_ai.usage.prompt_details.cache_write",
		"ai.usage.inputTokenDetails.cacheWriteTokens", "ai.usage.inputTokens.cacheWrite",
		"gen_ai.aggregated_usage.cache_write.input_tokens", "gen_ai.aggregated_usage.cache_creation.input_tokens", "gen_ai.aggregated_usage.details.cache_write_tokens",
		"llm.usage.cache_creation_input_tokens", "gen_ai.usage.cacheWriteInputTokens"}},
	{func(f *figures) *int64 { return &f.write1h }, []string{
		"gen_ai.usage.details.ephemeral_1h_input_tokens", "gen_ai.usage.cache_creation.ephemeral_1h_input_tokens"}},
	{func(f *figures) *int64 { return &f.reasoning }, []string{
		"gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens", "gen_ai.usage.output_tokens.reasoning",
		"gen_ai.usage.output_reasoning_tokens", "gen_ai.usage.reasoning_output_tokens", "gen_ai.usage.completion_tokens_details.reasoning_tokens",
		"gen_ai.usage.output_token_details.reasoning", "gen_ai.usage.thoughts_tokens", "gen_ai.usage.experimental.reasoning_tokens",
		"gen_ai.usage.details.reasoning_tokens", "gen_ai.usage.details.thoughts_tokens",
		"llm.token_count.completion_details.reasoning", "gen_ai.usage.completion_details.reasoning",
		"ai.usage.reasoningTokens", "ai.usage.outputTokenDetails.reasoningTokens", "ai.usage.outputTokens.reasoning",
		"gen_ai.aggregated_usage.reasoning.output_tokens", "gen_ai.aggregated_usage.details.reasoning_tokens",
		"llm.usage.reasoning_tokens"}},
	{func(f *figures) *int64 { return &f.inAudio }, []string{
		"gen_ai.usage.audio.input_tokens", "gen_ai.usage.input_audio_tokens", "llm.token_count.prompt_details.audio",
		"gen_ai.usage.details.input_audio_tokens", "gen_ai.usage.prompt_details.audio", "gen_ai.usage.input_tokens.audio"}},
	{func(f *figures) *int64 { return &f.inImage }, []string{
		"gen_ai.usage.image.input_tokens", "gen_ai.usage.input_image_tokens", "llm.token_count.prompt_details.image", "gen_ai.usage.details.input_image_tokens"}},
	{func(f *figures) *int64 { return &f.inVideo }, []string{"gen_ai.usage.video.input_tokens", "gen_ai.usage.input_video_tokens"}},
	{func(f *figures) *int64 { return &f.readAudio }, []string{"gen_ai.usage.audio.cache_read.input_tokens", "gen_ai.usage.details.cache_audio_read_tokens"}},
	{func(f *figures) *int64 { return &f.readImage }, []string{"gen_ai.usage.image.cache_read.input_tokens"}},
	{func(f *figures) *int64 { return &f.outAudio }, []string{
		"gen_ai.usage.audio.output_tokens", "gen_ai.usage.output_audio_tokens", "llm.token_count.completion_details.audio",
		"gen_ai.usage.details.output_audio_tokens", "gen_ai.usage.completion_details.audio", "gen_ai.usage.output_tokens.audio"}},
	{func(f *figures) *int64 { return &f.outImage }, []string{
		"gen_ai.usage.image.output_tokens", "gen_ai.usage.output_image_tokens", "llm.token_count.completion_details.image"}},
	{func(f *figures) *int64 { return &f.outVideo }, []string{"gen_ai.usage.video.output_tokens", "gen_ai.usage.output_video_tokens"}},
	{func(f *figures) *int64 { return &f.rejected }, []string{
		"gen_ai.usage.details.rejected_prediction_tokens", "gen_ai.usage.rejected_prediction_tokens"}},
	{func(f *figures) *int64 { return &f.searches }, []string{"gen_ai.usage.web_search_requests", "gen_ai.usage.details.web_search_requests"}},
}
