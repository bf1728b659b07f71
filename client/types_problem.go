package client

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
