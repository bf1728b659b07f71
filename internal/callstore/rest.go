package callstore

import (
	"github.com/steward-llmops/steward/internal/ident"
	"github.com/steward-llmops/steward/internal/observe/calls"
	"github.com/steward-llmops/steward/internal/record"
)

// AppendRest appends what of a row stands in no column that is read back, in the
// journal's own encoding.
func AppendRest(dst []byte, r *calls.Row) []byte {
	rest := *r
	for i := range Stored {
		switch p := Stored[i].Field(&rest).(type) {
		case *string:
			*p = ""
		case *int64:
			*p = 0
		case *int:
			*p = 0
		case *bool:
			*p = false
		case *ident.ID:
			*p = ident.ID{}
		}
	}
	return record.Append(dst, record.Entry{Call: &rest.Call})
}

// ReadRest makes the row that rest was taken of; the columns are to be set after.
func ReadRest(rest []byte) (calls.Row, error) {
	e, err := record.Decode(rest)
	if err != nil || e.Call == nil {
		return calls.Row{}, err
	}
	return calls.Row{Call: *e.Call}, nil
}
