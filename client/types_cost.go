package client

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
	Pricing  string `json:"pricing,omitempty" doc:"priced, estimated, default, reported, unpriced or free"`

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
