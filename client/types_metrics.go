package client

// MetricList is the metrics that applications reported.
type MetricList struct {
	Metrics []Metric `json:"metrics" nullable:"false"`
}

// Metric is one metric that applications report.
type Metric struct {
	Name     string   `json:"name"`
	Unit     string   `json:"unit" doc:"As it was reported; empty: none"`
	Type     string   `json:"type" doc:"gauge, sum, histogram or summary"`
	Services []string `json:"services" nullable:"false" doc:"Applications that report it"`
	Points   int64    `json:"points" doc:"Data points in the time that was asked for"`
	Last     string   `json:"last" doc:"Time of the newest point, RFC 3339, UTC"`
}

// MetricSeries is a metric over time.
type MetricSeries struct {
	Name   string   `json:"name"`
	From   string   `json:"from" doc:"Inclusive, RFC 3339, UTC"`
	To     string   `json:"to" doc:"Exclusive, RFC 3339, UTC"`
	Step   int64    `json:"step_us" doc:"Microseconds; 0: one value for the whole time"`
	Series []Series `json:"series" nullable:"false" doc:"One for each service and set of attributes that was asked for"`
}

// Series is the values of one set of labels.
type Series struct {
	Labels map[string]string `json:"labels" nullable:"false"`
	Values []SeriesValue     `json:"values" nullable:"false" doc:"By time; steps without a point are left out"`
}

// SeriesValue is what a metric came to in one step: of counters and histograms the
// increase, of gauges the last value.
type SeriesValue struct {
	Time  string   `json:"time" doc:"Start of the step, RFC 3339, UTC"`
	Value *float64 `json:"value" doc:"Of a histogram, the sum of the observations; null: it is no finite number"`
	Count int64    `json:"count" doc:"Observations; 0 of what is no histogram"`
}
