package client

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
	OTLP        OTLPStatus   `json:"otlp" doc:"The OpenTelemetry receiver"`
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
