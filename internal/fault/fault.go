// Package fault is the one error type that crosses package borders.
//
// A fault says who can mend it (Kind), which case it is (Code, stable), what
// happened (Message) and what to do next (Hint). One table turns kinds into HTTP
// statuses and exit codes, so that the gateway, the admin API and the command
// line agree.
package fault

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Kind says who can mend a fault. The zero Kind is Internal.
type Kind uint8

// The kinds of fault.
const (
	Internal        Kind = iota // a bug of ours
	Invalid                     // the request is wrong
	Unauthenticated             // nobody we know
	Denied                      // known, but not allowed
	NotFound                    // no such thing
	Conflict                    // the thing has changed, or exists already
	TooLarge                    // the request is over a size limit
	Exhausted                   // a limit or budget is used up
	Unavailable                 // our own infrastructure is not ready
	Upstream                    // the provider broke, or cannot be reached
	Timeout                     // the provider took too long
	Cancelled                   // the caller left
	Refused                     // the provider refused the request; Status holds its HTTP status
)

type kindRow struct {
	name   string
	status int
	exit   int
}

// table is the one mapping from kinds to names, HTTP statuses and exit codes.
var table = [...]kindRow{
	Internal:        {"internal", http.StatusInternalServerError, 1},
	Invalid:         {"invalid", http.StatusBadRequest, 2},
	Unauthenticated: {"unauthenticated", http.StatusUnauthorized, 4},
	Denied:          {"denied", http.StatusForbidden, 3},
	NotFound:        {"not_found", http.StatusNotFound, 1},
	Conflict:        {"conflict", http.StatusConflict, 1},
	TooLarge:        {"too_large", http.StatusRequestEntityTooLarge, 2},
	Exhausted:       {"exhausted", http.StatusTooManyRequests, 5},
	Unavailable:     {"unavailable", http.StatusServiceUnavailable, 1},
	Upstream:        {"upstream", http.StatusBadGateway, 6},
	Timeout:         {"timeout", http.StatusGatewayTimeout, 6},
	Cancelled:       {"cancelled", 499, 1}, // 499 is nginx's "client closed request"
	Refused:         {"refused", http.StatusBadGateway, 6},
}

// String returns the kind's stable name, as the record and the metrics carry it.
func (k Kind) String() string {
	if int(k) < len(table) {
		return table[k].name
	}
	return "internal"
}

// HTTPStatus returns the status that answers a request which failed so.
func (k Kind) HTTPStatus() int {
	if int(k) < len(table) {
		return table[k].status
	}
	return http.StatusInternalServerError
}

// ExitCode returns the command line's exit code for the kind.
func (k Kind) ExitCode() int {
	if int(k) < len(table) {
		return table[k].exit
	}
	return 1
}

// KindOfStatus is the inverse for answers of our own admin API: the kind whose
// HTTP status is status, else Internal.
func KindOfStatus(status int) Kind {
	for k, row := range table {
		if row.status == status && Kind(k) != Refused {
			return Kind(k)
		}
	}
	if status >= 400 && status < 500 {
		return Invalid
	}
	return Internal
}

// Error is a fault. It is matched with errors.As, or by kind with Is. Its text
// holds no prompt, no answer and no secret.
type Error struct {
	Kind    Kind
	Code    string // stable, snake_case: "model_not_found"; empty means Kind's name
	Message string // one sentence, lower case, no period
	Hint    string // what to do next; may be empty
	Param   string // the request field at fault; may be empty
	// Status is the provider's HTTP status where a provider answered, else 0.
	Status int
	// RetryAfter is how long to wait before trying again; zero means not said.
	RetryAfter time.Duration
	Err        error // cause; may be nil
}

// New returns a fault of the kind with a stable code and a formatted sentence.
func New(k Kind, code, format string, args ...any) *Error {
	return &Error{Kind: k, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Hinted sets what to do next and returns e.
func (e *Error) Hinted(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// At sets the request field at fault and returns e.
func (e *Error) At(param string) *Error {
	e.Param = param
	return e
}

// Because sets the cause and returns e.
func (e *Error) Because(err error) *Error {
	e.Err = err
	return e
}

// Error returns the sentence with its cause.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// StableCode returns Code, or the kind's name where no code was set.
func (e *Error) StableCode() string {
	if e.Code != "" {
		return e.Code
	}
	return e.Kind.String()
}

// HTTPStatus returns the status to answer with: the provider's own for a
// refusal, else the kind's.
func (e *Error) HTTPStatus() int {
	if e.Kind == Refused && e.Status >= 400 {
		return e.Status
	}
	return e.Kind.HTTPStatus()
}

// Public returns the sentence and the hint as one text for the caller. The cause
// is left out, because it may name our own insides.
func (e *Error) Public() string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + " (" + e.Hint + ")"
}

// As returns the fault in err's chain. An error without one becomes Internal
// with a message that gives nothing away, and err as its cause. As(nil) is nil.
func As(err error) *Error {
	if err == nil {
		return nil
	}
	var f *Error
	if errors.As(err, &f) {
		return f
	}
	return &Error{Kind: Internal, Code: "internal", Message: "internal error", Err: err}
}

// Is reports whether err is a fault of kind k.
func Is(err error, k Kind) bool {
	var f *Error
	return errors.As(err, &f) && f.Kind == k
}
