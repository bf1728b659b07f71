package client

// OTLPStatus is how the OpenTelemetry receiver does. Counts are since the start.
type OTLPStatus struct {
	Enabled     bool             `json:"enabled" doc:"It takes in what applications report"`
	HTTPPath    string           `json:"http_path" doc:"Path under which the signals' paths lie: /v1 for /v1/traces; empty: not over HTTP"`
	GRPCAddress string           `json:"grpc_address" doc:"Address of the gRPC listener; empty: there is none"`
	InFlight    int64            `json:"in_flight_bytes" doc:"What requests hold in memory at the moment"`
	Signals     []OTLPSignal     `json:"signals" nullable:"false" doc:"What became of the items, a row a signal"`
	Cuts        map[string]int64 `json:"cuts" nullable:"false" doc:"How often something was left out because it was over a limit, by what it was"`
}

// OTLPSignal is what became of the spans, log records or points that came in.
type OTLPSignal struct {
	Signal    string `json:"signal" enum:"traces,logs,metrics"`
	Accepted  int64  `json:"accepted" doc:"Written"`
	Refused   int64  `json:"refused" doc:"Wrong in themselves; their sender was told"`
	Dropped   int64  `json:"dropped" doc:"Could not be written, or over a limit; their sender was told to try again"`
	Duplicate int64  `json:"duplicate" doc:"Written before, or to be reported again when they end"`
}
