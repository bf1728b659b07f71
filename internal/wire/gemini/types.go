package gemini

import "encoding/json"

// The messages as they are written. Parts are partJSON, or raw JSON for blocks
// that only this format understands.

type contentJSON struct {
	Role  string `json:"role,omitempty"`
	Parts []any  `json:"parts,omitempty"`
}

type partJSON struct {
	Text             *string     `json:"text,omitempty"`
	Thought          bool        `json:"thought,omitempty"`
	ThoughtSignature string      `json:"thoughtSignature,omitempty"`
	InlineData       *blobJSON   `json:"inlineData,omitempty"`
	FileData         *fileJSON   `json:"fileData,omitempty"`
	FunctionCall     *callJSON   `json:"functionCall,omitempty"`
	FunctionResponse *resultJSON `json:"functionResponse,omitempty"`
}

type blobJSON struct {
	MIMEType string `json:"mimeType"`
	Data     string `json:"data"`
}

type fileJSON struct {
	MIMEType string `json:"mimeType,omitempty"`
	FileURI  string `json:"fileUri"`
}

type callJSON struct {
	ID   string          `json:"id,omitempty"`
	Name string          `json:"name"`
	Args json.RawMessage `json:"args"`
}

type resultJSON struct {
	ID       string          `json:"id,omitempty"`
	Name     string          `json:"name"`
	Response json.RawMessage `json:"response"`
	Parts    []any           `json:"parts,omitempty"`
}

type requestJSON struct {
	SystemInstruction *contentJSON    `json:"systemInstruction,omitempty"`
	Contents          []contentJSON   `json:"contents"`
	Tools             []any           `json:"tools,omitempty"` // *toolJSON or raw
	ToolConfig        *toolConfigJSON `json:"toolConfig,omitempty"`
	GenerationConfig  *configJSON     `json:"generationConfig,omitempty"`
	ServiceTier       string          `json:"serviceTier,omitempty"`
}

type toolJSON struct {
	FunctionDeclarations []functionJSON `json:"functionDeclarations"`
}

type functionJSON struct {
	Name                 string          `json:"name"`
	Description          string          `json:"description,omitempty"`
	Parameters           json.RawMessage `json:"parameters,omitempty"`
	ParametersJSONSchema json.RawMessage `json:"parametersJsonSchema,omitempty"`
}

type toolConfigJSON struct {
	FunctionCallingConfig choiceJSON `json:"functionCallingConfig"`
}

type choiceJSON struct {
	Mode                 string   `json:"mode"`
	AllowedFunctionNames []string `json:"allowedFunctionNames,omitempty"`
}

type configJSON struct {
	MaxOutputTokens    *int64          `json:"maxOutputTokens,omitempty"`
	Temperature        *float64        `json:"temperature,omitempty"`
	TopP               *float64        `json:"topP,omitempty"`
	TopK               *int64          `json:"topK,omitempty"`
	Seed               *int64          `json:"seed,omitempty"`
	PresencePenalty    *float64        `json:"presencePenalty,omitempty"`
	FrequencyPenalty   *float64        `json:"frequencyPenalty,omitempty"`
	StopSequences      []string        `json:"stopSequences,omitempty"`
	ResponseLogprobs   bool            `json:"responseLogprobs,omitempty"`
	Logprobs           *int64          `json:"logprobs,omitempty"`
	ResponseMIMEType   string          `json:"responseMimeType,omitempty"`
	ResponseSchema     json.RawMessage `json:"responseSchema,omitempty"`
	ResponseJSONSchema json.RawMessage `json:"responseJsonSchema,omitempty"`
	ThinkingConfig     *thinkingJSON   `json:"thinkingConfig,omitempty"`
}

type thinkingJSON struct {
	IncludeThoughts bool   `json:"includeThoughts,omitempty"`
	ThinkingBudget  *int64 `json:"thinkingBudget,omitempty"`
	ThinkingLevel   string `json:"thinkingLevel,omitempty"`
}

type answerJSON struct {
	Candidates     []candidateJSON `json:"candidates,omitempty"`
	PromptFeedback *feedbackJSON   `json:"promptFeedback,omitempty"`
	UsageMetadata  *usageJSON      `json:"usageMetadata,omitempty"`
	ModelVersion   string          `json:"modelVersion,omitempty"`
	CreateTime     string          `json:"createTime,omitempty"`
	ResponseID     string          `json:"responseId,omitempty"`
}

type candidateJSON struct {
	Content           *contentJSON   `json:"content,omitempty"`
	FinishReason      string         `json:"finishReason,omitempty"`
	FinishMessage     string         `json:"finishMessage,omitempty"`
	Index             int            `json:"index"`
	GroundingMetadata *groundingJSON `json:"groundingMetadata,omitempty"`
	LogprobsResult    *logprobsJSON  `json:"logprobsResult,omitempty"`
}

type feedbackJSON struct {
	BlockReason string `json:"blockReason"`
}

type groundingJSON struct {
	GroundingChunks   []json.RawMessage `json:"groundingChunks"`
	GroundingSupports []supportJSON     `json:"groundingSupports"`
}

type supportJSON struct {
	Segment               segmentJSON `json:"segment"`
	GroundingChunkIndices []int       `json:"groundingChunkIndices"`
}

type segmentJSON struct {
	PartIndex  int    `json:"partIndex,omitempty"`
	StartIndex int    `json:"startIndex,omitempty"` // bytes
	EndIndex   int    `json:"endIndex"`             // bytes
	Text       string `json:"text,omitempty"`
}

type sourceJSON struct {
	URI   string `json:"uri,omitempty"`
	Title string `json:"title,omitempty"`
	Text  string `json:"text,omitempty"`
}

type logprobsJSON struct {
	ChosenCandidates []tokenJSON `json:"chosenCandidates"`
	TopCandidates    []topJSON   `json:"topCandidates,omitempty"`
}

type topJSON struct {
	Candidates []tokenJSON `json:"candidates"`
}

type tokenJSON struct {
	Token          string  `json:"token"`
	LogProbability float64 `json:"logProbability"`
}

type usageJSON struct {
	PromptTokenCount        int64          `json:"promptTokenCount"`
	CachedContentTokenCount int64          `json:"cachedContentTokenCount,omitempty"`
	CandidatesTokenCount    int64          `json:"candidatesTokenCount"`
	ThoughtsTokenCount      int64          `json:"thoughtsTokenCount,omitempty"`
	TotalTokenCount         int64          `json:"totalTokenCount"`
	PromptTokensDetails     []modalityJSON `json:"promptTokensDetails,omitempty"`
	CacheTokensDetails      []modalityJSON `json:"cacheTokensDetails,omitempty"`
	CandidatesTokensDetails []modalityJSON `json:"candidatesTokensDetails,omitempty"`
	ServiceTier             string         `json:"serviceTier,omitempty"`
}

type modalityJSON struct {
	Modality   string `json:"modality"`
	TokenCount int64  `json:"tokenCount"`
}
