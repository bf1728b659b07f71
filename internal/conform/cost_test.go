package conform_test

// costs is what recorded calls cost in nano-dollars, worked out by hand from the
// vendors' public prices: a price of $1 a million tokens is 1,000 nano-dollars a
// token. Thought is priced as output. The sums hold the counts of the recorded
// answers.
var costs = map[string]int64{
	// gpt-4o: $2.50 in, $10 out a million
	// 364 x 2,500 + 40 x 10,000
	"cassettes/test_dbos/test_complex_agent_run_sequential_tool#0": 1_310_000,
	// text-embedding-3-small: $0.02
	// 4 x 20
	"cassettes/test_embeddings/TestOpenAI.test_query#0": 80,
	// gpt-5.4: $2.50 in, $15 out; 25 of answer, 19 of thought
	// 652 x 2,500 + 44 x 15,000
	"cassettes/test_native_tool_search_vcr/test_openai_native_tool_search#0": 2_290_000,
	// gpt-5: $1.25 in, $10 out, $10 a thousand searches; 244 of answer, 1,600 of thought
	// 21,174 x 1,250 + 1,844 x 10,000 + 4 x 10,000,000
	"cassettes/test_temporal/test_durability_web_search_in_workflow#0": 84_907_500,
	// gpt-5: 44 of answer, 256 of thought
	// 329 x 1,250 + 300 x 10,000
	"cassettes/test_tool_availability_portability/test_tool_availability_portability_matrix[R1-T6-local-search]#0": 3_411_250,
	// gpt-5.6: $5 in, $30 out
	// 230 x 5,000 + 22 x 30,000
	"cassettes/test_tool_availability_portability/test_tool_availability_portability_matrix[R2-T3-native-search]#0": 1_810_000,
	// gpt-5.6: 18 of answer, 40 of thought
	// 734 x 5,000 + 58 x 30,000
	"cassettes/test_tool_search/test_openai_native_tool_search_with_deferred_capability#0": 5_410_000,
	// gpt-5.6-sol: $5 in, $30 out
	// 405 x 5,000 + 20 x 30,000
	"cassettes/test_tool_search/test_openai_native_tool_search_with_deferred_capability_gpt_5_6_sol#1": 2_625_000,
	// gpt-5.4-mini: $0.75 in, $4.50 out
	// 265 x 750 + 23 x 4,500
	"cassettes/test_tool_search/test_tool_search_eval[openai-chat]#0": 302_250,
	// gpt-5-mini: $0.25 in, $2 out
	// 133 x 250 + 19 x 2,000
	"models/test_multimodal_tool_returns/test_model_sees_multiple_images[openai_chat]#0": 71_250,
	// gpt-5-mini: 52 of answer, 128 of thought
	// 51 x 250 + 180 x 2,000
	"models/test_multimodal_tool_returns/test_model_sees_multiple_images[openai_responses]#0": 372_750,
	// gpt-4.5-preview: $75 in, $150 out
	// 8 x 75,000 + 10 x 150,000
	"models/test_openai/test_max_completion_tokens[gpt-4.5-preview]#0": 2_100_000,
	// gpt-4o-mini: $0.15 in, $0.60 out
	// 104 x 150 + 16 x 600
	"models/test_openai/test_multiple_agent_tool_calls#2": 25_200,
	// gpt-4.1-mini: $0.40 in, $1.60 out
	// 50 x 400 + 15 x 1,600
	"models/test_openai/test_openai_instructions_with_tool_calls_keep_instructions#0": 44_000,
	// o3-mini: $1.10 in, $4.40 out; 46 of answer, 192 of thought
	// 13 x 1,100 + 238 x 4,400
	"models/test_openai/test_reasoning_model_with_temperature#0": 1_061_500,
	// o1-mini: $1.10 in, $4.40 out; 20 of answer, 192 of thought
	// 30 x 1,100 + 212 x 4,400
	"models/test_openai/test_system_prompt_role_o1_mini#0": 965_800,
	// gpt-5.6-sol: $5 in, $6.25 written to the cache, $30 out
	// 8 x 5,000 + 4,012 x 6,250 + 5 x 30,000
	"models/test_openai_prompt_cache/test_openai_responses_prompt_cache_e2e#0": 25_265_000,
	// gpt-5.6-sol: $0.50 read from the cache
	// 8 x 5,000 + 4,012 x 500 + 5 x 30,000
	"models/test_openai_prompt_cache/test_openai_responses_prompt_cache_e2e#1": 2_196_000,
	// gpt-4.1: $2 in, $8 out
	// 21 x 2,000 + 2 x 8,000
	"models/test_openai_responses/test_openai_conversation_id_auto_respects_pydantic_ai_conversation_id#1": 58_000,
	// gpt-5.2: $1.75 in, $14 out; 49 of answer, 49 of thought; a search
	// 8,530 x 1,750 + 98 x 14,000 + 1 x 10,000,000
	"models/test_openai_responses/test_openai_include_raw_annotations_non_streaming#0": 26_299_500,
	// gpt-4o; $2.50 a thousand file searches
	// 870 x 2,500 + 30 x 10,000 + 1 x 2,500,000
	"models/test_openai_responses/test_openai_responses_model_file_search_tool#3": 4_975_000,
	// gpt-5: $0.125 read from the cache; 148 of answer, 512 of thought; a search
	// 1,143 x 1,250 + 8,320 x 125 + 660 x 10,000 + 1 x 10,000,000
	"models/test_openai_responses/test_openai_responses_model_web_search_tool_with_user_location#0": 19_068_750,
	// gpt-5.6: 4,418 written to the cache; 20 of answer, 32 of thought; a search
	// 4,158 x 5,000 + 4,418 x 6,250 + 52 x 30,000 + 1 x 10,000,000
	"models/test_openai_responses/test_openai_responses_model_web_search_tool_without_external_access#0": 59_962_500,
	// gpt-5.5: $5 in, $30 out; 43 of answer, 26 of thought
	// 63 x 5,000 + 69 x 30,000
	"models/test_openai_responses/test_openai_responses_phase_streamed_on_part_start#0": 2_385_000,
	// computer-use-preview: $3 in, $12 out
	// 15 x 3,000 + 180 x 12,000
	"models/test_openai_responses/test_openai_responses_reasoning_generate_summary#0": 2_205_000,
	// gpt-5 flex, half of $1.25 in and $10 out; 21 of answer, 448 of thought
	// 53 x 625 + 469 x 5,000
	"models/test_openai_responses/test_openai_responses_streaming_usage#0": 2_378_125,
	// gpt-5.2: 167 of answer, 59 of thought
	// 34 x 1,750 + 226 x 14,000
	"models/test_openai_responses/test_reasoning_summary_auto#0": 3_223_500,
	// claude-sonnet-4-5: $3 in, $15 out; 57 of answer, 104 of thought
	// 51 x 3,000 + 161 x 15,000
	"cassettes/test_cache_prefix_stability/test_anthropic_thinking_roundtrip_wire_stable[ag_ui-0_1_13]#0": 2_568_000,
	// claude-sonnet-4-6: $3 in, $15 out
	// 4,727 x 3,000 + 278 x 15,000
	"cassettes/test_code_execution_files_vcr/test_anthropic_code_execution_files#1": 18_351_000,
	// claude-opus-4-8: $5 in, $25 out
	// 924 x 5,000 + 115 x 25,000
	"cassettes/test_tool_availability_portability/test_tool_availability_portability_matrix[R1-T1-native-search]#0": 7_495_000,
	// claude-sonnet-4-5
	// 759 x 3,000 + 83 x 15,000
	"cassettes/test_tool_search/test_anthropic_custom_callable_round_trip#0": 3_522_000,
	// claude-sonnet-4-5: $3.75 written to the cache for five minutes
	// 7 x 3,000 + 1,069 x 3,750 + 60 x 15,000
	"cassettes/test_tool_search/test_anthropic_to_google_deferred_capability_history_replay#1": 4_929_750,
	// claude-sonnet-4-5: $0.30 read from the cache
	// 6 x 3,000 + 1,069 x 300 + 85 x 3,750 + 110 x 15,000
	"cassettes/test_tool_search/test_anthropic_to_google_deferred_capability_history_replay#2": 2_307_450,
	// claude-sonnet-4-0: $3 in, $15 out
	// 458 x 3,000 + 38 x 15,000
	"models/anthropic/test_output/test_unsupported_strict_true_tool_basemodel_output#0": 1_944_000,
	// claude-sonnet-4-6; fetching a page costs its tokens only
	// 26,447 x 3,000 + 528 x 15,000
	"models/anthropic/test_web_tools/test_anthropic_supported_model_uses_20260209_web_tools#0": 87_261_000,
	// claude-sonnet-4-5-20250929
	// 92 x 3,000 + 196 x 15,000
	"models/test_anthropic/test_anthropic_model_thinking_part_redacted#0": 3_216_000,
	// claude-opus-4-6: $5 in, $25 out
	// 671 x 5,000 + 55 x 25,000
	"models/test_anthropic/test_anthropic_opus_46_adaptive_thinking_accepts_tool_output[unified]#0": 4_730_000,
	// claude-opus-4-7: $5 in, $25 out
	// 54 x 5,000 + 14 x 25,000
	"models/test_anthropic/test_anthropic_task_budget_coexists_with_effort#0": 620_000,
	// claude-sonnet-4-5; $10 a thousand searches
	// 16,083 x 3,000 + 165 x 15,000 + 1 x 10,000,000
	"models/test_anthropic/test_anthropic_text_parts_ahead_of_built_in_tool_call#0": 60_724_000,
	// claude-sonnet-4-0, a stream
	// 7,244 x 3,000 + 153 x 15,000
	"models/test_anthropic/test_anthropic_web_fetch_tool_stream#0": 24_027_000,
	// claude-sonnet-4-0; a search
	// 8,984 x 3,000 + 520 x 15,000 + 1 x 10,000,000
	"models/test_anthropic/test_anthropic_web_search_tool#0": 44_752_000,
	// claude-haiku-4-5: $1 in, $5 out
	// 335 x 1,000 + 147 x 5,000
	"models/test_anthropic/test_image_url_input_invalid_mime_type#0": 1_070_000,
	// claude-opus-4-8: $6.25 written to the cache
	// 2 x 5,000 + 1,590 x 6,250 + 4 x 25,000
	"models/test_anthropic_mid_conversation_system/test_inline_system_prompt_cache_prefix_is_reused#0": 10_047_500,
	// claude-opus-4-8: $0.50 read from the cache
	// 2 x 5,000 + 1,590 x 500 + 4 x 25,000
	"models/test_anthropic_mid_conversation_system/test_inline_system_prompt_cache_prefix_is_reused#1": 905_000,
	// gemini-embedding-2: $0.20
	// 11 x 200
	"cassettes/test_embeddings/test_google_task_prefix[default-query]#0": 2_200,
	// gemini-2.5-flash: $0.30 in, $2.50 out; 34 of answer, 117 of thought
	// 154 x 300 + 151 x 2,500
	"cassettes/test_ref_sibling_wire_contract/test_ref_sibling_wire_contract[google-structured-dict]#0": 423_700,
	// gemini-1.5-flash: $0.075 in, $0.30 out
	// 25 x 75 + 8 x 300
	"cassettes/test_settings/test_stop_settings[google]#0": 4_275,
	// gemini-3-flash-preview: $0.50 in, $3 out; 23 of answer, 126 of thought
	// 295 x 500 + 149 x 3,000
	"cassettes/test_tool_availability_portability/test_tool_availability_portability_matrix[R1-T5-local-search]#0": 594_500,
	// gemini-2.5-flash: $0.03 read from the cache; 2 of answer, 42 of thought
	// 8 x 300 + 3,512 x 30 + 44 x 2,500
	"models/google/test_cache/test_google_model_cached_content#1": 217_760,
	// gemini-2.0-flash: $0.10 in, $0.40 out
	// 12 x 100 + 32 x 400
	"models/test_google/test_google_discriminated_union_native_output_gemini_2_0#0": 14_000,
	// gemini-2.5-pro: $1.25 in, $10 out; nothing but thought
	// 15 x 1,250 + 2 x 10,000
	"models/test_google/test_google_model_max_tokens_thinking_model_empty_response#0": 38_750,
	// gemini-2.5-flash: film as text; sound $1, from the cache $0.10; 68 of answer, 821 of thought
	// 1 x 300 + 36 x 1,000 + 297 x 300 + 15,498 x 30 + 1,881 x 100 + 889 x 2,500
	"models/test_google/test_google_model_mobile_youtube_video_url_input#0": 3_000_940,
	// gemini-3-pro-preview: $2 in, $12 out; 9 of answer, 213 of thought
	// 2 x 2,000 + 222 x 12,000
	"models/test_google/test_google_model_retrying_after_empty_response#0": 2_668_000,
	// gemini-2.5-pro, a stream: 469 of answer, 787 of thought
	// 34 x 1,250 + 1,256 x 10,000
	"models/test_google/test_google_model_thinking_part_iter#0": 12_602_500,
	// gemini-2.5-flash: 1,917 of sound at $1; 15,780 of film; 100 of answer, 1,176 of thought
	// 16 x 300 + 1,917 x 1,000 + 15,780 x 300 + 1,276 x 2,500
	"models/test_google/test_google_model_youtube_video_url_input#0": 9_845_800,
	// gemini-2.5-flash: 144 of sound
	// 85 x 300 + 144 x 1,000 + 17 x 2,500
	"models/test_multimodal_tool_returns/test_multimodal_tool_return_matrix[direct-binary-audio-google_2_5]#1": 212_000,
	// gemini-2.5-flash: 230 read from the cache
	// 115 x 300 + 230 x 30 + 37 x 2,500
	"models/test_multimodal_tool_returns/test_multimodal_tool_return_matrix[direct-url-document-google_2_5]#2": 133_900,
	// gemini-3-flash-preview: images as text; 128 of answer, 103 of thought
	// 763 x 500 + 1,102 x 500 + 231 x 3,000
	"models/test_multimodal_tool_returns/test_multimodal_tool_return_matrix[direct-url-document-google_gemini3]#3": 1_625_500,
	// gemini-2.5-pro below Google's OpenAI paths: 12 of answer, 62 of thought, which only the total counts
	// 35 x 1,250 + 74 x 10,000
	"models/test_openai/test_compatible_api_with_tool_calls_without_id#0": 783_750,
	// gemini-embedding-001: $0.15
	// 4 x 150
	"cassettes/test_embeddings/TestGoogle.test_vertex_query#0": 600,
	// gemini-2.0-flash
	// 13 x 100 + 8 x 400
	"models/test_google/test_google_model_vertex_provider#0": 4_500,
	// gemini-2.0-flash: sound $0.70
	// 9 x 100 + 150 x 700 + 19 x 400
	"models/test_google/test_google_url_input[AudioUrl (gs)]#0": 113_500,
	// gemini-3-flash-preview flex, half of $0.50 in and $3 out; 1 of answer, 51 of thought
	// 5 x 250 + 52 x 1,500
	"models/test_google/test_google_vertex_service_tier_flex#0": 79_250,
	// gemini-3-flash-preview: 7 of answer, 68 of thought
	// 26 x 500 + 75 x 3,000
	"models/test_multimodal_tool_returns/test_model_sees_multiple_images[google_vertex]#0": 238_000,
	// gemini-3-flash-preview: sound $1, film as text; 123 of answer, 392 of thought
	// 127 x 500 + 250 x 1,000 + 640 x 500 + 515 x 3,000
	"models/test_multimodal_tool_returns/test_multimodal_tool_return_matrix[tool_return_content-url-video-google_vertex]#2": 2_178_500,
	// titan-embed-text-v1: $0.10
	// 4 x 100
	"cassettes/test_embeddings/TestBedrock.test_titan_v1_minimal#0": 400,
	// llama3-8b-8192: $0.05 in, $0.08 out
	// 35 x 50 + 25 x 80
	"cassettes/test_settings/test_stop_settings[groq]#0": 3_750,
	// gpt-oss-120b: $0.15 in, $0.60 out; 10 of answer, 48 of thought
	// 84 x 150 + 58 x 600
	"cassettes/test_thinking_wire_contract/test_reasoning_wire_contract[groq-gpt-oss-explicit-effort-overrides-thinking]#0": 47_400,
	// qwen3-32b: $0.29 in, $0.59 out; 6 of answer, 136 of thought
	// 21 x 290 + 142 x 590
	"cassettes/test_thinking_wire_contract/test_reasoning_wire_contract[groq-qwen3-enable-level-sends-no-effort]#0": 89_870,
	// deepseek-r1-distill-llama-70b: $0.75 in, $0.99 out
	// 21 x 750 + 1,414 x 990
	"models/test_groq/test_groq_model_thinking_part#0": 1_415_610,
	// llama-4-scout: $0.11 in, $0.34 out
	// 749 x 110 + 107 x 340
	"models/test_groq/test_image_url_input#0": 118_770,
	// llama-4-maverick: $0.20 in, $0.60 out
	// 708 x 200 + 54 x 600
	"models/test_multimodal_tool_returns/test_mixed_content_ordering[groq]#0": 174_000,
	// claude-sonnet-4.6: $3 in, $15 out; OpenRouter itself says 0.00093
	// 260 x 3,000 + 10 x 15,000
	"models/openrouter/test_cache/test_openrouter_cache_instructions_dynamic_only_e2e#0": 930_000,
	// gpt-5-mini: 34 of answer, 128 of thought; OpenRouter itself says 0.00034225
	// 73 x 250 + 162 x 2,000
	"models/openrouter/test_cache/test_openrouter_cache_point_unsupported_provider_e2e#0": 342_250,
	// o3, a stream: $2 in, $8 out; OpenRouter itself says 0.00085
	// 9 x 2,000 + 104 x 8,000
	"models/test_openrouter/test_openrouter_stream_with_reasoning#0": 850_000,
	// claude-sonnet-4.5, a stream: 23 of answer, 13 of thought; OpenRouter itself says 0.000669
	// 43 x 3,000 + 36 x 15,000
	"models/test_openrouter/test_openrouter_streaming_reasoning#0": 669_000,
	// mistral-small: $0.20 in, $0.60 out
	// 134 x 200 + 43 x 600
	"models/test_openrouter/test_openrouter_tool_calling#0": 52_600,
	// gemini-2.5-flash-lite: $0.10 in, $0.40 out
	// 31 x 100 + 21 x 400
	"models/test_openrouter/test_openrouter_with_preset#0": 11_500,
	// magistral-small: $0.50 in, $1.50 out
	// 28 x 500 + 2 x 1,500
	"cassettes/test_thinking_wire_contract/test_reasoning_wire_contract[mistral-magistral-always-on-no-effort]#0": 17_000,
	// mistral-small: $0.10 in, $0.30 out
	// 28 x 100 + 2 x 300
	"cassettes/test_thinking_wire_contract/test_reasoning_wire_contract[mistral-small-disable]#0": 3_400,
	// pixtral-12b: $0.15 in and out
	// 65 x 150 + 16 x 150
	"models/test_mistral/test_image_as_binary_content_tool_response#0": 12_150,
	// mistral-large: $2 in, $6 out
	// 4 x 2,000 + 36 x 6,000
	"models/test_mistral/test_mistral_forwards_penalties#0": 224_000,
	// mistral-large: the cache has no price of its own
	// 44 x 2,000 + 224 x 2,000 + 5 x 6,000
	"models/test_mistral/test_mistral_history_uses_prompt_cache#1": 566_000,
	// mistral-medium: $0.40 in, $2 out
	// 61 x 400 + 8 x 2,000
	"models/test_multimodal_tool_returns/test_mixed_content_ordering[mistral]#0": 40_400,
	// deepseek-v4-flash: $0.14 in, $0.28 out; 2 of answer, 18 of thought
	// 91 x 140 + 20 x 280
	"models/test_deepseek_responses/test_deepseek_responses[reasoning_effort]#0": 18_340,
	// deepseek-v4-flash: $0.0028 read from the cache, 256 x 2.8 = 716.8; 60 of answer, 21 of thought; rounded up from .8
	// 120 x 140 + 256 x 2.8 + 81 x 280
	"models/test_deepseek_responses/test_deepseek_responses[structured_output]#0": 40_197,
}
