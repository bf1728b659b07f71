package client

import "github.com/steward-llmops/steward/internal/observe/calls"

// Call is one call as lists show it. Times are RFC 3339, UTC; durations are
// microseconds; money is nano-dollars.
type Call = calls.View

// CallPage is one page of calls, newest first.
type CallPage struct {
	Calls []Call `json:"calls" nullable:"false"`
	Next  string `json:"next" doc:"Pass as before to get the next page; empty: this is the last"`
	// Partial pages come of searches in content, which take their time.
	Partial bool   `json:"partial,omitempty" doc:"The search ended before it had looked at everything; go on with next"`
	Reason  string `json:"reason,omitempty" doc:"Why it is partial"`
}

// CallDetail is everything that is known about one call. Its fields beside Call's
// are: what it took, what was tried, what was used, and what was said.
type CallDetail struct {
	Call
	Timings     Timings          `json:"timings"`
	Tries       []Try            `json:"tries" nullable:"false" doc:"Every try at a provider, in order"`
	Usage       map[string]int64 `json:"usage" doc:"What was used, by quantity; quantities that are zero are left out"`
	Reported    bool             `json:"usage_reported" doc:"The provider gave the figures; else they were counted here or are unknown"`
	OtherUsage  []OtherUsage     `json:"other_usage,omitempty" doc:"What other models used within the call"`
	CeilingNano *int64           `json:"ceiling_nano,omitempty" doc:"The most that the call could cost, held while it ran"`
	ErrorKind   string           `json:"error_kind,omitempty"`
	Reply       string           `json:"reported_model,omitempty" doc:"Model that the provider says answered"`
	Deployment  string           `json:"deployment,omitempty"`
	Variant     string           `json:"variant,omitempty"`
	UserAgent   string           `json:"user_agent,omitempty"`
	Tier        string           `json:"service_tier,omitempty"`
	Sent        int64            `json:"request_bytes"`
	Received    int64            `json:"response_bytes"`
	Content     *Content         `json:"content,omitempty" doc:"What was said; only where it was asked for and is kept"`
}

// Timings are microseconds after the call's arrival; -1 where the moment never
// came.
type Timings struct {
	Queue      int64 `json:"queue_us" doc:"Until the request left for the provider"`
	FirstByte  int64 `json:"first_byte_us" doc:"Until the first byte of the answer left"`
	FirstToken int64 `json:"first_token_us" doc:"Until the first output token left"`
	Total      int64 `json:"total_us" doc:"Until the last byte"`
}

// Try is one try at one provider.
type Try struct {
	Provider  string `json:"provider"`
	Model     string `json:"model"`
	Start     int64  `json:"start_us" doc:"After the call's arrival, microseconds"`
	Duration  int64  `json:"duration_us"`
	Status    int    `json:"status" doc:"HTTP status; 0: no answer"`
	Error     string `json:"error" doc:"Stable error code; empty: none"`
	ErrorKind string `json:"error_kind,omitempty"`
	RequestID string `json:"request_id,omitempty" doc:"The provider's id of the request"`
	CostNano  int64  `json:"cost_nano"`
}

// OtherUsage is what another model used within a call.
type OtherUsage struct {
	Model string           `json:"model"`
	Usage map[string]int64 `json:"usage"`
}

// Content is what was said in a call.
type Content struct {
	Request      string `json:"request" doc:"The caller's body"`
	Response     string `json:"response" doc:"The body that the caller got"`
	RequestType  string `json:"request_type"`
	ResponseType string `json:"response_type"`
	Encoding     string `json:"encoding" enum:"text,base64" doc:"How both bodies are written: base64 where one of them is not text"`
}

// Key is a virtual API key, without its secret. Times are RFC 3339, UTC; empty
// means never.
type Key struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Project  string   `json:"project"`
	Org      string   `json:"org"`
	Team     string   `json:"team"`
	Prefix   string   `json:"prefix" doc:"The visible first characters of the secret"`
	Models   []string `json:"models" nullable:"false" doc:"Patterns of models that it may call; empty: all"`
	Created  string   `json:"created"`
	Expires  string   `json:"expires"`
	Revoked  string   `json:"revoked"`
	Replaced string   `json:"replaced" doc:"Id of the key that took its place in a rotation"`
	State    string   `json:"state" enum:"active,expired,revoked,replaced"`
}

// CreatedKey is a new key with its secret, which is shown this once.
type CreatedKey struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Project string `json:"project"`
	Secret  string `json:"key" doc:"The secret; it is not kept and cannot be shown again"`
	Expires string `json:"expires,omitempty"`
}

// NewKey is a wish for a key.
type NewKey struct {
	Name    string   `json:"name" minLength:"1" maxLength:"100"`
	Project string   `json:"project,omitempty" maxLength:"100" doc:"Empty: default"`
	Org     string   `json:"org,omitempty" maxLength:"100" doc:"Empty: default"`
	Team    string   `json:"team,omitempty" maxLength:"100" doc:"Empty: default"`
	Models  []string `json:"models,omitempty" maxItems:"1000" doc:"Patterns of models that it may call; empty: all"`
	Expires string   `json:"expires,omitempty" doc:"RFC 3339; empty: never"`
}

// KeyList is every key.
type KeyList struct {
	Keys []Key `json:"keys" nullable:"false"`
}

// Report is what calls cost, added up.
type Report struct {
	By        []string    `json:"by" nullable:"false" doc:"The dimensions of the rows"`
	From      string      `json:"from" doc:"Inclusive, RFC 3339; empty: from the beginning"`
	To        string      `json:"to" doc:"Exclusive, RFC 3339; empty: until now"`
	Rows      []ReportRow `json:"rows" nullable:"false" doc:"Dearest first"`
	TotalNano int64       `json:"total_nano" doc:"Cost of all calls, nano-dollars"`
	Calls     int64       `json:"calls" doc:"All calls, unpriced ones included"`
	Unpriced  int64       `json:"unpriced" doc:"Calls of unknown cost; they add nothing to the total"`
}

// ReportRow is the cost of the calls that share the values of the report's
// dimensions. Of the other dimensions it says nothing.
type ReportRow struct {
	Org      string `json:"org,omitempty"`
	Team     string `json:"team,omitempty"`
	Project  string `json:"project,omitempty"`
	Key      string `json:"key,omitempty" doc:"The key's id"`
	KeyName  string `json:"key_name,omitempty"`
	Provider string `json:"provider,omitempty"`
	Model    string `json:"model,omitempty" doc:"Upstream model"`
	Day      string `json:"day,omitempty" doc:"YYYY-MM-DD, UTC"`
	Pricing  string `json:"pricing,omitempty" doc:"priced, estimated, default, unpriced or free"`

	Calls        int64 `json:"calls"`
	Unpriced     int64 `json:"unpriced" doc:"Calls of unknown cost, not in cost_nano"`
	CostNano     int64 `json:"cost_nano"`
	InputTokens  int64 `json:"input_tokens" doc:"Cached ones included"`
	OutputTokens int64 `json:"output_tokens" doc:"Reasoning included"`
}

// Dimensions are what a report can be cut by: the names of ReportRow's fields.
func Dimensions() []string {
	return []string{"org", "team", "project", "key", "key_name", "provider", "model", "day", "pricing"}
}

// Dimension returns a pointer to the row's field of that name, nil if there is
// none.
func (r *ReportRow) Dimension(name string) *string {
	fields := map[string]*string{"org": &r.Org, "team": &r.Team, "project": &r.Project, "key": &r.Key,
		"key_name": &r.KeyName, "provider": &r.Provider, "model": &r.Model, "day": &r.Day, "pricing": &r.Pricing}
	return fields[name]
}

// Provider is one upstream and how it does.
type Provider struct {
	Name    string   `json:"name"`
	Kind    string   `json:"kind"`
	Vendor  string   `json:"vendor" doc:"The kind's name for people"`
	Docs    string   `json:"docs" doc:"The vendor's own documentation; empty: none"`
	Formats []string `json:"formats" nullable:"false" doc:"Wire formats that it speaks"`
	BaseURL string   `json:"base_url"`
	Key     string   `json:"key" doc:"Reference to its key, never the key; empty: none"`
	HasKey  bool     `json:"has_key" doc:"The reference resolved, or the kind needs none"`
	State   string   `json:"state" enum:"ok,degraded,down,unknown"`
	Reason  string   `json:"reason" doc:"Why it is not ok; empty where it is"`
	Models  int      `json:"models" doc:"Models that are listed"`
}

// ProviderList is every provider.
type ProviderList struct {
	Providers []Provider `json:"providers" nullable:"false"`
}

// ProviderTest is the result of asking a provider whether it answers.
type ProviderTest struct {
	Name    string `json:"name"`
	OK      bool   `json:"ok"`
	Status  int    `json:"status" doc:"HTTP status; 0: no answer"`
	Latency int64  `json:"latency_us"`
	Models  int    `json:"models" doc:"Models that it listed; -1: it does not list them"`
	Error   string `json:"error" doc:"Stable error code; empty: none"`
	Message string `json:"message"`
	Hint    string `json:"hint" doc:"What to do next"`
}

// Model is one model that can be called.
type Model struct {
	ID        string `json:"id" doc:"provider/model: what to put into a request"`
	Provider  string `json:"provider"`
	Model     string `json:"model"`
	Operation string `json:"operation" doc:"chat, embeddings, ...; empty: unknown"`
	Context   int64  `json:"context_tokens" doc:"Size of its context; 0: unknown"`
	Output    int64  `json:"output_tokens" doc:"Most tokens that it writes; 0: unknown"`
	Priced    bool   `json:"priced"`
	InputUSD  string `json:"input_usd" doc:"Dollars per million input tokens; empty: unknown"`
	OutputUSD string `json:"output_usd" doc:"Dollars per million output tokens; empty: unknown"`
}

// ModelList is every model.
type ModelList struct {
	Models []Model `json:"models" nullable:"false"`
}

// Price is what one model costs.
type Price struct {
	ID        string `json:"id" doc:"provider/model, as calls name it in price_id"`
	Provider  string `json:"provider"`
	Model     string `json:"model"`
	Source    string `json:"source" enum:"catalogue,config,override" doc:"catalogue: built in; config: steward.yaml; override: set at run time"`
	Catalogue string `json:"catalogue" doc:"Version of the price catalogue"`
	Since     string `json:"since" doc:"Valid from, RFC 3339; empty: from the beginning"`
	Rates     []Rate `json:"rates" nullable:"false"`
	Note      string `json:"note,omitempty"`
}

// Rate is the price of one quantity.
type Rate struct {
	Quantity string `json:"quantity" doc:"As in a call's usage: input, output, cache_read, ..."`
	USD      string `json:"usd" doc:"Decimal dollars"`
	Per      string `json:"per" enum:"million,thousand,unit,minute,hour" doc:"What the dollars are for"`
	Above    int64  `json:"above_tokens,omitempty" doc:"Applies to requests with more input tokens than this"`
	Tier     string `json:"tier,omitempty" doc:"Applies to this service tier"`
}

// PriceList is the prices that a search found.
type PriceList struct {
	Catalogue string  `json:"catalogue" doc:"Version of the price catalogue"`
	Prices    []Price `json:"prices" nullable:"false"`
}

// ImportedPrices is a price list that has been put in force.
type ImportedPrices struct {
	Catalogue string   `json:"catalogue" doc:"Version of the catalogue now in force"`
	Format    string   `json:"format" doc:"How the list was written: steward, genai-prices or litellm"`
	Providers []string `json:"providers" nullable:"false" doc:"Providers whose prices were replaced"`
	Models    int      `json:"models" doc:"Models in the list"`
	Skipped   []string `json:"skipped" nullable:"false" doc:"Prices that have no word here and were left out"`
}

// NewPrice sets the prices of one model, before the catalogue's.
type NewPrice struct {
	Provider string            `json:"provider,omitempty" doc:"Provider's name; empty: any"`
	Model    string            `json:"model" minLength:"1" doc:"Upstream model; a trailing * matches any ending"`
	Rates    map[string]string `json:"rates" doc:"Decimal dollars by field: input, output, cached_read, ... as in the configuration's prices.overrides"`
}

// NewPrices sets the prices of several models, all or none.
type NewPrices struct {
	Prices []NewPrice `json:"prices" nullable:"false" minItems:"1" maxItems:"10000"`
}

// Status is how the server does.
type Status struct {
	Version     string       `json:"version"`
	Started     string       `json:"started" doc:"RFC 3339, UTC"`
	Uptime      int64        `json:"uptime_us"`
	Ready       bool         `json:"ready" doc:"It can serve calls"`
	Reason      string       `json:"reason" doc:"Why it is not ready; empty where it is"`
	Data        string       `json:"data" doc:"The data directory"`
	Disk        Disk         `json:"disk"`
	Journal     Journal      `json:"journal"`
	Projections []Projection `json:"projections" nullable:"false"`
	Providers   []Provider   `json:"providers" nullable:"false"`
	InFlight    int64        `json:"in_flight" doc:"Calls that are running"`
}

// Disk is the room where the data lies, in bytes.
type Disk struct {
	Free    int64 `json:"free_bytes"`
	Total   int64 `json:"total_bytes"`
	MinFree int64 `json:"min_free_bytes" doc:"Below this new calls are refused"`
}

// Journal is the state of the append-only log.
type Journal struct {
	Healthy  bool   `json:"healthy"`
	Reason   string `json:"reason" doc:"Why it is not healthy; empty where it is"`
	Position int64  `json:"position" doc:"End of the log, bytes"`
	Synced   int64  `json:"synced" doc:"End of what is on disk for certain, bytes"`
	Segments int    `json:"segments"`
}

// Projection is a reader of the journal.
type Projection struct {
	Name     string `json:"name" doc:"calls, ledger, ..."`
	Healthy  bool   `json:"healthy"`
	Reason   string `json:"reason" doc:"Why it is not healthy; empty where it is"`
	Position int64  `json:"position" doc:"How far it has read, bytes"`
	Lag      int64  `json:"lag_bytes" doc:"How far behind the journal's end"`
	Behind   int64  `json:"lag_us" doc:"Age of the oldest entry that it has not read, microseconds; 0: none"`
}

// SignIn is what a browser signs in with.
type SignIn struct {
	Token string `json:"token" minLength:"1" maxLength:"512" doc:"The admin token, or the token of a first-visit link"`
}

// Session is the state of a browser's session.
type Session struct {
	SignedIn bool   `json:"signed_in"`
	Expires  string `json:"expires" doc:"RFC 3339, UTC; empty where nobody is signed in"`
}

// Problem is an error answer (RFC 9457).
type Problem struct {
	Type   string         `json:"type" doc:"Always about:blank; code says which problem it is"`
	Title  string         `json:"title" doc:"The status in words"`
	Status int            `json:"status"`
	Detail string         `json:"detail" doc:"What happened, one sentence"`
	Code   string         `json:"code" doc:"Stable, snake_case"`
	Hint   string         `json:"hint,omitempty" doc:"What to do next"`
	Param  string         `json:"param,omitempty" doc:"The field at fault"`
	Errors []ProblemField `json:"errors,omitempty" doc:"Each thing that is wrong with the request"`
}

// ProblemField is one thing that is wrong with a request.
type ProblemField struct {
	Location string `json:"location" doc:"Such as body.name or query.limit"`
	Message  string `json:"message"`
}
