package client

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
