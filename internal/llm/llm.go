// Package llm is the neutral language that a call is translated through when
// its two ends speak different wire formats. A codec in wire/ turns its bytes
// into these types and back; whatever the types have no word for is declared as
// lost, by name, never dropped in silence (law 4).
//
// Same-format traffic does not pass through this package: its bytes are patched
// in place.
package llm

import (
	"encoding/json"
	"iter"
	"slices"
)

// Format names a wire format.
type Format string

// The wire formats.
const (
	OpenAIChat        Format = "openai-chat"
	OpenAIResponses   Format = "openai-responses"
	OpenAIEmbeddings  Format = "openai-embeddings"
	AnthropicMessages Format = "anthropic-messages"
	GeminiGenerate    Format = "gemini-generate"
	GeminiEmbed       Format = "gemini-embed"
	BedrockConverse   Format = "bedrock-converse"
)

// Role says whose words a message holds. Tool results travel as parts of a user
// message (KindToolResult), wherever a format keeps them.
type Role string

// The roles. System text in the middle of a conversation (OpenAI's system and
// developer messages after the first turn) is a message of RoleSystem; leading
// system text is Request.System.
const (
	RoleSystem    Role = "system"
	RoleUser      Role = "user"
	RoleAssistant Role = "assistant"
)

// Request is one chat request.
type Request struct {
	Model  string
	Stream bool
	// StreamUsage reports that the caller asked for usage in the stream
	// (OpenAI's stream_options.include_usage); other formats always send it.
	StreamUsage bool

	System   []Part // leading system text; only KindText
	Messages []Message

	Tools         []Tool
	ToolChoice    ToolChoice
	ParallelTools *bool // nil: the format's default

	MaxTokens        *int64
	Temperature      *float64
	TopP             *float64
	TopK             *int64
	FrequencyPenalty *float64
	PresencePenalty  *float64
	Seed             *int64
	Stop             []string
	LogProbs         bool
	TopLogProbs      *int64

	Output      OutputShape
	Reasoning   *Reasoning // nil: not mentioned
	ServiceTier string     // the caller's word: "auto", "flex", "priority", ...
	User        string     // end-user id, as the format carries it
	Metadata    map[string]string

	// Unknown lists request fields that the decoder has read and that this type
	// has no word for ("logit_bias", "n", "previous_response_id", ...). A
	// translation reports them as lost.
	Unknown Lost
}

// Message is one turn.
type Message struct {
	Role  Role
	Parts []Part
}

// Kind says what a part holds.
type Kind uint8

// The kinds of part.
const (
	KindText       Kind = iota // Text, Citations, LogProbs
	KindReasoning              // Reasoning; Text holds what is readable of it
	KindRefusal                // Text: the model's words of refusal
	KindImage                  // Media
	KindDocument               // Media: PDF, plain text, office files
	KindAudio                  // Media
	KindVideo                  // Media
	KindToolCall               // Call
	KindToolResult             // Result
	KindOpaque                 // Opaque: a block that only its own format understands
)

// Part is a piece of a message. Only the fields of its kind are set.
type Part struct {
	Kind      Kind
	Text      string
	Media     *Media
	Call      *ToolCall
	Result    *ToolResult
	Reasoning *ReasoningBlock
	Opaque    *Opaque
	Citations []Citation
	LogProbs  []TokenLogProb
	Cache     *CacheMark // a prompt-cache breakpoint after this part; nil: none
	// Signature is an issuer's token on a part that is not reasoning (Gemini's
	// thoughtSignature on a function call or text); it goes back verbatim, and
	// only to a format equal to SignatureOf.
	Signature   string
	SignatureOf Format
}

// Media is an image, a document, a sound or a film: either Data or URL or FileID.
type Media struct {
	MIME   string // "image/png"; empty where the format does not say
	Data   string // base64, standard alphabet; for text documents see Plain
	Plain  string // a document given as plain text
	URL    string
	FileID string // an upload known to the provider; only its issuer can read it
	Name   string // file name or title
	Detail string // OpenAI's image detail
}

// ToolCall is the model's wish to call a function.
type ToolCall struct {
	ID        string
	Name      string
	Arguments string // JSON text of an object; "" means {}
}

// ToolResult is what a function answered.
type ToolResult struct {
	CallID  string
	Name    string // the function's name, where the format repeats it
	Parts   []Part // text, images, documents
	IsError bool
}

// ReasoningBlock is one block of a model's thinking, beyond its text. A signed or
// encrypted block goes back only to a format equal to Issuer; others drop it.
type ReasoningBlock struct {
	ID        string
	Signature string // Anthropic, Bedrock: signature; Gemini: thoughtSignature
	Encrypted string // Anthropic: redacted_thinking data; OpenAI: encrypted_content
	Redacted  bool   // nothing of it is readable
	Summary   bool   // Text is a summary by the provider, not the thought itself
	Issuer    Format
}

// Opaque carries a content block that llm has no word for (server tools, web
// search results, code execution). It is written back only in its own format,
// and lost in others by the name Type.
type Opaque struct {
	Format Format
	Type   string
	Raw    json.RawMessage
}

// Citation ties answer text to its source.
type Citation struct {
	Title, URL, FileID, Quote string
	// DocumentIndex counts the request's documents from 0; -1 where not said.
	DocumentIndex int
	// Start and End are the cited span: characters of the answer for OpenAI and
	// Gemini (InAnswer), of the document or pages or blocks of it (Unit) else.
	Start, End int64
	InAnswer   bool
	Unit       string          // "char", "page", "block"
	Raw        json.RawMessage // the citation in RawFormat's own words
	RawFormat  Format
}

// TokenLogProb is the log probability of one answered token.
type TokenLogProb struct {
	Token   string
	LogProb float64
	Bytes   []int
	Top     []TokenLogProb // without their own Top
}

// CacheMark asks the provider to cache the prompt up to here.
type CacheMark struct {
	TTL string // "5m", "1h"; empty: the provider's default
}

// Tool is a function that the model may call, or a provider's own (Opaque).
type Tool struct {
	Name        string
	Description string
	Schema      json.RawMessage // JSON schema of the arguments; nil: none
	Strict      *bool
	Cache       *CacheMark
	Opaque      *Opaque // a built-in tool of one format; then Name is its name, if any
}

// ToolChoice says whether tools must be called. The zero value leaves it to the
// format's default.
type ToolChoice struct {
	Mode string // "", "auto", "none", "required", "tool", "allowed"
	Name string // for "tool"
	// Allowed limits the choice to these names ("allowed", or Gemini's
	// allowedFunctionNames with "required"); nil: all.
	Allowed []string
}

// OutputShape says which form the answer must have.
type OutputShape struct {
	Kind        string // "" text, "json" any object, "schema"
	Name        string
	Description string
	Schema      json.RawMessage
	Strict      *bool
}

// Reasoning says how much the model should think, and what of it to show.
type Reasoning struct {
	Off bool // thinking explicitly switched off
	// Effort is "minimal", "low", "medium", "high", "xhigh", "max"; empty: not said.
	Effort string
	// Budget is the most thinking tokens; nil: not said; -1: as the model likes.
	Budget *int64
	// Adaptive reports Anthropic's adaptive thinking.
	Adaptive bool
	// Summary is OpenAI's wish for a summary: "auto", "concise", "detailed".
	Summary string
	// Show reports that the caller wants the thoughts in the answer (Gemini's
	// includeThoughts).
	Show bool
	// Encrypted reports that the caller wants encrypted reasoning to send back
	// (OpenAI's include reasoning.encrypted_content).
	Encrypted bool
}

// Finish says why an answer ended.
type Finish string

// The reasons.
const (
	FinishNone          Finish = ""
	FinishStop          Finish = "stop"
	FinishStopSequence  Finish = "stop_sequence"
	FinishLength        Finish = "length"         // the token limit that was asked for
	FinishContext       Finish = "context_window" // the model's own window is full
	FinishToolCalls     Finish = "tool_calls"
	FinishContentFilter Finish = "content_filter"
	FinishRefusal       Finish = "refusal"
	FinishPause         Finish = "pause" // Anthropic's pause_turn: send it back to go on
	FinishOther         Finish = "other"
)

// Response is one whole answer.
type Response struct {
	ID           string
	Model        string
	Created      int64 // Unix seconds; 0: not said
	Parts        []Part
	Finish       Finish
	StopSequence string // which stop sequence ended it, where said
	Usage        Usage
}

// Stream is an answer as it comes: events in order, then the end, or one error
// last. Breaking out of the range closes what is behind it. A stream that ends
// without EventFinish and without an error is a bug of its codec: a truncated
// answer is an error, never an end.
type Stream = iter.Seq2[Event, error]

// EventKind says what an event brings.
type EventKind uint8

// The kinds of event, in the order in which a stream may bring them: one Start;
// then parts, each Part, Delta..., PartEnd (parts may overlap, told apart by
// Index); Usage at any time, cumulative, the last one counts; one Finish.
const (
	EventStart    EventKind = iota // ID, Model, Created
	EventPart                      // Part: a part begins; its text, arguments and signature follow as deltas
	EventDelta                     // Text: more of the part at Index: text, thought, refusal, tool arguments
	EventSign                      // Text: the signature of the part at Index, whole or in pieces
	EventCite                      // Citation on the part at Index
	EventLogProbs                  // LogProbs on the part at Index
	EventPartEnd                   // the part at Index is whole
	EventUsage                     // Usage
	EventFinish                    // Finish, StopSequence
	EventPing                      // keep-alive
)

// Event is one step of a stream.
type Event struct {
	Kind         EventKind
	Index        int // position of the part in the answer, from 0
	Part         *Part
	Text         string
	Citation     *Citation
	LogProbs     []TokenLogProb
	Usage        *Usage
	Finish       Finish
	StopSequence string
	ID, Model    string
	Created      int64
}

// Lost is a set of names of what a translation could not carry, in the order
// found: "logit_bias", "tools.strict", "part.document", "cache_control".
type Lost []string

// Add puts name into the set.
func (l *Lost) Add(name string) {
	if !slices.Contains(*l, name) {
		*l = append(*l, name)
	}
}

// AddAll puts all of other into the set.
func (l *Lost) AddAll(other Lost) {
	for _, name := range other {
		l.Add(name)
	}
}

// EmbedRequest asks for vectors.
type EmbedRequest struct {
	Model      string
	Inputs     []EmbedInput
	Dimensions *int64
	Base64     bool   // vectors as base64 of little-endian float32 (OpenAI)
	Task       string // Gemini's taskType
	Title      string
	User       string
	Batch      bool // Gemini's batchEmbedContents: answer in that shape
	Unknown    Lost
}

// EmbedInput is one text, or one text as token ids.
type EmbedInput struct {
	Text   string
	Tokens []int64
}

// EmbedResponse holds a vector for each input, in order.
type EmbedResponse struct {
	Model   string
	Vectors [][]float32
	Usage   Usage
}
