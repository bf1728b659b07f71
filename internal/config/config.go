// Package config is steward.yaml: one struct whose doc comments, defaults and
// checks are the source of the JSON schema, the reference page and the commented
// example. A file is read strictly, and all its problems are told at once, each
// with its place, an excerpt and what to write instead.
//
// The tags of a field: yaml is its name, default its value where the file says
// nothing, enum its allowed words, min and max its bounds in its own notation,
// check the name of a rule in check.go, keys the rule for a map's keys, example
// a value that the commented example shows.
package config

// Config is the whole configuration. The zero Config is not useful: start from
// Default, Parse or Load.
type Config struct {
	// Listen is the address (host:port) of the gateway, the admin API and the
	// console. Only this machine can reach a loopback address.
	Listen string `yaml:"listen" default:"127.0.0.1:8080" check:"address"`
	// Data is the directory that holds the journal, the stores and the admin
	// token. It is made where it does not exist.
	Data string `yaml:"data" default:"./steward-data" check:"filled"`
	// Admin says where the admin API and the console listen.
	Admin Admin `yaml:"admin"`
	// Providers are the upstreams, by the name that addresses them: a model is
	// called as name/model.
	Providers map[string]Provider `yaml:"providers" keys:"name" example:"lab"`
	// Prices says what calls cost where the built-in catalogue is silent or wrong.
	Prices Prices `yaml:"prices"`
	// Limits bound what a request may weigh.
	Limits Limits `yaml:"limits"`
	// Calls says what happens around a call.
	Calls Calls `yaml:"calls"`
	// Content says whether and how long prompts and answers are kept.
	Content Content `yaml:"content"`
	// Journal tunes the append-only log that every call is written to.
	Journal Journal `yaml:"journal"`
	// Log is what Steward says about itself. It never holds content or secrets.
	Log Log `yaml:"log"`
	// Sim is the built-in simulator of a provider.
	Sim Sim `yaml:"sim"`
	// Auth says who may call.
	Auth Auth `yaml:"auth"`
	// OTLP is how Steward speaks OpenTelemetry: what applications report to it, and
	// what it reports elsewhere.
	OTLP OTLP `yaml:"otlp"`
}

// Admin says where the admin API and the console listen.
type Admin struct {
	// Listen is an address (host:port) of their own. Empty: they share the
	// gateway's.
	Listen string `yaml:"listen" default:"" check:"address" example:"127.0.0.1:8081"`
}

// Provider is one upstream: a vendor account or an endpoint of your own.
type Provider struct {
	// Kind says which vendor or protocol this is; it sets the base URL, the way
	// to sign in, the wire format and the prices.
	Kind string `yaml:"kind" check:"kind" example:"openai"`
	// BaseURL replaces the kind's address, with the version in its path
	// ("http://127.0.0.1:9100/v1"). Empty: the vendor's own.
	BaseURL string `yaml:"base_url" check:"url" example:"http://127.0.0.1:9100/v1"`
	// Key is the API key, by reference: "env:NAME" or "file:/path".
	Key Secret `yaml:"key" example:"env:LAB_API_KEY"`
	// Models lists the models that may be called, and is what listings show.
	// Empty: those of the catalogue are listed, and any may be called.
	Models []string `yaml:"models" example:"[large, small]"`
	// Headers are sent with every request. A secret among them is written by
	// reference, like key.
	Headers map[string]Value `yaml:"headers" keys:"header" example:"{x-team: research}"`
	// Timeouts bound the phases of a request to this provider.
	Timeouts Timeouts `yaml:"timeouts"`
	// Prices names the provider in the price catalogue whose prices apply. Empty:
	// the kind's.
	Prices string `yaml:"prices" example:"openai"`
	// Translate is the wire format to speak where the caller's own is not one of
	// the provider's. Empty: the kind's preferred one.
	Translate string `yaml:"translate" enum:"openai-chat|openai-responses|anthropic-messages|gemini-generate|bedrock-converse"`
	// Organization is sent along where the vendor knows organisations (OpenAI).
	Organization string `yaml:"organization"`
	// Project is sent along where the vendor knows projects (OpenAI).
	Project string `yaml:"project"`
	// Region is the vendor's region (Bedrock, Vertex).
	Region string `yaml:"region" example:"eu-central-1"`
	// Deployment is the name of the deployment (Azure). Empty: the model's name.
	Deployment string `yaml:"deployment"`
	// APIVersion is the version of the vendor's interface (Azure).
	APIVersion string `yaml:"api_version"`
	// CAFile is a file of certificates (PEM) to trust for this provider beside the
	// system's: a private authority.
	CAFile string `yaml:"ca_file" example:"/etc/ssl/our-ca.pem"`
	// Credentials sign requests where a key does not (Bedrock, Vertex).
	Credentials Credentials `yaml:"credentials"`
	// MaxConnections is how many idle connections are kept open for the next
	// calls. 0: 512. Calls in flight are not bounded by it.
	MaxConnections int `yaml:"max_connections" default:"0" min:"0" max:"100000"`
	// HTTP2 speaks HTTP/2 to a provider with TLS that offers it: many streams over
	// few connections. false: HTTP/1.1 only.
	HTTP2 bool `yaml:"http2" default:"true"`
}

// Timeouts bound the phases of a request to a provider.
type Timeouts struct {
	// Connect bounds name look-up, connection and TLS.
	Connect Duration `yaml:"connect" default:"5s" min:"1ms"`
	// FirstToken bounds the wait for the first byte of the answer's body.
	FirstToken Duration `yaml:"first_token" default:"120s" min:"1ms"`
	// Idle bounds the silence between two pieces of a stream.
	Idle Duration `yaml:"idle" default:"60s" min:"1ms"`
	// Total bounds the whole request. 0s: no bound.
	Total Duration `yaml:"total" default:"10m" min:"0s"`
}

// Credentials sign requests to a cloud vendor. Empty: the machine's own (the
// environment, the shared files, the instance's role).
type Credentials struct {
	// Profile names a profile of the shared AWS files (Bedrock).
	Profile string `yaml:"profile"`
	// AccessKey is the AWS access key id, by reference (Bedrock).
	AccessKey Secret `yaml:"access_key"`
	// SecretKey is the AWS secret access key, by reference (Bedrock).
	SecretKey Secret `yaml:"secret_key"`
	// SessionToken is the AWS session token, by reference (Bedrock).
	SessionToken Secret `yaml:"session_token"`
	// ServiceAccount is a Google service account in JSON, by reference (Vertex).
	ServiceAccount Secret `yaml:"service_account"`
	// Project is the Google Cloud project (Vertex).
	Project string `yaml:"project"`
	// Location is the Google Cloud location (Vertex).
	Location string `yaml:"location"`
}

// Prices says what calls cost where the built-in catalogue is silent or wrong.
type Prices struct {
	// Unpriced says what happens to a call whose model has no price: allow it and
	// record its cost as unknown, refuse it, or charge the default below.
	Unpriced string `yaml:"unpriced" default:"allow" enum:"allow|refuse|default"`
	// Default is the price of a model that has none, where unpriced is default.
	Default DefaultPrice `yaml:"default"`
	// Overrides go before the catalogue: your contract's prices, or those of your
	// own machines.
	Overrides []Override `yaml:"overrides"`
}

// DefaultPrice is the price of a model that has none.
type DefaultPrice struct {
	// Input is in dollars per million tokens read.
	Input Price `yaml:"input" example:"\"5.00\""`
	// Output is in dollars per million tokens written.
	Output Price `yaml:"output" example:"\"20.00\""`
}

// Override is one model's prices: decimal dollars, per million tokens unless a
// field says otherwise. A quantity without a price costs what the catalogue says,
// or what its nearest kin costs (reasoning as output, cached_read as input).
type Override struct {
	// Provider is the provider's name in this file. Empty: any.
	Provider string `yaml:"provider" example:"lab"`
	// Model is the upstream model. A trailing * matches any ending.
	Model string `yaml:"model" check:"filled" example:"large"`
	// Input is for tokens read that are neither cached nor written to a cache.
	Input Price `yaml:"input" example:"\"2.50\""`
	// Output is for tokens written.
	Output Price `yaml:"output" example:"\"10.00\""`
	// CachedRead is for tokens read from the provider's cache.
	CachedRead Price `yaml:"cached_read"`
	// CacheWrite is for tokens written to the cache for its default life.
	CacheWrite Price `yaml:"cache_write"`
	// CacheWrite1h is for tokens written to the cache for an hour.
	CacheWrite1h Price `yaml:"cache_write_1h"`
	// Reasoning is for tokens of thinking. Empty: as output.
	Reasoning Price `yaml:"reasoning"`
	// InputAudio is for tokens of sound that are read.
	InputAudio Price `yaml:"input_audio"`
	// OutputAudio is for tokens of sound that are made.
	OutputAudio Price `yaml:"output_audio"`
	// InputImage is for tokens of images that are read.
	InputImage Price `yaml:"input_image"`
	// OutputImage is for tokens of images that are made.
	OutputImage Price `yaml:"output_image"`
	// Characters is for characters spoken, per million.
	Characters Price `yaml:"characters"`
	// PerImage is in dollars for one image that is made.
	PerImage Price `yaml:"per_image"`
	// PerPage is in dollars for one page that is read.
	PerPage Price `yaml:"per_page"`
	// PerSearch is in dollars for one web search.
	PerSearch Price `yaml:"per_search"`
	// PerRequest is in dollars for one request, beside its tokens.
	PerRequest Price `yaml:"per_request"`
	// AudioMinute is in dollars for a minute of sound.
	AudioMinute Price `yaml:"audio_minute"`
	// ComputeHour is in dollars for an hour of a machine of your own, shared out
	// by the time that each call takes.
	ComputeHour Price `yaml:"compute_hour"`
}

// Limits bound what a request may weigh.
type Limits struct {
	// MaxBody bounds a JSON request.
	MaxBody Size `yaml:"max_body" default:"32MiB" min:"1KiB" max:"1GiB"`
	// MaxUpload bounds an upload of a file, an image or sound.
	MaxUpload Size `yaml:"max_upload" default:"512MiB" min:"1KiB" max:"64GiB"`
	// Header bounds a request's headers.
	Header Size `yaml:"header" default:"64KiB" min:"4KiB" max:"16MiB"`
}

// Calls says what happens around a call.
type Calls struct {
	// HangUp says what happens to the provider's answer when the caller leaves:
	// cancel it and pay for what came, or drain it to learn the exact usage.
	HangUp string `yaml:"hang_up" default:"cancel" enum:"cancel|drain"`
	// DrainTimeout bounds a drain after a hang-up, and the wait for calls in
	// flight when Steward stops.
	DrainTimeout Duration `yaml:"drain_timeout" default:"30s" min:"0s" max:"1h"`
	// Retention is how long the records of calls can be asked for, without what was
	// said in them (see content.retention). 0s: for good. What they cost stays in
	// the ledger.
	Retention Duration `yaml:"retention" default:"9600h" min:"0s"`
}

// Content says whether and how long prompts and answers are kept.
type Content struct {
	// Keep keeps prompts and answers. false: only the record of the call.
	Keep bool `yaml:"keep" default:"true"`
	// Retention is how long they are kept.
	Retention Duration `yaml:"retention" default:"720h" min:"1m"`
}

// Journal tunes the append-only log that every call is written to.
type Journal struct {
	// Sync is how long a written entry may wait until it is on the disk itself. It
	// is what a power cut can take; the end of the process takes nothing. Content
	// may wait twenty times as long.
	Sync Duration `yaml:"sync" default:"10ms" min:"1ms" max:"10s"`
	// Segment is the size at which a new file is begun.
	Segment Size `yaml:"segment" default:"64MiB" min:"64KiB" max:"4GiB"`
	// MinFree is the free disk space below which new calls are refused, so that
	// those in flight can still be recorded.
	MinFree Size `yaml:"min_free" default:"256MiB" min:"1MiB"`
}

// Log is what Steward says about itself, on stderr.
type Log struct {
	// Level is the least grave level that is written.
	Level string `yaml:"level" default:"info" enum:"debug|info|warn|error"`
	// Format is text for people or json for machines.
	Format string `yaml:"format" default:"text" enum:"text|json"`
}

// Sim is the built-in simulator of a provider, under the name sim.
type Sim struct {
	// Enabled offers the models sim/small, sim/large, sim/reasoning, sim/embed and
	// sim/echo, which need no account and cost nothing real.
	Enabled bool `yaml:"enabled" default:"true"`
}

// Auth says who may call.
type Auth struct {
	// Required refuses calls without a key of Steward's. It can be turned off on a
	// loopback address only.
	Required bool `yaml:"required" default:"true"`
}

// OTLP is how Steward speaks OpenTelemetry.
type OTLP struct {
	// Receive takes traces, logs and metrics of applications at /v1/traces, /v1/logs
	// and /v1/metrics, with a key of Steward's.
	Receive bool `yaml:"receive" default:"true"`
	// GRPC is the address (host:port) where they are taken over gRPC, without TLS.
	// Empty: over HTTP only.
	GRPC string `yaml:"grpc" default:"127.0.0.1:4317" check:"address"`
	// MaxBody bounds one request as it comes; decompressed it may be four times as
	// large.
	MaxBody Size `yaml:"max_body" default:"16MiB" min:"64KiB" max:"256MiB"`
	// MaxInFlight bounds all requests together that are being worked on or wait for
	// the journal, decompressed. Beyond it senders are asked to come again. It is at
	// least four times max_body.
	MaxInFlight Size `yaml:"max_in_flight" default:"64MiB" min:"256KiB" max:"16GiB"`
	// Export sends the gateway's calls to a collector, or to another product.
	Export Export `yaml:"export"`
}

// Export sends the gateway's calls as spans and metrics by OTLP over HTTP.
type Export struct {
	// Endpoint is the address below which /v1/traces and /v1/metrics lie. Empty:
	// nothing is exported.
	Endpoint string `yaml:"endpoint" check:"url" example:"http://127.0.0.1:4318"`
	// Headers are sent with every request. A secret among them is written by
	// reference: "env:NAME" or "file:/path".
	Headers map[string]Value `yaml:"headers" keys:"header" example:"{x-team: research}"`
	// Content sends prompts and answers too. They leave Steward's own keeping then:
	// its retention and encryption do not reach them there.
	Content bool `yaml:"content" default:"false"`
	// Subjects sends who a call is about, as user.id.
	Subjects bool `yaml:"subjects" default:"false"`
	// MetricsEvery is the time between two exports of metrics. 0s: only spans are
	// exported.
	MetricsEvery Duration `yaml:"metrics_every" default:"60s" min:"0s" max:"1h"`
}
